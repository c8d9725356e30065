// Whose pointer is it: the general answer for frees off the fast path.
import { PAGE_LARGE, PAGE_MAP, PAGE_SHIFT } from './layout';
import { LAST_BIN } from './tiny_size_class';

export const PTR_UNKNOWN: u32 = 0;
export const PTR_BIN: u32 = 1;
export const PTR_LARGE: u32 = 2;

/** Kind of the page that `ptr` lies in; a large object only by its first byte. */
export function classify_ptr(ptr: usize): u32 {
  const code = <u32>load<u8>(PAGE_MAP + (ptr >>> PAGE_SHIFT));
  if (code - 1 < LAST_BIN) return PTR_BIN;
  return code == PAGE_LARGE && (ptr & 0xffff) == 0 ? PTR_LARGE : PTR_UNKNOWN;
}

@inline // leaf
export function page_bin(ptr: usize): u32 {
  return load<u8>(PAGE_MAP + (ptr >>> PAGE_SHIFT));
}
