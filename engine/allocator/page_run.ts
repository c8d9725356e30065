// Runs of 64 KiB pages: the engine's address space below superslabs and large objects. Free runs are kept by length
// with their boundary tags outside the memory they describe, so freeing coalesces in constant time. All functions
// expect the lock.
import { BENCH_MINIMAL } from './build_flags';
import {
  PAGE_FREE_RUN,
  PAGE_MAP,
  PAGE_SHIFT,
  RUN_LENGTH,
  RUN_NEXT,
  RUN_PREV,
  SHARED_OOM_COUNT,
  SHARED_RUN_HEADS,
  SHARED_TOP_PAGE,
  SS_PAGES,
} from './layout';
import { madvise_recommit } from './madvise_guard_box';
import { ss_os_acquire } from './ss_os_acquire_box';

const LAST_LIST: u32 = 64;

/** Whether the last run came from memory never used before, hence zero. Read it under the same lock. */
export let g_run_fresh: bool = false;

/** Pages that this thread has made the heap grow by. */
export let g_pages_grown: u32 = 0;

@inline // leaf
function list_of(pages: u32): usize {
  return SHARED_RUN_HEADS + (<usize>min<u32>(pages, LAST_LIST) << 2);
}

@inline // leaf
export function run_length(page: u32): u32 {
  return load<u16>(RUN_LENGTH + (<usize>page << 1));
}

@inline // leaf
export function set_run_length(page: u32, pages: u32): void {
  store<u16>(RUN_LENGTH + (<usize>page << 1), <u16>pages);
}

function run_insert(page: u32, pages: u32): void {
  const list = list_of(pages);
  const head = load<u32>(list);
  store<u16>(RUN_NEXT + (<usize>page << 1), <u16>head);
  store<u16>(RUN_PREV + (<usize>page << 1), 0);
  if (head) store<u16>(RUN_PREV + (<usize>head << 1), <u16>page);
  store<u32>(list, page);
  set_run_length(page, pages);
  set_run_length(page + pages - 1, pages);
  store<u8>(PAGE_MAP + page, <u8>PAGE_FREE_RUN);
  store<u8>(PAGE_MAP + page + pages - 1, <u8>PAGE_FREE_RUN);
}

function run_remove(page: u32): u32 {
  const pages = run_length(page);
  const next: u32 = load<u16>(RUN_NEXT + (<usize>page << 1));
  const prev: u32 = load<u16>(RUN_PREV + (<usize>page << 1));
  if (prev) store<u16>(RUN_NEXT + (<usize>prev << 1), <u16>next);
  else store<u32>(list_of(pages), next);
  if (next) store<u16>(RUN_PREV + (<usize>next << 1), <u16>prev);
  store<u8>(PAGE_MAP + page, 0);
  store<u8>(PAGE_MAP + page + pages - 1, 0);
  return pages;
}

/** Cuts `pages` pages off the front of a free run; the rest stays free. */
function run_take(page: u32, pages: u32): void {
  const have = run_remove(page);
  if (have > pages) run_insert(page + pages, have - pages);
  if (!BENCH_MINIMAL) g_run_fresh = madvise_recommit(page, pages);
}

function take_from_top(pages: u32): u32 {
  const page = load<u32>(SHARED_TOP_PAGE);
  if (page + pages > 65535 || !ss_os_acquire(page + pages)) {
    store<u32>(SHARED_OOM_COUNT, load<u32>(SHARED_OOM_COUNT) + 1);
    return 0;
  }
  store<u32>(SHARED_TOP_PAGE, page + pages);
  g_run_fresh = true;
  g_pages_grown += pages;
  return page;
}

/** A run of `pages` pages (best fit by length), or 0 when memory is out. */
export function page_run_alloc(pages: u32): usize {
  g_run_fresh = false;
  for (let n = pages; n < LAST_LIST; n++) {
    const page = load<u32>(list_of(n));
    if (page) {
      run_take(page, pages);
      return <usize>page << PAGE_SHIFT;
    }
  }
  let best: u32 = 0;
  let best_pages: u32 = 0xffffffff;
  let page = load<u32>(list_of(LAST_LIST));
  while (page) {
    const n = run_length(page);
    if (n >= pages && n < best_pages) {
      best = page;
      best_pages = n;
    }
    page = load<u16>(RUN_NEXT + (<usize>page << 1));
  }
  if (best) {
    run_take(best, pages);
    return <usize>best << PAGE_SHIFT;
  }
  return <usize>take_from_top(pages) << PAGE_SHIFT;
}

/** A superslab: SS_PAGES pages aligned to their size, or 0 when memory is out. */
export function page_run_alloc_superslab(): usize {
  g_run_fresh = false;
  for (let n: u32 = SS_PAGES; n <= LAST_LIST; n++) {
    let page = load<u32>(list_of(n));
    while (page) {
      const have = run_length(page);
      const start = (page + SS_PAGES - 1) & ~(SS_PAGES - 1);
      if (start + SS_PAGES <= page + have) {
        run_remove(page);
        if (start > page) run_insert(page, start - page);
        const end = start + SS_PAGES;
        if (page + have > end) run_insert(end, page + have - end);
        if (!BENCH_MINIMAL) g_run_fresh = madvise_recommit(start, SS_PAGES);
        return <usize>start << PAGE_SHIFT;
      }
      page = load<u16>(RUN_NEXT + (<usize>page << 1));
    }
  }
  const top = load<u32>(SHARED_TOP_PAGE);
  const gap = (0 - top) & (SS_PAGES - 1);
  const page = take_from_top(gap + SS_PAGES);
  if (!page) return 0;
  if (gap) page_run_free(page, gap);
  return <usize>(page + gap) << PAGE_SHIFT;
}

/** Takes `pages` pages from `page` on, out of the free run that begins there or above the top. False when not free. */
export function page_run_extend(page: u32, pages: u32): bool {
  const top = load<u32>(SHARED_TOP_PAGE);
  if (page == top) return take_from_top(pages) != 0;
  if (load<u8>(PAGE_MAP + page) != PAGE_FREE_RUN) return false;
  const have = run_length(page);
  if (have < pages) return false;
  run_take(page, pages);
  return true;
}

/** Gives a run back and joins it with free neighbours. */
export function page_run_free(page: u32, pages: u32): void {
  let start = page;
  let n = pages;
  if (load<u8>(PAGE_MAP + page - 1) == PAGE_FREE_RUN) {
    start = page - run_length(page - 1);
    n += run_remove(start);
  }
  const next = page + pages;
  if (next < load<u32>(SHARED_TOP_PAGE) && load<u8>(PAGE_MAP + next) == PAGE_FREE_RUN) n += run_remove(next);
  run_insert(start, n);
}
