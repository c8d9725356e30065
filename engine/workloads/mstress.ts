// mstress: threads that keep objects, hand some to their neighbour, and meet at a barrier after each phase.
//
// Parameters: 0 threads  1 phases  2 allocations a phase  3 retained  4 transferred at most  5 seed  6 areas
// 7 bytes of an area. The area of a thread: +0 and +64 length of its two lists, +128 list of even phases, of odd
// phases, retained objects (u32 each)
import { free, malloc } from '../allocator/wrappers';
import { step } from './random';
import { abort_all, barrier, param, pass_end, pass_start, seed_of } from './threads';

export const AREA_LISTS: usize = 128;

@inline // leaf
export function area_of(block: usize, thread: u32): usize {
  return <usize>param(block, 6) + <usize>thread * <usize>param(block, 7);
}

/** 8 to 32768 bytes, mostly below 520. */
@inline // leaf
export function mstress_size(x: u32): u32 {
  const s = 8 * (1 + ((x >>> 8) & 63));
  const c = x & 255;
  return c == 0 ? s << 6 : c < 8 ? s << 3 : s;
}

/** Frees the objects of a list in the order in which they were put there; their number. */
function free_list(area: usize, parity: u32, list: usize): u32 {
  const length = load<u32>(area + (<usize>parity << 6));
  for (let i: u32 = 0; i < length; i++) free(load<u32>(list + (<usize>i << 2)));
  return length;
}

/** One phase's allocations, with the frees between them. Returns the operations, 0 when memory ran out. */
function mstress_phase(
  state: usize,
  n: u32,
  retained: usize,
  ret: u32,
  list: usize,
  trans: u32,
  length_at: usize,
): u32 {
  let x = load<u32>(state);
  let length: u32 = 0;
  let frees: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    x = step(x);
    const s = mstress_size(x);
    const p = malloc(s);
    if (!p) return 0;
    store<u8>(p, 1);
    store<u8>(p + s - 1, 1);
    x = step(x);
    const slot = retained + (<usize>(x % ret) << 2);
    const old: usize = load<u32>(slot);
    if (old) {
      if (((x >>> 24) & 3) == 0 && length < trans) {
        store<u32>(list + (<usize>length << 2), <u32>old);
        length++;
      } else {
        free(old);
        frees++;
      }
    }
    store<u32>(slot, <u32>p);
  }
  store<u32>(length_at, length);
  store<u32>(state, x);
  return n + frees;
}

/** Part of thread `thread` in a pass. */
export function mstress_thread(block: usize, thread: u32): void {
  const threads = param(block, 0);
  const phases = param(block, 1);
  const ret = param(block, 3);
  const trans = param(block, 4);
  const list_bytes = <usize>trans << 2;
  const area = area_of(block, thread);
  const neighbour = area_of(block, (thread + 1) % threads);
  const retained = area + AREA_LISTS + 2 * list_bytes;
  const state = area + 4;
  store<u32>(state, seed_of(param(block, 5), thread));
  memory.fill(retained, 0, <usize>ret << 2);
  if (!pass_start(block, thread, threads)) return;
  let operations: u64 = 0;
  for (let k: u32 = 0; k < phases; k++) {
    const parity = k & 1;
    if (k > 0) {
      const before = parity ^ 1;
      operations += free_list(neighbour, before, neighbour + AREA_LISTS + <usize>before * list_bytes);
    }
    const list = area + AREA_LISTS + <usize>parity * list_bytes;
    const done = mstress_phase(
      state,
      param(block, 2),
      retained,
      ret,
      list,
      trans,
      area + (<usize>parity << 6),
    );
    operations += done;
    if (!done) {
      abort_all(block);
      break;
    }
    if (!barrier(block, threads)) break;
  }
  pass_end(block, thread, operations);
}

/** Untimed, by thread 0: the lists of the last phase and what is retained, thread by thread. */
export function mstress_drain(block: usize): void {
  const threads = param(block, 0);
  const parity = (param(block, 1) - 1) & 1;
  const ret = param(block, 3);
  const list_bytes = <usize>param(block, 4) << 2;
  for (let t: u32 = 0; t < threads; t++) {
    const area = area_of(block, t);
    free_list(area, parity, area + AREA_LISTS + <usize>parity * list_bytes);
    const retained = area + AREA_LISTS + 2 * list_bytes;
    for (let i: u32 = 0; i < ret; i++) {
      const p: usize = load<u32>(retained + (<usize>i << 2));
      if (p) free(p);
    }
  }
}
