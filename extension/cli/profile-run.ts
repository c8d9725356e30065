/** What `alloc-lens profile import`, `diff` and `export` do. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Profile } from '../model.ts';
import { UserError } from '../model.ts';
import { diffProfiles } from '../profile/diff.ts';
import { toPprof } from '../profile/export/pprof.ts';
import { toSpeedscope } from '../profile/export/speedscope.ts';
import { diffMarkdown, diffText, profileMarkdown, profileText } from '../report/text-profile.ts';
import { requireWritable, writeWhole } from './files.ts';
import { type LoadFlags, loadProfile, rootOf } from './profile-load.ts';
import type { Services } from './services.ts';
import { parseChoice, quoted } from './values.ts';

/** As commander hands them over. */
export interface ProfileFlags extends LoadFlags {
  readonly format: string;
}

export interface ExportFlags extends ProfileFlags {
  readonly to: string;
  readonly out: string;
}

/** What `profile import --format json` prints. */
export interface PrintedProfile extends Profile {
  readonly schemaVersion: 1;
}

/** What `profile export --format json` prints. */
export interface ProfileExported {
  readonly schemaVersion: 1;
  /** Absolute path of the file. */
  readonly path: string;
  readonly to: 'speedscope' | 'pprof' | 'json';
  readonly bytes: number;
  readonly notes: readonly string[];
}

export function printedProfile(profile: Profile): PrintedProfile {
  return { schemaVersion: 1, ...profile };
}

/** Lines of files below `root`; none for files elsewhere, whatever a recording names. */
export function sourcesBelow(root: string): (file: string, line: number) => string | null {
  const cache = new Map<string, readonly string[]>();
  return (file, line) => {
    let lines = cache.get(file);
    if (lines === undefined) {
      const at = path.resolve(root, file);
      try {
        lines = at.startsWith(`${root}${path.sep}`) ? readFileSync(at, 'utf8').split('\n') : [];
      } catch {
        lines = [];
      }
      cache.set(file, lines);
    }
    return lines[line - 1] ?? null;
  };
}

/** Prints a profile the way that `--format` says; `profile record` does the same with what it recorded. */
export async function printProfile(
  services: Services,
  profile: Profile,
  format: 'text' | 'json' | 'markdown',
  root: string,
): Promise<void> {
  const { output } = services;
  const sourceText = sourcesBelow(root);
  if (format === 'json') await output.print(JSON.stringify(printedProfile(profile)));
  else if (format === 'markdown') await output.print(profileMarkdown(profile, sourceText));
  else await output.print(profileText(profile, output.style, sourceText));
}

export async function runProfileImport(
  services: Services,
  file: string,
  flags: ProfileFlags,
): Promise<number> {
  const format = parseChoice('--format', flags.format, ['text', 'json', 'markdown']);
  const profile = await loadProfile(services, file, flags);
  await printProfile(services, profile, format, rootOf(flags));
  return 0;
}

export async function runProfileDiff(
  services: Services,
  before: string,
  after: string,
  flags: ProfileFlags,
): Promise<number> {
  const format = parseChoice('--format', flags.format, ['text', 'json', 'markdown']);
  const first = await loadProfile(services, before, flags);
  const second = await loadProfile(services, after, flags);
  const diff = diffProfiles(first, second);
  const { output } = services;
  if (format === 'json') await output.print(JSON.stringify(diff));
  else if (format === 'markdown') await output.print(diffMarkdown(diff));
  else await output.print(diffText(diff, output.style));
  return 0;
}

export async function runProfileExport(
  services: Services,
  file: string,
  flags: ExportFlags,
): Promise<number> {
  const format = parseChoice('--format', flags.format, ['text', 'json']);
  const to = parseChoice('--to', flags.to, ['speedscope', 'pprof', 'json']);
  const out = path.resolve(flags.out);
  if (out === path.resolve(file))
    throw new UserError(`--out ${quoted(flags.out)}: that is the profile itself`);
  requireWritable(out);
  const profile = await loadProfile(services, file, flags);
  const { content, notes } = exported(profile, to, `alloc-lens ${services.version}`);
  writeWhole(out, content);
  for (const note of notes) services.output.say(note);
  const written: ProfileExported = {
    schemaVersion: 1,
    path: out,
    to,
    bytes: Buffer.byteLength(content),
    notes,
  };
  await services.output.print(format === 'json' ? JSON.stringify(written) : out);
  return 0;
}

function exported(
  profile: Profile,
  to: ProfileExported['to'],
  exporter: string,
): { readonly content: string | Uint8Array; readonly notes: readonly string[] } {
  if (to === 'json') return { content: `${JSON.stringify(printedProfile(profile))}\n`, notes: [] };
  if (to === 'speedscope') {
    const { file, notes } = toSpeedscope(profile, exporter);
    return { content: `${JSON.stringify(file)}\n`, notes };
  }
  const { file, notes } = toPprof(profile);
  return { content: gzipSync(file), notes };
}
