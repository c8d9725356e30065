/** The native arms: installed allocators by preload, and mimalloc linked statically from Debian's source package. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { discoverAllocators } from '../../extension/native/discover.ts';
import type { LinkedAllocator } from '../../extension/native/harness.ts';
import { NativeTarget } from '../../extension/native/target.ts';
import { corpusDir, fetchCorpus } from '../../scripts/corpus.ts';
import type { Arm } from './arm.ts';

export interface NativeOptions {
  readonly cacheDir: string;
  /** Path of harness.c. */
  readonly harness: string;
  readonly log: (line: string) => void;
}

function arm(label: string, target: NativeTarget): Arm {
  return {
    // One floor serves all that run in the same binary: it calls no allocator.
    ...{ label, family: 'native', can: (work) => work.kind !== 'floor' || !label.endsWith('(preload)') },
    run: (request) => target.run({ ...request, variant: 'native' }, {}),
  };
}

/** glibc, then every installed allocator by preload. Says which of the expected ones are missing. */
export async function preloadArms({ cacheDir, harness, log }: NativeOptions): Promise<Arm[]> {
  const installed = await discoverAllocators();
  const names = installed.map((a) => a.name.replace(/_minimal$/, ''));
  for (const name of ['mimalloc', 'jemalloc', 'tcmalloc']) {
    if (!names.includes(name)) log(`${name} (preload): left out, it is not installed`);
  }
  const glibc = new NativeTarget({ name: 'system', preload: null, cacheDir, harness });
  return [
    arm('glibc', glibc),
    ...installed.map((a, i) =>
      arm(
        `${names[i] ?? a.name} (preload)`,
        new NativeTarget({ name: a.name, preload: a.path, cacheDir, harness }),
      ),
    ),
  ];
}

/** mimalloc's one-file build with its override of malloc, and the harness's own files by the same flags. */
function mimalloc(tree: string, flags: readonly string[]): LinkedAllocator {
  return {
    flags: [...flags, '-DNDEBUG', '-DMI_MALLOC_OVERRIDE', `-I${path.join(tree, 'include')}`],
    sources: [path.join(tree, 'src', 'static.c')],
  };
}

/** mimalloc with -O3 and with -O3 -flto; none, with one line that says why, where its source cannot be had. */
export async function staticArms({ cacheDir, harness, log }: NativeOptions): Promise<Arm[]> {
  const problem = fetchCorpus(log, ['mimalloc']);
  const tree = corpusDir('mimalloc');
  if (tree === null || !existsSync(path.join(tree, 'src', 'static.c'))) {
    log(`mimalloc (static): left out, ${problem ?? 'its source package holds no src/static.c'}`);
    return [];
  }
  const make = (name: string, flags: readonly string[]): Arm =>
    arm(name, new NativeTarget({ name, preload: null, cacheDir, harness, linked: mimalloc(tree, flags) }));
  return [make('mimalloc (static -O3)', ['-O3']), make('mimalloc (static LTO)', ['-O3', '-flto'])];
}
