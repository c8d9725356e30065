// Phase 27: g_unified_cache_*. Compiled in by HAKMEM_TINY_UNIFIED_CACHE_MEASURE_COMPILED.
import { STAT_UC_CLASS_HITS, STAT_UC_CLASS_MISSES, STAT_UC_HITS, STAT_UC_MISSES, stat_inc } from './stats';
import { TINY_BINS, tiny_class_of_bin } from './tiny_size_class';

@inline // leaf
export function unified_cache_measure_hit(bin: u32): void {
  stat_inc(STAT_UC_HITS);
  if (bin <= TINY_BINS) stat_inc(STAT_UC_CLASS_HITS + tiny_class_of_bin(bin));
}

@inline // leaf
export function unified_cache_measure_miss(bin: u32): void {
  stat_inc(STAT_UC_MISSES);
  if (bin <= TINY_BINS) stat_inc(STAT_UC_CLASS_MISSES + tiny_class_of_bin(bin));
}
