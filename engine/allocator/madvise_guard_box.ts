// Giving memory back to the system. WebAssembly's memory cannot shrink: what an allocator does with madvise elsewhere is here a
// mark a page, a count, and zeros before the page is used again. The guard refuses what is not free. Expects the lock.
import { bulk_fill } from './bulk';
import { HAKMEM_SS_OS_STATS_COMPILED } from './build_flags';
import { PAGE_FREE_RUN, PAGE_MAP, PAGE_OWNER, PAGE_SHIFT, SHARED_DECOMMITTED, SS_PAGES } from './layout';
import { ss_mem_lean_decommit_enabled } from './ss_mem_lean_env_box';
import { STAT_SS_OS_MADVISE_CALLS, STAT_SS_OS_MADVISE_REFUSED, stat_inc } from './stats';
import { SS_DECOMMIT_MASK, SS_MAGIC, ss_meta } from './superslab_registry';

/** Whether nobody can hold a block in the page. */
function may_go(page: u32): bool {
  const code = load<u8>(PAGE_MAP + page);
  if (code && code != PAGE_FREE_RUN) return false;
  return load<u32>(ss_meta(page / SS_PAGES)) != SS_MAGIC && !load<u16>(PAGE_OWNER + (<usize>page << 1));
}

@inline // leaf
function decommit_mask(page: u32): usize {
  return ss_meta(page / SS_PAGES) + SS_DECOMMIT_MASK;
}

/** Marks `pages` pages from `page` on as given back. False, and nothing marked, when one of them is in use. */
export function madvise_guarded(page: u32, pages: u32): bool {
  for (let i = page; i < page + pages; i++) {
    if (may_go(i)) continue;
    if (HAKMEM_SS_OS_STATS_COMPILED) stat_inc(STAT_SS_OS_MADVISE_REFUSED);
    return false;
  }
  if (HAKMEM_SS_OS_STATS_COMPILED) stat_inc(STAT_SS_OS_MADVISE_CALLS);
  let marked: u32 = 0;
  for (let i = page; i < page + pages; i++) {
    const bit: u32 = 1 << (i & (SS_PAGES - 1));
    const mask = load<u32>(decommit_mask(i));
    if (!(mask & bit)) marked++;
    store<u32>(decommit_mask(i), mask | bit);
  }
  store<u32>(SHARED_DECOMMITTED, load<u32>(SHARED_DECOMMITTED) + marked);
  return true;
}

/** A run has just become free: in lean mode with decommit it goes back. */
export function madvise_guard_free_run(page: u32, pages: u32): void {
  if (ss_mem_lean_decommit_enabled()) madvise_guarded(page, pages);
}

/** Pages are about to be used: those given back come back as zeros. True when that makes all of them zeros. */
export function madvise_recommit(page: u32, pages: u32): bool {
  if (!load<u32>(SHARED_DECOMMITTED)) return false;
  let zeroed: u32 = 0;
  for (let i = page; i < page + pages; i++) {
    const bit: u32 = 1 << (i & (SS_PAGES - 1));
    const mask = load<u32>(decommit_mask(i));
    if (!(mask & bit)) continue;
    store<u32>(decommit_mask(i), mask & ~bit);
    bulk_fill(<usize>i << PAGE_SHIFT, 0, 1 << PAGE_SHIFT);
    zeroed++;
  }
  store<u32>(SHARED_DECOMMITTED, load<u32>(SHARED_DECOMMITTED) - zeroed);
  return zeroed == pages;
}
