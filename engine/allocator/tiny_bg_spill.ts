// Background spill queue: a lock-free stack of blocks a bin, shared by all threads, for what a thread's ring has no room for.
// A consumer takes the whole stack, never a part, so that a block that comes and goes cannot be mistaken for itself. The
// lengths bound the queues (flow control): they are read before blocks are queued, and may be late, never far off.
//
// A block in a queue belongs to nobody; whoever takes it may hand it out. Its page keeps its owner, to whom the free goes.
import { SHARED_BG_SPILL_HEAD, SHARED_BG_SPILL_LEN } from './pools_layout';

@inline // leaf
function g_bg_spill_head(bin: u32): usize {
  return SHARED_BG_SPILL_HEAD + (<usize>bin << 2);
}

@inline // leaf
function g_bg_spill_len(bin: u32): usize {
  return SHARED_BG_SPILL_LEN + (<usize>bin << 2);
}

/** Blocks queued for a bin. */
@inline // leaf
export function bg_spill_len(bin: u32): u32 {
  return atomic.load<u32>(g_bg_spill_len(bin));
}

/** Queues the chain `first` .. `last` of `count` blocks, linked through the blocks. */
export function bg_spill_push_chain(bin: u32, first: usize, last: usize, count: u32): void {
  // Before the blocks are there to be taken: the length never falls below zero.
  atomic.add<u32>(g_bg_spill_len(bin), count);
  let head = atomic.load<u32>(g_bg_spill_head(bin));
  for (;;) {
    store<u32>(last, head);
    const seen = atomic.cmpxchg<u32>(g_bg_spill_head(bin), head, <u32>first);
    if (seen == head) return;
    head = seen;
  }
}

/** Takes all that is queued for a bin: the first block of a chain, 0 when there is none. */
export function bg_spill_take_all(bin: u32): usize {
  if (!atomic.load<u32>(g_bg_spill_len(bin))) return 0;
  let head = atomic.load<u32>(g_bg_spill_head(bin));
  for (;;) {
    if (!head) return 0;
    const seen = atomic.cmpxchg<u32>(g_bg_spill_head(bin), head, 0);
    if (seen == head) break;
    head = seen;
  }
  let count: u32 = 0;
  for (let at: usize = head; at; at = load<u32>(at)) count++;
  atomic.sub<u32>(g_bg_spill_len(bin), count);
  return head;
}
