// The number of this thread: that of its heap block's page, as PAGE_OWNER holds it.
import { PAGE_SHIFT } from './layout';
import { g_tls } from './tls';

@inline // leaf
export function tiny_self_u32(): u32 {
  return <u32>(g_tls >>> PAGE_SHIFT);
}
