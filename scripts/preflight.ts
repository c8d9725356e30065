/** What the project needs of the system, each with the Debian package that brings it. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findProgram } from './process.ts';

export interface Need {
  /** Debian package name; the need's key. */
  readonly package: string;
  /** What it is for, after "for". */
  readonly purpose: string;
  /** Without it tests fail; otherwise they are skipped with a message. */
  readonly required: boolean;
  /** True when it is there. */
  readonly present: () => boolean;
}

const program =
  (...names: readonly string[]) =>
  (): boolean =>
    names.some((n) => findProgram(n) !== null);
const file =
  (...names: readonly string[]) =>
  (): boolean =>
    names.some((n) => existsSync(n));

const libraryFolders = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib'];
const library =
  (...names: readonly string[]) =>
  (): boolean =>
    libraryFolders.some((dir) => names.some((n) => existsSync(`${dir}/${n}`)));

export const needs: readonly Need[] = [
  { package: 'chromium', purpose: 'tests in real VS Code', required: true, present: program('chromium') },
  {
    package: 'libkrb5-dev',
    purpose: 'building VS Code',
    required: true,
    present: file('/usr/include/gssapi/gssapi.h', '/usr/include/gssapi.h'),
  },
  {
    package: 'g++',
    purpose: 'building VS Code and the C samples',
    required: true,
    present: () => program('g++')() && program('gcc', 'cc')(),
  },
  { package: 'make', purpose: 'building VS Code', required: true, present: program('make') },
  { package: 'python3', purpose: 'building VS Code', required: true, present: program('python3') },
  {
    package: 'dpkg-dev',
    purpose: 'unpacking the corpus (mimalloc, jemalloc)',
    required: false,
    present: program('dpkg-source'),
  },
  {
    package: 'binutils',
    purpose: 'reading symbols of native allocators',
    required: false,
    present: program('nm'),
  },
  {
    package: 'libmimalloc2.0',
    purpose: 'comparing with mimalloc',
    required: false,
    present: library('libmimalloc.so.2', 'libmimalloc.so.2.0'),
  },
  {
    package: 'libjemalloc2',
    purpose: 'comparing with jemalloc',
    required: false,
    present: library('libjemalloc.so.2'),
  },
  {
    package: 'libtcmalloc-minimal4',
    purpose: 'comparing with tcmalloc',
    required: false,
    present: library('libtcmalloc_minimal.so.4'),
  },
  { package: 'linux-perf', purpose: 'native profiles', required: false, present: program('perf') },
  {
    package: 'valgrind',
    purpose: 'native instruction counts',
    required: false,
    present: program('valgrind'),
  },
  { package: 'clang', purpose: 'a second C compiler', required: false, present: program('clang') },
];

/** The needs that are not met, out of all or of the named packages. */
export function missing(packages?: readonly string[], list: readonly Need[] = needs): readonly Need[] {
  return list.filter((n) => (packages === undefined || packages.includes(n.package)) && !n.present());
}

/** One line: what cannot be done, and the command that would mend it. */
export function missingLine(lead: string, lacks: readonly Need[]): string {
  const names = lacks.map((n) => n.package).join(' ');
  return `${lead}: missing ${names} (Debian: apt-get install ${names})`;
}

/** One line per unmet need, required ones first. */
export function report(lacks: readonly Need[]): readonly string[] {
  return [...lacks]
    .sort((a, b) => Number(b.required) - Number(a.required))
    .map((n) => {
      const what = n.required ? 'missing' : 'missing, optional';
      return `${what}: ${n.package}, for ${n.purpose} (Debian: apt-get install ${n.package})`;
    });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const lacks = missing();
  for (const line of report(lacks)) console.log(line);
  if (lacks.length === 0) console.log('preflight: every system package is there');
  process.exitCode = lacks.some((n) => n.required) ? 1 : 0;
}
