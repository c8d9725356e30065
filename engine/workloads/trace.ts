// Replay of recorded allocations. The host encodes a trace (engine/host/trace-code.ts) as u32 words:
//
//   id << 5 | pub << 4 | wait << 3 | kind     kinds: 0 free  1 malloc  2 realloc  3 calloc  4 aligned
//   size                                      not after a free
//   alignment                                 only of an aligned allocation, at least 8
//
// `own` holds a pointer for each id (in replays on one thread at HARNESS_BASE), `slot` the pointers on their way from one thread to another.
import { HARNESS_BASE } from '../allocator/layout';
import { aligned_alloc, calloc, free, malloc, realloc } from '../allocator/wrappers';
import { abort_all, param, pass_end, pass_start, spin_while } from './threads';

export const KIND_FREE: u32 = 0;
export const KIND_MALLOC: u32 = 1;
export const KIND_REALLOC: u32 = 2;
export const KIND_CALLOC: u32 = 3;
export const KIND_ALIGNED: u32 = 4;
/** Only in checked replays of all threads' operations by one: the thread that follows, in the place of the id. */
export const KIND_THREAD: u32 = 5;
export const FLAG_WAIT: u32 = 8;
export const FLAG_PUB: u32 = 16;
export const ID_SHIFT: u32 = 5;

@inline // leaf
export function own_of(own: usize, word: u32): usize {
  return own + <usize>((word >>> 3) & ~3);
}

@inline // leaf
function touch(p: usize, n: u32): void {
  if (n) {
    store<u8>(p, 1);
    store<u8>(p + n - 1, 1);
  }
}

/**
 * One timed pass on one thread: no atomics. Returns `end`, or where memory ran out. The next word is read before the call
 * (the one behind the last is read and not looked at): after it nothing is left in registers, not even where memory begins.
 */
export function trace_replay(at: usize, end: usize): usize {
  let next = load<u32>(at);
  while (at < end) {
    const word = next;
    const kind = word & 7;
    const cell = own_of(HARNESS_BASE, word);
    if (kind == KIND_FREE) {
      next = load<u32>(at, 4);
      free(load<u32>(cell));
      at += 4;
      continue;
    }
    const n = load<u32>(at, 4);
    let p: usize;
    if (kind == KIND_MALLOC) {
      next = load<u32>(at, 8);
      p = malloc(n);
      at += 8;
    } else if (kind == KIND_REALLOC) {
      next = load<u32>(at, 8);
      p = realloc(load<u32>(cell), n);
      at += 8;
    } else if (kind == KIND_CALLOC) {
      next = load<u32>(at, 8);
      p = calloc(1, n);
      at += 8;
    } else {
      next = load<u32>(at, 12);
      p = aligned_alloc(load<u32>(at, 8), n);
      at += 12;
    }
    if (!p) return at - 1;
    touch(p, n);
    store<u32>(cell, <u32>p);
  }
  return at;
}

/** Pointer of an object that another thread hands over; 0 when the pass was ended. */
export function trace_take(slot: usize, block: usize): usize {
  let p: usize = atomic.load<u32>(slot);
  if (!p) {
    if (!spin_while(slot, 0, block)) return 0;
    p = atomic.load<u32>(slot);
  }
  store<u32>(slot, 0);
  return p;
}

/** One thread's operations of a pass. Returns `end`, or where memory ran out or the pass was ended. */
function trace_replay_shared(at: usize, end: usize, own: usize, slots: usize, block: usize): usize {
  while (at < end) {
    const word = load<u32>(at);
    const kind = word & 7;
    const cell = own_of(own, word);
    let old: usize = 0;
    if (!(kind & 1) && kind != KIND_ALIGNED) {
      if (word & FLAG_WAIT) {
        old = trace_take(own_of(slots, word), block);
        if (!old) return at;
      } else {
        old = load<u32>(cell);
      }
      if (kind == KIND_FREE) {
        free(old);
        at += 4;
        continue;
      }
    }
    const n = load<u32>(at, 4);
    let p: usize;
    if (kind == KIND_MALLOC) {
      p = malloc(n);
      at += 8;
    } else if (kind == KIND_REALLOC) {
      p = realloc(old, n);
      at += 8;
    } else if (kind == KIND_CALLOC) {
      p = calloc(1, n);
      at += 8;
    } else {
      p = aligned_alloc(load<u32>(at, 8), n);
      at += 12;
    }
    if (!p) {
      abort_all(block);
      return at - 1;
    }
    touch(p, n);
    if (word & FLAG_PUB) atomic.store<u32>(own_of(slots, word), <u32>p);
    else store<u32>(cell, <u32>p);
  }
  return at;
}

/** Untimed, after a pass: frees what lives at its end; `ids` are ascending, u32 each. */
export function trace_drain(ids: usize, end: usize): void {
  for (; ids < end; ids += 4) free(load<u32>(HARNESS_BASE + (<usize>load<u32>(ids) << 2)));
}

function drain_own(ids: usize, end: usize, own: usize): void {
  for (; ids < end; ids += 4) free(load<u32>(own + (<usize>load<u32>(ids) << 2)));
}

// Parameters: 0 threads  1 own  2 slot  3 table, a row a thread: operations from, to, ids alive at the end from, to

@inline // leaf
export function trace_row(block: usize, thread: u32): usize {
  return <usize>param(block, 3) + (<usize>thread << 4);
}

/** Part of thread `thread` in a pass; the operations kept are the bytes of the code done. */
export function trace_thread(block: usize, thread: u32): void {
  const row = trace_row(block, thread);
  const from: usize = load<u32>(row);
  if (!pass_start(block, thread, param(block, 0))) return;
  const at = trace_replay_shared(from, load<u32>(row, 4), param(block, 1), param(block, 2), block);
  pass_end(block, thread, <u64>(at - from));
}

/** Untimed: this thread frees the live objects on which it did the last operation. */
export function trace_thread_drain(block: usize, thread: u32): void {
  const row = trace_row(block, thread);
  drain_own(load<u32>(row, 8), load<u32>(row, 12), param(block, 1));
}
