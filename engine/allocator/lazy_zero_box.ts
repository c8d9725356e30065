// Lazy zeroing: memory never used before is zero. A bin whose list is empty serves calloc from where it carves, one block at a
// time and without a link in it, as long as the slab is a fresh one.
import { BENCH_MINIMAL } from './build_flags';
import { TLS_CARVE_CUR, TLS_CARVE_END, TLS_FRESH, TLS_UNIFIED } from './layout';
import { ss_lazy_zero_enabled } from './ss_mem_lean_env_box';
import { bin_stride } from './tiny_size_class';
import { g_tls } from './tls';

/** Says whether `bin` carves from memory never used before. */
export function lazy_zero_set_fresh(bin: u32, fresh: bool): void {
  const bit: u64 = (<u64>1) << bin;
  const bits = load<u64>(g_tls, TLS_FRESH);
  store<u64>(g_tls, fresh ? bits | bit : bits & ~bit, TLS_FRESH);
}

/** A block of `bin` that is zero throughout, 0 when there is none at hand. */
export function lazy_zero_take(bin: u32): usize {
  const at = g_tls + (<usize>bin << 2);
  const cur: usize = load<u32>(at, TLS_CARVE_CUR);
  if (cur >= load<u32>(at, TLS_CARVE_END) || load<u32>(at) || !ss_lazy_zero_enabled()) return 0;
  if (!BENCH_MINIMAL && load<u32>(at, TLS_UNIFIED)) return 0;
  if (!((load<u64>(g_tls, TLS_FRESH) >>> bin) & 1)) return 0;
  store<u32>(at, <u32>cur + bin_stride(bin), TLS_CARVE_CUR);
  return cur;
}
