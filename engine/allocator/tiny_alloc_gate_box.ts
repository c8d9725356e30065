// Size to bin: the gate of tiny allocation.
import { HAKMEM_METRIC_BAD_CLASS_COMPILED } from './build_flags';
import { front_stat_inc } from './front_stats_box';
import { STAT_ALLOC_GATE_TOTAL, STAT_BAD_CLASS, stat_inc } from './stats';
import { tiny_bin_of_size, tiny_get_max_size } from './tiny_size_class';

/** Bin of a tiny size, 0 when the size is not tiny. */
@inline
export function tiny_alloc_gate(size: usize): u32 {
  if (size > tiny_get_max_size()) {
    if (HAKMEM_METRIC_BAD_CLASS_COMPILED) stat_inc(STAT_BAD_CLASS);
    return 0;
  }
  front_stat_inc(STAT_ALLOC_GATE_TOTAL);
  return tiny_bin_of_size(size);
}
