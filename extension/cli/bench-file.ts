/** Reads the JSON that `bench --format json` printed, trusting nothing in it. */
import type { BenchResult, CompareResult } from '../model.ts';
import { UserError } from '../model.ts';
import { readJson } from './files.ts';
import { quoted } from './values.ts';

type Shape = (value: unknown) => boolean;

const text: Shape = (v) => typeof v === 'string';
const figure: Shape = (v) => typeof v === 'number' && Number.isFinite(v);
const nullable =
  (shape: Shape): Shape =>
  (v) =>
    v === null || shape(v);
const array =
  (shape: Shape): Shape =>
  (v) =>
    Array.isArray(v) && v.every((item: unknown) => shape(item));
const record =
  (fields: Readonly<Record<string, Shape>>): Shape =>
  (v) =>
    typeof v === 'object' &&
    v !== null &&
    Object.entries(fields).every(([name, shape]) => shape(Reflect.get(v, name)));

const figuresByName: Shape = (v) => typeof v === 'object' && v !== null && Object.values(v).every(figure);

const categories = ['wrapper', 'core', 'env', 'benchmark', 'kernel', 'stats', 'library'];
const benchShape = record({
  schemaVersion: (v) => v === 1,
  workload: text,
  target: text,
  variant: text,
  threads: figure,
  iterations: figure,
  runs: array(record({ passes: array(figure), median: figure, first: figure })),
  mean: figure,
  median: figure,
  stdev: nullable(figure),
  cv: nullable(figure),
  min: figure,
  max: figure,
  firstOpsPerSecond: figure,
  hash: array(text),
  moduleSha256: nullable(text),
  counters: nullable(
    record({
      unit: (v) => v === 'wasm' || v === 'x86',
      instructionsPerOp: nullable(figure),
      branchesPerOp: nullable(figure),
      memoryOpsPerOp: nullable(figure),
      callsPerOp: nullable(figure),
    }),
  ),
  latency: nullable(record({ p50: figure, p99: figure, p999: figure, max: figure })),
  memory: record({
    peakBytes: nullable(figure),
    liveBytes: nullable(figure),
    requestedBytes: nullable(figure),
    wasteByClass: nullable(figuresByName),
  }),
  profile: nullable(
    record({
      target: text,
      variant: text,
      speedAgainstFast: nullable(figure),
      samples: (v) => v === undefined || figure(v),
      functions: array(
        record({
          name: text,
          category: (v) => typeof v === 'string' && categories.includes(v),
          selfPercent: figure,
          file: nullable(text),
          line: nullable(figure),
        }),
      ),
      lines: array(record({ file: text, line: figure, percent: figure })),
    }),
  ),
});

function isBenchResult(value: unknown): value is BenchResult {
  return benchShape(value);
}

const optional =
  (shape: Shape): Shape =>
  (v) =>
    v === undefined || shape(v);
const ratio = nullable(record({ median: figure, min: figure, max: figure }));

const compareShape = record({
  schemaVersion: (v) => v === 1,
  workload: text,
  threads: figure,
  rounds: figure,
  at: optional(text),
  hash: array(text),
  rows: array(
    record({
      ...{ target: text, variant: text, error: nullable(text), ratio },
      ...{ median: nullable(figure), min: nullable(figure), max: nullable(figure) },
      ...{ firstOpsPerSecond: nullable(figure), peakBytes: nullable(figure) },
      ...{ cv: optional(nullable(figure)), ratioToMimalloc: optional(ratio) },
      ...{ pageFaults: optional(nullable(figure)), systemCallsPerOp: optional(nullable(figure)) },
    }),
  ),
});

function isCompareResult(value: unknown): value is CompareResult {
  return compareShape(value);
}

/** What a file of `--run` holds: results of `bench`, or a table of `compare-allocators`. */
export interface Measurements {
  readonly runs: readonly BenchResult[];
  readonly comparisons: readonly CompareResult[];
}

/** Throws one clear line when the file is neither. */
export function readMeasurements(file: string): Measurements {
  const value = readJson(file, '--run');
  return isCompareResult(value)
    ? { runs: [], comparisons: [value] }
    : { runs: benchResults(value, file), comparisons: [] };
}

/** The results in a file, several where `bench` ran several counts of threads; throws one clear line when it is none. */
function benchResults(value: unknown, file: string): BenchResult[] {
  const several: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'results') : null;
  const results: readonly unknown[] = Array.isArray(several) ? several : [value];
  if (results.length === 0 || !results.every(isBenchResult)) {
    throw new UserError(
      `--run ${quoted(file)}: not the output of alloc-lens bench or compare-allocators with --format json`,
    );
  }
  return [...results];
}
