// The forced baseline (HAKMEM_FORCE_LIBC_ALLOC=1): AssemblyScript's own TLSF heap in the place that libc has in the documents.
// Its functions come from the compiler's package as they are (engine/host/compile.ts makes the private ones visible); here they
// get page runs for memory and one lock for all threads, which TLSF itself knows nothing of.
import { bulk_fill } from './bulk';
import { BLOCK_MAXSIZE, BLOCK_OVERHEAD } from '../../node_modules/assemblyscript/std/assembly/rt/common';
import {
  Block,
  ROOT_SIZE,
  Root,
  addMemory,
  computeSize,
  freeBlock,
  insertBlock,
  prepareBlock,
  removeBlock,
  roundSize,
  searchBlock,
} from '../../node_modules/assemblyscript/std/assembly/rt/tlsf';
import { PAGE_MAP, PAGE_SHIFT, SHARED_TOP_PAGE } from './layout';
import { hak_lock_acquire, hak_lock_release } from './lock';
import { MISUSE_DOUBLE_FREE, MISUSE_MISALIGNED, MISUSE_OUTSIDE, misuse_report } from './misuse_box';
import { g_run_fresh, page_run_alloc } from './page_run';
import { PAGE_LIBC, SHARED_LIBC_ROOT } from './pools_layout';
import { CLASS_NONE } from './tiny_size_class';

/** Tags in the low bits of TLSF's block sizes. */
const BLOCK_FREE: usize = 1;
const BLOCK_LEFT_FREE: usize = 2;
const BLOCK_TAGS: usize = 3;
/** Pages by which the heap grows at least: 1 MiB. */
const GROWTH: u32 = 16;

/** Memory for a block of `size` bytes. False when memory is out. Expects the lock. */
function libc_heap_grow(size: usize): bool {
  let root: usize = load<u32>(SHARED_LIBC_ROOT);
  // Room for the root, the rounding of the search and the headers at both ends.
  const need = <u32>((roundSize(max<usize>(size, 1024)) + ROOT_SIZE + 64 + 0xffff) >>> PAGE_SHIFT);
  let pages = max<u32>(need, GROWTH);
  let at = page_run_alloc(pages);
  if (!at) {
    pages = need;
    at = page_run_alloc(pages);
    if (!at) return false;
  }
  let from = at;
  if (!root) {
    root = at;
    if (!g_run_fresh) bulk_fill(root, 0, ROOT_SIZE);
    store<u32>(SHARED_LIBC_ROOT, <u32>root);
    from += ROOT_SIZE;
  }
  bulk_fill(PAGE_MAP + (at >>> PAGE_SHIFT), <u8>PAGE_LIBC, pages);
  return addMemory(changetype<Root>(root), from, <u64>at + (<u64>pages << PAGE_SHIFT));
}

/** Expects the lock. */
function libc_take(payload: usize): usize {
  if (!load<u32>(SHARED_LIBC_ROOT) && !libc_heap_grow(payload)) return 0;
  const root = changetype<Root>(<usize>load<u32>(SHARED_LIBC_ROOT));
  let block = searchBlock(root, payload);
  if (!block) {
    if (!libc_heap_grow(payload)) return 0;
    block = searchBlock(root, payload);
    if (!block) return 0;
  }
  removeBlock(root, block);
  prepareBlock(root, block, payload);
  return changetype<usize>(block) + BLOCK_OVERHEAD;
}

/** A block of at least `size` bytes, aligned to 16; 0 when memory is out. */
export function libc_malloc(size: usize): usize {
  if (size > BLOCK_MAXSIZE) return 0;
  hak_lock_acquire();
  const ptr = libc_take(computeSize(size));
  hak_lock_release();
  return ptr;
}

/** A block aligned to `align`, a power of two: what a larger block has in front of it becomes free again. */
export function libc_aligned_alloc(align: usize, size: usize): usize {
  if (align <= 16) return libc_malloc(size);
  if (size > BLOCK_MAXSIZE - align - 64) return 0;
  hak_lock_acquire();
  const payload = computeSize(size);
  let ptr = libc_take(computeSize(payload + align + 16));
  if (ptr) {
    const root = changetype<Root>(<usize>load<u32>(SHARED_LIBC_ROOT));
    const aligned = (ptr + align - 1) & ~(align - 1);
    if (aligned != ptr) {
      const front = changetype<Block>(ptr - BLOCK_OVERHEAD);
      const gap = aligned - ptr;
      const info = front.mmInfo;
      const rest = changetype<Block>(aligned - BLOCK_OVERHEAD);
      rest.mmInfo = (info & ~BLOCK_TAGS) - gap;
      front.mmInfo = (gap - BLOCK_OVERHEAD) | BLOCK_FREE | (info & BLOCK_LEFT_FREE);
      insertBlock(root, front);
      ptr = aligned;
    }
    prepareBlock(root, changetype<Block>(ptr - BLOCK_OVERHEAD), payload);
  }
  hak_lock_release();
  return ptr;
}

/** What speaks against `ptr` being a block in use: 0, or the misuse. What lies inside a block is not recognised. */
function libc_misuse(ptr: usize): u32 {
  const page = <u32>(ptr >>> PAGE_SHIFT);
  if (page >= load<u32>(SHARED_TOP_PAGE) || load<u8>(PAGE_MAP + page) != PAGE_LIBC) return MISUSE_OUTSIDE;
  if (ptr & 15) return MISUSE_MISALIGNED;
  return changetype<Block>(ptr - BLOCK_OVERHEAD).mmInfo & BLOCK_FREE ? MISUSE_DOUBLE_FREE : 0;
}

/** Frees a block. Pointers outside the heap, misaligned ones and free blocks are reported and left alone. */
export function libc_free(ptr: usize): void {
  if (!ptr) return;
  hak_lock_acquire();
  const misuse = libc_misuse(ptr);
  if (!misuse) {
    freeBlock(changetype<Root>(<usize>load<u32>(SHARED_LIBC_ROOT)), changetype<Block>(ptr - BLOCK_OVERHEAD));
  }
  hak_lock_release();
  if (misuse) misuse_report(misuse, ptr, CLASS_NONE);
}

/** Bytes that the block offers, 0 for what is none. */
export function libc_usable_size(ptr: usize): usize {
  hak_lock_acquire();
  const size = libc_misuse(ptr) ? 0 : changetype<Block>(ptr - BLOCK_OVERHEAD).mmInfo & ~BLOCK_TAGS;
  hak_lock_release();
  return size;
}
