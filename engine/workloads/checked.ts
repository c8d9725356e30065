// The untimed pass over random_mixed: the hash of the sequence, the memory accounting, and with `verify` the contents.
//
// A record a slot at `records`: +0 pointer  +4 size  +8 id (number of the operation that allocated it)
import { bin_stride, tiny_class_of_bin, TINY_BINS } from '../allocator/tiny_size_class';
import { page_bin, classify_ptr, PTR_BIN } from '../allocator/classify_ptr';
import { calloc, free, malloc, usable_size } from '../allocator/wrappers';
import { HASH_FREE, HASH_START, hash_add, step } from './random';

const RECORD: usize = 12;
/** Every 16th allocation of a verifying pass is a calloc. */
const CALLOC_EVERY: u32 = 15;
/** Kinds of blocks for the waste table: C0..C7, mid, large. */
const KINDS: u32 = 10;

/** What a verifying pass found, readable by the host by number. */
let g_bad_contents: u32 = 0;
let g_bad_alignment: u32 = 0;
let g_bad_zero: u32 = 0;
let g_done: u32 = 0;
let g_requested: u64 = 0;
let g_live: u64 = 0;
let g_peak_requested: u64 = 0;
let g_peak_live: u64 = 0;

/** 0 contents, 1 alignment, 2 zeroing: number of faults. 3: iterations done. */
export function checked_faults(kind: u32): u32 {
  return kind == 0 ? g_bad_contents : kind == 1 ? g_bad_alignment : kind == 2 ? g_bad_zero : g_done;
}

/** Bytes at the moment when most were requested: 0 requested, 1 in the blocks that held them. */
export function checked_peak(kind: u32): u64 {
  return kind == 0 ? g_peak_requested : g_peak_live;
}

@inline // leaf
function pattern_of(id: u32): u64 {
  return <u64>((id * 0x9e3779b1) >>> 24 | 1) * 0x0101010101010101;
}

/** True when all `n` bytes at `p` are those of `word` (the same byte eight times). */
function filled(p: usize, n: u32, word: u64): bool {
  let i: u32 = 0;
  for (; i + 8 <= n; i += 8) if (load<u64>(p + i) != word) return false;
  for (; i < n; i++) if (load<u8>(p + i) != <u8>word) return false;
  return true;
}

/** Contents of an object: its pattern, and its id in the first four bytes where it has that many. */
function object_fill(p: usize, n: u32, id: u32): void {
  memory.fill(p, <u8>pattern_of(id), n);
  if (n >= 4) store<u32>(p, id);
}

function object_check(p: usize, n: u32, id: u32): void {
  const head: u32 = n >= 4 ? 4 : 0;
  if (head && load<u32>(p) != id) g_bad_contents++;
  else if (!filled(p + head, n - head, pattern_of(id))) g_bad_contents++;
}

function kind_of(p: usize): u32 {
  if (classify_ptr(p) != PTR_BIN) return 9;
  const bin = page_bin(p);
  return bin <= TINY_BINS ? tiny_class_of_bin(bin) : 8;
}

@inline // leaf
function block_bytes(p: usize): u32 {
  return classify_ptr(p) == PTR_BIN ? bin_stride(page_bin(p)) : <u32>usable_size(p);
}

/** Accounts an object in or out; `waste` holds the current and, KINDS cells further, the peak's waste by kind, u64. */
function account(p: usize, n: u32, sign: i64, waste: usize): void {
  const block = block_bytes(p);
  const cell = waste + (<usize>kind_of(p) << 3);
  g_requested += <u64>n * <u64>sign;
  g_live += <u64>block * <u64>sign;
  store<u64>(cell, load<u64>(cell) + <u64>(block - n) * <u64>sign);
  if (g_requested > g_peak_requested) {
    g_peak_requested = g_requested;
    g_peak_live = g_live;
    memory.copy(waste + (KINDS << 3), waste, KINDS << 3);
  }
}

function checked_alloc(record: usize, n: u32, id: u32, verify: bool, waste: usize): bool {
  const zeroed = verify && (id & CALLOC_EVERY) == CALLOC_EVERY;
  const p = zeroed ? calloc(1, n) : malloc(n);
  if (!p) return false;
  if (verify) {
    if (p & (n >= 16 ? 15 : 7)) g_bad_alignment++;
    if (zeroed && !filled(p, n, 0)) g_bad_zero++;
    object_fill(p, n, id);
  }
  store<u32>(record, <u32>p);
  store<u32>(record, n, 4);
  store<u32>(record, id, 8);
  account(p, n, 1, waste);
  return true;
}

function checked_free(record: usize, verify: bool, waste: usize): void {
  const p: usize = load<u32>(record);
  const n = load<u32>(record, 4);
  if (verify) object_check(p, n, load<u32>(record, 8));
  account(p, n, -1, waste);
  free(p);
  store<u32>(record, 0);
}

/** Hash of the sequence; a verifying pass ends at its first fault. `records` are `ws` zeroed records, `waste` 2 * 10 zeroed u64 cells. */
export function random_mixed_checked(
  iters: u32,
  ws: u32,
  min: u32,
  max: u32,
  seed: u32,
  records: usize,
  waste: usize,
  verify: bool,
): u64 {
  const span = max - min + 1;
  let x = seed;
  let h = HASH_START;
  g_done = 0;
  for (let i: u32 = 0; i < iters; i++) {
    x = step(x);
    const record = records + <usize>(x % ws) * RECORD;
    if (load<u32>(record)) {
      h = hash_add(h, HASH_FREE + load<u32>(record, 4));
      checked_free(record, verify, waste);
    } else {
      const n = min + ((x >>> 8) % span);
      h = hash_add(h, n);
      if (!checked_alloc(record, n, i, verify, waste)) return h;
    }
    g_done++;
    if (verify && (g_bad_contents | g_bad_alignment | g_bad_zero)) return h;
  }
  for (let i: u32 = 0; i < ws; i++) {
    const record = records + <usize>i * RECORD;
    if (load<u32>(record)) checked_free(record, verify, waste);
  }
  return h;
}
