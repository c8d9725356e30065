/** A native profile of `core/a.c` and `core/b.h`, as debug information of this machine has them, and its project. */
import type { Findings, Profile } from '../../../extension/model.ts';
import type { ProfileDetails } from '../../../extension/model-profile.ts';
import { findings, fn } from './builders.ts';

export const library = '/project/build/liba.so';

export const source = [
  '#include "b.h"', // 1
  'static _Atomic long g_hits;',
  'void* f(int n) {', // 3
  '  if (n == 0) return 0;',
  '  return take(n);', // 5: b.h is inlined here
  '}',
  'void g(void) {', // 7
  '  g_hits++;', // 8
  '}',
].join('\n');

export const details = (over: Partial<ProfileDetails> = {}): ProfileDetails => ({
  format: 'perf.data',
  event: { name: 'cpu-clock', unit: 'samples', samples: 12_345, weight: 12_345 },
  events: [{ name: 'cpu-clock', unit: 'samples', samples: 12_345, weight: 12_345 }],
  threads: [{ name: 'harness', tid: 7, percent: 100 }],
  tree: {
    names: ['main', 'f', 'take', 'g'],
    categories: ['benchmark', 'core', 'core', 'core'],
    parent: [-1, 0, 1, 2, 1],
    function: [-1, 0, 1, 2, 3],
    self: [0, 0, 10, 30, 40],
    total: [100, 80, 40, 30, 40],
    dropped: 0,
  },
  addresses: [
    {
      object: library,
      buildId: null,
      points: [
        [0x1180, 10],
        [0x1184, 30],
      ],
    },
  ],
  unmapped: [],
  counters: null,
  buildIds: {},
  skipped: null,
  notes: ['cycles are not counted here: cpu-clock was used'],
  ...over,
});

export const native = (over: Partial<Profile> = {}): Profile => ({
  target: { kind: 'native', name: 'liba', variant: null, sha256: null },
  workload: 'random_mixed:mixed',
  origin: { functions: 'perf cpu-clock', lines: 'perf cpu-clock' },
  unit: 'samples',
  samples: 12_345,
  recordedAt: '2026-11-20T11:42:00.000Z',
  speedAgainstFast: null,
  functions: [
    {
      name: 'g',
      category: 'core',
      selfPercent: 40,
      totalPercent: 40,
      file: '/project/core/a.c',
      line: null,
      object: library,
    },
    {
      name: 'take',
      category: 'core',
      selfPercent: 30,
      totalPercent: 30,
      file: '/project/core/b.h',
      line: null,
      object: library,
    },
    {
      name: 'f',
      category: 'core',
      selfPercent: 10,
      totalPercent: 40,
      file: '/project/core/a.c',
      line: null,
      object: library,
    },
    {
      name: 'free',
      category: 'library',
      selfPercent: 20,
      totalPercent: 20,
      file: './malloc/malloc.c',
      line: null,
      object: '/lib/libc.so.6',
    },
  ],
  lines: [
    {
      file: '/project/core/a.c',
      line: 8,
      percent: 40,
      instructions: [
        { address: '1190', text: 'lock addq $0x1,0x2d3c(%rip)', percent: 33, function: 'g' },
        { address: '1198', text: 'ret', percent: 7, function: 'g' },
      ],
    },
    { file: '/project/core/a.c', line: 4, percent: 10 },
    { file: '/project/core/a.c', line: 5, percent: 0, callSitePercent: 30 },
    {
      file: '/project/core/b.h',
      line: 2,
      percent: 30,
      instructions: [{ address: '1184', text: 'mov (%rdi),%rax', percent: 30, function: 'take' }],
    },
    { file: './malloc/malloc.c', line: 100, percent: 20 },
  ],
  details: details(),
  ...over,
});

export const project = (over: Partial<Findings> = {}): Findings =>
  findings({
    files: [
      { path: 'core/a.c', language: 'c', lines: 9, bytes: 200, parseErrors: 0 },
      { path: 'core/b.h', language: 'c', lines: 4, bytes: 90, parseErrors: 0 },
    ],
    functions: [
      fn({ name: 'f', file: 'core/a.c', line: 3, endLine: 6 }),
      fn({ name: 'g', file: 'core/a.c', line: 7, endLine: 9 }),
      fn({ name: 'take', file: 'core/b.h', line: 1, endLine: 4 }),
      fn({ name: 'free', file: 'core/b.h', line: 4, endLine: 4 }),
    ],
    ...over,
  });
