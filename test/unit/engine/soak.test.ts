import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { EngineSoakRunner, epochSeed } from '../../../engine/host/soak.ts';
import { batchSeed, Samples } from '../../../engine/host/soak-job.ts';
import { presetByName } from '../../../engine/host/presets.ts';
import { SystemCalls } from '../../../engine/host/system-calls.ts';
import { documentLimits } from '../../../extension/experiment/soak.ts';
import { readSoakFile } from '../../../extension/experiment/soak-journal.ts';
import { beginSoak, continueSoak, type SoakSurroundings } from '../../../extension/experiment/soak-run.ts';
import type { ExperimentWork, SideSpec } from '../../../extension/model-experiment.ts';
import type { SoakPlan, SoakRunner } from '../../../extension/model-soak.ts';
import { UserError } from '../../../extension/model.ts';
import { machine } from '../experiment/soak-support.ts';
import { dist, engineFor, parametersFor } from './engine.ts';
import { randomTrace, tinyTrace, writeTrace } from './traces.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'alloc-lens-soak-'));
afterAll(() => rmSync(folder, { recursive: true }));

const work: ExperimentWork = {
  ...{ workload: 'random_mixed', profile: 'mixed', trace: null, iterations: null, workingSet: null },
  ...{ min: null, max: null, seed: 12345, threads: null },
};

function sideOf(preset: string, flags: Readonly<Record<string, string>> = {}): SideSpec {
  return { target: 'engine', variant: presetByName(preset).variant, preset, flags, env: {} };
}

/** No budget of time: another process may have the core. */
const limits = { ...documentLimits, cv: 1e6 };
let count = 0;

function planOf(overrides: Partial<SoakPlan> = {}): SoakPlan {
  return {
    ...{ id: `soak-${++count}`, minutes: 0.02, epochSeconds: 0.06, work, limits },
    ...{ baseline: sideOf('MIXED_TINYV3_C7_SAFE'), treatment: sideOf('MIXED_TINYV3_C7_BALANCED') },
    startedAt: new Date().toISOString(),
    ...overrides,
  };
}

/** The clock stands, so that only the number of epochs ends a soak, however slow the machine. */
function around(runner: SoakRunner): SoakSurroundings {
  return { runner, machine: () => machine, label: (spec) => spec.preset ?? '', clock: () => 0 };
}

const engine = new EngineSoakRunner({ distDir: dist });

describe('a soak on the engine', () => {
  it('works on both sides in turns, with figures of every epoch', async () => {
    const { summary, file } = await beginSoak(planOf(), folder, around(engine), {});
    const { rows } = readSoakFile(file);
    expect(rows.map((r) => r.side)).toEqual(rows.map((_, i) => (i % 2 === 0 ? 'baseline' : 'treatment')));
    expect(rows).toHaveLength(20);
    for (const side of summary.sides) {
      expect(side.epochs).toHaveLength(10);
      expect(side.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(side.operations).toBe(side.epochs.reduce((sum, e) => sum + e.operations, 0));
      for (const e of side.epochs) {
        expect(e.operations).toBeGreaterThan(0);
        expect(e.operations % 1000).toBe(0);
        expect(e.p50).toBeGreaterThan(0);
        expect(e.p99).toBeGreaterThanOrEqual(e.p50);
        expect(e.p999).toBeGreaterThanOrEqual(e.p99);
        expect(e.residentBytes).toBeGreaterThan(100_000);
      }
      // The heap begins with its first growth, and then has what it needs.
      expect(side.epochs[0]?.systemCalls).toBeGreaterThanOrEqual(1);
      expect(side.epochs.slice(1).every((e) => e.systemCalls === 0)).toBe(true);
      expect(side.budgets.find((b) => b.name === 'drift')?.passed).toBe(true);
    }
    expect(summary.machine.flags).toContain('--no-liftoff');
  });

  it('finds the drift of a side that leaves frees out, and of no other', async () => {
    const leaking = new EngineSoakRunner({ distDir: dist, forget: { side: 'treatment', epochs: 2 } });
    const plan = planOf({ work: { ...work, workingSet: 4000 } });
    const { summary } = await beginSoak(plan, folder, around(leaking), {});
    const [baseline, treatment] = summary.sides;
    const drift = (side: typeof baseline) => side?.budgets.find((b) => b.name === 'drift');
    expect(drift(baseline)?.passed).toBe(true);
    expect(drift(treatment)?.passed).toBe(false);
    expect(drift(treatment)?.value).toBeGreaterThan(10);
    expect(summary.passed).toBe(false);
  });

  it('is cancelled in an epoch, and goes on from there', async () => {
    const plan = planOf();
    const controller = new AbortController();
    const surroundings: SoakSurroundings = {
      ...around(engine),
      onEpoch: (row) => {
        if (row.side === 'baseline' && row.epoch.index === 4) setTimeout(() => controller.abort(), 20);
      },
    };
    const cancelled = await beginSoak(plan, folder, surroundings, { signal: controller.signal });
    expect(cancelled.summary.cancelled).toBe(true);
    const done = readSoakFile(cancelled.file).rows.length;
    expect(done).toBeGreaterThanOrEqual(9);
    expect(done).toBeLessThan(20);
    appendFileSync(cancelled.file, '1,treat');
    const { summary, file, worked } = await continueSoak(cancelled.file, around(engine), {});
    expect(worked).toBe(20 - done);
    expect(summary.cancelled).toBe(false);
    const rows = readSoakFile(file).rows;
    expect(rows).toHaveLength(20);
    expect(rows.at(-1)?.epoch.session).toBe(2);
    expect(readFileSync(file, 'utf8')).not.toContain('1,treat\n');
  });

  it('works on several threads, with modules that count their calls', async () => {
    const flags = { HAKMEM_SS_OS_STATS_COMPILED: '1' };
    const larson: ExperimentWork = {
      ...work,
      workload: 'larson',
      workingSet: 100,
      iterations: 1,
      threads: 2,
    };
    const plan = planOf({
      ...{ minutes: 0.01, epochSeconds: 0.1, work: larson },
      baseline: sideOf('MIXED_TINYV3_C7_BALANCED', flags),
    });
    const { summary } = await beginSoak(plan, folder, around(engine), {});
    expect(summary.sides.map((s) => s.systemCallsExact)).toEqual([true, false]);
    for (const side of summary.sides) {
      expect(side.epochs).toHaveLength(3);
      expect(side.epochs[0]?.operations).toBeGreaterThan(0);
      expect(side.epochs[0]?.systemCalls).toBeGreaterThanOrEqual(1);
    }
  });

  it.each([
    ['on one thread', tinyTrace],
    ['on two', randomTrace(2, 300, 7)],
  ])('replays a trace %s', async (name, text) => {
    const operations = Number(/ops=(\d+)/.exec(text)?.[1]);
    const trace = { file: writeTrace(folder, `t${name.length}`, text), flatten: false };
    const plan = planOf({ minutes: 0.005, epochSeconds: 0.05, work: { ...work, workload: 'trace', trace } });
    const { summary } = await beginSoak(plan, folder, around(engine), {});
    for (const side of summary.sides) {
      expect(side.epochs).toHaveLength(3);
      for (const e of side.epochs) expect(e.operations % operations).toBe(0);
      expect(side.operations).toBeGreaterThan(0);
    }
  });

  it('refuses in one line what cannot be soaked', async () => {
    const refusals: [Partial<SoakPlan>, RegExp][] = [
      [{ baseline: { ...sideOf('FAST_V3'), target: 'system' } }, /runs on the engine: system/],
      [{ treatment: { ...sideOf('FAST_V3'), variant: 'counted' } }, /counted counts and is not timed/],
      [{ treatment: { ...sideOf('FAST_V3'), variant: 'turbo' } }, /unknown variant turbo/],
      [{ baseline: { ...sideOf('FAST_V3'), env: { HAKMEM_NO: '1' } } }, /unknown environment gate/],
      [{ work: { ...work, profile: 'huge' } }, /unknown workload profile/],
      [{ work: { ...work, threads: 2 } }, /one thread/],
      [{ work: { ...work, workload: 'trace' } }, /needs a file/],
      [{ work: { ...work, workload: 'trace', threads: 2 } }, /its own threads/],
      [
        { work: { ...work, workload: 'trace', trace: { file: '/nonexistent.trace.gz', flatten: false } } },
        /nonexistent/,
      ],
    ];
    for (const [overrides, message] of refusals) {
      const refusal = beginSoak(planOf(overrides), folder, around(engine), {});
      await expect(refusal).rejects.toThrow(message);
      await expect(refusal).rejects.toBeInstanceOf(UserError);
      await expect(refusal).rejects.not.toThrow(/\n/);
    }
  });

  it('ends with one clear line when memory runs out or the process dies', async () => {
    const large = { ...work, min: 0x3fffffff, max: 0x3fffffff };
    const full = beginSoak(planOf({ work: large }), folder, around(engine), {});
    await expect(full).rejects.toThrow(/ran out of memory/);
    const session = await engine.start(planOf(), {});
    session.end();
    await expect(session.epoch('baseline', 0, 0.01)).rejects.toThrow(/has ended/);
  });
});

describe('parts of a soak', () => {
  it('samples are thinned evenly', () => {
    const samples = new Samples(8);
    for (let i = 1; i <= 100; i++) samples.add(i);
    const kept = [...samples.sorted()];
    expect(kept.length).toBeGreaterThan(4);
    expect(kept.length).toBeLessThanOrEqual(8);
    const steps = kept.slice(1).map((v, i) => v - (kept[i] ?? 0));
    expect(new Set(steps)).toEqual(new Set([16]));
    const few = new Samples(8);
    for (const v of [3, 1, 2]) few.add(v);
    expect([...few.sorted()]).toEqual([1, 2, 3]);
  });

  it('seeds differ by epoch and batch, and are never 0', () => {
    const seeds = Array.from({ length: 20_000 }, (_, i) => batchSeed(epochSeed(1, i % 20), i));
    expect(new Set(seeds).size).toBe(20_000);
    expect(seeds.every((s) => Number.isInteger(s) && s > 0 && s <= 0xffff_ffff)).toBe(true);
    const zero = -Math.imul(1, 0x85ebca6b) >>> 0;
    expect(epochSeed(zero, 1)).toBe(1);
  });

  it('random_mixed goes on from the slots that it left', () => {
    const p = parametersFor('mixed', 1000);
    const e = engineFor('standard', p);
    const slots = () => new Uint32Array(e.memory.buffer, e.harness, p.workingSet).slice();
    const batch = (seed: number) => e.exports.random_mixed(1000, p.workingSet, p.min, p.max, seed);
    expect(batch(1)).toBe(1000);
    const left = slots();
    expect(batch(2)).toBe(1000);
    const now = slots();
    const kept = left.filter((block, i) => block !== 0 && now[i] === block).length;
    expect(kept).toBeGreaterThan(0);
    e.exports.random_mixed_drain(p.workingSet);
    expect(e.exports.engine_invalid_frees()).toBe(0);
  });

  it('calls of the system are counted, from outside or inside', () => {
    const p = parametersFor('mixed', 1000);
    const seen = (variant: string, counted: boolean): number[] => {
      const e = engineFor(variant, p, { HAKMEM_SS_MEM_LEAN: '1', HAKMEM_SS_MEM_LEAN_DECOMMIT: '1' });
      const calls = new SystemCalls(e, counted);
      const totals = [calls.total()];
      const look = (): void => {
        calls.look();
        totals.push(calls.total());
      };
      const big = e.exports.malloc(9 * 2 ** 20);
      look();
      e.exports.free(big);
      look();
      return totals;
    };
    const outside = seen('standard', false);
    expect(outside[0]).toBe(0);
    // 9 MiB are at most three steps; giving them back is one call more.
    expect(outside[1]).toBeGreaterThanOrEqual(1);
    expect(outside[1]).toBeLessThanOrEqual(4);
    expect(outside[2]).toBe((outside[1] ?? 0) + 1);
    const inside = seen('research', true);
    expect(inside).toEqual([0, 1, 2]);
    expect(seen('standard', true)).toEqual([0, 0, 0]);
  });
});
