// Pages of the pool: 64 KiB each, blocks of one pool class, two classes a doubling (1536, 2048, 3072 .. 32768). Which blocks
// are free is a bitmap beside the memory, so that blocks have no header and a second free of a block is always seen.
//
//   descriptor: +0 u64 free   +8 u64 returned   +16 u16 next   +18 u16 previous   +20 u16 owner   +22 u16 next returned
//               +24 u8 class   +25 u8 linked
//
// A page of Pool v1 has no owner and is changed under the lock. A page of Pool v2 has one (the page number of its heap
// block): its `free` is the owner's alone, others put what they free into `returned`, under the lock.
import { bulk_fill } from './bulk';
import { PAGE_BYTES, PAGE_MAP, PAGE_SHIFT } from './layout';
import { g_run_fresh, page_run_alloc, page_run_free } from './page_run';
import { PAGE_POOL, SHARED_POOL_TABLE } from './pools_layout';

export const POOL_CLASSES: u32 = 10;
export const POOL_RETURNED: usize = 8;
export const POOL_NEXT: usize = 16;
export const POOL_PREV: usize = 18;
export const POOL_OWNER: usize = 20;
export const POOL_NEXT_RETURNED: usize = 22;
export const POOL_CLASS: usize = 24;
export const POOL_LINKED: usize = 25;

const DESCRIPTOR_SHIFT: u32 = 5;
/** Pages of the table: a descriptor for each of 65536 pages. Most of it is never touched. */
const TABLE_PAGES: u32 = 65536 >>> (16 - DESCRIPTOR_SHIFT);

/** Pool class of a size in 1025 .. 32768. */
@inline // leaf
export function pool_class_of_size(size: usize): u32 {
  const s = <u32>size - 1;
  const log = 31 - clz(s);
  return ((log - 10) << 1) + ((s >>> (log - 1)) & 1);
}

@inline // leaf
export function pool_stride(ci: u32): u32 {
  return (3 + (ci & 1)) << (9 + (ci >>> 1));
}

/** `free` of a page with nothing in use. */
@inline // leaf
export function pool_all_free(ci: u32): u64 {
  return (<u64>1 << (<u32>PAGE_BYTES / pool_stride(ci))) - 1;
}

@inline // leaf
export function pool_descriptor(page: u32): usize {
  return <usize>load<u32>(SHARED_POOL_TABLE) + (<usize>page << DESCRIPTOR_SHIFT);
}

@inline // leaf
export function pool_block(page: u32, index: u32, ci: u32): usize {
  return (<usize>page << PAGE_SHIFT) + <usize>index * pool_stride(ci);
}

/** Bit of a block in its page's maps. */
@inline // leaf
export function pool_bit(ptr: usize, ci: u32): u64 {
  return <u64>1 << ((<u32>ptr & 0xffff) / pool_stride(ci));
}

/** Descriptor of the page that `ptr` is the first byte of a block in, free or not; 0 when it is none. */
export function hak_pool_mid_lookup(ptr: usize): usize {
  const page = <u32>(ptr >>> PAGE_SHIFT);
  if (load<u8>(PAGE_MAP + page) != PAGE_POOL) return 0;
  const at = pool_descriptor(page);
  const stride = pool_stride(load<u8>(at, POOL_CLASS));
  const offset = <u32>ptr & 0xffff;
  return offset % stride == 0 && offset + stride <= <u32>PAGE_BYTES ? at : 0;
}

/** Bytes of a block in use, 0 for one that is free. */
export function pool_usable_size(ptr: usize): usize {
  const at = hak_pool_mid_lookup(ptr);
  if (!at) return 0;
  const ci: u32 = load<u8>(at, POOL_CLASS);
  return (load<u64>(at) | load<u64>(at, POOL_RETURNED)) & pool_bit(ptr, ci) ? 0 : pool_stride(ci);
}

/** Puts a page in front of the list at `list`. */
export function pool_link(list: usize, page: u32): void {
  const at = pool_descriptor(page);
  const head = load<u32>(list);
  store<u16>(at, <u16>head, POOL_NEXT);
  store<u16>(at, 0, POOL_PREV);
  store<u8>(at, 1, POOL_LINKED);
  if (head) store<u16>(pool_descriptor(head), <u16>page, POOL_PREV);
  store<u32>(list, page);
}

export function pool_unlink(list: usize, page: u32): void {
  const at = pool_descriptor(page);
  const next: u32 = load<u16>(at, POOL_NEXT);
  const prev: u32 = load<u16>(at, POOL_PREV);
  if (prev) store<u16>(pool_descriptor(prev), <u16>next, POOL_NEXT);
  else store<u32>(list, next);
  if (next) store<u16>(pool_descriptor(next), <u16>prev, POOL_PREV);
  store<u8>(at, 0, POOL_LINKED);
}

/** A fresh page, 0 when memory is out. Expects the lock. */
export function pool_page_new(ci: u32, owner: u32): u32 {
  if (!load<u32>(SHARED_POOL_TABLE)) {
    const table = page_run_alloc(TABLE_PAGES);
    if (!table) return 0;
    if (!g_run_fresh) bulk_fill(table, 0, <usize>TABLE_PAGES << PAGE_SHIFT);
    store<u32>(SHARED_POOL_TABLE, <u32>table);
  }
  const page = <u32>(page_run_alloc(1) >>> PAGE_SHIFT);
  if (!page) return 0;
  const at = pool_descriptor(page);
  store<u64>(at, pool_all_free(ci));
  store<u64>(at, 0, POOL_RETURNED);
  store<u64>(at, 0, POOL_NEXT);
  store<u16>(at, <u16>owner, POOL_OWNER);
  store<u8>(at, <u8>ci, POOL_CLASS);
  store<u8>(at, 0, POOL_LINKED);
  store<u8>(PAGE_MAP + page, <u8>PAGE_POOL);
  return page;
}

/** Gives a page back that has nothing in use and is in no list. Expects the lock. */
export function pool_page_release(page: u32): void {
  store<u8>(PAGE_MAP + page, 0);
  page_run_free(page, 1);
}
