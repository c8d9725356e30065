/**
 * pprof's `profile.proto` (Go, gperftools, jemalloc's jeprof, Rust, Datadog, ...), gzip taken off before.
 * Format: https://github.com/google/pprof/blob/main/proto/profile.proto
 *
 *   Profile   1 sample_type*  {type, unit}: samples/count, cpu/nanoseconds, alloc_space/bytes, ...
 *             2 sample*       {location_id* innermost first, value* one a sample type, label*}
 *             3 mapping*      {id, memory_start, memory_limit, file_offset, filename, build_id}
 *             4 location*     {id, mapping_id, address, line* innermost first: the last is the caller of the others}
 *             5 function*     {id, name, system_name, filename, start_line}
 *             6 string_table* number 0 is ''; all texts above are numbers of it
 *             11 period_type, 12 period, 14 default_sample_type
 *
 * An address is one of the process. What it is inside its file depends on the file's program headers, which are not in
 * here, so that it is not kept.
 */
import { Profile as Message } from 'pprof-format';
import type { ProfileUnit, RawEvent, RawFrame, RawProfile, RawThread } from '../../model-profile.ts';
import { UserError } from '../../model.ts';
import {
  byWeight,
  chooseEvent,
  isThread,
  mostSamples,
  readBytes,
  requireThread,
  Skipped,
} from './read-input.ts';
import { StackTable } from './stack-table.ts';
import type { Importer, ImportOptions } from './types.ts';

type Numeric = number | bigint;

const damaged = 'This pprof profile is damaged or was cut off: record or download it again.';

/** Wire types of the fields of `Profile` (0 a number, 2 bytes), by field. */
const wireTypes: Readonly<Record<number, readonly number[]>> = {
  1: [2],
  2: [2],
  3: [2],
  4: [2],
  5: [2],
  6: [2],
  7: [0],
  8: [0],
  9: [0],
  10: [0],
  11: [2],
  12: [0],
  13: [0, 2],
  14: [0],
  15: [0],
};

/** A base-128 number and where it ends; null when the bytes end first. */
function varint(bytes: Uint8Array, at: number): { value: number; end: number } | null {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return null;
    value += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) return { value, end: at + i + 1 };
  }
  return null;
}

/**
 * The fields of the outermost message, in order, until one is none of a profile.
 *
 * @returns the fields, where reading stopped, and whether what stands there only ends too early
 */
function outline(
  bytes: Uint8Array,
  most = Number.POSITIVE_INFINITY,
): { readonly fields: readonly number[]; readonly stopped: 'end' | 'cut' | 'foreign' } {
  const fields: number[] = [];
  let at = 0;
  while (at < bytes.length && fields.length < most) {
    const key = varint(bytes, at);
    if (key === null) return { fields, stopped: 'cut' };
    const number = Math.floor(key.value / 8);
    const wire = key.value % 8;
    if (wireTypes[number]?.includes(wire) !== true) return { fields, stopped: 'foreign' };
    const value = varint(bytes, key.end);
    if (value === null) return { fields, stopped: 'cut' };
    at = wire === 2 ? value.end + value.value : value.end;
    if (at > bytes.length) return { fields, stopped: 'cut' };
    // A sample type begins with the number of its type or unit, which no text has at this place.
    if (number === 1 && value.value > 0 && ![8, 16].includes(bytes[value.end] ?? 0)) {
      return { fields, stopped: 'foreign' };
    }
    fields.push(number);
  }
  return { fields, stopped: 'end' };
}

/** Ids may be of 64 bits: equal ones are equal keys whichever way they were decoded. */
const idOf = (id: Numeric): Numeric =>
  typeof id === 'bigint' && id <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(id) : id;

/** A signed 64-bit value. */
const signed = (value: Numeric): number =>
  typeof value === 'bigint' ? Number(BigInt.asIntN(64, value)) : value;

const units: Readonly<Record<string, readonly [ProfileUnit, number] | undefined>> = {
  count: ['samples', 1],
  samples: ['samples', 1],
  nanoseconds: ['nanoseconds', 1],
  ns: ['nanoseconds', 1],
  microseconds: ['nanoseconds', 1e3],
  us: ['nanoseconds', 1e3],
  milliseconds: ['nanoseconds', 1e6],
  ms: ['nanoseconds', 1e6],
  seconds: ['nanoseconds', 1e9],
  s: ['nanoseconds', 1e9],
  bytes: ['bytes', 1],
  instructions: ['instructions', 1],
};

/** `count/1000`: thousandths, as our own export writes events of little weight. */
function unitOf(text: string): readonly [ProfileUnit, number] {
  const [name = '', part] = text.toLowerCase().split('/');
  const [unit, scale] = units[name] ?? (['events', 1] as const);
  const finer = part !== undefined && /^10+$/.test(part) ? Number(part) : 1;
  return [unit, scale / finer];
}

/** Thread labels of Go, Python and Datadog. */
const threadKeys = ['thread', 'thread name', 'thread_name', 'thread id', 'thread_id', 'tid'];

class Reader {
  readonly #message: Message;
  readonly #strings: readonly string[];
  readonly #locations = new Map<Numeric, Message['location'][number]>();
  readonly #functions = new Map<Numeric, Message['function'][number]>();
  readonly #mappings = new Map<Numeric, Message['mapping'][number]>();
  readonly #table: StackTable;
  readonly #frames = new Map<Numeric, readonly number[] | null>();

  constructor(message: Message, table: StackTable) {
    this.#message = message;
    this.#table = table;
    this.#strings = message.stringTable.strings;
    for (const l of message.location) this.#locations.set(idOf(l.id), l);
    for (const f of message.function) this.#functions.set(idOf(f.id), f);
    for (const m of message.mapping) this.#mappings.set(idOf(m.id), m);
  }

  text(index: Numeric): string {
    return this.#strings[Number(index)] ?? '';
  }

  /** Frames of a location, outermost first: inlined code after what it was inlined into. Null when it is not there. */
  frames(id: Numeric): readonly number[] | null {
    const key = idOf(id);
    let frames = this.#frames.get(key);
    if (frames === undefined) {
      frames = this.#make(key)?.map((f) => this.#table.frame(f)) ?? null;
      this.#frames.set(key, frames);
    }
    return frames;
  }

  #make(id: Numeric): readonly RawFrame[] | null {
    const location = this.#locations.get(id);
    if (location === undefined) return null;
    const mapping = this.#mappings.get(idOf(location.mappingId));
    const object = this.text(mapping?.filename ?? 0) || null;
    const bare = { object, address: null };
    if (location.line.length === 0) {
      const address = BigInt(location.address);
      const name = address === 0n ? '[unknown]' : `0x${BigInt.asUintN(64, address).toString(16)}`;
      return [{ ...bare, name, file: null, line: null, inlined: false }];
    }
    const last = location.line.length - 1;
    return location.line
      .map((line, i): RawFrame => {
        const f = this.#functions.get(idOf(line.functionId));
        const file = this.text(f?.filename ?? 0) || null;
        const at = signed(line.line);
        const start = f === undefined ? 0 : signed(f.startLine);
        return {
          ...bare,
          name: this.text(f?.name ?? 0) || this.text(f?.systemName ?? 0) || '[unknown]',
          file,
          line: file !== null && at >= 1 ? at : null,
          inlined: i < last,
          ...(start >= 1 ? { definedAt: start } : {}),
        };
      })
      .reverse();
  }

  thread(sample: Message['sample'][number]): { name: string; tid: number | null } {
    let name = '';
    let tid: number | null = null;
    for (const label of sample.label) {
      const key = this.text(label.key).toLowerCase();
      if (!threadKeys.includes(key)) continue;
      const text = this.text(label.str);
      const figure = signed(label.num);
      if (text !== '' && !/id$/.test(key)) name = text;
      else if (text !== '' && /^\d+$/.test(text)) tid = Number(text);
      else if (figure !== 0) tid = figure;
    }
    return { name: name || (tid === null ? '' : `thread ${tid}`), tid };
  }

  buildIds(): Record<string, string> {
    const out: Record<string, string> = Object.create(null);
    for (const m of this.#message.mapping) {
      const object = this.text(m.filename);
      const id = this.text(m.buildId);
      if (object !== '' && /^[0-9a-f]{8,}$/i.test(id)) out[object] = id.toLowerCase();
    }
    return out;
  }
}

function decode(bytes: Uint8Array): Message {
  const { fields, stopped } = outline(bytes);
  if (stopped !== 'end') throw new UserError(damaged);
  if (!fields.includes(6)) throw new UserError(damaged);
  if (!fields.includes(1)) throw new UserError('This pprof profile names no sample types: it is empty.');
  let message: Message;
  try {
    message = Message.decode(bytes);
  } catch {
    throw new UserError(damaged);
  }
  // Texts come last: a file that was cut between two of them is otherwise whole.
  const texts = message.stringTable.strings.length;
  const used = message.function
    .flatMap((f) => [f.name, f.filename])
    .concat(message.sampleType.map((t) => t.type));
  if (used.some((i) => Number(i) >= texts)) throw new UserError(damaged);
  return message;
}

async function read(input: AsyncIterable<Uint8Array>, options: ImportOptions): Promise<RawProfile> {
  const message = decode(await readBytes(input, 'pprof profile', options));
  const table = new StackTable();
  const reader = new Reader(message, table);
  const skipped = new Skipped();
  const scales = message.sampleType.map((t) => unitOf(reader.text(t.unit)));
  const counts = scales.map(() => 0);
  const sums = scales.map(() => 0);
  let negative = 0;
  for (const sample of message.sample) {
    scales.forEach(([, scale], i) => {
      const value = signed(sample.value[i] ?? 0) * scale;
      if (value < 0) negative++;
      if (value <= 0) return;
      counts[i] = (counts[i] ?? 0) + 1;
      sums[i] = (sums[i] ?? 0) + value;
    });
  }
  // Where samples are counted beside another figure, that count is what the other's shares rest on.
  const counted = message.sampleType.findIndex(
    (t, i) => reader.text(t.type) === 'samples' && scales[i]?.[0] === 'samples',
  );
  const events = message.sampleType.map((t, i): RawEvent => {
    const [unit] = scales[i] ?? (['events', 1] as const);
    const count = counted >= 0 ? sums[counted] : unit === 'samples' ? sums[i] : counts[i];
    return {
      name: reader.text(t.type) || `value ${i + 1}`,
      unit,
      samples: Math.round(count ?? 0),
      weight: sums[i] ?? 0,
    };
  });
  const wanted = reader.text(message.defaultSampleType);
  const chosen = chooseEvent(events, options.event, (all) => {
    const named = all.findIndex((e) => wanted !== '' && e.name === wanted && e.weight > 0);
    return named >= 0 ? named : mostSamples(all);
  });
  const event = events[chosen];
  const scale = scales[chosen]?.[1] ?? 1;
  if (event === undefined || message.sample.length === 0) {
    throw new UserError('This pprof profile holds no samples: record for longer.');
  }
  const threads = new Map<string, { name: string; pid: null; tid: number | null; weight: number }>();
  let kept = 0;
  let number = 0;
  for (const sample of message.sample) {
    number++;
    const weight = signed(sample.value[chosen] ?? 0) * scale;
    if (weight <= 0) continue;
    const thread = reader.thread(sample);
    const key = `${thread.tid ?? ''} ${thread.name}`;
    const known = threads.get(key);
    if (known === undefined) threads.set(key, { ...thread, pid: null, weight });
    else known.weight += weight;
    if (!isThread(options.thread, thread.name, thread.tid)) continue;
    let node = table.root;
    for (const id of sample.locationId.toReversed()) {
      const frames = reader.frames(id);
      if (frames === null) skipped.add(`sample ${number}: location ${id} is not in the profile`);
      for (const frame of frames ?? []) node = table.child(node, frame);
    }
    if (node === table.root) continue;
    table.add(node, weight);
    kept += weight;
  }
  const all: RawThread[] = byWeight([...threads.values()]);
  requireThread(options.thread, all.some((t) => t.name !== '') ? all : []);
  if (kept === 0) throw new UserError(`This pprof profile holds no samples of ${event.name}.`);
  const notes: string[] = [];
  if (negative > 0) {
    notes.push(
      `${negative} values are negative (a difference of two profiles) and were left out: import both and compare them.`,
    );
  }
  return {
    format: 'pprof',
    event: shareOf(event, kept),
    events,
    ...table.done(),
    threads: all.map((t) => ({ ...t, name: t.name || 'all' })),
    stacks: true,
    skipped: skipped.result(),
    buildIds: reader.buildIds(),
    notes,
  };
}

/** The event for a part of its weight (one thread). */
function shareOf(event: RawEvent, weight: number): RawEvent {
  if (weight >= event.weight) return event;
  return { ...event, weight, samples: Math.max(1, Math.round((event.samples * weight) / event.weight)) };
}

export const pprofImporter: Importer = {
  format: 'pprof',
  title: 'pprof profile',
  sniff(head) {
    const { fields, stopped } = outline(head, 64);
    return stopped !== 'foreign' && fields.length >= 2 && fields.includes(1);
  },
  read,
};
