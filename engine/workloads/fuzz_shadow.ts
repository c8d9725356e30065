// The shadow bitmap: a bit per 8 bytes of the heap, set while the memory is handed out. Atomic: all threads share it.
import { FAULT_OUTSIDE, FAULT_OVERLAP, FAULT_UNMARKED, fault_set } from './fuzz_fault';

let g_bits: usize = 0;
let g_heap: usize = 0;
let g_span: u32 = 0;

/** `bits` are span / 64 zeroed bytes for the heap `heap` .. `heap + span`. */
export function shadow_setup(bits: usize, heap: usize, span: u32): void {
  g_bits = (bits + 7) & ~7;
  g_heap = heap;
  g_span = span;
}

@inline // leaf
function inside(ptr: usize, n: u32): bool {
  return ptr >= g_heap && <u64>ptr + n <= <u64>g_heap + g_span;
}

/** Bits from..to (exclusive, in 0..64) of a word. */
@inline // leaf
function mask_of(from: u32, to: u32): u64 {
  return (to == 64 ? ~(<u64>0) : ((<u64>1) << to) - 1) & ~(((<u64>1) << from) - 1);
}

/** Marks `n` > 0 bytes at `ptr` as handed out; a fault when any of them is already. */
export function shadow_set(ptr: usize, n: u32): bool {
  if (!inside(ptr, n)) {
    fault_set(FAULT_OUTSIDE, ptr, n, <u32>g_heap);
    return false;
  }
  const end = <u32>((ptr - g_heap + n + 7) >>> 3);
  for (let at = <u32>((ptr - g_heap) >>> 3); at < end; ) {
    const stop = min<u32>(end, (at | 63) + 1);
    const mask = mask_of(at & 63, ((stop - 1) & 63) + 1);
    const before = atomic.or<u64>(g_bits + (<usize>(at >>> 6) << 3), mask);
    if (before & mask) {
      fault_set(FAULT_OVERLAP, ptr, n, <u32>(g_heap + (<usize>at << 3)));
      return false;
    }
    at = stop;
  }
  return true;
}

/** Takes the marks back; a fault when one is missing. */
export function shadow_clear(ptr: usize, n: u32): bool {
  if (!inside(ptr, n)) {
    fault_set(FAULT_OUTSIDE, ptr, n, <u32>g_heap);
    return false;
  }
  const end = <u32>((ptr - g_heap + n + 7) >>> 3);
  for (let at = <u32>((ptr - g_heap) >>> 3); at < end; ) {
    const stop = min<u32>(end, (at | 63) + 1);
    const mask = mask_of(at & 63, ((stop - 1) & 63) + 1);
    const before = atomic.and<u64>(g_bits + (<usize>(at >>> 6) << 3), ~mask);
    if ((before & mask) != mask) {
      fault_set(FAULT_UNMARKED, ptr, n, <u32>(g_heap + (<usize>at << 3)));
      return false;
    }
    at = stop;
  }
  return true;
}

/** Number of marks. */
export function shadow_count(): u64 {
  let count: u64 = 0;
  for (let at: usize = 0; at < <usize>(g_span >>> 6); at += 8) count += popcnt<u64>(load<u64>(g_bits + at));
  return count;
}
