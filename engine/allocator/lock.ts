// The one lock of the backend: page runs, registry, shared pool. The fast paths never take it.
import { SHARED_LOCK } from './layout';

const FREE: i32 = 0;
const TAKEN: i32 = 1;
/** Taken, and somebody may be asleep: the holder has to wake one. */
const AWAITED: i32 = 2;

function hak_lock_acquire_slow(): void {
  for (let tries = 0; tries < 127; tries++) {
    if (atomic.load<i32>(SHARED_LOCK) == FREE && atomic.cmpxchg<i32>(SHARED_LOCK, FREE, TAKEN) == FREE) return;
  }
  while (atomic.xchg<i32>(SHARED_LOCK, AWAITED) != FREE) atomic.wait<i32>(SHARED_LOCK, AWAITED, 50000);
}

/** Takes the lock: 127 tries, then sleeps of 50 microseconds at most. */
export function hak_lock_acquire(): void {
  if (atomic.cmpxchg<i32>(SHARED_LOCK, FREE, TAKEN) != FREE) hak_lock_acquire_slow();
}

export function hak_lock_release(): void {
  if (atomic.xchg<i32>(SHARED_LOCK, FREE) == AWAITED) atomic.notify(SHARED_LOCK, 1);
}
