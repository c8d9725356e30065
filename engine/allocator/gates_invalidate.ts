// The invalidation hook (19-B): what the host calls after it has written new values into the environment block.
import { BENCH_MINIMAL } from './build_flags';
import { front_fold, front_forget } from './front_fold';
import { SHARED_POLICY_VERSION } from './layout';
import { tls_attached } from './tls';

/**
 * The gates are read again: by this thread at once, by every other one at its next call that its front does not serve
 * from a list, where it sees that the policy's version has changed.
 */
export function fastlane_ctx_invalidate(): void {
  if (BENCH_MINIMAL) return;
  atomic.add<u32>(SHARED_POLICY_VERSION, 1);
  front_forget();
  if (tls_attached()) front_fold();
}
