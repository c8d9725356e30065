// C7 ULTRA: class 7 in lists of its own, popped and pushed without a look at route or storage order.
import { HAKMEM_C7_FREE_COUNT_COMPILED } from './build_flags';
import { TLS_C7_ULTRA, TLS_UNIFIED } from './layout';
import { STAT_C7_FREE_COUNT, stat_inc } from './stats';
import { g_tls } from './tls';
import { unified_cache_refill } from './unified_cache';

/** Miss: takes over what the unified cache holds for the bin, refilled if need be. */
function tiny_c7_ultra_refill(bin: u32): usize {
  const shared = g_tls + (<usize>bin << 2) + TLS_UNIFIED;
  const block = unified_cache_refill(bin);
  store<u32>(g_tls + TLS_C7_ULTRA + (<usize>bin << 2), load<u32>(shared));
  store<u32>(shared, 0);
  return block;
}

/** A block of a C7 bin, 0 when memory is out. */
@inline
export function tiny_c7_ultra_alloc(bin: u32): usize {
  const slot = g_tls + (<usize>bin << 2);
  const head: usize = load<u32>(slot, TLS_C7_ULTRA);
  if (!head) return tiny_c7_ultra_refill(bin);
  store<u32>(slot, load<u32>(head), TLS_C7_ULTRA);
  return head;
}

@inline
export function tiny_c7_ultra_free(bin: u32, ptr: usize): void {
  if (HAKMEM_C7_FREE_COUNT_COMPILED) stat_inc(STAT_C7_FREE_COUNT);
  const slot = g_tls + (<usize>bin << 2);
  store<u32>(ptr, load<u32>(slot, TLS_C7_ULTRA));
  store<u32>(slot, <u32>ptr, TLS_C7_ULTRA);
}
