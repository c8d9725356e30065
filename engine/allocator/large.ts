// Large objects: page runs of their own, marked in the page map by their first page.
import {
  PAGE_BYTES,
  PAGE_LARGE,
  PAGE_LARGE_REST,
  PAGE_MAP,
  PAGE_SHIFT,
} from './layout';
import { hak_lock_acquire, hak_lock_release } from './lock';
import { ss_release_policy_before, ss_release_policy_reclaim } from './ss_release_policy_box';
import { g_run_fresh, page_run_alloc, page_run_free, run_length, set_run_length } from './page_run';

/** Whether the last large_alloc of this thread gave memory that is still zero. */
export let g_large_fresh: bool = false;

/** A run of whole pages, aligned to 64 KiB; 0 when memory is out. */
export function large_alloc(size: usize): usize {
  if (size > 0xfffe0000) return 0;
  const pages = <u32>((size + PAGE_BYTES - 1) >>> PAGE_SHIFT);
  ss_release_policy_before(pages);
  const at = large_alloc_run(pages);
  return at || !ss_release_policy_reclaim() ? at : large_alloc_run(pages);
}

function large_alloc_run(pages: u32): usize {
  hak_lock_acquire();
  const at = page_run_alloc(pages);
  g_large_fresh = g_run_fresh;
  if (at) {
    const page = <u32>(at >>> PAGE_SHIFT);
    set_run_length(page, pages);
    store<u8>(PAGE_MAP + page, <u8>PAGE_LARGE);
    if (pages > 1) memory.fill(PAGE_MAP + page + 1, <u8>PAGE_LARGE_REST, pages - 1);
  }
  hak_lock_release();
  return at;
}

/** Gives a large object back. `ptr` is the start of a page marked PAGE_LARGE. */
export function large_free(ptr: usize): void {
  hak_lock_acquire();
  const page = <u32>(ptr >>> PAGE_SHIFT);
  const pages = run_length(page);
  memory.fill(PAGE_MAP + page, 0, pages);
  page_run_free(page, pages);
  hak_lock_release();
}

@inline // leaf
export function large_usable_size(ptr: usize): usize {
  return <usize>run_length(<u32>(ptr >>> PAGE_SHIFT)) << PAGE_SHIFT;
}
