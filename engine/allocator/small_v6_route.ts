// The headerless v6 route (class 6): the page map says what a block is. A header byte that somebody has written over does no
// harm here; only the mark of a free block is looked at.
import { HEADER_FREED, tiny_header_read } from './tiny_header';

/** Whether a block of the route, by the page map the beginning of one, may be freed. */
export function small_v6_headerless_admits(ptr: usize, cls: u32): bool {
  return tiny_header_read(ptr) != (HEADER_FREED | cls);
}
