// Remote target queue: a lock-free stack of freed blocks a thread, pushed by others, taken whole by its owner.
import { PAGE_OWNER, PAGE_SHIFT, SHARED_REMOTE_HEADS, PAGE_MAP } from './layout';
import { g_tid } from './tls';
import { unified_cache_push } from './unified_cache';

/** Gives a block back to the thread that owns its page. */
export function remote_target_push(ptr: usize): void {
  const owner = <u32>load<u8>(PAGE_OWNER + (ptr >>> PAGE_SHIFT)) - 1;
  const at = SHARED_REMOTE_HEADS + (<usize>owner << 2);
  let head = atomic.load<u32>(at);
  for (;;) {
    store<u32>(ptr, head);
    const seen = atomic.cmpxchg<u32>(at, head, <u32>ptr);
    if (seen == head) return;
    head = seen;
  }
}

/** Moves everything that others gave back into this thread's cache. */
export function remote_target_drain(): void {
  const at = SHARED_REMOTE_HEADS + (<usize>g_tid << 2);
  if (!load<u32>(at)) return;
  let ptr: usize = atomic.xchg<u32>(at, 0);
  while (ptr) {
    const next: usize = load<u32>(ptr);
    unified_cache_push(load<u8>(PAGE_MAP + (ptr >>> PAGE_SHIFT)), ptr);
    ptr = next;
  }
}
