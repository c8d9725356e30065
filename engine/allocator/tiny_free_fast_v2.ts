// Earlier ways of tiny frees, kept behind gates: fast free v2, which asks for the page's owner where today's front asks its own
// page map, and the monolithic frees of Phases 9 and 10.
import { HAKMEM_HDR_META_FAST_COMPILED, HAKMEM_TINY_HEADER, TINY_SELF_U32_LOCAL_DEFINED } from './build_flags';
import { page_bin } from './classify_ptr';
import { front_free_stats } from './free_tiny_fast';
import { heads_a_list } from './hak_free_api';
import { PAGE_OWNER, PAGE_SHIFT } from './layout';
import { tiny_own_bin } from './own_bin';
import { STAT_HDR_META_FAST, stat_inc } from './stats';
import { tiny_free_fast_v2_enabled, tiny_free_legacy_mask } from './tiny_front_config_box';
import { tiny_front_v3_detours } from './tiny_front_v3';
import { HEADER_FREED, HEADER_MAGIC, tiny_header_mark, tiny_header_read } from './tiny_header';
import { tiny_self_u32 } from './tiny_self';
import { TINY_BINS, is_block_start, tiny_class_of_bin } from './tiny_size_class';
import { g_tls } from './tls';
import { unified_cache_push } from './unified_cache';

/** The documents have this helper in three files under one guard; 0 compiles the copy. */
@inline // leaf
function tiny_self_u32_local(): u32 {
  if (TINY_SELF_U32_LOCAL_DEFINED) return tiny_self_u32();
  return <u32>(g_tls >>> PAGE_SHIFT);
}

/** Header, mark, list: what all earlier ways have in common. False when the header speaks against it. */
function push_checked(ptr: usize, bin: u32, cls: u32): bool {
  if (HAKMEM_TINY_HEADER) {
    if (tiny_header_read(ptr) != (HEADER_MAGIC | cls)) {
      if (HAKMEM_HDR_META_FAST_COMPILED) stat_inc(STAT_HDR_META_FAST);
      return false;
    }
    tiny_header_mark(ptr, HEADER_FREED | cls);
  } else if (heads_a_list(ptr, bin)) {
    return false;
  }
  front_free_stats(bin);
  unified_cache_push(bin, ptr);
  return true;
}

/** Fast free v2: by the owner of the page. */
function tiny_free_fast_v2(ptr: usize): bool {
  if (<u32>load<u16>(PAGE_OWNER + (ptr >>> PAGE_SHIFT << 1)) != tiny_self_u32_local()) return false;
  const bin = page_bin(ptr);
  if (bin - 1 >= TINY_BINS || !is_block_start(ptr, bin)) return false;
  const cls = tiny_class_of_bin(bin);
  return cls != 7 && !tiny_front_v3_detours(cls) && push_checked(ptr, bin, cls);
}

/** Phases 9 (classes 0..3) and 10 (4..6): gate, class and cache in one piece. */
function free_tiny_fast_mono(ptr: usize): bool {
  const bin = tiny_own_bin(ptr);
  if (bin - 1 >= TINY_BINS || !is_block_start(ptr, bin)) return false;
  const cls = tiny_class_of_bin(bin);
  if (!((tiny_free_legacy_mask() >>> cls) & 1) || tiny_front_v3_detours(cls)) return false;
  return push_checked(ptr, bin, cls);
}

/** Frees a tiny block of this thread one of the earlier ways; false when none of them takes it. */
export function free_tiny_fast_legacy(ptr: usize): bool {
  return tiny_free_fast_v2_enabled() ? tiny_free_fast_v2(ptr) : free_tiny_fast_mono(ptr);
}
