/** The comparison's tables, as aligned text and as Markdown. */
import type { Work } from './arms/arm.ts';
import { type Figure, figureOf, firstPass, floorOf, medianPass, netOf, peakOf, ratioOf } from './figures.ts';
import type { Samples, Table } from './measure.ts';
import type { Measured, TargetLine } from './targets.ts';

export interface TextTable {
  readonly title: string;
  readonly header: readonly string[];
  /** First cell left, the others right. */
  readonly rows: readonly (readonly string[])[];
}

export function asText(table: TextTable): string {
  const all = [table.header, ...table.rows];
  const widths = table.header.map((_, i) => Math.max(...all.map((row) => (row[i] ?? '').length)));
  const lines = all.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  return [table.title, ...lines.map((l) => `  ${l}`)].join('\n');
}

export function asMarkdown(table: TextTable): string {
  const row = (cells: readonly string[]): string =>
    `| ${cells.map((c) => c.replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = table.header.map((_, i) => (i === 0 ? '---' : '---:'));
  return [`### ${table.title}`, '', row(table.header), row(rule), ...table.rows.map(row)].join('\n');
}

const mark = (f: Figure): string => (f.disturbed ? ' *' : '');

export function speedCell(f: Figure | null): string {
  return f === null ? '-' : `${(f.value / 1e6).toFixed(1)}${mark(f)}`;
}

export function ratioCell(f: Figure | null): string {
  return f === null ? '-' : `${f.value.toFixed(2)} (${f.low.toFixed(2)} .. ${f.high.toFixed(2)})${mark(f)}`;
}

const baseline = 'mimalloc (preload)';

/** One work: every arm's median pass, its ratio to mimalloc by preload, its first pass, and for random_mixed its net time. */
export function workTable(work: Work, rows: ReadonlyMap<string, Samples>, table: Table): TextTable {
  const loop = work.kind === 'micro';
  const header = [
    'arm',
    'M ops/s',
    'range',
    `x ${baseline}`,
    'first pass',
    ...(loop ? ['own floor', 'of floor', 'net ns/op'] : []),
  ];
  const place = (arm: string): { work: string; arm: string } => ({ work: work.name, arm });
  return {
    title: `${work.name}${work.short ? ' (too short to be timed)' : ''}`,
    header,
    rows: [...rows.keys()].map((arm) => {
      const own = figureOf(table, work.name, arm, medianPass);
      const range = own === null ? '-' : `${(own.low / 1e6).toFixed(1)} .. ${(own.high / 1e6).toFixed(1)}`;
      const against =
        arm === baseline ? '1' : ratioCell(ratioOf(table, place(arm), place(baseline), medianPass));
      const floor = figureOf(table, `floor:${work.profile}`, floorOf(arm), medianPass);
      const share = own === null || floor === null ? '-' : (own.value / floor.value).toFixed(2);
      const net = netOf(table, work.profile, arm);
      return [
        arm,
        speedCell(own),
        range,
        against,
        speedCell(figureOf(table, work.name, arm, firstPass)),
        ...(loop ? [speedCell(floor), share, net === null ? '-' : net.value.toFixed(2)] : []),
      ];
    }),
  };
}

/** Peak bytes of one pass over each trace. */
export function memoryTable({ memory, works, arms }: Measured): TextTable {
  const traces = works.filter((w) => w.trace !== null && memory.has(w.name));
  const cell = (f: Figure | null): string => (f === null ? '-' : `${(f.value / 1024).toFixed(0)}${mark(f)}`);
  return {
    title: 'Peak memory of one pass, KiB',
    header: ['arm', ...traces.map((w) => w.name.replace(/^trace /, ''))],
    rows: arms.map((arm) => [arm, ...traces.map((w) => cell(figureOf(memory, w.name, arm, peakOf)))]),
  };
}

/** Single operations: p50, p99, p99.9 in nanoseconds. */
export function latencyTable({ latency, works, arms }: Measured): TextTable {
  const timed = works.filter((w) => latency.has(w.name));
  const cell = (work: string, arm: string): string => {
    const at = (name: 'p50' | 'p99' | 'p999'): string => {
      const f = figureOf(latency, work, arm, (s) => s.latency?.[name] ?? null);
      return f === null ? '-' : f.value.toFixed(0);
    };
    const all = [at('p50'), at('p99'), at('p999')];
    return all.every((c) => c === '-') ? '-' : all.join(' / ');
  };
  return {
    title: 'Single operations, ns: p50 / p99 / p99.9',
    header: ['arm', ...timed.map((w) => w.name)],
    rows: arms.map((arm) => [arm, ...timed.map((w) => cell(w.name, arm))]),
  };
}

function wantedText(line: TargetLine): string {
  return 'atLeast' in line.wanted ? `>= ${line.wanted.atLeast}` : `<= ${line.wanted.atMost}`;
}

export function targetTable(lines: readonly TargetLine[]): TextTable {
  const count = (met: boolean | null): number => lines.filter((l) => l.met === met).length;
  return {
    title: `Targets: ${count(true)} met, ${count(false)} missed, ${count(null)} not measured`,
    header: ['what', 'arms', 'value', 'target', ''],
    rows: lines.map((l) => [
      l.what,
      l.arms,
      ratioCell(l.value),
      wantedText(l),
      l.met === null ? 'not measured' : l.met ? 'met' : 'MISSED',
    ]),
  };
}
