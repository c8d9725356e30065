/** A `perf.data` file as a recording with source lines and inlined functions: `perf script`, then the objects themselves. */
import type { RawProfile } from '../model-profile.ts';
import { UserError } from '../model.ts';
import { addressOfOffset, type ObjectFile, readObject } from './object-file.ts';
import { readScript, type ScriptProfile, scriptArguments } from './perf-script.ts';
import { abortError } from './process.ts';
import { type SourceOptions, withSources } from './sources.ts';
import { linesOf, streamProcess } from './stream-process.ts';
import { offline } from './symbolize.ts';

export interface PerfDataOptions extends SourceOptions {
  /** Event to take where a recording has several; null for the one with the most samples. */
  readonly event: string | null;
  /** Only samples of this thread (tid, or its `comm`); null for all. */
  readonly thread: string | null;
  /** Name of what started the program, whose samples do not count. */
  readonly launcher?: string | null;
  /** Bytes of text read so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

/** Build ids of the recording's objects, as far as it has them; perf's own failures are left to `perf script`. */
async function buildIdsOf(file: string, options: PerfDataOptions): Promise<Record<string, string>> {
  const child = streamProcess('perf', ['buildid-list', '-i', file], {
    env: perfEnvironment(options),
    signal: options.signal,
  });
  const ids: Record<string, string> = {};
  for await (const lines of linesOf(child.output)) {
    for (const line of lines) {
      const m = /^([0-9a-f]{8,64}) (.+)$/.exec(line);
      if (m?.[1] !== undefined && m[2] !== undefined) ids[m[2]] = m[1];
    }
  }
  await child.ended;
  return ids;
}

/** The user's own configuration of perf may change what it prints. */
function perfEnvironment(options: PerfDataOptions): NodeJS.ProcessEnv {
  return { ...offline(options.env), LC_ALL: 'C', PERF_CONFIG: '/dev/null' };
}

function failure(file: string, stderr: string): UserError {
  const lines = stderr.split('\n').map((l) => l.trim());
  const words =
    lines.find((l) => l !== '' && !/^(WARNING|Warning|Kernel|Samples in|Check \/proc)/.test(l)) ?? '';
  if (/^failed to open/.test(words)) {
    return new UserError(`${file} cannot be opened: ${words.slice(words.lastIndexOf(':') + 1).trim()}`);
  }
  if (/zero-sized|empty/.test(words)) return new UserError(`${file} is empty: perf recorded nothing into it`);
  if (/incompatible file format|magic/.test(words))
    return new UserError(`${file} is no perf.data file, or is cut off`);
  if (/failed to process type|truncated|failed to mmap|bad header/i.test(words)) {
    return new UserError(
      `${file} is cut off or damaged: perf says "${words.slice(0, 200)}"; record it again`,
    );
  }
  return new UserError(
    `perf cannot read ${file}: ${words === '' ? 'it is cut off or damaged' : words.slice(0, 300)}`,
  );
}

/**
 * @throws UserError with one clear line where perf is missing or the file is empty, truncated or no recording
 */
export async function readPerfData(file: string, options: PerfDataOptions): Promise<RawProfile> {
  const { signal } = options;
  const buildIds = await buildIdsOf(file, options);
  const child = streamProcess('perf', [...scriptArguments, '-i', file], {
    env: perfEnvironment(options),
    signal,
  });
  const read = await readScript(
    child.output,
    { event: options.event, thread: options.thread, launcher: options.launcher ?? null },
    options.onProgress,
  );
  const end = await child.ended;
  if (signal?.aborted) throw abortError();
  if (end.startError !== null) {
    throw new UserError(
      `perf.data needs \`perf\` to be read, which cannot be started (${end.startError}): install it (Debian: \`apt install linux-perf\`), or import the text of \`perf script\``,
      3,
    );
  }
  if (end.status !== 0) throw failure(file, end.stderr);
  const { profile } = read;
  if (profile === null) {
    if (read.events.length > 0 && options.event !== null) {
      throw new UserError(`${file} has no event ${options.event}: it has ${read.events.join(', ')}`);
    }
    throw new UserError(`${file} has no samples: record for longer`);
  }
  const placed = await withAddresses(profile);
  const raw: RawProfile = { format: 'perf.data', ...placed, stacks: true, buildIds: known(placed, buildIds) };
  return withSources(raw, options);
}

/** Build ids of the objects that are in the recording's frames. */
function known(profile: ScriptProfile, ids: Readonly<Record<string, string>>): Record<string, string> {
  const used = new Set(profile.frames.map((f) => f.object));
  return Object.fromEntries(Object.entries(ids).filter(([object]) => used.has(object)));
}

/** Offsets in files become virtual addresses; what is no object file here has none. */
async function withAddresses(profile: ScriptProfile): Promise<ScriptProfile> {
  const objects = new Map<string, ObjectFile | null>();
  for (const { object, address } of profile.frames) {
    if (object === null || address === null || objects.has(object)) continue;
    objects.set(object, await readObject(object));
  }
  const frames = profile.frames.map((frame) => {
    const { object, address } = frame;
    if (object === null || address === null) return frame;
    const file = objects.get(object);
    return { ...frame, address: file == null ? null : addressOfOffset(file, address) };
  });
  return { ...profile, frames };
}
