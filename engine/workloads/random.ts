// Arithmetic that all workloads share (docs: the workloads' definition). Unsigned 32 bits with wrap-around.

/** xorshift32. */
@inline // leaf
export function step(x: u32): u32 {
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  return x;
}

/** Hash of the (operation, size) sequence: FNV-1a over 64 bits, a number at a time. */
@inline // leaf
export function hash_add(h: u64, v: u32): u64 {
  return (h ^ <u64>v) * 0x100000001b3;
}

export const HASH_START: u64 = 0xcbf29ce484222325;
export const HASH_FREE: u32 = 0x80000000;
export const HASH_REALLOC: u32 = 0x40000000;
