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
  /** As the text says it; perf says it of instructions above half a percent. */
  readonly place: Place | null;
  /** Function that the compiler put here, and the number of the source line above; 0 when there is none. */
  readonly inner: string;
  readonly above: number;
  readonly percent: number;
}

interface Place {
  readonly file: string;
  readonly line: number;
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
  /** Of the functions in it, by name. */
  readonly files: Map<string, string>;
}

/** perf leaves the place away where the share is this or less. */
const placedAbove = 0.5;

const heading =
  /^ ?Percent\s*\|.*Disassembly of (.+) for (.+?) \((\d+) samples?(?:, percent: (local|global) \w+)?\)/;

/** `./elf/dl-load.c:944`, as `-l` writes it; without a number it is no place. */
function placeOf(text: string): Place | null {
  const m = /^(\S.*?):(\d{1,9})(?: \(discriminator \d+\))?$/.exec(text.trim());
  const line = Number(m?.[2] ?? 0);
  return m?.[1] === undefined || m[1] === '??' || line === 0 ? null : { file: m[1], line };
}

/**
 * Sections of the text; a group of events gives one for each. A place stands behind an instruction when it is not that of
 * the last one that was shown, and above instructions when the source is not there. Of a block of source lines the first
 * number is that of the instructions below.
 */
async function readSections(
  input: AsyncIterable<Uint8Array>,
  skipped: Skipped,
  signal: AbortSignal | undefined,
): Promise<Section[]> {
  const sections: Section[] = [];
  let open: Section[] = [];
  let above: Place | null = null;
  let behind: Place | null = null;
  let inner = '';
  let firstOfBlock = 0;
  let inBlock = false;
  for await (const line of textLines(input, signal)) {
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
        files: new Map(),
      }));
      sections.push(...open);
      above = null;
      inner = '';
      firstOfBlock = 0;
      inBlock = false;
      continue;
    }
    if (line.startsWith('Sorted summary for file')) open = [];
    if (open.length === 0) continue;
    const row = /^((?:\s*\d+\.\d+)*)\s*:\s+([0-9a-f]+):\s+(\S.*)$/.exec(line);
    if (row !== null) {
      inBlock = false;
      const percents = (row[1] ?? '').trim().split(/\s+/).map(Number);
      const [, code = '', mark = ''] = /^(.*?)(?: \/\/ (\S.*))?$/.exec(row[3] ?? '') ?? [];
      const shown = placeOf(mark);
      if (shown !== null) {
        behind = shown;
        for (const section of open) section.files.set(inner, shown.file);
      }
      const most = Math.max(...percents);
      const place: Place | null = shown ?? (behind !== null && most > placedAbove ? behind : above);
      open.forEach((section, i) => {
        section.instructions.push({
          address: Number.parseInt(row[2] ?? '', 16),
          text: code.trim().replace(/\s+/g, ' '),
          ...{ place, inner, above: firstOfBlock, percent: percents[i] ?? 0 },
        });
      });
      continue;
    }
    const source = /^\s*:\s*(?:(\d+)\s+)?(.*)$/.exec(line);
    if (source === null) {
      if (/^\s*\d+\.\d+\s*(:|$)/.test(line)) skipped.add(line);
      continue;
    }
    const text = source[2] ?? '';
    const symbol = /^[0-9a-f]+ <(.+)>:$/.exec(text);
    const place = placeOf(text);
    if (symbol !== null) {
      for (const section of open) section.name = symbol[1] ?? unknownName;
    } else if (/^[\w.$~:<>, ]+\(\):$/.test(text)) {
      inner = text;
      above = null;
      firstOfBlock = 0;
      inBlock = false;
    } else if (place !== null && /\.[a-zA-Z+]{1,4}:\d+/.test(text)) {
      above = place;
    } else if (!inBlock && source[1] !== undefined) {
      firstOfBlock = Number(source[1]);
      above = null;
      inBlock = true;
    }
  }
  return sections;
}

/** Where an instruction comes from: as said, else by the source line above and the file of that function. */
function placeIn(section: Section, i: Instruction): Place | null {
  if (i.place !== null) return i.place;
  const file = section.files.get(i.inner);
  return file === undefined || i.above === 0 ? null : { file, line: i.above };
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
    throw new UserError(
      `perf annotate text without an instruction${skipped.words}. Was it written by \`perf annotate --stdio\`?`,
    );
  }
  const chosen = chosenEvent(events, wanted);
  const event = events[chosen] as (typeof events)[number];
  const table = new StackTable();
  let weight = 0;
  let placed = 0;
  for (const section of sections.filter((s) => s.event === event.name)) {
    const { name, object } = section;
    for (const instruction of section.instructions) {
      const { address, text, percent } = instruction;
      if (percent === 0) continue;
      const place = placeIn(section, instruction);
      const file = place?.file ?? null;
      const line = place?.line ?? null;
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
      throw new UserError(
        'perf annotate does not say which threads its samples are of. Import the recording itself.',
      );
    }
    const skipped = new Skipped();
    const sections = await readSections(input, skipped, options.signal);
    return profileOf(sections, options.event, skipped);
  },
};
