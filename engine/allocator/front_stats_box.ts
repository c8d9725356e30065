// 19-C: statistics of the front, on every operation or, with HAKMEM_FRONT_STATS_SAMPLED, on one in 4096.
import { HAKMEM_FRONT_STATS_COMPILED, HAKMEM_FRONT_STATS_SAMPLED } from './build_flags';
import { STAT_FRONT_FREE_BY_CLASS, stat_inc } from './stats';

let g_stat_counter: u32 = 0;

/** FRONT_FASTLANE_STAT_INC, FREE_PATH_STAT_INC, ALLOC_GATE_STAT_INC: one cell each. */
@inline // leaf
export function front_stat_inc(cell: u32): void {
  if (!HAKMEM_FRONT_STATS_COMPILED) return;
  if (HAKMEM_FRONT_STATS_SAMPLED && (++g_stat_counter & 0xfff) != 0) return;
  stat_inc(cell);
}

@inline // leaf
export function tiny_front_free_stat_inc(cls: u32): void {
  front_stat_inc(STAT_FRONT_FREE_BY_CLASS + cls);
}
