// Page fault telemetry (release hygiene, priority 2): system pages that carving touches first, found with a Bloom filter. Present
// only with HAKMEM_DEBUG_COUNTERS.
import { PF_BLOOM, PF_BLOOM_BITS } from './layout';
import { STAT_PF_TOUCHED, stat_inc } from './stats';
import { class_of_bin } from './tiny_size_class';

/** Bytes of a system page: 4096. */
const SYSTEM_PAGE_SHIFT: u32 = 12;

/** Sets a bit of the filter; whether it was set before. */
function bloom_set(hash: u32): bool {
  const bit = hash & (PF_BLOOM_BITS - 1);
  const mask: u32 = 1 << (bit & 31);
  return (atomic.or<u32>(PF_BLOOM + (<usize>(bit >>> 5) << 2), mask) & mask) != 0;
}

/** A block at `ptr` is being carved. Counts its page when the filter does not know it; it never counts one twice. */
export function pagefault_telemetry_touch(bin: u32, ptr: usize): void {
  const page = <u32>(ptr >>> SYSTEM_PAGE_SHIFT);
  const first = bloom_set(page * 0x9e3779b1 >>> 20);
  const second = bloom_set(page * 0x85ebca6b >>> 20);
  if (!first || !second) stat_inc(STAT_PF_TOUCHED + class_of_bin(bin));
}
