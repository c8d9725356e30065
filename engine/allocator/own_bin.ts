// This thread's view of the page map.
import { PAGE_SHIFT, TLS_PAGE_MAP } from './layout';
import { g_tls } from './tls';

/** This thread's bin for the page of `ptr`; 0 when the page is not its own or holds no bin. */
@inline // leaf
export function tiny_own_bin(ptr: usize): u32 {
  return load<u8>(g_tls + (ptr >>> PAGE_SHIFT), TLS_PAGE_MAP);
}
