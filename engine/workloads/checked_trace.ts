// The untimed replay of a trace: hashed, accounted and with `verify` checked; by one thread in file order, or by all.
// Parameters as in trace.ts, and 4 sizes and 5 ids of the objects' contents (u32 an id of the trace), 62 and 63 as in
// checked_threads.ts.
import { aligned_alloc, calloc, free, malloc, realloc } from '../allocator/wrappers';
import { checked_faulty, natural_alignment, object_moved, object_new, object_old } from './checked';
import { PARAM_ACCOUNT, PARAM_VERIFY } from './checked_threads';
import { HASH_FREE, HASH_REALLOC, HASH_START, hash_add } from './random';
import { abort_all, aborted, hash_keep, hash_kept, param, pass_end, pass_start, progress } from './threads';
import {
  FLAG_PUB,
  FLAG_WAIT,
  ID_SHIFT,
  KIND_ALIGNED,
  KIND_CALLOC,
  KIND_FREE,
  KIND_MALLOC,
  KIND_REALLOC,
  KIND_THREAD,
  own_of,
  trace_row,
  trace_take,
} from './trace';

/** Allocates as `kind` says and checks what came; 0 when memory ran out. */
function checked_new(block: usize, kind: u32, n: u32, align: u32, uid: u32): usize {
  const p = kind == KIND_MALLOC ? malloc(n) : kind == KIND_CALLOC ? calloc(1, n) : aligned_alloc(align, n);
  if (!p) return 0;
  const least = kind == KIND_ALIGNED ? align : natural_alignment(n);
  const verify = param(block, PARAM_VERIFY) != 0;
  object_new(p, n, uid, least, kind == KIND_CALLOC, verify, param(block, PARAM_ACCOUNT));
  return p;
}

/** Replays the code from `at` to `end`; returns the operations done. */
function checked_run(block: usize, thread: u32, at: usize, end: usize, shared: bool): u32 {
  const own: usize = param(block, 1);
  const slots: usize = param(block, 2);
  const sizes: usize = param(block, 4);
  const uids: usize = param(block, 5);
  const account: usize = param(block, PARAM_ACCOUNT);
  const verify = param(block, PARAM_VERIFY) != 0;
  const recorder = thread;
  let done: u32 = 0;
  let h = HASH_START;
  while (at < end) {
    const word = load<u32>(at);
    const kind = word & 7;
    if (kind == KIND_THREAD) {
      hash_keep(block, thread, h);
      thread = word >>> ID_SHIFT;
      h = hash_kept(block, thread);
      at += 4;
      continue;
    }
    const size_at = own_of(sizes, word);
    const uid_at = own_of(uids, word);
    const uid = (done << 6) + thread;
    const n: u32 = kind == KIND_FREE ? 0 : load<u32>(at, 4);
    let p: usize;
    if (kind == KIND_FREE || kind == KIND_REALLOC) {
      const take = shared && (word & FLAG_WAIT);
      const old = take ? trace_take(own_of(slots, word), block) : <usize>load<u32>(own_of(own, word));
      if (!old) return done;
      const before = load<u32>(size_at);
      const old_uid = load<u32>(uid_at);
      object_old(old, before, old_uid, verify, account);
      if (kind == KIND_FREE) {
        h = hash_add(h, HASH_FREE + before);
        free(old);
        p = 0;
        at += 4;
      } else {
        h = hash_add(h, HASH_REALLOC + n);
        p = realloc(old, n);
        if (p) object_moved(p, before, n, old_uid, uid, verify, account);
        at += 8;
      }
    } else {
      h = hash_add(h, n);
      const align: u32 = kind == KIND_ALIGNED ? load<u32>(at, 8) : 0;
      p = checked_new(block, kind, n, align, uid);
      at += kind == KIND_ALIGNED ? 12 : 8;
    }
    if (kind != KIND_FREE) {
      if (!p) {
        abort_all(block);
        return done;
      }
      store<u32>(size_at, n);
      store<u32>(uid_at, uid);
      if (shared && (word & FLAG_PUB)) atomic.store<u32>(own_of(slots, word), <u32>p);
      else store<u32>(own_of(own, word), <u32>p);
    }
    progress(block, recorder, ++done);
    if (checked_faulty()) abort_all(block);
    if (aborted(block)) return done;
  }
  hash_keep(block, thread, h);
  return done;
}

/** All operations, in file order, by this thread; hashes are kept for each thread of the trace, `hashes` of them. */
export function trace_checked(block: usize, hashes: u32): u32 {
  for (let t: u32 = 0; t < hashes; t++) hash_keep(block, t, HASH_START);
  const row = trace_row(block, 0);
  return checked_run(block, 0, load<u32>(row), load<u32>(row, 4), false);
}

/** As trace_thread. */
export function trace_checked_thread(block: usize, thread: u32): void {
  const row = trace_row(block, thread);
  if (!pass_start(block, thread, param(block, 0))) return;
  pass_end(block, thread, checked_run(block, thread, load<u32>(row), load<u32>(row, 4), true));
}

/** What lives at the end, checked and freed. */
export function trace_checked_drain(block: usize, thread: u32): void {
  const row = trace_row(block, thread);
  const end: usize = load<u32>(row, 12);
  const verify = param(block, PARAM_VERIFY) != 0;
  for (let ids: usize = load<u32>(row, 8); ids < end && !aborted(block); ids += 4) {
    const at = <usize>load<u32>(ids) << 2;
    const p: usize = load<u32>(<usize>param(block, 1) + at);
    const n = load<u32>(<usize>param(block, 4) + at);
    object_old(p, n, load<u32>(<usize>param(block, 5) + at), verify, param(block, PARAM_ACCOUNT));
    free(p);
    if (checked_faulty()) abort_all(block);
  }
}
