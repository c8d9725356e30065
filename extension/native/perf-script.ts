/**
 * What `perf script` prints for our own choice of fields, read while it is printed:
 *
 *   COMM  PID/TID  SECONDS.MICROS:  PERIOD EVENT:
 *   <tab>  ADDRESS SYMBOL+0xOFFSET (OBJECT)          innermost first
 *   <blank line>
 *
 * and between them `PERF_RECORD_MMAP2 PID/TID: [0xSTART(0xLENGTH) @ 0xOFFSET ...]: r-xp OBJECT`. Perf 6.1 prints addresses
 * as offsets in the object's file, others as addresses of the process, for which the mappings are kept.
 */
import type { RawEvent, RawProfile, RawThread } from '../model-profile.ts';
import { StackTable } from '../profile/import/stack-table.ts';
import { linesOf } from './stream-process.ts';

/** `perf script`'s arguments for this reader. Inlined frames are ours to find: perf would ask for each by a process. */
export const scriptArguments: readonly string[] = [
  'script',
  '--no-inline',
  '--show-mmap-events',
  '--show-lost-events',
  '-F',
  'comm,pid,tid,time,period,event,ip,sym,symoff,dso',
];

export interface ScriptOptions {
  /** Event to take; null for the one with the most samples. */
  readonly event: string | null;
  /** Only samples of this thread (tid, or its `comm`); null for all. */
  readonly thread: string | null;
  /** Samples of a process while it is still called this are not the program's own (`env`, which starts it). */
  readonly launcher: string | null;
}

/** Frames hold offsets in their object's file as addresses; of callers that of the call's last byte. */
export type ScriptProfile = Pick<
  RawProfile,
  'event' | 'events' | 'frames' | 'nodes' | 'threads' | 'skipped' | 'notes'
>;

interface Mapping {
  readonly start: number;
  readonly end: number;
  readonly offset: number;
  readonly object: string;
}

interface EventData {
  readonly name: string;
  readonly stacks: StackTable;
  readonly threads: Map<string, RawThread & { weight: number }>;
  samples: number;
  weight: number;
  /** Weight of the samples whose stack does not begin where threads begin. */
  cut: number;
}

const headerPattern = /^\s*(.*?)\s+(-?\d+)\/(-?\d+)\s+\d+\.\d+:\s+(\d+)\s+(\S.*?):\s*$/;
const recordPattern = /^\s*(.*?)\s+(-?\d+)\/(-?\d+)\s+\d+\.\d+:\s+(PERF_RECORD_\w+)(.*)$/;
const mapPattern =
  /^ (-?\d+)\/-?\d+: \[0x([0-9a-f]+)\(0x([0-9a-f]+)\) @ (?:0x)?([0-9a-f]+)[^\]]*\]: (\S+) (.*)$/;
/** A symbol has its offset behind it or is unknown, so that blanks and brackets in names mislead nobody. */
const framePattern = /^\s+([0-9a-f]+) (?:(.*?)(?:\+0x[0-9a-f]+)|(\[unknown\]|.*?)) \((.*)\)$/;
/** Where stacks of threads begin. */
const beginnings =
  /^(_start|__libc_start_\w+|(__GI_)?_*clone3?|start_thread|main|_dl_start\w*|ret_from_fork\w*)$/;

/** Which of several calls a file's name ends with: a hostile one may hold line ends. */
type Unfinished = { kind: 'frame' | 'map'; text: string } | null;

export class ScriptReader {
  readonly #options: ScriptOptions;
  readonly #events = new Map<string, EventData>();
  readonly #maps = new Map<string, Mapping[]>();
  /** Whether addresses are offsets in files; null until the first address that tells. */
  #offsets: boolean | null = null;
  #sample: { comm: string; pid: string; tid: string; period: number; event: string } | null = null;
  readonly #stack: string[] = [];
  #unfinished: Unfinished = null;
  #skipped = 0;
  #firstSkipped = '';
  #lost = 0;

  constructor(options: ScriptOptions) {
    this.#options = options;
  }

  line(text: string): void {
    if (this.#unfinished !== null && this.#continued(this.#unfinished, text)) return;
    if (text === '') {
      this.#finish();
      return;
    }
    if (text.charCodeAt(0) === 9 && this.#sample !== null) {
      if (text.endsWith(')')) this.#stack.push(text);
      else this.#unfinished = { kind: 'frame', text };
      return;
    }
    const header = headerPattern.exec(text);
    if (header !== null) {
      this.#finish();
      const [, comm = '', pid = '', tid = '', period = '0', event = ''] = header;
      this.#sample = { comm, pid, tid, period: Number(period), event };
      return;
    }
    const record = recordPattern.exec(text);
    if (record === null) this.#skip(text);
    else this.#record(record[4] ?? '', record[5] ?? '', text);
  }

  /** A line that can be nothing else belongs to the name before it. */
  #continued(open: NonNullable<Unfinished>, text: string): boolean {
    this.#unfinished = null;
    const isNew = text === '' || (open.kind === 'map' && text.charCodeAt(0) === 9);
    if (isNew || headerPattern.test(text) || recordPattern.test(text)) {
      if (open.kind === 'frame') this.#skip(open.text);
      return false;
    }
    const whole = `${open.text}\n${text}`;
    if (open.kind === 'frame' && text.endsWith(')')) this.#stack.push(whole);
    else {
      this.#unfinished = { kind: open.kind, text: whole };
      if (open.kind === 'map') this.#map(whole, true);
    }
    return true;
  }

  #record(kind: string, rest: string, text: string): void {
    if (kind === 'PERF_RECORD_LOST' || kind === 'PERF_RECORD_LOST_SAMPLES') {
      this.#lost += Number(/lost (\d+)/.exec(rest)?.[1] ?? 0);
    } else if (kind === 'PERF_RECORD_MMAP' || kind === 'PERF_RECORD_MMAP2') {
      if (this.#map(rest, false)) this.#unfinished = { kind: 'map', text: rest };
      else this.#skip(text);
    }
  }

  #map(text: string, again: boolean): boolean {
    const m = mapPattern.exec(text.replaceAll('\n', '\u0001'));
    if (m === null) return false;
    const [, pid = '', start = '0', length = '0', offset = '0', , name = ''] = m;
    const from = Number.parseInt(start, 16);
    let maps = this.#maps.get(pid);
    if (maps === undefined) {
      maps = [];
      this.#maps.set(pid, maps);
    }
    if (again) maps.pop();
    maps.push({
      start: from,
      end: from + Number.parseInt(length, 16),
      offset: Number.parseInt(offset, 16),
      object: name.replaceAll('\u0001', '\n'),
    });
    return true;
  }

  #skip(text: string): void {
    this.#skipped++;
    if (this.#firstSkipped === '') this.#firstSkipped = text.slice(0, 200);
  }

  #eventNamed(name: string): EventData {
    let event = this.#events.get(name);
    if (event === undefined) {
      event = { name, stacks: new StackTable(), threads: new Map(), samples: 0, weight: 0, cut: 0 };
      this.#events.set(name, event);
    }
    return event;
  }

  #finish(): void {
    const sample = this.#sample;
    this.#sample = null;
    const stack = this.#stack;
    if (sample === null) return;
    const { comm, pid, tid, period } = sample;
    const { thread, launcher } = this.#options;
    const wanted = thread === null || thread === tid || thread === comm;
    if (!wanted || comm === 'perf-exec' || (launcher !== null && comm === launcher)) {
      stack.length = 0;
      return;
    }
    const event = this.#eventNamed(sample.event);
    const { stacks } = event;
    let node = stacks.root;
    let outermost = '';
    for (let i = stack.length - 1; i >= 0; i--) {
      // What was interrupted by the kernel stands where it stopped, like the innermost frame.
      const exact = i === 0 || /\(\[(guest\.)?kernel/.test(stack[i - 1] ?? '');
      const frame = this.#frame(stacks, stack[i] ?? '', pid, exact);
      if (frame === null) continue;
      if (outermost === '') outermost = stack[i] ?? '';
      node = stacks.child(node, frame);
    }
    if (node === stacks.root) {
      const nothing = {
        name: '[unknown]',
        file: null,
        line: null,
        object: null,
        address: null,
        inlined: false,
      };
      node = stacks.child(node, stacks.frame(nothing));
    }
    stacks.add(node, period);
    event.samples++;
    event.weight += period;
    const name = framePattern.exec(outermost)?.[2] ?? '';
    if (stack.length > 0 && !beginnings.test(name) && !/\(\[(guest\.)?kernel/.test(outermost))
      event.cut += period;
    stack.length = 0;
    const key = `${pid}/${tid}`;
    const known = event.threads.get(key);
    if (known === undefined) {
      event.threads.set(key, { name: comm, pid: Number(pid), tid: Number(tid), weight: period });
    } else {
      event.threads.set(key, { ...known, name: comm, weight: known.weight + period });
    }
  }

  #frame(stacks: StackTable, text: string, pid: string, exact: boolean): number | null {
    // In files, a frame's text says all there is to know of it; in processes, the process decides too.
    const key = `${exact ? '' : 'c'}${this.#offsets === true ? '' : pid}${text}`;
    let good = true;
    const index = stacks.frameOf(key, () => {
      const m = framePattern.exec(text.replaceAll('\n', '\u0001'));
      if (m === null) {
        good = false;
        return { name: '[unknown]', file: null, line: null, object: null, address: null, inlined: false };
      }
      const named = m[2] ?? m[3] ?? '[unknown]';
      const object = (m[4] ?? '').replaceAll('\u0001', '\n');
      const address = this.#offsetOf(Number.parseInt(m[1] ?? '0', 16), pid, object);
      return {
        name: named === '' ? '[unknown]' : named,
        file: null,
        line: null,
        object: object === '' || object === '[unknown]' ? null : object,
        address: address === null || exact ? address : Math.max(0, address - 1),
        inlined: false,
      };
    });
    if (!good) this.#skip(text);
    return index;
  }

  /** Place in the object's file, null for what has none. */
  #offsetOf(printed: number, pid: string, object: string): number | null {
    if (!object.startsWith('/')) return null;
    const map = this.#maps
      .get(pid)
      ?.findLast((m) => printed >= m.start && printed < m.end && m.object === object);
    // Shared objects lie far above anything that could be an offset: they show which of the two perf prints.
    if (this.#offsets === null) {
      const lowest = Math.min(
        ...(this.#maps.get(pid) ?? []).filter((m) => m.object === object).map((m) => m.start),
      );
      if (lowest >= 2 ** 32 && Number.isFinite(lowest)) this.#offsets = map === undefined;
    }
    if (this.#offsets === true) return printed;
    return map === undefined ? printed : printed - map.start + map.offset;
  }

  /** Everything read, null when there was not a single sample. */
  done(): ScriptProfile | null {
    this.#finish();
    const events = [...this.#events.values()].sort((a, b) => b.samples - a.samples);
    const { event: wanted } = this.#options;
    const chosen = wanted === null ? events[0] : events.find((e) => e.name === wanted);
    if (chosen === undefined) return null;
    const asEvent = ({ name, samples, weight }: EventData): RawEvent => ({
      name,
      unit: 'samples',
      samples,
      weight,
    });
    const notes: string[] = [];
    if (this.#lost > 0) {
      notes.push(`perf lost ${this.#lost} samples while recording: record with a lower frequency.`);
    }
    const cut = (100 * chosen.cut) / Math.max(1, chosen.weight);
    if (cut > 20) {
      notes.push(
        `${cut.toFixed(0)} % of the stacks do not reach the start of their thread, so totals and callers are too low: build with -fno-omit-frame-pointer, or record with --call-graph dwarf.`,
      );
    }
    return {
      event: asEvent(chosen),
      events: events.map(asEvent),
      ...chosen.stacks.done(),
      threads: [...chosen.threads.values()].sort((a, b) => b.weight - a.weight),
      skipped: this.#skipped === 0 ? null : { count: this.#skipped, first: this.#firstSkipped },
      notes,
    };
  }

  /** Names of the events seen so far. */
  get eventNames(): readonly string[] {
    return [...this.#events.keys()];
  }
}

/** Reads the whole text; `onBytes` is told how much there was so far. */
export async function readScript(
  input: AsyncIterable<Uint8Array>,
  options: ScriptOptions,
  onBytes: ((bytes: number) => void) | undefined,
): Promise<{ readonly profile: ScriptProfile | null; readonly events: readonly string[] }> {
  const reader = new ScriptReader(options);
  let bytes = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of input) {
      bytes += chunk.length;
      yield chunk;
      onBytes?.(bytes);
    }
  }
  for await (const lines of linesOf(counted())) for (const line of lines) reader.line(line);
  return { profile: reader.done(), events: reader.eventNames };
}
