// L0: gates of superslab memory: the lean mode of Phases 54-56, prewarm, release policy, lazy zeroing.
import { BENCH_MINIMAL } from './build_flags';
import { hak_env_flag, hak_env_u32, hak_getenv } from './hak_env';

let g_lean: i32 = -1;
let g_lean_decommit: i32 = -1;
let g_lean_target: i32 = -1;
let g_prewarm: i32 = -1;
let g_release: i32 = -1;
let g_lazy_zero: i32 = -1;

/** Lean: memory goes back early, and nothing is kept in stock. */
@inline // leaf
export function ss_mem_lean_enabled(): bool {
  if (BENCH_MINIMAL) return false;
  if (g_lean < 0) g_lean = hak_env_flag('HAKMEM_SS_MEM_LEAN', 0);
  return g_lean != 0;
}

function lean_decommit_read(): i32 {
  const value = hak_getenv('HAKMEM_SS_MEM_LEAN_DECOMMIT');
  const letter = value ? <u32>load<u8>(value) : 0;
  return letter && letter != 0x30 && (letter | 0x20) != 0x6f ? 1 : 0;
}

/** In lean mode, whether free page runs are given back to the system. Off when unset, 0 or OFF. */
@inline // leaf
export function ss_mem_lean_decommit_enabled(): bool {
  if (BENCH_MINIMAL) return false;
  if (g_lean_decommit < 0) g_lean_decommit = lean_decommit_read();
  return ss_mem_lean_enabled() && g_lean_decommit != 0;
}

/** MiB of heap up to which lean mode releases no earlier than the ordinary policy. */
@inline // leaf
export function ss_mem_lean_target_mb(): u32 {
  if (BENCH_MINIMAL) return 0;
  if (g_lean_target < 0) g_lean_target = min<u32>(hak_env_u32('HAKMEM_SS_MEM_LEAN_TARGET_MB', 10), 4096);
  return g_lean_target;
}

/** Slabs are prepared when a thread begins; LEAN+OFF (lean without decommit) suppresses that. */
@inline // leaf
export function ss_prewarm_enabled(): bool {
  if (BENCH_MINIMAL) return false;
  if (g_prewarm < 0) g_prewarm = hak_env_flag('HAKMEM_SS_PREWARM', 0);
  return g_prewarm != 0 && (!ss_mem_lean_enabled() || ss_mem_lean_decommit_enabled());
}

/** The release policy walks the lists as the heap grows; off leaves that to the moment when memory is out. */
@inline // leaf
export function ss_release_policy_enabled(): bool {
  if (BENCH_MINIMAL) return true;
  if (g_release < 0) g_release = hak_env_flag('HAKMEM_SS_RELEASE_POLICY', 1);
  return g_release != 0;
}

/** calloc takes blocks that were never used before from where the bin carves, and does not zero them. */
@inline // leaf
export function ss_lazy_zero_enabled(): bool {
  if (BENCH_MINIMAL) return true;
  if (g_lazy_zero < 0) g_lazy_zero = hak_env_flag('HAKMEM_SS_LAZY_ZERO', 1);
  return g_lazy_zero != 0;
}

export function ss_mem_lean_forget(): void {
  g_lean = -1;
  g_lean_decommit = -1;
  g_lean_target = -1;
  g_prewarm = -1;
  g_release = -1;
  g_lazy_zero = -1;
}
