import { describe, expect, it } from 'vitest';
import { instantiateCounting, linesByFunction } from '../../../engine/host/counted-run.ts';
import { readCounts } from '../../../engine/host/instrument.ts';
import { envGates } from '../../../engine/host/variants.ts';
import { harnessBytes, runPass } from '../../../engine/host/workloads.ts';
import { modulePath, parametersFor } from './engine.ts';

const iterations = 20_000;

/** Executed instructions by function and line, `name file:line`, of one pass on `standard`. */
function executed(profile: string, env: Readonly<Record<string, string>>): Map<string, number> {
  const p = parametersFor(profile, iterations);
  const { engine, module } = instantiateCounting(modulePath('standard'), env, harnessBytes(p));
  const before = readCounts(engine.raw, module);
  runPass(engine, p);
  const lines = linesByFunction(module, readCounts(engine.raw, module), before);
  const out = new Map<string, number>();
  for (const { file, instructions } of lines) out.set(file, (out.get(file) ?? 0) + instructions);
  return out;
}

interface Case {
  readonly gate: string;
  readonly value: string;
  /** Gates that have to be set for this one to be asked. */
  readonly under?: Readonly<Record<string, string>>;
  readonly profile?: string;
  /** The box whose executed instructions tell the two settings apart, and which way flipping the gate moves them. */
  readonly box: string;
  readonly moves: 'up' | 'down';
}

const layered = { HAKMEM_FASTLANE_DIRECT: '0' };
const noFastmap = { ...layered, HAKMEM_TINY_ROUTE_FASTMAP: '0' };
const cases: readonly Case[] = [
  { gate: 'HAKMEM_ENV_SNAPSHOT', value: '0', under: layered, box: 'env_snapshot', moves: 'down' },
  { gate: 'HAKMEM_FASTLANE_DIRECT', value: '0', box: 'front_fastlane_box', moves: 'up' },
  { gate: 'HAKMEM_FRONT_FASTLANE', value: '0', under: layered, box: 'hak_alloc_api', moves: 'up' },
  {
    gate: 'HAKMEM_FRONT_FASTLANE_CLASS_MASK',
    value: '0x7f',
    under: layered,
    box: 'hak_free_api',
    moves: 'up',
  },
  { gate: 'HAKMEM_FASTLANE_ENV_CTX', value: '1', under: layered, box: 'fastlane_ctx', moves: 'up' },
  { gate: 'HAKMEM_FREE_TINY_TRUSTED', value: '0', under: layered, box: 'tiny_free_gate_box', moves: 'up' },
  {
    gate: 'HAKMEM_ALLOC_PASSDOWN_SSOT',
    value: '1',
    under: layered,
    box: 'front_fastlane_box',
    moves: 'down',
  },
  { gate: 'HAKMEM_TINY_C7_ULTRA', value: '0', box: 'tiny_c7_ultra', moves: 'down' },
  { gate: 'HAKMEM_TINY_DUALHOT', value: '1', profile: 'tiny', box: 'tiny_front_hot_box', moves: 'up' },
  { gate: 'HAKMEM_TINY_LEGACY_DIRECT', value: '1', under: layered, box: 'tiny_route', moves: 'down' },
  { gate: 'HAKMEM_TINY_ROUTE_FASTMAP', value: '0', under: layered, box: 'tiny_route', moves: 'down' },
  { gate: 'HAKMEM_TINY_STATIC_ROUTE', value: '0', under: noFastmap, box: 'tiny_route', moves: 'up' },
  { gate: 'HAKMEM_TINY_UNIFIED_LIFO', value: '0', box: 'unified_cache', moves: 'up' },
  { gate: 'HAKMEM_MID_V3_ENABLED', value: '0', profile: 'mid', box: 'large', moves: 'up' },
];

describe('environment gates of `standard`', () => {
  it('are all covered here', () => {
    expect(cases.map((c) => c.gate).sort()).toEqual([...envGates].sort());
  });

  for (const { gate, value, under = {}, profile = 'mixed', box, moves } of cases) {
    it(`${gate}=${value} changes what ${box} executes`, () => {
      const file = `engine/allocator/${box}.ts`;
      const unset = executed(profile, under).get(file) ?? 0;
      const set = executed(profile, { ...under, [gate]: value }).get(file) ?? 0;
      if (moves === 'up') expect(set).toBeGreaterThan(unset);
      else expect(set).toBeLessThan(unset);
    });
  }

  it('an empty value and 0 are off, anything else is on', () => {
    const direct = (value: string): number =>
      executed('mixed', { HAKMEM_FASTLANE_DIRECT: value }).get('engine/allocator/front_fastlane_box.ts') ?? 0;
    expect(direct('')).toBe(direct('0'));
    expect(direct('yes')).toBe(direct('1'));
    expect(direct('0')).toBeGreaterThan(direct('1'));
  });
});
