// HakmemEnvSnapshot: the gates of the hot path read once a thread into one object (in the thread block).
//
//   +0 tiny_c7_ultra   +1 dualhot   +2 legacy_direct   +3 free_trusted
import { BENCH_MINIMAL } from './build_flags';
import {
  alloc_dualhot_enabled,
  free_tiny_trusted_enabled,
  legacy_direct_enabled,
  tiny_c7_ultra_enabled_env,
} from './env_gates';
import { hak_env_flag } from './hak_env';
import { TLS_SNAPSHOT } from './layout';
import { g_tls } from './tls';

export const SNAPSHOT_C7_ULTRA: usize = 0;
export const SNAPSHOT_DUALHOT: usize = 1;
export const SNAPSHOT_LEGACY_DIRECT: usize = 2;
export const SNAPSHOT_FREE_TRUSTED: usize = 3;

let g_hakmem_env_snapshot_gate: i32 = -1;
/** 1: the snapshot is filled when a thread gets its heap, and not looked at again. */
let g_hakmem_env_snapshot_ctor_mode: i32 = -1;
let g_hakmem_env_snapshot_ready: bool = false;

function hakmem_env_snapshot_fill(): void {
  const at = g_tls + TLS_SNAPSHOT;
  store<u8>(at, tiny_c7_ultra_enabled_env(), SNAPSHOT_C7_ULTRA);
  store<u8>(at, alloc_dualhot_enabled(), SNAPSHOT_DUALHOT);
  store<u8>(at, legacy_direct_enabled(), SNAPSHOT_LEGACY_DIRECT);
  store<u8>(at, free_tiny_trusted_enabled(), SNAPSHOT_FREE_TRUSTED);
  g_hakmem_env_snapshot_ready = true;
}

/** The next use reads the gates again. */
export function hakmem_env_snapshot_forget(): void {
  g_hakmem_env_snapshot_ready = false;
  g_hakmem_env_snapshot_gate = -1;
  g_hakmem_env_snapshot_ctor_mode = -1;
}

/** When a thread gets its heap, and after an invalidation: in constructor mode the snapshot is filled here. */
export function hakmem_env_snapshot_ctor(): void {
  g_hakmem_env_snapshot_ctor_mode = hak_env_flag('HAKMEM_ENV_SNAPSHOT_CTOR', 0);
  if (g_hakmem_env_snapshot_ctor_mode == 1) hakmem_env_snapshot_fill();
}

/** Whether gates are read from the snapshot. */
@inline
export function hakmem_env_snapshot_enabled(): bool {
  if (BENCH_MINIMAL) return false;
  if (g_hakmem_env_snapshot_gate < 0) g_hakmem_env_snapshot_gate = hak_env_flag('HAKMEM_ENV_SNAPSHOT', 1);
  return g_hakmem_env_snapshot_gate != 0;
}

/** Address of this thread's snapshot. */
@inline // leaf
export function hakmem_env_snapshot(): usize {
  if (g_hakmem_env_snapshot_ctor_mode != 1 && !g_hakmem_env_snapshot_ready) hakmem_env_snapshot_fill();
  return g_tls + TLS_SNAPSHOT;
}
