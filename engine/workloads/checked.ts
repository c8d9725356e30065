// The untimed passes: the hash of the sequence, the memory accounting, and with `verify` the contents of every object.
//
// A record an object: +0 pointer  +4 size  +8 id (number of the operation that allocated it)
// The account, shared by all threads: +0 lock  +8 bytes requested  +16 bytes in the blocks that hold them  +24 and +32
// both when most were requested  +40 waste by kind of block (10 u64)  +120 the same when most were requested
import { bin_stride, tiny_class_of_bin, TINY_BINS } from '../allocator/tiny_size_class';
import { page_bin, classify_ptr, PTR_BIN } from '../allocator/classify_ptr';
import { calloc, free, malloc, usable_size } from '../allocator/wrappers';
import { HASH_FREE, HASH_START, hash_add, step } from './random';

export const RECORD: usize = 12;
/** Every 16th allocation of a verifying pass is a calloc. */
const CALLOC_EVERY: u32 = 15;
/** Kinds of blocks for the waste table: C0..C7, mid, large. */
const KINDS: u32 = 10;

/** What a verifying pass found, readable by the host by number. */
let g_bad_contents: u32 = 0;
let g_bad_alignment: u32 = 0;
let g_bad_zero: u32 = 0;
let g_done: u32 = 0;

/** 0 contents, 1 alignment, 2 zeroing: number of faults. 3: iterations done. */
export function checked_faults(kind: u32): u32 {
  return kind == 0 ? g_bad_contents : kind == 1 ? g_bad_alignment : kind == 2 ? g_bad_zero : g_done;
}

/** Whether this thread has found anything. */
@inline // leaf
export function checked_faulty(): bool {
  return (g_bad_contents | g_bad_alignment | g_bad_zero) != 0;
}

@inline // leaf
function pattern_of(id: u32): u64 {
  return <u64>((id * 0x9e3779b1) >>> 24 | 1) * 0x0101010101010101;
}

/** True when all `n` bytes at `p` are those of `word` (the same byte eight times). */
function all_bytes_are(p: usize, n: u32, word: u64): bool {
  let i: u32 = 0;
  for (; i + 8 <= n; i += 8) if (load<u64>(p + i) != word) return false;
  for (; i < n; i++) if (load<u8>(p + i) != <u8>word) return false;
  return true;
}

/**
 * Contents of an object: its pattern, and its id in the first four bytes where it has that many. No memory.fill: V8 holds
 * it against the memory's size as this thread last heard of it, and traps where another thread has just made it grow.
 */
function object_pattern(p: usize, n: u32, id: u32): void {
  const word = pattern_of(id);
  let i: u32 = 0;
  for (; i + 8 <= n; i += 8) store<u64>(p + i, word);
  for (; i < n; i++) store<u8>(p + i, <u8>word);
  if (n >= 4) store<u32>(p, id);
}

/** The first `n` of the `whole` bytes that object `id` was all_bytes_are with. */
function object_check_front(p: usize, whole: u32, n: u32, id: u32): void {
  let head: u32 = whole >= 4 ? min<u32>(n, 4) : 0;
  let same = true;
  for (let i: u32 = 0; i < head; i++) same = same && load<u8>(p + i) == <u8>(id >>> (i << 3));
  if (!same || !all_bytes_are(p + head, n - head, pattern_of(id))) g_bad_contents++;
}

@inline // leaf
function object_check(p: usize, n: u32, id: u32): void {
  object_check_front(p, n, n, id);
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

/** Accounts an object in (sign 1) or out (-1). */
function account_object(p: usize, n: u32, sign: i64, account: usize): void {
  const block = block_bytes(p);
  const cell = account + 40 + (<usize>kind_of(p) << 3);
  while (atomic.cmpxchg<u32>(account, 0, 1)) {}
  const requested = load<u64>(account, 8) + <u64>n * <u64>sign;
  const live = load<u64>(account, 16) + <u64>block * <u64>sign;
  store<u64>(account, requested, 8);
  store<u64>(account, live, 16);
  store<u64>(cell, load<u64>(cell) + (<u64>block - <u64>n) * <u64>sign);
  if (requested > load<u64>(account, 24)) {
    store<u64>(account, requested, 24);
    store<u64>(account, live, 32);
    memory.copy(account + 40 + (KINDS << 3), account + 40, KINDS << 3);
  }
  atomic.store<u32>(account, 0);
}

/** A new object, which has to be aligned to `align` and, when it comes from calloc, zero. */
export function object_new(
  p: usize,
  n: u32,
  id: u32,
  align: u32,
  zeroed: bool,
  verify: bool,
  account: usize,
): void {
  if (verify) {
    if (p & (align - 1)) g_bad_alignment++;
    if (zeroed && !all_bytes_are(p, n, 0)) g_bad_zero++;
    object_pattern(p, n, id);
  }
  account_object(p, n, 1, account);
}

/** Before an object is freed or reallocated. */
export function object_old(p: usize, n: u32, id: u32, verify: bool, account: usize): void {
  if (verify) object_check(p, n, id);
  account_object(p, n, -1, account);
}

/** After a realloc from `before` bytes: what was in the object is still there, up to the new size. */
export function object_moved(
  p: usize,
  before: u32,
  n: u32,
  id: u32,
  new_id: u32,
  verify: bool,
  account: usize,
): void {
  if (verify) object_check_front(p, before, min<u32>(before, n), id);
  object_new(p, n, new_id, natural_alignment(n), false, verify, account);
}

@inline // leaf
export function natural_alignment(n: u32): u32 {
  return n >= 16 ? 16 : 8;
}

/** Allocates the object of a record; false when memory ran out. */
export function checked_alloc(record: usize, n: u32, id: u32, verify: bool, account: usize): bool {
  const zeroed = verify && (id & CALLOC_EVERY) == CALLOC_EVERY;
  const p = zeroed ? calloc(1, n) : malloc(n);
  if (!p) return false;
  object_new(p, n, id, natural_alignment(n), zeroed, verify, account);
  store<u32>(record, <u32>p);
  store<u32>(record, n, 4);
  store<u32>(record, id, 8);
  return true;
}

/** Frees the object of a record and empties it. */
export function checked_free(record: usize, verify: bool, account: usize): void {
  const p: usize = load<u32>(record);
  object_old(p, load<u32>(record, 4), load<u32>(record, 8), verify, account);
  free(p);
  store<u32>(record, 0);
}

/** Hash of random_mixed's sequence; a verifying pass ends at its first fault. `records` are `ws` zeroed records. */
export function random_mixed_checked(
  iters: u32,
  ws: u32,
  min: u32,
  max: u32,
  seed: u32,
  records: usize,
  account: usize,
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
      checked_free(record, verify, account);
    } else {
      const n = min + ((x >>> 8) % span);
      h = hash_add(h, n);
      if (!checked_alloc(record, n, i, verify, account)) return h;
    }
    g_done++;
    if (checked_faulty()) return h;
  }
  for (let i: u32 = 0; i < ws; i++) {
    const record = records + <usize>i * RECORD;
    if (load<u32>(record)) checked_free(record, verify, account);
  }
  return h;
}
