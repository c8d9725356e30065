/** Reads a recording of any known format: what it is, its content says. */
import { type Profile, UserError } from '../../model.ts';
import type { ProfileFormat, RawProfile } from '../../model-profile.ts';
import { type BuildOptions, buildProfile } from './build-profile.ts';
import { gunzip, isGzip } from './gunzip.ts';
import { importers } from './importers.ts';
import { headBytes } from './text-lines.ts';
import type { Importer, ImportOptions } from './types.ts';

const perfMagics = ['PERFILE2', '2ELIFREP', 'PERFFILE'];

/** perf.data, which only perf can read: callers that can start programs hand it to `perf script` first. */
export function isPerfData(head: Uint8Array): boolean {
  const magic = String.fromCharCode(...head.subarray(0, 8));
  return perfMagics.includes(magic);
}

interface Opened {
  readonly head: Uint8Array;
  /** All bytes, the head's included. */
  readonly all: AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** Reads the first bytes and keeps them for whoever reads the rest. */
async function open(input: AsyncIterable<Uint8Array>): Promise<Opened> {
  const chunks = input[Symbol.asyncIterator]();
  const kept: Uint8Array[] = [];
  let size = 0;
  while (size < headBytes) {
    const next = await chunks.next();
    if (next.done === true) break;
    if (next.value.length === 0) continue;
    kept.push(next.value);
    size += next.value.length;
  }
  const head = new Uint8Array(Math.min(size, headBytes));
  let at = 0;
  for (const chunk of kept) {
    const part = chunk.subarray(0, head.length - at);
    head.set(part, at);
    at += part.length;
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      yield* kept.splice(0);
      for (;;) {
        const next = await chunks.next();
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await chunks.return?.();
    }
  }
  return {
    head,
    all: all(),
    close: async () => {
      await chunks.return?.();
    },
  };
}

/** Counts bytes for the progress and stops on the signal. */
async function* watched(
  input: AsyncIterable<Uint8Array>,
  { signal, onProgress }: ImportOptions,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of input) {
    signal?.throwIfAborted();
    bytes += chunk.length;
    onProgress?.(bytes);
    yield chunk;
  }
  signal?.throwIfAborted();
}

const listed = (formats: readonly Importer[]): string => formats.map((f) => f.title).join(', ');

/** The importer for a file that begins with `head` (unpacked). The name decides only between several that would do. */
function importerOf(head: Uint8Array, name: string, all: readonly Importer[]): Importer {
  const able = all.filter((i) => i.sniff(head, ''));
  const named = able.length > 1 && name !== '' ? able.filter((i) => i.sniff(head, name)) : able;
  const left = named.length > 0 ? named : able;
  const [first, second] = left;
  if (first === undefined) {
    throw new UserError(`Not a recording that is known here. Known are perf.data, ${listed(all)}.`);
  }
  if (second !== undefined) {
    throw new UserError(
      `Could be ${left.map((f) => f.title).join(' or ')}: its first lines fit each of them.`,
    );
  }
  return first;
}

/**
 * The format of a recording by its first bytes, gzip taken off; null when it is none that is known, or several.
 *
 * @param head the first bytes, unpacked
 */
export function detectFormat(
  head: Uint8Array,
  name: string,
  all: readonly Importer[] = importers,
): ProfileFormat | null {
  if (isPerfData(head)) return 'perf.data';
  try {
    return importerOf(head, name, all).format;
  } catch {
    return null;
  }
}

/** Opens a recording, finds who can read it, and puts every failure into one line that begins with the file's name. */
async function readBy<Result>(
  input: AsyncIterable<Uint8Array>,
  name: string,
  options: ImportOptions,
  all: readonly Importer[],
  read: (importer: Importer, input: AsyncIterable<Uint8Array>, options: ImportOptions) => Promise<Result>,
): Promise<Result> {
  const base = name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1);
  const say = (message: string, exitCode: 2 | 3 = 2): UserError =>
    new UserError(`${base === '' ? 'The recording' : base}: ${message}`, exitCode);
  const opened: Opened[] = [];
  let title = 'a recording';
  try {
    let file = await open(watched(input, options));
    opened.push(file);
    if (isGzip(file.head)) {
      file = await open(gunzip(file.all));
      opened.push(file);
    }
    if (file.head.length === 0) throw new UserError('The file is empty.');
    if (isPerfData(file.head)) {
      throw new UserError(
        'A perf.data file, which only perf can read. Turn it into text with `perf script -i FILE` where it was recorded.',
      );
    }
    const importer = importerOf(file.head, base.replace(/\.gz$/i, ''), all);
    title = importer.title;
    return await read(importer, file.all, { ...options, onProgress: undefined });
  } catch (error) {
    if (options.signal?.aborted === true) throw options.signal.reason;
    if (error instanceof UserError) throw say(error.message, error.exitCode);
    const why = error instanceof Error ? error.message : String(error);
    // Errors of the file system name themselves (ENOENT, EACCES, EISDIR).
    if (error instanceof Error && 'code' in error) throw say(`Cannot be read: ${why}.`);
    throw say(`Cannot be read as ${title}: ${why}. Is it complete?`);
  } finally {
    for (const file of opened.reverse()) await file.close().catch(() => {});
  }
}

/**
 * Reads a recording of any format but perf.data, packed by gzip or not. Memory follows what the result holds, not the
 * file's size. The result is the same whatever the name is, unless two formats fit the content.
 *
 * @param name of the file, '' when unknown; without folders it begins every message
 * @throws UserError with one line; AbortError on the signal
 */
export function importRecording(
  input: AsyncIterable<Uint8Array>,
  name: string,
  options: ImportOptions,
  all: readonly Importer[] = importers,
): Promise<RawProfile> {
  return readBy(input, name, options, all, (importer, file, own) => importer.read(file, own));
}

/**
 * The same as a profile. One of our own is as it was written (target, time, instructions); `build` is for the others.
 *
 * @throws as `importRecording`
 */
export function importProfile(
  input: AsyncIterable<Uint8Array>,
  name: string,
  options: ImportOptions,
  build: BuildOptions,
  all: readonly Importer[] = importers,
): Promise<Profile> {
  return readBy(input, name, options, all, async (importer, file, own) =>
    importer.readProfile === undefined
      ? buildProfile(await importer.read(file, own), build)
      : importer.readProfile(file, build.recordedAt, own),
  );
}
