/** Reads the JSON that `bench --format json` printed, trusting nothing in it. */
import type { BenchResult } from '../model.ts';
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

const categories = ['wrapper', 'core', 'env', 'benchmark', 'kernel', 'stats'];
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

/** The results in a file, several where `bench` ran several counts of threads; throws one clear line when it is none. */
export function readBenchFile(file: string): BenchResult[] {
  const value = readJson(file, '--run');
  const several: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'results') : null;
  const results: readonly unknown[] = Array.isArray(several) ? several : [value];
  if (results.length === 0 || !results.every(isBenchResult)) {
    throw new UserError(`--run ${quoted(file)}: not the output of alloc-lens bench --format json`);
  }
  return [...results];
}
