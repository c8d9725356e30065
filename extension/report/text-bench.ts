/** A benchmark's result as a person reads it in a terminal. */
import type { BenchProfile, BenchResult, BenchRun, ProfileFunction, ProfileLine } from '../model.ts';
import { bytes, digits, percent, printable, shorten, speed } from './format.ts';
import { type Style, plain } from './style.ts';
import { type Column, textTable } from './table.ts';

/** Text of a profiled line, null where the source cannot be read. */
export type SourceText = (file: string, line: number) => string | null;

const shownFunctions = 15;
const shownLines = 15;

function coefficient(cv: number | null): string {
  return cv === null ? '-' : percent(cv * 100);
}

function ns(value: number): string {
  return `${value.toLocaleString('en-US', { maximumFractionDigits: 0 })} ns`;
}

function runsTable(result: BenchResult): string[] {
  const numbered = result.runs.map((run, i) => ({ run, n: i + 1 }));
  const columns: readonly Column<{ run: BenchRun; n: number }>[] = [
    { title: 'process', cell: (r) => String(r.n), align: 'right' },
    { title: 'median', cell: (r) => speed(r.run.median), align: 'right' },
    { title: 'first pass', cell: (r) => speed(r.run.first), align: 'right' },
    { title: 'passes', cell: (r) => String(r.run.passes.length), align: 'right' },
  ];
  return textTable(columns, numbered);
}

function profileLines(profile: BenchProfile, style: Style, sourceText: SourceText): string[] {
  const { details } = profile;
  const against =
    details !== undefined
      ? `${details.format} ${details.event.name}, ${digits(profile.samples ?? 0, details.event.unit === 'samples' ? 'sample' : 'record')}`
      : profile.speedAgainstFast === null
        ? 'speed against fast not measured'
        : `runs at ${(profile.speedAgainstFast * 100).toFixed(0)}% of fast's speed`;
  const out: string[] = [];
  if (profile.functions.length > 0) {
    const functions = profile.functions.slice(0, shownFunctions);
    const columns: readonly Column<ProfileFunction>[] = [
      { title: 'self', cell: (f) => percent(f.selfPercent), align: 'right' },
      { title: 'function', cell: (f) => f.name },
      { title: 'category', cell: (f) => f.category },
      {
        title: 'source',
        cell: (f) => (f.file === null ? '-' : f.line === null ? f.file : `${f.file}:${f.line}`),
      },
    ];
    const [title = '', ...rows] = textTable(columns, functions);
    out.push(
      '',
      style.bold(`Hot functions, self time (${profile.target} ${profile.variant}, ${against})`),
      style.dim(title),
      ...rows,
    );
    const rest = profile.functions.slice(shownFunctions);
    if (rest.length > 0) {
      const share = rest.reduce((sum, f) => sum + f.selfPercent, 0);
      out.push(style.dim(`${percent(share)} in ${digits(rest.length, 'further function')}`));
    }
  }
  const lines = [...profile.lines].sort((a, b) => b.percent - a.percent).slice(0, shownLines);
  if (lines.length > 0) {
    const columns: readonly Column<ProfileLine>[] = [
      { title: 'share', cell: (l) => percent(l.percent), align: 'right' },
      { title: 'line', cell: (l) => `${l.file}:${l.line}` },
      { title: 'source', cell: (l) => shorten((sourceText(l.file, l.line) ?? '').trim(), 80) },
    ];
    const [title = '', ...rows] = textTable(columns, lines);
    out.push('', style.bold('Hot lines'), style.dim(title), ...rows);
  }
  if (details !== undefined && details.notes.length > 0) {
    out.push('', ...details.notes.map((n) => style.dim(printable(n))));
  }
  return out;
}

function detailLines(result: BenchResult): string[] {
  const out: string[] = [];
  const { counters, latency, memory } = result;
  if (counters !== null) {
    const each = (value: number | null, what: string): string[] =>
      value === null ? [] : [`${value.toFixed(2)} ${what}`];
    const figures = [
      ...each(counters.instructionsPerOp, 'instructions'),
      ...each(counters.branchesPerOp, 'branches'),
      ...each(counters.memoryOpsPerOp, 'memory operations'),
      ...each(counters.callsPerOp, 'calls'),
    ];
    const native = counters.native ?? null;
    const misses =
      native === null
        ? []
        : [
            ...each(native.cyclesPerOp, 'cycles'),
            ...each(native.branchMissesPerOp, 'branch mispredictions'),
            ...each(native.cacheMissesPerOp, 'cache misses'),
          ];
    const source =
      native === null ? '' : `, ${native.source}${native.source === 'perf stat' ? '' : ', misses simulated'}`;
    out.push(`per operation (${counters.unit}${source}): ${[...figures, ...misses].join(' · ')}`);
  }
  if (latency !== null) {
    out.push(
      `latency: p50 ${ns(latency.p50)} · p99 ${ns(latency.p99)} · p99.9 ${ns(latency.p999)} · max ${ns(latency.max)}`,
    );
  }
  const sizes = [
    ...(memory.peakBytes === null ? [] : [`peak ${bytes(memory.peakBytes)}`]),
    ...(memory.liveBytes === null ? [] : [`live ${bytes(memory.liveBytes)}`]),
    ...(memory.requestedBytes === null ? [] : [`requested ${bytes(memory.requestedBytes)}`]),
  ];
  if (sizes.length > 0) out.push(`memory: ${sizes.join(' · ')}`);
  out.push(`sequence hash: ${result.hash.join(' ')}`);
  if (result.moduleSha256 !== null) out.push(`module sha256: ${result.moduleSha256}`);
  return out;
}

/** The whole text of `alloc-lens bench`, without a final line end. */
export function benchText(
  result: BenchResult,
  style: Style = plain,
  sourceText: SourceText = () => null,
): string {
  const [title = '', ...rows] = runsTable(result);
  return [
    printable(
      `${result.workload} on ${result.target} ${result.variant}: ${digits(result.threads, 'thread')}, ${digits(result.iterations, 'operation')} a pass, ${digits(result.runs.length, 'process', 'processes')}`,
    ),
    '',
    style.dim(title),
    ...rows,
    '',
    style.bold(`median ${speed(result.median)}`),
    `mean ${speed(result.mean)} · cv ${coefficient(result.cv)} · min ${speed(result.min)} · max ${speed(result.max)} · first pass ${speed(result.firstOpsPerSecond)}`,
    ...detailLines(result),
    ...(result.profile === null ? [] : profileLines(result.profile, style, sourceText)),
  ].join('\n');
}
