// C7 hot: the block of class 7 that was freed last waits in a slot, where the next allocation of its bin finds it without
// following a list.
import { TLS_C7_HOT } from './layout';
import { g_tls } from './tls';
import { unified_cache_push_list } from './unified_cache';

/** The block in the slot when it is of `bin`, else 0. */
export function tiny_c7_hot_alloc(bin: u32): usize {
  const block: usize = load<u32>(g_tls, TLS_C7_HOT);
  if (!block || load<u32>(g_tls, TLS_C7_HOT + 4) != bin) return 0;
  store<u32>(g_tls, 0, TLS_C7_HOT);
  return block;
}

/** Puts a block into the slot; the one that was there goes to the list. */
export function tiny_c7_hot_free(bin: u32, ptr: usize): void {
  tiny_c7_hot_flush();
  store<u32>(g_tls, <u32>ptr, TLS_C7_HOT);
  store<u32>(g_tls, bin, TLS_C7_HOT + 4);
}

/** Empties the slot. */
export function tiny_c7_hot_flush(): void {
  const block: usize = load<u32>(g_tls, TLS_C7_HOT);
  if (!block) return;
  store<u32>(g_tls, 0, TLS_C7_HOT);
  unified_cache_push_list(load<u32>(g_tls, TLS_C7_HOT + 4), block);
}
