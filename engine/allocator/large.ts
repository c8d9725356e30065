// Large objects: page runs of their own, marked in the page map by their first page.
import { BENCH_MINIMAL } from './build_flags';
import { PAGE_BYTES, PAGE_LARGE, PAGE_MAP, PAGE_SHIFT } from './layout';
import { hak_lock_acquire, hak_lock_release } from './lock';
import { madvise_guard_free_run } from './madvise_guard_box';
import { g_run_fresh, page_run_alloc, page_run_extend, page_run_free, run_length, set_run_length } from './page_run';
import { ss_release_policy_before, ss_release_policy_reclaim } from './ss_release_policy_box';
import { tls_attach, tls_attached } from './tls';

const LARGE_MAX: usize = 0xfffe0000;

/** Whether the last large_alloc of this thread gave memory that is still zero. */
export let g_large_fresh: bool = false;

@inline // leaf
function pages_of(size: usize): u32 {
  return <u32>((size + PAGE_BYTES - 1) >>> PAGE_SHIFT);
}

/** A run of whole pages, aligned to 64 KiB; 0 when memory is out. */
export function large_alloc(size: usize): usize {
  if (size > LARGE_MAX) return 0;
  if (!tls_attached() && !tls_attach()) return 0;
  const pages = pages_of(size);
  ss_release_policy_before(pages);
  const at = large_alloc_run(pages);
  return at || !ss_release_policy_reclaim(true) ? at : large_alloc_run(pages);
}

function large_alloc_run(pages: u32): usize {
  hak_lock_acquire();
  const at = page_run_alloc(pages);
  g_large_fresh = g_run_fresh;
  if (at) {
    const page = <u32>(at >>> PAGE_SHIFT);
    set_run_length(page, pages);
    store<u8>(PAGE_MAP + page, <u8>PAGE_LARGE);
  }
  hak_lock_release();
  return at;
}

/** Gives a large object back. `ptr` is the start of a page marked PAGE_LARGE. */
export function large_free(ptr: usize): void {
  hak_lock_acquire();
  const page = <u32>(ptr >>> PAGE_SHIFT);
  // Looked at again under the lock: another thread may have freed it since.
  if (load<u8>(PAGE_MAP + page) == PAGE_LARGE) {
    store<u8>(PAGE_MAP + page, 0);
    const pages = run_length(page);
    page_run_free(page, pages);
    if (!BENCH_MINIMAL) madvise_guard_free_run(page, pages);
  }
  hak_lock_release();
}

/** Makes a large object `size` bytes long where it lies. False when what follows it is not free. */
export function large_resize(ptr: usize, size: usize): bool {
  const page = <u32>(ptr >>> PAGE_SHIFT);
  // With headers the largest mid block offers more than MID_MAX_SIZE too.
  if (size > LARGE_MAX || load<u8>(PAGE_MAP + page) != PAGE_LARGE) return false;
  hak_lock_acquire();
  const have = run_length(page);
  const want = pages_of(size);
  let done = true;
  if (want < have) page_run_free(page + want, have - want);
  else if (want > have) done = page_run_extend(page + have, want - have);
  if (done) set_run_length(page, want);
  hak_lock_release();
  return done;
}

@inline // leaf
export function large_usable_size(ptr: usize): usize {
  return <usize>run_length(<u32>(ptr >>> PAGE_SHIFT)) << PAGE_SHIFT;
}
