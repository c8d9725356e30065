// Size classes C0..C7 and the bins inside them.
//
// A class covers a doubling: C0 1..8, C1 ..16, C2 ..32, C3 ..64, C4 ..128, C5 ..256, C6 ..512, C7 ..1040. Without a
// header byte a class has up to four bins (steps of a quarter), which wastes less and keeps the last byte of a block
// in fewer cache lines; with the header, whose low nibble is the class, one. Bins of all kinds share one numbering:
//
//   1 .. TINY_BINS     tiny, by class
//   MID_FIRST ..       MID v3: eight steps a doubling, 1152 .. 8192, then a seventh of a slab .. a half
//   ALIGNED_FIRST ..   powers of two, 32 .. 32768, blocks aligned to their size
//
// With headers a slab's first block lies at 16, since its header needs a byte before it; aligned blocks at their stride.
import { HAKMEM_TINY_HEADER } from './build_flags';
import { BIN_TO_CHECK, BIN_TO_CLASS, BIN_TO_FIRST, BIN_TO_STRIDE, PAGE_BYTES, SIZE_TO_BIN } from './layout';

export const TINY_CLASSES: u32 = 8;
/** Class of mid and aligned blocks, and of large objects, where one is reported. */
export const CLASS_MID: u32 = 8;
export const CLASS_LARGE: u32 = 9;
export const CLASS_NONE: u32 = 255;
export const TINY_BINS: u32 = HAKMEM_TINY_HEADER ? 8 : 21;
export const MID_FIRST: u32 = 22;
export const MID_BINS: u32 = 30;
export const ALIGNED_FIRST: u32 = 52;
export const ALIGNED_BINS: u32 = 11;
/** Bins are 1 .. LAST_BIN. */
export const LAST_BIN: u32 = 62;
export const TINY_MAX_SIZE: usize = 1040;
export const MID_MAX_SIZE: usize = 32768;

/** Largest size that the tiny path serves. */
@inline // leaf
export function tiny_get_max_size(): usize {
  return TINY_MAX_SIZE;
}

/** Bin of a size up to MID_MAX_SIZE. */
@inline // leaf
export function bin_of_size(size: usize): u32 {
  return load<u8>((size + 7) >>> 3, SIZE_TO_BIN);
}

@inline // leaf
export function tiny_bin_of_size(size: usize): u32 {
  return bin_of_size(size);
}

/** C0..C7, or CLASS_MID. */
@inline // leaf
export function class_of_bin(bin: u32): u32 {
  return load<u8>(bin, BIN_TO_CLASS);
}

/** Class of a tiny bin. */
@inline // leaf
export function tiny_class_of_bin(bin: u32): u32 {
  return HAKMEM_TINY_HEADER ? bin - 1 : class_of_bin(bin);
}

@inline // leaf
export function bin_stride(bin: u32): u32 {
  return load<u32>(<usize>bin << 2, BIN_TO_STRIDE);
}

/** Bytes a block of `bin` offers. */
@inline // leaf
export function bin_capacity(bin: u32): u32 {
  return bin_stride(bin) - HAKMEM_TINY_HEADER;
}

/** First block of a slab of `bin`. */
@inline // leaf
export function slab_first_block(slab: usize, bin: u32): usize {
  return slab + load<u32>(<usize>bin << 2, BIN_TO_FIRST);
}

/** Blocks that a slab of `bin` holds. */
@inline // leaf
export function slab_blocks(bin: u32): u32 {
  return (<u32>PAGE_BYTES - load<u32>(<usize>bin << 2, BIN_TO_FIRST)) / bin_stride(bin);
}

/**
 * Whether `offset` (below 65536) is a multiple of the stride whose multiplier is `check` = floor((2^32 - 1) / stride) + 1:
 * it is when offset * check mod 2^32 < check (Lemire, Kaser, Kurz: Faster remainder by direct computation, 2019). A
 * multiplier of 0 says no to everything.
 */
@inline // leaf
export function is_multiple(offset: u32, check: u32): bool {
  return offset * check < check;
}

/** Whether `ptr`, in a slab of `bin`, is the first byte of a block. */
@inline // leaf
export function is_block_start(ptr: usize, bin: u32): bool {
  if (HAKMEM_TINY_HEADER && bin >= ALIGNED_FIRST) {
    return (ptr & (bin_stride(bin) - 1)) == 0 && (ptr & 0xffff) != 0;
  }
  const offset = <u32>(ptr - load<u32>(<usize>bin << 2, BIN_TO_FIRST)) & 0xffff;
  return is_multiple(offset, load<u32>(<usize>bin << 2, BIN_TO_CHECK));
}

/** Largest size of the i-th mid bin. Blocks of a few a slab fill it: what is left over would not even be touched. */
function mid_limit(i: u32): u32 {
  if (i < 24) return (9 + (i & 7)) << (7 + (i >>> 3));
  const blocks = 31 - i;
  // The header of the first block takes 16 bytes; the last bin has to serve MID_MAX_SIZE all the same.
  if (HAKMEM_TINY_HEADER && blocks > 2) return (((<u32>PAGE_BYTES - 16) / blocks) & ~15) - 16;
  return (<u32>PAGE_BYTES / blocks) & ~15;
}

/** Bin of a power of two in 32 .. 32768. */
@inline // leaf
export function aligned_bin_of_size(size: u32): u32 {
  return ALIGNED_FIRST + ctz(size) - 5;
}

function class_limit(cls: u32): u32 {
  return cls == 7 ? <u32>TINY_MAX_SIZE : 8 << cls;
}

function set_bin(bin: u32, cls: u32, stride: u32, first: u32): void {
  store<u8>(BIN_TO_CLASS + bin, <u8>cls);
  store<u32>(BIN_TO_STRIDE + (<usize>bin << 2), stride);
  store<u32>(BIN_TO_CHECK + (<usize>bin << 2), 0xffffffff / stride + 1);
  store<u32>(BIN_TO_FIRST + (<usize>bin << 2), first);
}

/** Stride of blocks for sizes up to `top`, and with headers where they begin. */
@inline // leaf
function headed(top: u32): u32 {
  return HAKMEM_TINY_HEADER ? (top + 16) & ~15 : top;
}

const FIRST: u32 = HAKMEM_TINY_HEADER ? 16 : 0;

/** Fills the size tables; every thread may do it, the values are the same. */
export function tiny_size_class_init(): void {
  // The last cell that is written tells that all are.
  if (load<u32>(BIN_TO_FIRST)) return;
  let bin: u32 = 0;
  let low: u32 = 0;
  for (let cls: u32 = 0; cls < TINY_CLASSES; cls++) {
    const limit = class_limit(cls);
    // Blocks stay aligned to 16 bytes, so that quarters exist from C4 on, halves in C3.
    const steps: u32 = HAKMEM_TINY_HEADER || cls < 3 ? 1 : cls == 3 ? 2 : 4;
    const span = cls == 7 ? 512 : limit >>> 1;
    for (let step: u32 = 1; step <= steps; step++) {
      const top = step == steps ? limit : limit - (cls == 7 ? 16 : 0) - span + (span * step) / steps;
      bin++;
      set_bin(bin, cls, headed(top), FIRST);
      for (let size = low + 1; size <= top; size++) store<u8>(SIZE_TO_BIN + ((size + 7) >>> 3), <u8>bin);
      low = top;
    }
  }
  store<u8>(SIZE_TO_BIN, 1);
  for (let i: u32 = 0; i < MID_BINS; i++) {
    const limit = mid_limit(i);
    set_bin(MID_FIRST + i, CLASS_MID, headed(limit), FIRST);
    for (; low < limit; low += 8) store<u8>(SIZE_TO_BIN + ((low + 8) >>> 3), <u8>(MID_FIRST + i));
  }
  for (let i: u32 = 0; i < ALIGNED_BINS; i++) {
    set_bin(ALIGNED_FIRST + i, CLASS_MID, 32 << i, HAKMEM_TINY_HEADER ? 32 << i : 0);
    // With headers the front's offsets begin at 16: aligned blocks go the long way.
    if (HAKMEM_TINY_HEADER) store<u32>(BIN_TO_CHECK + (<usize>(ALIGNED_FIRST + i) << 2), 0);
  }
  store<u32>(BIN_TO_FIRST, 1);
}
