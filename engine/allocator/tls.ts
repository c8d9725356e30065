// Thread blocks. Mutable globals belong to the instance, and every thread has its own instance, so a plain global is
// thread-local storage.
import { SHARED_THREADS, TLS_BYTES, TLS_FIRST } from './layout';
import { page_run_alloc } from './page_run';
import { hak_lock_acquire, hak_lock_release } from './lock';

/** The owner of a page is one byte, 0 for none. */
const MAX_THREADS: u32 = 255;

/** Address of this thread's block. Mutable and never folded: each thread's instance sets its own. */
export let g_tls: usize = 0;
export let g_tid: u32 = 0;

/** Gives this instance a thread block; thread ids are 0.. in the order of the calls. False when memory or ids are out. */
export function tls_attach(): bool {
  const tid = atomic.add<u32>(SHARED_THREADS, 1);
  if (tid >= MAX_THREADS) return false;
  if (tid == 0) {
    g_tls = TLS_FIRST;
  } else {
    hak_lock_acquire();
    const block = page_run_alloc(<u32>(TLS_BYTES >>> 16));
    hak_lock_release();
    if (!block) return false;
    memory.fill(block, 0, TLS_BYTES);
    g_tls = block;
  }
  g_tid = tid;
  return true;
}
