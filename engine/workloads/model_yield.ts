// Atomic operations with a stop before each: what the model checker's build puts in the place of `atomic.*`
// (engine/host/model-check). At a stop the scheduler decides which thread goes on.

export const OP_LOAD: i32 = 0;
export const OP_STORE: i32 = 1;
export const OP_RMW: i32 = 2;
export const OP_CMPXCHG: i32 = 3;
export const OP_WAIT: i32 = 4;
export const OP_NOTIFY: i32 = 5;
export const OP_PAUSE: i32 = 6;

/** Suspends the thread before operation `kind` at `at`; bytes, and what a cmpxchg or a wait expects. */
@external('mc', 'step')
declare function mc_step(kind: i32, at: usize, bytes: i32, expected: u64): i32;

/** Tells the scheduler what the operation that it let go on has read. */
@external('mc', 'done')
declare function mc_done(seen: u64): void;

/** A stop without an operation: the middle of a critical section. */
export function mc_pause(): void {
  mc_step(OP_PAUSE, 0, 0, 0);
}

export function mc_load<T>(at: usize, offset: usize = 0): T {
  mc_step(OP_LOAD, at + offset, sizeof<T>(), 0);
  const seen = atomic.load<T>(at + offset);
  mc_done(<u64>seen);
  return seen;
}

export function mc_store<T>(at: usize, value: T, offset: usize = 0): void {
  mc_step(OP_STORE, at + offset, sizeof<T>(), 0);
  atomic.store<T>(at + offset, value);
}

export function mc_add<T>(at: usize, value: T, offset: usize = 0): T {
  mc_step(OP_RMW, at + offset, sizeof<T>(), 0);
  return atomic.add<T>(at + offset, value);
}

export function mc_sub<T>(at: usize, value: T, offset: usize = 0): T {
  mc_step(OP_RMW, at + offset, sizeof<T>(), 0);
  return atomic.sub<T>(at + offset, value);
}

export function mc_and<T>(at: usize, value: T, offset: usize = 0): T {
  mc_step(OP_RMW, at + offset, sizeof<T>(), 0);
  return atomic.and<T>(at + offset, value);
}

export function mc_or<T>(at: usize, value: T, offset: usize = 0): T {
  mc_step(OP_RMW, at + offset, sizeof<T>(), 0);
  return atomic.or<T>(at + offset, value);
}

export function mc_xor<T>(at: usize, value: T, offset: usize = 0): T {
  mc_step(OP_RMW, at + offset, sizeof<T>(), 0);
  return atomic.xor<T>(at + offset, value);
}

export function mc_xchg<T>(at: usize, value: T, offset: usize = 0): T {
  mc_step(OP_RMW, at + offset, sizeof<T>(), 0);
  return atomic.xchg<T>(at + offset, value);
}

export function mc_cmpxchg<T>(at: usize, expected: T, value: T, offset: usize = 0): T {
  mc_step(OP_CMPXCHG, at + offset, sizeof<T>(), <u64>expected);
  const seen = atomic.cmpxchg<T>(at + offset, expected, value);
  mc_done(<u64>seen);
  return seen;
}

/** Mutation: a plain store in the place of the compare and exchange. */
export function mc_cmpxchg_as_store<T>(at: usize, expected: T, value: T, offset: usize = 0): T {
  mc_step(OP_CMPXCHG, at + offset, sizeof<T>(), <u64>expected);
  store<T>(at + offset, value);
  mc_done(<u64>expected);
  return expected;
}

/** Mutation: one attempt whose failure goes unnoticed, as when the retry is taken away. */
export function mc_cmpxchg_once<T>(at: usize, expected: T, value: T, offset: usize = 0): T {
  mc_step(OP_CMPXCHG, at + offset, sizeof<T>(), <u64>expected);
  atomic.cmpxchg<T>(at + offset, expected, value);
  mc_done(<u64>expected);
  return expected;
}

/** The scheduler says how the wait ended: 0 woken, 1 the value was another, 2 timed out. */
export function mc_wait<T>(at: usize, expected: T, timeout: i64 = -1): i32 {
  return mc_step(timeout < 0 ? OP_WAIT | 8 : OP_WAIT, at, sizeof<T>(), <u64>expected);
}

export function mc_notify(at: usize, count: i32 = -1): i32 {
  return mc_step(OP_NOTIFY, at, count, 0);
}
