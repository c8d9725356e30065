/** What replays of the documents have, candidates with what was measured of them, the cumulative table, paper, themes. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runningProducts } from '../../../extension/experiment/cumulative.ts';
import { replayNamed } from '../../../extension/experiment/replays.ts';
import { hotTable } from '../../../extension/experiment/tables/hot-table.ts';
import { topRule } from '../../../extension/experiment/tables/top-rule.ts';
import type { Experiment } from '../../../extension/model-experiment.ts';
import type { LedgerRecord } from '../../../extension/model-ledger.ts';
import type { ReportModel } from '../../../extension/model.ts';
import { buildReport } from '../../../extension/report/build.ts';
import { laboratoryPart } from '../../../extension/report/laboratory.ts';
import { experiment, ledgerOfAll, spec } from '../fixtures/experiments.ts';
import { candidate, findings, profile, run, seedTop, site } from '../report/fixtures.ts';
import { cells, chromiumPath, inTheme, ReportBrowser, showTab, type Theme } from './browser.ts';

const functions = seedTop.map(([name, selfPercent]) => ({ name, selfPercent }));
const flag = 'HAKMEM_TINY_FREE_STATS_COMPILED';

const layered = spec({ preset: 'LAYERED_BASELINE' });

/** Phase 19A with everything that its replay brings. */
const fastlane = (): Experiment =>
  experiment(
    {
      ...{ id: 'p19a', title: 'Phase 19A: Remove the FastLane wrapper layer', replay: 'phase-19a' },
      baseline: { ...experiment().baseline, label: 'engine LAYERED_BASELINE', spec: layered },
      treatment: {
        ...experiment().treatment,
        ...{ label: 'engine LAYERED_BASELINE, env HAKMEM_FASTLANE_DIRECT=1' },
        spec: { ...layered, env: { HAKMEM_FASTLANE_DIRECT: '1' } },
      },
      moreProcesses: 40,
      gap: {
        ...{ unit: 'wasm', ours: 'engine, all layers', theirs: 'TLSF in the place of libc' },
        rows: [
          { metric: 'instructions/op', ours: 214.31, theirs: 135.92, delta: 78.39, deltaPercent: 57.7 },
          { metric: 'branches/op', ours: 52.33, theirs: 22.93, delta: 29.4, deltaPercent: 128.2 },
          { metric: 'calls/op', ours: null, theirs: 2, delta: null, deltaPercent: null },
        ],
      },
      hot: {
        source: 'engine, all layers; profiled on engine sampled, V8 sampler',
        rows: hotTable(functions),
      },
      checks: [
        { item: 'counters compared per operation', passed: true, note: '4 rows' },
        { item: 'throughput matches the estimate (±20%)', passed: false, note: '3.1 where 12 was estimated' },
        { item: 'memory measured', passed: null, note: 'not done' },
      ],
      finishedAt: '2026-11-21T21:30:00.000Z',
    },
    { effect: 3.1 },
  );

const untimed = { effectPercent: null, interval: null, units: [], looks: [], crossChecks: [], layouts: [] };

const audit = (): Experiment =>
  experiment({
    ...untimed,
    ...{ id: 'p28', title: 'Phase 28: bg spill', replay: 'phase-28', verdict: 'NO-OP', processes: 0 },
    reason: '8/8 correctness: nothing can be compiled out, so nothing is timed',
    ...{ audit: replayNamed('phase-28').audit ?? [], finishedAt: '2026-11-21T21:40:00.000Z' },
  });

const gates = (): Experiment =>
  experiment({
    ...untimed,
    ...{ id: 'p42', title: 'Phase 42: runtime first', replay: 'phase-42', verdict: 'NEUTRAL' },
    topRule: topRule(['hakmem_env_snapshot_enabled', 'mid_v3_enabled', 'tiny_c7_hot_enabled'], functions),
    hot: { source: 'FAST_V3; profiled on engine sampled, V8 sampler', rows: hotTable(functions) },
    finishedAt: '2026-11-21T21:50:00.000Z',
  });

function model(
  experiments: readonly Experiment[] = [...ledgerOfAll(), fastlane(), audit(), gates()],
): ReportModel {
  const records: LedgerRecord[] = experiments.map((e) => ({
    ...{ v: 1 as const, kind: 'experiment' as const, at: e.finishedAt, experiment: e },
  }));
  return buildReport({
    ...{ title: 'replays', createdAt: '2026-11-21T22:00:00.000Z', profile: profile(), runs: [run()] },
    findings: findings({
      atomics: [site({ gates: [flag] })],
      candidates: [
        candidate({ estimate: { instructionsPerOp: -5, branchesPerOp: null, throughputPercent: 1.2 } }),
        candidate({
          ...{
            id: 'k2',
            letter: 'A',
            title: 'Remove the layer front_fastlane_try_free',
            line: 90,
            risk: 'medium',
          },
          estimate: { instructionsPerOp: null, branchesPerOp: null, throughputPercent: 6 },
        }),
      ],
    }),
    laboratory: laboratoryPart(records, [], runningProducts(experiments), []),
  });
}

async function select(page: Page, title: string): Promise<void> {
  await page.locator('#table-experiments tbody tr', { hasText: title }).click();
  await page.locator('.experiment-title', { hasText: title }).waitFor();
}

describe.skipIf(chromiumPath === null)('replays in the report (skipped without Chromium)', () => {
  let browser: ReportBrowser;
  beforeAll(async () => {
    browser = await ReportBrowser.launch(chromiumPath ?? '');
  });
  afterAll(() => browser.close());

  it('Phase 19: gap in one unit, hot functions with categories, checklist, how many more would decide', async () => {
    const { page, complaints } = await browser.openFile(model());
    await showTab(page, 'experiments');
    await select(page, 'Phase 19A');
    const detail = page.getByRole('region', { name: 'Selected experiment' });
    expect(await detail.locator('.floor').innerText()).toMatch(/· about 40 more processes would decide$/);
    expect(await detail.getByRole('region', { name: 'Gap per operation' }).innerText()).toContain(
      'WebAssembly instructions on both sides',
    );
    expect(await cells(page, 'experiment-gap', 2)).toEqual(['214.31', '52.33', '–']);
    expect(await cells(page, 'experiment-gap', 4)).toEqual(['+78.39', '+29.40', '–']);
    expect(await cells(page, 'experiment-gap', 5)).toEqual(['+57.7%', '+128.2%', '–']);
    expect((await cells(page, 'experiment-hot', 2)).slice(0, 2)).toEqual([
      'front_fastlane_try_free',
      'malloc',
    ]);
    expect((await cells(page, 'experiment-hot', 4)).slice(0, 3)).toEqual(['wrapper', 'wrapper', 'benchmark']);
    expect(await detail.innerText()).toContain('wrapper 54.63%');
    expect(await cells(page, 'experiment-checks', 1)).toEqual(['✓ passed', '✗ failed', '– open']);
    await select(page, 'phase-25');
    expect(await detail.innerText()).not.toMatch(/would decide|Gap per operation|Validation checklist/);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('Phase 28: every audited operation with its class and reason', async () => {
    const { page } = await browser.openFile(model());
    await showTab(page, 'experiments');
    await select(page, 'Phase 28');
    expect(await cells(page, 'experiment-audit', 3)).toEqual(Array(8).fill('CORRECTNESS'));
    expect((await cells(page, 'experiment-audit', 5)).every((reason) => reason.length > 10)).toBe(true);
    expect(await page.getByRole('region', { name: 'Audit' }).innerText()).toContain('8/8 correctness');
    await page.context().close();
  });

  it('Phase 42: present in the code against seen in the profile, with the answer', async () => {
    const { page } = await browser.openFile(model());
    await showTab(page, 'experiments');
    await select(page, 'Phase 42');
    expect(await cells(page, 'experiment-top-rule', 2)).toEqual(['hot', 'not seen', 'not seen']);
    const text = await page.getByRole('region', { name: 'Top-50 rule' }).innerText();
    expect(text).toContain('3 gates in the code, 1 of them in a profile of 10 functions');
    expect(text).toContain('1 of 3 gates in the code are in the Top 50');
    await page.context().close();
  });

  it('every table has an accessible name, headers with scope, and columns that sort and say so', async () => {
    const { page } = await browser.openFile(model());
    await showTab(page, 'experiments');
    for (const [title, tables] of [
      ['Phase 19A', ['experiment-gap', 'experiment-hot', 'experiment-checks']],
      ['Phase 28', ['experiment-audit']],
      ['Phase 42', ['experiment-top-rule', 'experiment-hot']],
    ] as const) {
      await select(page, title);
      for (const id of tables) {
        const table = page.locator(`#table-${id} table`);
        expect(await table.getAttribute('aria-label'), id).toMatch(/\w/);
        const heads = table.locator('th[scope=col]');
        expect(await heads.count(), id).toBe(await table.locator('tbody tr').first().locator('td').count());
        await heads.first().locator('button.sort').click();
        expect(await heads.first().getAttribute('aria-sort'), id).toMatch(/^(a|de)scending$/);
      }
    }
    await page.context().close();
  });

  it('candidates: estimated beside measured gain, what links them, and the combined estimate', async () => {
    const { page } = await browser.openFile(model());
    await showTab(page, 'candidates');
    expect(await cells(page, 'candidates', 2)).toEqual(['+1.2%', '+6%']);
    expect(await cells(page, 'candidates', 3)).toEqual(['+0.60%', '–']);
    await page.locator('#table-candidates tbody tr').first().click();
    const panel = page.getByRole('region', { name: 'Candidate', exact: true });
    expect(await panel.innerText()).toContain(`Measured on engine, through the gate ${flag}`);
    expect(await panel.innerText()).toContain('(wasm)');
    expect(await page.getByRole('list', { name: 'Together' }).first().innerText()).toContain(
      'Combined estimate of the best of each kind (A, C), 80% of the sum since savings overlap',
    );
    expect(await cells(page, 'gains', 6)).toEqual(['+3.10%', '–', '–', '–', '–']);
    expect((await cells(page, 'gains', 10)).at(-1)).toBe('phase-19e');
    expect(await cells(page, 'projection', 4)).toEqual(['+53.84%', '+128.19%', '+72.95%']);
    await page.locator('#table-gains button.link', { hasText: 'phase-19a' }).click();
    await page.locator('.experiment-title', { hasText: 'Phase 19A' }).waitFor();
    await page.context().close();
  });

  it("the prune document's table: phases, atomics, impact, status, totals, and why something does not count", async () => {
    const { page } = await browser.openFile(model());
    await showTab(page, 'experiments');
    expect(await cells(page, 'phases-0', 1)).toEqual(['19A', '24', '25', '26', '28', '29', '42', '64']);
    expect((await cells(page, 'phases-0', 3)).slice(1, 3)).toEqual(['5 (class stats)', '1 (free_ss_enter)']);
    expect((await cells(page, 'phases-0', 7)).slice(0, 5)).toEqual(['GO', 'GO', 'GO', 'NEUTRAL', 'NO-OP']);
    const totals = page.getByRole('list', { name: 'Totals, engine, random_mixed:mixed' });
    expect(await totals.innerText()).toMatch(/11 atomics removed by the changes that are kept/);
    expect(await totals.innerText()).toMatch(/GO changes \(3\): \+5\.10% as a sum, \+5\.17% \[/);
    expect(await totals.innerText()).toContain('Not counted: phase-64: prune backends: NO-GO');
    expect(
      await page.locator('section[aria-label="Cumulative: engine, random_mixed:mixed"] svg').count(),
    ).toBe(1);
    await page.context().close();
  });

  it('the documents: their conditions and figures beside ours, and what does not agree', async () => {
    const { page } = await browser.openFile(model());
    await showTab(page, 'experiments');
    expect(await cells(page, 'replays', 1)).toHaveLength(21);
    const row = page.locator('#table-replays tbody tr', { hasText: 'phase-64' });
    expect((await row.locator('td').allInnerTexts()).slice(2, 6)).toEqual([
      '-4.05%',
      'NO-GO',
      '-4.05%',
      'NO-GO',
    ]);
    await page.locator('summary', { hasText: 'disagrees with itself' }).click();
    expect(await cells(page, 'disagreements', 2)).toContain(
      'The printed speeds give +0.87%, not +0.93%; their rounding allows +0.70 to +1.05%.',
    );
    await row.click();
    await page.locator('.experiment-title', { hasText: 'phase-64' }).waitFor();
    await page.context().close();
  });

  it('prints black on white, unfolded and without what only answers clicks', async () => {
    const { page } = await browser.openFile(model());
    await showTab(page, 'experiments');
    await select(page, 'Phase 28');
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    const style = await page.evaluate<readonly string[]>(`(() => {
      const of = (s, p) => getComputedStyle(document.querySelector(s))[p];
      return [of('body', 'backgroundColor'), of('#table-experiments td:nth-child(2)', 'color'), of('#table-experiments', 'maxHeight'),
        of('#table-experiment-audit', 'overflowX'), of('#table-experiment-audit td', 'whiteSpace')];
    })()`);
    expect(style).toEqual(['rgb(255, 255, 255)', 'rgb(0, 0, 0)', 'none', 'visible', 'normal']);
    await page.setViewportSize({ width: 720, height: 1000 });
    const cut = await page.evaluate<
      readonly string[]
    >(`[...document.querySelectorAll('#view-experiments .table')]
      .filter((t) => t.scrollWidth > t.clientWidth + 1 && t.offsetParent !== null).map((t) => t.id)`);
    expect(cut).toEqual([]);
    await browser.screenshot(page, 'replays-print', true);
    await page.context().close();
  });

  const themes: readonly Theme[] = ['dark', 'light', 'highContrast', 'highContrastLight'];
  it.each(themes)('shows verdicts in the colours of %s', async (theme) => {
    const { page, complaints } = await browser.openWebview(model());
    await inTheme(page, theme);
    for (const tab of ['overview', 'candidates', 'experiments']) {
      await showTab(page, tab);
      await browser.screenshot(page, `replays-${theme}-${tab}`, true);
    }
    for (const title of ['Phase 19A', 'Phase 28', 'phase-64', 'HAKMEM_TINY_LEGACY_DIRECT']) {
      await select(page, title);
      await browser.screenshot(page, `replays-${theme}-${title.replaceAll(/\W+/g, '-').toLowerCase()}`, true);
    }
    const colours = await page.evaluate<Record<string, string>>(`Object.fromEntries(
      [...document.querySelectorAll('#table-experiments .verdict')]
        .map((v) => [v.textContent, getComputedStyle(v).color]))`);
    expect(Object.keys(colours).sort()).toEqual(['GO', 'INCONCLUSIVE', 'NEUTRAL', 'NO-GO', 'NO-OP']);
    expect(new Set(Object.values(colours)).size).toBe(5);
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
