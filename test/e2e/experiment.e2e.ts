/** The laboratory in a real VS Code: an experiment from the palette to a verdict, a ledger line and a document; a cancel that leaves the ledger whole. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { hakmem, showTab, tableRows } from './driver/alloc-lens.ts';
import {
  askExperiment as ask,
  experimentMs,
  layOutWorkspace,
  type LedgerLine,
  ledgerExperiments,
  ledgerFile,
  processes,
  verdict,
} from './driver/laboratory.ts';
import { artifacts } from './driver/session.ts';
import { sessionOn } from './driver/suite.ts';
import { eventually } from './driver/wait.ts';
import type { ThemeName, Workbench } from './driver/workbench.ts';

const temporary = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-e2e-lab-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));
const folder = path.join(temporary, 'hakmem');

const experiments = (): readonly LedgerLine[] => ledgerExperiments(folder);

/** Markdown files of the workspace that were not there before. */
function documents(at = folder): readonly string[] {
  return readdirSync(at, { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith('.md') && !existsSync(path.join(hakmem, f)))
    .map((f) => path.join(at, f));
}

/** A gate of the module that every package has; flags are in experiment-flag.e2e.ts. */
const gateExperiment = [
  'Environment gate',
  'HAKMEM_TINY_UNIFIED_LIFO',
  '1 → 0',
  'random_mixed: tiny',
  '±0.5%',
];

describe('an A/B experiment', () => {
  const session = sessionOn('experiment', () => {
    layOutWorkspace(folder);
    return folder;
  });
  const workbench = (): Workbench => session().workbench;

  test('cancelled in the middle leaves the ledger without it', async () => {
    await ask(workbench(), gateExperiment);
    await eventually('progress of the experiment', async () =>
      (await workbench().notifications()).some((n) => /HAKMEM_TINY_UNIFIED_LIFO/.test(n)) ? true : null,
    );
    await workbench().page.waitForTimeout(2000);
    await workbench().pressInNotification('Cancel');
    await eventually('the progress to go', async () =>
      (await workbench().notifications()).some((n) => /HAKMEM_TINY_UNIFIED_LIFO/.test(n)) ? null : true,
    );
    expect(experiments()).toEqual([]);
    expect(documents()).toEqual([]);
  });

  test(
    'run from the palette ends with a verdict in the report',
    async () => {
      await ask(workbench(), gateExperiment);
      await eventually(
        'a record in the ledger',
        async () => (experiments().length === 1 ? true : null),
        experimentMs,
      );
      await workbench().activeTab('Alloc Lens Report');
      const frame = await workbench().webview('#table-experiments');
      const [row = []] = await tableRows(frame, 'experiments');
      expect(row[0]).toMatch(verdict);
      expect(row[1]).toMatch(/^HAKMEM_TINY_UNIFIED_LIFO 1 → 0/);
      const result = await frame.locator('#view-experiments .result').innerText();
      expect(result).toMatch(verdict);
      expect(result.length).toBeGreaterThan('INCONCLUSIVE '.length + 10);
      expect(await frame.locator('#view-experiments .floor').innerText()).toMatch(/^Noise floor/);
      const gates = await tableRows(frame, 'experiment-gates');
      expect(gates.map(([name]) => name)).toEqual(
        expect.arrayContaining(['identity', 'coverage', 'checksum']),
      );
      const [line] = experiments();
      expect(line?.experiment?.verdict).toBe(row[0]);
      expect(line?.experiment?.processes).toBeLessThanOrEqual(processes);
    },
    experimentMs + 60_000,
  );

  test('leaves a document in the workspace that names the verdict', async () => {
    const [file = ''] = await eventually('a results document', async () => {
      const found = documents().filter((f) => /experiment|ab-|HAKMEM|RESULT/i.test(path.basename(f)));
      return found.length > 0 ? found : null;
    });
    const text = readFileSync(file, 'utf8');
    expect(text).toContain(experiments()[0]?.experiment?.verdict);
    expect(text).toContain('HAKMEM_TINY_UNIFIED_LIFO');
  });

  test('stands in the Experiments view, and a click opens the report on it', async () => {
    await workbench().command('View: Show Alloc Lens');
    const row = await eventually(
      'the experiment in the tree',
      async () =>
        (await workbench().treeRows()).find((r) => /HAKMEM_TINY_UNIFIED_LIFO 1 → 0/.test(r)) ?? null,
    );
    expect(row).toMatch(/(GO|NEUTRAL|NO-OP|INCONCLUSIVE)/);
    await workbench().openFile('tiny_free_magazine.inc.h');
    await workbench().command('View: Show Alloc Lens');
    await workbench()
      .page.locator('.sidebar .pane-body .monaco-list-row')
      .filter({ hasText: 'HAKMEM_TINY_UNIFIED_LIFO 1 → 0' })
      .first()
      .click();
    await workbench().activeTab('Alloc Lens Report');
    const frame = await workbench().webview('#table-experiments');
    expect(await frame.locator('.experiment-title').innerText()).toMatch(/^HAKMEM_TINY_UNIFIED_LIFO/);
  });

  test('cancelled when there is a ledger leaves it as it was, to the byte', async () => {
    const before = readFileSync(ledgerFile(folder));
    await ask(workbench(), [
      'Environment gate',
      'HAKMEM_TINY_DUALHOT',
      '0 → 1',
      'random_mixed: mixed',
      '±1%',
    ]);
    await eventually('progress of the experiment', async () =>
      (await workbench().notifications()).some((n) => /HAKMEM_TINY_DUALHOT/.test(n)) ? true : null,
    );
    await workbench().page.waitForTimeout(3000);
    await workbench().pressInNotification('Cancel');
    await eventually('the progress to go', async () =>
      (await workbench().notifications()).some((n) => /HAKMEM_TINY_DUALHOT/.test(n)) ? null : true,
    );
    expect(readFileSync(ledgerFile(folder)).equals(before)).toBe(true);
  });

  test('is legible in every theme', async () => {
    mkdirSync(artifacts, { recursive: true });
    await workbench().command('Alloc Lens: Show Experiments');
    await showTab(await workbench().webview('#table-experiments'), 'Experiments');
    for (const theme of ['light', 'dark', 'hc-dark', 'hc-light'] as const satisfies readonly ThemeName[]) {
      await workbench().theme(theme);
      await workbench().tidy();
      await workbench().screenshot(path.join(artifacts, `experiment-${theme}.png`));
    }
  });

  test('nothing went wrong on the way', () => {
    expect(session().extensionErrors()).toEqual([]);
    expect(session().pageErrors()).toEqual([]);
  });
});
