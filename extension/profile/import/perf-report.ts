/** Text of `perf report --stdio`: one table a section, its columns as wide as the dots below their titles. */
import { UserError } from '../../model.ts';
import type { RawFrame, RawProfile, RawThread } from '../../model-profile.ts';
import { chosenEvent, heaviestThreads, otherEventsNote } from './events.ts';
import { StackTable } from './stack-table.ts';
import { headLines, Skipped, textLines } from './text-lines.ts';
import type { Importer, ImportOptions } from './types.ts';

const unknownName = '[unknown]';
/** What rows below the report's limit are put together as. */
const othersName = '[not listed]';

interface Column {
  readonly title: string;
  readonly start: number;
  readonly end: number;
}

interface Row {
  readonly frame: RawFrame;
  readonly self: number;
  readonly children: number | null;
  readonly thread: Omit<RawThread, 'weight'> | null;
}

interface Section {
  readonly event: string;
  /** As perf prints it, rounded above a thousand; 0 when it does not say. */
  readonly samples: number;
  /** Sum of the periods; 0 when it does not say. */
  weight: number;
  readonly rows: Row[];
}

const scales: Readonly<Record<string, number>> = { '': 1, K: 1e3, M: 1e6, G: 1e9 };

function sectionsOf(line: string): Section[] | null {
  const m = /^#\s*Samples:\s*([\d.]+)([KMG]?)\s+of (?:events?|anon group) ['"{](.*?)['"}]/.exec(line);
  if (m === null) return null;
  const samples = Math.round(Number(m[1]) * (scales[m[2] ?? ''] ?? 1));
  // Events of a group stand in one table, with a percentage each.
  return (m[3] ?? '').split(', ').map((event) => ({ event, samples, weight: 0, rows: [] }));
}

function columnsOf(titles: string, dots: string): Column[] {
  const runs = [...dots.matchAll(/\.+/g)].map((m) => m.index);
  return runs.map((start, i) => {
    const end = runs[i + 1] ?? Number.POSITIVE_INFINITY;
    return { title: titles.slice(start, end).trim().toLowerCase(), start, end };
  });
}

/** A row of the table; null when it is none (a line of a call graph, a blank line). */
function rowOf(
  line: string,
  columns: readonly Column[],
  dotsEnd: number,
): { cells: Map<string, string>; percents: number[] } | null {
  const first = line.slice(0, dotsEnd).trim();
  if (!/^(\d+\.\d+%\s*)+$/.test(first) || line.length <= dotsEnd || line[dotsEnd] !== ' ') return null;
  const cells = new Map<string, string>();
  for (const { title, start, end } of columns) cells.set(title, line.slice(start, end).trim());
  return { cells, percents: [...first.matchAll(/(\d+\.\d+)%/g)].map((m) => Number(m[1])) };
}

function frameOf(cells: ReadonlyMap<string, string>): RawFrame {
  const m = /^(?:\[(.)\] )?(.*?)( \(inlined\))?$/.exec(cells.get('symbol') ?? '');
  const symbol = (m?.[2] ?? '').trim();
  const object = cells.get('shared object') ?? '';
  const place = /^(.+):(\d{1,9})$/.exec(cells.get('source:line') ?? '');
  const line = Number(place?.[2] ?? 0);
  return {
    name: symbol === '' || /^0x[0-9a-f]+$/.test(symbol) ? unknownName : symbol,
    file: line > 0 && place?.[1] !== '??' ? (place?.[1] ?? null) : null,
    line: line > 0 && place?.[1] !== '??' ? line : null,
    object:
      object === unknownName || object === ''
        ? m?.[1] === 'k' && object === ''
          ? '[kernel.kallsyms]'
          : null
        : object,
    address: null,
    inlined: false,
  };
}

function threadOf(cells: ReadonlyMap<string, string>): Row['thread'] {
  const both = /^\s*(\d+):(.*)$/.exec(cells.get('pid:command') ?? cells.get('tid:command') ?? '');
  if (both !== null) return { name: (both[2] ?? '').trim(), pid: null, tid: Number(both[1]) };
  const name = cells.get('command');
  return name === undefined ? null : { name, pid: null, tid: null };
}

async function readSections(
  input: AsyncIterable<Uint8Array>,
  skipped: Skipped,
  signal: AbortSignal | undefined,
): Promise<Section[]> {
  const sections: Section[] = [];
  let open: Section[] = [];
  let titles = '';
  let columns: Column[] = [];
  let dotsEnd = 0;
  for await (const line of textLines(input, signal)) {
    const begun = sectionsOf(line);
    if (begun !== null) {
      open = begun;
      sections.push(...begun);
      columns = [];
      continue;
    }
    const count = /^#\s*Event count \(approx\.\):\s*(\d+)/.exec(line);
    if (count !== null) {
      for (const s of open) s.weight = Number(count[1]);
    } else if (/^#\s+\.\.+/.test(line)) {
      columns = columnsOf(titles, line);
      dotsEnd = /\.(?!\.)/.exec(line)?.index ?? 0;
      dotsEnd = dotsEnd === 0 ? 0 : dotsEnd + 1;
    } else if (line.startsWith('#')) {
      titles = line;
    } else if (columns.length > 0) {
      const row = rowOf(line, columns, dotsEnd);
      if (row === null) {
        // Rows that are cut short in the percentage or right behind it.
        if (/^ {0,8}\d+\.\d+%?\s*$/.test(line)) skipped.add(line);
        continue;
      }
      const children = columns[0]?.title === 'children';
      const self = children ? Number.parseFloat(row.cells.get('self') ?? '') : Number.NaN;
      const isCut = !row.cells.has('symbol') ? false : row.cells.get('symbol') === '';
      if (isCut || (children && Number.isNaN(self))) {
        skipped.add(line);
        continue;
      }
      const frame = frameOf(row.cells);
      const thread = threadOf(row.cells);
      open.forEach((section, i) => {
        const percent = row.percents[i] ?? 0;
        section.rows.push({
          frame,
          thread,
          self: children ? self : percent,
          children: children ? percent : null,
        });
      });
    }
  }
  return sections;
}

function profileOf(sections: readonly Section[], options: ImportOptions, skipped: Skipped): RawProfile {
  const filled = sections.filter((s) => s.rows.length > 0);
  if (filled.length === 0) {
    throw new UserError(
      `perf report text without a row of its table${skipped.words}. Was it written by \`perf report --stdio\`?`,
    );
  }
  const chosen = chosenEvent(
    filled.map((s) => ({ name: s.event, samples: s.samples })),
    options.event,
  );
  const section = filled[chosen] as Section;
  const rows = section.rows.filter(
    (r) =>
      options.thread === null ||
      r.thread?.name === options.thread ||
      String(r.thread?.tid) === options.thread,
  );
  if (rows.length === 0) throw new UserError(`No row of the thread ${options.thread ?? ''} in the report.`);
  const known = section.weight > 0 ? section.weight : 100;
  const weigh = (percent: number): number => (percent * known) / 100;
  const table = new StackTable();
  const totals: number[] = [];
  const threads: RawThread[] = [];
  let percents = 0;
  for (const { frame, self, children, thread } of rows) {
    const index = table.frame(frame);
    table.add(table.child(table.root, index), weigh(self));
    percents += self;
    if (children !== null) totals[index] = (totals[index] ?? 0) + weigh(children);
    if (thread !== null) threads.push({ ...thread, weight: weigh(self) });
  }
  const notes: string[] = [];
  // Every percentage is rounded to a hundredth.
  if (options.thread === null && 100 - percents > 0.005 * rows.length + 0.01) {
    const frame = { name: othersName, file: null, line: null, object: null, address: null, inlined: false };
    table.add(table.child(table.root, table.frame(frame)), weigh(100 - percents));
    notes.push(`${(100 - percents).toFixed(2)} % of the samples are in rows that the report does not list.`);
  }
  const others = otherEventsNote(
    filled.map((s) => ({ name: s.event, samples: s.samples })),
    chosen,
  );
  if (others !== null) notes.push(others);
  const events = filled.map((s) => ({
    name: s.event,
    unit: 'samples' as const,
    samples: s.samples,
    weight: s.weight,
  }));
  const done = table.done();
  return {
    format: 'perf-report',
    event: events[chosen] as (typeof events)[number],
    events,
    ...done,
    ...(totals.length > 0 ? { totals: done.frames.map((_, i) => totals[i] ?? 0) } : {}),
    threads: heaviestThreads(threads),
    stacks: false,
    skipped: skipped.done(),
    buildIds: {},
    notes,
  };
}

export const perfReport: Importer = {
  format: 'perf-report',
  title: 'perf report --stdio',
  sniff: (head) => {
    const lines = headLines(head, 4000);
    return (
      lines.some((l) => sectionsOf(l) !== null) ||
      (lines.some((l) => /^#\s+(Overhead|Children\s+Self)\b/.test(l)) &&
        lines.some((l) => /^#\s+\.\.+/.test(l)))
    );
  },
  async read(input, options) {
    const skipped = new Skipped();
    return profileOf(await readSections(input, skipped, options.signal), options, skipped);
  },
};
