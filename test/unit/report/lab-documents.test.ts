/** The laboratory's documents: the figures as the method's documents print them, names and text that nothing can break. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { cumulative } from '../../../extension/experiment/cumulative.ts';
import type { Experiment } from '../../../extension/model-experiment.ts';
import { cumulativeDocument } from '../../../extension/report/cumulative-document.ts';
import { documentMark, experimentDocument } from '../../../extension/report/lab-documents.ts';
import { impact } from '../../../extension/report/lab-format.ts';
import { writeDocuments } from '../../../extension/report/lab-export.ts';
import { documentNames } from '../../../extension/report/lab-names.ts';
import { experiment, side } from '../experiment/lab-records.ts';

/** Phase 64's runs, as its document lists them. */
const phase64 = experiment({
  ...{ id: 'p64', replay: 'phase-64', title: 'Phase 64: Backend Pruning', verdict: 'NO-GO', rule: 'seed' },
  ...{ threshold: 2, effectPercent: -4.054, interval: null, reason: 'Regression beyond the threshold.' },
  baseline: side(
    'minimal',
    [60022164, 57772821, 59633856, 60658837, 58595231, 59376766, 58661246, 58110953, 58952756, 59331245],
  ),
  treatment: side(
    'fast_pruned',
    [55339952, 56847444, 58161283, 58645002, 55615903, 55984988, 56979027, 55851054, 57196418, 56529372],
  ),
  counters: {
    unit: 'x86',
    rows: [
      { name: 'Cycles', baseline: 1703775790, treatment: 1608678889, delta: -5.5815 },
      { name: 'Instructions', baseline: 3866028123, treatment: 2870328700, delta: -25.7551 },
      { name: 'IPC', baseline: 2.269, treatment: 1.784, delta: -21.37 },
    ],
    layoutTax: true,
  },
});

describe('a results document', () => {
  const text = experimentDocument(phase64);

  it("prints Phase 64's figures as its document does", () => {
    expect(text).toContain('# Phase 64: Backend Pruning — Results');
    expect(text).toContain('**Status**: ❌ NO-GO (-4.05%)');
    expect(text).toContain('## A/B Test Results (10 runs each)');
    expect(text).toContain(
      [
        'Run 10: 59,331,245 ops/s',
        'Average: 59,111,588 ops/s',
        'Median: 59,142,000 ops/s',
        'Stdev: 875,766 ops/s',
        'Range: 57,772,821 - 60,658,837 ops/s',
      ].join('\n'),
    );
    expect(text).toContain('Average: 56,715,044 ops/s\nMedian: 56,688,408 ops/s\nStdev: 1,082,600 ops/s');
    expect(text).toContain('- **Average Change**: -4.05%\n- **Median Change**: -4.15%');
    expect(text).toContain('GO above +2.00%');
    expect(text).toContain('| **Instructions** | 3,866,028,123 | 2,870,328,700 | -995,699,423 | -25.76% |');
    expect(text).toContain('| **IPC** | 2.27 | 1.78 | -0.49 | -21.37% |');
    expect(text).toContain('**Layout tax**: instructions an operation fall');
  });

  it('has what differs, gates, layouts, looks, checks, calibration, places, files and machine', () => {
    const changed = [{ function: 'inc', file: 'core/a.c', line: 3, baseline: 1200, treatment: 0 }];
    const pruned = { atomics: 5, what: 'class stats', frequency: 'High' };
    const full = experimentDocument(experiment({ changed, pruned }));
    expect(full).toContain('| **Build flags** | `STATS=1` | `STATS=0` |');
    expect(full).toContain('| Variant | fast | fast |');
    expect(full).toContain('| coverage | ✓ | g_stats \\| ran 100 times |');
    expect(full).toContain('| plain | 12 | +1.40% |');
    expect(full).toContain('| 24 | 20% trimmed mean, Yuen | +1.50% | +1.00% to +2.00% | GO |');
    expect(full).toContain('| Hodges-Lehmann, signed ranks | +1.49% |');
    expect(full).toContain(
      '- **Identical sides (A/A)**: +0.01% (-0.10% to +0.12%), σ 0.20% over 24 units, passed',
    );
    expect(full).toContain('| `inc` | `core/a.c:3` | 1,200 | 0 |');
    expect(full).toContain('## Files\n\n- `core/a.c`');
    expect(full).toContain('- **Atomics removed**: 5 (class stats), High');
    expect(full).toContain('**GO**: The whole interval is above +0.5%.');
    expect(full).toContain('- **Warning**: turbo is on');
    expect(full).toContain('A CPU \\| with a pipe, 2 cores, in a container');
    expect(full).toContain('- **Noise floor**: ±0.14%');
    expect(full.endsWith('`--no-liftoff`\n')).toBe(true);
  });

  it('says so where nothing was timed or known', () => {
    const none: Partial<Experiment> = {
      ...{ verdict: 'NO-OP', reason: 'No changed line ran.', effectPercent: null, interval: null },
      ...{
        looks: [],
        crossChecks: [],
        counters: null,
        layouts: [],
        gates: [],
        warnings: [],
        calibration: null,
      },
      ...{ noiseFloorPercent: null, smallestVisiblePercent: null, units: [], processes: 0 },
      ...{ baseline: side('a', []), treatment: side('b', []) },
    };
    const text = experimentDocument(experiment(none));
    expect(text).toContain('**Status**: ⏸ NO-OP  \n');
    expect(text).toContain('Nothing was timed');
    expect(text).not.toMatch(/NaN|null|undefined|Infinity/);
  });

  it("of a replay has the document's figures beside ours", () => {
    const text = experimentDocument({
      ...phase64,
      document: {
        ...{ replay: 'phase-64', source: 'Phase 64, A/B', verdict: 'NO-GO', effectPercent: -4.05 },
        ...{ medianPercent: -4.15, expected: '+5-10%', threshold: 2, notes: ['IPC | rounded'] },
        baseline: { label: 'minimal', mean: 59_111_588, median: 59_142_000, stdev: 875_766, runs: 10 },
        treatment: null,
      },
    });
    expect(text).toContain('## Beside the document');
    expect(text).toContain('| Baseline, median | 59,142,000 ops/s | 59,142,000 ops/s |');
    expect(text).toContain('| Treatment, mean | – | 56,715,044 ops/s |');
    expect(text).toContain('| Effect of the medians | -4.15% | -4.15% |');
    expect(text).toContain('- **Expected there**: +5-10%');
    expect(text).toContain('- **Note**: IPC \\| rounded');
  });

  it("of a replay has its phase's own tables", () => {
    const gate = { name: 'tiny_guard_enabled', rank: 60, selfPercent: 0.01, state: 'below the top' } as const;
    const text = experimentDocument(
      experiment({
        gap: {
          ...{ unit: 'x86', ours: 'hakmem', theirs: 'libc' },
          rows: [
            { metric: 'Instructions/op', ours: 209.09, theirs: 135.92, delta: 73.17, deltaPercent: 53.84 },
          ],
        },
        topRule: {
          top: 50,
          floor: 0.1,
          functions: 9,
          gates: [gate],
          verdict: 'NEUTRAL',
          reason: 'None is hot.',
        },
        audit: [
          {
            file: 'a.ts',
            function: 'f',
            operation: 'load',
            variable: 'g_bg_spill_len',
            class: 'correctness',
            reason: 'steers',
          },
        ],
        checks: [{ item: 'Run perf stat', passed: null, note: 'no perf' }],
      }),
    );
    expect(text).toContain('| Metric | hakmem | libc | Delta | Delta % |');
    expect(text).toContain('| **Instructions/op** | 209.09 | 135.92 | 73.17 | +53.84% |');
    expect(text).toContain('(Top 50)');
    expect(text).toContain('| `tiny_guard_enabled` | 60 | 0.01% | below the top |');
    expect(text).toContain('**NEUTRAL**: None is hot.');
    expect(text).toContain('| `g_bg_spill_len` | `load` | CORRECTNESS | `a.ts, f` | steers |');
    expect(text).toContain('| – | Run perf stat | no perf |');
  });

  it('a change that rounds to nothing has no sign', () => {
    expect([impact(-0.001), impact(0.001), impact(0), impact(1.006)]).toEqual([
      '0.00%',
      '0.00%',
      '0.00%',
      '+1.01%',
    ]);
  });
});

/** Cells of a table's line: pipes that are not escaped part them. */
const cells = (line: string): number => line.split(/(?<!\\)\|/).length;

describe('text of others', () => {
  const nasty =
    '\n# Title\n| a | b |\n```\n<script>alert(1)</script> [x](javascript:alert(1)) `code` **b** \u202e\u001b[31m';
  const hostile = experiment({
    ...{ id: nasty, title: nasty, replay: nasty, reason: nasty, warnings: [nasty] },
    baseline: side(nasty, [1, 2], {
      target: nasty,
      variant: nasty,
      preset: nasty,
      flags: { A: nasty, [nasty]: '' },
    }),
    treatment: side(nasty, [1, 2], { target: nasty, env: { A: nasty } }),
    gates: [{ name: 'machine', passed: false, note: nasty }],
    layouts: [{ layout: nasty, units: 1, effectPercent: 1 }],
    changed: [{ function: nasty, file: nasty, line: 1, baseline: 1, treatment: 1 }],
    pruned: { atomics: 1, what: nasty, frequency: nasty },
    counters: {
      unit: 'wasm',
      rows: [{ name: nasty, baseline: 1, treatment: 1, delta: 0 }],
      layoutTax: false,
    },
    ...{ startedAt: `2026-01-01T00:00:00Z`, finishedAt: '2026-01-01T00:00:01Z' },
  });
  const plain = experiment({
    ...{ id: 'i', title: 't', replay: 'r', reason: 'r', warnings: ['w'] },
    changed: [{ function: 'f', file: 'g', line: 1, baseline: 1, treatment: 1 }],
  });

  it.each([
    ['results', experimentDocument(hostile), experimentDocument(plain)],
    ['summary', cumulativeDocument(cumulative([hostile])), cumulativeDocument(cumulative([plain]))],
  ])('cannot add to the shape of the %s', (_, text, usual) => {
    const headings = (t: string): number => t.split('\n').filter((l) => l.startsWith('#')).length;
    const fences = (t: string): number => t.split('\n').filter((l) => l.startsWith('```')).length;
    expect([headings(text), fences(text)]).toEqual([headings(usual), fences(usual)]);
    // Outside code spans no tag and no link is left.
    const outside = text
      .replace(/(?<![\\`])(`+)(?!`).*?(?<!`)\1(?!`)/g, '')
      .replace(documentMark, '')
      .replace(/^```$/gm, '');
    expect(outside).not.toMatch(/(?<!\\)<|(?<!\\)\[|(?<!\\)`/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    // Nor does an item begin with text that would be a heading or a list of its own.
    expect(text).not.toMatch(/^- [#>+-]/m);
    let width = 0;
    for (const line of text.split('\n')) {
      if (!line.startsWith('|')) width = 0;
      else if (width === 0) width = cells(line);
      else expect(cells(line)).toBe(width);
    }
  });
});

describe('names of documents', () => {
  const names = (...list: readonly Partial<Experiment>[]): string[] => [
    ...documentNames(list.map((e) => experiment(e))).keys(),
  ];

  it.each([
    [
      'phase-24',
      'Phase 24: Tiny Class Stats Atomic Prune',
      'PHASE24_TINY_CLASS_STATS_ATOMIC_PRUNE_RESULTS.md',
    ],
    ['phase-19a', 'Phase 19A: Eliminate FastLane', 'PHASE19A_ELIMINATE_FASTLANE_RESULTS.md'],
    ['phase-29', 'Pool Hotbox v2 Stats: results', 'PHASE29_POOL_HOTBOX_V2_STATS_RESULTS.md'],
    ['phase-64', 'Phase 64', 'PHASE64_RESULTS.md'],
    ['hygiene-1', 'Shared-pool validation / gates', 'HYGIENE1_SHARED_POOL_VALIDATION_GATES_RESULTS.md'],
    ['phase-1/../../x', 'T', 'experiment-exp-1.md'],
    ['phase-24', '../../etc/passwd\u0000.md', 'PHASE24_ETC_PASSWD_MD_RESULTS.md'],
    ['phase-24', 'x'.repeat(500), `PHASE24_${'X'.repeat(80)}_RESULTS.md`],
  ])('%s, %s', (replay, title, name) => {
    expect(names({ replay, title })).toEqual([name]);
  });

  it('of ids are safe everywhere and never shared', () => {
    const ids = [
      'a',
      'A',
      'a b',
      'a/b',
      '../a',
      'con',
      'NUL',
      'a.',
      '',
      '名前',
      'phase24_results',
      'é',
      'e',
      'x'.repeat(300),
      'x'.repeat(301),
    ];
    const made = names(...ids.map((id) => ({ id })));
    expect(new Set(made.map((n) => n.toLowerCase())).size).toBe(ids.length);
    for (const name of made) expect(name).toMatch(/^experiment-[a-z0-9][a-z0-9_-]{0,100}\.md$/);
  });

  it('of a replay that was repeated: the newest has the name, the older one of its id', () => {
    const old = { id: 'r1', replay: 'phase-64', title: 'Phase 64', finishedAt: '2026-01-01T00:00:00Z' };
    const fresh = { ...old, id: 'r2', finishedAt: '2026-01-02T00:00:00Z' };
    const map = documentNames([fresh, old].map((e) => experiment(e)));
    expect([...map].map(([name, e]) => [name, e.id])).toEqual([
      ['PHASE64_RESULTS.md', 'r2'],
      ['experiment-r1.md', 'r1'],
    ]);
    // The same id again is the same experiment.
    expect(names(old, { ...old, finishedAt: '2026-01-03T00:00:00Z' })).toEqual(['PHASE64_RESULTS.md']);
  });
});

describe('writing them', () => {
  it('all, or those about one experiment, never through what is no file', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-documents-'));
    try {
      const list = [experiment({ id: 'a' }), experiment({ id: 'b' })];
      expect(writeDocuments(list, folder, 'b')).toEqual({
        written: ['experiment-b.md', 'ATOMIC_PRUNE_CUMULATIVE_SUMMARY.md'],
        kept: [],
      });
      mkdirSync(path.join(folder, 'experiment-a.md'));
      expect(writeDocuments(list, folder, null).kept).toEqual(['experiment-a.md']);
      expect(readdirSync(folder)).toHaveLength(3);
      writeFileSync(path.join(folder, 'file'), '');
      expect(() => writeDocuments(list, path.join(folder, 'file', 'x'), null)).toThrow(
        /^cannot write .*not a directory/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the cumulative summary', () => {
  it("has the document's table and total", () => {
    const phase = (n: number, verdict: Experiment['verdict'], effectPercent: number | null): Experiment =>
      experiment({
        id: `p${n}`,
        replay: `phase-${n}`,
        title: `Phase ${n}`,
        verdict,
        effectPercent,
        interval: null,
      });
    const text = cumulativeDocument(
      cumulative([
        phase(24, 'GO', 0.93),
        phase(25, 'GO', 1.07),
        phase(26, 'NEUTRAL', -0.33),
        phase(27, 'GO', 0.74),
        phase(28, 'NO-OP', null),
      ]),
    );
    expect(text).toContain(
      '| 24 | Phase 24 | 5 (class stats) | High (every cache op) | +0.93% | ±0.5% | 200,000 | 400 | engine fast | GO |',
    );
    expect(text).toContain('| 28 | Phase 28 | 0 (bg spill) | N/A (all CORRECTNESS) | N/A |');
    expect(text).toContain('| **Total** |  | **17 atomics** | Mixed | **+2.74%** |');
    expect(text).toContain('- **GO changes** (3): **+2.74%** as a sum, **+2.76%** compounded');
    expect(text).toContain('(4): **+2.41%** as a sum, **+2.43%** compounded');
    expect(text).toContain('- Not counted: `p28`, NO-OP: the changed code did not run');
  });

  it('of nothing says so', () => {
    expect(cumulativeDocument(cumulative([]))).toContain('**Status**: no experiment yet');
  });
});
