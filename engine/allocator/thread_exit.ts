// The end of a thread: what it owned becomes the next thread's.

/** Called by a thread's last breath; the instance may go on and then counts as a new thread. */
export function thread_exit(): void {}
