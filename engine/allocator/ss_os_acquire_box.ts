// Memory from the system: linear memory only grows. Growth is in steps of 4 MiB, so that its cost is paid rarely;
// pages that nobody touches stay out of the resident set.
import { HAKMEM_SS_OS_STATS_COMPILED } from './build_flags';
import { STAT_SS_OS_ALLOC_CALLS, stat_inc } from './stats';

const STEP_PAGES: u32 = 64;

/** Makes pages 0..end-1 exist. False when the memory's limit is reached. */
export function ss_os_acquire(end: u32): bool {
  const have = <u32>memory.size();
  if (end <= have) return true;
  if (HAKMEM_SS_OS_STATS_COMPILED) stat_inc(STAT_SS_OS_ALLOC_CALLS);
  const need = end - have;
  const step = (need + STEP_PAGES - 1) & ~(STEP_PAGES - 1);
  if (memory.grow(<i32>step) >= 0) return true;
  return memory.grow(<i32>need) >= 0;
}
