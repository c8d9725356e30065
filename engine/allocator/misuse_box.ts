// What callers did wrong: frees of what is no live block. Each is counted and the last one kept, for the host to report
// with address and class; the heap is left as it was.
import { SHARED_INVALID_FREES, SHARED_MISUSE_ADDRESS, SHARED_MISUSE_CLASS, SHARED_MISUSE_KIND } from './layout';

/** No block of the engine's: outside the heap, or memory that holds no blocks at the moment. */
export const MISUSE_OUTSIDE: u32 = 1;
/** Inside a block, aligned. */
export const MISUSE_INTERIOR: u32 = 2;
/** Not aligned to 8 bytes. */
export const MISUSE_MISALIGNED: u32 = 3;
/** A block that is free already. */
export const MISUSE_DOUBLE_FREE: u32 = 4;

/** The start of a block whose header is neither that of a live nor of a free one: overwritten, or never handed out. */
export const MISUSE_HEADER: u32 = 5;

/** Counts a misuse; `cls` is C0..C7, 8 mid, 9 large, 255 none. */
export function misuse_report(kind: u32, ptr: usize, cls: u32): void {
  store<u32>(SHARED_MISUSE_KIND, kind);
  store<u32>(SHARED_MISUSE_ADDRESS, <u32>ptr);
  store<u32>(SHARED_MISUSE_CLASS, cls);
  atomic.add<u32>(SHARED_INVALID_FREES, 1);
}

export function misuse_count(): u32 {
  return atomic.load<u32>(SHARED_INVALID_FREES);
}

/** Kind of the last misuse, 0 when there was none. */
export function misuse_last_kind(): u32 {
  return load<u32>(SHARED_MISUSE_KIND);
}

export function misuse_last_address(): u32 {
  return load<u32>(SHARED_MISUSE_ADDRESS);
}

/** Class of the last misuse: C0..C7, 8 mid, 9 large, 255 none. */
export function misuse_last_class(): u32 {
  return load<u32>(SHARED_MISUSE_CLASS);
}
