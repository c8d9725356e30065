// Superslabs made out of page runs and given back to them. Expects the lock.
import { BENCH_MINIMAL, HAKMEM_SS_MUNMAP_GUARD_COMPILED } from './build_flags';
import { PAGE_SHIFT, SHARED_SS_PARTIAL, SS_PAGES, SS_SHIFT } from './layout';
import { madvise_guard_free_run } from './madvise_guard_box';
import { g_run_fresh, page_run_alloc_superslab, page_run_free } from './page_run';
import { SS_FRESH_MASK, SS_FREE_MASK, SS_MAGIC, SS_NEXT, ss_meta } from './superslab_registry';
import { SS_TIER_HOT, ss_tier_set } from './superslab_tiers';

/** Index of a new superslab with all its slabs free; 0 when memory is out. */
export function ss_allocate(): u32 {
  const at = page_run_alloc_superslab();
  if (!at) return 0;
  const index = <u32>(at >>> SS_SHIFT);
  const meta = ss_meta(index);
  store<u32>(meta, SS_MAGIC);
  store<u32>(meta, 0xffff, SS_FREE_MASK);
  store<u32>(meta, g_run_fresh ? 0xffff : 0, SS_FRESH_MASK);
  if (!BENCH_MINIMAL) ss_tier_set(index, SS_TIER_HOT);
  return index;
}

/** Whether an empty superslab stays: compiled out, as the documents' policy-based munmap guard. */
@inline // leaf
export function ss_stays_when_empty(index: u32): bool {
  // The only one with free slabs: the next slab would make a new one.
  return HAKMEM_SS_MUNMAP_GUARD_COMPILED && load<u32>(SHARED_SS_PARTIAL) == index + 1 && !load<u32>(ss_meta(index), SS_NEXT);
}

/** Makes an empty superslab, out of all lists already, a page run again. */
export function ss_deallocate(index: u32): void {
  store<u32>(ss_meta(index), 0);
  const page = index << (SS_SHIFT - PAGE_SHIFT);
  page_run_free(page, SS_PAGES);
  if (!BENCH_MINIMAL) madvise_guard_free_run(page, SS_PAGES);
}

/** Whether the slab at `slab` was never used; from now on it is. */
export function ss_take_fresh(slab: usize): bool {
  const mask = ss_meta(<u32>(slab >>> SS_SHIFT)) + SS_FRESH_MASK;
  const bit: u32 = 1 << (<u32>(slab >>> PAGE_SHIFT) & (SS_PAGES - 1));
  return (atomic.and<u32>(mask, ~bit) & bit) != 0;
}
