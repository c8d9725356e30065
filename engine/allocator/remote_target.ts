// Remote target queue: LANES lock-free stacks of freed blocks a heap, pushed by other threads, taken whole by its owner. A
// thread gathers up to BATCH blocks for one owner and pushes them with one compare-and-swap, each batch to the next lane.
//
// What is linked are carriers: freed blocks whose own bytes name further ones, +0 next carrier, +4 blocks named, +8 their
// addresses. The freeing thread then writes into one block of many, and the owner reads one cache line of another core's for
// many blocks; a block too small to name any is a carrier of itself alone. The owner follows all lanes at once.
import { BENCH_MINIMAL, HAKMEM_TINY_HEADER } from './build_flags';
import { PAGE_OWNER, PAGE_SHIFT, TLS_REMOTE } from './layout';
import { MISUSE_DOUBLE_FREE, misuse_report } from './misuse_box';
import { tiny_own_bin } from './own_bin';
import { remote_target_len_enabled, remote_target_len_queued, remote_target_len_taken } from './remote_target_len_box';
import { page_bin } from './classify_ptr';
import { bin_capacity, class_of_bin } from './tiny_size_class';
import { g_tls } from './tls';
import { unified_cache_heads, unified_cache_push_list } from './unified_cache';

const BATCH: u32 = 16;
/** Where a carrier names blocks. */
const NAMED_AT: usize = 8;
/** A power of two; their heads share a cache line. */
const LANES: u32 = 4;

// The frees that this thread has gathered, all for one owner. Not in the heap block: a thread that only frees has none.
let g_batch_owner: usize = 0;
let g_batch_first: usize = 0;
let g_batch_last: usize = 0;
let g_batch_count: u32 = 0;
/** Of the newest carrier, which is the first: blocks that it names, and that it could name. */
let g_batch_named: u32 = 0;
let g_batch_room: u32 = 0;
let g_batch_newest: usize = 0;
let g_batch_lane: u32 = 0;

/** Heap block that owns the page of `ptr`. */
@inline // leaf
export function page_owner(ptr: usize): usize {
  return <usize>load<u16>(PAGE_OWNER + (ptr >>> PAGE_SHIFT << 1)) << PAGE_SHIFT;
}

/** Pushes the chain `first` .. `last`, linked through the blocks, to the stack at `at`. */
function remote_target_push_chain(at: usize, first: usize, last: usize): void {
  let head = atomic.load<u32>(at);
  for (;;) {
    store<u32>(last, head);
    const seen = atomic.cmpxchg<u32>(at, head, <u32>first);
    if (seen == head) return;
    head = seen;
  }
}

/** Pushes what this thread has gathered. */
export function remote_target_flush(): void {
  const first = g_batch_first;
  if (!first) return;
  store<u32>(first, g_batch_named, 4);
  g_batch_first = 0;
  g_batch_newest = 0;
  g_batch_count = 0;
  const lane = g_batch_owner + TLS_REMOTE + (<usize>g_batch_lane << 2);
  g_batch_lane = (g_batch_lane + 1) & (LANES - 1);
  remote_target_push_chain(lane, first, g_batch_last);
}

/** Makes a block the carrier of those that follow. */
function remote_target_carrier(ptr: usize): void {
  const before = g_batch_first;
  if (before) store<u32>(before, g_batch_named, 4);
  else g_batch_last = ptr;
  store<u32>(ptr, <u32>before);
  g_batch_first = ptr;
  g_batch_named = 0;
  g_batch_room = (bin_capacity(page_bin(ptr)) - <u32>NAMED_AT) >>> 2;
}

/** Gives a block back to the heap that owns its page. 0, or the misuse that it would be. */
export function remote_target_push(ptr: usize): u32 {
  const owner = page_owner(ptr);
  if (g_batch_newest == ptr) return MISUSE_DOUBLE_FREE;
  // Before the block joins, not after: the block freed last stays visible here, and a second free of it at once is seen.
  if (g_batch_count >= BATCH || g_batch_owner != owner) {
    remote_target_flush();
    g_batch_owner = owner;
  }
  g_batch_newest = ptr;
  if (g_batch_count++ && g_batch_named < g_batch_room) {
    store<u32>(g_batch_first + (<usize>g_batch_named << 2), <u32>ptr, NAMED_AT);
    g_batch_named++;
  } else {
    remote_target_carrier(ptr);
  }
  if (!BENCH_MINIMAL && remote_target_len_enabled() && remote_target_len_queued(owner, ptr)) remote_target_flush();
  return 0;
}

/** Whether anything was given back to `heap`. */
@inline // leaf
export function remote_target_any(heap: usize): bool {
  return (load<u64>(heap, TLS_REMOTE) | load<u64>(heap, TLS_REMOTE + 8)) != 0;
}

/** Takes in a block that was given back. */
function remote_target_take_block(ptr: usize): void {
  if (!BENCH_MINIMAL) remote_target_len_taken(ptr);
  const bin = tiny_own_bin(ptr);
  if (!bin) {
    remote_target_push(ptr);
  } else if (!HAKMEM_TINY_HEADER && unified_cache_heads(bin, ptr)) {
    // Freed here and, at once, elsewhere.
    misuse_report(MISUSE_DOUBLE_FREE, ptr, class_of_bin(bin));
  } else {
    unified_cache_push_list(bin, ptr);
  }
}

/** Takes in a carrier and what it names; returns the next one. */
function remote_target_take_carrier(carrier: usize): usize {
  const next: usize = load<u32>(carrier);
  // The carrier last: its bytes change when it joins a list.
  const end = carrier + (<usize>load<u32>(carrier, 4) << 2);
  for (let at = carrier; at < end; at += 4) remote_target_take_block(load<u32>(at, NAMED_AT));
  remote_target_take_block(carrier);
  return next;
}

/**
 * Takes everything that was given back to `heap`: blocks of this thread's pages go into its cache, blocks whose page has
 * changed its owner meanwhile go on to that one.
 */
export function remote_target_take(heap: usize): void {
  if (!remote_target_any(heap)) return;
  const at = heap + TLS_REMOTE;
  let a: usize = load<u32>(at) ? atomic.xchg<u32>(at, 0) : 0;
  let b: usize = load<u32>(at, 4) ? atomic.xchg<u32>(at, 0, 4) : 0;
  let c: usize = load<u32>(at, 8) ? atomic.xchg<u32>(at, 0, 8) : 0;
  let d: usize = load<u32>(at, 12) ? atomic.xchg<u32>(at, 0, 12) : 0;
  while (a | b | c | d) {
    if (a) a = remote_target_take_carrier(a);
    if (b) b = remote_target_take_carrier(b);
    if (c) c = remote_target_take_carrier(c);
    if (d) d = remote_target_take_carrier(d);
  }
}

/** Moves everything that others gave back into this thread's cache. */
export function remote_target_drain(): void {
  remote_target_take(g_tls);
}
