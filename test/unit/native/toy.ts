/** Native targets for tests: the system's allocator, and a small one that is compiled for the occasion. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { NativeTarget } from '../../../extension/native/target.ts';

export const harness = path.resolve(import.meta.dirname, '../../../extension/native/harness.c');

/** Whether this machine can run them; says so where it cannot. */
export function canRunNative(): boolean {
  const able =
    process.platform === 'linux' && spawnSync('cc', ['--version'], { stdio: 'ignore' }).status === 0;
  if (!able) console.log('skipped: native targets need Linux and a C compiler named cc, which are not here');
  return able;
}

export interface NativeTargets {
  /** A folder of their own, for the test to remove. */
  readonly dir: string;
  readonly cacheDir: string;
  /** Path of the small allocator. */
  readonly library: string;
  readonly system: NativeTarget;
  readonly toy: NativeTarget;
}

export function nativeTargets(): NativeTargets {
  const dir = mkdtempSync(path.join(tmpdir(), 'alloc-lens-native-'));
  const cacheDir = path.join(dir, 'cache');
  const library = path.join(dir, 'libtoy.so');
  execFileSync('cc', [
    ...['-O1', '-fPIC', '-shared', '-fno-builtin', '-o', library],
    path.join(import.meta.dirname, 'toy-allocator.c'),
  ]);
  return {
    ...{ dir, cacheDir, library },
    system: new NativeTarget({ name: 'system', preload: null, cacheDir, harness }),
    toy: new NativeTarget({ name: 'toy', preload: library, cacheDir, harness }),
  };
}
