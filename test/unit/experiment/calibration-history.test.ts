import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  appendCalibration,
  calibrationKey,
  calibrationOf,
  calibrationPlan,
  newestPassed,
  readCalibrations,
} from '../../../extension/experiment/calibration-history.ts';
import { withLock } from '../../../extension/experiment/ledger-lock.ts';
import type { Calibration } from '../../../extension/model-experiment.ts';
import { UserError } from '../../../extension/model.ts';
import { quietMachine } from '../../../bench/simulated-pair.ts';
import { plan, spread } from './units.ts';

const key = calibrationKey(plan(), quietMachine);
const calibration = (at: string, over: Partial<Calibration> = {}): Calibration => ({
  ...calibrationOf(spread(24, 0, 0.002), key, new Date(at)),
  ...over,
});

describe('which calibration counts', () => {
  const now = new Date('2026-11-21T20:00:00Z');

  it('the newest that passed, of the same machine, target and workload, in the last 24 hours', () => {
    const good = calibration('2026-11-21T08:00:00Z');
    const all = [
      calibration('2026-11-21T10:00:00Z', { passed: false }),
      calibration('2026-11-21T11:00:00Z', { host: 'another' }),
      calibration('2026-11-21T11:00:00Z', { target: 'system:native' }),
      calibration('2026-11-21T11:00:00Z', { workload: 'larson:mixed' }),
      good,
      calibration('2026-11-21T07:00:00Z'),
      calibration('2026-11-20T19:59:59Z'),
      // A clock that was set back: nothing of the future counts.
      calibration('2026-11-22T08:00:00Z'),
    ];
    expect(newestPassed(all, key, now)).toBe(good);
    expect(newestPassed([calibration('2026-11-20T19:59:59Z')], key, now)).toBeNull();
    expect(newestPassed([], key, now)).toBeNull();
  });

  it('the key tells machines, variants, workloads and their parameters apart', () => {
    const other = plan({ work: { ...plan().work, threads: 4 } });
    expect(calibrationKey(other, quietMachine).workload).toBe('random_mixed:mixed threads=4');
    expect(calibrationKey(plan(), { ...quietMachine, kernel: '6.2' }).host).not.toBe(key.host);
    expect(key.target).toBe('simulated:plain');
  });

  it('the plan is the baseline against itself with one look', () => {
    const own = calibrationPlan(plan({ rule: 'seed', replay: 'phase-24' }));
    expect(own.treatment).toEqual(own.baseline);
    expect(own).toMatchObject({ rule: 'interval', looks: [24], replay: null });
  });
});

describe('passing', () => {
  it('needs 0 in the interval and a small bias with its half width', () => {
    expect(calibration('2026-11-21T08:00:00Z').passed).toBe(true);
    const of = (values: readonly number[]): Calibration => calibrationOf(values, key, new Date(0));
    // A bias of 0.2% with an interval that is far from 0.
    expect(of(spread(24, -0.002, 0.0003)).passed).toBe(false);
    // Wide: 0 is inside, but bias and half width are more than 0.5%.
    const wide = of(spread(24, 0, 0.012));
    expect(wide.interval[0]).toBeLessThan(0);
    expect(wide.interval[1]).toBeGreaterThan(0);
    expect(wide.passed).toBe(false);
    expect(() => of([0, 0, Number.NaN, 0, 0, 0])).toThrow(UserError);
  });
});

describe('the file', () => {
  let folder = '';
  let file = '';
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'calibrations-'));
    file = path.join(folder, 'kept', 'calibrations.jsonl');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is made when it is missing, grows, and reads back in order', async () => {
    expect(await readCalibrations(file)).toEqual({ calibrations: [], skipped: 0 });
    const [a, b] = [calibration('2026-11-21T08:00:00Z'), calibration('2026-11-21T09:00:00Z')];
    await appendCalibration(file, a);
    await appendCalibration(file, b);
    expect(await readCalibrations(file)).toEqual({ calibrations: [a, b], skipped: 0 });
  });

  it('a torn tail is skipped, and the next record stands on a line of its own', async () => {
    const [a, b] = [calibration('2026-11-21T08:00:00Z'), calibration('2026-11-21T09:00:00Z')];
    await appendCalibration(file, a);
    const whole = await readFile(file, 'utf8');
    for (let cut = 1; cut < whole.length; cut += 37) {
      await writeFile(file, whole + whole.slice(0, cut));
      expect(await readCalibrations(file)).toEqual({ calibrations: [a], skipped: 1 });
      await appendCalibration(file, b);
      expect(await readCalibrations(file)).toEqual({ calibrations: [a, b], skipped: 1 });
    }
  });

  it('is written by one process at a time, the others wait', async () => {
    const all = Array.from({ length: 8 }, (_, i) => calibration(`2026-11-21T08:00:0${i}Z`));
    await mkdir(path.dirname(file));
    const { writers, early } = await withLock(`${file}.lock`, async () => {
      const appended = Promise.all(all.map((c) => appendCalibration(file, c)));
      await sleep(50);
      return { writers: [appended], early: await readCalibrations(file) };
    });
    await Promise.all(writers);
    expect(early.calibrations).toEqual([]);
    const { calibrations, skipped } = await readCalibrations(file);
    expect([calibrations.map((c) => c.at).sort(), skipped]).toEqual([all.map((c) => c.at), 0]);
  });

  it('whatever was written into it is skipped', async () => {
    const a = calibration('2026-11-21T08:00:00Z');
    await appendCalibration(file, a);
    const record = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    const odd = [
      'not json',
      '[]',
      'null',
      '{"__proto__":{"v":1}}',
      JSON.stringify({ ...record, v: 2 }),
      JSON.stringify({ ...record, kind: 'soak' }),
      JSON.stringify({ ...record, calibration: { ...a, sigmaPercent: 'low' } }),
      JSON.stringify({ ...record, calibration: { ...a, sigmaPercent: -1 } }),
      JSON.stringify({ ...record, calibration: { ...a, at: 'yesterday' } }),
      JSON.stringify({ ...record, calibration: { ...a, interval: [0] } }),
    ];
    await appendFile(file, `${odd.join('\n')}\n`);
    expect(await readCalibrations(file)).toEqual({ calibrations: [a], skipped: odd.length });
  });

  it('of a huge one the end is read', async () => {
    const a = calibration('2026-11-21T08:00:00Z');
    await appendCalibration(file, a);
    await appendFile(file, `${'x'.repeat(5 * 2 ** 20)}\n`);
    const last = calibration('2026-11-21T09:00:00Z');
    await appendCalibration(file, last);
    expect((await readCalibrations(file)).calibrations).toEqual([last]);
  });

  it('one that cannot be written or read is said in one line', async () => {
    await writeFile(path.join(folder, 'kept'), '');
    const kept = appendCalibration(file, calibration('2026-11-21T08:00:00Z'));
    await expect(kept).rejects.toThrow(UserError);
    await expect(kept).rejects.toThrow(/^the calibration cannot be kept: cannot write .*kept/);
    await expect(readCalibrations(folder)).rejects.toThrow(UserError);
  });
});
