import { describe, expect, it } from 'vitest';
import {
  counterHover,
  escapeMarkdown,
  gateHover,
  type HoverContext,
  heatHover,
  siteHover,
} from '../../../extension/editor/hover-text.ts';
import type { Findings } from '../../../extension/model.ts';
import { cost, table } from '../experiment/cost-fixtures.ts';
import { counter, findings, fn, gate, profile, site, variable } from './builders.ts';

const links: HoverContext['links'] = {
  location: (file, line, column = 1) => `at:${file}:${line}:${column}`,
  rows: (ids) => `rows:${ids.join('+')}`,
  report: 'report:',
  calibrate: 'calibrate:',
};
const ctx = (over: Partial<Findings>, costs: HoverContext['costs'] = null): HoverContext => ({
  ...{ findings: findings(over), links, costs },
});

const evidence = (line: number, reason: string): Findings['atomics'][number]['evidence'][number] => ({
  file: 'core/tiny_unified_cache.c',
  line,
  column: 3,
  text: 'x',
  reason,
});

describe('the hover of an atomic', () => {
  it('is an argument that can be checked by clicking', () => {
    const flag = gate({
      name: 'MEASURE_COMPILED',
      kind: 'compile',
      file: 'flags.h',
      line: 7,
      column: 9,
      read: null,
    });
    const hit = site({
      target: 'g_hits[c]',
      function: 'unified_cache_pop',
      activity: { state: 'inactive', decidedBy: 'MEASURE_COMPILED' },
      gates: ['MEASURE_COMPILED'],
      via: [{ name: 'STAT_INC', kind: 'macro', file: 'stats.h', line: 4 }],
      evidence: [
        evidence(212, 'result of the fetch_add is discarded'),
        evidence(640, 'load flows only to printf'),
      ],
    });
    const f = fn({ name: 'unified_cache_pop' });
    const text = siteHover(
      hit,
      ctx({ atomics: [hit], gates: [flag], functions: [f], variables: [variable()] }),
      {
        function: f,
        selfPercent: 4.4,
        bySymbol: 'engine',
        atomics: [hit],
        counters: [],
        gates: [],
      },
    );
    expect(text).toBe(
      [
        '<span style="color:var(--vscode-allocLens-atomic-telemetry);">telemetry</span>: counter  **g\\_hits\\[c\\]** — fetch\\_add, relaxed',
        'On the hot path: [unified\\_cache\\_pop](at:a.c:10:1), 4.4% self (engine, by symbol). Compiled out: [MEASURE\\_COMPILED](at:flags.h:7:9) off (compile gate, default). Through [STAT\\_INC](at:stats.h:4:1).',
        '1. result of the fetch\\_add is discarded — [tiny\\_unified\\_cache.c:212](at:core/tiny_unified_cache.c:212:3)\n2. load flows only to printf — [tiny\\_unified\\_cache.c:640](at:core/tiny_unified_cache.c:640:3)',
        'No condition, index, address or size depends on it.',
        '---',
        `[1 access to g\\_hits](rows:${hit.id}) · declared at [a.c:3](at:a.c:3:1) · [report](report:)`,
      ].join('\n\n'),
    );
  });

  it('takes the variable’s evidence where the site has none, and cuts a long list', () => {
    const many = Array.from({ length: 15 }, (_, i) => evidence(i + 1, `read ${i + 1}`));
    const text = siteHover(site(), ctx({ variables: [variable({ evidence: many })] }));
    expect(text).toContain('12. read 12');
    expect(text).not.toContain('read 13');
    expect(text).toContain('… and 3 more.');
  });

  it('claims nothing about what could not be followed', () => {
    const text = siteHover(
      site({ class: 'unknown', role: null, variable: null, function: null, order: null }),
      ctx({}),
    );
    expect(text).toContain('unclassified</span>  **g\\_hits** — fetch\\_add\n');
    expect(text).toContain('outside any function');
    expect(text).toContain('nothing is claimed');
    expect(text).toContain('declaration not resolved');
  });

  it('says what it costs here, or how to know it', () => {
    const known = table([cost('relaxed add', 0.7, { interval: [0.6, 0.8] })]);
    expect(siteHover(site(), ctx({}, known))).toContain(
      '\n\n1 hot telemetry atomic, about 0.70 ns/op here \\(0.60 .. 0.80; estimate, C, gcc 12.2.0 on this machine\\), if it runs once an operation and no other thread writes to it.\n\n---',
    );
    expect(siteHover(site(), ctx({}))).toContain(
      '\n\n[Calibrate costs](calibrate:) to see what it costs here.\n\n---',
    );
  });

  it.each([
    ['correctness', { class: 'correctness', role: 'lock' }],
    ['an unclassified one', { class: 'unknown', role: null }],
    ['a cold one', { temperature: 'cold' }],
    ['one that is compiled out', { activity: { state: 'inactive', decidedBy: 'X' } }],
    ['a store, which was not measured', { operation: 'store' }],
  ] as const)('offers no gain from %s', (_, over) => {
    for (const costs of [null, table([cost('relaxed add', 0.7)])]) {
      expect(siteHover(site(over), ctx({}, costs))).not.toMatch(/ns\/op|calibrate/i);
    }
  });

  it('never lets source text become a link, a command or HTML', () => {
    const evil = '[x](command:workbench.action.quit)<img src=x>`**\n# y';
    const text = siteHover(site({ target: evil, evidence: [evidence(1, evil)] }), ctx({}));
    expect(text).not.toContain('](command:');
    expect(text).not.toContain('<img');
    expect(escapeMarkdown(evil)).toBe(
      '\\[x\\]\\(command:workbench.action.quit\\)&lt;img src=x&gt;\\`\\*\\* \\# y',
    );
  });
});

describe('the hover of a gate', () => {
  it('says its value, how it is read and what runs only under it', () => {
    const f = fn({ name: 'pool_v2_alloc' });
    const hit = site({ line: 44 });
    const plain = counter({ line: 45 });
    const g = gate({
      name: 'HAKMEM_POOL_V2_ENABLED',
      read: 'per-call',
      hot: true,
      guards: [f.id, hit.id, plain.id],
    });
    expect(gateHover(g, ctx({ functions: [f], atomics: [hit], counters: [plain], gates: [g] }))).toBe(
      [
        'environment gate  **HAKMEM\\_POOL\\_V2\\_ENABLED** — off by default',
        'Read per call by gate\\_fn, on the hot path. Set it for the analysis in `allocLens.env`.',
        'Runs only under it:\n\n- pool\\_v2\\_alloc\\(\\) — [a.c:10](at:a.c:10:1)\n- fetch\\_add g\\_hits \\(telemetry\\) — [a.c:44](at:a.c:44:5)\n- g\\_warm\\_pool\\_stats\\[c\\].hits \\(plain counter\\) — [a.c:45](at:a.c:45:1)',
      ].join('\n\n'),
    );
  });

  it('shows what the user set, and admits an unknown default', () => {
    const configuration = { defines: { A: '' }, env: {}, entries: [] };
    const flag = gate({ name: 'A', kind: 'compile', read: null, function: null });
    expect(gateHover(flag, ctx({ configuration }))).toContain('**A** — = \\(empty\\) (set)');
    expect(gateHover(gate({ name: null, default: null }), ctx({}))).toContain(
      '**\\(computed name\\)** — default unknown\n',
    );
  });
});

it('the hover of a counter says why it is one', () => {
  expect(counterHover(counter({ function: 'f' }), ctx({ functions: [fn({ name: 'f' })] }))).toBe(
    [
      'plain counter  **g\\_warm\\_pool\\_stats\\[c\\].hits**',
      'On the hot path: [f](at:a.c:10:1).',
      'Telemetry without an atomic: a load, an add and a store each time it runs.',
    ].join('\n\n'),
  );
});

it('the hover of a measured line gives share, rank and origin', () => {
  const file = {
    file: 'e.ts',
    functions: [],
    heat: [
      { line: 3, percent: 2 },
      { line: 4, percent: 8.9 },
    ],
  };
  expect(heatHover(3, file, profile(), 'random_mixed, engine fast')).toBe(
    '**2.0%** of the run on this line — 2 of 2 measured lines in this file, which holds 10.9%.\n\nrandom\\_mixed, engine fast. Functions: V8 sampler, 1000 samples of variant sampled at 80% of fast’s speed. Lines: counted instructions.',
  );
  expect(heatHover(5, file, profile(), 'r')).toBeNull();
});
