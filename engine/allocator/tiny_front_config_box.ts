// L0 and L2: how the tiny front is configured, class by class. What a class has besides its list are its detours, one bit
// each: the front serves classes without any, the layers look at the bits once and go the cold way when there are some.
import { BENCH_MINIMAL, HAKMEM_FRONT_CONFIG_DEBUG_COMPILED } from './build_flags';
import { hak_env_flag, hak_getenv } from './hak_env';
import {
  small_v6_headerless_route_enabled,
  tiny_c7_hot_enabled,
  tiny_guard_enabled_runtime,
  tiny_heap_box_enabled,
  tiny_heap_class_route_enabled,
} from './phase42_gates';
import { STAT_FRONT_CONFIG, stat_set } from './stats';
import { TINY_CLASSES } from './tiny_size_class';

export const DETOUR_GUARD: u32 = 1;
export const DETOUR_V6: u32 = 2;
export const DETOUR_HEAP: u32 = 4;
export const DETOUR_C7_HOT: u32 = 8;
export const DETOUR_HEADER: u32 = 16;

/** Header written at every allocation and marked at every free. */
export const HEADER_MODE_FULL: i32 = 0;
/** Written only where it is not there yet. */
export const HEADER_MODE_LIGHT: i32 = 1;
/** As light, and not marked at free: of double frees only that of a block freed last is seen. */
export const HEADER_MODE_OFF: i32 = 2;
/** As full, and the mark of a free block is checked when the block is handed out. */
export const HEADER_MODE_DEBUG: i32 = 3;

let g_header_mode: i32 = -1;
let g_tiny_front_v3: i32 = -1;
let g_mono_dualhot: i32 = -1;
let g_mono_legacy_direct: i32 = -1;
let g_free_fast_v2: i32 = -1;
let g_legacy_mask: i32 = -1;

/** Header mode of tiny blocks: HAKMEM_TINY_HEADER_MODE = full, light, off or debug; its first letter counts. */
@inline // leaf
export function tiny_header_mode(): i32 {
  if (BENCH_MINIMAL) return HEADER_MODE_FULL;
  if (g_header_mode < 0) g_header_mode = header_mode_read();
  return g_header_mode;
}

function header_mode_read(): i32 {
  const value = hak_getenv('HAKMEM_TINY_HEADER_MODE');
  const letter = value ? <u32>load<u8>(value) | 0x20 : 0;
  if (letter == 0x6c) return HEADER_MODE_LIGHT;
  if (letter == 0x6f) return HEADER_MODE_OFF;
  return letter == 0x64 ? HEADER_MODE_DEBUG : HEADER_MODE_FULL;
}

/** The layers read a class's detours from the front's snapshot; off asks each gate at each operation. */
@inline // leaf
export function tiny_front_v3_enabled(): bool {
  if (BENCH_MINIMAL) return true;
  if (g_tiny_front_v3 < 0) g_tiny_front_v3 = hak_env_flag('HAKMEM_TINY_FRONT_V3', 1);
  return g_tiny_front_v3 != 0;
}

/** Phase 9: frees of classes 0..3 in one piece. */
@inline // leaf
export function free_tiny_fast_mono_dualhot_enabled(): bool {
  if (BENCH_MINIMAL) return false;
  if (g_mono_dualhot < 0) g_mono_dualhot = hak_env_flag('HAKMEM_FREE_TINY_FAST_MONO_DUALHOT', 0);
  return g_mono_dualhot != 0;
}

/** Phase 10: frees of classes 4..6 in one piece. */
@inline // leaf
export function free_tiny_fast_mono_legacy_direct_enabled(): bool {
  if (BENCH_MINIMAL) return false;
  if (g_mono_legacy_direct < 0) g_mono_legacy_direct = hak_env_flag('HAKMEM_FREE_TINY_FAST_MONO_LEGACY_DIRECT', 0);
  return g_mono_legacy_direct != 0;
}

/** The earlier fast free, which asks for the page's owner. */
@inline // leaf
export function tiny_free_fast_v2_enabled(): bool {
  if (BENCH_MINIMAL) return false;
  if (g_free_fast_v2 < 0) g_free_fast_v2 = hak_env_flag('HAKMEM_TINY_FREE_FAST_V2', 0);
  return g_free_fast_v2 != 0;
}

/** Classes whose frees go one of the earlier ways, a bit each. */
@inline // leaf
export function tiny_free_legacy_mask(): u32 {
  if (BENCH_MINIMAL) return 0;
  if (g_legacy_mask < 0) {
    const mono = (free_tiny_fast_mono_dualhot_enabled() ? 0x0f : 0) | (free_tiny_fast_mono_legacy_direct_enabled() ? 0x70 : 0);
    g_legacy_mask = tiny_free_fast_v2_enabled() ? 0x7f : mono;
  }
  return g_legacy_mask;
}

/** The detours of a class by the gates as they are. */
export function tiny_front_detours(cls: u32): u32 {
  if (BENCH_MINIMAL) return 0;
  let bits: u32 = 0;
  if (tiny_guard_enabled_runtime()) bits |= DETOUR_GUARD;
  if (small_v6_headerless_route_enabled(cls)) bits |= DETOUR_V6;
  if (tiny_heap_box_enabled() && (cls == 7 || tiny_heap_class_route_enabled(cls))) bits |= DETOUR_HEAP;
  if (cls == 7 && tiny_c7_hot_enabled()) bits |= DETOUR_C7_HOT;
  if (tiny_header_mode() != HEADER_MODE_FULL) bits |= DETOUR_HEADER;
  return bits;
}

/** Compiled out, as in the documents: classes with a detour, a bit each, for whoever looks at the counters. */
export function tiny_front_config_record(): void {
  if (!HAKMEM_FRONT_CONFIG_DEBUG_COMPILED) return;
  let mask: u32 = 0;
  for (let cls: u32 = 0; cls < TINY_CLASSES; cls++) if (tiny_front_detours(cls)) mask |= 1 << cls;
  stat_set(STAT_FRONT_CONFIG, mask);
}

export function tiny_front_config_forget(): void {
  g_header_mode = -1;
  g_tiny_front_v3 = -1;
  g_mono_dualhot = -1;
  g_mono_legacy_direct = -1;
  g_free_fast_v2 = -1;
  g_legacy_mask = -1;
}
