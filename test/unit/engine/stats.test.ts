import { describe, expect, it } from 'vitest';
import type { EngineInstance } from '../../../engine/host/instantiate.ts';
import { runPass } from '../../../engine/host/workloads.ts';
import { engineFor, parametersFor } from './engine.ts';

/** Cells as numbered in engine/allocator/stats.ts. */
const cell = {
  classHits: 0,
  classMisses: 1,
  classSmall: 2,
  classMid: 3,
  classC7: 4,
  freeSsEnter: 5,
  c7Free: 6,
  hdrMismatch: 7,
  badClass: 9,
  ucHits: 16,
  ucMisses: 17,
  frontFreeTotal: 40,
  freePathTotal: 41,
  allocGateTotal: 42,
};

function ran(variant: string, profile: string, env: Readonly<Record<string, string>> = {}): EngineInstance {
  const p = parametersFor(profile, 20_000);
  const engine = engineFor(variant, p, env);
  runPass(engine, p);
  return engine;
}

describe('telemetry of `research`', () => {
  const { exports } = ran('research', 'mixed');
  const read = (c: number): number => exports.stat_read(c);

  it('counts every free and every allocation', () => {
    expect(read(cell.freePathTotal)).toBe(read(cell.allocGateTotal));
    expect(read(cell.freePathTotal)).toBeGreaterThan(9_000);
    expect(read(cell.freeSsEnter)).toBe(read(cell.freePathTotal));
  });

  it('counts cache hits by kind of class (Phase 24) and in the measurement (Phase 27)', () => {
    expect(read(cell.classHits)).toBe(read(cell.classSmall) + read(cell.classMid) + read(cell.classC7));
    expect(read(cell.classMisses)).toBeGreaterThan(0);
    expect(read(cell.ucHits)).toBe(read(cell.classHits));
    expect(read(cell.ucMisses)).toBeGreaterThan(0);
  });

  it('counts frees of class 7 (Phase 26A) only where that class is used', () => {
    expect(read(cell.c7Free)).toBeGreaterThan(0);
    expect(ran('research', 'tiny').exports.stat_read(cell.c7Free)).toBe(0);
  });

  it('counts sizes beyond the classes (Phase 26D)', () => {
    expect(read(cell.badClass)).toBe(0);
    expect(ran('research', 'mid').exports.stat_read(cell.badClass)).toBeGreaterThan(0);
  });

  it('counts headers without the magic (Phase 26B) and leaves such a block alone', () => {
    const { exports: e, memory } = ran('research', 'mixed');
    expect(e.stat_read(cell.hdrMismatch)).toBe(0);
    const block = e.malloc(100) >>> 0;
    new Uint8Array(memory.buffer)[block - 1] = 0x11;
    e.free(block);
    expect(e.stat_read(cell.hdrMismatch)).toBe(1);
    expect(e.misuse_last_kind()).toBe(5);
    expect(e.misuse_last_address() >>> 0).toBe(block);
  });

  it('counts FastLane frees (19-C) when FastLane is on the way', () => {
    expect(read(cell.frontFreeTotal)).toBe(0);
    const layered = ran('research', 'mixed', { HAKMEM_FASTLANE_DIRECT: '0' }).exports;
    expect(layered.stat_read(cell.frontFreeTotal)).toBe(layered.stat_read(cell.freePathTotal));
  });
});

it('other variants leave every counter at zero', () => {
  for (const variant of ['fast', 'fast-calls', 'sampled', 'standard']) {
    const { exports } = ran(variant, 'mixed');
    for (const c of Object.values(cell)) expect(exports.stat_read(c)).toBe(0);
  }
});
