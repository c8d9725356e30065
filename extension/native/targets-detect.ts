/**
 * Targets of a folder in which nothing is configured: what its Makefile or CMakeLists.txt builds, and libraries that lie
 * there built. Files are read, nothing is executed.
 */
import { open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { TargetConfig, WorkspaceTarget } from '../model-profile.ts';
import { definesMalloc } from './elf.ts';
import { reservedNames } from './targets-config.ts';

const mostText = 1 << 20;
const mostFolders = 100;
const mostLibraries = 50;
/** As make looks for them. */
const makefiles = ['GNUmakefile', 'makefile', 'Makefile'] as const;
const skipped = /^\.|^(?:node_modules|CMakeFiles|third_party|docs?|tests?)$/;
/** Where builds usually leave libraries. */
const builtFolders = ['.', 'build', 'lib', 'out', 'out/release', '.libs', 'src/.libs'] as const;
const library = /^lib([A-Za-z0-9_][A-Za-z0-9_.+-]*?)\.so(?:\.\d+)*$/;

async function textOf(file: string): Promise<string | null> {
  try {
    // Opening a pipe would wait for whoever writes into it.
    if (!(await stat(file)).isFile()) return null;
    const handle = await open(file, 'r');
    try {
      const buffer = Buffer.alloc(mostText);
      const { bytesRead } = await handle.read(buffer, 0, mostText, 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch {
    return null;
  }
}

/** A library that a build description makes: relative to what the build folder stands for. */
export interface DescribedLibrary {
  /** Without `lib` and `.so`. */
  readonly name: string;
  readonly command: readonly string[];
  readonly next?: readonly (readonly string[])[];
  /** May begin with `${out}/`; otherwise relative to the folder of the description. */
  readonly file: string;
  readonly notes: readonly string[];
}

/** Continuation lines joined, comments and recipes left out. */
function makeLines(text: string): string[] {
  return text
    .replace(/\\\r?\n/g, ' ')
    .split(/\r?\n/)
    .filter((line) => !line.startsWith('\t'))
    .map((line) => line.replace(/(^|[^\\])#.*$/, '$1'));
}

interface Assignment {
  readonly how: string;
  readonly value: string;
}

function assignmentsOf(lines: readonly string[], name: string): Assignment[] {
  return lines.flatMap((line) => {
    const m = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*(\?=|:{1,3}=|\+=|=)\s*(.*)$/.exec(line);
    return m?.[1] === name ? [{ how: m[2] ?? '=', value: (m[3] ?? '').trim() }] : [];
  });
}

/** Variables that stand empty, to be filled from outside. */
const extraFlags = ['EXTRA_CFLAGS', 'EXTRA_CPPFLAGS', 'USER_CFLAGS', 'XCFLAGS'] as const;

/** The variable that takes compile flags: it is used, and a value from outside takes nothing away. Null without one. */
function flagVariable(text: string, lines: readonly string[]): string | null {
  const found = extraFlags.find(
    (name) =>
      new RegExp(`\\$[({]${name}[)}]`).test(text) &&
      assignmentsOf(lines, name).every((a) => a.how !== '+=' && a.value === ''),
  );
  return found ?? null;
}

/** The shared library that a Makefile has a rule for, null when it has none. Exposed for its test. */
export function readMakefile(text: string): DescribedLibrary | null {
  const lines = makeLines(text);
  for (const line of lines) {
    const m =
      /^\s*(?:\$[({]([A-Za-z_]\w*)[)}]\/)?((?:[A-Za-z0-9_.+-]+\/)*)lib([A-Za-z0-9_][A-Za-z0-9_.+-]*?)\.so\s*:(?!=)/.exec(
        line,
      );
    if (m === null) continue;
    const [, variable, folders = '', name = ''] = m;
    const file = `${folders}lib${name}.so`;
    const place = variable === undefined ? [] : assignmentsOf(lines, variable);
    const flags = flagVariable(text, lines);
    const last = place.at(-1);
    // A value on the command line wins over any assignment but `override`; a rule under a computed folder would not be found.
    const movable = last !== undefined && (last.how === '?=' || /^[\w./-]+$/.test(last.value));
    if (variable !== undefined && movable) {
      const moved = `${variable}=\${out}`;
      return flags === null
        ? {
            ...{ name, command: ['make', moved], file: `\${out}/${file}` },
            notes: ['its Makefile has no EXTRA_CFLAGS: compile flags cannot be compared'],
          }
        : { name, command: ['make', moved, `${flags}=\${cflags}`], file: `\${out}/${file}`, notes: [] };
    }
    const inside = last === undefined ? '' : `${last.value.replace(/\/$/, '')}/`;
    // Under a folder that cannot be told.
    if (variable !== undefined && !/^[\w./-]+\/$/.test(inside)) continue;
    return {
      ...{ name, command: ['make'], file: `${inside}${file}` },
      notes: ['its Makefile builds in its own folder (no OUT): compile flags cannot be compared'],
    };
  }
  return null;
}

/** The shared library that a CMakeLists.txt adds, null when it adds none. Exposed for its test. */
export function readCmake(text: string): DescribedLibrary | null {
  const plain = text.replace(/#.*$/gm, '');
  const project = /\bproject\s*\(\s*"?([A-Za-z0-9_.+-]+)/i.exec(plain)?.[1];
  for (const m of plain.matchAll(
    /\badd_library\s*\(\s*"?([A-Za-z0-9_.+-]+|\$\{(?:CMAKE_)?PROJECT_NAME\})"?\s+SHARED\b/gi,
  )) {
    const name = m[1]?.startsWith('${') ? project : m[1];
    if (name === undefined) continue;
    const given = `-DCMAKE_C_FLAGS=\${cflags}`;
    return {
      name,
      command: [
        ...['cmake', '-S', '.', '-B', `\${out}`, '-DCMAKE_BUILD_TYPE=RelWithDebInfo'],
        ...[given, given.replace('_C_', '_CXX_')],
      ],
      next: [['cmake', '--build', `\${out}`, '--target', name]],
      file: `\${out}/lib${name}.so`,
      notes: [],
    };
  }
  return null;
}

interface Found {
  readonly described: DescribedLibrary;
  /** Relative to the workspace folder, `.` for itself. */
  readonly place: string;
}

async function describedIn(folder: string, place: string): Promise<Found | null> {
  const at = path.join(folder, place);
  for (const name of makefiles) {
    const text = await textOf(path.join(at, name));
    const described = text === null ? null : readMakefile(text);
    if (described !== null) return { described, place };
  }
  const text = await textOf(path.join(at, 'CMakeLists.txt'));
  const described = text === null ? null : readCmake(text);
  return described === null ? null : { described, place };
}

async function foldersIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((e) => e.isDirectory() && !skipped.test(e.name))
      .map((e) => e.name)
      .sort()
      .slice(0, mostFolders);
  } catch {
    return [];
  }
}

/** Libraries that lie built in a folder and define malloc: paths relative to the workspace folder. */
async function builtIn(folder: string, place: string): Promise<string[]> {
  const found: string[] = [];
  for (const below of builtFolders) {
    const at = path.join(folder, place, below);
    let names: string[];
    try {
      names = (await readdir(at)).filter((n) => library.test(n)).sort();
    } catch {
      continue;
    }
    for (const name of names.slice(0, mostLibraries)) {
      if (await definesMalloc(path.join(at, name))) found.push(path.join(place, below, name));
    }
  }
  return found;
}

const none = (): Readonly<Record<string, string>> => ({});

function configOf(name: string, { described, place }: Found): TargetConfig {
  const { command, next, file } = described;
  return {
    name,
    build: {
      command,
      ...(next === undefined ? {} : { next }),
      cwd: place === '.' ? null : place,
      env: none(),
    },
    preload: file.startsWith(`\${out}`) ? file : path.join(place, file),
    run: null,
    cwd: null,
    env: none(),
    sourceMap: none(),
  };
}

/** A name that is free: with `-local` where it means something already, else with its folder, else with a number. */
function freeName(wanted: string, place: string, taken: ReadonlySet<string>): string {
  const clean = wanted.replace(/[^A-Za-z0-9_.+-]/g, '_').slice(0, 40);
  const base = reservedNames.includes(clean) ? `${clean}-local` : clean;
  const folder = path
    .basename(place)
    .replace(/[^A-Za-z0-9_.+-]/g, '_')
    .slice(0, 16);
  const tries = [base, ...(place === '.' ? [] : [`${base}-${folder}`])];
  const free = tries.find((t) => !taken.has(t));
  if (free !== undefined) return free;
  let n = 2;
  while (taken.has(`${base}-${n}`)) n++;
  return `${base}-${n}`;
}

/**
 * What can be tried in a workspace folder without being configured, best first: what the folder itself builds, then its
 * direct subfolders, then libraries that lie there built.
 *
 * @param folder absolute path
 */
export async function detectTargets(folder: string): Promise<readonly WorkspaceTarget[]> {
  const isFolder = await stat(folder).then(
    (s) => s.isDirectory(),
    () => false,
  );
  if (!isFolder) return [];
  const places = ['.', ...(await foldersIn(folder))];
  const targets: WorkspaceTarget[] = [];
  const taken = new Set<string>();
  const add = (config: TargetConfig, notes: readonly string[]): void => {
    taken.add(config.name);
    targets.push({ config, origin: 'detected', folder, notes });
  };
  for (const place of places) {
    const found = await describedIn(folder, place);
    if (found !== null)
      add(configOf(freeName(found.described.name, place, taken), found), found.described.notes);
  }
  const builds = new Set(targets.map((t) => path.basename(t.config.preload ?? '')));
  const seen = new Set<string>();
  for (const file of (await Promise.all(places.map((place) => builtIn(folder, place)))).flat()) {
    const base = path.basename(file);
    const name = library.exec(base)?.[1];
    // A build's own product, its links to other versions, and what a folder's `build` shows twice.
    if (
      name === undefined ||
      builds.has(base.replace(/\.so[.\d]*$/, '.so')) ||
      seen.has(path.normalize(file))
    )
      continue;
    if (
      [...seen].some(
        (s) => path.dirname(s) === path.dirname(file) && library.exec(path.basename(s))?.[1] === name,
      )
    )
      continue;
    seen.add(path.normalize(file));
    const place = path.dirname(file);
    add(
      {
        ...{ name: freeName(name, place, taken), build: null, preload: file, run: null, cwd: null },
        ...{ env: none(), sourceMap: none() },
      },
      ['it is run as it lies there: compile flags cannot be compared'],
    );
  }
  return targets;
}
