/** Category of an allocator function by its name, in the terms of the documents' top-10 table. */
import type { FunctionCategory } from '../model.ts';

const exact: Readonly<Record<string, FunctionCategory>> = {
  main: 'benchmark',
  random_mixed: 'benchmark',
  floor: 'benchmark',
  trace_replay: 'benchmark',
  trace_drain: 'benchmark',
  malloc: 'wrapper',
  free: 'wrapper',
  calloc: 'wrapper',
  realloc: 'wrapper',
  reallocarray: 'wrapper',
  aligned_alloc: 'wrapper',
  memalign: 'wrapper',
  posix_memalign: 'wrapper',
  valloc: 'wrapper',
  pvalloc: 'wrapper',
  usable_size: 'wrapper',
  malloc_usable_size: 'wrapper',
  cfree: 'wrapper',
};

/** First match decides; the order puts what a function is for before what it is built of. */
const patterns: readonly (readonly [RegExp, FunctionCategory])[] = [
  [/^\(.*\)$|^(asm_|entry_SYSCALL|do_syscall|page_fault|__x64_sys_|clear_page|__handle_mm)/, 'kernel'],
  [/(^|_)(stats?|counters?|telemetry|measure)(_|$)|_record_(hit|miss|prefilled)/, 'stats'],
  [/(^|_)(env|getenv|gate_enabled|snapshot)(_|$)|_enabled(_env|_fast|_runtime|_for_class)?$/, 'env'],
  [/_ready_fast$|_class_mask$|^fastlane_ctx_/, 'env'],
  [/^(front_fastlane|hakmem_wrap|bench_)/, 'wrapper'],
];

/** `core` unless the name says otherwise. */
export function categoryOfBox(name: string): FunctionCategory {
  const known = exact[name];
  if (known !== undefined && Object.hasOwn(exact, name)) return known;
  return patterns.find(([pattern]) => pattern.test(name))?.[1] ?? 'core';
}
