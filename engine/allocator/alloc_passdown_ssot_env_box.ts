// L0: gates of the single source of truth: a decision made once and passed down. Phase 60 for allocation, and the two ways
// of free dispatch that Phase 64 wraps.
import { BENCH_MINIMAL } from './build_flags';
import { hak_env_flag } from './hak_env';

let g_passdown: i32 = -1;
let g_free_dispatch: i32 = -1;

/** Phase 60: the route is computed once in the wrapper and passed down. */
@inline // leaf
export function alloc_passdown_ssot_enabled(): bool {
  if (BENCH_MINIMAL) return false;
  if (g_passdown < 0) g_passdown = hak_env_flag('HAKMEM_ALLOC_PASSDOWN_SSOT', 0);
  return g_passdown != 0;
}

/** SSOT=1: the cold free reads the page map once and passes the bin down; SSOT=0: every layer reads it. */
@inline // leaf
export function free_dispatch_ssot_enabled(): bool {
  if (BENCH_MINIMAL) return false;
  if (g_free_dispatch < 0) g_free_dispatch = hak_env_flag('HAKMEM_FREE_DISPATCH_SSOT', 0);
  return g_free_dispatch != 0;
}

export function alloc_passdown_ssot_forget(): void {
  g_passdown = -1;
  g_free_dispatch = -1;
}
