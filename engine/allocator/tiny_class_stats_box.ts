// Phase 24: g_tiny_class_stats_*, cache hits and misses. Compiled in by HAKMEM_TINY_CLASS_STATS_COMPILED.
import { STAT_CLASS_C7, STAT_CLASS_HITS, STAT_CLASS_MID, STAT_CLASS_MISSES, STAT_CLASS_SMALL, stat_inc } from './stats';
import { TINY_BINS, tiny_class_of_bin } from './tiny_size_class';

@inline // leaf
export function tiny_class_stats_hit(bin: u32): void {
  stat_inc(STAT_CLASS_HITS);
  if (bin > TINY_BINS) return;
  const cls = tiny_class_of_bin(bin);
  stat_inc(cls == 7 ? STAT_CLASS_C7 : cls > 3 ? STAT_CLASS_MID : STAT_CLASS_SMALL);
}

@inline // leaf
export function tiny_class_stats_miss(bin: u32): void {
  stat_inc(STAT_CLASS_MISSES);
}
