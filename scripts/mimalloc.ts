/** mimalloc 2.0.9 from Debian's source, built by its own cmake files with debug information, in the cache. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { cacheRoot, withLock } from './cache.ts';
import { corpusDir, fetchCorpus } from './corpus.ts';

const name = 'mimalloc-2.0.9-relwithdebinfo';

/** The library, built when it is not there yet. Throws an error that says what is missing. */
export async function debugMimalloc(log: (line: string) => void): Promise<string> {
  const folder = path.join(cacheRoot(), 'built', name);
  const library = path.join(folder, 'libmimalloc.so.2.0');
  return withLock(`${folder}.lock`, log, async () => {
    if (existsSync(library)) return library;
    const problem = fetchCorpus(log, ['mimalloc']);
    const source = corpusDir('mimalloc');
    if (problem !== null || source === null) throw new Error(problem ?? 'mimalloc was not fetched');
    // Built where it stays: build files hold absolute paths. What was left half done begins again.
    rmSync(folder, { recursive: true, force: true });
    const half = `${folder}.half`;
    rmSync(half, { recursive: true, force: true });
    mkdirSync(half, { recursive: true });
    const only = ['STATIC', 'OBJECT', 'TESTS'].map((part) => `-DMI_BUILD_${part}=OFF`);
    run('cmake', [
      '-S',
      source,
      '-B',
      half,
      '-DCMAKE_BUILD_TYPE=RelWithDebInfo',
      '-DCMAKE_C_FLAGS=-g',
      ...only,
    ]);
    run('cmake', ['--build', half]);
    renameSync(half, folder);
    return library;
  });
}

function run(command: string, args: readonly string[]): void {
  const done = spawnSync(command, args, { encoding: 'utf8', timeout: 600_000 });
  if (done.error !== undefined) throw new Error(`${command} cannot be started: ${done.error.message}`);
  if (done.status !== 0) {
    throw new Error(`${command} ended with ${done.status}: ${done.stderr.trim().split('\n').pop() ?? ''}`);
  }
}
