// Whose pointer is it: the general answer for frees off the fast path.
import { PAGE_FREE_RUN, PAGE_LARGE, PAGE_MAP, PAGE_SHIFT, SHARED_TOP_PAGE } from './layout';
import { MISUSE_DOUBLE_FREE, MISUSE_INTERIOR, MISUSE_MISALIGNED, MISUSE_OUTSIDE, misuse_report } from './misuse_box';
import { run_length } from './page_run';
import { CLASS_LARGE, CLASS_NONE, LAST_BIN, class_of_bin, is_block_start } from './tiny_size_class';

export const PTR_UNKNOWN: u32 = 0;
export const PTR_BIN: u32 = 1;
export const PTR_LARGE: u32 = 2;

@inline // leaf
export function page_bin(ptr: usize): u32 {
  return load<u8>(PAGE_MAP + (ptr >>> PAGE_SHIFT));
}

/** PTR_BIN for the first byte of a block of some bin, free or not; PTR_LARGE for that of a large object. */
export function classify_ptr(ptr: usize): u32 {
  const code = page_bin(ptr);
  if (code - 1 < LAST_BIN) return is_block_start(ptr, code) ? PTR_BIN : PTR_UNKNOWN;
  return code == PAGE_LARGE && (ptr & 0xffff) == 0 ? PTR_LARGE : PTR_UNKNOWN;
}

/** First page of the large object that `page` lies in, 0 when there is none: its other pages have no code. */
function large_before(page: u32): u32 {
  let first = page;
  while (first && !load<u8>(PAGE_MAP + first)) first--;
  return load<u8>(PAGE_MAP + first) == PAGE_LARGE && page < first + run_length(first) ? first : 0;
}

/** Reports a pointer that classify_ptr does not know. */
export function classify_misuse(ptr: usize): void {
  const page = <u32>(ptr >>> PAGE_SHIFT);
  const code = page_bin(ptr);
  const bin = code - 1 < LAST_BIN;
  if (!bin && (page >= load<u32>(SHARED_TOP_PAGE) || (code != PAGE_LARGE && !large_before(page)))) {
    // A page run that is free again held a large object, or slabs, before.
    const freed = code == PAGE_FREE_RUN && (ptr & 0xffff) == 0;
    misuse_report(freed ? MISUSE_DOUBLE_FREE : MISUSE_OUTSIDE, ptr, freed ? CLASS_LARGE : CLASS_NONE);
    return;
  }
  misuse_report(ptr & 7 ? MISUSE_MISALIGNED : MISUSE_INTERIOR, ptr, bin ? class_of_bin(code) : CLASS_LARGE);
}
