// pc (producer_consumer): pairs of threads with a single-producer single-consumer ring between them.
//
// Parameters: 0 threads  1 items  2 ring (slots)  3 min  4 max  5 seed  6 rings  7 bytes of a ring
// A ring: +0 head (producer)  +64 tail (consumer)  +128 slots (u32). Each side looks at the other's end only when, as far as
// it knows, the ring is full or empty (as in MCRingBuffer; Lee, Bu and Chandranmenon 2009).
import { free, malloc } from '../allocator/wrappers';
import { step } from './random';
import { abort_all, param, pass_end, pass_start, seed_of, spin_while } from './threads';

export const RING_TAIL: usize = 64;
export const RING_ITEMS: usize = 128;

/** Returns the objects allocated and pushed: fewer than `items` when memory ran out or the pass was ended. */
function pc_produce(
  block: usize,
  ring: usize,
  slots: u32,
  items: u32,
  min: u32,
  max: u32,
  seed: u32,
): u32 {
  const span = max - min + 1;
  const mask = slots - 1;
  let x = seed;
  // The head at which the ring would be full.
  let limit = slots;
  for (let head: u32 = 0; head < items; head++) {
    x = step(x);
    const n = min + ((x >>> 8) % span);
    const p = malloc(n);
    if (!p) return head;
    store<u8>(p, 1);
    store<u8>(p + n - 1, 1);
    if (head == limit) {
      let tail = atomic.load<u32>(ring, RING_TAIL);
      if (head - tail >= slots) {
        if (!spin_while(ring + RING_TAIL, tail, block)) return head;
        tail = atomic.load<u32>(ring, RING_TAIL);
      }
      limit = tail + slots;
    }
    store<u32>(ring + (<usize>(head & mask) << 2), <u32>p, RING_ITEMS);
    atomic.store<u32>(ring, head + 1);
  }
  return items;
}

/** Returns the sum of the bytes read, so that the reads stay; `items` objects were freed unless the pass was ended. */
function pc_consume(block: usize, ring: usize, slots: u32, items: u32): u32 {
  const mask = slots - 1;
  let sum: u32 = 0;
  let head: u32 = 0;
  for (let tail: u32 = 0; tail < items; tail++) {
    if (head == tail) {
      head = atomic.load<u32>(ring);
      if (head == tail) {
        if (!spin_while(ring, tail, block)) return sum;
        head = atomic.load<u32>(ring);
      }
    }
    const p: usize = load<u32>(ring + (<usize>(tail & mask) << 2), RING_ITEMS);
    atomic.store<u32>(ring, tail + 1, RING_TAIL);
    sum += load<u8>(p);
    free(p);
  }
  return sum;
}

/** Part of thread `thread` in a pass: producers come first, then the consumer of each. */
export function pc_thread(block: usize, thread: u32): void {
  const threads = param(block, 0);
  const pairs = threads >>> 1;
  const items = param(block, 1);
  const slots = param(block, 2);
  const producer = thread < pairs;
  const pair = producer ? thread : thread - pairs;
  const ring = <usize>param(block, 6) + <usize>(pair * param(block, 7));
  if (!pass_start(block, thread, threads)) return;
  let done: u32;
  if (producer) {
    const seed = seed_of(param(block, 5), pair);
    done = pc_produce(block, ring, slots, items, param(block, 3), param(block, 4), seed);
    if (done < items) abort_all(block);
  } else {
    // Every object's first byte is 1.
    done = pc_consume(block, ring, slots, items);
  }
  pass_end(block, thread, done);
}
