// What a fuzzed object holds: words that depend on its id and on their place in it.

@inline // leaf
function word_at(id: u32, offset: u32): u64 {
  return (<u64>id * 0x9e3779b97f4a7c15) ^ (<u64>offset * 0x0100000001000193 + 0x5bd1e995);
}

/** True when all `n` bytes at `p` are those of `word` (the same byte eight times). */
export function fuzz_filled(p: usize, n: u32, word: u64): bool {
  let i: u32 = 0;
  for (; i + 8 <= n; i += 8) if (load<u64>(p + i) != word) return false;
  for (; i < n; i++) if (load<u8>(p + i) != <u8>word) return false;
  return true;
}

export function fuzz_fill(p: usize, n: u32, id: u32): void {
  let i: u32 = 0;
  for (; i + 8 <= n; i += 8) store<u64>(p + i, word_at(id, i));
  let rest = word_at(id, i);
  for (; i < n; i++, rest >>>= 8) store<u8>(p + i, <u8>rest);
}

/** Whether the first `n` bytes are still those of object `id`. */
export function object_holds(p: usize, n: u32, id: u32): bool {
  let i: u32 = 0;
  for (; i + 8 <= n; i += 8) if (load<u64>(p + i) != word_at(id, i)) return false;
  let rest = word_at(id, i);
  for (; i < n; i++, rest >>>= 8) if (load<u8>(p + i) != <u8>rest) return false;
  return true;
}
