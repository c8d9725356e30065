// L0: the gate of the forced baseline.
import { BENCH_MINIMAL } from './build_flags';
import { hak_env_flag } from './hak_env';

let g_force_libc: i32 = -1;

/** All calls go to the heap of the language's own runtime (libc_heap.ts), for comparisons inside one module. */
@inline // leaf
export function force_libc_enabled(): bool {
  if (BENCH_MINIMAL) return false;
  if (g_force_libc < 0) g_force_libc = hak_env_flag('HAKMEM_FORCE_LIBC_ALLOC', 0);
  return g_force_libc != 0;
}
