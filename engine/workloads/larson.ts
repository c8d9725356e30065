// larson: lineages of threads, each thread handing its slab to the next and ending.
//
// Parameters: 0 lineages  1 generations  2 chunks  3 min  4 max  5 rounds  6 seed  7 slabs (u32 a chunk)
// 8 states (64 bytes a lineage: x)
import { thread_exit } from '../allocator/thread_exit';
import { free, malloc } from '../allocator/wrappers';
import { step } from './random';
import { abort_all, param, pass_end, pass_start, seed_of, turn_give, turn_wait } from './threads';

/** Work of one generation. Returns the operations done: fewer than asked for when memory ran out. */
function larson_generation(
  slab: usize,
  chunks: u32,
  min: u32,
  max: u32,
  repeat: u32,
  state: usize,
  fill: bool,
): u32 {
  const span = max - min + 1;
  let x = load<u32>(state);
  if (fill) {
    for (let i: u32 = 0; i < chunks; i++) {
      x = step(x);
      const n = min + ((x >>> 8) % span);
      const p = malloc(n);
      store<u32>(slab + (<usize>i << 2), <u32>p);
      if (!p) return i;
      store<u8>(p, 1);
      store<u8>(p + n - 1, 1);
    }
  }
  for (let i: u32 = 0; i < repeat; i++) {
    x = step(x);
    const slot = slab + (<usize>(x % chunks) << 2);
    free(load<u32>(slot));
    const n = min + ((x >>> 8) % span);
    const p = malloc(n);
    store<u32>(slot, <u32>p);
    if (!p) return (fill ? chunks : 0) + 2 * i + 1;
    store<u8>(p, 1);
    store<u8>(p + n - 1, 1);
  }
  store<u32>(state, x);
  return (fill ? chunks : 0) + 2 * repeat;
}

/** Part of thread `thread` in a pass: generation `thread % generations` of lineage `thread / generations`. */
export function larson_thread(block: usize, thread: u32): void {
  const generations = param(block, 1);
  const lineage = thread / generations;
  const generation = thread % generations;
  const chunks = param(block, 2);
  const state = <usize>param(block, 8) + (<usize>lineage << 6);
  const started = generation
    ? turn_wait(block, thread)
    : pass_start(block, thread, param(block, 0) * generations);
  if (!started) {
    // Whoever sleeps behind this one has to end too.
    if (generation + 1 < generations) turn_give(block, thread + 1);
    return;
  }
  if (!generation) store<u32>(state, seed_of(param(block, 6), lineage));
  const repeat = param(block, 5) * chunks;
  const done = larson_generation(
    <usize>param(block, 7) + <usize>(lineage * chunks) * 4,
    chunks,
    param(block, 3),
    param(block, 4),
    repeat,
    state,
    generation == 0,
  );
  const wanted = 2 * repeat + (generation ? 0 : chunks);
  if (done != wanted) abort_all(block);
  // The next thread starts while this one ends, as with threads of the system.
  if (generation + 1 < generations) turn_give(block, thread + 1);
  thread_exit();
  pass_end(block, thread, done);
}

/** Untimed: the main thread frees the slots of all lineages in ascending order. */
export function larson_drain(block: usize): void {
  const slabs: usize = param(block, 7);
  const count = param(block, 0) * param(block, 2);
  for (let i: u32 = 0; i < count; i++) {
    const slot = slabs + (<usize>i << 2);
    free(load<u32>(slot));
    store<u32>(slot, 0);
  }
}
