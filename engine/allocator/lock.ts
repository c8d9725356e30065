// The one lock of the backend: page runs, registry, shared pool. The fast paths never take it.
import { SHARED_LOCK } from './layout';

/** Takes the lock: 127 tries, then sleeps of 50 microseconds (a browser's main thread may not sleep: it only spins). */
export function hak_lock_acquire(): void {
  let tries = 0;
  while (atomic.cmpxchg<i32>(SHARED_LOCK, 0, 1) != 0) {
    if (++tries == 127) {
      tries = 0;
      atomic.wait<i32>(SHARED_LOCK, 1, 50000);
    }
  }
}

export function hak_lock_release(): void {
  atomic.store<i32>(SHARED_LOCK, 0);
  atomic.notify(SHARED_LOCK, 1);
}
