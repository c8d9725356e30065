// What becomes of a ring (the magazine of freed blocks in front of the unified cache) that is full: with HAKMEM_BG_SPILL=1 its
// older half goes to the spill queue of the bin, unless as many as HAKMEM_BG_SPILL_TARGET blocks wait there already. A refill
// looks there first.
import { BENCH_MINIMAL } from './build_flags';
import { hak_env_flag, hak_env_u32 } from './hak_env';
import { RING_SLOTS } from './layout';
import { tiny_own_bin } from './own_bin';
import { TLS_SPILLED } from './pools_layout';
import { remote_target_push } from './remote_target';
import { bg_spill_len, bg_spill_push_chain, bg_spill_take_all } from './tiny_bg_spill';
import { LAST_BIN } from './tiny_size_class';
import { g_tls } from './tls';
import { ring_pop, unified_cache_push_list } from './unified_cache';

let g_bg_spill: i32 = -1;
let g_bg_spill_target: u32 = 0;

/** Rings spill when they are full. The gate implies the ring: a list is never full. */
@inline // leaf
export function bg_spill_enabled(): bool {
  if (BENCH_MINIMAL) return false;
  if (g_bg_spill < 0) {
    g_bg_spill_target = hak_env_u32('HAKMEM_BG_SPILL_TARGET', 256);
    g_bg_spill = hak_env_flag('HAKMEM_BG_SPILL', 0);
  }
  return g_bg_spill != 0;
}

/** Makes room in a full ring. False when the queue has enough. */
export function tiny_free_magazine_spill(bin: u32): bool {
  if (bg_spill_len(bin) >= g_bg_spill_target) return false;
  const last = ring_pop(bin);
  let first = last;
  for (let i: u32 = 1; i < RING_SLOTS >>> 1; i++) {
    const block = ring_pop(bin);
    store<u32>(block, <u32>first);
    first = block;
  }
  bg_spill_push_chain(bin, first, last, RING_SLOTS >>> 1);
  return true;
}

/**
 * A block that some thread has spilled, 0 when there is none. Blocks taken and not yet handed out are kept apart: they may
 * be of pages that this thread does not own.
 */
export function tiny_free_magazine_take(bin: u32): usize {
  const slot = g_tls + TLS_SPILLED + (<usize>bin << 2);
  let head: usize = load<u32>(slot);
  if (!head) {
    head = bg_spill_take_all(bin);
    if (!head) return 0;
  }
  store<u32>(slot, load<u32>(head));
  return head;
}

function give_back(chain: usize): void {
  let at = chain;
  while (at) {
    const next: usize = load<u32>(at);
    const bin = tiny_own_bin(at);
    if (bin) unified_cache_push_list(bin, at);
    else remote_target_push(at);
    at = next;
  }
}

/** Sends what a heap has taken from the queues to the owners of the pages. */
export function tiny_free_magazine_return(heap: usize): void {
  for (let bin: u32 = 1; bin <= LAST_BIN; bin++) {
    const slot = heap + TLS_SPILLED + (<usize>bin << 2);
    const chain: usize = load<u32>(slot);
    store<u32>(slot, 0);
    give_back(chain);
  }
}

/** Sends all that is queued to the owners of the pages. */
export function tiny_free_magazine_return_all(): void {
  for (let bin: u32 = 1; bin <= LAST_BIN; bin++) give_back(bg_spill_take_all(bin));
  tiny_free_magazine_return(g_tls);
}
