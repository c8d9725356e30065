// L0: the gates of MID v3. Constants where BENCH_MINIMAL is 1; with HAKMEM_FAST_PROFILE_PRUNE_BACKENDS the constant 0, so that
// nothing of MID v3 is left in the module.
import { BENCH_MINIMAL, HAKMEM_FAST_PROFILE_PRUNE_BACKENDS } from './build_flags';
import { hak_env_flag, hak_env_u32 } from './hak_env';
import { MID_FIRST } from './tiny_size_class';

let g_mid_v3: i32 = -1;
let g_mid_v3_classes: u32 = 0;
let g_mid_v3_classes_read: bool = false;
let g_mid_v3_debug: i32 = -1;
let g_mid_v3_inuse: i32 = -1;

/** MID v3 serves the mid sizes; off leaves them to the pool. */
@inline // leaf
export function mid_v3_enabled(): bool {
  if (HAKMEM_FAST_PROFILE_PRUNE_BACKENDS) return false;
  if (BENCH_MINIMAL) return true;
  if (g_mid_v3 < 0) g_mid_v3 = hak_env_flag('HAKMEM_MID_V3_ENABLED', 1);
  return g_mid_v3 != 0;
}

/** Whether MID v3 serves a mid bin: a bit for each, the lowest for the smallest. */
@inline // leaf
export function mid_v3_class_enabled(bin: u32): bool {
  if (HAKMEM_FAST_PROFILE_PRUNE_BACKENDS) return false;
  if (BENCH_MINIMAL) return true;
  if (!g_mid_v3_classes_read) {
    g_mid_v3_classes = hak_env_u32('HAKMEM_MID_V3_CLASSES', 0xffffffff);
    g_mid_v3_classes_read = true;
  }
  return ((g_mid_v3_classes >>> (bin - MID_FIRST)) & 1) != 0;
}

/** Every block that passes a lane is looked up in the page map. */
@inline // leaf
export function mid_v3_debug_enabled(): bool {
  if (BENCH_MINIMAL || HAKMEM_FAST_PROFILE_PRUNE_BACKENDS) return false;
  if (g_mid_v3_debug < 0) g_mid_v3_debug = hak_env_flag('HAKMEM_MID_V3_DEBUG', 0);
  return g_mid_v3_debug != 0;
}

/** In-use counts of MID v3 slabs are kept, and empty slabs looked for when they say that there are some. */
@inline // leaf
export function mid_v3_inuse_enabled(): bool {
  if (BENCH_MINIMAL || HAKMEM_FAST_PROFILE_PRUNE_BACKENDS) return false;
  if (g_mid_v3_inuse < 0) g_mid_v3_inuse = hak_env_flag('HAKMEM_MID_V3_INUSE', 0);
  return g_mid_v3_inuse != 0;
}
