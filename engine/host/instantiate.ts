/** An engine module in a memory of its own: exports with types, the harness area, the environment block. */
import { UserError } from '../../extension/model.ts';

/** Exports of engine/workloads/main.ts, without those that only workers call (thread.ts). Addresses and sizes are bytes of linear memory. */
export interface EngineExports {
  engine_init(heapBase: number): number;
  engine_oom_count(): number;
  engine_invalid_frees(): number;
  engine_heap_top(): number;
  engine_decommitted_pages(): number;
  fastlane_ctx_invalidate(): void;
  thread_exit(): void;
  misuse_count(): number;
  misuse_last_kind(): number;
  misuse_last_address(): number;
  misuse_last_class(): number;
  stat_read(cell: number): number;
  malloc(size: number): number;
  free(ptr: number): void;
  calloc(count: number, size: number): number;
  realloc(ptr: number, size: number): number;
  aligned_alloc(align: number, size: number): number;
  usable_size(ptr: number): number;
  random_mixed(iters: number, ws: number, min: number, max: number, seed: number): number;
  random_mixed_drain(ws: number): void;
  floor(iters: number, ws: number, min: number, max: number, seed: number, area: number): number;
  random_mixed_checked(
    iters: number,
    ws: number,
    min: number,
    max: number,
    seed: number,
    records: number,
    account: number,
    verify: number,
  ): bigint;
  checked_faults(kind: number): number;
  trace_replay(at: number, end: number): number;
  trace_drain(ids: number, end: number): void;
  trace_checked(block: number, hashes: number): number;
  trace_checked_drain(block: number, thread: number): void;
  random_mixed_latency(
    iters: number,
    ws: number,
    min: number,
    max: number,
    seed: number,
    out: number,
  ): number;
  latency_overhead(count: number, out: number): void;
  fuzz_bytes(slots: number, span: number): number;
  fuzz_setup(area: number, slots: number, heap: number, span: number, seed: number, thread: number): void;
  fuzz_run(
    ops: number,
    grow: number,
    profile: number,
    limit: number,
    exitEvery: number,
    oomOk: number,
  ): number;
  fuzz_drain(first: number, every: number): number;
  fuzz_audit(): number;
  fuzz_live_bytes(): bigint;
  fuzz_nulls(): number;
  fuzz_fault(field: number): number;
  fuzz_accept_misuses(): void;
  misuse_prepare(kind: number, group: number): number;
  misuse_expected(field: number): number;
  misuse_commit(operation: number, ptr: number): number;
  misuse_settle(result: number): void;
}

export interface EngineInstance {
  readonly exports: EngineExports;
  /** Exports by name, for modules that carry more (counters). */
  readonly raw: WebAssembly.Exports;
  readonly memory: WebAssembly.Memory;
  /** First byte of the harness area (engine/allocator/layout.ts). */
  readonly harness: number;
}

/** As in engine/allocator/layout.ts. */
const envBase = 0x4000;
const envBytes = 0x1000;
const harnessBase = 0x120000;
const pageBytes = 0x10000;
const mib = 0x100000;
const maximumPages = 65536;

/** Environment as the engine reads it: `NAME=VALUE\0`..., ASCII. */
export function environmentBlock(env: Readonly<Record<string, string>>): Uint8Array {
  const text = Object.entries(env)
    .map(([name, value]) => `${name}=${value}\0`)
    .join('');
  // Non-ASCII characters cannot appear in a gate's value; they become `?` rather than split bytes.
  const bytes = Uint8Array.from([...text].map((c) => (c.charCodeAt(0) < 128 ? c.charCodeAt(0) : 0x3f)));
  if (bytes.length >= envBytes) throw new UserError(`the gates' values are too long: ${bytes.length} bytes`);
  return bytes;
}

/** Shared memory with 4 GiB to grow to, or as much as the system reserves. */
function newMemory(initial: number, limit: number): WebAssembly.Memory {
  for (let maximum = limit; maximum >= initial; maximum >>>= 1) {
    try {
      return new WebAssembly.Memory({ initial, maximum, shared: true });
    } catch {
      // Not that much address space: try half.
    }
  }
  throw new UserError('no memory for the engine: the system refused to reserve it', 3);
}

export interface InstantiateOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Bytes of the harness area: slot tables and the like, outside the allocator. */
  readonly harnessBytes: number;
  /** Limit of the memory in bytes above the heap's beginning; without it 4 GiB in all. */
  readonly heapLimit?: number;
}

/** Nanoseconds on a clock that all threads of the process share; as cheap to read as a thread's own. */
function sharedClock(): () => number {
  let origin = Number.POSITIVE_INFINITY;
  // The nearest of several readings: between the two clocks the thread may be interrupted.
  for (let i = 0; i < 5; i++) {
    const own = performance.now() * 1e6;
    origin = Math.min(origin, Number(process.hrtime.bigint()) - own);
  }
  return () => performance.now() * 1e6 + origin;
}

function instantiateIn(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  heapBase: number,
): EngineInstance {
  const instance = new WebAssembly.Instance(module, {
    env: {
      memory,
      now: sharedClock(),
      abort: () => {
        throw new Error('the engine aborted');
      },
    },
  });
  const exports = instance.exports as unknown as EngineExports;
  if (exports.engine_init(heapBase) === 0) throw new UserError('no memory for the engine', 3);
  return { exports, raw: instance.exports, memory, harness: harnessBase };
}

/** A fresh engine. Throws `UserError` when there is no memory for it. */
export function instantiate(module: WebAssembly.Module, options: InstantiateOptions): EngineInstance {
  const heapBase = Math.ceil((harnessBase + options.harnessBytes) / mib) * mib;
  const limit = options.heapLimit === undefined ? maximumPages : (heapBase + options.heapLimit) / pageBytes;
  const memory = newMemory(heapBase / pageBytes, Math.min(maximumPages, Math.floor(limit)));
  new Uint8Array(memory.buffer).set(environmentBlock(options.env ?? {}), envBase);
  return instantiateIn(module, memory, heapBase);
}

/** One more thread's view of a heap: an instance of the same module in the memory of `instantiate`'s. */
export function attach(module: WebAssembly.Module, memory: WebAssembly.Memory): EngineInstance {
  // The heap's beginning was fixed by the first instance; any valid one will do here.
  return instantiateIn(module, memory, Math.ceil(harnessBase / mib) * mib);
}
