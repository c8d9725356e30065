/** Text of `perf annotate --stdio`, with `-l` also its source lines: percentages by instruction, function by function. */
import { UserError } from '../../model.ts';
import type { RawProfile } from '../../model-profile.ts';
import { chosenEvent, otherEventsNote } from './events.ts';
import { StackTable } from './stack-table.ts';
import { headLines, Skipped, textLines } from './text-lines.ts';
import type { Importer } from './types.ts';

const unknownName = '[unknown]';
const othersName = '[not listed]';

interface Instruction {
  readonly address: number;
  readonly text: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly percent: number;
}

interface Section {
  readonly object: string;
  readonly event: string;
  /** Samples of the function. */
  readonly samples: number;
  /** Percentages are of all samples, not of the function's. */
  readonly global: boolean;
  name: string;
  readonly instructions: Instruction[];
}

const heading =
  /^ ?Percent\s*\|.*Disassembly of (.+) for (.+?) \((\d+) samples?(?:, percent: (local|global) \w+)?\)/;

/** `./elf/dl-load.c:944`, as `-l` writes it; without a number it is no place. */
function placeOf(text: string): { file: string; line: number } | null {
  const m = /^(\S.*?):(\d{1,9})(?: \(discriminator \d+\))?$/.exec(text.trim());
  const line = Number(m?.[2] ?? 0);
  return m?.[1] === undefined || m[1] === '??' || line === 0 ? null : { file: m[1], line };
}

/** Sections of the text; a group of events gives one for each. */
async function readSections(input: AsyncIterable<Uint8Array>, skipped: Skipped): Promise<Section[]> {
  const sections: Section[] = [];
  let open: Section[] = [];
  /** Of the row above that names a place, and of the last place behind an instruction: perf prints a place once. */
  let above: ReturnType<typeof placeOf> = null;
  let behind: ReturnType<typeof placeOf> = null;
  for await (const line of textLines(input)) {
    const head = heading.exec(line);
    if (head !== null) {
      const [, object = '', events = '', samples, kind] = head;
      open = events.split(', ').map((event) => ({
        object: object.trim(),
        event,
        samples: Number(samples),
        global: kind === 'global',
        name: unknownName,
        instructions: [],
      }));
      sections.push(...open);
      above = null;
      continue;
    }
    if (open.length === 0) continue;
    const row = /^((?:\s*\d+\.\d+)*)\s*:\s+([0-9a-f]+):\s+(\S.*)$/.exec(line);
    if (row !== null) {
      const percents = (row[1] ?? '').trim().split(/\s+/).map(Number);
      const [, code = '', mark = ''] = /^(.*?)(?: \/\/ (\S.*))?$/.exec(row[3] ?? '') ?? [];
      const shown = placeOf(mark);
      if (shown !== null) behind = shown;
      const place = shown ?? above ?? behind;
      open.forEach((section, i) => {
        section.instructions.push({
          address: Number.parseInt(row[2] ?? '', 16),
          text: code.trim().replace(/\s+/g, ' '),
          file: place?.file ?? null,
          line: place?.line ?? null,
          percent: percents[i] ?? 0,
        });
      });
      continue;
    }
    const source = /^\s*:\s*(?:\d+\s+)?(.*)$/.exec(line);
    if (source === null) {
      if (/^\s*\d+\.\d+\s*(:|$)/.test(line)) skipped.add(line);
      continue;
    }
    const text = source[1] ?? '';
    const symbol = /^[0-9a-f]+ <(.+)>:$/.exec(text);
    if (symbol !== null) for (const section of open) section.name = symbol[1] ?? unknownName;
    const place = placeOf(text);
    if (place !== null && /\.[a-zA-Z+]{1,4}:\d+/.test(text)) above = place;
  }
  return sections;
}

/** The function's part of all: its samples, or what its percentages say. */
const weightOf = (s: Section, percent: number): number => (s.global ? percent : (percent / 100) * s.samples);

function profileOf(sections: readonly Section[], wanted: string | null, skipped: Skipped): RawProfile {
  const names = [...new Set(sections.map((s) => s.event))];
  const events = names.map((name) => {
    const own = sections.filter((s) => s.event === name);
    const samples = own.reduce((sum, s) => sum + s.samples, 0);
    return { name, unit: 'samples' as const, samples, weight: own.some((s) => s.global) ? 100 : samples };
  });
  if (sections.every((s) => s.instructions.length === 0)) {
    throw new UserError(`perf annotate text without an instruction${skipped.words}. Was it written by \`perf annotate --stdio\`?`);
  }
  const chosen = chosenEvent(events, wanted);
  const event = events[chosen] as (typeof events)[number];
  const table = new StackTable();
  let weight = 0;
  let placed = 0;
  for (const section of sections.filter((s) => s.event === event.name)) {
    const { name, object } = section;
    for (const { address, text, file, line, percent } of section.instructions) {
      if (percent === 0) continue;
      const frame = { name, file, line, object, address, inlined: false, instruction: text };
      const part = weightOf(section, percent);
      table.add(table.child(table.root, table.frame(frame)), part);
      weight += part;
      if (file !== null) placed += part;
    }
  }
  const notes: string[] = [];
  if (sections.some((s) => s.global)) {
    if (weight < 99.5) {
      const frame = { name: othersName, file: null, line: null, object: null, address: null, inlined: false };
      table.add(table.child(table.root, table.frame(frame)), 100 - weight);
      notes.push(`${(100 - weight).toFixed(2)} % of the samples are in functions that are not annotated.`);
    }
  } else notes.push('Shares are of the samples of the annotated functions.');
  if (placed === 0) notes.push('It has no source lines: `perf annotate --stdio -l` writes them.');
  const others = otherEventsNote(events, chosen);
  if (others !== null) notes.push(others);
  return {
    format: 'perf-annotate',
    event,
    events,
    ...table.done(),
    threads: [],
    stacks: false,
    skipped: skipped.done(),
    buildIds: {},
    notes,
  };
}

export const perfAnnotate: Importer = {
  format: 'perf-annotate',
  title: 'perf annotate --stdio',
  sniff: (head) => headLines(head, 2000).some((l) => heading.test(l)),
  async read(input, options) {
    if (options.thread !== null) {
      throw new UserError('perf annotate does not say which threads its samples are of. Import the recording itself.');
    }
    const skipped = new Skipped();
    const sections = await readSections(input, skipped);
    return profileOf(sections, options.event, skipped);
  },
};
