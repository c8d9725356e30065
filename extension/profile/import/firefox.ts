/**
 * The Firefox profiler's processed profile: what its page downloads, and what samply writes.
 * Format: docs-developer/CHANGELOG-formats.md of firefox-devtools/profiler; tables are columns, indices refer to rows.
 *
 *   {meta: {preprocessedProfileVersion, product, sampleUnits: {threadCPUDelta}}, libs: [{name, path, codeId}],
 *    threads: [{name, pid, tid, samples: {stack, weight, weightType, threadCPUDelta}, ...tables}], shared: {...tables}}
 *
 *   stackTable     frame, prefix (row of the caller, null)        since 66: prefixOffset (rows before this one, 0 none)
 *   frameTable     func, line, address, inlineDepth, nativeSymbol since 70: lib; since 71: flags for what is set
 *   funcTable      name, fileName, lineNumber, resource           since 58: source instead of fileName; since 73: flags
 *   resourceTable  lib                 nativeSymbols  libIndex    sources  filename
 *   stringArray    texts                                          since 56: in shared
 *
 * The tables moved from the threads to `shared` one by one, so that each is taken from where it is. Gecko's own profile
 * (`schema` and `data` instead of columns) has no symbols; the profiler's page makes this form of it.
 */
import type { RawEvent, RawProfile, RawThread } from '../../model-profile.ts';
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

const what = 'Firefox profile';
/** `frameTable.flags` and `funcTable.flags`. */
const frameFlag = { inlined: 1, address: 2, nativeSymbol: 8, line: 16 } as const;
const functionFlag = { resource: 4, source: 8, line: 16 } as const;

type Column = readonly unknown[];
const none: Column = [];

const unreadable = (why: string): UserError => new UserError(`This Firefox profile cannot be read: ${why}.`);

/** Paths inside repositories, as Mozilla's symbol server writes them: `hg:host/tree:path:revision`. */
function sourceFile(text: string | null): string | null {
  const inside = /^(?:hg|git|s3|cargo):[^:]+:([^:]+)(?::|$)/.exec(text ?? '');
  return inside === null ? fileOf(text) : (inside[1] ?? null);
}

/** The tables that a thread's stacks refer to. */
class Tables {
  readonly #strings: Column;
  readonly #stack: { frame: Column; prefix: Column | null; prefixOffset: Column };
  readonly #frame: Readonly<
    Record<'func' | 'line' | 'address' | 'inlineDepth' | 'nativeSymbol' | 'lib', Column>
  >;
  readonly #frameFlags: Column | null;
  readonly #func: Readonly<Record<'name' | 'fileName' | 'source' | 'lineNumber' | 'resource', Column>>;
  readonly #funcFlags: Column | null;
  readonly #resourceLib: Column;
  readonly #symbolLib: Column;
  readonly #sourceNames: Column;
  readonly #libs: Column;
  readonly #table: StackTable;
  readonly #skipped: Skipped;
  readonly #nodes: Int32Array;
  readonly #frames = new Map<number, number>();

  constructor(of: (name: string) => unknown, libs: Column, table: StackTable, skipped: Skipped) {
    const column = (owner: string, name: string): Column => listAt(of(owner), name) ?? none;
    const strings = of('stringArray') ?? of('stringTable');
    if (!Array.isArray(strings)) throw unreadable('it has no table of texts');
    this.#strings = strings as Column;
    this.#stack = {
      frame: column('stackTable', 'frame'),
      prefix: listAt(of('stackTable'), 'prefix'),
      prefixOffset: column('stackTable', 'prefixOffset'),
    };
    this.#frame = {
      func: column('frameTable', 'func'),
      line: column('frameTable', 'line'),
      address: column('frameTable', 'address'),
      inlineDepth: column('frameTable', 'inlineDepth'),
      nativeSymbol: column('frameTable', 'nativeSymbol'),
      lib: column('frameTable', 'lib'),
    };
    this.#frameFlags = listAt(of('frameTable'), 'flags');
    this.#func = {
      name: column('funcTable', 'name'),
      fileName: column('funcTable', 'fileName'),
      source: column('funcTable', 'source'),
      lineNumber: column('funcTable', 'lineNumber'),
      resource: column('funcTable', 'resource'),
    };
    this.#funcFlags = listAt(of('funcTable'), 'flags');
    this.#resourceLib = column('resourceTable', 'lib');
    this.#symbolLib = column('nativeSymbols', 'libIndex');
    this.#sourceNames = column('sources', 'filename');
    this.#libs = libs;
    this.#table = table;
    this.#skipped = skipped;
    this.#nodes = new Int32Array(this.#stack.frame.length).fill(-1);
  }

  #text(index: unknown): string | null {
    const at = indexOf(index, this.#strings.length);
    return at === null ? null : textOf(this.#strings[at]);
  }

  #callerOf(stack: number): number | null {
    const { prefix, prefixOffset } = this.#stack;
    const caller =
      prefix === null
        ? (numberOf(prefixOffset[stack]) ?? 0) === 0
          ? null
          : stack - (numberOf(prefixOffset[stack]) ?? 0)
        : numberOf(prefix[stack]);
    if (caller === null || caller < 0) return null;
    // A caller always stands before: anything else could be a circle.
    if (Number.isInteger(caller) && caller < stack) return caller;
    this.#skipped.add(`stack ${stack}: its caller ${caller} does not stand before it`);
    return null;
  }

  /** The node of a stack; null when it is not in the table. */
  node(stack: unknown): number | null {
    const start = indexOf(stack, this.#nodes.length);
    if (start === null) return null;
    const open: number[] = [];
    let at: number | null = start;
    while (at !== null && (this.#nodes[at] ?? 0) < 0) {
      open.push(at);
      at = this.#callerOf(at);
    }
    let node = at === null ? this.#table.root : (this.#nodes[at] ?? this.#table.root);
    for (let row = open.pop(); row !== undefined; row = open.pop()) {
      const frame = this.#frameOf(this.#stack.frame[row]);
      if (frame === null) this.#skipped.add(`stack ${row}: its frame is not in the table`);
      else node = this.#table.child(node, frame);
      this.#nodes[row] = node;
    }
    return node;
  }

  #frameOf(index: unknown): number | null {
    const row = indexOf(index, this.#frame.func.length);
    if (row === null) return null;
    let made = this.#frames.get(row);
    if (made === undefined) {
      made = this.#table.frame(this.#makeFrame(row));
      this.#frames.set(row, made);
    }
    return made;
  }

  #makeFrame(row: number): Parameters<StackTable['frame']>[0] {
    const flags = this.#frameFlags === null ? null : (numberOf(this.#frameFlags[row]) ?? 0);
    const has = (flag: number): boolean => flags === null || (flags & flag) !== 0;
    const f = indexOf(this.#frame.func[row], this.#func.name.length) ?? -1;
    const functionFlags = this.#funcFlags === null ? null : (numberOf(this.#funcFlags[f]) ?? 0);
    const functionHas = (flag: number): boolean => functionFlags === null || (functionFlags & flag) !== 0;
    const file = functionHas(functionFlag.source) ? this.#fileOf(f) : null;
    const object = this.#objectOf(row, f, has, functionHas);
    const address = has(frameFlag.address) ? numberOf(this.#frame.address[row]) : null;
    const definedAt = functionHas(functionFlag.line) ? lineOf(this.#func.lineNumber[f]) : null;
    return {
      name: this.#text(this.#func.name[f]) || '[unknown]',
      file,
      line: file !== null && has(frameFlag.line) ? lineOf(this.#frame.line[row]) : null,
      object,
      address: object !== null && address !== null && address >= 0 ? address : null,
      inlined: flags === null ? (numberOf(this.#frame.inlineDepth[row]) ?? 0) > 0 : has(frameFlag.inlined),
      ...(definedAt === null ? {} : { definedAt }),
    };
  }

  #fileOf(f: number): string | null {
    const source = indexOf(this.#func.source[f], this.#sourceNames.length);
    return sourceFile(this.#text(source === null ? this.#func.fileName[f] : this.#sourceNames[source]));
  }

  #objectOf(
    row: number,
    f: number,
    has: (flag: number) => boolean,
    functionHas: (flag: number) => boolean,
  ): string | null {
    const bySymbol = has(frameFlag.nativeSymbol)
      ? this.#symbolLib[indexOf(this.#frame.nativeSymbol[row], this.#symbolLib.length) ?? -1]
      : undefined;
    const byResource = functionHas(functionFlag.resource)
      ? this.#resourceLib[indexOf(this.#func.resource[f], this.#resourceLib.length) ?? -1]
      : undefined;
    const byFrame = has(frameFlag.address) ? this.#frame.lib[row] : undefined;
    for (const lib of [byFrame, bySymbol, byResource]) {
      const at = indexOf(lib, this.#libs.length);
      if (at !== null) return objectName(this.#libs[at]);
    }
    return null;
  }
}

const objectName = (lib: unknown): string | null =>
  textOf(field(lib, 'path')) || textOf(field(lib, 'name')) || textOf(field(lib, 'debugName')) || null;

/** How one kind of event of a thread is weighed. */
interface Weighing {
  readonly name: string;
  readonly unit: RawEvent['unit'];
  readonly of: (sample: number) => number;
}

function weighings(samples: unknown, cpuUnit: string | null): Weighing[] {
  const weight = listAt(samples, 'weight');
  const type = textOf(field(samples, 'weightType')) ?? 'samples';
  const of = (i: number): number => (weight === null ? 1 : (numberOf(weight[i]) ?? 0));
  const main: Weighing =
    type === 'tracing-ms'
      ? { name: 'time', unit: 'nanoseconds', of: (i) => of(i) * 1e6 }
      : type === 'bytes'
        ? { name: 'bytes', unit: 'bytes', of }
        : { name: 'samples', unit: 'samples', of };
  const cpu = listAt(samples, 'threadCPUDelta');
  if (cpu === null || !cpu.some((d) => (numberOf(d) ?? 0) > 0)) return [main];
  // In nanoseconds where it is a time; the first one has no sample before it that it could count from.
  const scale = cpuUnit === 'ns' ? 1 : cpuUnit === 'µs' || cpuUnit === 'us' ? 1000 : null;
  const delta = (i: number): number => (i === 0 ? 0 : (numberOf(cpu[i]) ?? 0) * (scale ?? 1));
  return [main, { name: 'cpu', unit: scale === null ? 'events' : 'nanoseconds', of: delta }];
}

interface Thread {
  readonly value: unknown;
  readonly name: string;
  readonly pid: number | null;
  readonly tid: number | null;
  readonly stacks: Column;
  readonly weighings: readonly Weighing[];
}

const idNumber = (value: unknown): number | null =>
  typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : numberOf(value);

function threadsOf(profile: unknown): Thread[] {
  const cpuUnit = textOf(field(field(field(profile, 'meta'), 'sampleUnits'), 'threadCPUDelta'));
  return (listAt(profile, 'threads') ?? []).map((value) => {
    const samples = field(value, 'samples');
    return {
      value,
      name: textOf(field(value, 'name')) || 'thread',
      pid: idNumber(field(value, 'pid')),
      tid: idNumber(field(value, 'tid')),
      stacks: listAt(samples, 'stack') ?? none,
      weighings: weighings(samples, cpuUnit),
    };
  });
}

/** A sample without a stack: null, and -1 since version 78. */
const isNoStack = (stack: unknown): boolean => stack === null || stack === -1;

/** Events over all threads. */
function eventsOf(threads: readonly Thread[]): RawEvent[] {
  const events: { -readonly [K in keyof RawEvent]: RawEvent[K] }[] = [];
  for (const thread of threads) {
    for (const { name, unit, of } of thread.weighings) {
      let event = events.find((e) => e.name === name);
      if (event === undefined) {
        event = { name, unit, samples: 0, weight: 0 };
        events.push(event);
      }
      for (let i = 0; i < thread.stacks.length; i++) {
        const weight = isNoStack(thread.stacks[i]) ? 0 : of(i);
        if (!(weight > 0)) continue;
        event.samples++;
        event.weight += weight;
      }
    }
  }
  return events;
}

async function read(input: AsyncIterable<Uint8Array>, options: ImportOptions): Promise<RawProfile> {
  const profile = await readJsonInput(input, what, options);
  const threads = threadsOf(profile);
  if (listAt(profile, 'threads') === null) throw unreadable('it has no threads');
  if (field(field(profile, 'meta'), 'preprocessedProfileVersion') === undefined) {
    throw new UserError(
      "This is Gecko's own profile, without symbols: open it on profiler.firefox.com, download it there and import that.",
    );
  }
  const events = eventsOf(threads);
  const chosen = chooseEvent(events, options.event, mostSamples);
  const event = events[chosen];
  if (event === undefined || !(event.weight > 0)) throw unreadable('it holds no samples with stacks');
  requireThread(options.thread, threads);
  const table = new StackTable();
  const skipped = new Skipped();
  const shared = field(profile, 'shared');
  const sharedHasStacks = field(shared, 'stackTable') !== undefined;
  const libs = listAt(profile, 'libs') ?? none;
  let common: Tables | null = null;
  let kept = 0;
  let counted = 0;
  const weights = threads.map((thread): RawThread => {
    const weighing = thread.weighings.find((w) => w.name === event.name);
    const own = isThread(options.thread, thread.name, thread.tid);
    let sum = 0;
    let tables: Tables | null = null;
    thread.stacks.forEach((stack, i) => {
      const weight = isNoStack(stack) ? 0 : (weighing?.of(i) ?? 0);
      if (!(weight > 0)) return;
      sum += weight;
      if (!own) return;
      if (tables === null) {
        const of = (name: string): unknown => field(thread.value, name) ?? field(shared, name);
        tables = common ?? new Tables(of, listAt(thread.value, 'libs') ?? libs, table, skipped);
        if (sharedHasStacks) common = tables;
      }
      const node = tables.node(stack);
      if (node === null) {
        skipped.add(`thread ${thread.name}, sample ${i}: its stack is not in the table`);
        return;
      }
      if (node === table.root) return;
      table.add(node, weight);
      kept += weight;
      counted++;
    });
    return { name: thread.name, pid: thread.pid, tid: thread.tid, weight: sum };
  });
  if (!(kept > 0)) throw unreadable('none of its samples has a stack that can be followed');
  return {
    format: 'firefox',
    event: { ...event, samples: counted, weight: kept },
    events,
    ...table.done(),
    threads: byWeight(weights.filter((t) => t.weight > 0)),
    stacks: true,
    skipped: skipped.result(),
    buildIds: buildIds(libs),
    notes:
      events.some((e) => e.name === 'cpu') && event.name === 'samples'
        ? ['Samples of waiting threads are counted too: take the event cpu for processor time alone.']
        : [],
  };
}

/** ELF build ids; on other systems `codeId` is another kind of number. */
function buildIds(libs: Column): Record<string, string> {
  const out: Record<string, string> = Object.create(null);
  for (const lib of libs) {
    const id = textOf(field(lib, 'codeId'));
    const object = objectName(lib);
    if (id !== null && object !== null && /^[0-9a-f]{16,}$/i.test(id)) out[object] = id.toLowerCase();
  }
  return out;
}

export const firefoxImporter: Importer = {
  format: 'firefox',
  title: 'Firefox profile',
  sniff(head) {
    const text = headText(head).trimStart();
    if (!text.startsWith('{')) return false;
    if (/"preprocessedProfileVersion"\s*:/.test(text)) return true;
    // Gecko's own, which gets a message that says what to do; or another order of the keys.
    return (
      /"(?:stackTable|frameTable|funcTable|stringArray|stringTable)"\s*:/.test(text) ||
      (/"meta"\s*:\s*\{/.test(text) &&
        /"(?:libs|threads|sampleUnits|categories|markerSchema)"\s*:/.test(text))
    );
  },
  read,
};
