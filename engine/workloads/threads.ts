// What the workloads of several threads share: a block of shared memory in the harness area that the host fills, the
// start of a pass, barriers, spinning, and a record a thread.
//
//   block +0 abort   +64 threads ready   +128 arrived at the barrier   +192 barriers passed   +256 parameters, u32 each
//   block +512, 128 bytes a thread: +0 turn   +8 start   +16 end (ns)   +24 operations done   +32 hash (u64 each)   +40 progress
const ABORT: usize = 0;
const READY: usize = 64;
const ARRIVED: usize = 128;
const PASSED: usize = 192;
const PARAMETERS: usize = 256;
const RECORDS: usize = 512;
const RECORD_BYTES: usize = 128;
const SPINS: u32 = 127;
const REST_NANOSECONDS: i64 = 50000;

/** Nanoseconds on a clock that all threads share, from the host. */
@external('env', 'now')
declare function now(): f64;

@inline // leaf
export function param(block: usize, index: u32): u32 {
  return load<u32>(block + (<usize>index << 2), PARAMETERS);
}

@inline // leaf
export function thread_record(block: usize, thread: u32): usize {
  return block + RECORDS + <usize>thread * RECORD_BYTES;
}

@inline // leaf
export function aborted(block: usize): bool {
  return atomic.load<u32>(block, ABORT) != 0;
}

/** Ends the pass of all threads: one of them cannot go on. */
export function abort_all(block: usize): void {
  atomic.store<u32>(block, 1, ABORT);
}

let g_paused: u32 = 1;

/**
 * What a pause instruction does between two looks of a native spin: some 64 cycles that leave the cell's cache line to its
 * writer. WebAssembly has no such instruction; without it 127 loads are over in the time of three pauses, and every short
 * wait becomes a sleep.
 */
@inline // leaf
function pause(): void {
  let x = g_paused;
  for (let i = 0; i < 16; i++) x = x * 1664525 + 1013904223;
  g_paused = x;
}

/** Waits until the cell at `at` is no longer `seen`: up to 127 loads, then 50 us of rest. False when the pass was ended. */
export function spin_while(at: usize, seen: u32, block: usize): bool {
  do {
    for (let i: u32 = 0; i < SPINS; i++) {
      if (atomic.load<u32>(at) != seen) return true;
      pause();
    }
    atomic.wait<i32>(at, <i32>seen, REST_NANOSECONDS);
  } while (!aborted(block));
  return false;
}

/** Waits until the cell at `at` holds `wanted`. */
export function spin_until(at: usize, wanted: u32, block: usize): bool {
  let seen = atomic.load<u32>(at);
  while (seen != wanted) {
    if (!spin_while(at, seen, block)) return false;
    seen = atomic.load<u32>(at);
  }
  return true;
}

/** All `parties` threads meet. False when the pass was ended. */
export function barrier(block: usize, parties: u32): bool {
  const passed = atomic.load<u32>(block, PASSED);
  if (atomic.add<u32>(block, 1, ARRIVED) + 1 == parties) {
    atomic.store<u32>(block, 0, ARRIVED);
    atomic.store<u32>(block, passed + 1, PASSED);
    atomic.notify(block + PASSED);
    return !aborted(block);
  }
  return spin_while(block + PASSED, passed, block);
}

/** The beginning of a pass: waits until `threads` threads are there, then takes the time. */
export function pass_start(block: usize, thread: u32, threads: u32): bool {
  atomic.add<u32>(block, 1, READY);
  if (!spin_until(block + READY, threads, block)) return false;
  store<f64>(thread_record(block, thread), now(), 8);
  return true;
}

/** The end of this thread's part of a pass. */
export function pass_end(block: usize, thread: u32, operations: u64): void {
  const record = thread_record(block, thread);
  store<f64>(record, now(), 16);
  store<u64>(record, operations, 24);
}

/** A thread that follows another: is there, and sleeps (on a semaphore) until it is its turn. */
export function turn_wait(block: usize, thread: u32): bool {
  const turn = thread_record(block, thread);
  atomic.add<u32>(block, 1, READY);
  while (!atomic.load<u32>(turn)) atomic.wait<i32>(turn, 0, -1);
  if (aborted(block)) return false;
  store<f64>(turn, now(), 8);
  return true;
}

export function turn_give(block: usize, thread: u32): void {
  const turn = thread_record(block, thread);
  atomic.store<u32>(turn, 1);
  atomic.notify(turn);
}

/** For the host's eye on checked passes, which a broken heap may hang. */
@inline // leaf
export function progress(block: usize, thread: u32, operations: u32): void {
  store<u32>(thread_record(block, thread), operations, 40);
}

export function hash_keep(block: usize, thread: u32, hash: u64): void {
  store<u64>(thread_record(block, thread), hash, 32);
}

export function hash_kept(block: usize, thread: u32): u64 {
  return load<u64>(thread_record(block, thread), 32);
}

/** Seed of thread `t`: never 0, which xorshift could not leave. */
export function seed_of(seed: u32, t: u32): u32 {
  const x = seed + (t + 1) * 0x9e3779b9;
  return x ? x : 1;
}
