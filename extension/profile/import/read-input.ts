/** What several readers share: text by lines, JSON of bounded size, columns that may hold anything, a thread's name. */
import type { RawEvent, RawThread } from '../../model-profile.ts';
import { UserError } from '../../model.ts';
import type { ImportOptions } from './types.ts';

type Input = AsyncIterable<Uint8Array>;

/**
 * JSON and pprof have to be in memory as a whole, where short lists of small numbers take fourteen times their text: a
 * speedscope file of 262 MB took 3.7 GB.
 */
export const mostWholeBytes = 128 * 1024 * 1024;
/** Longer than any line that a tool writes; what has none is not text by lines. */
const longestLine = 16 * 1024 * 1024;

/** Chunks, counted and stopped by the signal. */
async function* counted(input: Input, options: ImportOptions): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of input) {
    options.signal?.throwIfAborted();
    yield chunk;
    bytes += chunk.byteLength;
    options.onProgress?.(bytes);
  }
  options.signal?.throwIfAborted();
}

/** Lines without their ends, some thousand at a time. `what` names the format in the message. */
export async function* lineBatches(
  input: Input,
  what: string,
  options: ImportOptions,
): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of counted(input, options)) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > longestLine) throw new UserError(`This is not ${what}: it has a line without end.`);
    if (lines.length > 0) yield lines.map((l) => (l.endsWith('\r') ? l.slice(0, -1) : l));
  }
  rest += decoder.decode();
  if (rest !== '') yield [rest.endsWith('\r') ? rest.slice(0, -1) : rest];
}

/** All bytes in one piece. */
export async function readBytes(
  input: Input,
  what: string,
  options: ImportOptions,
  most = mostWholeBytes,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of counted(input, options)) {
    length += chunk.byteLength;
    if (length > most) {
      throw new UserError(
        `This ${what} is larger than ${Math.round(most / 1024 / 1024)} MiB, which is not read. Record for a shorter time, or less often.`,
      );
    }
    chunks.push(chunk);
  }
  if (length === 0) throw new UserError(`This ${what} is empty.`);
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.byteLength;
  }
  return all;
}

/** Whether a text is no JSON only because its end is missing, by its last character or by the engine's words. */
function endsEarly(text: string, message: string): boolean {
  if (!/[}\]]\s*$/.test(text.slice(-100)) || /end of JSON|Unterminated|end of data/i.test(message))
    return true;
  const at = /position (\d+)/.exec(message);
  return at !== null && Number(at[1]) >= text.trimEnd().length;
}

/** The whole value; a file that ends early gets a message of its own. */
export async function readJsonInput(
  input: Input,
  what: string,
  options: ImportOptions,
  most = mostWholeBytes,
): Promise<unknown> {
  const bytes = await readBytes(input, what, options, most);
  const text = new TextDecoder().decode(bytes).replace(/^\uFEFF/, '');
  if (text.trim() === '') throw new UserError(`This ${what} is empty.`);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const early = endsEarly(text, error instanceof Error ? error.message : '');
    throw new UserError(
      early
        ? `This ${what} ends too early: it was cut off, or is still being written. Record or download it again.`
        : `This ${what} is damaged: it is not valid JSON. Record or download it again.`,
    );
  }
}

/** The first bytes as text, for `sniff`. */
export function headText(head: Uint8Array): string {
  return new TextDecoder().decode(head).replace(/^\uFEFF/, '');
}

// ---------------------------------------------------------------------------------------------- untrusted values

/** Own property of an object, undefined for everything else. */
export function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (Reflect.get(value, name) as unknown)
    : undefined;
}

export function listAt(value: unknown, name: string): readonly unknown[] | null {
  const found = field(value, name);
  return Array.isArray(found) ? (found as readonly unknown[]) : null;
}

export function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** A finite number. */
export function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** A line number: whole and at least 1. */
export function lineOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 ? value : null;
}

/** A safe index into a list of that length. */
export function indexOf(value: unknown, length: number): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < length ? value : null;
}

/** A file's path: `file://` taken off, '' and addresses of no file are none. */
export function fileOf(value: unknown): string | null {
  if (typeof value !== 'string' || value === '') return null;
  if (!value.startsWith('file://'))
    return /^(node|evalmachine|native|wasm|chrome|extensions?):/.test(value) ? null : value;
  const path = value.slice('file://'.length).replace(/^\/(?=[A-Za-z]:)/, '');
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Counts what could not be read and keeps the first of it. */
export class Skipped {
  #count = 0;
  #first = '';

  add(what: string): void {
    if (this.#count === 0) this.#first = what.length > 200 ? `${what.slice(0, 199)}…` : what;
    this.#count++;
  }

  result(): { readonly count: number; readonly first: string } | null {
    return this.#count === 0 ? null : { count: this.#count, first: this.#first };
  }
}

// ---------------------------------------------------------------------------------------------- choices

const quotedList = (names: readonly string[]): string => names.slice(0, 12).join(', ');

/** Index of the event that was asked for by name, else of the one that `byDefault` says. */
export function chooseEvent(
  events: readonly RawEvent[],
  asked: string | null,
  byDefault: (events: readonly RawEvent[]) => number,
): number {
  if (asked === null) return byDefault(events);
  const at = events.findIndex((e) => e.name === asked);
  if (at < 0) {
    throw new UserError(
      `The recording has no event '${asked.slice(0, 60)}'. It has: ${quotedList(events.map((e) => e.name))}.`,
    );
  }
  return at;
}

/** The event with the most samples, the first of equals. */
export function mostSamples(events: readonly RawEvent[]): number {
  return events.reduce((best, e, i) => (e.samples > (events[best]?.samples ?? 0) ? i : best), 0);
}

/** Whether a thread is the one asked for: by tid, or by name. */
export function isThread(asked: string | null, name: string, tid: number | null): boolean {
  return asked === null || name === asked || (tid !== null && String(tid) === asked);
}

/** Refuses a thread that is not there; `threads` are all of the recording. */
export function requireThread(
  asked: string | null,
  threads: readonly Pick<RawThread, 'name' | 'tid'>[],
): void {
  if (asked === null || threads.some((t) => isThread(asked, t.name, t.tid))) return;
  const names = [...new Set(threads.map((t) => (t.tid === null ? t.name : `${t.name} (${t.tid})`)))];
  throw new UserError(
    names.length === 0
      ? 'The recording does not tell threads apart: leave out the thread.'
      : `The recording has no thread '${asked.slice(0, 60)}'. It has: ${quotedList(names)}.`,
  );
}

/** Heaviest first. */
export function byWeight(threads: readonly RawThread[]): RawThread[] {
  return [...threads].sort((a, b) => b.weight - a.weight || (a.name < b.name ? -1 : 1));
}
