// Small bounded scenarios for the model checker: what each thread does, and what has to hold at the end. Compiled with
// the engine's own allocator sources, every atomic operation a stop (model_yield.ts); not part of the timed module.
//
// A scenario keeps the blocks that it ever saw in a table, each marked as handed out or not. At the end every thread
// allocates once more: each block ever seen has to come back, exactly once.
import { engine_init } from '../allocator/engine_init';
import { HARNESS_BASE } from '../allocator/layout';
import { hak_lock_acquire, hak_lock_release } from '../allocator/lock';
import { misuse_count } from '../allocator/misuse_box';
import { remote_target_flush } from '../allocator/remote_target';
import { thread_exit } from '../allocator/thread_exit';
import { free, malloc } from '../allocator/wrappers';
import { mc_pause } from './model_yield';

export { engine_init };

/** Threads add to a counter under the lock, twice each. */
export const SCENARIO_LOCK: i32 = 0;
/** Threads 1.. free blocks of thread 0 while it allocates. */
export const SCENARIO_REMOTE: i32 = 1;
/** As before, and thread 0 ends instead of allocating; thread 1 then allocates. */
export const SCENARIO_EXIT: i32 = 2;
/** Slabs and large objects are fetched and given back at the same time. */
export const SCENARIO_BACKEND: i32 = 3;
/** Threads attach at the same time. */
export const SCENARIO_ATTACH: i32 = 4;
/** Thread 0 ends, thread 1 frees its blocks, thread 2 comes to life. */
export const SCENARIO_ADOPT: i32 = 5;
/** Thread 1 frees two blocks of thread 0 one after the other while thread 0 frees, allocates and allocates. */
export const SCENARIO_DRAIN: i32 = 6;

/** As SCENARIO_LOCK, once each. */
export const SCENARIO_LOCK_ONCE: i32 = 7;
/** As SCENARIO_ADOPT, but thread 2 has a heap already and takes over what thread 0 leaves. */
export const SCENARIO_TAKE_OVER: i32 = 8;

export const FAIL_HANDED_OUT_TWICE: i32 = 1;
export const FAIL_LOST: i32 = 2;
export const FAIL_NULL: i32 = 3;
export const FAIL_COUNTER: i32 = 4;
export const FAIL_MISUSE: i32 = 5;

/** Four of this size fill a slab, so that few allocations reach the slow paths. */
const SIZE: usize = 16384;
const PER_SLAB: u32 = 4;
/** Blocks each thread allocates at the end, searching for those ever seen. */
const SEARCH: u32 = 24;

/** Code of the first failure. */
export const FAILURE: usize = HARNESS_BASE;
const COUNTER: usize = HARNESS_BASE + 4;
const COUNT: usize = HARNESS_BASE + 8;
const BLOCKS: usize = HARNESS_BASE + 0x100;
const BLOCKS_MAX: u32 = 400;

/** First byte of the harness area: the scenarios' 0x2000 bytes, then what the host needs. */
export function mc_harness(): usize {
  return HARNESS_BASE;
}

export function fail(code: i32): void {
  if (!load<i32>(FAILURE)) store<i32>(FAILURE, code);
}

export function block_at(index: u32): usize {
  return BLOCKS + (<usize>index << 3);
}

function find(ptr: usize): usize {
  const count = load<u32>(COUNT);
  for (let i: u32 = 0; i < count; i++) if (load<u32>(block_at(i)) == <u32>ptr) return block_at(i);
  return 0;
}

/** An allocation's result: a block is never handed out while it is. */
export function take(ptr: usize): usize {
  if (!ptr) {
    fail(FAIL_NULL);
    return 0;
  }
  let cell = find(ptr);
  if (!cell) {
    const count = load<u32>(COUNT);
    assert(count < BLOCKS_MAX);
    cell = block_at(count);
    store<u32>(COUNT, count + 1);
    store<u32>(cell, <u32>ptr);
  } else if (load<u32>(cell, 4)) {
    fail(FAIL_HANDED_OUT_TWICE);
  }
  store<u32>(cell, 1, 4);
  // As callers do: whoever has the block writes into it.
  store<u64>(ptr, 0x5a5a5a5a5a5a5a5a);
  return ptr;
}

export function take_new(size: usize): usize {
  return take(malloc(size));
}

function give(ptr: usize): void {
  store<u32>(find(ptr), 0, 4);
  free(ptr);
}

/** Frees another thread's block, and does not wait until more of them make a batch. */
function give_remote(ptr: usize): void {
  give(ptr);
  remote_target_flush();
}

/** The block of thread 0 that setup allocated as number `index`. */
export function initial(index: u32): usize {
  return load<u32>(block_at(index));
}

@inline
function has_owner(scenario: i32): bool {
  return scenario == SCENARIO_REMOTE || scenario == SCENARIO_EXIT || scenario == SCENARIO_ADOPT || scenario == SCENARIO_DRAIN || scenario == SCENARIO_TAKE_OVER;
}

/** Before the threads run, thread by thread. */
export function mc_setup(scenario: i32, role: i32): void {
  const owner = has_owner(scenario);
  // A full slab: the next allocation of thread 0 takes the slow path.
  if (owner && role == 0) for (let i: u32 = 0; i < PER_SLAB; i++) take_new(SIZE);
  // The others have a heap already, except where one is to come to life.
  if (owner && role > 0 && !(scenario == SCENARIO_ADOPT && role == 2)) free(malloc(64));
}

/** What thread `role` does. */
export function mc_run(scenario: i32, role: i32): void {
  switch (scenario) {
    case SCENARIO_LOCK:
    case SCENARIO_LOCK_ONCE:
      for (let i = scenario == SCENARIO_LOCK ? 0 : 1; i < 2; i++) {
        hak_lock_acquire();
        const seen = load<u32>(COUNTER);
        mc_pause();
        store<u32>(COUNTER, seen + 1);
        hak_lock_release();
      }
      return;
    case SCENARIO_REMOTE:
      if (role == 0) take_new(SIZE);
      else give_remote(initial(role));
      return;
    case SCENARIO_EXIT:
      if (role == 0) {
        thread_exit();
      } else {
        give_remote(initial(role));
        if (role == 1) take_new(SIZE);
      }
      return;
    case SCENARIO_BACKEND:
      if (role == 0) give(take_new(0x20000));
      else take_new(SIZE);
      return;
    case SCENARIO_ATTACH:
      engine_init(mc_heap());
      take_new(100);
      return;
    case SCENARIO_ADOPT:
    case SCENARIO_TAKE_OVER:
      if (role == 0) thread_exit();
      else if (role == 1) give_remote(initial(0));
      else take_new(SIZE);
      return;
    case SCENARIO_DRAIN:
      if (role == 0) {
        give(initial(0));
        take_new(SIZE);
        take_new(SIZE);
      } else {
        // The first carries the second; the third goes alone.
        give(initial(1));
        give_remote(initial(2));
        give_remote(initial(3));
      }
      return;
    default:
      unreachable();
  }
}

/** First byte of the heap that the model checker chooses. */
export function mc_heap(): usize {
  return (HARNESS_BASE + 0x1fffff) & ~0xfffff;
}

/** After the run, thread by thread; `last` asks whether all came back. Code of the first failure, 0 for none. */
export function mc_check(scenario: i32, role: i32, threads: i32): i32 {
  if (scenario == SCENARIO_LOCK || scenario == SCENARIO_LOCK_ONCE) {
    if (load<u32>(COUNTER) != <u32>threads * (scenario == SCENARIO_LOCK ? 2 : 1)) fail(FAIL_COUNTER);
    return load<i32>(FAILURE);
  }
  if (!load<i32>(FAILURE)) for (let i: u32 = 0; i < SEARCH; i++) take_new(scenario == SCENARIO_ATTACH ? 100 : SIZE);
  if (role == threads - 1) {
    const count = load<u32>(COUNT);
    for (let i: u32 = 0; i < count; i++) {
      if (load<u32>(block_at(i), 4)) continue;
      // A large object of the scenario is no block of the size searched for.
      if (scenario != SCENARIO_BACKEND) fail(FAIL_LOST);
    }
    if (misuse_count()) fail(FAIL_MISUSE);
  }
  return load<i32>(FAILURE);
}
