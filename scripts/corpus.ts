/**
 * Fetches the sources of four public allocators from Debian into a cache outside the repository, for the corpus tests
 * and the oracle's score. Idempotent: what is there is left alone.
 */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheRoot } from './cache.ts';
import { fetchFromDebian } from './debian.ts';

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

/** Fetches what is missing, of all or of the named ones. Returns null, or one line that says why it could not. */
export function fetchCorpus(log: (line: string) => void, names?: readonly string[]): string | null {
  const missing = corpus.filter((c) => (names?.includes(c.name) ?? true) && corpusDir(c.name) === null);
  if (missing.length === 0) return null;
  return fetchFromDebian(
    missing.map(({ name, version }) => ({
      ...{ kind: 'source', name, version },
      target: path.join(folder(), name),
    })),
    log,
  );
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
