// L2: frees off the fast path: null, other threads' blocks, MID v3, large objects, and what is no block at all.
import { HAKMEM_HDR_META_MISMATCH_COMPILED, HAKMEM_TINY_HEADER } from './build_flags';
import { PTR_BIN, PTR_LARGE, classify_ptr, page_bin } from './classify_ptr';
import { free_tiny_fast_trusted } from './free_tiny_fast';
import { large_free } from './large';
import { mid_v3_free } from './mid_v3';
import { MISUSE_OUTSIDE, misuse_report } from './misuse_box';
import { remote_target_push } from './remote_target';
import { STAT_HDR_META_MISMATCH, stat_inc } from './stats';
import { tiny_own_bin } from './tiny_free_gate_box';
import { HEADER_CLASS_MASK, tiny_header_read } from './tiny_header';
import { TINY_BINS } from './tiny_size_class';

/** Frees by the page map alone. */
export function hak_free_at(ptr: usize, kind: u32): void {
  if (kind == PTR_LARGE) {
    large_free(ptr);
    return;
  }
  const bin = page_bin(ptr);
  if (!tiny_own_bin(ptr)) {
    remote_target_push(ptr);
    return;
  }
  if (bin > TINY_BINS) {
    mid_v3_free(bin, ptr);
    return;
  }
  if (HAKMEM_TINY_HEADER && HAKMEM_HDR_META_MISMATCH_COMPILED) {
    if ((tiny_header_read(ptr) & HEADER_CLASS_MASK) + 1 != bin) stat_inc(STAT_HDR_META_MISMATCH);
  }
  free_tiny_fast_trusted(ptr, bin);
}

/** Frees anything that the fast path did not take; counts pointers that are not the engine's and leaves them alone. */
export function free_cold(ptr: usize): void {
  if (!ptr) return;
  const kind = classify_ptr(ptr);
  if (kind == PTR_BIN || kind == PTR_LARGE) hak_free_at(ptr, kind);
  else misuse_report(MISUSE_OUTSIDE, ptr, 255);
}
