// The first fault that a fuzz found, with what is needed to understand it. One a fuzz, in the shared area.

/** An allocation came back null though memory was not out. */
export const FAULT_NULL: u32 = 1;
export const FAULT_ALIGNMENT: u32 = 2;
/** Memory that is handed out already was handed out again. */
export const FAULT_OVERLAP: u32 = 3;
/** An object's memory was not marked as handed out when it was freed: another free took the mark. */
export const FAULT_UNMARKED: u32 = 4;
export const FAULT_CONTENTS: u32 = 5;
export const FAULT_ZERO: u32 = 6;
export const FAULT_USABLE: u32 = 7;
export const FAULT_USABLE_CHANGED: u32 = 8;
export const FAULT_REALLOC_CONTENTS: u32 = 9;
/** The engine reported a misuse though there was none. */
export const FAULT_MISUSE: u32 = 10;
export const FAULT_ACCOUNTING: u32 = 11;
/** A block outside the heap that the bitmap covers. */
export const FAULT_OUTSIDE: u32 = 12;
export const FAULT_REALLOC_ZERO: u32 = 13;

let g_at: usize = 0;
let g_thread: u32 = 0;

/** Where the fault is kept (u32: code, address, size, detail, thread), and who this thread is. */
export function fault_subject(at: usize, thread: u32): void {
  g_at = at;
  g_thread = thread;
}

@inline // leaf
export function fault_code(): u32 {
  return atomic.load<u32>(g_at);
}

/** Keeps the fault if it is the first. */
export function fault_set(code: u32, ptr: usize, size: u32, detail: u32): void {
  if (atomic.cmpxchg<u32>(g_at, 0, code) != 0) return;
  store<u32>(g_at, <u32>ptr, 4);
  store<u32>(g_at, size, 8);
  store<u32>(g_at, detail, 12);
  store<u32>(g_at, g_thread, 16);
}

/** Field of the first fault: 0 code (0 = none), 1 address, 2 size, 3 detail, 4 thread. */
export function fuzz_fault(field: u32): u32 {
  return atomic.load<u32>(g_at + (<usize>field << 2));
}
