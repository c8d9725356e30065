// Entry of a tiny free into its superslab: Phase 25's g_free_ss_enter, compiled in by HAKMEM_TINY_FREE_STATS_COMPILED.
import { HAKMEM_TINY_FREE_STATS_COMPILED } from './build_flags';
import { STAT_FREE_SS_ENTER, stat_inc } from './stats';

@inline // leaf
export function tiny_superslab_free_enter(): void {
  if (HAKMEM_TINY_FREE_STATS_COMPILED) stat_inc(STAT_FREE_SS_ENTER);
}
