// Heap blocks: what a thread owns. Mutable globals belong to the instance, and every thread has its own instance, so a
// plain global is thread-local storage. A thread gets its heap when it first needs memory: until then g_tls points at a
// block of zeros, where every list is empty, so that the fast paths need no test for it.
import { bulk_fill } from './bulk';
import {
  SHARED_ABANDONED,
  SHARED_SPARE,
  SHARED_THREADS,
  TLS_BYTES,
  TLS_FIRST,
  TLS_NEXT_HEAP,
  TLS_NONE,
} from './layout';
import { hak_lock_acquire, hak_lock_release } from './lock';
import { g_run_fresh, page_run_alloc } from './page_run';

/** Address of this thread's heap block. Mutable and never folded: each thread's instance sets its own. */
export let g_tls: usize = TLS_NONE;

@inline // leaf
export function tls_attached(): bool {
  return g_tls != TLS_NONE;
}

/** Takes the first heap of a list of heaps, 0 when there is none. Expects the lock. */
export function heap_list_pop(list: usize): usize {
  const heap: usize = load<u32>(list);
  if (heap) store<u32>(list, load<u32>(heap, TLS_NEXT_HEAP));
  return heap;
}

/** Expects the lock. */
export function heap_list_push(list: usize, heap: usize): void {
  store<u32>(heap, load<u32>(list), TLS_NEXT_HEAP);
  store<u32>(list, <u32>heap);
}

function heap_block_new(): usize {
  const threads = load<u32>(SHARED_THREADS);
  store<u32>(SHARED_THREADS, threads + 1);
  if (!threads) return TLS_FIRST;
  const block = page_run_alloc(<u32>(TLS_BYTES >>> 16));
  // Memory that was used before is zeroed; fresh memory is not touched.
  if (block && !g_run_fresh) bulk_fill(block, 0, TLS_BYTES);
  return block;
}

/** Gives this thread a heap: that of a thread that has ended, else a new one. False when memory is out. */
export function tls_attach(): bool {
  hak_lock_acquire();
  let heap = heap_list_pop(SHARED_ABANDONED);
  if (!heap) heap = heap_list_pop(SHARED_SPARE);
  if (!heap) heap = heap_block_new();
  hak_lock_release();
  if (!heap) return false;
  g_tls = heap;
  return true;
}

/** From now on this thread has no heap. */
export function tls_detach(): void {
  g_tls = TLS_NONE;
}
