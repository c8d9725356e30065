/** One pass of random_mixed and floor on an instance, and what every checked pass answers. */
import { UserError } from '../../extension/model.ts';
import { latencyOperations, type LoopParameters } from '../../extension/profile/workloads.ts';
import type { EngineInstance } from './instantiate.ts';
import type { Faults } from './thread.ts';
import { hexHash, type ThreadBlock } from './thread-block.ts';

const recordBytes = 12;
/** Of the account (engine/workloads/checked.ts): the bytes at the peak, and the waste by kind then. */
const accountBytes = 200;
const peakAt = 24;
const peakWasteAt = 120;
const warmingOperations = 1_000_000;
const kinds = ['C0', 'C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'C7', 'mid', 'large'] as const;

interface HarnessLayout {
  readonly slots: number;
  readonly records: number;
  readonly account: number;
  readonly latency: number;
  /** Floor only: the area that stands for the heap. */
  readonly area: number;
  readonly bytes: number;
}

/** Where the tables of a workload lie in the harness area, and how many bytes they need. */
export function harnessLayout(p: LoopParameters, base: number): HarnessLayout {
  let at = base;
  const take = (bytes: number): number => {
    const start = at;
    at = Math.ceil((at + bytes) / 64) * 64;
    return start;
  };
  const stride = Math.ceil(p.max / 16) * 16 + 16;
  const layout = {
    slots: take(p.workingSet * 4),
    records: take(p.workingSet * recordBytes),
    account: take(accountBytes),
    latency: take(Math.min(p.iterations, latencyOperations) * 4),
    area: take(p.workload === 'floor' ? p.workingSet * stride : 0),
  };
  return { ...layout, bytes: at - base };
}

/** Bytes of the harness area for a workload. */
export function harnessBytes(p: LoopParameters): number {
  return harnessLayout(p, 0).bytes;
}

export class OutOfEngineMemory extends UserError {
  /** `done` is null where the operations were not counted. */
  constructor(done: number | null, operations: number) {
    super(
      done === null
        ? `the engine ran out of memory in a pass of ${operations} operations`
        : `the engine ran out of memory after ${done} of ${operations} operations: lower --working-set or --max`,
      3,
    );
  }
}

/** Before the first pass: floor's area has to be resident. */
export function prepare(engine: EngineInstance, p: LoopParameters): void {
  if (p.workload === 'floor') {
    const { area, bytes } = harnessLayout(p, engine.harness);
    new Uint8Array(engine.memory.buffer, area, engine.harness + bytes - area).fill(1);
  }
}

/** One timed pass; nanoseconds. `atEnd` runs after the clock has stopped, before the untimed frees. */
export function runPass(engine: EngineInstance, p: LoopParameters, atEnd?: () => void): number {
  const { slots, area } = harnessLayout(p, engine.harness);
  const { exports } = engine;
  const { iterations, workingSet, min, max, seed } = p;
  let done: number;
  const start = process.hrtime.bigint();
  if (p.workload === 'floor') {
    done = exports.floor(iterations, workingSet, min, max, seed | 0, area);
  } else {
    done = exports.random_mixed(iterations, workingSet, min, max, seed | 0);
  }
  const took = process.hrtime.bigint() - start;
  atEnd?.();
  if (p.workload === 'floor') new Uint8Array(engine.memory.buffer, slots, workingSet * 4).fill(0);
  else exports.random_mixed_drain(workingSet);
  if (done >>> 0 !== iterations) throw new OutOfEngineMemory(done >>> 0, iterations);
  return Number(took);
}

export interface CheckedPass {
  /** 16 hex digits each. */
  readonly hashes: readonly string[];
  readonly peakRequested: number;
  readonly peakLive: number;
  readonly wasteByClass: Readonly<Record<string, number>>;
  readonly faults: Faults;
}

type Accounted = Pick<CheckedPass, 'peakRequested' | 'peakLive' | 'wasteByClass'>;

/** Figures of an account at its peak. */
function readAccount(engine: EngineInstance, account: number): Accounted {
  const view = new DataView(engine.memory.buffer, account, accountBytes);
  const cell = (at: number): number => Number(view.getBigUint64(at, true));
  return {
    peakRequested: cell(peakAt),
    peakLive: cell(peakAt + 8),
    wasteByClass: Object.fromEntries(kinds.map((kind, i) => [kind, cell(peakWasteAt + 8 * i)])),
  };
}

function faultsOf({ exports }: EngineInstance): Faults {
  return {
    contents: exports.checked_faults(0),
    alignment: exports.checked_faults(1),
    zero: exports.checked_faults(2),
  };
}

/** What a checked pass left in its block; hashes of the records `hashed`, faults of this instance. */
export function checkedPass(
  engine: EngineInstance,
  block: ThreadBlock,
  hashed: readonly number[],
): CheckedPass {
  return {
    hashes: hashed.map((t) => block.record(t).hash),
    ...readAccount(engine, block.account),
    faults: faultsOf(engine),
  };
}

/** The untimed pass: hash of the sequence, accounting, and with `verify` contents, alignment and zeroing. */
export function runChecked(engine: EngineInstance, p: LoopParameters, verify: boolean): CheckedPass {
  const { records, account } = harnessLayout(p, engine.harness);
  new Uint8Array(engine.memory.buffer, records, p.workingSet * recordBytes).fill(0);
  new Uint8Array(engine.memory.buffer, account, accountBytes).fill(0);
  const { exports } = engine;
  const hash = exports.random_mixed_checked(
    ...([p.iterations, p.workingSet, p.min, p.max, p.seed | 0] as const),
    ...([records, account, verify ? 1 : 0] as const),
  );
  const faults = faultsOf(engine);
  // A verifying pass ends at its first fault: what follows would only show what the fault broke.
  const faulty = faults.contents + faults.alignment + faults.zero > 0;
  const done = exports.checked_faults(3) >>> 0;
  if (done !== p.iterations && !faulty) throw new OutOfEngineMemory(done, p.iterations);
  return { hashes: [hexHash(hash)], ...readAccount(engine, account), faults };
}

export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Nanoseconds of single operations, less the median cost of reading the clock. */
export function runLatency(engine: EngineInstance, p: LoopParameters): Latency {
  const { latency } = harnessLayout(p, engine.harness);
  const count = Math.min(p.iterations, latencyOperations);
  const { exports } = engine;
  const read = (): Uint32Array => new Uint32Array(engine.memory.buffer, latency, count).slice();
  exports.latency_overhead(count, latency);
  const readings = read();
  // What the host has just done took the caches: a native harness comes here straight from its passes, and so does this.
  runPass(engine, { ...p, iterations: Math.min(p.iterations, warmingOperations) });
  const done = exports.random_mixed_latency(
    ...([count, p.workingSet, p.min, p.max, p.seed | 0, latency] as const),
  );
  const times = read().sort();
  exports.random_mixed_drain(p.workingSet);
  if (done >>> 0 !== count) throw new OutOfEngineMemory(done >>> 0, count);
  const clock = readings.sort()[count >>> 1] ?? 0;
  const at = (q: number): number =>
    Math.max(0, (times[Math.min(count - 1, Math.floor(q * count))] ?? 0) - clock);
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
}
