// memory.fill and memory.copy over memory that another thread may have grown. V8 checks them against the size that this
// thread heard of last and traps behind it, which plain loads and stores do not; growing by nothing brings the size up to date.

@inline // leaf
function hear_of(end: usize): void {
  if ((end - 1) >>> 16 >= <usize>memory.size()) memory.grow(0);
}

/** Fills `bytes` > 0 bytes at `at`. */
export function bulk_fill(at: usize, value: u8, bytes: usize): void {
  hear_of(at + bytes);
  memory.fill(at, value, bytes);
}

/** Copies `bytes` > 0 bytes. */
export function bulk_copy(to: usize, from: usize, bytes: usize): void {
  hear_of(max<usize>(to, from) + bytes);
  memory.copy(to, from, bytes);
}
