/**
 * Fetches the sources of four public allocators from Debian into a cache outside the repository, for the corpus tests
 * and the oracle's score. Uses a source list and state folders of its own, so that nothing of the system's package
 * manager is touched. Idempotent: what is there is left alone.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheRoot } from './cache.ts';

export interface CorpusEntry {
  /** Debian's source package, and the folder's name in the cache. */
  readonly name: string;
  readonly version: string;
  /** Folder to analyse, relative to the unpacked tree; the tree is the root. */
  readonly scope: string;
}

export const corpus: readonly CorpusEntry[] = [
  { name: 'mimalloc', version: '2.0.9', scope: '' },
  { name: 'jemalloc', version: '5.3.0', scope: '' },
  { name: 'google-perftools', version: '2.10', scope: '' },
  { name: 'glibc', version: '2.36', scope: 'malloc' },
];

const folder = (): string => path.join(cacheRoot(), 'corpus');

/** The unpacked tree of an allocator, null when it is not in the cache. */
export function corpusDir(name: string): string | null {
  const dir = path.join(folder(), name);
  return existsSync(dir) && readdirSync(dir).length > 0 ? dir : null;
}

const sources = `Types: deb-src
URIs: http://deb.debian.org/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb-src
URIs: http://deb.debian.org/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`;

function run(command: string, args: readonly string[], cwd: string): string | null {
  const done = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: 600_000 });
  if (done.error !== undefined) return `${command}: ${done.error.message}`;
  if (done.status !== 0)
    return `${command} ended with ${done.status}: ${done.stderr.trim().split('\n').pop() ?? ''}`;
  return null;
}

/** Fetches what is missing. Returns null, or one line that says why it could not. */
export function fetchCorpus(log: (line: string) => void): string | null {
  const missing = corpus.filter((c) => corpusDir(c.name) === null);
  if (missing.length === 0) return null;
  for (const tool of ['apt-get', 'dpkg-source']) {
    if (spawnSync(tool, ['--version'], { encoding: 'utf8' }).error !== undefined) {
      return `${tool} is not installed: the corpus comes from Debian's source packages. Run this on Debian 12 or a derivative.`;
    }
  }
  mkdirSync(folder(), { recursive: true });
  const work = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-corpus-'));
  try {
    mkdirSync(path.join(work, 'lists', 'partial'), { recursive: true });
    mkdirSync(path.join(work, 'archives', 'partial'), { recursive: true });
    const list = path.join(work, 'debian.sources');
    writeFileSync(list, sources);
    const own = [
      '-o', `Dir::Etc::SourceList=${list}`,
      '-o', 'Dir::Etc::SourceParts=/dev/null',
      '-o', `Dir::State::Lists=${path.join(work, 'lists')}`,
      '-o', `Dir::Cache=${work}`,
      '-o', `Dir::Cache::archives=${path.join(work, 'archives')}`,
      '-o', 'APT::Sandbox::User=',
      '-o', 'Acquire::Languages=none',
    ]; // biome-ignore format: pairs
    log('Fetching the list of source packages');
    const updated = run('apt-get', [...own, 'update', '-q'], work);
    if (updated !== null) return `${updated}. Is the network reachable?`;
    for (const entry of missing) {
      log(`Fetching ${entry.name} ${entry.version}`);
      const dir = path.join(work, entry.name);
      mkdirSync(dir);
      const fetched = run('apt-get', [...own, 'source', '--download-only', '-q', entry.name], dir);
      if (fetched !== null) return fetched;
      const dsc = readdirSync(dir).find((f) => f.endsWith('.dsc'));
      if (dsc === undefined) return `apt-get fetched no .dsc for ${entry.name}`;
      if (!dsc.startsWith(`${entry.name}_${entry.version}`)) {
        return `Debian gives ${dsc}, but the corpus is ${entry.name} ${entry.version}: this system is not bookworm.`;
      }
      const unpacked = path.join(folder(), `.${entry.name}-${process.pid}`);
      const extracted = run('dpkg-source', ['-q', '-x', dsc, unpacked], dir);
      if (extracted !== null) return extracted;
      // Whole or not at all, whoever else is fetching.
      const target = path.join(folder(), entry.name);
      if (existsSync(target)) rmSync(unpacked, { recursive: true, force: true });
      else renameSync(unpacked, target);
    }
    return null;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problem = fetchCorpus((line) => console.error(line));
  if (problem === null)
    for (const c of corpus) console.log(`${c.name} ${c.version}: ${corpusDir(c.name) ?? ''}`);
  else {
    console.error(problem);
    process.exitCode = 1;
  }
}
