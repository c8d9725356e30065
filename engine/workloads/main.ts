// What the module exports: the allocator's public functions and the workloads.
export {
  engine_decommitted_pages,
  engine_heap_top,
  engine_init,
  engine_invalid_frees,
  engine_oom_count,
} from '../allocator/engine_init';
export { fastlane_ctx_invalidate } from '../allocator/gates_invalidate';
export { misuse_count, misuse_last_address, misuse_last_class, misuse_last_kind } from '../allocator/misuse_box';
export { stat_read } from '../allocator/stats';
export { thread_exit } from '../allocator/thread_exit';
export { aligned_alloc, calloc, free, malloc, realloc, usable_size } from '../allocator/wrappers';
export { checked_faults, random_mixed_checked } from './checked';
export {
  larson_checked_drain,
  larson_checked_thread,
  mstress_checked_drain,
  mstress_checked_thread,
  pc_checked_thread,
} from './checked_threads';
export { trace_checked, trace_checked_drain, trace_checked_thread } from './checked_trace';
export { floor } from './floor';
export {
  fuzz_accept_misuses,
  fuzz_audit,
  fuzz_bytes,
  fuzz_drain,
  fuzz_live_bytes,
  fuzz_nulls,
  fuzz_run,
  fuzz_setup,
} from './fuzz';
export { fuzz_fault } from './fuzz_fault';
export { larson_drain, larson_thread } from './larson';
export { latency_overhead, random_mixed_latency } from './latency';
export { misuse_commit, misuse_expected, misuse_prepare, misuse_settle } from './misuse';
export { mstress_drain, mstress_thread } from './mstress';
export { pc_thread } from './pc';
export { random_mixed, random_mixed_drain } from './random_mixed';
export { trace_drain, trace_replay, trace_thread, trace_thread_drain } from './trace';
