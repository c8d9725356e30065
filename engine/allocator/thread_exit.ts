// The end of a thread: its heap waits for the next thread, as it is.
import { BENCH_MINIMAL } from './build_flags';
import { front_forget } from './front_fold';
import { SHARED_ABANDONED, SHARED_TOP_PAGE, TLS_ABANDONED_TOP } from './layout';
import { hak_lock_acquire, hak_lock_release } from './lock';
import { mid_inuse_flush } from './mid_inuse_box';
import { mid_v3_inuse_enabled } from './mid_hotbox_v3_env_box';
import { remote_target_flush } from './remote_target';
import { g_tls, heap_list_push, tls_attached, tls_detach } from './tls';

/** Called by a thread's last breath; the instance may go on and then counts as a new thread. */
export function thread_exit(): void {
  remote_target_flush();
  if (!tls_attached()) return;
  if (!BENCH_MINIMAL && mid_v3_inuse_enabled()) mid_inuse_flush();
  front_forget();
  const heap = g_tls;
  tls_detach();
  hak_lock_acquire();
  store<u32>(heap, load<u32>(SHARED_TOP_PAGE), TLS_ABANDONED_TOP);
  heap_list_push(SHARED_ABANDONED, heap);
  hak_lock_release();
}
