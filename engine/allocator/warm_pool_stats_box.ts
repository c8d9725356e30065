// Warm pool statistics (release hygiene, priority 3): present only with HAKMEM_DEBUG_COUNTERS.
import { STAT_WARM_HITS, STAT_WARM_MISSES, STAT_WARM_PREFILLED, stat_inc } from './stats';

export function warm_pool_record_hit(bin: u32): void {
  stat_inc(STAT_WARM_HITS + bin);
}

export function warm_pool_record_miss(bin: u32): void {
  stat_inc(STAT_WARM_MISSES + bin);
}

export function warm_pool_record_prefilled(bin: u32): void {
  stat_inc(STAT_WARM_PREFILLED + bin);
}
