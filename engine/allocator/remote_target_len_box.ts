// g_remote_target_len: blocks of each class that are on their way to the heaps that own them. Flow control, not telemetry: with
// HAKMEM_REMOTE_TARGET_LEN=n, n > 0, a thread that frees one block more than n of a class hands over what it has gathered at
// once and asks the owner to take it in, which the owner does at its next allocation off the fast path.
import { BENCH_MINIMAL } from './build_flags';
import { page_bin } from './classify_ptr';
import { hak_env_u32 } from './hak_env';
import { SHARED_REMOTE_TARGET_LEN, TLS_REMOTE_ASK } from './pools_layout';
import { class_of_bin } from './tiny_size_class';
import { g_tls } from './tls';

let g_remote_target_read: bool = false;
let g_remote_target: u32 = 0;

@inline // leaf
export function remote_target_len_enabled(): bool {
  if (BENCH_MINIMAL) return false;
  if (!g_remote_target_read) {
    g_remote_target = hak_env_u32('HAKMEM_REMOTE_TARGET_LEN', 0);
    g_remote_target_read = true;
  }
  return g_remote_target != 0;
}

@inline // leaf
function g_remote_target_len(ptr: usize): usize {
  return SHARED_REMOTE_TARGET_LEN + (<usize>class_of_bin(page_bin(ptr)) << 2);
}

/** Counts a block that is for `owner`; true when there are too many of its class, and the owner has been asked to drain. */
export function remote_target_len_queued(owner: usize, ptr: usize): bool {
  if (atomic.add<u32>(g_remote_target_len(ptr), 1) < g_remote_target) return false;
  atomic.store<u32>(owner + TLS_REMOTE_ASK, 1);
  return true;
}

/** Counts a block that has been taken out of a queue. */
@inline // leaf
export function remote_target_len_taken(ptr: usize): void {
  if (remote_target_len_enabled()) atomic.sub<u32>(g_remote_target_len(ptr), 1);
}

/** Whether this thread has been asked to drain since it was asked last. */
@inline // leaf
export function remote_target_asked(): bool {
  return remote_target_len_enabled() && load<u32>(g_tls, TLS_REMOTE_ASK) != 0 && atomic.xchg<u32>(g_tls + TLS_REMOTE_ASK, 0) != 0;
}
