import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { engineSide, engineSideLabel } from '../../../engine/host/pair-side.ts';
import { EnginePair } from '../../../engine/host/pair-target.ts';
import { blockLogRatio } from '../../../engine/host/pair-run.ts';
import { parseCoreList } from '../../../extension/profile/pin.ts';
import { UserError } from '../../../extension/model.ts';
import type { ExperimentPlan, ExperimentWork, SideSpec } from '../../../extension/model-experiment.ts';
import { dist } from './engine.ts';
import { randomTrace, writeTrace } from './traces.ts';

const pair = new EnginePair({ distDir: dist, quick: true });

function side(
  variant: string,
  flags: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
): SideSpec {
  return { target: 'engine', variant, preset: null, flags, env };
}

const mixed: ExperimentWork = {
  ...{ workload: 'random_mixed', profile: 'mixed', trace: null, iterations: 20_000 },
  ...{ workingSet: null, min: null, max: null, seed: 12345, threads: null },
};

function plan(baseline: SideSpec, treatment: SideSpec, work: ExperimentWork = mixed): ExperimentPlan {
  return {
    ...{ id: 'test', title: 'test', baseline, treatment, work, threshold: 0.5, rule: 'interval' },
    ...{ looks: [12], replay: null },
  };
}

const slow = { timeout: 240_000 };

describe('sides', () => {
  it('take variant, flags and gates of a preset, and their own win', () => {
    const spec = { ...side('', {}, { HAKMEM_SS_PREWARM: '0' }), preset: 'MIXED_TINYV3_C7_SAFE' };
    expect(engineSide(spec)).toMatchObject({
      variant: 'standard',
      env: { HAKMEM_TINY_C7_ULTRA: '1', HAKMEM_SS_PREWARM: '0' },
    });
    expect(engineSide({ ...spec, variant: 'research' }).variant).toBe('research');
    expect(engineSideLabel(spec)).toBe(
      'engine standard, preset MIXED_TINYV3_C7_SAFE, env HAKMEM_SS_PREWARM=0',
    );
    expect(engineSideLabel(side('', { HAKMEM_TINY_HEADER: '1' }))).toBe('engine fast, HAKMEM_TINY_HEADER=1');
  });

  it('that do not exist are refused in one line', async () => {
    const refusals: [SideSpec, RegExp][] = [
      [{ ...side('fast'), target: 'mimalloc' }, /mimalloc is not the engine/],
      [side('turbo'), /unknown variant turbo/],
      [side('counted'), /counted counts and is not timed/],
      [side('standard', { NO_SUCH: '1' }), /unknown compile flag/],
      [side('standard', {}, { NO_SUCH: '1' }), /unknown environment gate/],
      [side('fast', {}, { HAKMEM_LEARN: '1' }), /fixed at compile time/],
      [{ ...side('fast'), preset: 'NONE' }, /unknown preset/],
    ];
    for (const [spec, message] of refusals) {
      const refusal = pair.facts(plan(side('fast'), spec), {});
      await expect(refusal).rejects.toThrow(message);
      await expect(refusal).rejects.toBeInstanceOf(UserError);
    }
    const work = { ...mixed, profile: 'huge' };
    await expect(pair.unit(plan(side('fast'), side('fast'), work), 0, 'padded', {})).rejects.toThrow(
      /unknown workload profile/,
    );
  });
});

describe('a block', () => {
  it('is positive where the treatment takes longer, and zero where drift alone moves both', () => {
    expect(blockLogRatio([10, 10], [11, 11])).toBeCloseTo(Math.log(1.1), 12);
    // A B B A while everything gets slower by the same factor each time.
    const [a1 = 0, b1 = 0, b2 = 0, a2 = 0] = [0, 1, 2, 3].map((i) => 10 * 1.05 ** i);
    expect(blockLogRatio([a1, a2], [b1, b2])).toBeCloseTo(0, 12);
    expect(blockLogRatio([3, 4], [5, 6])).toBeCloseTo(-blockLogRatio([5, 6], [3, 4]), 12);
  });
});

describe('a unit', () => {
  it('times both sides in blocks, in any layout, and says which came first', slow, async () => {
    const p = plan(side('fast'), side('standard'));
    const layouts = pair.layouts(p);
    expect(layouts.length).toBeGreaterThanOrEqual(4);
    for (const [index, layout] of layouts.entries()) {
      const unit = await pair.unit(p, index, layout, {});
      expect(unit).toMatchObject({ index, layout, first: index % 2 === 0 ? 'baseline' : 'treatment' });
      expect(unit.blocks).toHaveLength(4);
      // The medians of two ABBA and of two BAAB blocks, and their mean.
      expect(unit.logRatio).toBeCloseTo(unit.blocks.reduce((sum, b) => sum + b, 0) / 4, 12);
      expect(unit.batchNs).toBeGreaterThan(0);
      expect(unit.baseline).toBeGreaterThan(0);
      expect(unit.treatment).toBeGreaterThan(0);
      expect(unit.disturbed).toBeGreaterThanOrEqual(0);
      expect(unit.disturbed).toBeLessThanOrEqual(1);
    }
    // In the next round the same layout begins with the other side.
    const again = await pair.unit(p, layouts.length, layouts[0] ?? '', {});
    expect(again.first).toBe('treatment');
  });

  // Three times the instructions: on a machine that is busy beyond measure it may take another attempt.
  it('knows a side that does much more for its operations as the slower one', {
    ...slow,
    retry: 3,
  }, async () => {
    const libc = side('standard', {}, { HAKMEM_FORCE_LIBC_ALLOC: '1' });
    const unit = await pair.unit(plan(side('standard'), libc), 0, 'as compiled', {});
    expect(unit.logRatio).toBeGreaterThan(0);
    expect(unit.baseline).toBeGreaterThan(unit.treatment);
    const swapped = await pair.unit(plan(libc, side('standard')), 0, 'as compiled', {});
    expect(swapped.logRatio).toBeLessThan(0);
  });

  for (const [workload, iterations] of [
    ['larson', 1],
    ['pc', 2000],
    ['mstress', 2],
  ] as const) {
    it(`has a team of threads for each side: ${workload}`, slow, async () => {
      const work: ExperimentWork = { ...mixed, workload, iterations, workingSet: 64 };
      const p = plan(side('fast'), side('standard'), work);
      const unit = await pair.unit(p, 1, 'reordered 1', {});
      expect(unit.blocks.length).toBeGreaterThanOrEqual(2);
      expect(unit.blocks.every(Number.isFinite)).toBe(true);
      expect(unit.treatment).toBeGreaterThan(0);
      expect((await pair.conditions(work)).pinned).toBeNull();
    });
  }

  it('replays a trace, flattened and by its threads', slow, async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'alloc-lens-pair-'));
    try {
      const file = writeTrace(folder, 'two', randomTrace(2, 5000, 4));
      for (const flatten of [true, false]) {
        const work: ExperimentWork = {
          ...mixed,
          workload: 'trace',
          iterations: null,
          trace: { file, flatten },
        };
        const p = plan(side('fast'), side('fast-calls'), work);
        const unit = await pair.unit(p, 0, 'padded', {});
        expect(unit.blocks.length).toBeGreaterThanOrEqual(2);
        const facts = await pair.facts(p, {});
        expect(facts.baseline.hash).toHaveLength(2 - Number(flatten));
        expect(facts.baseline.hash).toEqual(facts.treatment.hash);
        // Counts of several threads are not exact, so there are none.
        expect(facts.baseline.counters === null).toBe(!flatten);
        expect(facts.changedRan).toBe(flatten ? true : null);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('ends at once when it is cancelled, before and during', slow, async () => {
    const p = plan(side('fast'), side('fast'));
    const before = pair.unit(p, 0, 'padded', { signal: AbortSignal.abort() });
    await expect(before).rejects.toMatchObject({ name: 'AbortError' });
    const controller = new AbortController();
    const during = pair.unit(p, 0, 'padded', {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(during).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('says what it runs under', async () => {
    const { pinned, flags } = await pair.conditions(mixed);
    expect(flags.every((f) => f.startsWith('--'))).toBe(true);
    expect(pinned === null || pinned.length === 1).toBe(true);
    expect(parseCoreList('0-2,5, 7\n')).toEqual([0, 1, 2, 5, 7]);
    expect(parseCoreList('x,-1,3-1')).toEqual([]);
  });
});

describe('facts', () => {
  it('of equal sides: identical, nothing changed', slow, async () => {
    const fractions: number[] = [];
    const facts = await pair.facts(plan(side('fast'), side('fast')), {
      onProgress: (_message, fraction) => void fractions.push(fraction),
    });
    expect(fractions.length).toBeGreaterThan(2);
    expect([...fractions].sort((a, b) => a - b)).toEqual(fractions);
    expect(facts).toMatchObject({ identical: true, changedRan: false, changed: [] });
    expect(facts.clockNs).toBeGreaterThan(0);
    expect(facts.baseline).toEqual(facts.treatment);
    expect(facts.baseline).toMatchObject({
      ...{ label: 'engine fast', intended: true, verified: true, answered: "the engine's own heap" },
      counters: { unit: 'wasm' },
    });
    expect(facts.baseline.hash).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/)]);
    expect(facts.baseline.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('Phase 29: statistics of a pool whose gate is off never run', slow, async () => {
    const flag = (value: string) => side('standard', { HAKMEM_POOL_HOTBOX_V2_STATS_COMPILED: value });
    const facts = await pair.facts(plan(flag('1'), flag('0')), {});
    expect(facts.identical).toBe(false);
    expect(facts.baseline.sha256).not.toBe(facts.treatment.sha256);
    expect(facts).toMatchObject({ changedRan: false, changed: [] });
    expect(facts.baseline.counters).toEqual(facts.treatment.counters);
    // With the gate on, and sizes that the pool serves, the same flag runs: both are needed.
    const on = (value: string) => ({ ...flag(value), env: { HAKMEM_POOL_V2_ENABLED: '1' } });
    const active = await pair.facts(plan(on('1'), on('0'), { ...mixed, profile: 'mid' }), {});
    expect(active.changedRan).toBe(true);
    expect(active.changed).toContainEqual(
      expect.objectContaining({ file: 'engine/allocator/pool_hotbox_v2_stats_box.ts', treatment: 0 }),
    );
  });

  it('Phase 24: class statistics run, once an allocation', slow, async () => {
    const flag = (value: string) => side('standard', { HAKMEM_TINY_CLASS_STATS_COMPILED: value });
    const facts = await pair.facts(plan(flag('1'), flag('0')), {});
    expect(facts.changedRan).toBe(true);
    const place = facts.changed.find((c) => c.function === 'tiny_class_stats_hit');
    expect(place).toMatchObject({ file: 'engine/allocator/tiny_class_stats_box.ts', treatment: 0 });
    // Two passes, in each of which about every other operation allocates.
    expect(place?.baseline).toBeGreaterThan(18_000);
    expect(place?.baseline).toBeLessThan(22_000);
    expect(facts.baseline.counters?.memoryOpsPerOp).toBeGreaterThan(
      facts.treatment.counters?.memoryOpsPerOp ?? Number.POSITIVE_INFINITY,
    );
    expect(facts.baseline.hash).toEqual(facts.treatment.hash);
  });

  it('a gate that is set to what it is anyway changes nothing, another value does', slow, async () => {
    const gate = (value: string) => side('standard', {}, { HAKMEM_TINY_C7_ULTRA: value });
    const same = await pair.facts(plan(side('standard'), gate('1')), {});
    expect(same).toMatchObject({ identical: false, changedRan: false, changed: [] });
    const other = await pair.facts(plan(gate('1'), gate('0')), {});
    expect(other.changedRan).toBe(true);
    expect(other.baseline.sha256).toBe(other.treatment.sha256);
  });

  it('name the heap that answered, and whether it was meant', slow, async () => {
    const libc = side('standard', {}, { HAKMEM_FORCE_LIBC_ALLOC: '1' });
    const facts = await pair.facts(plan(side('standard'), libc), {});
    expect(facts.baseline).toMatchObject({ answered: "the engine's own heap", intended: true });
    expect(facts.treatment).toMatchObject({ answered: 'the forced baseline (TLSF)', intended: true });
    expect(facts.treatment.counted?.lines.some((l) => l.file === 'engine/allocator/libc_heap.ts')).toBe(true);
    expect(facts.baseline.hash).toEqual(facts.treatment.hash);
  });

  it('of a side that hands blocks out twice: not verified', slow, async () => {
    const broken = side('fast', { ENGINE_TEST_DOUBLE_HANDOUT: '1' });
    const work = { ...mixed, iterations: 100_000 };
    const facts = await pair.facts(plan(side('fast'), broken, work), {});
    expect(facts.baseline.verified).toBe(true);
    expect(facts.treatment.verified).toBe(false);
  });
});
