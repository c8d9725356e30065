/** The workloads of several threads: their tables in the harness area, their parameters, who frees what at the end. */
import { UserError } from '../../extension/model.ts';
import { operationsOf, type ThreadedParameters } from '../../extension/profile/workloads.ts';
import type { EngineInstance } from './instantiate.ts';
import { Area, ThreadBlock } from './thread-block.ts';
import { threadCodes, type TraceCode } from './trace-code.ts';
import type { Trace } from './trace-file.ts';

/** An object is a pointer in timed passes and a record in checked ones. */
const pointerBytes = 4;
const recordBytes = 12;
/** What all tables together may take. */
const mostHarnessBytes = 2 ** 30;

export interface Drain {
  readonly name: string;
  /** The main thread of the process, the first thread of the workload, or each for itself. */
  readonly by: 'main' | 'first' | 'all';
}

/** Exports that a pass calls. */
export interface Calls {
  readonly run: string;
  /** Untimed frees at the end of a pass. */
  readonly drain: Drain | null;
}

/** Tables and parameters in an instance. */
export interface Placed {
  readonly block: ThreadBlock;
  /** Before each pass. */
  reset(): void;
}

export interface ThreadedWork {
  readonly kind: 'threaded';
  /** Threads that work at the same time. */
  readonly threads: number;
  /** Threads that there are: larson's generations are threads of their own. */
  readonly workers: number;
  /** Of a pass; null where the threads count them. */
  readonly operations: number | null;
  /** Threads whose record holds a hash, in the order of the result. */
  readonly hashed: readonly number[];
  calls(checked: boolean): Calls;
  harnessBytes(checked: boolean): number;
  /** Fills tables and parameters; everything is resident afterwards. */
  place(engine: EngineInstance, checked: boolean, verify: boolean): Placed;
}

function alignedTo64(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}

interface Tables {
  readonly bytes: number;
  /** Parameters from 0 on, with `address` the first byte of the tables. */
  readonly parameters: (address: number) => readonly number[];
}

function larsonTables(p: ThreadedParameters, object: number): Tables {
  const slabs = alignedTo64(p.threads * p.workingSet * object);
  return {
    bytes: slabs + p.threads * 64,
    parameters: (address) => [
      ...[p.threads, p.generations, p.workingSet, p.min, p.max, p.iterations, p.seed],
      ...[address, address + slabs],
    ],
  };
}

function pcTables(p: ThreadedParameters, object: number): Tables {
  const ring = 128 + alignedTo64(p.workingSet * object);
  return {
    bytes: (p.threads / 2) * ring,
    parameters: (address) => [
      ...[p.threads, p.iterations, p.workingSet, p.min, p.max, p.seed, address, ring],
    ],
  };
}

function mstressTables(p: ThreadedParameters, object: number): Tables {
  // One object more than is retained: where a checked pass keeps the newest.
  const area = 128 + alignedTo64((2 * p.transfers + p.workingSet + 1) * object);
  return {
    bytes: p.threads * area,
    parameters: (address) => [
      ...[p.threads, p.iterations, p.batch, p.workingSet, p.transfers, p.seed, address, area],
    ],
  };
}

const tablesOf = { larson: larsonTables, pc: pcTables, mstress: mstressTables } as const;

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function drainOf(workload: ThreadedParameters['workload'], checked: string): Drain | null {
  switch (workload) {
    case 'larson':
      return { name: `larson${checked}_drain`, by: 'main' };
    case 'mstress':
      return { name: `mstress${checked}_drain`, by: 'first' };
    case 'pc':
      return null;
  }
}

/** larson, pc or mstress. Throws `UserError` when its tables would be too large. */
export function threadedWork(p: ThreadedParameters): ThreadedWork {
  const workers = p.threads * p.generations;
  const tables = (checked: boolean): Tables => tablesOf[p.workload](p, checked ? recordBytes : pointerBytes);
  const harnessBytes = (checked: boolean): number => ThreadBlock.bytes(workers) + tables(checked).bytes + 64;
  if (harnessBytes(true) > mostHarnessBytes) {
    throw new UserError(`${p.workload} needs tables above 1 GiB: lower --working-set or --threads`);
  }
  return {
    kind: 'threaded',
    threads: p.threads,
    workers,
    operations: operationsOf(p),
    hashed: {
      larson: range(p.threads).map((lineage) => (lineage + 1) * p.generations - 1),
      pc: range(p.threads / 2),
      mstress: range(p.threads),
    }[p.workload],
    calls: (checked) => {
      const infix = checked ? '_checked' : '';
      return { run: `${p.workload}${infix}_thread`, drain: drainOf(p.workload, infix) };
    },
    harnessBytes,
    place: (engine, checked, verify) => {
      const area = new Area(engine.harness);
      const block = new ThreadBlock(engine.memory, area, workers);
      const { bytes, parameters } = tables(checked);
      const address = area.take(bytes);
      block.set(parameters(address), verify);
      const clear = (): void => void new Uint8Array(engine.memory.buffer, address, bytes).fill(0);
      clear();
      return {
        block,
        reset: () => {
          block.reset();
          // Rings begin at 0; slabs and lists are written before they are read.
          if (p.workload === 'pc') clear();
        },
      };
    },
  };
}

/** Bytes that the codes of a trace take in the harness area. */
export function codeBytes(codes: readonly TraceCode[]): number {
  return codes.reduce((sum, c) => sum + alignedTo64(c.words.byteLength) + alignedTo64(c.left.byteLength), 0);
}

/** Copies codes into the area; the rows of the table that engine/workloads/trace.ts reads. */
export function placeCodes(engine: EngineInstance, area: Area, codes: readonly TraceCode[]): number[] {
  return codes.flatMap(({ words, left }) =>
    [words, left].flatMap((part) => {
      const address = area.take(part.byteLength);
      new Uint32Array(engine.memory.buffer, address, part.length).set(part);
      return [address, address + part.byteLength];
    }),
  );
}

/** Tables of a replay by threads or checked: codes, four tables by id. Returns the block with its parameters set. */
export function placeTrace(
  engine: EngineInstance,
  codes: readonly TraceCode[],
  objects: number,
  records: number,
  checked: boolean,
  verify: boolean,
): Placed {
  const area = new Area(engine.harness);
  const block = new ThreadBlock(engine.memory, area, records);
  const rows = placeCodes(engine, area, codes);
  const table = area.take(rows.length * 4);
  new Uint32Array(engine.memory.buffer, table, rows.length).set(rows);
  const byId = (): number => {
    const address = area.take(objects * 4);
    new Uint8Array(engine.memory.buffer, address, objects * 4).fill(0);
    return address;
  };
  const [own, slot] = [byId(), byId()];
  const [sizes, uids] = checked ? [byId(), byId()] : [0, 0];
  block.set([codes.length, own, slot, table, sizes, uids], verify);
  return { block, reset: () => block.reset() };
}

/** Bytes of the harness area that `placeTrace` takes. */
export function placedTraceBytes(codes: readonly TraceCode[], objects: number, records: number): number {
  return (
    ThreadBlock.bytes(records) +
    codeBytes(codes) +
    alignedTo64(codes.length * 16) +
    4 * alignedTo64(objects * 4) +
    64
  );
}

/** A trace replayed by its own threads. */
export function threadedTrace(trace: Trace): ThreadedWork {
  const codes = threadCodes(trace);
  return {
    kind: 'threaded',
    threads: trace.threads,
    workers: trace.threads,
    operations: trace.operations,
    hashed: range(trace.threads),
    calls: (checked) => {
      const infix = checked ? '_checked' : '';
      const drain = checked ? 'trace_checked_drain' : 'trace_thread_drain';
      return { run: `trace${infix}_thread`, drain: { name: drain, by: 'all' } };
    },
    harnessBytes: () => placedTraceBytes(codes, trace.objects, trace.threads),
    place: (engine, checked, verify) =>
      placeTrace(engine, codes, trace.objects, trace.threads, checked, verify),
  };
}
