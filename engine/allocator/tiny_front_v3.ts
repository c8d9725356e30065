// Tiny front v3: the front's configuration in one snapshot a thread, so that an operation reads one byte in place of the
// gates behind it.
import { BENCH_MINIMAL } from './build_flags';
import { TLS_FRONT_V3 } from './layout';
import { tiny_front_config_record, tiny_front_detours, tiny_front_v3_enabled } from './tiny_front_config_box';
import { TINY_CLASSES } from './tiny_size_class';
import { g_tls } from './tls';

let g_tiny_front_v3_ready: bool = false;

function tiny_front_v3_fill(): void {
  for (let cls: u32 = 0; cls < TINY_CLASSES; cls++) store<u8>(g_tls + cls, <u8>tiny_front_detours(cls), TLS_FRONT_V3);
  tiny_front_config_record();
  g_tiny_front_v3_ready = true;
}

/** Address of this thread's snapshot: the detours of each class. */
@inline
export function tiny_front_v3_snapshot_get(): usize {
  if (!g_tiny_front_v3_ready) tiny_front_v3_fill();
  return g_tls + TLS_FRONT_V3;
}

/** The detours of a class, from the snapshot or from the gates. */
@inline // leaf
export function tiny_front_v3_detours(cls: u32): u32 {
  if (BENCH_MINIMAL) return 0;
  return tiny_front_v3_enabled() ? load<u8>(tiny_front_v3_snapshot_get() + cls) : tiny_front_detours(cls);
}

/** The next use fills the snapshot again. */
export function tiny_front_v3_forget(): void {
  g_tiny_front_v3_ready = false;
}
