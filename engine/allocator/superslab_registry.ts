// Address to SuperSlab by mask: one 64-byte record a MiB of address space.
//
//   +0 magic   +4 free slabs (bit a slab)   +8 next partial, index + 1   +12 previous partial, index + 1
//   +16 tier   +20 slabs never used (bit a slab)   +24 pages given back to the system (bit a page, superslab or not)
import { SS_META, SS_META_BYTES, SS_SHIFT } from './layout';

export const SS_MAGIC: u32 = 0x53534c42;
export const SS_FREE_MASK: usize = 4;
export const SS_NEXT: usize = 8;
export const SS_PREV: usize = 12;
export const SS_TIER: usize = 16;
export const SS_FRESH_MASK: usize = 20;
export const SS_DECOMMIT_MASK: usize = 24;

@inline // leaf
export function ss_meta(index: u32): usize {
  return SS_META + <usize>index * SS_META_BYTES;
}

/** Record of the superslab that holds `ptr`, 0 when there is none. */
@inline
export function hak_super_lookup(ptr: usize): usize {
  const meta = ss_meta(<u32>(ptr >>> SS_SHIFT));
  return load<u32>(meta) == SS_MAGIC ? meta : 0;
}
