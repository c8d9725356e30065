/** What a job runs: parameters, and for a trace its file, made into passes on one thread or on several. */
import type {
  LoopParameters,
  TraceParameters,
  WorkloadParameters,
} from '../../extension/profile/workloads.ts';
import { UserError } from '../../extension/model.ts';
import type { EngineInstance } from './instantiate.ts';
import { Area } from './thread-block.ts';
import {
  codeBytes,
  placeCodes,
  placedTraceBytes,
  placeTrace,
  type ThreadedWork,
  threadedTrace,
  threadedWork,
} from './threaded-work.ts';
import { flatCode } from './trace-code.ts';
import { readTrace, type Trace } from './trace-file.ts';
import {
  type CheckedPass,
  checkedPass,
  harnessBytes,
  type Latency,
  OutOfEngineMemory,
  prepare,
  runChecked,
  runLatency,
  runPass,
} from './workloads.ts';

/** Passes on one thread, in the caller's instance. */
export interface SoloWork {
  readonly kind: 'solo';
  readonly operations: number;
  readonly harnessBytes: number;
  /** Functions that are the benchmark's own, shown as `main`; the first is its loop. */
  readonly loopFunctions: readonly string[];
  /** Before the first pass: tables in place and resident. */
  prepare(engine: EngineInstance): void;
  /** One timed pass; nanoseconds. `atEnd` runs after the clock has stopped, before the untimed frees. */
  pass(engine: EngineInstance, atEnd?: () => void): number;
  /** The untimed pass, in an instance of its own; null for floor, which has nothing to check. */
  check: ((engine: EngineInstance, verify: boolean) => CheckedPass) | null;
  /** Bytes of the harness area for `check`. */
  readonly checkBytes: number;
  latency: ((engine: EngineInstance) => Latency) | null;
}

export type Work = SoloWork | ThreadedWork;

/** random_mixed or floor. */
export function loopWork(p: LoopParameters): SoloWork {
  const checks = p.workload === 'random_mixed';
  return {
    kind: 'solo',
    operations: p.iterations,
    harnessBytes: harnessBytes(p),
    checkBytes: harnessBytes(p),
    loopFunctions: [p.workload, `${p.workload}_drain`],
    prepare: (engine) => prepare(engine, p),
    pass: (engine, atEnd) => runPass(engine, p, atEnd),
    check: checks ? (engine, verify) => runChecked(engine, p, verify) : null,
    latency: checks ? (engine) => runLatency(engine, p) : null,
  };
}

/** All of a trace on one thread in file order. `tagged` keeps the hashes of the trace's threads apart. */
export function flatTrace(trace: Trace, tagged: boolean): SoloWork {
  const code = flatCode(trace, false);
  const place = (
    engine: EngineInstance,
  ): { words: number; end: number; left: number; leftEnd: number; own: number } => {
    const area = new Area(engine.harness);
    const own = area.take(trace.objects * 4);
    const [words = 0, end = 0, left = 0, leftEnd = 0] = placeCodes(engine, area, [code]);
    return { words, end, left, leftEnd, own };
  };
  let placed: ReturnType<typeof place> | null = null;
  const checkCodes = tagged ? [flatCode(trace, true)] : [code];
  const hashes = tagged ? trace.threads : 1;
  return {
    kind: 'solo',
    operations: trace.operations,
    harnessBytes: codeBytes([code]) + trace.objects * 4 + 128,
    checkBytes: placedTraceBytes(checkCodes, trace.objects, hashes),
    loopFunctions: ['trace_replay', 'trace_drain'],
    prepare: (engine) => {
      placed = place(engine);
      new Uint8Array(engine.memory.buffer, placed.own, trace.objects * 4).fill(0);
    },
    pass: (engine, atEnd) => {
      if (placed === null) throw new Error('the trace is not in place');
      const { exports } = engine;
      const { words, end, left, leftEnd } = placed;
      const start = process.hrtime.bigint();
      const at = exports.trace_replay(words, end);
      const took = process.hrtime.bigint() - start;
      atEnd?.();
      if (at >>> 0 !== end) throw new OutOfEngineMemory(null, trace.operations);
      exports.trace_drain(left, leftEnd);
      return Number(took);
    },
    check: (engine, verify) => {
      const { block } = placeTrace(engine, checkCodes, trace.objects, hashes, true, verify);
      const { exports } = engine;
      const done = exports.trace_checked(block.address, hashes) >>> 0;
      const result = checkedPass(
        engine,
        block,
        Array.from({ length: hashes }, (_, t) => t),
      );
      const { contents, alignment, zero } = result.faults;
      const faulty = contents + alignment + zero > 0;
      if (!faulty && done !== trace.operations) throw new OutOfEngineMemory(done, trace.operations);
      if (faulty) return result;
      exports.trace_checked_drain(block.address, 0);
      return { ...result, faults: checkedPass(engine, block, []).faults };
    },
    latency: null,
  };
}

/** Everything that a job does to an engine. */
export interface LoadedWork {
  readonly main: Work;
  /** Checked by one thread for hashes and accounting, where that is not `main`: a trace's are those of its file order. */
  readonly accounting: SoloWork | null;
}

/** Throws `UserError` for traces that are not sound, and for tables beyond bounds. */
export async function loadWork(p: WorkloadParameters | TraceParameters): Promise<LoadedWork> {
  switch (p.workload) {
    case 'random_mixed':
    case 'floor':
      return { main: loopWork(p), accounting: null };
    case 'trace': {
      const trace = await readTrace(p.file);
      if (p.flatten || trace.threads === 1) return { main: flatTrace(trace, false), accounting: null };
      return { main: threadedTrace(trace), accounting: flatTrace(trace, true) };
    }
    default:
      return { main: threadedWork(p), accounting: null };
  }
}

export const countersWant = 'counters are exact on';
export const sampleWants = '--sample looks at';

/** For what needs one thread: exact counters, the sampler. `what` is one of the beginnings above. */
export function soloOf(work: Work, what: string): SoloWork {
  if (work.kind === 'solo') return work;
  throw new UserError(`${what} one thread: choose random_mixed, or replay a trace with --flatten`);
}
