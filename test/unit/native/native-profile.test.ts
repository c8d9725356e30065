/** Whose code is whose in a benchmark's profile. */
import { describe, expect, it } from 'vitest';
import type { RawFrame, RawProfile } from '../../../extension/model-profile.ts';
import { nativeBenchProfile, type ProfiledObjects } from '../../../extension/native/result.ts';
import { StackTable } from '../../../extension/profile/import/stack-table.ts';

const harness = '/cache/harness-1';
const libc = '/usr/lib/x86_64-linux-gnu/libc.so.6';

function raw(frames: readonly (readonly [name: string, object: string])[]): RawProfile {
  const stacks = new StackTable();
  for (const [name, object] of frames) {
    const frame: RawFrame = { name, object, file: null, line: null, address: null, inlined: false };
    stacks.add(stacks.child(stacks.root, stacks.frame(frame)), 1);
  }
  const event = {
    name: 'cpu-clock',
    unit: 'samples',
    samples: frames.length,
    weight: frames.length,
  } as const;
  return {
    ...{ format: 'perf.data', event, events: [event], ...stacks.done(), threads: [], stacks: true },
    ...{ skipped: null, buildIds: {}, notes: [] },
  };
}

function categories(
  objects: Omit<ProfiledObjects, 'name' | 'binary'>,
  frames: readonly (readonly [string, string])[],
): Record<string, string> {
  const profile = nativeBenchProfile(
    { raw: raw(frames), native: null, counters: null },
    { name: 'x', binary: harness, ...objects },
    'random_mixed',
  );
  expect(profile).toMatchObject({
    target: 'x',
    variant: 'native',
    speedAgainstFast: null,
    samples: frames.length,
  });
  return Object.fromEntries((profile?.functions ?? []).map((f) => [f.name, f.category]));
}

describe('nativeBenchProfile', () => {
  it('a preloaded library', () => {
    const own = '/build/libhak.so';
    const found = categories({ object: own, linked: false }, [
      ['malloc', own],
      ['tiny_alloc', own],
      ['stats_record', own],
      ['random_mixed_timed', harness],
      ['memset', libc],
      ['malloc_consolidate', libc],
      ['clear_page_erms', '[kernel.kallsyms]'],
    ]);
    expect(found).toEqual({
      ...{ malloc: 'wrapper', tiny_alloc: 'core', stats_record: 'stats', random_mixed_timed: 'benchmark' },
      ...{ memset: 'library', malloc_consolidate: 'library', clear_page_erms: 'kernel' },
    });
  });

  it("the system's allocator is the C library's, and of that only the allocator", () => {
    const found = categories({ object: null, linked: false }, [
      ['_int_malloc', libc],
      ['memset', libc],
      ['tiny_alloc', harness],
    ]);
    expect(found).toEqual({ _int_malloc: 'core', memset: 'library', tiny_alloc: 'benchmark' });
  });

  it('an allocator that is linked into the harness', () => {
    const found = categories({ object: harness, linked: true }, [
      ['mi_malloc', harness],
      ['pc_timed', harness],
      ['memset', libc],
    ]);
    expect(found).toEqual({ mi_malloc: 'core', pc_timed: 'benchmark', memset: 'library' });
  });

  it('nothing recorded is no profile', () => {
    const none = { raw: null, native: null, counters: null };
    expect(
      nativeBenchProfile(none, { name: 'x', object: null, binary: harness, linked: false }, 'w'),
    ).toBeNull();
  });
});
