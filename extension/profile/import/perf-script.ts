/** Text of `perf script`, in any of its orders of fields, with and without call chains. */
import { UserError } from '../../model.ts';
import type { RawProfile } from '../../model-profile.ts';
import { chosenEvent, heaviestThreads, otherEventsNote } from './events.ts';
import { type PerfFrame, perfFrame } from './perf-script-frame.ts';
import { PerfScriptReader } from './perf-script-reader.ts';
import { StackTable } from './stack-table.ts';
import { headBytes } from './text-lines.ts';
import type { Importer, ImportOptions } from './types.ts';

const quoted = (text: string): string => (text === '' ? '' : `, the first one: ${text}`);

/** The stacks of one event by frame, from those by line. */
function framesOf(reader: PerfScriptReader, eventNode: number): StackTable {
  const table = new StackTable();
  const { lines, tree } = reader;
  const parsed: PerfFrame[] = [];
  const objects: (string | null)[] = [null];
  const objectIds = new Map<string | null, number>([[null, 0]]);
  const idOf = (object: string | null): number => {
    let id = objectIds.get(object);
    if (id === undefined) {
      id = objects.length;
      objects.push(object);
      objectIds.set(object, id);
    }
    return id;
  };
  const frameIndex = new Map<number, number>();
  const count = tree.count;
  /** Node of the table, -1 for those of other events. */
  const places = new Int32Array(count).fill(-1);
  const nodeObjects = new Int32Array(count);
  places[eventNode] = table.root;
  for (let node = 1; node < count; node++) {
    const parent = tree.parentOf(node);
    const above = places[parent] ?? -1;
    if (parent === 0 || above < 0) continue;
    const line = tree.frameOf(node);
    parsed[line] ??= perfFrame(lines.text(line));
    const { frame, ip } = parsed[line];
    // perf also writes `(inlined)` where the function's name in the debug information is not the symbol's (`f` of
    // `f.constprop.0`). What is inlined has the address of the frame around it.
    const around = parent === eventNode ? undefined : parsed[tree.frameOf(parent)];
    const inlined = frame.inlined && around !== undefined && around.ip === ip;
    const object = frame.object === null && inlined ? (nodeObjects[parent] ?? 0) : idOf(frame.object);
    nodeObjects[node] = object;
    const key = (line * 2 + (inlined ? 1 : 0)) * 2 ** 20 + object;
    let index = frameIndex.get(key);
    if (index === undefined) {
      index = table.frame({ ...frame, inlined, object: objects[object] ?? null });
      frameIndex.set(key, index);
    }
    const place = table.child(above, index);
    places[node] = place;
    table.add(place, tree.selfOf(node));
  }
  return table;
}

function result(reader: PerfScriptReader, options: ImportOptions): RawProfile {
  if (reader.samples === 0) {
    const { skipped } = reader;
    throw new UserError(
      skipped === null
        ? 'perf script text without a sample. Record for longer, or at a higher frequency.'
        : `No sample of perf script could be read; ${skipped.count} lines were not understood${quoted(skipped.first)}`,
    );
  }
  const { events, threads } = reader;
  if (options.thread !== null && events.every((e) => e.samples === 0)) {
    const names = threads.slice(1, 11).map((t) => `${t.name} ${t.tid ?? ''}`.trim());
    throw new UserError(`No samples of the thread ${options.thread}. It has: ${names.join(', ')}.`);
  }
  const chosen = chosenEvent(events, options.event);
  const event = events[chosen];
  if (event === undefined) throw new UserError('perf script text without a sample.');
  const notes: string[] = [];
  const others = otherEventsNote(events, chosen);
  if (others !== null) notes.push(others);
  if (reader.lost > 0) notes.push(`The kernel lost ${reader.lost} samples: record at a lower frequency.`);
  if (reader.cut > 0) notes.push(`${reader.cut} outer frames of very deep stacks were left out.`);
  const described = events.map(({ name, samples, weight }) => ({
    name,
    unit: 'samples' as const,
    samples,
    weight,
  }));
  return {
    format: 'perf-script',
    event: { name: event.name, unit: 'samples', samples: event.samples, weight: event.weight },
    events: described,
    ...framesOf(reader, event.node).done(),
    threads: heaviestThreads(
      [...reader.threadWeights(chosen)].map(([i, weight]) => ({
        ...(threads[i] ?? { name: '', pid: null, tid: null }),
        weight,
      })),
    ),
    stacks: true,
    skipped: reader.skipped,
    buildIds: {},
    notes,
  };
}

/** Whether the first lines read as samples with addresses, and little of them makes no sense. */
/** `{"`: JSON without line breaks would pass for one long name with a number behind it. */
const beginsAsJson = (head: Uint8Array): boolean =>
  /^\s*[{[]\s*["{[]/.test(new TextDecoder('latin1').decode(head.subarray(0, 64)));

function looksLikeScript(head: Uint8Array): boolean {
  if (beginsAsJson(head)) return false;
  const reader = new PerfScriptReader(null);
  try {
    // Of a full head without the line that it ends in; one deep stack may be all of it.
    const whole = head.length < headBytes ? head : head.subarray(0, head.lastIndexOf(10) + 1);
    reader.feed(whole);
    reader.end();
  } catch {
    // Too many events: what was read so far tells.
  }
  const skipped = reader.skipped?.count ?? 0;
  // A name with a number is a header by itself where nothing names an event.
  const named = reader.events.some((e) => e.name !== '' && e.samples > 0);
  if (reader.samples === 0 || skipped * (named ? 1 : 10) > reader.samples + 1) return false;
  for (let line = 1; line < reader.lines.count; line++) {
    if (perfFrame(reader.lines.text(line)).ip !== '') return true;
  }
  return false;
}

export const perfScript: Importer = {
  format: 'perf-script',
  title: 'perf script text',
  sniff: (head) => looksLikeScript(head),
  async read(input, options) {
    const reader = new PerfScriptReader(options.thread);
    for await (const chunk of input) {
      options.signal?.throwIfAborted();
      reader.feed(chunk);
    }
    reader.end();
    return result(reader, options);
  },
};
