// The shadow-model fuzzer. Every live object has a record in a table that all threads share; a bitmap with a bit per
// 8 bytes of the heap says which memory is handed out. A record is taken by a try-lock, so any thread may free or
// resize what any other allocated. All of it lies in the harness area.
import { thread_exit } from '../allocator/thread_exit';
import { misuse_count } from '../allocator/misuse_box';
import { aligned_alloc, calloc, free, malloc, realloc, usable_size } from '../allocator/wrappers';
import { fuzz_filled, fuzz_fill, object_holds } from './fuzz_contents';
import {
  FAULT_ACCOUNTING,
  FAULT_ALIGNMENT,
  FAULT_CONTENTS,
  FAULT_MISUSE,
  FAULT_NULL,
  FAULT_REALLOC_CONTENTS,
  FAULT_REALLOC_ZERO,
  FAULT_USABLE,
  FAULT_USABLE_CHANGED,
  FAULT_ZERO,
  fault_code,
  fault_set,
  fault_subject,
} from './fuzz_fault';
import { draw_size, random_next, random_seed } from './fuzz_sizes';
import { shadow_clear, shadow_count, shadow_set, shadow_setup } from './fuzz_shadow';

/** Offsets in the area: live bytes (u64), live objects, null results; the fault is at 32 (fuzz_fault.ts). */
const LIVE_BYTES: usize = 0;
const LIVE_COUNT: usize = 8;
const NULLS: usize = 12;
const FAULT: usize = 32;
const TABLE: usize = 128;

/** A record: try-lock, pointer (0 = none), size, id, usable size, bytes filled. */
const RECORD: usize = 32;
const R_PTR: usize = 4;
const R_SIZE: usize = 8;
const R_ID: usize = 12;
const R_USABLE: usize = 16;
const R_FILLED: usize = 20;

let g_area: usize = 0;
let g_slots: u32 = 0;
let g_thread: u32 = 0;
let g_next_id: u32 = 0;
let g_oom_ok: bool = false;
/** Misuses that were committed on purpose. */
let g_misuses: u32 = 0;

/** Bytes of the area for `slots` records and a heap of at most `span` bytes. */
export function fuzz_bytes(slots: u32, span: u32): u32 {
  return <u32>TABLE + slots * <u32>RECORD + (span >>> 6) + 64;
}

/**
 * Readies this instance as thread `thread` (0..15) of a fuzz whose zeroed `area` all threads share. The heap's
 * addresses must lie in `heap` .. `heap + span`, both multiples of 1 MiB.
 */
export function fuzz_setup(area: usize, slots: u32, heap: usize, span: u32, seed: u32, thread: u32): void {
  g_area = area;
  g_slots = slots;
  g_thread = thread;
  random_seed(seed);
  // A thread that takes another's place does not repeat its ids.
  g_next_id = (random_next() << 4) | thread;
  fault_subject(area + FAULT, thread);
  shadow_setup(area + TABLE + <usize>slots * RECORD, heap, span);
}

/** Live bytes as asked for, by the fuzzer's own count. */
export function fuzz_live_bytes(): u64 {
  return atomic.load<u64>(g_area, LIVE_BYTES);
}

/** Allocations that came back null. */
export function fuzz_nulls(): u32 {
  return atomic.load<u32>(g_area, NULLS);
}

/** The misuses reported so far were committed on purpose: only further ones are faults. */
export function fuzz_accept_misuses(): void {
  g_misuses = misuse_count();
}

@inline // leaf
function fuzz_record(index: u32): usize {
  return g_area + TABLE + <usize>index * RECORD;
}

@inline // leaf
function alignment_of(size: u32): u32 {
  return size < 16 ? 8 : 16;
}

function account(bytes: i64, count: i32): void {
  atomic.add<u64>(g_area, <u64>bytes, LIVE_BYTES);
  atomic.add<u32>(g_area, <u32>count, LIVE_COUNT);
}

function null_result(size: u32): void {
  atomic.add<u32>(g_area, 1, NULLS);
  if (!g_oom_ok) fault_set(FAULT_NULL, 0, size, 0);
}

/** Makes `record` hold the block: checks it, claims its memory, fills it. */
function adopt(record: usize, ptr: usize, size: u32, alignment: u32): void {
  const usable = <u32>usable_size(ptr);
  if (ptr & (alignment - 1)) fault_set(FAULT_ALIGNMENT, ptr, size, alignment);
  if (usable < size) {
    fault_set(FAULT_USABLE, ptr, size, usable);
    return;
  }
  if (!shadow_set(ptr, max<u32>(usable, 1))) return;
  g_next_id += 16;
  const id = g_next_id;
  // The whole usable size belongs to the caller: every other object is filled to its end.
  const fill = id & 16 ? usable : size;
  fuzz_fill(ptr, fill, id);
  store<u32>(record, size, R_SIZE);
  store<u32>(record, id, R_ID);
  store<u32>(record, usable, R_USABLE);
  store<u32>(record, fill, R_FILLED);
  store<u32>(record, <u32>ptr, R_PTR);
  account(size, 1);
}

/** Checks the object of `record` as it has to be while it lives. */
function check(record: usize): bool {
  const ptr: usize = load<u32>(record, R_PTR);
  const size = load<u32>(record, R_SIZE);
  const usable = <u32>usable_size(ptr);
  if (usable != load<u32>(record, R_USABLE)) fault_set(FAULT_USABLE_CHANGED, ptr, size, usable);
  if (!object_holds(ptr, load<u32>(record, R_FILLED), load<u32>(record, R_ID))) {
    fault_set(FAULT_CONTENTS, ptr, size, load<u32>(record, R_ID));
  }
  return !fault_code();
}

/** The record's memory goes back: another thread may be given it as soon as the allocator has it. */
function disown(record: usize): bool {
  if (!shadow_clear(load<u32>(record, R_PTR), max<u32>(load<u32>(record, R_USABLE), 1))) return false;
  account(-<i64>load<u32>(record, R_SIZE), -1);
  return true;
}

function op_alloc(record: usize, size: u32): void {
  const r = random_next();
  let ptr: usize;
  let alignment = alignment_of(size);
  const way = r & 15;
  if (way < 11) {
    ptr = malloc(size);
  } else if (way < 14) {
    const count = 1 + ((r >>> 8) & 3);
    ptr = size % count ? calloc(1, size) : calloc(count, size / count);
    if (ptr && !fuzz_filled(ptr, size, 0)) {
      fault_set(FAULT_ZERO, ptr, size, 0);
      return;
    }
  } else {
    const align = 1 << ((r >>> 8) % 17);
    alignment = max<u32>(alignment, align);
    ptr = aligned_alloc(align, size);
  }
  if (ptr) adopt(record, ptr, size, alignment);
  else null_result(size);
}

function op_free(record: usize): void {
  const ptr: usize = load<u32>(record, R_PTR);
  if (!check(record) || !disown(record)) return;
  store<u32>(record, 0, R_PTR);
  free(ptr);
}

/** realloc to `size`; 0 frees. */
function op_realloc(record: usize, size: u32): void {
  const ptr: usize = load<u32>(record, R_PTR);
  if (!check(record) || !disown(record)) return;
  const to = realloc(ptr, size);
  if (!size) {
    store<u32>(record, 0, R_PTR);
    if (to) fault_set(FAULT_REALLOC_ZERO, ptr, size, <u32>to);
    return;
  }
  if (!to) {
    // The old block stays as it was.
    null_result(size);
    if (!shadow_set(ptr, max<u32>(load<u32>(record, R_USABLE), 1))) return;
    account(load<u32>(record, R_SIZE), 1);
    check(record);
    return;
  }
  // What was filled past the old size is not realloc's to keep.
  if (!object_holds(to, min<u32>(size, min<u32>(load<u32>(record, R_SIZE), load<u32>(record, R_FILLED))), load<u32>(record, R_ID))) {
    fault_set(FAULT_REALLOC_CONTENTS, to, size, load<u32>(record, R_SIZE));
    return;
  }
  adopt(record, to, size, alignment_of(size));
}

function realloc_size(record: usize, profile: u32): u32 {
  const r = random_next();
  const size = load<u32>(record, R_SIZE);
  switch (r & 7) {
    case 0:
      return (r >>> 8) & 7 ? size : 0;
    case 1:
      return size + 1;
    case 2:
      return max<u32>(1, size - 1);
    case 3:
      return 1 + (size >>> 1);
    case 4:
      return min<u32>(size + (size >>> 1) + 1, 0x400000);
    default:
      return max<u32>(1, draw_size(profile));
  }
}

/** One operation on a random record; false when it fell on one that another thread holds, or nothing was to be done. */
function op(grow: u32, profile: u32, limit: u64): bool {
  const record = fuzz_record(random_next() % g_slots);
  if (atomic.xchg<u32>(record, 1)) return false;
  const r = random_next();
  const more = r % 100 < grow;
  let done = true;
  if (!load<u32>(record, R_PTR)) {
    const size = draw_size(profile);
    done = more && fuzz_live_bytes() + size <= limit;
    if (done) op_alloc(record, size);
  } else if (!more) {
    op_free(record);
  } else if (r & 0x10000) {
    check(record);
  } else {
    const size = realloc_size(record, profile);
    done = size <= load<u32>(record, R_SIZE) || fuzz_live_bytes() + size <= limit;
    if (done) op_realloc(record, size);
  }
  atomic.store<u32>(record, 0);
  return done;
}

/**
 * Operations on random records until `ops` are done; `grow` percent of them keep or add memory, at most `limit` live
 * bytes. Every `exit_every` operations (0 = never) the thread ends and a new one goes on. With `oom_ok` a null is no
 * fault and ends the call. Returns the operations done, fewer after a fault (fuzz_fault) or a null.
 */
export function fuzz_run(ops: u32, grow: u32, profile: u32, limit: u32, exit_every: u32, oom_ok: bool): u32 {
  g_oom_ok = oom_ok;
  const nulls = fuzz_nulls();
  let done: u32 = 0;
  // A table that is full, empty or at its limit leaves little to do.
  for (let tries: u64 = 0; done < ops && tries < <u64>ops * 16; tries++) {
    if (!op(grow, profile, limit)) continue;
    done++;
    if (fault_code()) return done;
    if (exit_every && done % exit_every == 0) thread_exit();
    if (oom_ok && fuzz_nulls() != nulls) return done;
  }
  if (misuse_count() != g_misuses) fault_set(FAULT_MISUSE, 0, misuse_count(), g_misuses);
  return done;
}

/** Frees every object of this thread's share: records `first`, `first + every`, ... Returns the frees. */
export function fuzz_drain(first: u32, every: u32): u32 {
  let freed: u32 = 0;
  for (let i = first; i < g_slots; i += every) {
    const record = fuzz_record(i);
    if (!load<u32>(record, R_PTR)) continue;
    op_free(record);
    freed++;
    if (fault_code()) break;
  }
  return freed;
}

/** While no thread runs: records, counts and bitmap agree, and every object is as it has to be. Objects alive. */
export function fuzz_audit(): u32 {
  let bytes: u64 = 0;
  let granules: u64 = 0;
  let count: u32 = 0;
  for (let i: u32 = 0; i < g_slots; i++) {
    const record = fuzz_record(i);
    if (!load<u32>(record, R_PTR)) continue;
    count++;
    bytes += load<u32>(record, R_SIZE);
    granules += (max<u32>(load<u32>(record, R_USABLE), 1) + 7) >>> 3;
    if (!check(record)) return count;
  }
  if (bytes != fuzz_live_bytes() || count != load<u32>(g_area, LIVE_COUNT)) fault_set(FAULT_ACCOUNTING, 0, count, load<u32>(g_area, LIVE_COUNT));
  const held = shadow_count();
  if (granules != held) fault_set(FAULT_ACCOUNTING, 1, <u32>granules, <u32>held);
  if (misuse_count() != g_misuses) fault_set(FAULT_MISUSE, 0, misuse_count(), g_misuses);
  return count;
}
