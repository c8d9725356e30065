// In-use counts of MID v3 slabs (HAKMEM_MID_V3_INUSE). An allocation counts at once; frees in a thread's own slabs are gathered
// by slab and taken off in batches, so that a run of frees costs one atomic operation. Frees of other threads' blocks count at
// once: the owner may give the slab away as soon as it has them back.
import { bulk_fill } from './bulk';
import { PAGE_SHIFT, SHARED_TOP_PAGE } from './layout';
import { hak_lock_acquire, hak_lock_release } from './lock';
import { g_run_fresh, page_run_alloc } from './page_run';
import { MID_PENDING, SHARED_MID_INUSE, TLS_MID_PENDING } from './pools_layout';
import { g_tls } from './tls';

/** Pages of the table: 2 bytes for each of 65536 pages. */
const TABLE_PAGES: u32 = 2;
/** Decrements of one slab that are gathered at most. */
const BATCH: u32 = 16;
/** Empty slabs after which they are looked for: so many, and a sixteenth of the heap. */
const EMPTY_SLABS: u32 = 4;

let g_mid_empty_slabs: u32 = 0;

function mid_inuse_table(): usize {
  const table: usize = load<u32>(SHARED_MID_INUSE);
  if (table) return table;
  hak_lock_acquire();
  let made: usize = load<u32>(SHARED_MID_INUSE);
  if (!made) {
    made = page_run_alloc(TABLE_PAGES);
    if (made && !g_run_fresh) bulk_fill(made, 0, <usize>TABLE_PAGES << PAGE_SHIFT);
    store<u32>(SHARED_MID_INUSE, <u32>made);
  }
  hak_lock_release();
  return made;
}

/** False when there is no memory for the counts; the block is then not to be handed out. */
export function mid_inuse_inc(ptr: usize): bool {
  const table = mid_inuse_table();
  if (!table) return false;
  const before: u32 = atomic.add<u16>(table + (ptr >>> PAGE_SHIFT << 1), 1);
  // A slab that had become empty is used again; one that is fresh has not been counted, which does no harm.
  if (!before && g_mid_empty_slabs) g_mid_empty_slabs--;
  return true;
}

function mid_inuse_apply(page: u32, count: u32): void {
  const before: u32 = atomic.sub<u16>(<usize>load<u32>(SHARED_MID_INUSE) + (<usize>page << 1), <u16>count);
  if (before == count) g_mid_empty_slabs++;
}

/** A block of another thread's slab is no longer in use. */
export function mid_inuse_dec(ptr: usize): void {
  atomic.sub<u16>(<usize>load<u32>(SHARED_MID_INUSE) + (ptr >>> PAGE_SHIFT << 1), 1);
}

/** A block of one of this thread's slabs is no longer in use. */
export function mid_inuse_dec_deferred(ptr: usize): void {
  const page = <u32>(ptr >>> PAGE_SHIFT);
  const slot = g_tls + TLS_MID_PENDING + (<usize>(page & (MID_PENDING - 1)) << 3);
  const count = load<u32>(slot, 4);
  if (count && (load<u32>(slot) != page || count == BATCH)) {
    mid_inuse_apply(load<u32>(slot), count);
    store<u32>(slot, 1, 4);
  } else {
    store<u32>(slot, count + 1, 4);
  }
  store<u32>(slot, page);
}

/** Takes off what has been gathered. */
export function mid_inuse_flush(): void {
  for (let i: u32 = 0; i < MID_PENDING; i++) {
    const slot = g_tls + TLS_MID_PENDING + (<usize>i << 3);
    const count = load<u32>(slot, 4);
    if (!count) continue;
    store<u32>(slot, 0, 4);
    mid_inuse_apply(load<u32>(slot), count);
  }
}

/** Whether so many slabs are empty, as far as this thread has seen, that they are looked for. */
export function mid_inuse_wants_walk(): bool {
  mid_inuse_flush();
  return g_mid_empty_slabs >= max<u32>(EMPTY_SLABS, load<u32>(SHARED_TOP_PAGE) >>> 4);
}

/** Before a walk: counts are made exact and begin anew. */
export function mid_inuse_before_walk(): void {
  mid_inuse_flush();
  g_mid_empty_slabs = 0;
}
