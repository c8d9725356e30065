import { describe, expect, it } from 'vitest';
import { runCounted } from '../../../engine/host/counted-run.ts';
import { builtVariants, modulePath, parametersFor } from './engine.ts';

const counted = (variant: string, profile = 'mixed', iterations = 50_000) =>
  runCounted(modulePath(variant), {}, parametersFor(profile, iterations));

describe('counted execution', () => {
  for (const variant of builtVariants) {
    it(`gives identical figures every time: ${variant}`, () => {
      expect(counted(variant)).toEqual(counted(variant));
    });
  }

  it('counts the floor as its loop is written', () => {
    const p = { ...parametersFor('mixed', 100_000), workload: 'floor' as const };
    const { counters } = runCounted(modulePath('fast'), {}, p);
    // Half of the iterations empty a slot, half fill one: load and one store, or load and three.
    expect(counters.memoryOpsPerOp).toBeCloseTo(3, 1);
    expect(counters.callsPerOp).toBe(0);
    expect(counters.instructionsPerOp).toBeGreaterThan(30);
    expect(counters.instructionsPerOp).toBeLessThan(60);
  });

  it('orders the variants by what they execute', () => {
    const [fast, calls, standard, sampled] = ['fast', 'fast-calls', 'standard', 'sampled'].map(
      (v) => counted(v).counters.instructionsPerOp ?? 0,
    );
    expect(fast).toBeLessThan(calls ?? 0);
    expect(calls).toBeLessThan(standard ?? 0);
    expect(standard).toBeLessThan(sampled ?? 0);
  });

  it('`fast` makes no call on its way, `fast-calls` one an operation, `sampled` several', () => {
    expect(counted('fast').counters.callsPerOp).toBeLessThan(0.04);
    expect(counted('fast-calls').counters.callsPerOp).toBeCloseTo(1, 1);
    expect(counted('sampled').counters.callsPerOp).toBeGreaterThan(4);
  });

  it('`fast` takes four memory operations for an allocation and five for a free, above the floor', () => {
    const floor = { ...parametersFor('mixed', 50_000), workload: 'floor' as const };
    const own = runCounted(modulePath('fast'), {}, floor).counters.memoryOpsPerOp ?? 0;
    // A class or bin, a list head, a link, the new head; the rest is the first pass carving its slabs.
    const above = (counted('fast').counters.memoryOpsPerOp ?? 0) - own;
    expect(above).toBeGreaterThan(4);
    expect(above).toBeLessThan(4.8);
  });

  it('attributes lines to the functions that they stand in', () => {
    const { byLine } = counted('sampled');
    const free = byLine.filter((l) => l.function === 'free');
    expect(free.length).toBeGreaterThan(2);
    expect(free.every((l) => /^engine\/allocator\/\w+\.ts$/.test(l.file))).toBe(true);
    expect(free.some((l) => l.file === 'engine/allocator/wrappers.ts')).toBe(true);
  });
});
