import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReportModel } from '../../../extension/model.ts';
import { buildReport } from '../../../extension/report/build.ts';
import { details, native, project } from '../editor/native.ts';
import { candidate, findings, gate, manySites, profile, run, site, variable } from '../report/fixtures.ts';
import { cells, chromiumPath, highContrast, ReportBrowser, savedBy, sentBy, showTab } from './browser.ts';

const hostile = '</script><script>alert(1)</script><img src=x onerror=alert(2)>';

function model(over: Partial<Parameters<typeof buildReport>[0]> = {}): ReportModel {
  return buildReport({
    title: 'samples/hakmem',
    createdAt: '2026-11-20T10:31:00Z',
    findings: findings({
      atomics: [
        site(),
        site({
          id: 's2',
          target: 'g_bg_spill_len',
          variable: 'v2',
          class: 'correctness',
          role: 'flow-control',
          temperature: 'warm',
          file: 'core/bg_spill.c',
          line: 77,
          function: 'bg_spill_push',
        }),
        site({
          id: 's3',
          target: 'g_off',
          temperature: 'cold',
          activity: { state: 'inactive', decidedBy: 'X' },
        }),
      ],
      candidates: [candidate()],
    }),
    profile: profile(),
    runs: [
      run(),
      run({
        target: 'system',
        variant: 'default',
        runs: [{ passes: [40e6, 45e6, 46e6, 47e6], median: 46e6, first: 40e6 }],
        mean: 46e6,
        median: 46e6,
        min: 46e6,
        max: 46e6,
        stdev: null,
        cv: null,
        firstOpsPerSecond: 40e6,
      }),
    ],
    ...over,
  });
}

async function focusedRow(page: Page): Promise<string | null> {
  return page.evaluate<string | null>("document.activeElement?.getAttribute('aria-rowindex') ?? null");
}

const tabs = [
  'overview',
  'hot',
  'atomics',
  'gates',
  'candidates',
  'runs',
  'allocators',
  'experiments',
  'soak',
  'costs',
];

describe.skipIf(chromiumPath === null)('the report page in Chromium (skipped where there is none)', () => {
  let browser: ReportBrowser;
  beforeAll(async () => {
    browser = await ReportBrowser.launch(chromiumPath ?? '');
  });
  afterAll(() => browser.close());

  describe('as an exported file', () => {
    it.each(['dark', 'light'] as const)('shows every view without a complaint (%s)', async (scheme) => {
      const { page, complaints } = await browser.openFile(model(), scheme);
      expect(await page.locator('.lead').innerText()).toMatch(/^54\.6% of the built-in engine's time/);
      expect(await cells(page, 'overview-hot', 1)).toEqual(profile().functions.map((f) => f.name));
      expect((await cells(page, 'overview-hot', 2))[0]).toBe('23.97%');
      expect((await cells(page, 'overview-hot', 5)).slice(0, 3)).toEqual([
        'A: remove layer',
        'A: remove layer',
        '(baseline)',
      ]);
      for (const tab of tabs) {
        await showTab(page, tab);
        await browser.screenshot(page, `report-${scheme}-${tab}`);
      }
      expect(complaints).toEqual([]);
      await page.context().close();
    });

    it('has no editor to open lines in, so it shows places as text', async () => {
      const { page } = await browser.openFile(model());
      await showTab(page, 'atomics');
      expect(await cells(page, 'atomics', 9)).toContain('free.c:42');
      const place = page.locator('#table-atomics tbody tr:first-child td:nth-child(9) span');
      expect(await place.getAttribute('title')).toBe('core/free.c:42');
      expect(await page.locator('#table-atomics .link').count()).toBe(0);
      await page.context().close();
    });

    it('follows the colour scheme', async () => {
      const colours: string[] = [];
      for (const scheme of ['dark', 'light'] as const) {
        const { page } = await browser.openFile(model(), scheme);
        colours.push(await page.evaluate<string>('getComputedStyle(document.body).backgroundColor'));
        await page.context().close();
      }
      expect(colours).toEqual(['rgb(31, 31, 31)', 'rgb(255, 255, 255)']);
    });

    it('shows hostile names as text', async () => {
      const { page, complaints } = await browser.openFile(
        model({
          title: hostile,
          findings: findings({
            atomics: [site({ target: hostile })],
            variables: [variable({ name: hostile })],
            gates: [gate({ name: hostile })],
            candidates: [candidate({ title: hostile })],
          }),
        }),
      );
      expect(await page.locator('h1').innerText()).toBe(hostile);
      for (const tab of tabs) await showTab(page, tab);
      expect(await cells(page, 'atomics', 1)).toEqual([hostile]);
      expect(await page.locator('img').count()).toBe(0);
      expect(complaints).toEqual([]);
      await page.context().close();
    });
  });

  describe('tables', () => {
    it('shows total and object of a native profile, and what is to know of it', async () => {
      const mapped = native({
        functions: native().functions.map((f) => ({ ...f, file: f.file?.replace('/project/', '') ?? null })),
        details: details({
          skipped: { count: 3, first: 'line 9: ???' },
          unmapped: [
            { file: './malloc/malloc.c', percent: 20 },
            { file: './nptl/start.c', percent: 0.01 },
          ],
        }),
      });
      const { page, complaints } = await browser.openFile(model({ findings: project(), profile: mapped }));
      await showTab(page, 'hot');
      expect(await cells(page, 'hot', 1)).toEqual(['g', 'take', 'free', 'f']);
      expect(await cells(page, 'hot', 3)).toEqual(['40.00%', '30.00%', '20.00%', '40.00%']);
      expect(await cells(page, 'hot', 7)).toEqual(['liba.so', 'liba.so', 'libc.so.6', 'liba.so']);
      // In an editor beside a side bar the names still have their place.
      await page.setViewportSize({ width: 1000, height: 800 });
      for (const column of ['Function', 'Source']) {
        const box = await page.locator('#table-hot th', { hasText: column }).boundingBox();
        expect(box?.width).toBeGreaterThan(150);
      }
      const section = page.locator('section:has(#table-hot)').last();
      expect(await section.locator('h2').innerText()).toContain('12,345 samples');
      expect(await section.locator('ul.notes li').allInnerTexts()).toEqual([
        'cycles are not counted here: cpu-clock was used',
        '3 lines could not be read, the first: line 9: ???',
        'Not in this workspace: ./malloc/malloc.c (20.00%).',
      ]);
      expect(complaints).toEqual([]);
      await page.context().close();
    });

    it('sort by a column, both ways, and say so', async () => {
      const { page } = await browser.openFile(model());
      await showTab(page, 'hot');
      const header = page.locator('#table-hot th', { hasText: 'Function' });
      await header.locator('button').click();
      const names = profile().functions.map((f) => f.name);
      expect(await header.getAttribute('aria-sort')).toBe('ascending');
      expect(await cells(page, 'hot', 1)).toEqual([...names].sort((a, b) => a.localeCompare(b, 'en')));
      await header.locator('button').press('Enter');
      expect(await header.getAttribute('aria-sort')).toBe('descending');
      expect((await cells(page, 'hot', 1))[0]).toBe('unified_cache_push');
      await page.locator('#table-hot th', { hasText: 'Self' }).locator('button').click();
      expect((await cells(page, 'hot', 2)).slice(0, 2)).toEqual(['23.97%', '23.84%']);
      await page.context().close();
    });

    it('filter sites by text, class, temperature and activity', async () => {
      const { page } = await browser.openFile(model());
      await showTab(page, 'atomics');
      const status = page.locator('#view-atomics [role=status]');
      expect(await status.innerText()).toBe('3 of 3 sites');
      await page.locator('vscode-text-field').locator('input').fill('spill');
      expect(await cells(page, 'atomics', 1)).toEqual(['g_bg_spill_len']);
      expect(await status.innerText()).toBe('1 of 3 sites');
      await page.locator('vscode-text-field').locator('input').fill('');
      const choose = async (label: string, option: string): Promise<void> => {
        await page.locator(`vscode-dropdown[aria-label="${label}"]`).click();
        await page
          .locator(`vscode-dropdown[aria-label="${label}"] vscode-option`, { hasText: option })
          .first()
          .click();
      };
      await choose('Class', 'telemetry');
      expect(await cells(page, 'atomics', 1)).toEqual(['g_free_ss_enter[c]', 'g_off']);
      await choose('Activity', 'inactive');
      expect(await cells(page, 'atomics', 1)).toEqual(['g_off']);
      await choose('Temperature', 'hot');
      expect(await status.innerText()).toBe('0 of 3 sites');
      await page.context().close();
    });

    it('show the evidence of the selected site', async () => {
      const { page } = await browser.openFile(model());
      await showTab(page, 'atomics');
      await page.locator('#table-atomics tbody tr', { hasText: 'g_bg_spill_len' }).click();
      const detail = page.locator('#view-atomics .detail');
      expect(await detail.locator('h3').innerText()).toBe('g_bg_spill_len: correctness, flow-control');
      expect(await detail.locator('li').allInnerTexts()).toEqual([
        'core/bg_spill.c:77 if (len > MAX) compared: steers the queue',
      ]);
      await page.context().close();
    });

    it('hold 10,000 rows with a window of them', async () => {
      const { page, complaints } = await browser.openFile(
        model({ findings: findings({ atomics: manySites(10_000) }) }),
      );
      await showTab(page, 'atomics');
      const rows = page.locator('#table-atomics tbody tr:not(.spacer)');
      expect(await rows.count()).toBeLessThan(120);
      expect(await page.locator('#table-atomics table').getAttribute('aria-rowcount')).toBe('10001');
      await rows.first().focus();
      await page.keyboard.press('End');
      const last = page.locator('#table-atomics tbody tr[aria-rowindex="10001"]');
      await last.waitFor();
      expect(await focusedRow(page)).toBe('10001');
      expect(await rows.count()).toBeLessThan(120);
      await page.keyboard.press('PageUp');
      await page.keyboard.press('ArrowUp');
      expect(Number(await focusedRow(page))).toBeLessThan(9999);
      await page.keyboard.press('Home');
      expect(await focusedRow(page)).toBe('2');
      await page.locator('#table-atomics').evaluate((e) => {
        e.scrollTop = 5000 * 27;
      });
      await page.locator('#table-atomics tbody tr[aria-rowindex="5010"]').waitFor();
      await browser.screenshot(page, 'report-dark-atomics-10000');
      expect(complaints).toEqual([]);
      await page.context().close();
    });
  });

  describe('tabs', () => {
    it('move with the arrow keys, Home and End', async () => {
      const { page } = await browser.openFile(model());
      await page.locator('#tab-overview').focus();
      const selected = async (): Promise<string | null> =>
        page.locator('vscode-panel-tab[aria-selected=true]').getAttribute('id');
      await page.keyboard.press('ArrowRight');
      expect(await selected()).toBe('tab-hot');
      await page.keyboard.press('ArrowRight');
      expect(await selected()).toBe('tab-atomics');
      expect(await cells(page, 'atomics', 1)).toHaveLength(3);
      await page.keyboard.press('End');
      expect(await selected()).toBe('tab-costs');
      await page.keyboard.press('Home');
      expect(await selected()).toBe('tab-overview');
      await page.context().close();
    });

    it('are reached from the lead and from "all" links', async () => {
      const { page } = await browser.openFile(model());
      await page.locator('.lead button', { hasText: 'Compile out g_free_ss_enter' }).click();
      await page.locator('#table-candidates').waitFor();
      await showTab(page, 'overview');
      await page.locator('.more button', { hasText: 'See all 3 sites' }).click();
      expect(await cells(page, 'atomics', 1)).toHaveLength(3);
      await page.context().close();
    });

    it('and controls have roles and names', async () => {
      const { page } = await browser.openFile(model());
      const tab = page.getByRole('tab', { name: 'Atomics 3', exact: true });
      await tab.click();
      const panel = page.getByRole('tabpanel', { name: 'Atomics 3' });
      await panel.getByRole('textbox', { name: 'Filter by text' }).waitFor();
      for (const name of ['Class', 'Temperature', 'Activity']) {
        await panel.getByRole('combobox', { name, exact: true }).waitFor();
      }
      const table = panel.getByRole('table', { name: 'Atomic sites' });
      await table.getByRole('columnheader', { name: 'Where', exact: true }).waitFor();
      await panel.getByRole('region', { name: 'Evidence' }).waitFor();
      await page.getByRole('tab', { name: 'Hot functions' }).click();
      const headers = page.getByRole('table', { name: 'Hot functions' }).last().getByRole('columnheader');
      expect(await headers.allTextContents()).toEqual([
        'Function',
        'Self',
        'Share',
        'Category',
        'Reduce?',
        'Source',
      ]);
      await page.context().close();
    });

    it('describe the plot in words and the same numbers in tables', async () => {
      const { page } = await browser.openFile(model());
      await showTab(page, 'runs');
      expect(await page.locator('#view-runs svg').getAttribute('aria-label')).toContain(
        'random_mixed on engine fast: median 64.10 M ops/s, from 64.00 M ops/s to 64.20 M ops/s, coefficient of variation 0.16%',
      );
      expect(await page.locator('#view-runs svg .pass').count()).toBe(16);
      expect(await page.locator('#view-runs svg .first').count()).toBe(4);
      expect(await cells(page, 'runs', 5)).toEqual(['64.10 M ops/s', '46.00 M ops/s']);
      expect(await cells(page, 'processes', 1)).toHaveLength(4);
      await page.context().close();
    });
  });

  describe('in the editor', () => {
    it('asks for the model and opens source lines by click and by Enter', async () => {
      const { page, complaints } = await browser.openWebview(model());
      expect(await sentBy(page)).toEqual([{ type: 'ready' }]);
      await page.locator('#table-overview-hot tbody tr', { hasText: 'unified_cache_push' }).click();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await page.locator('#table-overview-audit tbody tr', { hasText: 'g_bg_spill_len' }).click();
      expect((await sentBy(page)).slice(1)).toEqual([
        { type: 'open', location: { origin: 'project', file: 'core/unified_cache_push.c', line: 10 } },
        {
          type: 'open',
          location: { origin: 'project', file: 'core/tiny_header_finalize_alloc.c', line: 10 },
        },
        { type: 'open', location: { origin: 'project', file: 'core/bg_spill.c', line: 77 } },
      ]);
      expect(complaints).toEqual([]);
      await page.context().close();
    });

    it("opens the engine's own source where the project has no such function", async () => {
      const { page } = await browser.openWebview(model({ findings: null }));
      await page.locator('#table-overview-hot tbody tr').first().click();
      expect((await sentBy(page)).at(-1)).toEqual({
        type: 'open',
        location: { origin: 'engine', file: 'engine/allocator/front_fastlane_try_free.ts', line: 3 },
      });
      await page.context().close();
    });

    it('opens the line of one piece of evidence', async () => {
      const { page } = await browser.openWebview(model());
      await showTab(page, 'atomics');
      await page.locator('#table-atomics tbody tr', { hasText: 'g_free_ss_enter' }).click();
      await page.locator('.detail li button').click();
      expect((await sentBy(page)).at(-1)).toEqual({
        type: 'open',
        location: { origin: 'project', file: 'core/stats.c', line: 30 },
      });
      await page.context().close();
    });

    it('keeps tab, filter and order over a new model and a reload', async () => {
      const first = await browser.openWebview(model());
      await showTab(first.page, 'atomics');
      await first.page.locator('vscode-text-field').locator('input').fill('g_');
      await first.page.locator('#table-atomics th button', { hasText: 'Target' }).click();
      const state = await savedBy(first.page);
      expect(state).toEqual({
        tab: 'atomics',
        filters: { 'atomics.text': 'g_' },
        sorts: { atomics: { column: 'target', descending: false } },
      });
      await browser.send(first.page, model({ title: 'second' }));
      expect(await cells(first.page, 'atomics', 1)).toEqual([
        'g_bg_spill_len',
        'g_free_ss_enter[c]',
        'g_off',
      ]);
      await first.page.context().close();
      const again = await browser.openWebview(model(), state);
      expect(await cells(again.page, 'atomics', 1)).toEqual([
        'g_bg_spill_len',
        'g_free_ss_enter[c]',
        'g_off',
      ]);
      expect(again.complaints).toEqual([]);
      await again.page.context().close();
    });

    it.each([null, 7, { tab: 3, filters: [], sorts: { a: 1 } }, { tab: 'gone' }])(
      'starts with the overview from a stored state of %j',
      async (saved) => {
        const { page, complaints } = await browser.openWebview(model(), saved);
        await page.locator('#table-overview-hot').waitFor();
        expect(complaints).toEqual([]);
        await page.context().close();
      },
    );

    it('fits a narrow panel in a high-contrast theme', async () => {
      const { page, complaints } = await browser.openWebview(model());
      await page.setViewportSize({ width: 520, height: 900 });
      await highContrast(page);
      expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(0, 0, 0)');
      for (const tab of tabs) {
        await showTab(page, tab);
        await browser.screenshot(page, `report-contrast-${tab}`);
        const wider = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
        expect(wider, tab).toBeLessThanOrEqual(0);
      }
      expect(complaints).toEqual([]);
      await page.context().close();
    });

    it('offers what is missing when nothing is known', async () => {
      const { page, complaints } = await browser.openWebview(
        buildReport({ title: 'empty', createdAt: '', findings: null, profile: null, runs: [] }),
      );
      await page.locator('vscode-button', { hasText: 'Run benchmark…' }).first().click();
      await page.locator('vscode-button', { hasText: 'Analyze workspace' }).first().click();
      expect((await sentBy(page)).slice(1)).toEqual([{ type: 'runBenchmark' }, { type: 'analyze' }]);
      for (const tab of tabs) await showTab(page, tab);
      expect(complaints).toEqual([]);
      await page.context().close();
    });
  });
});
