import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../../../extension/model-ledger.ts';
import type { ReportModel } from '../../../extension/model.ts';
import { buildReport } from '../../../extension/report/build.ts';
import { laboratoryPart } from '../../../extension/report/laboratory.ts';
import {
  costTable,
  documentFigures,
  experiment,
  ledgerOfAll,
  soak,
  stepsOf,
} from '../fixtures/experiments.ts';
import { findings, profile, run } from '../report/fixtures.ts';
import { cells, chromiumPath, highContrast, ReportBrowser, savedBy, sentBy, showTab } from './browser.ts';

const at = '2026-11-21T21:00:00.000Z';
const hostile = '</script><script>alert(1)</script><img src=x onerror=alert(2)>';

function recordsOf(experiments = ledgerOfAll()): LedgerRecord[] {
  return [
    ...experiments.map((e) => ({ v: 1 as const, kind: 'experiment' as const, at, experiment: e })),
    { v: 1, kind: 'soak', at, soak: soak() },
    { v: 1, kind: 'costs', at, costs: costTable() },
  ];
}

function model(records = recordsOf(), problems: readonly string[] = []): ReportModel {
  const experiments = records.flatMap((r) => (r.kind === 'experiment' ? [r.experiment] : []));
  return buildReport({
    title: 'laboratory',
    createdAt: at,
    findings: findings(),
    profile: profile(),
    runs: [run()],
    laboratory: laboratoryPart(records, problems, stepsOf(experiments), [documentFigures()]),
  });
}

async function wider(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
}

describe.skipIf(chromiumPath === null)('the laboratory in the report (skipped without Chromium)', () => {
  let browser: ReportBrowser;
  beforeAll(async () => {
    browser = await ReportBrowser.launch(chromiumPath ?? '');
  });
  afterAll(() => browser.close());

  it.each(['dark', 'light'] as const)('is shown without a complaint (%s)', async (scheme) => {
    const { page, complaints } = await browser.openFile(model(), scheme);
    await browser.screenshot(page, `laboratory-${scheme}-overview`, true);
    for (const tab of ['experiments', 'soak', 'costs']) {
      await showTab(page, tab);
      await browser.screenshot(page, `laboratory-${scheme}-${tab}`, true);
    }
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('lists the ledger, the newest first, and opens with the newest', async () => {
    const { page } = await browser.openFile(model());
    await showTab(page, 'experiments');
    expect(await cells(page, 'experiments', 1)).toEqual([
      'INCONCLUSIVE',
      'NO-GO',
      'NO-OP',
      'NEUTRAL',
      'GO',
      'GO',
    ]);
    expect(await cells(page, 'experiments', 3)).toEqual([
      '+0.60%',
      '-4.05%',
      '–',
      '-0.05%',
      '+1.07%',
      '+0.93%',
    ]);
    expect(await page.locator('.experiment-title').innerText()).toBe(
      'HAKMEM_TINY_LEGACY_DIRECT 0 → 1 (random_mixed:tiny)',
    );
    expect(await page.locator('#table-experiments tr[aria-current=true] td').first().innerText()).toBe(
      'INCONCLUSIVE',
    );
    await page.context().close();
  });

  it('puts the verdict with its reason on top, the noise beside it, and what it rests on below', async () => {
    const { page } = await browser.openFile(model());
    await showTab(page, 'experiments');
    await page.locator('#table-experiments tbody tr', { hasText: 'phase-25' }).click();
    const detail = page.getByRole('region', { name: 'Selected experiment' });
    expect(await detail.locator('.result').innerText()).toMatch(
      /^GO \+1\.07% \[\+0\.95, \+1\.19\] The whole interval lies above \+0\.5%/,
    );
    expect(await detail.locator('.floor').innerText()).toBe(
      'Noise floor ±0.09% · smallest effect that could have been seen ±0.13%',
    );
    expect(await detail.locator('.warnings li').allInnerTexts()).toEqual([
      'The governor cannot be read in this container: the frequency may have changed.',
    ]);
    expect(await cells(page, 'experiment-estimates', 1)).toEqual([
      'trimmed mean (Yuen)',
      'Hodges-Lehmann',
      'BCa bootstrap',
    ]);
    expect(await cells(page, 'experiment-gates', 2)).toEqual(Array(7).fill('✓ passed'));
    expect(await cells(page, 'experiment-looks', 5)).toEqual(['goes on', 'GO']);
    expect(await cells(page, 'experiment-counters', 4)).toEqual(['-2.44%', '0.00%', '-3.27%', '0.00%', '–']);
    expect(await cells(page, 'experiment-sides', 3)).toEqual(['24', '24']);
    expect(await cells(page, 'experiment-layouts', 2)).toEqual(['6', '6', '6', '6']);
    await page.context().close();
  });

  it('draws the units by layout, disturbed ones marked, with the same figures as a table', async () => {
    const { page } = await browser.openFile(model(recordsOf([experiment()])));
    await showTab(page, 'experiments');
    const plot = page.locator('.experiment svg').nth(1);
    expect(await plot.locator('.unit').count()).toBe(24);
    expect(await plot.locator('.unit.disturbed').count()).toBe(2);
    expect(await plot.locator('.cross').count()).toBe(2);
    expect(await plot.getAttribute('aria-label')).toMatch(
      /^Effects of 24 units by layout\. layout 1: 6 units, median \+\d\.\d\d%.* 2 disturbed\.$/,
    );
    await page.locator('summary', { hasText: 'All 24 units' }).click();
    expect(await cells(page, 'experiment-units', 1)).toHaveLength(24);
    expect((await cells(page, 'experiment-units', 8)).filter((c) => c.endsWith('!'))).toHaveLength(2);
    await page.context().close();
  });

  it('names the three estimators, their intervals and the band in words', async () => {
    const { page } = await browser.openFile(model(recordsOf([experiment()])));
    await showTab(page, 'experiments');
    const plot = page.locator('.experiment svg').first();
    expect(await plot.locator('.band').count()).toBe(3);
    expect(await plot.locator('.effect').count()).toBe(3);
    expect(await plot.getAttribute('aria-label')).toMatch(
      /trimmed mean \(Yuen\): \+1\.07%, interval \[\+0\.95, \+1\.19\], threshold ±0\.5%.*Hodges-Lehmann.*BCa bootstrap/,
    );
    await page.context().close();
  });

  it('shows a failed gate and no figure where nothing was timed', async () => {
    const { page } = await browser.openFile(model());
    await showTab(page, 'experiments');
    await page.locator('#table-experiments tbody tr', { hasText: 'phase-29' }).click();
    const detail = page.getByRole('region', { name: 'Selected experiment' });
    expect(await detail.locator('.result').innerText()).toMatch(/^NO-OP – No changed line ran/);
    expect(await cells(page, 'experiment-gates', 2)).toEqual(['✓ passed', '✗ failed']);
    expect(await detail.locator('svg').count()).toBe(0);
    expect(await detail.innerText()).toContain('No timing was taken or believed.');
    await page.context().close();
  });

  it('shows what differs and how often it ran, and the gates of a profile', async () => {
    const replayed = experiment({
      document: documentFigures({ source: 'of the record itself' }),
      topRule: {
        top: 50,
        floor: 0.1,
        functions: 44,
        gates: [
          { name: 'hakmem_env_snapshot_enabled', rank: 9, selfPercent: 1.22, state: 'hot' },
          { name: 'mid_v3_enabled', rank: null, selfPercent: null, state: 'not seen' },
        ],
        verdict: 'NEUTRAL',
        reason: 'One gate of two is hot.',
      },
    });
    const { page } = await browser.openFile(model(recordsOf([replayed])));
    await showTab(page, 'experiments');
    expect(await page.getByRole('region', { name: 'What differs' }).innerText()).toContain('1 place;');
    expect(await cells(page, 'experiment-changed', 1)).toEqual(['tiny_superslab_free.ts:22']);
    expect([
      ...(await cells(page, 'experiment-changed', 3)),
      ...(await cells(page, 'experiment-changed', 4)),
    ]).toEqual(['1,934,112', '0']);
    expect(await cells(page, 'experiment-top-rule', 3)).toEqual(['9', '–']);
    expect(await cells(page, 'experiment-top-rule', 2)).toEqual(['hot', 'not seen']);
    expect(await page.locator('#view-experiments').innerText()).toContain('of the record itself');
    await page.context().close();
  });

  it('names the layout tax', async () => {
    const { page } = await browser.openFile(model());
    await showTab(page, 'experiments');
    const detail = page.getByRole('region', { name: 'Selected experiment' });
    expect(await detail.innerText()).not.toContain('Layout tax');
    await page.locator('#table-experiments tbody tr', { hasText: 'phase-64' }).click();
    expect(await detail.innerText()).toContain('Layout tax');
    await page.context().close();
  });

  it("puts a replay's document beside it, with what has to be known", async () => {
    const { page } = await browser.openFile(model(recordsOf([experiment()])));
    await showTab(page, 'experiments');
    const rows = await page.locator('#table-experiment-document tbody tr').allInnerTexts();
    const [verdict, effect, , , threshold] = rows;
    expect([verdict, effect, threshold].map((r) => r?.split(/\s*\t\s*/))).toEqual([
      ['Verdict', 'GO', 'GO'],
      ['Effect', '+1.07%', '+1.07%'],
      ['Threshold', '±0.5%', '±0.5%'],
    ]);
    expect(rows.some((r) => r.includes('58.40 M ops/s'))).toBe(true);
    expect(rows.some((r) => /^Effect of the medians\s+\+1\.01%\s+[+-]\d/.test(r))).toBe(true);
    expect(rows.some((r) => /^Expected\s+\+0\.2 to \+0\.4%/.test(r))).toBe(true);
    expect(await page.locator('#view-experiments').innerText()).toContain('they are rounded');
    await page.context().close();
  });

  it('charts the running product, uncounted steps hollow, with its table', async () => {
    const { page } = await browser.openFile(model());
    await showTab(page, 'experiments');
    const plot = page.locator('section[aria-label^=Cumulative] svg');
    expect(await plot.locator('.effect.go').count()).toBe(2);
    expect(await plot.locator('.effect.open').count()).toBe(4);
    expect(await plot.getAttribute('aria-label')).toMatch(/over 6 steps; at the end \+2\.01% \[/);
    expect(await cells(page, 'cumulative-0', 5)).toEqual(['yes', 'yes', 'no', 'no', 'no', 'no']);
    expect((await cells(page, 'cumulative-0', 6)).at(-1)).toBe('+2.01%');
    await page.context().close();
  });

  it('never multiplies effects on different work: each has its own product', async () => {
    const shown = model();
    const tiny = (shown.cumulative ?? [])
      .slice(0, 2)
      .map((s) => ({ ...s, work: 'engine, random_mixed:tiny' }));
    const { page } = await browser.openFile({ ...shown, cumulative: [...tiny, ...(shown.cumulative ?? [])] });
    await showTab(page, 'experiments');
    expect(await page.locator('section[aria-label^=Cumulative] h2').allInnerTexts()).toEqual([
      expect.stringMatching(/^Cumulative: engine, random_mixed:mixed/),
      expect.stringMatching(/^Cumulative: engine, random_mixed:tiny/),
    ]);
    expect([await cells(page, 'cumulative-0', 1), await cells(page, 'cumulative-1', 1)]).toEqual([
      ['1', '2', '3', '4', '5', '6'],
      ['1', '2'],
    ]);
    await page.context().close();
  });

  it('says which lines of the ledger could not be read', async () => {
    const { page } = await browser.openFile(model(recordsOf(), ['ledger.jsonl:7 has no end.']));
    await showTab(page, 'experiments');
    await page.locator('.problems summary', { hasText: '1 line of the ledger' }).click();
    expect(await page.locator('.problems li').allInnerTexts()).toEqual(['ledger.jsonl:7 has no end.']);
    await page.context().close();
  });

  it('shows a soak by epoch for both sides, and which budget was broken', async () => {
    const { page } = await browser.openFile(model());
    await showTab(page, 'soak');
    expect(await page.locator('#view-soak .result').innerText()).toBe(
      '✗ failed Over budget: cv of engine standard, balanced.',
    );
    const plots = page.locator('#view-soak svg');
    expect(await plots.count()).toBe(2);
    expect(await plots.first().locator('path.series').count()).toBe(2);
    expect(await plots.first().getAttribute('aria-label')).toMatch(
      /balanced: 20 epochs, from .* M ops\/s to .*speed first: 20 epochs/,
    );
    expect(await cells(page, 'soak-budgets', 5)).toEqual([
      '✓ passed',
      '✓ passed',
      '✗ failed',
      '✓ passed',
      '✓ passed',
      '✓ passed',
    ]);
    expect(await cells(page, 'soak-budgets', 3)).toContain('1.25e-7');
    expect(await cells(page, 'soak-tail', 8)).toEqual(['214 ns (epoch 4)', '214 ns (epoch 4)']);
    expect(await page.locator('#view-soak .warnings li').allInnerTexts()).toEqual([
      '2 of 40 epochs were disturbed by other processes.',
    ]);
    await page.locator('#view-soak summary').click();
    expect(await cells(page, 'soak-epochs', 1)).toHaveLength(40);
    await page.context().close();
  });

  it('shows calibrated costs with their source', async () => {
    const { page } = await browser.openFile(model());
    await showTab(page, 'costs');
    expect(await page.locator('#view-costs h2').innerText()).toMatch(/^Costs: wasm, seq_cst/);
    expect(await page.locator('#view-costs h2').innerText()).toContain('a malloc and free pair took 17.4 ns');
    expect(await page.locator('#view-costs .warnings li').innerText()).toMatch(/^The machine was busy/);
    expect(await cells(page, 'costs-0', 3)).toEqual(['4.61 ns', '19.80 ns', '0.27 ns', '0.41 ns']);
    await page.context().close();
  });

  it('can be used with the keyboard alone, and remembers the selected experiment', async () => {
    const { page } = await browser.openWebview(model());
    await page.locator('#tab-experiments').focus();
    await page.keyboard.press('Enter');
    await page.locator('#tab-experiments').click();
    await page.locator('#table-experiments tbody tr').first().focus();
    await page.keyboard.press('ArrowDown');
    expect(await page.locator('.experiment-title').innerText()).toBe('phase-64: prune backends');
    expect(await page.locator('#table-experiments tr[aria-current=true]').count()).toBe(1);
    expect(await page.locator('#table-experiments tr[aria-current=true] td').first().innerText()).toBe(
      'NO-GO',
    );
    const state = await savedBy(page);
    await page.context().close();
    const again = await browser.openWebview(model(), state);
    expect(await again.page.locator('.experiment-title').innerText()).toBe('phase-64: prune backends');
    await again.page.context().close();
  });

  it('opens where the editor asks, also when the result comes after the request', async () => {
    const before = ledgerOfAll().slice(0, 5);
    const { page, complaints } = await browser.openWebview(model(recordsOf(before)));
    await browser.show(page, { tab: 'experiments', id: 'phase-26-20261121-204000-0003' });
    await page.locator('.experiment-title', { hasText: 'phase-26' }).waitFor();
    await browser.show(page, { tab: 'experiments', id: 'ab-20261121-211000-0006' });
    await page.locator('.experiment-title', { hasText: 'phase-64' }).waitFor();
    await browser.send(page, model());
    await page.locator('.experiment-title', { hasText: 'HAKMEM_TINY_LEGACY_DIRECT' }).waitFor();
    await browser.show(page, { tab: 'soak', id: null });
    await page.locator('#table-soaks').waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('offers its commands in the editor, and none in a file', async () => {
    const empty = buildReport({ title: 'empty', createdAt: '', findings: null, profile: null, runs: [] });
    const { page } = await browser.openWebview(empty);
    for (const [tab, text] of [
      ['experiments', 'Run A/B experiment…'],
      ['soak', 'Run soak…'],
      ['costs', 'Calibrate costs'],
    ] as const) {
      await showTab(page, tab);
      await page.locator(`#view-${tab} vscode-button`, { hasText: text }).click();
    }
    await browser.send(page, model());
    await showTab(page, 'experiments');
    await page.locator('#view-experiments vscode-button', { hasText: 'Write documents' }).click();
    expect((await sentBy(page)).slice(1)).toEqual([
      { type: 'runExperiment' },
      { type: 'runSoak' },
      { type: 'calibrateCosts' },
      { type: 'writeDocuments' },
    ]);
    await page.context().close();
    const file = await browser.openFile(model());
    await showTab(file.page, 'experiments');
    expect(await file.page.locator('#view-experiments vscode-button').count()).toBe(0);
    await file.page.context().close();
  });

  it('fits a narrow panel in high contrast', async () => {
    const { page, complaints } = await browser.openWebview(model());
    await page.setViewportSize({ width: 520, height: 900 });
    await highContrast(page);
    for (const tab of ['overview', 'experiments', 'soak', 'costs']) {
      await showTab(page, tab);
      await browser.screenshot(page, `laboratory-contrast-${tab}`, true);
      expect(await wider(page), tab).toBeLessThanOrEqual(0);
    }
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('shows hostile texts of a ledger as text', async () => {
    const bad = experiment({
      title: hostile,
      reason: hostile,
      warnings: [hostile],
      gates: [{ name: 'coverage', passed: false, note: hostile }],
    });
    const { page, complaints } = await browser.openFile(model(recordsOf([bad]), [hostile]));
    await showTab(page, 'experiments');
    expect(await page.locator('.experiment-title').innerText()).toBe(hostile);
    expect(await page.locator('img').count()).toBe(0);
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
