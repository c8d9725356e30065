// Pointer to bin: the gate of tiny frees. The thread's page map says whether the page is its own, and its bin; with
// headers the magic and the class have to agree with it.
import { HAKMEM_HDR_META_FAST_COMPILED, HAKMEM_HDR_MISMATCH_LOG_COMPILED, HAKMEM_TINY_HEADER } from './build_flags';
import { tiny_own_bin } from './own_bin';
import { small_v6_headerless_route_enabled } from './phase42_gates';
import { small_v6_headerless_admits } from './small_v6_route';
import { STAT_HDR_META_FAST, STAT_HDR_MISMATCH, stat_inc } from './stats';
import { HEADER_CLASS_MASK, HEADER_MAGIC, HEADER_MAGIC_MASK, tiny_header_read } from './tiny_header';
import { TINY_BINS, is_block_start, tiny_class_of_bin } from './tiny_size_class';

/** Bin of a block that this thread may free on the fast path, otherwise a number that is not a tiny bin. */
@inline
export function tiny_free_gate(ptr: usize): u32 {
  const own = tiny_own_bin(ptr);
  // The page map comes first: a foreign pointer may lie where there is no memory to read a header from.
  if (!own || !is_block_start(ptr, own)) return 0;
  if (!HAKMEM_TINY_HEADER) return own;
  if (own <= TINY_BINS && small_v6_headerless_route_enabled(tiny_class_of_bin(own))) {
    return small_v6_headerless_admits(ptr, tiny_class_of_bin(own)) ? own : 0;
  }
  const header = tiny_header_read(ptr);
  if ((header & HEADER_MAGIC_MASK) != HEADER_MAGIC) {
    if (HAKMEM_HDR_MISMATCH_LOG_COMPILED) stat_inc(STAT_HDR_MISMATCH);
    return 0;
  }
  const bin = (header & HEADER_CLASS_MASK) + 1;
  if (bin == own) return bin;
  if (HAKMEM_HDR_META_FAST_COMPILED) stat_inc(STAT_HDR_META_FAST);
  return 0;
}
