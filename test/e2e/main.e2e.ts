/** The main job in a real VS Code: findings, a benchmark, shares by symbol, line heat, the report; and no share on code that did not run. */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { corpusDir } from '../../scripts/corpus.ts';
import {
  analyze,
  bySymbol,
  hakmem,
  openEngineSource,
  openReport,
  percentage,
  runBenchmark,
  showTab,
  speed,
  tableRows,
} from './driver/alloc-lens.ts';
import { artifacts } from './driver/session.ts';
import { sessionOn } from './driver/suite.ts';
import { eventually } from './driver/wait.ts';
import type { ThemeName, Workbench } from './driver/workbench.ts';

const temporary = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-e2e-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

/** Keeps what is on screen in a light and a dark theme. */
async function shoot(workbench: Workbench, name: string): Promise<void> {
  mkdirSync(artifacts, { recursive: true });
  for (const theme of ['light', 'dark'] as const satisfies readonly ThemeName[]) {
    await workbench.theme(theme);
    await workbench.tidy();
    await workbench.screenshot(path.join(artifacts, `${name}-${theme}.png`));
  }
}

describe('samples/hakmem', () => {
  const session = sessionOn('hakmem', () => {
    // A copy, since one test types into it.
    const copy = path.join(temporary, 'hakmem');
    cpSync(hakmem, copy, { recursive: true });
    return copy;
  });
  const workbench = (): Workbench => session().workbench;

  test('lenses say what stands in a function and that it is compiled out', async () => {
    await workbench().openFile('tiny_superslab_free.inc.h');
    const lens = await workbench().lensMatching(/telemetry atomics? \(.*compiled out/, 60_000);
    const lenses = await workbench().everyLens();
    expect(lenses.length).toBeGreaterThan(1);
    expect(lens.line).toBeGreaterThan(1);
    expect(lenses.flatMap((l) => l.parts).filter((p) => percentage.test(p))).toEqual([]);
  });

  test('the status bar counts what was found', async () => {
    const status = await workbench().statusMatching(/\d+ atomics/);
    expect(Number(/\d+/.exec(status)?.[0])).toBeGreaterThan(50);
  });

  test('an atomic is underlined, and its hover gives the deciding read', async () => {
    await workbench().openFile('tiny_free_magazine.inc.h');
    await workbench().lensMatching(/correctness/);
    const marked = await eventually('an underlined atomic', async () => {
      const marks = await workbench().marks();
      return marks.find((m) => /g_bg_spill_len/.test(m.text) && m.styles.length > 0) ?? null;
    });
    const hover = await eventually('a hover about g_bg_spill_len', async () => {
      const text = await workbench().hover('atomic_load_explicit', marked.line);
      return /correctness/i.test(text) ? text : null;
    });
    expect(hover).toMatch(/flow.control/i);
    expect(hover).toMatch(/tiny_free_magazine\.inc\.h/);
  });

  test('findings follow what is typed, before it is saved', async () => {
    await workbench().openFile('hakmem_tiny_bg_spill.c');
    await workbench().lensMatching(/correctness/);
    const before = await workbench().everyLens();
    await workbench().typeAt(
      9,
      '_Atomic(unsigned) g_typed;\nvoid bg_spill_typed(void) { atomic_fetch_add(&g_typed, 1); }\n',
    );
    const typed = await eventually('a lens over the typed function', async () => {
      const lenses = await workbench().everyLens();
      return (
        lenses.find((l) => l.line === 10 && l.parts.some((p) => /telemetry|unclassified/.test(p))) ?? null
      );
    });
    expect(before.some((l) => l.line === typed.line)).toBe(false);
    await workbench().revertFile();
  });

  test('the findings tree groups what was found', async () => {
    await workbench().command('View: Show Alloc Lens');
    // One group is open and longer than the screen.
    await workbench().pressInSideBar('Collapse All');
    const rows = await eventually('groups in the findings tree', async () => {
      const shown = await workbench().treeRows();
      return shown.some((r) => /gates/i.test(r)) ? shown : null;
    });
    for (const group of [
      /^Telemetry atomics.*\d+ variables?.*\d+ sites?/,
      /^Correctness atomics.*\d+ sites?/,
      /^Environment gates.*\d+/,
    ]) {
      expect(rows).toContainEqual(expect.stringMatching(group));
    }
  });

  test('a cancelled benchmark leaves nothing behind', async () => {
    await workbench().command('Alloc Lens: Run Benchmark…');
    await workbench().pick('random_mixed: large');
    await workbench().pick('engine: standard');
    await workbench().pressInNotification('Cancel');
    await eventually('the progress to go', async () =>
      (await workbench().notifications()).some((n) => /random_mixed/.test(n)) ? null : true,
    );
    expect((await workbench().statusBar()).filter((t) => speed.test(t))).toEqual([]);
  });

  test('the benchmark runs from the palette', async () => {
    const status = await runBenchmark(workbench());
    expect(status).toMatch(/random_mixed/);
    expect(status).toMatch(speed);
  });

  test('shares stand in lenses by symbol, and say so', async () => {
    const shares: string[] = [];
    for (const file of ['malloc_tiny_fast.h', 'tiny_unified_cache.h', 'front_fastlane_box.h']) {
      await workbench().openFile(file);
      await eventually(`lenses in ${file}`, async () =>
        (await workbench().lenses()).length > 0 ? true : null,
      );
      shares.push(
        ...(await workbench().everyLens()).flatMap((l) => l.parts).filter((p) => percentage.test(p)),
      );
    }
    const own = shares.filter((p) => /self/.test(p));
    expect(own.length).toBeGreaterThan(2);
    expect(own.filter((p) => !bySymbol.test(p))).toEqual([]);
    await shoot(workbench(), 'lenses-by-symbol');
  });

  test('C code gets no line heat from the engine', async () => {
    await workbench().openFile('malloc_tiny_fast.h');
    const marks = await eventually('the lines of the file', async () => {
      const drawn = await workbench().marks();
      return drawn.length > 5 ? drawn : null;
    });
    expect(marks.flatMap((m) => m.before).filter((b) => percentage.test(b))).toEqual([]);
  });

  test('an engine source carries line heat', async () => {
    const [hottest] = await openEngineSource(workbench());
    expect(hottest).toMatch(/\.ts.*\d+\.\d%/);
    const hot = await eventually('heat in the engine source', async () => {
      const marks = await workbench().marks();
      const found = marks.filter((m) => m.before.some((b) => percentage.test(b)));
      return found.length > 0 ? found : null;
    });
    expect(hot.some((m) => m.backgrounds.length > 0)).toBe(true);
    await shoot(workbench(), 'line-heat');
  });

  test('the report shows the hot functions, and a row opens its line', async () => {
    const frame = await openReport(workbench(), 'Hot functions');
    const rows = await tableRows(frame, 'hot');
    expect(rows.length).toBeGreaterThanOrEqual(8);
    const [name = '', share = '', , category = ''] = rows[0] ?? [];
    expect(name).toMatch(/^\w+$/);
    expect(share).toMatch(/^\d+(\.\d+)?%?$/);
    expect(['wrapper', 'core', 'env', 'benchmark', 'kernel', 'stats']).toContain(category);
    const total = rows.reduce((sum, r) => sum + Number.parseFloat(r[1] ?? '0'), 0);
    expect(total).toBeGreaterThan(95);
    expect(total).toBeLessThan(105);
    await shoot(workbench(), 'report-hot-functions');

    // The place may be shortened to fit; its title has it whole.
    const place = frame.locator('#table-hot td [title^="core/"]').first();
    const whole = (await place.getAttribute('title')) ?? '';
    expect(rows.flat().some((c) => c.includes('by symbol'))).toBe(true);
    await frame
      .locator('#table-hot tbody tr', { has: frame.locator(`[title="${whole}"]`) })
      .first()
      .click();
    await workbench().activeTab(path.basename(whole.split(':')[0] ?? ''));
    await workbench().statusMatching(new RegExp(`Ln ${Number(/:(\d+)/.exec(whole)?.[1])},`));
  });

  test('the report audits atomics and gates', async () => {
    const frame = await openReport(workbench(), 'Atomics');
    const atomics = await tableRows(frame, 'atomics');
    expect(atomics.flat().some((c) => c.includes('g_bg_spill_len'))).toBe(true);
    await showTab(frame, 'Gates');
    for (const kind of ['env', 'compile']) {
      const gates = await tableRows(frame, `gates-${kind}`);
      expect(gates.some(([name = '']) => name.startsWith('HAKMEM_'))).toBe(true);
    }
    await showTab(frame, 'Overview');
    await shoot(workbench(), 'report-overview');
  });

  test('clearing the profile takes every share away', async () => {
    await workbench().openFile('malloc_tiny_fast.h');
    await workbench().lensMatching(bySymbol);
    await workbench().command('Alloc Lens: Clear Profile');
    await eventually('no percentage in a lens', async () => {
      const lenses = await workbench().lenses();
      return lenses.length > 0 && !lenses.some((l) => l.parts.some((p) => percentage.test(p))) ? true : null;
    });
    await workbench().statusMatching(/\d+ atomics/);
  });

  test('nothing went wrong on the way', () => {
    expect(session().extensionErrors()).toEqual([]);
    expect(session().pageErrors()).toEqual([]);
  });
});

const mimalloc = corpusDir('mimalloc');
if (mimalloc === null) {
  console.log('mimalloc is not in the corpus cache (npm run corpus fetches it): its editor test is skipped');
}

describe.skipIf(mimalloc === null)('mimalloc', () => {
  const session = sessionOn('mimalloc', () => mimalloc ?? '');
  const workbench = (): Workbench => session().workbench;

  test('is analysed', async () => {
    expect(await analyze(workbench())).toMatch(/\d{3,} atomic sites/);
    await workbench().openFile('src/alloc.c');
    await workbench().lensMatching(/hot path/, 60_000);
  });

  test('gets no percentage from an engine run', async () => {
    await runBenchmark(workbench());
    for (const file of ['src/alloc.c', 'src/page.c', 'src/segment.c']) {
      await workbench().openFile(file);
      await eventually(`lenses in ${file}`, async () =>
        (await workbench().lenses()).length > 0 ? true : null,
      );
      const parts = (await workbench().everyLens()).flatMap((l) => l.parts);
      expect(parts.length).toBeGreaterThan(0);
      expect(parts.filter((p) => percentage.test(p))).toEqual([]);
      const marks = await workbench().marks();
      expect(marks.flatMap((m) => m.before).filter((b) => percentage.test(b))).toEqual([]);
    }
    await workbench().openFile('src/alloc.c');
    await workbench().goToLine(30);
    await shoot(workbench(), 'mimalloc');
    expect(session().extensionErrors()).toEqual([]);
  });
});
