/**
 * speedscope's own JSON, which many tools write (py-spy, rbspy, austin, ...).
 * Format: https://www.speedscope.app/file-format-schema.json
 *
 *   {"$schema": "https://www.speedscope.app/file-format-schema.json", "name", "exporter",
 *    "shared": {"frames": [{"name", "file"?, "line"?, "col"?}]},
 *    "profiles": [
 *      {"type": "sampled", "name", "unit", "startValue", "endValue", "samples": [[frame, outermost first]], "weights": []},
 *      {"type": "evented", "name", "unit", "startValue", "endValue",
 *       "events": [{"type": "O" or "C", "at", "frame"}]}]}          frames that open and close, in order of `at`
 *
 * Profiles of one unit are the threads of one recording; those of another unit are another event. What a frame's line
 * means is left open: where one function of one file has frames at several lines they are those that were executed,
 * else the line of its definition.
 */
import type { ProfileUnit, RawEvent, RawProfile, RawThread } from '../../model-profile.ts';
import { UserError } from '../../model.ts';
import {
  byWeight,
  chooseEvent,
  field,
  fileOf,
  headText,
  indexOf,
  isThread,
  lineOf,
  listAt,
  mostSamples,
  numberOf,
  readJsonInput,
  requireThread,
  Skipped,
  textOf,
} from './read-input.ts';
import { StackTable } from './stack-table.ts';
import type { Importer, ImportOptions } from './types.ts';

const what = 'speedscope file';

const units: Readonly<
  Record<string, { readonly event: string; readonly unit: ProfileUnit; readonly scale: number }>
> = {
  none: { event: 'weight', unit: 'samples', scale: 1 },
  nanoseconds: { event: 'time', unit: 'nanoseconds', scale: 1 },
  microseconds: { event: 'time', unit: 'nanoseconds', scale: 1e3 },
  milliseconds: { event: 'time', unit: 'nanoseconds', scale: 1e6 },
  seconds: { event: 'time', unit: 'nanoseconds', scale: 1e9 },
  bytes: { event: 'bytes', unit: 'bytes', scale: 1 },
};

const unreadable = (why: string): UserError => new UserError(`This speedscope file cannot be read: ${why}.`);

function internFrames(table: StackTable, frames: readonly unknown[]): number[] {
  const places = new Map<string, Set<number>>();
  const keyOf = (frame: unknown): string =>
    `${textOf(field(frame, 'name'))}\0${textOf(field(frame, 'file'))}`;
  for (const frame of frames) {
    const line = lineOf(field(frame, 'line'));
    if (line === null) continue;
    const key = keyOf(frame);
    places.set(key, (places.get(key) ?? new Set()).add(line));
  }
  return frames.map((frame) => {
    const file = fileOf(field(frame, 'file'));
    const line = lineOf(field(frame, 'line'));
    const executed = (places.get(keyOf(frame))?.size ?? 0) > 1;
    return table.frame({
      name: textOf(field(frame, 'name')) || '[unknown]',
      file,
      line: executed && file !== null ? line : null,
      object: null,
      address: null,
      inlined: false,
      ...(line === null || executed ? {} : { definedAt: line }),
    });
  });
}

type Sink = (node: number, weight: number) => void;

/** Weighed stacks, outermost frame first. */
function sampled(
  profile: unknown,
  frames: readonly number[],
  table: StackTable,
  skipped: Skipped,
  add: Sink,
): void {
  const weights = listAt(profile, 'weights') ?? [];
  for (const [i, sample] of (listAt(profile, 'samples') ?? []).entries()) {
    const weight = i < weights.length ? numberOf(weights[i]) : 1;
    const stack: readonly unknown[] = Array.isArray(sample) ? sample : [];
    let node: number | null = table.root;
    for (const index of stack) {
      const frame = frames[indexOf(index, frames.length) ?? -1];
      if (frame === undefined) {
        node = null;
        break;
      }
      node = table.child(node, frame);
    }
    if (node === null || weight === null || weight < 0) skipped.add(`sample ${i + 1} of ${nameOf(profile)}`);
    else if (node !== table.root && weight > 0) add(node, weight);
  }
}

/** Frames that open and close; the time between two events belongs to the stack that is open. */
function evented(
  profile: unknown,
  frames: readonly number[],
  table: StackTable,
  skipped: Skipped,
  add: Sink,
): void {
  const open: { readonly frame: number; readonly node: number }[] = [];
  const top = (): number => open.at(-1)?.node ?? table.root;
  let last = numberOf(field(profile, 'startValue')) ?? 0;
  const until = (at: number): void => {
    if (open.length > 0 && at > last) add(top(), at - last);
    last = Math.max(last, at);
  };
  for (const [i, event] of (listAt(profile, 'events') ?? []).entries()) {
    const at = numberOf(field(event, 'at'));
    const index = indexOf(field(event, 'frame'), frames.length);
    const type = field(event, 'type');
    const frame = index === null ? undefined : frames[index];
    if (at === null || at < last || frame === undefined || (type !== 'O' && type !== 'C')) {
      skipped.add(`event ${i + 1} of ${nameOf(profile)}`);
      continue;
    }
    until(at);
    if (type === 'O') open.push({ frame, node: table.child(top(), frame) });
    else if (open.at(-1)?.frame === frame) open.pop();
    else skipped.add(`event ${i + 1} of ${nameOf(profile)} closes a frame that is not the innermost`);
  }
  until(numberOf(field(profile, 'endValue')) ?? last);
}

const nameOf = (profile: unknown): string => textOf(field(profile, 'name')) || 'all';

async function read(input: AsyncIterable<Uint8Array>, options: ImportOptions): Promise<RawProfile> {
  const file = await readJsonInput(input, what, options);
  const profiles = listAt(file, 'profiles');
  const list = listAt(field(file, 'shared'), 'frames');
  if (profiles === null || list === null) throw unreadable('it has no profiles, or no shared frames');
  const names = profiles.map((p) => ({ name: nameOf(p), tid: null }));
  requireThread(options.thread, names);
  const kinds = profiles.map((p) => units[textOf(field(p, 'unit')) ?? 'none'] ?? units.none);
  const asked = [...new Set(kinds.map((k) => k?.event ?? 'weight'))];

  // Once to see what there is, and once more for the event that is taken.
  const walk = (event: string | null, table: StackTable, skipped: Skipped) => {
    const frames = internFrames(table, list);
    return profiles.map((profile, i) => {
      const kind = kinds[i] ?? { event: 'weight', unit: 'samples' as const, scale: 1 };
      const sums = { ...kind, name: nameOf(profile), samples: 0, weight: 0, kept: 0, keptSamples: 0 };
      if (event !== null && kind.event !== event) return sums;
      const own = event !== null && isThread(options.thread, sums.name, null);
      const add: Sink = (node, weight) => {
        sums.samples++;
        sums.weight += weight * kind.scale;
        if (!own) return;
        table.add(node, weight * kind.scale);
        sums.kept += weight * kind.scale;
        sums.keptSamples++;
      };
      if (field(profile, 'type') === 'evented') evented(profile, frames, table, skipped, add);
      else sampled(profile, frames, table, skipped, add);
      return sums;
    });
  };
  const several = asked.length > 1;
  const seen = several ? walk(null, new StackTable(), new Skipped()) : null;
  const taken = asked[0] ?? 'weight';
  const choose = (rows: ReturnType<typeof walk>): { events: RawEvent[]; event: RawEvent | undefined } => {
    const events = asked.map((name): RawEvent => {
      const of = rows.filter((r) => r.event === name);
      return {
        name,
        unit: of[0]?.unit ?? 'samples',
        samples: of.reduce((s, r) => s + r.samples, 0),
        weight: of.reduce((s, r) => s + r.weight, 0),
      };
    });
    return { events, event: events[chooseEvent(events, options.event, mostSamples)] };
  };
  const table = new StackTable();
  const skipped = new Skipped();
  const rows = walk(seen === null ? taken : (choose(seen).event?.name ?? taken), table, skipped);
  const { events, event } = choose(seen ?? rows);
  const kept = rows.reduce((s, r) => s + r.kept, 0);
  if (event === undefined || !(kept > 0)) throw unreadable('it holds no samples');
  const threads = rows
    .filter((r) => r.weight > 0)
    .map(({ name, weight }): RawThread => ({ name, pid: null, tid: null, weight }));
  return {
    format: 'speedscope',
    event: { ...event, weight: kept, samples: rows.reduce((s, r) => s + r.keptSamples, 0) },
    events,
    ...table.done(),
    threads: byWeight(threads),
    stacks: true,
    skipped: skipped.result(),
    buildIds: {},
    notes: [],
  };
}

export const speedscopeImporter: Importer = {
  format: 'speedscope',
  title: 'speedscope file',
  sniff(head) {
    const text = headText(head).trimStart();
    if (!text.startsWith('{')) return false;
    return (
      /speedscope\.app\/file-format-schema\.json/.test(text) ||
      (/"shared"\s*:\s*\{\s*"frames"\s*:\s*\[/.test(text) && !/"preprocessedProfileVersion"/.test(text))
    );
  },
  read,
};
