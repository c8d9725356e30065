/** Keeps the last profiled run of a workspace over a reload of the window. */
import type * as vscode from 'vscode';
import type { Profile } from '../model.ts';
import type { LoadedRun, Store } from './store.ts';

const key = 'loadedRun';

interface Remembered {
  /** Lines and boxes are of this version's engine; another version's would stand on the wrong lines. */
  readonly version: string;
  readonly run: LoadedRun;
  readonly profile: Profile;
}

function isRemembered(value: unknown, version: string): value is Remembered {
  if (typeof value !== 'object' || value === null) return false;
  const { version: of, run, profile } = value as Partial<Remembered>;
  return of === version && run?.result?.schemaVersion === 1 && Array.isArray(profile?.functions);
}

/** Loads what was remembered for this workspace and remembers what the store loads from now on. */
export function registerMemory(store: Store, memento: vscode.Memento, version: string): vscode.Disposable {
  const remembered: unknown = memento.get(key);
  if (isRemembered(remembered, version)) store.addRun(remembered.run, remembered.profile);
  return store.onDidChange((what) => {
    if (what !== 'profile') return;
    const { profile } = store;
    const run = store.runs.find((r) => r.recordedAt === profile?.recordedAt);
    const value: Remembered | undefined =
      profile === null || run === undefined ? undefined : { version, run, profile };
    void memento.update(key, value);
  });
}
