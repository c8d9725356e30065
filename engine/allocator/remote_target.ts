// Remote target queue: a lock-free stack of freed blocks a heap, pushed by other threads, taken whole by its owner. A thread
// gathers up to BATCH blocks for one owner and pushes them with one compare-and-swap.
import { BENCH_MINIMAL, HAKMEM_TINY_HEADER } from './build_flags';
import { PAGE_OWNER, PAGE_SHIFT, TLS_BATCH, TLS_REMOTE } from './layout';
import { MISUSE_DOUBLE_FREE, misuse_report } from './misuse_box';
import { tiny_own_bin } from './own_bin';
import { remote_target_len_enabled, remote_target_len_queued, remote_target_len_taken } from './remote_target_len_box';
import { class_of_bin } from './tiny_size_class';
import { g_tls, tls_attached } from './tls';
import { unified_cache_heads, unified_cache_push_list } from './unified_cache';

const BATCH: u32 = 16;
const BATCH_FIRST: usize = TLS_BATCH + 4;
const BATCH_LAST: usize = TLS_BATCH + 8;
const BATCH_COUNT: usize = TLS_BATCH + 12;

/** Heap block that owns the page of `ptr`. */
@inline // leaf
export function page_owner(ptr: usize): usize {
  return <usize>load<u16>(PAGE_OWNER + (ptr >>> PAGE_SHIFT << 1)) << PAGE_SHIFT;
}

/** Pushes the chain `first` .. `last`, linked through the blocks, to the heap at `owner`. */
export function remote_target_push_chain(owner: usize, first: usize, last: usize): void {
  const at = owner + TLS_REMOTE;
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
  const first: usize = load<u32>(g_tls, BATCH_FIRST);
  if (!first) return;
  store<u32>(g_tls, 0, BATCH_FIRST);
  store<u32>(g_tls, 0, BATCH_COUNT);
  remote_target_push_chain(load<u32>(g_tls, TLS_BATCH), first, load<u32>(g_tls, BATCH_LAST));
}

/** Gives a block back to the heap that owns its page. 0, or the misuse that it would be. */
export function remote_target_push(ptr: usize): u32 {
  const owner = page_owner(ptr);
  if (!tls_attached()) {
    // A thread without a heap has no place to gather blocks in.
    if (load<u32>(owner, TLS_REMOTE) == <u32>ptr) return MISUSE_DOUBLE_FREE;
    if (!BENCH_MINIMAL && remote_target_len_enabled()) remote_target_len_queued(owner, ptr);
    remote_target_push_chain(owner, ptr, ptr);
    return 0;
  }
  const count = load<u32>(g_tls, BATCH_COUNT);
  let first: usize = load<u32>(g_tls, BATCH_FIRST);
  if (first == ptr) return MISUSE_DOUBLE_FREE;
  // Before the block joins, not after: the block freed last stays visible here, and a second free of it at once is seen.
  if (first && (count >= BATCH || load<u32>(g_tls, TLS_BATCH) != <u32>owner)) {
    remote_target_flush();
    first = 0;
  }
  if (!first) {
    store<u32>(g_tls, <u32>owner, TLS_BATCH);
    store<u32>(g_tls, <u32>ptr, BATCH_LAST);
  }
  store<u32>(ptr, <u32>first);
  store<u32>(g_tls, <u32>ptr, BATCH_FIRST);
  store<u32>(g_tls, first ? count + 1 : 1, BATCH_COUNT);
  if (!BENCH_MINIMAL && remote_target_len_enabled() && remote_target_len_queued(owner, ptr)) remote_target_flush();
  return 0;
}

/**
 * Takes everything that was given back to `heap`: blocks of this thread's pages go into its cache, blocks whose page has
 * changed its owner meanwhile go on to that one.
 */
export function remote_target_take(heap: usize): void {
  const at = heap + TLS_REMOTE;
  if (!load<u32>(at)) return;
  let ptr: usize = atomic.xchg<u32>(at, 0);
  while (ptr) {
    const next: usize = load<u32>(ptr);
    if (!BENCH_MINIMAL) remote_target_len_taken(ptr);
    const bin = tiny_own_bin(ptr);
    if (bin && !HAKMEM_TINY_HEADER && unified_cache_heads(bin, ptr)) {
      // Freed here and, at once, elsewhere.
      misuse_report(MISUSE_DOUBLE_FREE, ptr, class_of_bin(bin));
    } else if (bin) unified_cache_push_list(bin, ptr);
    else remote_target_push(ptr);
    ptr = next;
  }
}

/** Moves everything that others gave back into this thread's cache. */
export function remote_target_drain(): void {
  remote_target_take(g_tls);
}
