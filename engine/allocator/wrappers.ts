// The public functions. Sizes are bytes; a size of 0 is served as 1. Null means that memory is out.
import { bulk_copy, bulk_fill } from './bulk';
import {
  BENCH_MINIMAL,
  ENGINE_TEST_DOUBLE_HANDOUT,
  HAKMEM_FAST_PROFILE_PRUNE_BACKENDS,
  HAKMEM_TINY_CLASS_STATS_COMPILED,
  HAKMEM_TINY_HEADER,
  HAKMEM_TINY_UNIFIED_CACHE_MEASURE_COMPILED,
} from './build_flags';
import { PTR_BIN, PTR_LARGE, PTR_POOL, classify_ptr, page_bin } from './classify_ptr';
import { front_free_stats } from './free_tiny_fast';
import { force_libc_enabled } from './force_libc_env_box';
import { free_cold, free_layered } from './hak_free_api';
import { malloc_cold, malloc_layered } from './hak_alloc_api';
import { front_folded } from './front_fold';
import { lazy_zero_take } from './lazy_zero_box';
import { front_alloc_stats } from './malloc_tiny_fast';
import { BIN_TO_CHECK, TLS_CHECK } from './layout';
import { g_large_fresh, large_alloc, large_resize, large_usable_size } from './large';
import { libc_aligned_alloc, libc_usable_size } from './libc_heap';
import { tiny_own_bin } from './own_bin';
import { pool_usable_size } from './pool_page_box';
import { POOL_COMPILED } from './pools_layout';
import { tiny_class_stats_hit } from './tiny_class_stats_box';
import {
  HEADER_FREED,
  HEADER_MAGIC,
  tiny_header_finalize_alloc,
  tiny_header_mark,
  tiny_header_read,
} from './tiny_header';
import {
  MID_MAX_SIZE,
  TINY_MAX_SIZE,
  aligned_bin_of_size,
  bin_capacity,
  bin_of_size,
  bin_stride,
  class_of_bin,
  is_multiple,
} from './tiny_size_class';
import { g_tls } from './tls';
import { test_double_handout, unified_cache_pop, unified_cache_refill } from './unified_cache';
import { unified_cache_measure_hit } from './unified_cache_measure_box';

const FIRST: usize = HAKMEM_TINY_HEADER ? 16 : 0;
/** Below every block's address. */
const NO_BLOCK: usize = 8;
/** Largest size that the front may serve: without MID v3 the tiny ones. */
const FRONT_MAX_SIZE: usize = HAKMEM_FAST_PROFILE_PRUNE_BACKENDS ? TINY_MAX_SIZE : MID_MAX_SIZE;

@inline
export function malloc(size: usize): usize {
  if (size > FRONT_MAX_SIZE) return malloc_cold(size);
  const bin = bin_of_size(size);
  const slot = g_tls + (<usize>bin << 2);
  const head: usize = load<u32>(slot);
  // Null, in a form that compilers do not turn round: the rare side is then laid out behind the return.
  if (head < NO_BLOCK) return malloc_layered(size);
  if (ENGINE_TEST_DOUBLE_HANDOUT) {
    const again = test_double_handout(bin, head);
    if (again) return again;
  }
  store<u32>(slot, load<u32>(head));
  if (HAKMEM_TINY_CLASS_STATS_COMPILED) tiny_class_stats_hit(bin);
  if (HAKMEM_TINY_UNIFIED_CACHE_MEASURE_COMPILED) unified_cache_measure_hit(bin);
  if (!BENCH_MINIMAL) front_alloc_stats(bin);
  return HAKMEM_TINY_HEADER ? tiny_header_finalize_alloc(head, class_of_bin(bin)) : head;
}

@inline
export function free(ptr: usize): void {
  // Not this thread's, no block, not its first byte, or a bin that some gate sends elsewhere: one test for all, see is_multiple.
  const bin = tiny_own_bin(ptr);
  const slot = g_tls + (<usize>bin << 2);
  const check = BENCH_MINIMAL ? load<u32>(<usize>bin << 2, BIN_TO_CHECK) : load<u32>(slot, TLS_CHECK);
  if (!is_multiple(<u32>(ptr - FIRST) & 0xffff, check)) {
    free_layered(ptr);
    return;
  }
  const head = load<u32>(slot);
  if (HAKMEM_TINY_HEADER) {
    const cls = class_of_bin(bin);
    if (tiny_header_read(ptr) != (HEADER_MAGIC | cls)) {
      free_layered(ptr);
      return;
    }
    tiny_header_mark(ptr, HEADER_FREED | cls);
  } else if (head == <u32>ptr) {
    free_cold(ptr);
    return;
  }
  if (!BENCH_MINIMAL) front_free_stats(bin);
  store<u32>(ptr, head);
  store<u32>(slot, <u32>ptr);
}

/** Bytes that the block offers; 0 for null and for pointers that are no block of the engine's. */
export function usable_size(ptr: usize): usize {
  if (force_libc_enabled()) return libc_usable_size(ptr);
  const kind = classify_ptr(ptr);
  if (kind == PTR_BIN) {
    const bin = page_bin(ptr);
    if (HAKMEM_TINY_HEADER && tiny_header_read(ptr) != (HEADER_MAGIC | class_of_bin(bin))) return 0;
    return bin_capacity(bin);
  }
  if (POOL_COMPILED && kind == PTR_POOL) return pool_usable_size(ptr);
  return kind == PTR_LARGE ? large_usable_size(ptr) : 0;
}

/** A block for `size` bytes up to MID_MAX_SIZE that is zero already, 0 when there is none. */
function calloc_fresh(size: usize): usize {
  const bin = bin_of_size(size);
  if (!BENCH_MINIMAL && !front_folded(bin)) return 0;
  const ptr = lazy_zero_take(bin);
  if (!ptr) return 0;
  if (!BENCH_MINIMAL) front_alloc_stats(bin);
  return tiny_header_finalize_alloc(ptr, class_of_bin(bin));
}

/** `count` * `size` zero bytes; null when the product overflows. Memory never used before is not zeroed again. */
export function calloc(count: usize, size: usize): usize {
  const bytes = <u64>count * <u64>size;
  if (bytes > 0xffffffff) return 0;
  const n = <usize>bytes;
  const fresh = n > MID_MAX_SIZE ? <usize>0 : calloc_fresh(n);
  if (fresh) return fresh;
  const ptr = malloc(n);
  if (!ptr || (n > MID_MAX_SIZE && g_large_fresh)) return ptr;
  if (n > 256) {
    bulk_fill(ptr, 0, n);
    return ptr;
  }
  // Blocks are multiples of 8 bytes without their header, and a call of memory.fill costs more than this.
  let at = ptr;
  const end = ptr + (n & ~7);
  for (; at < end; at += 8) store<u64>(at, 0);
  for (const last = ptr + n; at < last; at++) store<u8>(at, 0);
  return ptr;
}

/** Whether `ptr` is the block of its bin that this thread freed last: without headers that much is seen. */
@inline // leaf
function is_last_freed(ptr: usize): bool {
  const bin = tiny_own_bin(ptr);
  return bin != 0 && load<u32>(g_tls + (<usize>bin << 2)) == <u32>ptr;
}

/**
 * Null acts as malloc; a size of 0 frees and returns null. On failure, and for what is no block, null is returned and the
 * old block stays.
 */
export function realloc(ptr: usize, size: usize): usize {
  if (!ptr) return malloc(size);
  if (!size) {
    free(ptr);
    return 0;
  }
  const have = !HAKMEM_TINY_HEADER && is_last_freed(ptr) ? <usize>0 : usable_size(ptr);
  if (!have) {
    // No block: free says what it is.
    free_cold(ptr);
    return 0;
  }
  // In place while at least half of the block stays in use, so that shrinking gives memory back.
  if (size <= have && (size >= have >>> 1 || have <= 32)) return ptr;
  if (size > MID_MAX_SIZE && have > MID_MAX_SIZE && !force_libc_enabled() && large_resize(ptr, size)) return ptr;
  const to = malloc(size);
  if (!to) return 0;
  bulk_copy(to, ptr, min<usize>(size, have));
  free(ptr);
  return to;
}

/** `align` is a power of two up to 64 KiB; null for any other, or when memory is out. */
export function aligned_alloc(align: usize, size: usize): usize {
  if (!align || (align & (align - 1)) || align > 0x10000) return 0;
  if (force_libc_enabled()) return libc_aligned_alloc(align, size);
  const need = max<usize>(size, align);
  if (align <= 16) return malloc(need);
  if (need + HAKMEM_TINY_HEADER > MID_MAX_SIZE) return large_alloc(need);
  if (!HAKMEM_TINY_HEADER) {
    // Slabs begin at multiples of 64 KiB: blocks whose stride is a multiple of the alignment are aligned.
    for (let s = need; s <= MID_MAX_SIZE; ) {
      const stride = bin_stride(bin_of_size(s));
      if (!(stride & (<u32>align - 1))) return malloc(stride);
      s = stride + 1;
    }
    return large_alloc(need);
  }
  const bin = aligned_bin_of_size(1 << (32 - clz(<u32>need + HAKMEM_TINY_HEADER - 1)));
  let ptr = unified_cache_pop(bin);
  if (!ptr) ptr = unified_cache_refill(bin);
  return ptr ? tiny_header_finalize_alloc(ptr, class_of_bin(bin)) : 0;
}
