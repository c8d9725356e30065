// The guard: checks that cost too much for every day. The head of a list has to be a block of this thread's before it is
// followed; a block that comes back has to be known to the registry, carved already, and in none of the lists.
import { PAGE_MAP, PAGE_SHIFT, TLS_C7_HOT, TLS_C7_ULTRA, TLS_CARVE_CUR, TLS_CARVE_END, TLS_HEAP_BOX, TLS_UNIFIED } from './layout';
import { MISUSE_DOUBLE_FREE, MISUSE_INTERIOR, MISUSE_OUTSIDE, misuse_report } from './misuse_box';
import { tiny_own_bin } from './own_bin';
import { STAT_GUARD_ALLOC, STAT_GUARD_FREE, stat_inc } from './stats';
import { hak_super_lookup } from './superslab_registry';
import { is_block_start } from './tiny_size_class';
import { g_tls } from './tls';

/** Blocks of each list that are looked at. */
const DEPTH: u32 = 64;

function in_list(slot: usize, ptr: usize): bool {
  let left = DEPTH;
  for (let at: usize = load<u32>(slot); at && left; at = load<u32>(at), left--) if (at == ptr) return true;
  return false;
}

/** Whether a free block of this thread lies in one of its lists, near their heads. */
export function tiny_guard_is_free(ptr: usize, bin: u32): bool {
  const lists = g_tls + (<usize>bin << 2);
  if (load<u32>(g_tls, TLS_C7_HOT) == <u32>ptr) return true;
  return (
    in_list(lists, ptr) ||
    in_list(lists + TLS_UNIFIED, ptr) ||
    in_list(lists + TLS_C7_ULTRA, ptr) ||
    in_list(lists + TLS_HEAP_BOX, ptr)
  );
}

/** Empties a list whose head is no block of the bin and this thread: somebody has written over a link. */
function check_head(slot: usize, bin: u32, cls: u32): void {
  const head: usize = load<u32>(slot);
  if (!head || (hak_super_lookup(head) && tiny_own_bin(head) == bin && is_block_start(head, bin))) return;
  store<u32>(slot, 0);
  misuse_report(MISUSE_INTERIOR, head, cls);
}

/** Before a block is taken: the heads of the lists that it may come from. */
export function tiny_guard_on_alloc(bin: u32, cls: u32): void {
  stat_inc(STAT_GUARD_ALLOC);
  const lists = g_tls + (<usize>bin << 2);
  check_head(lists + TLS_UNIFIED, bin, cls);
  check_head(lists + TLS_C7_ULTRA, bin, cls);
  check_head(lists + TLS_HEAP_BOX, bin, cls);
}

/** A block that comes back. False: reported, and to be left alone. */
export function tiny_guard_on_free(ptr: usize, bin: u32, cls: u32): bool {
  stat_inc(STAT_GUARD_FREE);
  const at = g_tls + (<usize>bin << 2);
  const uncarved = ptr >= load<u32>(at, TLS_CARVE_CUR) && ptr < load<u32>(at, TLS_CARVE_END);
  if (!hak_super_lookup(ptr) || load<u8>(PAGE_MAP + (ptr >>> PAGE_SHIFT)) != <u8>bin || uncarved) {
    misuse_report(MISUSE_OUTSIDE, ptr, cls);
    return false;
  }
  if (!tiny_guard_is_free(ptr, bin)) return true;
  misuse_report(MISUSE_DOUBLE_FREE, ptr, cls);
  return false;
}
