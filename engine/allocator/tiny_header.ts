// The header byte: 0xA0 | class at ptr - 1, the last byte of the block before. Blocks keep their 16-byte alignment.
import { HAKMEM_TINY_HEADER } from './build_flags';

export const HEADER_MAGIC: u32 = 0xa0;
/** In place of the magic while the block is free. */
export const HEADER_FREED: u32 = 0x50;
export const HEADER_MAGIC_MASK: u32 = 0xf0;
export const HEADER_CLASS_MASK: u32 = 0x0f;

/** Where a block begins when its header is counted. */
@inline // leaf
export function tiny_user_to_base_inline(ptr: usize): usize {
  return ptr - 1;
}

@inline // leaf
export function tiny_header_read(ptr: usize): u32 {
  return load<u8>(tiny_user_to_base_inline(ptr));
}

@inline // leaf
export function tiny_header_mark(ptr: usize, header: u32): void {
  store<u8>(tiny_user_to_base_inline(ptr), <u8>header);
}

@inline // leaf
export function tiny_region_id_write_header(ptr: usize, cls: u32): void {
  tiny_header_mark(ptr, HEADER_MAGIC | cls);
}

/** Writes the header of a block that is handed out, and returns the block. */
@inline
export function tiny_header_finalize_alloc(ptr: usize, cls: u32): usize {
  if (HAKMEM_TINY_HEADER) tiny_region_id_write_header(ptr, cls);
  return ptr;
}
