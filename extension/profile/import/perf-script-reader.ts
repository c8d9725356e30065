/**
 * `perf script` text, byte by byte: every different line is decoded once, at the end. A line that follows another one is
 * first held against the line that followed it the last time, which it mostly is.
 */
import { UserError } from '../../model.ts';
import { ByteTable } from './byte-table.ts';
import { unknownName } from './perf-script-frame.ts';
import { HeaderLine, isHexRun } from './perf-script-header.ts';
import { StackTree } from './stack-tree.ts';

const tab = 9;
const newline = 10;
const carriageReturn = 13;
const space = 32;
const hash = 35;
const bar = 124;

/** More than any line of perf; longer ones are skipped, so that a file without line breaks fills no memory. */
const longestLine = 1 << 20;
const mostEvents = 256;
/** Innermost frames of a sample that are kept. */
const deepest = 1 << 16;
/** For a sample's threads by event: `event * threadFactor + thread`. */
const threadFactor = 2 ** 32;

export interface ScriptThread {
  readonly name: string;
  readonly pid: number | null;
  readonly tid: number | null;
}

export interface ScriptEvent {
  readonly name: string;
  /** Its node in the tree; the stacks lie below it, outermost frame first. */
  readonly node: number;
  samples: number;
  weight: number;
}

type State =
  /** No sample is open. */
  | 'between'
  | 'sample'
  /** What follows belongs to a line that was not understood, or to a record. */
  | 'ignoring';

const empty = new Uint8Array(0);
const encoder = new TextEncoder();

export class PerfScriptReader {
  /** Different frames with the source line below them. */
  readonly lines = new ByteTable();
  /** Node 0, below it one node an event, below each the stacks by line. */
  readonly tree = new StackTree();
  readonly events: ScriptEvent[] = [];
  /** The first one stands for samples without a thread. */
  readonly threads: ScriptThread[] = [{ name: '', pid: null, tid: null }];
  readonly #wanted: boolean[] = [];
  readonly #threads = new ByteTable();
  readonly #events = new ByteTable();
  readonly #header = new HeaderLine();
  /** By line + 1: the line that followed it the last time, plus 1; at 0, the one that began a stack. */
  #follower = new Int32Array(1024);
  readonly #noFrame: number;
  readonly #threadWeights = new Map<number, number>();
  #rest = empty;
  #tooLong = false;

  #state: State = 'between';
  #stack = new Int32Array(256);
  #depth = 0;
  /** The sample's frame stands on its header line. */
  #inline = false;
  #thread = 0;
  #event = 0;
  #weight = 1;
  /** A header that is one only with frames; null for others. */
  #weak: Uint8Array | null = null;

  readonly #only: string | null;
  #samples = 0;
  #skipped = 0;
  #firstSkipped = '';
  #lost = 0;
  #deep = 0;

  /** @param thread only its samples are kept: a number, or a name; null for all */
  constructor(thread: string | null) {
    this.#only = thread;
    this.#wanted.push(thread === null);
    this.#noFrame = this.lines.intern(encoder.encode(`${unknownName}\n`), 0, unknownName.length + 1);
  }

  /** Samples read, those of other threads included. */
  get samples(): number {
    return this.#samples;
  }

  /** Lines that were not understood. */
  get skipped(): { readonly count: number; readonly first: string } | null {
    return this.#skipped === 0 ? null : { count: this.#skipped, first: this.#firstSkipped };
  }

  /** Samples that the kernel could not write, as the recording says. */
  get lost(): number {
    return this.#lost;
  }

  /** Frames beyond the deepest that is kept. */
  get cut(): number {
    return this.#deep;
  }

  /** Weight of the threads in the samples of an event, by index in `threads`. */
  threadWeights(event: number): Map<number, number> {
    const out = new Map<number, number>();
    for (const [key, weight] of this.#threadWeights) {
      if (Math.floor(key / threadFactor) === event) out.set(key % threadFactor, weight);
    }
    return out;
  }

  feed(chunk: Uint8Array): void {
    let bytes = chunk;
    if (this.#tooLong) {
      const end = chunk.indexOf(newline);
      if (end < 0) return;
      this.#tooLong = false;
      bytes = chunk.subarray(end + 1);
    }
    if (this.#rest.length > 0) {
      const joined = new Uint8Array(this.#rest.length + bytes.length);
      joined.set(this.#rest);
      joined.set(bytes, this.#rest.length);
      bytes = joined;
    }
    const used = this.#read(bytes, false);
    this.#rest = bytes.slice(used);
    if (this.#rest.length > longestLine) {
      this.#skip(this.#rest, 0, 200);
      this.#close();
      this.#state = 'ignoring';
      this.#tooLong = this.#rest.lastIndexOf(newline) < 0;
      this.#rest = this.#tooLong ? empty : this.#rest.slice(this.#rest.lastIndexOf(newline) + 1);
    }
  }

  /** Call once after the last chunk. */
  end(): void {
    if (this.#rest.length > 0) {
      const whole = this.#rest.at(-1) === newline;
      const bytes = new Uint8Array(this.#rest.length + 1);
      bytes.set(this.#rest);
      bytes[this.#rest.length] = newline;
      const text = whole ? bytes.subarray(0, -1) : bytes;
      // A last line without its end is whole when it ends as a frame does.
      if (whole || this.#rest.at(-1) === 41) this.#read(text, true);
      else {
        const last = this.#rest.lastIndexOf(newline) + 1;
        this.#read(text.subarray(0, last), true);
        this.#skip(text, last, text.length - 1);
        this.#depth = 0;
        this.#state = 'between';
      }
    }
    this.#close();
  }

  /** Reads whole lines; returns how many bytes it used. A frame waits for the line after it, unless the file ends. */
  #read(bytes: Uint8Array, final: boolean): number {
    const end = bytes.length;
    let at = 0;
    while (at < end) {
      const c = bytes[at];
      if (c === tab && this.#state !== 'ignoring') {
        const next = this.#frameLine(bytes, at + 1, final);
        if (next < 0) return at;
        at = next;
        continue;
      }
      const lineEnd = bytes.indexOf(newline, at);
      if (lineEnd < 0) return at;
      if (c === tab) {
        at = lineEnd + 1;
      } else if (lineEnd === at || (c === carriageReturn && lineEnd === at + 1)) {
        this.#close();
        at = lineEnd + 1;
      } else if (c === bar || (c === hash && (bytes[at + 1] as number) <= space)) {
        // Source code below a frame, or a comment.
        at = lineEnd + 1;
      } else if (
        c === space &&
        this.#state === 'sample' &&
        !this.#inline &&
        this.#isFrame(bytes, at, lineEnd)
      ) {
        const next = this.#frameLine(bytes, at + 1, final);
        if (next < 0) return at;
        at = next;
      } else {
        const next = this.#headerLine(bytes, at, lineEnd, final);
        if (next < 0) return at;
        at = next;
      }
    }
    return at;
  }

  /** A frame whose tab has become blanks: an address, and no thread's number after it. */
  #isFrame(bytes: Uint8Array, start: number, end: number): boolean {
    let from = start;
    while (bytes[from] === space) from++;
    let to = from;
    while (to < end && (bytes[to] as number) > space) to++;
    if (from - start < 4 || !isHexRun(bytes, from, to)) return false;
    const next = bytes[to + 1] as number;
    return !(to < end && (next === 91 || (next >= 48 && next <= 57))) || bytes[end - 1] === 41;
  }

  #frameLine(bytes: Uint8Array, start: number, final: boolean): number {
    if (this.#state === 'between') this.#open(0, this.#eventOf(empty, 0, 0), 1);
    else if (this.#inline) {
      // A chain follows: it begins with the frame that the header shows, or the header showed something else.
      this.#inline = false;
      this.#depth = 0;
    }
    return this.#line(bytes, start, final);
  }

  /** Reads a frame and the source line below it onto the stack; -1 when their end is not there yet. */
  #line(bytes: Uint8Array, start: number, final: boolean): number {
    let from = start;
    while (bytes[from] === space || bytes[from] === tab) from++;
    const depth = this.#depth;
    const before = depth === 0 ? 0 : (this.#stack[depth - 1] as number) + 1;
    const guess = (this.#follower[before] as number) - 1;
    let entry = -1;
    let next = 0;
    if (guess >= 0 && this.lines.standsAt(guess, bytes, from)) {
      entry = guess;
      next = from + this.lines.lengthOf(guess);
    } else {
      const lineEnd = bytes.indexOf(newline, from);
      if (lineEnd < 0) return -1;
      next = lineEnd + 1;
    }
    if (next + 2 >= bytes.length && !final) return -1;
    if (bytes[next] === space && bytes[next + 1] === space && bytes[next + 2] !== space) {
      const lineEnd = bytes.indexOf(newline, next);
      if (lineEnd < 0 && !final) return -1;
      if (lineEnd > 0 && isSourceLine(bytes, next, lineEnd)) {
        next = lineEnd + 1;
        entry = -1;
      }
    }
    if (entry < 0) {
      entry = this.lines.intern(bytes, from, next);
      this.#follow(before, entry);
    }
    if (depth === this.#stack.length) {
      if (depth === deepest) {
        this.#deep++;
        return next;
      }
      const stack = new Int32Array(depth * 2);
      stack.set(this.#stack);
      this.#stack = stack;
    }
    this.#stack[depth] = entry;
    this.#depth = depth + 1;
    return next;
  }

  #follow(before: number, entry: number): void {
    if (entry + 1 >= this.#follower.length) {
      const follower = new Int32Array(this.#follower.length * 2);
      follower.set(this.#follower);
      this.#follower = follower;
    }
    this.#follower[before] = entry + 1;
  }

  #headerLine(bytes: Uint8Array, start: number, lineEnd: number, final: boolean): number {
    const header = this.#header;
    const end = bytes[lineEnd - 1] === carriageReturn ? lineEnd - 1 : lineEnd;
    if (!header.read(bytes, start, end) || header.period > Number.MAX_SAFE_INTEGER) {
      this.#close();
      this.#skip(bytes, start, end);
      this.#state = 'ignoring';
      return lineEnd + 1;
    }
    if (header.record) {
      this.#close();
      this.#state = 'ignoring';
      this.#record(bytes, start, end);
      return lineEnd + 1;
    }
    let to = header.rest;
    while (to < end && (bytes[to] as number) > space) to++;
    const framed = to > header.rest && isHexRun(bytes, header.rest, to);
    if (framed && !final && lineEnd + 3 >= bytes.length) return -1;
    this.#close();
    const event = this.#eventOf(bytes, header.eventStart, header.eventEnd);
    this.#open(this.#threadOf(bytes), event, header.period < 0 ? 1 : header.period);
    if (!framed) {
      if (header.weak) this.#weak = bytes.slice(start, Math.min(end, start + 200));
      return lineEnd + 1;
    }
    this.#inline = true;
    const next = this.#line(bytes, header.rest, final);
    // Its source line is not there yet: the whole line is read again.
    if (next < 0) this.#state = 'between';
    return next;
  }

  /** `PERF_RECORD_LOST lost 12`: what the kernel could not write. */
  #record(bytes: Uint8Array, start: number, end: number): void {
    const text = new TextDecoder().decode(bytes.subarray(start, end));
    const lost = /PERF_RECORD_LOST(?:_SAMPLES)?:?\s+(?:lost )?(\d{1,15})/.exec(text);
    if (lost !== null) this.#lost += Number(lost[1]);
  }

  #eventOf(bytes: Uint8Array, start: number, end: number): number {
    const known = this.#events.intern(bytes, start, end);
    if (known === this.events.length) {
      if (known === mostEvents) {
        throw new UserError(`More than ${mostEvents} different events: this was not written by perf.`);
      }
      this.events.push({
        name: this.#events.text(known),
        node: this.tree.child(0, known),
        samples: 0,
        weight: 0,
      });
    }
    return known;
  }

  /** Of the header that was read last. */
  #threadOf(bytes: Uint8Array): number {
    const { threadStart, threadEnd, numbered } = this.#header;
    if (threadEnd <= threadStart) return 0;
    const known = this.#threads.intern(bytes, threadStart, threadEnd) + 1;
    if (known === this.threads.length) {
      const text = this.#threads.text(known - 1);
      const m = numbered ? /^(.*?)\s*(-?\d+)(?:\/(-?\d+))?$/s.exec(text) : null;
      const name = m?.[1] ?? text;
      const pid = m?.[3] === undefined ? null : Number(m[2]);
      const tid = m === null ? null : Number(m[3] ?? m[2]);
      this.threads.push({ name, pid, tid });
      this.#wanted.push(this.#only === null || this.#only === name || this.#only === String(tid));
    }
    return known;
  }

  #open(thread: number, event: number, weight: number): void {
    this.#state = 'sample';
    this.#inline = false;
    this.#depth = 0;
    this.#thread = thread;
    this.#event = event;
    this.#weight = weight;
    this.#weak = null;
  }

  /** Ends the open sample. */
  #close(): void {
    const was = this.#state;
    this.#state = 'between';
    if (was !== 'sample') return;
    if (this.#weak !== null && this.#depth === 0) {
      this.#skip(this.#weak, 0, this.#weak.length);
      return;
    }
    this.#samples++;
    const event = this.events[this.#event];
    if (event === undefined || this.#wanted[this.#thread] !== true) return;
    const weight = this.#weight;
    const { tree } = this;
    let node = event.node;
    if (this.#depth === 0) node = tree.child(node, this.#noFrame);
    for (let i = this.#depth - 1; i >= 0; i--) node = tree.child(node, this.#stack[i] as number);
    tree.add(node, weight);
    event.samples++;
    event.weight += weight;
    const key = this.#event * threadFactor + this.#thread;
    this.#threadWeights.set(key, (this.#threadWeights.get(key) ?? 0) + weight);
  }

  #skip(bytes: Uint8Array, start: number, end: number): void {
    if (this.#skipped++ > 0) return;
    const text = new TextDecoder().decode(bytes.subarray(start, Math.min(end, start + 200)));
    this.#firstSkipped = text.replace(/\p{Cc}+/gu, ' ').trim();
  }
}

/**
 * Whether the line (after two blanks) ends as a source line does: `:12`, `+345`, `:12 (inlined)`, `:12 (discriminator 3)`, and
 * for what has neither line nor symbol `[kernel.kallsyms][ffffffff813620e2]`.
 */
function isSourceLine(bytes: Uint8Array, start: number, lineEnd: number): boolean {
  let end = lineEnd;
  while (end > start && (bytes[end - 1] as number) <= space) end--;
  if (bytes[end - 1] === 41) {
    while (end > start && bytes[end - 1] !== 40) end--;
    end -= 2;
  }
  if ((bytes[start + 2] as number) <= space) return false;
  if (bytes[end - 1] === 93) return bytes.subarray(start, end).indexOf(91) >= 0;
  let at = end;
  while (at > start && (bytes[at - 1] as number) >= 48 && (bytes[at - 1] as number) <= 57) at--;
  const mark = bytes[at - 1];
  return at < end && (mark === 58 || mark === 43);
}
