// Which superslab the next slab comes from, stage by stage. All of it expects the lock.
//
//   0.5  scan of the registry around the superslab that served last: a hot one with a free slab
//   1    the partial list: the first hot one
//   2    the partial list: any; it is hot from now on
//   3    a new superslab (ss_allocation_box.ts)
import { HAKMEM_DBG_C7_LOG_COMPILED } from './build_flags';
import { SHARED_SS_PARTIAL, SHARED_TOP_PAGE, SS_SHIFT, PAGE_SHIFT } from './layout';
import { ss_registry_scan_enabled } from './ss_acquire_env_box';
import { STAT_DBG_C7_STAGE, stat_inc } from './stats';
import { SS_FREE_MASK, SS_MAGIC, SS_NEXT, ss_meta } from './superslab_registry';
import { SS_TIER_HOT, ss_tier_seems_hot, ss_tier_set, ss_tier_validate } from './superslab_tiers';
import { class_of_bin } from './tiny_size_class';

/** Records that stage 0.5 and candidates that stage 1 look at, at most. */
const SCAN: u32 = 16;
export const SS_NONE: u32 = 0xffffffff;

let g_last: u32 = 0;

function takes(index: u32): bool {
  return ss_tier_seems_hot(index) && ss_tier_validate(index);
}

function stage_registry_scan(): u32 {
  const top = (load<u32>(SHARED_TOP_PAGE) + 15) >>> (SS_SHIFT - PAGE_SHIFT);
  for (let i: u32 = 0; i < SCAN; i++) {
    const index = g_last + i;
    if (index >= top) return SS_NONE;
    const meta = ss_meta(index);
    if (load<u32>(meta) == SS_MAGIC && load<u32>(meta, SS_FREE_MASK) && takes(index)) return index;
  }
  return SS_NONE;
}

function stage_partial_hot(): u32 {
  let at = load<u32>(SHARED_SS_PARTIAL);
  for (let i: u32 = 0; at && i < SCAN; i++) {
    if (takes(at - 1)) return at - 1;
    at = load<u32>(ss_meta(at - 1), SS_NEXT);
  }
  return SS_NONE;
}

function stage_partial_any(): u32 {
  const index = load<u32>(SHARED_SS_PARTIAL) - 1;
  if (index != SS_NONE) ss_tier_set(index, SS_TIER_HOT);
  return index;
}

/** dbg_c7_*: which stage served a slab of class 7 (3: none of these). */
function dbg_c7(bin: u32, stage: u32): void {
  if (HAKMEM_DBG_C7_LOG_COMPILED && class_of_bin(bin) == 7) stat_inc(STAT_DBG_C7_STAGE + stage);
}

/** Index of a superslab with a free slab, SS_NONE when there is none. */
export function shared_pool_choose(bin: u32): u32 {
  let index = ss_registry_scan_enabled() ? stage_registry_scan() : SS_NONE;
  let stage: u32 = 0;
  if (index == SS_NONE) {
    index = stage_partial_hot();
    stage = 1;
  }
  if (index == SS_NONE) {
    index = stage_partial_any();
    stage = 2;
  }
  dbg_c7(bin, index == SS_NONE ? 3 : stage);
  if (index != SS_NONE) g_last = index;
  return index;
}
