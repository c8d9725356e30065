import type * as vscode from 'vscode';
import { describe, expect, it } from 'vitest';
import { registerMemory } from '../../../extension/editor/memory.ts';
import { Store } from '../../../extension/editor/store.ts';
import { benchResult, engineProfile } from './builders.ts';
import { details, native } from './native.ts';

function memento(): vscode.Memento {
  const values = new Map<string, string>();
  return {
    keys: () => [...values.keys()],
    get: (key: string): unknown => JSON.parse(values.get(key) ?? 'null'),
    update: async (key: string, value: unknown) => {
      if (value === undefined) values.delete(key);
      else values.set(key, JSON.stringify(value));
    },
  } as vscode.Memento;
}

const profile = engineProfile({ malloc: 60, free: 40 });
const run = { result: benchResult(), recordedAt: profile.recordedAt };

describe('the loaded run', () => {
  it('survives a reload of the same version, and not its clearing', () => {
    const kept = memento();
    const before = new Store();
    registerMemory(before, kept, '0.1.0');
    before.addRun(run, profile);
    const after = new Store();
    registerMemory(after, kept, '0.1.0');
    expect(after.profile).toEqual(profile);
    expect(after.profiledRun).toEqual(run.result);
    after.clearProfile();
    const last = new Store();
    registerMemory(last, kept, '0.1.0');
    expect(last.profile).toBeNull();
  });

  it('of another version, or damaged, is not loaded', async () => {
    const kept = memento();
    const before = new Store();
    registerMemory(before, kept, '0.1.0');
    before.addRun(run, profile);
    const other = new Store();
    registerMemory(other, kept, '0.2.0');
    expect(other.profile).toBeNull();
    for (const damaged of [7, { version: '0.1.0' }, { version: '0.1.0', run, profile: { functions: 3 } }]) {
      await kept.update('loadedRun', damaged);
      const store = new Store();
      registerMemory(store, kept, '0.1.0');
      expect(store.profile).toBeNull();
    }
  });

  it('of an import comes back without a run, and without its call tree where that is too large', () => {
    const kept = memento();
    const before = new Store();
    registerMemory(before, kept, '0.1.0');
    before.addProfile({ profile: native(), mapped: new Map(), run: null, file: '/r/perf.data' });
    const after = new Store();
    registerMemory(after, kept, '0.1.0');
    expect(after.loaded).toMatchObject({ profile: native(), run: null, file: '/r/perf.data' });
    const names = Array.from({ length: 300_000 }, (_, i) => `a_function_${i}`);
    const tree = { names, categories: [], parent: [-1], function: [-1], self: [0], total: [100], dropped: 0 };
    before.addProfile({
      profile: native({ details: details({ tree }) }),
      mapped: new Map(),
      run: null,
      file: null,
    });
    const last = new Store();
    registerMemory(last, kept, '0.1.0');
    expect(last.profile?.details).toMatchObject({ tree: null, addresses: [] });
    expect(last.profile?.lines).toEqual(native().lines);
  });

  it('without a profile is not kept', () => {
    const kept = memento();
    const store = new Store();
    registerMemory(store, kept, '0.1.0');
    store.addRun(run, null);
    expect(kept.keys()).toEqual([]);
  });
});
