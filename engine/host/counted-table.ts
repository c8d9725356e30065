/** Counted execution as tables, and what two sides of an experiment executed differently. */
import type { ChangedPlace, CountedCosts, CountedTable } from '../../extension/model-experiment.ts';
import type { SourceFunction } from './compile.ts';
import { addTimes, type ExecutionCounts, type InstrumentedModule, type RunLine } from './instrument.ts';

/** Two readings of an instance's counters. */
export interface Reading {
  readonly module: InstrumentedModule;
  readonly before: readonly bigint[];
  readonly after: readonly bigint[];
}

type Run = InstrumentedModule['runs'][number];

/** Calls `visit` for every run that was entered. */
function executed({ module, before, after }: Reading, visit: (run: Run, times: number) => void): void {
  module.runs.forEach((run, i) => {
    const times = Number((after[i] ?? 0n) - (before[i] ?? 0n));
    if (times !== 0) visit(run, times);
  });
}

const nothing = (): ExecutionCounts => ({ instructions: 0, branches: 0, memoryOps: 0, calls: 0 });

function perOperation(counts: ExecutionCounts, operations: number): CountedCosts {
  return {
    instructionsPerOp: counts.instructions / operations,
    branchesPerOp: counts.branches / operations,
    memoryOpsPerOp: counts.memoryOps / operations,
    callsPerOp: counts.calls / operations,
  };
}

/**
 * Executed instructions, branches, memory operations and calls an operation, by function and by source line inside each
 * function. Instructions that no line is known of count in the functions and in the total alone.
 */
export function countedTable(
  reading: Reading,
  operations: number,
  sources: readonly SourceFunction[],
): CountedTable {
  const total = nothing();
  const functions = new Map<string, ExecutionCounts>();
  const lines = new Map<string, { function: string; file: string; line: number; counts: ExecutionCounts }>();
  const lineOf = (name: string, { position }: RunLine): ExecutionCounts => {
    const key = `${name}\n${position.source}\n${position.line}`;
    const found = lines.get(key);
    if (found !== undefined) return found.counts;
    const counts = nothing();
    lines.set(key, { function: name, file: position.source, line: position.line, counts });
    return counts;
  };
  executed(reading, (run, times) => {
    const name = reading.module.functions[run.fn] ?? '';
    const own = functions.get(name) ?? nothing();
    functions.set(name, own);
    addTimes(total, run, times);
    addTimes(own, run, times);
    for (const line of run.lines) addTimes(lineOf(name, line), line, times);
  });
  const place = new Map(sources.map((s) => [s.name, s]));
  return {
    unit: 'wasm',
    operations,
    ...perOperation(total, operations),
    functions: [...functions]
      .map(([name, counts]) => ({
        ...{ name, file: place.get(name)?.file ?? null, line: place.get(name)?.line ?? null },
        ...perOperation(counts, operations),
      }))
      .sort((a, b) => b.instructionsPerOp - a.instructionsPerOp),
    lines: [...lines.values()]
      .map(({ counts, ...at }) => ({ ...at, ...perOperation(counts, operations) }))
      .sort((a, b) => b.instructionsPerOp - a.instructionsPerOp),
  };
}

/** What was executed at a source line, wherever it was inlined to. */
interface Place {
  readonly file: string;
  readonly line: number;
  /** A WebAssembly function that holds it. */
  readonly holder: string;
  instructions: number;
  signature: bigint;
  /** By WebAssembly function: entries of the run that was entered most often. */
  readonly entries: Map<number, number>;
}

interface Executed {
  readonly places: ReadonlyMap<string, Place>;
  /** Of the instructions without a line. */
  readonly elsewhere: bigint;
}

function executedPlaces(reading: Reading, readers: ReadonlySet<string>): Executed {
  const places = new Map<string, Place>();
  let elsewhere = 0n;
  executed(reading, (run, times) => {
    const holder = reading.module.functions[run.fn] ?? '';
    const placed = run.lines.reduce((sum, l) => sum + l.signature, 0);
    if (!readers.has(holder)) elsewhere += BigInt(times) * BigInt(run.signature - placed);
    for (const { position, instructions, signature } of run.lines) {
      const { source: file, line } = position;
      const key = `${file}:${line}`;
      const place = places.get(key) ?? {
        ...{ file, line, holder, instructions: 0, signature: 0n, entries: new Map<number, number>() },
      };
      places.set(key, place);
      place.instructions += times * instructions;
      place.signature += BigInt(times) * BigInt(signature);
      place.entries.set(run.fn, Math.max(place.entries.get(run.fn) ?? 0, times));
    }
  });
  return { places, elsewhere };
}

/**
 * Reading the environment's text takes longer the more gates are set and wherever a name stands: that is the experiment's
 * own doing and no change of the allocator.
 */
const environmentReader = 'engine/allocator/hak_env.ts';

/** The source function that each line stands in. */
function enclosing(sources: readonly SourceFunction[]): (file: string, line: number) => string | undefined {
  const byFile = new Map<string, SourceFunction[]>();
  for (const s of sources) byFile.set(s.file, [...(byFile.get(s.file) ?? []), s]);
  for (const list of byFile.values()) list.sort((a, b) => b.line - a.line);
  return (file, line) => byFile.get(file)?.find((s) => s.line <= line)?.name;
}

function entriesOf(place: Place | undefined): number {
  return place === undefined ? 0 : [...place.entries.values()].reduce((a, b) => a + b, 0);
}

/**
 * Places at which the sides did not execute the same: another number of instructions, or other instructions in the same
 * number. Largest difference first. `ran` also when the difference has no line. The figures of a place are how often it was
 * entered, at least: a line that was inlined to several places of one function counts once there.
 */
export function compareExecution(
  baseline: Reading,
  treatment: Reading,
  sources: readonly SourceFunction[],
): { readonly changed: readonly ChangedPlace[]; readonly ran: boolean } {
  const readers = new Set(sources.filter((s) => s.file === environmentReader).map((s) => s.name));
  const [a, b] = [executedPlaces(baseline, readers), executedPlaces(treatment, readers)];
  const functionAt = enclosing(sources);
  const rows: { row: ChangedPlace; difference: number }[] = [];
  for (const key of new Set([...a.places.keys(), ...b.places.keys()])) {
    const [one, other] = [a.places.get(key), b.places.get(key)];
    const at = one ?? other;
    if (at === undefined || at.file === environmentReader) continue;
    const difference = Math.abs((one?.instructions ?? 0) - (other?.instructions ?? 0));
    if (difference === 0 && one?.signature === other?.signature) continue;
    const { file, line } = at;
    rows.push({
      row: {
        ...{ function: functionAt(file, line) ?? at.holder, file, line },
        ...{ baseline: entriesOf(one), treatment: entriesOf(other) },
      },
      difference,
    });
  }
  rows.sort((x, y) => y.difference - x.difference);
  return { changed: rows.map((r) => r.row), ran: rows.length > 0 || a.elsewhere !== b.elsewhere };
}

/** Whether any line of a file was executed. */
export function ranIn(table: CountedTable, file: string): boolean {
  return table.lines.some((l) => l.file === file);
}
