// Prewarm: one slab of each tiny bin at hand before a thread needs it. LEAN+OFF suppresses it.
import { BENCH_MINIMAL } from './build_flags';
import { shared_pool_acquire } from './shared_pool_acquire';
import { ss_prewarm_enabled } from './ss_mem_lean_env_box';
import { TINY_BINS } from './tiny_size_class';
import { warm_pool_of } from './warm_pool';

/** Puts a slab into the warm pool of every tiny bin that has none. */
export function ss_prewarm(): void {
  if (BENCH_MINIMAL || !ss_prewarm_enabled()) return;
  for (let bin: u32 = 1; bin <= TINY_BINS; bin++) {
    const slot = warm_pool_of(bin);
    if (load<u32>(slot)) continue;
    const slab = shared_pool_acquire(bin);
    if (!slab) return;
    store<u32>(slot, <u32>slab);
  }
}
