// Slabs back to the shared pool; a superslab without used slabs becomes a page run again.
import { BENCH_MINIMAL, HAKMEM_BUILD_DEBUG, HAKMEM_REL_C7_LOG_COMPILED } from './build_flags';
import { PAGE_MAP, PAGE_OWNER, PAGE_SHIFT, SS_PAGES, SS_SHIFT } from './layout';
import { hak_lock_acquire, hak_lock_release } from './lock';
import { MISUSE_DOUBLE_FREE, misuse_report } from './misuse_box';
import { shared_pool_link, shared_pool_unlink } from './shared_pool_acquire';
import { ss_deallocate, ss_stays_when_empty, ss_take_fresh } from './ss_allocation_box';
import { STAT_REL_C7_SLABS, STAT_REL_C7_SUPERSLABS, stat_inc } from './stats';
import { SS_FREE_MASK, ss_meta } from './superslab_registry';
import { ss_tier_after_release } from './superslab_tiers';
import { class_of_bin } from './tiny_size_class';

/** rel_c7_*. */
function rel_c7(page: u32, last: bool): void {
  if (!HAKMEM_REL_C7_LOG_COMPILED || class_of_bin(load<u8>(PAGE_MAP + page)) != 7) return;
  stat_inc(STAT_REL_C7_SLABS);
  if (last) stat_inc(STAT_REL_C7_SUPERSLABS);
}

export function shared_pool_release(slab: usize): void {
  hak_lock_acquire();
  const page = <u32>(slab >>> PAGE_SHIFT);
  const index = <u32>(slab >>> SS_SHIFT);
  const meta = ss_meta(index);
  const before = load<u32>(meta, SS_FREE_MASK);
  const after = before | (1 << (page & (SS_PAGES - 1)));
  if (HAKMEM_BUILD_DEBUG && before == after) {
    // Never taken, or back already: a fault of the engine's own.
    misuse_report(MISUSE_DOUBLE_FREE, slab, class_of_bin(load<u8>(PAGE_MAP + page)));
    hak_lock_release();
    return;
  }
  if (HAKMEM_REL_C7_LOG_COMPILED) rel_c7(page, after == 0xffff);
  // Whoever had it may have written to it.
  ss_take_fresh(slab);
  store<u8>(PAGE_MAP + page, 0);
  store<u16>(PAGE_OWNER + (page << 1), 0);
  store<u32>(meta, after, SS_FREE_MASK);
  if (!before) shared_pool_link(index);
  if (!BENCH_MINIMAL) ss_tier_after_release(index, popcnt(after));
  if (after == 0xffff && !ss_stays_when_empty(index)) {
    shared_pool_unlink(index);
    ss_deallocate(index);
  }
  hak_lock_release();
}
