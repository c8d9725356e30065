/** `Alloc Lens: Calibrate Costs`: trust, progress, cancel, and what the window knows afterwards. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Measuring } from '../../../extension/editor/measuring.ts';
import { UserError } from '../../../extension/model.ts';
import type { LedgerRecord } from '../../../extension/model-ledger.ts';
import { readCosts } from '../../../extension/profile/cost-file.ts';
import { thisHost } from '../../../extension/profile/cost-host.ts';
import { cost, measurement, table } from '../experiment/cost-fixtures.ts';
import { candidate } from '../report/fixtures.ts';
import { findings, site } from './builders.ts';
import { calibration, measuring } from './calibration.ts';
import { harness, real, root } from './harness.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'alloc-lens-editor-costs-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const analysed = findings({
  atomics: [site({ line: 12, target: 'g_hits', order: 'seq_cst' })],
  candidates: [
    candidate({ letter: 'C', file: 'a.c', line: 12, function: 'f', title: 'Compile out or sample g_hits' }),
  ],
});

describe('Calibrate Costs', () => {
  it('measures with progress, keeps the table, records it and estimates the candidates', async () => {
    const h = harness('', analysed);
    const records: LedgerRecord[] = [];
    const changes: string[] = [];
    h.store.onDidChange((what) => void changes.push(what));
    const native = measuring('C, gcc 12.2.0', {
      measure: async (seconds, { onProgress }) => {
        onProgress?.({ message: `process 1 of ${seconds}`, fraction: 0.5 });
        onProgress?.({ message: 'done', fraction: 1 });
        return measurement([{ name: 'seq_cst add', ns: 0.8 }]);
      },
    });
    const appendToLedger = async (record: LedgerRecord): Promise<void> => void records.push(record);
    const t = await calibration(h, { native, folder, appendToLedger }).run({ seconds: 3 });
    expect(h.state.progress.map((p) => [p.message, p.increment])).toEqual([
      ['process 1 of 3', 50],
      ['done', 50],
    ]);
    expect(h.store.costs).toBe(t);
    expect(changes).toEqual(['costs']);
    expect(readCosts(folder, thisHost())).toEqual(t);
    expect(records).toEqual([{ v: 1, kind: 'costs', at: t?.at, costs: t }]);
    const estimate = h.store.folder(real.uri(root)).findings?.candidates[0]?.estimate;
    expect(estimate?.throughputPercent).toBeCloseTo(5, 6);
    expect(estimate?.throughputSource).toBe('estimate, C, gcc 12.2.0 on this machine');
    await vi.waitFor(() => expect(h.state.messages).toHaveLength(1));
    expect(h.state.messages[0]).toBe(
      'information: Costs calibrated: C, gcc 12.2.0. One more seq_cst add costs 0.80 ns/op (0.80 .. 0.80). Lenses and hovers show what hot telemetry costs here.',
    );
  });

  it('without a compiler takes the engine', async () => {
    const h = harness('');
    const native = measuring('C', { unavailable: async () => 'no C compiler' });
    const t = await calibration(h, { native }).run();
    expect(t?.source).toBe('wasm, seq_cst');
    expect(t?.warnings).toContain('Measured on the engine: no C compiler.');
  });

  it('runs nothing in a workspace that is not trusted', async () => {
    const h = harness('');
    h.state.trusted = false;
    const asked = vi.fn();
    const native = measuring('C', { unavailable: asked, measure: asked });
    await expect(calibration(h, { native }).run()).rejects.toThrow(/trust the workspace/);
    expect(asked).not.toHaveBeenCalled();
  });

  it('cancelled leaves everything as it was', async () => {
    const h = harness('', analysed);
    const native = measuring('C', {
      measure: async (_, { signal }) => {
        h.state.cancel.fire();
        signal?.throwIfAborted();
        return measurement([]);
      },
    });
    expect(await calibration(h, { native, folder }).run()).toBeUndefined();
    expect(h.store.costs).toBeNull();
    expect(h.state.messages).toEqual([]);
    expect(readCosts(folder, thisHost())).toBeNull();
  });

  it('runs one at a time, and again after a failure', async () => {
    const h = harness('');
    const started: (() => void)[] = [];
    const native = measuring('C', {
      measure: () =>
        new Promise((_, reject) => {
          started.push(() => reject(new UserError('the cost program failed', 3)));
        }),
    });
    const command = calibration(h, { native });
    for (const times of [1, 2]) {
      const running = command.run();
      await expect(command.run()).rejects.toThrow('already');
      await vi.waitFor(() => expect(started).toHaveLength(times));
      started.at(-1)?.();
      await expect(running).rejects.toThrow('the cost program failed');
    }
  });

  it('what was measured while the kept table was read stays', async () => {
    const before = harness('');
    await calibration(before, { folder }).run();
    const h = harness('');
    const loading = calibration(h, { folder }).load();
    const newer = table([cost('seq_cst add', 9)]);
    h.store.setCosts(newer);
    await loading;
    expect(h.store.costs).toBe(newer);
  });

  it('neither runs beside an experiment, nor an experiment beside it', async () => {
    const h = harness('');
    const one = new Measuring();
    const measure = vi.fn(async () => measurement([{ name: 'seq_cst add', ns: 0.7 }]));
    const command = calibration(h, { measuring: one, native: measuring('C', { measure }) });
    let finish = (): void => {};
    const experiment = one.run(
      'An experiment',
      'x',
      real.log(h.log),
      () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    );
    await expect(command.run()).rejects.toThrow('An experiment is already running');
    expect(measure).not.toHaveBeenCalled();
    finish();
    await experiment;
    const running = command.run();
    expect(() => one.require()).toThrow('A calibration of costs is already running');
    await running;
    expect(() => one.require()).not.toThrow();
  });

  it.each([0, 3601, Number.NaN, '30', null])('refuses %s seconds', async (seconds) => {
    await expect(calibration(harness('')).run({ seconds })).rejects.toThrow(/a number from 1 to 3600/);
  });

  it('takes up what was kept on this machine, from the first findings on', async () => {
    const before = harness('');
    await calibration(before, { folder }).run();
    const h = harness('');
    const loading = calibration(h, { folder }).load();
    expect(h.store.costs).toBeNull();
    await loading;
    expect(h.store.costs).toEqual(before.store.costs);
    h.store.setFindings(real.uri(root), analysed);
    expect(h.store.folder(real.uri(root)).findings?.candidates[0]?.estimate.throughputPercent).toBeCloseTo(
      4.375,
      6,
    );
    const none = harness('');
    await calibration(none, { folder: path.join(folder, 'none') }).load();
    expect(none.store.costs).toBeNull();
    expect(existsSync(path.join(folder, 'none'))).toBe(false);
  });

  it('a table that knows less takes back what an earlier one said', () => {
    const h = harness('', analysed);
    h.store.setCosts(table([cost('seq_cst add', 1)]));
    const estimate = () => h.store.folder(real.uri(root)).findings?.candidates[0]?.estimate;
    expect(estimate()?.throughputPercent).toBe(6.25);
    h.store.setCosts(table([cost('header check', 1)]));
    expect(estimate()).toEqual({ instructionsPerOp: null, branchesPerOp: null, throughputPercent: null });
  });
});
