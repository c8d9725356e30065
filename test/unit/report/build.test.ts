import { describe, expect, it } from 'vitest';
import type { BenchResult, Findings, Profile } from '../../../extension/model.ts';
import { buildReport } from '../../../extension/report/build.ts';
import { renderMarkdown } from '../../../extension/report/markdown.ts';
import { library, native, project } from '../editor/native.ts';
import { candidate, findings, fn, gate, profile, run, site, variable } from './fixtures.ts';

function report(
  f: Findings | null,
  p: Profile | null,
  runs: readonly BenchResult[] = [],
): ReturnType<typeof buildReport> {
  return buildReport({
    title: 'samples/hakmem',
    createdAt: '2026-11-20T10:31:00Z',
    findings: f,
    profile: p,
    runs,
  });
}

describe('hot functions', () => {
  it('follow the shape of the documents: share, category, reduction target', () => {
    const rows = report(findings(), profile()).hotFunctions;
    expect(rows.map((r) => [r.name, r.selfPercent, r.category, r.target, r.reduction])).toEqual([
      ['front_fastlane_try_free', 23.97, 'wrapper', 'A', 'remove layer'],
      ['malloc', 23.84, 'wrapper', 'A', 'remove layer'],
      ['main', 22.02, 'benchmark', null, 'baseline'],
      ['free', 6.82, 'wrapper', 'A', 'remove layer'],
      ['unified_cache_push', 4.44, 'core', null, 'optimize later'],
      ['tiny_header_finalize_alloc', 4.34, 'core', null, 'optimize later'],
      ['tiny_c7_ultra_alloc', 3.38, 'core', null, 'optimize later'],
      ['tiny_c7_ultra_free', 2.07, 'core', null, 'optimize later'],
      ['hakmem_env_snapshot_enabled', 1.22, 'env', 'B', 'read once'],
      ['hak_super_lookup', 0.98, 'core', null, 'optimize later'],
    ]);
  });

  it('point into the engine and, by symbol, into the project', () => {
    const row = report(findings(), profile()).hotFunctions[0];
    expect(row?.source).toEqual({
      origin: 'engine',
      file: 'engine/allocator/front_fastlane_try_free.ts',
      line: 3,
    });
    expect(row?.projectSource).toEqual({
      origin: 'project',
      file: 'core/front_fastlane_try_free.c',
      line: 10,
    });
  });

  it('claim nothing about a project that only shares malloc and free', () => {
    const other = findings({ functions: [fn('malloc'), fn('free'), fn('mi_heap_malloc')] });
    const model = report(other, profile());
    expect(model.hotFunctions.map((r) => r.projectSource)).toEqual(Array(10).fill(null));
    expect(model.lead).toContain('malloc and free); no function of this project was measured.');
  });

  const onPush = candidate({
    function: 'unified_cache_push',
    file: 'core/unified_cache_push.c',
    line: 20,
    letter: 'C',
  });

  it("take a core function's target from the project's candidate, a wrapper's from its category", () => {
    const rows = report(
      findings({
        candidates: [onPush, candidate({ function: 'free', file: 'core/free.c', line: 50, letter: 'D' })],
      }),
      profile(),
    ).hotFunctions;
    expect(rows.find((r) => r.name === 'unified_cache_push')).toMatchObject({
      target: 'C',
      reduction: 'compile out',
    });
    expect(rows.find((r) => r.name === 'free')).toMatchObject({ target: 'A', reduction: 'remove layer' });
  });

  it('ask nobody to remove what is switched off already', () => {
    const off = site({
      file: onPush.file,
      line: onPush.line,
      activity: { state: 'inactive', decidedBy: 'HAKMEM_STATS_DUMP' },
    });
    const model = report(findings({ atomics: [off], candidates: [onPush] }), profile());
    expect(model.hotFunctions.find((r) => r.name === 'unified_cache_push')?.target).toBeNull();
    expect(model.lead).not.toContain('Cheapest next step');
  });

  it('ignore the candidate of a function that only shares the name', () => {
    const rows = report(
      findings({
        candidates: [candidate({ function: 'unified_cache_push', file: 'other/push.c', line: 1 })],
      }),
      profile(),
    ).hotFunctions;
    expect(rows.find((r) => r.name === 'unified_cache_push')?.target).toBeNull();
  });

  it('of a native profile carry total and object, and lead to the function of that file alone', () => {
    const mapped = native({
      functions: native().functions.map((f) => ({ ...f, file: f.file?.replace('/project/', '') ?? null })),
    });
    const rows = report(project(), mapped).hotFunctions;
    expect(
      rows.map((r) => [r.name, r.totalPercent, r.object, r.projectSource?.file ?? null, r.source]),
    ).toEqual([
      ['g', 40, library, 'core/a.c', null],
      ['take', 30, library, 'core/b.h', null],
      // The project defines a function of that name, too: it did not run.
      ['free', 20, '/lib/libc.so.6', null, null],
      ['f', 40, library, 'core/a.c', null],
    ]);
    expect(rows.find((r) => r.name === 'free')).toMatchObject({ category: 'library', reduction: 'outside' });
  });

  it('are empty without a profile and leave out functions that never ran', () => {
    expect(report(findings(), null).hotFunctions).toEqual([]);
    const p = profile({
      functions: [{ name: 'cold', category: 'core', selfPercent: 0, file: null, line: null }],
    });
    expect(report(null, p).hotFunctions).toEqual([]);
  });
});

describe('gates in the code and in the profile', () => {
  const two = findings({ gates: [gate(), gate({ id: 'g2', function: 'tiny_guard_enabled' })] });

  it('follow the rule of Phase 42', () => {
    const rule = report(two, profile()).gateRule;
    expect(rule?.gates.map((g) => [g.name, g.state, g.selfPercent])).toEqual([
      ['hakmem_env_snapshot_enabled', 'hot', 1.22],
      ['tiny_guard_enabled', 'not seen', null],
    ]);
    expect(rule?.verdict).toBe('INCONCLUSIVE');
    expect(renderMarkdown(report(two, profile()))).toContain(
      '## Gates in the code and in the profile (Top 50)',
    );
  });

  it('are not judged by a profile of something else, or by none', () => {
    const other = findings({ functions: [fn('malloc'), fn('free')], gates: [gate()] });
    expect(report(other, profile()).gateRule).toBeUndefined();
    expect(report(two, null).gateRule).toBeUndefined();
    expect(renderMarkdown(report(two, null))).not.toContain('Gates in the code and in the profile');
  });
});

describe('audit', () => {
  it('aggregates sites by variable: hottest place, most active state, decisive evidence', () => {
    const f = findings({
      atomics: [
        site({
          id: 'a',
          temperature: 'cold',
          activity: { state: 'inactive', decidedBy: 'HAKMEM_FREE_STATS' },
        }),
        site({ id: 'b', temperature: 'hot', activity: { state: 'active', decidedBy: null } }),
      ],
    });
    expect(report(f, null).audit[0]).toEqual({
      variable: 'v1',
      name: 'g_free_ss_enter',
      class: 'telemetry',
      role: 'counter',
      temperature: 'hot',
      activity: { state: 'active', decidedBy: null },
      sites: 2,
      evidence: 'its only read is printed',
      source: { origin: 'project', file: 'core/stats.c', line: 7 },
      decisive: { origin: 'project', file: 'core/stats.c', line: 30 },
    });
  });

  it('orders hot and active first, names fields by their owner, keeps variables without sites', () => {
    const f = findings({
      variables: [
        variable({ id: 'x', name: 'len', owner: 'queue', class: 'correctness', evidence: [] }),
        variable({ id: 'w', name: 'b_warm' }),
        variable({ id: 'h', name: 'z_hot' }),
      ],
      atomics: [
        site({ variable: 'h', temperature: 'hot' }),
        site({ variable: 'w', temperature: 'warm' }),
        site({ variable: null }),
      ],
    });
    const rows = report(f, null).audit;
    expect(rows.map((r) => r.name)).toEqual(['z_hot', 'b_warm', 'queue.len']);
    expect(rows[2]).toMatchObject({ sites: 0, evidence: 'no access was followed', decisive: null });
  });
});

describe('lead', () => {
  it('says what was found, what is not known about its cost, and what to do next', () => {
    const f = findings({ candidates: [candidate()] });
    expect(report(f, profile(), [run()]).lead).toBe(
      "54.6% of the built-in engine's time in random_mixed is in three wrappers (front_fastlane_try_free, malloc and free). " +
        'One active telemetry atomic lies on the hot path; one environment gate is read on every call. ' +
        'Cheapest next step: Compile out g_free_ss_enter (gain not estimated, risk low). What it costs is not known until both builds are measured.',
    );
  });

  it('gives an estimate as one', () => {
    const f = findings({
      candidates: [
        candidate({
          id: 'high',
          risk: 'high',
          title: 'Rewrite it',
          estimate: { instructionsPerOp: null, branchesPerOp: null, throughputPercent: 40 },
        }),
        candidate({
          letter: 'A',
          title: 'Collapse the FastLane layer',
          estimate: { instructionsPerOp: -17, branchesPerOp: -6, throughputPercent: 12 },
        }),
      ],
    });
    expect(report(f, profile()).lead).toContain(
      'Cheapest next step: Collapse the FastLane layer (estimated +12%, risk low). The gain is an estimate until both builds are measured.',
    );
  });

  it('recommends the candidate on the function with the largest share among equals', () => {
    const at = (name: string, title: string) =>
      candidate({ id: name, function: name, file: `core/${name}.c`, line: 30, title });
    const f = findings({
      candidates: [at('hak_super_lookup', 'First in the list'), at('malloc', 'On the hottest')],
    });
    expect(report(f, profile()).lead).toContain('Cheapest next step: On the hottest (');
    expect(report(f, null).lead).toContain('Cheapest next step: First in the list (');
  });

  it('does not count what is switched off as active', () => {
    const off = findings({
      atomics: [
        site({ id: '1', activity: { state: 'inactive', decidedBy: 'X' } }),
        site({ id: '2', activity: { state: 'conditional', decidedBy: 'Y' } }),
      ],
      gates: [],
    });
    expect(report(off, null).lead).toBe(
      'No telemetry atomic is active on the hot path: two are there, switched off by compile flags or gates. ' +
        'Next: run a benchmark to see where the time goes; until then no cost is known.',
    );
  });

  it('leaves gates that are cached out of the count of reads on every call', () => {
    const f = findings({ gates: [gate({ read: 'once' }), gate({ hot: false })] });
    expect(report(f, null).lead).not.toContain('every call');
  });

  it('answers for sources without allocator code, without atomics, and for nothing at all', () => {
    expect(
      report(findings({ configuration: { defines: {}, env: {}, entries: [] } }), profile()).lead,
    ).toContain('nothing can be called hot');
    expect(report(findings({ atomics: [], gates: [] }), profile()).lead).toContain(
      'One file analysed: no atomic operation and no read of the environment.',
    );
    expect(report(null, null).lead).toMatch(/^Nothing is known yet\./);
  });

  it('names the largest function when wrappers are not the story', () => {
    const p = profile({
      target: { kind: 'native', name: 'system', variant: null, sha256: null },
      functions: [
        { name: 'main', category: 'benchmark', selfPercent: 60, file: null, line: null },
        { name: '_int_malloc', category: 'core', selfPercent: 40, file: null, line: null },
      ],
    });
    expect(report(null, p).lead).toMatch(
      /^The largest share of system's time in random_mixed is 40\.0%, in _int_malloc \(core\)\./,
    );
  });
});
