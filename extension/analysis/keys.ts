/** Keys of an option string: what the text of one variable is compared with, piece by piece. */
import type { Defaults } from './defaults.ts';
import type { EnvRead } from './env.ts';
import type { Index } from './index.ts';

export interface Key {
  readonly key: string;
  /** What the key's option is without it, when a plain object holds it. */
  readonly unset: string | null;
}

export function keysOf(index: Index, defaults: Defaults, read: EnvRead): Key[] {
  void index;
  void defaults;
  void read;
  return [];
}
