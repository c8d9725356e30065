/** Flags in a real VS Code: the package has no compiler, and a changed flag is measured all the same. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { FlipIndex } from '../../engine/host/flips.ts';
import type { Manifest } from '../../engine/host/manifest.ts';
import type { Experiment } from '../../extension/model-experiment.ts';
import { tableRows } from './driver/alloc-lens.ts';
import {
  askExperiment,
  experimentMs,
  layOutWorkspace,
  ledgerExperiments,
  processes,
  verdict,
} from './driver/laboratory.ts';
import { repository } from './driver/session.ts';
import { sessionOn } from './driver/suite.ts';
import { eventually } from './driver/wait.ts';

const temporary = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-e2e-flag-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));
const folder = path.join(temporary, 'hakmem');
const flag = 'HAKMEM_TINY_CLASS_STATS_COMPILED';

/** What the package was made from. */
function built<T>(name: string): T {
  return JSON.parse(readFileSync(path.join(repository, 'dist/engine', name), 'utf8')) as T;
}

describe('a changed flag, in the package without a compiler', () => {
  const session = sessionOn('experiment-flag', () => {
    layOutWorkspace(folder);
    return folder;
  });

  test(
    'reaches a verdict on the module that was shipped for it',
    async () => {
      const { workbench } = session();
      await askExperiment(workbench, [
        'Compile flag of the speed build',
        flag,
        'random_mixed: tiny',
        '±0.5%',
      ]);
      const [line] = await eventually(
        'a record in the ledger',
        async () => (ledgerExperiments(folder).length === 1 ? ledgerExperiments(folder) : null),
        experimentMs,
      );
      const experiment = line?.experiment;
      const fast = built<Manifest>('manifest.json').modules.find((m) => m.variant === 'fast');
      const flipped = built<FlipIndex>('flips.json').modules.find(
        (m) => m.variant === 'fast' && m.flags[flag] === 1,
      );
      expect(flipped).toBeDefined();
      expect([experiment?.baseline.sha256, experiment?.treatment.sha256]).toEqual([
        fast?.sha256,
        flipped?.sha256,
      ]);
      // The change ran, and the sides were timed: the verdict is one of a measurement.
      expect(experiment?.gates.find((g) => g.name === 'coverage')?.passed).toBe(true);
      expect(experiment?.processes).toBe(processes);
      await workbench.activeTab('Alloc Lens Report');
      const frame = await workbench.webview('#table-experiments');
      const [row = []] = await tableRows(frame, 'experiments');
      expect(row[0]).toMatch(verdict);
      expect(row[1]).toMatch(new RegExp(`^${flag} 0 → 1 in fast`));
    },
    experimentMs + 60_000,
  );

  test(
    'counts what the command line counts, to the instruction',
    () => {
      const sides = ['--baseline', 'engine:fast', '--treatment', `engine:fast,${flag}=1`];
      const work = ['--workload', 'random_mixed:tiny', '--max-processes', String(processes)];
      const args = [
        path.join(repository, 'dist/cli.js'),
        'experiment',
        ...sides,
        ...work,
        '--format',
        'json',
      ];
      const text = execFileSync(process.execPath, args, { cwd: temporary, encoding: 'utf8' });
      const own = JSON.parse(text) as Pick<Experiment, 'counters'>;
      const there = ledgerExperiments(folder)[0]?.experiment?.counters;
      expect(own.counters?.rows[0]?.baseline).toBeGreaterThan(10);
      // Another V8 counts there, and everything is the same.
      expect(there?.rows).toEqual(own.counters?.rows);
    },
    experimentMs,
  );

  test('an experiment of the documents that times nothing is done again, too', async () => {
    const { workbench } = session();
    await askExperiment(workbench, ['Replay', 'phase-28']);
    await eventually('a second record', async () => (ledgerExperiments(folder).length === 2 ? true : null));
    expect(ledgerExperiments(folder)[1]?.experiment).toMatchObject({
      ...{ replay: 'phase-28', verdict: 'NO-OP', processes: 0 },
    });
  });

  test('nothing went wrong on the way, and there was no compiler', () => {
    expect(session().extensionErrors()).toEqual([]);
    expect(session().pageErrors()).toEqual([]);
    expect(existsSync(path.join(session().extensionFolder(), 'node_modules'))).toBe(false);
  });
});
