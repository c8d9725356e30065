/**
 * `cachegrind.out.PID`, by `valgrind --tool=cachegrind`: what `cg_annotate` reads.
 * Format: https://valgrind.org/docs/manual/cg-manual.html#cg-manual.outputs
 *
 *   desc: I1 cache: 32768 B, 64 B, 8-way associative        any number of them
 *   cmd: ./bench
 *   events: Ir I1mr ILmr Dr D1mr DLmr Dw D1mw DLmw
 *   fl=/src/core/box.h                                       file of the lines that follow (of inlined code its own)
 *   fn=tiny_alloc                                            function that they were executed in
 *   16 40 0 0 10 0 0 0 0 0                                   line (0: unknown) and a figure for each event
 *   summary: 470 3 2 90 1 0 30 0 0                           sums of all lines, at the end
 *
 * There are no calls: functions have no totals.
 */
import type { RawEvent, RawProfile } from '../../model-profile.ts';
import { UserError } from '../../model.ts';
import { chooseEvent, headText, lineBatches, requireThread, Skipped } from './read-input.ts';
import { StackTable } from './stack-table.ts';
import type { Importer, ImportOptions } from './types.ts';

const unknown = (name: string): string | null => (name === '' || name === '???' ? null : name);

async function read(input: AsyncIterable<Uint8Array>, options: ImportOptions): Promise<RawProfile> {
  requireThread(options.thread, []);
  const table = new StackTable();
  const skipped = new Skipped();
  let names: readonly string[] = [];
  let lines: number[] = [];
  let sums: number[] = [];
  let chosen = 0;
  let file = '';
  let name = '???';
  let command = '';
  let summary: string | null = null;
  let number = 0;

  const cost = (text: string): void => {
    const [at = '', ...figures] = text.trim().split(/\s+/);
    const values = figures.map((f) => (f === '.' ? 0 : /^\d+$/.test(f) ? Number(f) : Number.NaN));
    if (
      !/^\d+$/.test(at) ||
      names.length === 0 ||
      values.length > names.length ||
      values.some(Number.isNaN)
    ) {
      skipped.add(`line ${number}: ${text}`);
      return;
    }
    values.forEach((v, i) => {
      sums[i] = (sums[i] ?? 0) + v;
      if (v > 0) lines[i] = (lines[i] ?? 0) + 1;
    });
    const weight = values[chosen] ?? 0;
    if (weight === 0) return;
    const frame = table.frameOf(`${at}\0${file}\0${name}`, () => ({
      name: unknown(name) ?? '[unknown]',
      file: unknown(file),
      line: unknown(file) === null || Number(at) === 0 ? null : Number(at),
      object: null,
      address: null,
      inlined: false,
    }));
    table.add(table.child(table.root, frame), weight);
  };

  for await (const batch of lineBatches(input, 'a cachegrind file', options)) {
    for (const text of batch) {
      number++;
      if (/^\d/.test(text)) cost(text);
      else if (text.startsWith('fl=') || text.startsWith('fi=') || text.startsWith('fe='))
        file = text.slice(3);
      else if (text.startsWith('fn=')) name = text.slice(3);
      else if (text.startsWith('events:')) {
        names = text
          .slice(7)
          .trim()
          .split(/\s+/)
          .filter((n) => n !== '');
        lines = names.map(() => 0);
        sums = names.map(() => 0);
        chosen = Math.max(0, names.indexOf(options.event ?? 'Ir'));
      } else if (text.startsWith('summary:')) summary = text.slice(8).trim();
      else if (text.startsWith('cmd:')) command = text.slice(4).trim();
      else if (!/^(?:desc|version):|^#/.test(text) && text.trim() !== '')
        skipped.add(`line ${number}: ${text}`);
    }
  }
  const events = names.map(
    (event, i): RawEvent => ({
      name: event,
      unit: event === 'Ir' ? 'instructions' : 'events',
      samples: lines[i] ?? 0,
      weight: sums[i] ?? 0,
    }),
  );
  if (events.every((e) => e.samples === 0)) {
    throw new UserError('This cachegrind file holds no costs: it is empty, or was cut off in its header.');
  }
  if (summary === null) {
    throw new UserError(
      'This cachegrind file ends too early: it has no summary line. It was cut off, or the program still runs.',
    );
  }
  const event = events[chooseEvent(events, options.event, () => chosen)];
  if (event === undefined || !(event.weight > 0)) {
    throw new UserError(`This cachegrind file holds no costs of ${event?.name ?? 'any event'}.`);
  }
  const notes = [`${event.name} is counted exactly, not sampled; there are no calls in it, so no totals.`];
  const own = Number(summary.split(/\s+/)[chosen] ?? Number.NaN);
  if (Number.isFinite(own) && Math.abs(own - event.weight) > own / 1000) {
    notes.push(`The file says ${own} ${event.name} in all, its lines add up to ${event.weight}.`);
  }
  const program = command.split(/\s/)[0]?.split(/[\\/]/).at(-1) ?? '';
  return {
    format: 'cachegrind',
    event,
    events,
    ...table.done(),
    threads: [{ name: program || 'all', pid: null, tid: null, weight: event.weight }],
    stacks: false,
    skipped: skipped.result(),
    buildIds: {},
    notes,
  };
}

export const cachegrindImporter: Importer = {
  format: 'cachegrind',
  title: 'cachegrind output',
  sniff(head) {
    const text = headText(head);
    return (
      /^events:/m.test(text) &&
      /^(?:desc|cmd|fl=|fn=)/m.test(text) &&
      !/^# callgrind format|^(?:positions|creator|part|version):|^(?:calls|cfn|cfi|cfl|cob|ob)=/m.test(text)
    );
  },
  read,
};
