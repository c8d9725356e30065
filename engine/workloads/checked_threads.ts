// The untimed passes of larson, pc and mstress: the same sequences with a record an object, hashed, accounted and with
// `verify` checked. Parameters as in the timed ones, and 62 the account, 63 verify. A thread that finds a fault ends
// the pass of all.
import { thread_exit } from '../allocator/thread_exit';
import { RECORD, checked_alloc, checked_faulty, checked_free } from './checked';
import { AREA_LISTS, area_of, mstress_size } from './mstress';
import { RING_ITEMS, RING_TAIL } from './pc';
import { HASH_FREE, HASH_START, hash_add, step } from './random';
import {
  abort_all,
  aborted,
  barrier,
  hash_keep,
  hash_kept,
  param,
  pass_end,
  pass_start,
  progress,
  seed_of,
  spin_until,
  spin_while,
  turn_give,
  turn_wait,
} from './threads';

export const PARAM_ACCOUNT: u32 = 62;
export const PARAM_VERIFY: u32 = 63;

/** Allocates into a record; false, and the pass ends, when memory ran out or something is wrong. */
function alloc_or_abort(block: usize, record: usize, n: u32, id: u32): bool {
  const done = checked_alloc(record, n, id, param(block, PARAM_VERIFY) != 0, param(block, PARAM_ACCOUNT));
  if (!done || checked_faulty()) abort_all(block);
  return done && !aborted(block);
}

/** Frees a record's object; its size. The pass ends when something is wrong. */
function free_or_abort(block: usize, record: usize): u32 {
  const n = load<u32>(record, 4);
  checked_free(record, param(block, PARAM_VERIFY) != 0, param(block, PARAM_ACCOUNT));
  if (checked_faulty()) abort_all(block);
  return n;
}

/** Fills and churns a slab of records; the operations done. */
function larson_checked_generation(block: usize, thread: u32, slab: usize, state: usize, fill: bool): u32 {
  const chunks = param(block, 2);
  const low = param(block, 3);
  const span = param(block, 4) - low + 1;
  const repeat = param(block, 5) * chunks;
  let h = fill ? HASH_START : hash_kept(block, thread - 1);
  let x = load<u32>(state);
  let done: u32 = 0;
  for (let i: u32 = fill ? 0 : chunks; i < chunks + repeat; i++) {
    x = step(x);
    let record = slab + <usize>i * RECORD;
    if (i >= chunks) {
      record = slab + <usize>(x % chunks) * RECORD;
      h = hash_add(h, HASH_FREE + free_or_abort(block, record));
      done++;
    }
    const n = low + ((x >>> 8) % span);
    if (!alloc_or_abort(block, record, n, (thread << 24) + i)) return done;
    h = hash_add(h, n);
    progress(block, thread, ++done);
  }
  store<u32>(state, x);
  hash_keep(block, thread, h);
  return done;
}

/** As larson_thread; the hash of a lineage is kept by its last thread. */
export function larson_checked_thread(block: usize, thread: u32): void {
  const generations = param(block, 1);
  const lineage = thread / generations;
  const generation = thread % generations;
  const state = <usize>param(block, 8) + (<usize>lineage << 6);
  const started = generation
    ? turn_wait(block, thread)
    : pass_start(block, thread, param(block, 0) * generations);
  let done: u32 = 0;
  if (started) {
    if (!generation) store<u32>(state, seed_of(param(block, 6), lineage));
    const slab = <usize>param(block, 7) + <usize>(lineage * param(block, 2)) * RECORD;
    done = larson_checked_generation(block, thread, slab, state, generation == 0);
  }
  if (generation + 1 < generations) turn_give(block, thread + 1);
  thread_exit();
  pass_end(block, thread, done);
}

export function larson_checked_drain(block: usize): void {
  const count = param(block, 0) * param(block, 2);
  for (let i: u32 = 0; i < count && !aborted(block); i++) {
    free_or_abort(block, <usize>param(block, 7) + <usize>i * RECORD);
  }
}

function pc_checked_produce(block: usize, thread: u32, ring: usize): u32 {
  const items = param(block, 1);
  const slots = param(block, 2);
  const low = param(block, 3);
  const span = param(block, 4) - low + 1;
  let x = seed_of(param(block, 5), thread);
  let h = HASH_START;
  for (let head: u32 = 0; head < items; head++) {
    // The record is the slot, so it has to be free before the allocation.
    if (head - atomic.load<u32>(ring, RING_TAIL) >= slots) {
      if (!spin_while(ring + RING_TAIL, head - slots, block)) return head;
    }
    x = step(x);
    const n = low + ((x >>> 8) % span);
    const record = ring + RING_ITEMS + <usize>(head & (slots - 1)) * RECORD;
    if (!alloc_or_abort(block, record, n, (thread << 24) + head)) return head;
    h = hash_add(h, n);
    progress(block, thread, head);
    atomic.store<u32>(ring, head + 1);
  }
  hash_keep(block, thread, h);
  return items;
}

/** Waits for a full ring each time, so that as many objects as can be live together. */
function pc_checked_consume(block: usize, thread: u32, ring: usize): u32 {
  const items = param(block, 1);
  const slots = param(block, 2);
  let tail: u32 = 0;
  while (tail < items) {
    const end = min<u32>(items, tail + slots);
    if (!spin_until(ring, end, block)) return tail;
    while (tail < end) {
      free_or_abort(block, ring + RING_ITEMS + <usize>(tail & (slots - 1)) * RECORD);
      if (aborted(block)) return tail;
      progress(block, thread, ++tail);
      // All at once: a ring that fills again while it is emptied would never be seen full.
      if (tail == end) atomic.store<u32>(ring, tail, RING_TAIL);
    }
  }
  return tail;
}

export function pc_checked_thread(block: usize, thread: u32): void {
  const threads = param(block, 0);
  const pairs = threads >>> 1;
  const producer = thread < pairs;
  const pair = producer ? thread : thread - pairs;
  const ring = <usize>param(block, 6) + <usize>(pair * param(block, 7));
  if (!pass_start(block, thread, threads)) return;
  const done = producer ? pc_checked_produce(block, thread, ring) : pc_checked_consume(block, thread, ring);
  pass_end(block, thread, done);
}

@inline // leaf
function checked_list(block: usize, area: usize, parity: u32): usize {
  return area + AREA_LISTS + <usize>(parity * param(block, 4)) * RECORD;
}

/** One phase's allocations into records; the operations done so far, with the hash kept. */
function mstress_checked_phase(
  block: usize,
  thread: u32,
  area: usize,
  parity: u32,
  operations: u32,
  id: u32,
): u32 {
  const n = param(block, 2);
  const ret = param(block, 3);
  const trans = param(block, 4);
  const list = checked_list(block, area, parity);
  const retained = checked_list(block, area, 2);
  let h = hash_kept(block, thread);
  let x = load<u32>(area, 4);
  let length: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    x = step(x);
    const s = mstress_size(x);
    // The record behind the last: an object lives before its slot is drawn.
    const fresh = retained + <usize>ret * RECORD;
    if (!alloc_or_abort(block, fresh, s, id + i)) return operations;
    h = hash_add(h, s);
    operations++;
    x = step(x);
    const slot = retained + <usize>(x % ret) * RECORD;
    if (load<u32>(slot)) {
      if (((x >>> 24) & 3) == 0 && length < trans) {
        memory.copy(list + <usize>length * RECORD, slot, RECORD);
        length++;
      } else {
        h = hash_add(h, HASH_FREE + free_or_abort(block, slot));
        operations++;
      }
    }
    memory.copy(slot, fresh, RECORD);
    progress(block, thread, operations);
  }
  store<u32>(area + (<usize>parity << 6), length);
  store<u32>(area, x, 4);
  hash_keep(block, thread, h);
  return operations;
}

function free_checked_list(block: usize, area: usize, parity: u32, h: u64): u64 {
  const list = checked_list(block, area, parity);
  const length = load<u32>(area + (<usize>parity << 6));
  for (let i: u32 = 0; i < length && !aborted(block); i++) {
    h = hash_add(h, HASH_FREE + free_or_abort(block, list + <usize>i * RECORD));
  }
  return h;
}

export function mstress_checked_thread(block: usize, thread: u32): void {
  const threads = param(block, 0);
  const phases = param(block, 1);
  const n = param(block, 2);
  const area = area_of(block, thread);
  const neighbour = area_of(block, (thread + 1) % threads);
  store<u32>(area, seed_of(param(block, 5), thread), 4);
  memory.fill(checked_list(block, area, 2), 0, <usize>(param(block, 3) + 1) * RECORD);
  hash_keep(block, thread, HASH_START);
  if (!pass_start(block, thread, threads)) return;
  let operations: u32 = 0;
  for (let k: u32 = 0; k < phases && !aborted(block); k++) {
    const parity = k & 1;
    if (k > 0) {
      operations += load<u32>(neighbour + (<usize>(parity ^ 1) << 6));
      hash_keep(block, thread, free_checked_list(block, neighbour, parity ^ 1, hash_kept(block, thread)));
    }
    operations = mstress_checked_phase(block, thread, area, parity, operations, (thread << 24) + k * n);
    if (!barrier(block, threads)) break;
  }
  pass_end(block, thread, operations);
}

export function mstress_checked_drain(block: usize): void {
  const threads = param(block, 0);
  const parity = (param(block, 1) - 1) & 1;
  for (let t: u32 = 0; t < threads; t++) {
    const area = area_of(block, t);
    free_checked_list(block, area, parity, 0);
    const retained = checked_list(block, area, 2);
    for (let i: u32 = 0; i < param(block, 3) && !aborted(block); i++) {
      const record = retained + <usize>i * RECORD;
      if (load<u32>(record)) free_or_abort(block, record);
    }
  }
}
