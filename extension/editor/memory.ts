/** Keeps the loaded profile of a workspace over a reload of the window. */
import type * as vscode from 'vscode';
import type { Profile } from '../model.ts';
import type { LoadedRun, Store } from './store.ts';

const key = 'loadedRun';

/** Characters of what is remembered; the editor keeps it in a database that is no place for more. */
const mostText = 4_000_000;

interface Remembered {
  /** Lines and boxes are of this version's engine; another version's would stand on the wrong lines. */
  readonly version: string;
  /** Null for recordings and imports. */
  readonly run: LoadedRun | null;
  readonly profile: Profile;
  readonly file: string | null;
}

function isRemembered(value: unknown, version: string): value is Remembered {
  if (typeof value !== 'object' || value === null) return false;
  const { version: of, run, profile } = value as Partial<Remembered>;
  const isRun = run === null || run?.result?.schemaVersion === 1;
  return of === version && isRun && Array.isArray(profile?.functions) && Array.isArray(profile?.lines);
}

/** The profile, without its call tree and addresses where they would be too much; null when it still is. */
function fitting(value: Remembered): Remembered | null {
  if (JSON.stringify(value).length <= mostText) return value;
  const { details } = value.profile;
  if (details === undefined) return null;
  const profile = { ...value.profile, details: { ...details, tree: null, addresses: [] } };
  const less = { ...value, profile };
  return JSON.stringify(less).length <= mostText ? less : null;
}

/** Loads what was remembered for this workspace and remembers what the store loads from now on. */
export function registerMemory(store: Store, memento: vscode.Memento, version: string): vscode.Disposable {
  const remembered: unknown = memento.get(key);
  if (isRemembered(remembered, version)) {
    const { run, profile, file } = remembered;
    if (run === null) store.addProfile({ profile, mapped: new Map(), run: null, file: file ?? null });
    else store.addRun(run, profile);
  }
  let kept = store.loaded?.profile ?? null;
  return store.onDidChange((what) => {
    if (what !== 'profile') return;
    const { loaded } = store;
    if ((loaded?.profile ?? null) === kept) return;
    kept = loaded?.profile ?? null;
    if (loaded === null) {
      void memento.update(key, undefined);
      return;
    }
    const { profile, run: result, file } = loaded;
    const run = result === null ? null : { result, recordedAt: profile.recordedAt };
    void memento.update(key, fitting({ version, run, profile, file }) ?? undefined);
  });
}
