// Slabs back to the shared pool; a superslab without used slabs becomes a page run again.
import { PAGE_MAP, PAGE_OWNER, PAGE_SHIFT, SS_PAGES, SS_SHIFT } from './layout';
import { hak_lock_acquire, hak_lock_release } from './lock';
import { page_run_free } from './page_run';
import { shared_pool_link, shared_pool_unlink } from './shared_pool_acquire';
import { SS_FREE_MASK, ss_meta } from './superslab_registry';

export function shared_pool_release(slab: usize): void {
  hak_lock_acquire();
  const page = <u32>(slab >>> PAGE_SHIFT);
  const index = <u32>(slab >>> SS_SHIFT);
  store<u8>(PAGE_MAP + page, 0);
  store<u16>(PAGE_OWNER + (page << 1), 0);
  const meta = ss_meta(index);
  const before = load<u32>(meta, SS_FREE_MASK);
  const after = before | (1 << (page & (SS_PAGES - 1)));
  store<u32>(meta, after, SS_FREE_MASK);
  if (!before) shared_pool_link(index);
  if (after == 0xffff) {
    shared_pool_unlink(index);
    store<u32>(meta, 0);
    page_run_free(index << (SS_SHIFT - PAGE_SHIFT), SS_PAGES);
  }
  hak_lock_release();
}
