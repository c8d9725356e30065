/** Recordings that the user names: read, made a profile, and mapped onto the files of a folder. */
import {
  closeSync,
  createReadStream,
  type Dirent,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import type { Profile } from '../model.ts';
import { UserError } from '../model.ts';
import { type BuildOptions, buildProfile } from '../profile/import/build-profile.ts';
import { importProfile, isPerfData } from '../profile/import/detect.ts';
import type { ImportOptions } from '../profile/import/types.ts';
import { mapPaths, normalPath } from '../profile/path-map.ts';
import { fileProblem } from './files.ts';
import type { Services } from './services.ts';
import { quoted } from './values.ts';

const chunkBytes = 1 << 20;
/** Entries of folders that are looked at for the files that a recording names. */
const mostEntries = 200_000;
const skippedFolders = new Set(['.git', '.hg', '.svn', 'node_modules', '.cache']);

/** As commander hands them over. */
export interface LoadFlags {
  readonly event?: string;
  readonly thread?: string;
  readonly map?: readonly string[];
  readonly root?: string;
}

/** `FROM=TO` entries; TO may be relative to the root. */
export function parseMap(entries: readonly string[]): Record<string, string> {
  const out: Record<string, string> = Object.create(null);
  for (const entry of entries) {
    const at = entry.indexOf('=');
    if (at <= 0 || at === entry.length - 1) {
      throw new UserError(`--map ${quoted(entry)}: write it as --map /build/of/the/recording=FOLDER`);
    }
    out[entry.slice(0, at)] = entry.slice(at + 1);
  }
  return out;
}

/** The folder that paths are relative to: real and absolute. */
export function rootOf(flags: LoadFlags): string {
  const root = flags.root ?? '.';
  try {
    const real = realpathSync(root);
    if (statSync(real).isDirectory()) return real;
  } catch (error) {
    throw new UserError(`--root ${quoted(root)}: ${fileProblem(error)}`);
  }
  throw new UserError(`--root ${quoted(root)}: not a folder`);
}

/** Whether it begins as perf.data does, which only perf can read. A pipe can be read once only, and is not looked at. */
function startsAsPerfData(file: string): boolean {
  const descriptor = openSync(file, 'r');
  try {
    const head = Buffer.alloc(8);
    return isPerfData(head.subarray(0, readSync(descriptor, head, 0, head.length, 0)));
  } finally {
    closeSync(descriptor);
  }
}

/** Files below `root` whose base names the profile's files have, relative to it. */
function candidates(root: string, wanted: ReadonlySet<string>): string[] {
  const found: string[] = [];
  let entries = 0;
  const folders = [''];
  for (
    let folder = folders.shift();
    folder !== undefined && entries < mostEntries;
    folder = folders.shift()
  ) {
    let list: Dirent[];
    try {
      list = readdirSync(path.join(root, folder), { withFileTypes: true });
    } catch {
      continue;
    }
    for (const entry of list) {
      entries++;
      const at = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!skippedFolders.has(entry.name)) folders.push(at);
      } else if (wanted.has(entry.name.toLowerCase())) found.push(at);
    }
  }
  return found;
}

/** A profile with the paths of `root`; see `mapPaths`. */
export function mapped(profile: Profile, root: string, map: Readonly<Record<string, string>>): Profile {
  const named = new Set<string>();
  for (const { file } of [...profile.lines, ...profile.functions])
    if (file !== null) named.add(normalPath(file));
  if (named.size === 0) return profile;
  const wanted = new Set([...named].map((f) => f.slice(f.lastIndexOf('/') + 1).toLowerCase()));
  const files = candidates(root, wanted);
  return mapPaths(profile, { root, files, map });
}

/**
 * Reads a recording of any format that is known, or a profile of our own.
 *
 * @throws UserError with one clear line
 */
export async function loadProfile(services: Services, file: string, flags: LoadFlags): Promise<Profile> {
  const map = parseMap(flags.map ?? []);
  const root = rootOf(flags);
  const name = path.basename(file);
  let size: number;
  let recordedAt: string;
  let perfData: boolean;
  try {
    const at = statSync(file);
    if (at.isDirectory()) throw Object.assign(new Error('is a folder'), { code: 'EISDIR' });
    size = at.size;
    recordedAt = (at.isFile() ? at.mtime : new Date()).toISOString();
    perfData = at.isFile() && startsAsPerfData(file);
  } catch (error) {
    throw new UserError(`profile ${quoted(file)}: ${fileProblem(error)}`);
  }
  const { signal } = services;
  const options: ImportOptions = {
    event: flags.event ?? null,
    thread: flags.thread ?? null,
    signal,
    onProgress: (bytes) =>
      services.output.onProgress({
        message: `reading ${name}`,
        fraction: size > 0 ? Math.min(1, bytes / size) : 1,
      }),
  };
  const build: BuildOptions = {
    target: { kind: 'imported', name, variant: null, sha256: null },
    workload: name,
    recordedAt,
  };
  const profile =
    perfData && services.readPerfData !== undefined
      ? buildProfile(await services.readPerfData(file, options), build)
      : await importProfile(
          createReadStream(file, { signal, highWaterMark: chunkBytes }),
          name,
          options,
          build,
        );
  return mapped(profile, root, map);
}
