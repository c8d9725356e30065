/** Native targets by the name that a user gives: the system's, an installed allocator, or a preload library's path. */
import path from 'node:path';
import type { Target } from '../model.ts';
import { knownAllocators } from './discover.ts';
import { InstalledTarget } from './installed.ts';
import { NativeTarget, type NativeTargetOptions } from './target.ts';

/** Null for names that mean nothing. Whether the allocator or the library is there shows when it runs. */
export function nativeTargetNamed(
  name: string,
  places: Pick<NativeTargetOptions, 'cacheDir' | 'harness'>,
): Target | null {
  if (name === 'system') return new NativeTarget({ name, preload: null, ...places });
  if (name.includes('/') || /\.so(\.\d+)*$/.test(name)) {
    return new NativeTarget({ name, preload: path.resolve(name), ...places });
  }
  return knownAllocators.includes(name) ? new InstalledTarget({ name, ...places }) : null;
}
