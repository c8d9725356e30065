// The learning layer (HAKMEM_LEARN): misses of the cache and slabs taken are counted by bin; a bin that misses often gets
// more carved at once, and one that takes slabs often more slabs under one lock, while a bin that is rarely used gets one.
// Counts halve with time, so that what a program did long ago is forgotten.
import { WARM_POOL_SLOTS } from './layout';
import { TLS_LEARN_MISSES, TLS_LEARN_SLABS } from './pools_layout';
import { LAST_BIN } from './tiny_size_class';
import { g_tls } from './tls';

/** Misses of all bins after which the counts are halved. */
const EPOCH: u32 = 4096;
/** A refill doubles with every so many misses of its bin, three times at most. */
const MISSES_A_STEP: u32 = 16;

let g_learner_misses: u32 = 0;

function learner_forget_half(): void {
  for (let bin: u32 = 1; bin <= LAST_BIN; bin++) {
    const at = g_tls + (<usize>bin << 2);
    store<u32>(at, load<u32>(at, TLS_LEARN_MISSES) >>> 1, TLS_LEARN_MISSES);
    store<u32>(at, load<u32>(at, TLS_LEARN_SLABS) >>> 1, TLS_LEARN_SLABS);
  }
  g_learner_misses = 0;
}

export function learner_miss(bin: u32): void {
  const at = g_tls + (<usize>bin << 2);
  store<u32>(at, load<u32>(at, TLS_LEARN_MISSES) + 1, TLS_LEARN_MISSES);
  if (++g_learner_misses == EPOCH) learner_forget_half();
}

/** How many times the usual bytes and blocks a refill of `bin` carves: 1, 2, 4 or 8. */
export function learner_refill_factor(bin: u32): u32 {
  return 1 << min<u32>(3, load<u32>(g_tls + (<usize>bin << 2), TLS_LEARN_MISSES) / MISSES_A_STEP);
}

/** Slabs to fetch under one lock when the warm pool of `bin` is empty: 1 at first, one more with every two taken. */
export function learner_prefill_budget(bin: u32): u32 {
  const at = g_tls + (<usize>bin << 2);
  const taken = load<u32>(at, TLS_LEARN_SLABS);
  store<u32>(at, taken + 1, TLS_LEARN_SLABS);
  return min<u32>(1 + (taken >>> 1), WARM_POOL_SLOTS + 1);
}
