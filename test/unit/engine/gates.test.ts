import { describe, expect, it } from 'vitest';
import { instantiateCounting, linesByFunction } from '../../../engine/host/counted-run.ts';
import { readCounts } from '../../../engine/host/instrument.ts';
import { envGates } from '../../../engine/host/variants.ts';
import { harnessBytes, runPass } from '../../../engine/host/workloads.ts';
import { modulePath, parametersFor } from './engine.ts';
import { type GateCase, gateCases } from './gate-cases.ts';

const iterations = 20_000;

/** Executed instructions by function and line, `name file:line`, of one pass on `standard`. */
function executed(
  profile: string,
  env: Readonly<Record<string, string>>,
  work?: GateCase['work'],
): Map<string, number> {
  const p = parametersFor(profile, iterations);
  const { engine, module } = instantiateCounting(modulePath('standard'), env, harnessBytes(p));
  const before = readCounts(engine.raw, module);
  if (work === undefined) runPass(engine, p);
  else work(engine);
  const lines = linesByFunction(module, readCounts(engine.raw, module), before);
  const out = new Map<string, number>();
  for (const { file, instructions } of lines) out.set(file, (out.get(file) ?? 0) + instructions);
  return out;
}

/** Gates that take two threads: pools.test.ts. */
const elsewhere = ['HAKMEM_REMOTE_TARGET_LEN'];

describe('environment gates of `standard`', () => {
  it('are all covered here', () => {
    expect([...gateCases.map((c) => c.gate), ...elsewhere].sort()).toEqual([...envGates].sort());
  });

  for (const { gate, value, under = {}, profile = 'mixed', work, box, moves } of gateCases) {
    it(`${gate}=${value} changes what ${box} executes`, () => {
      const file = `engine/allocator/${box}.ts`;
      const unset = executed(profile, under, work).get(file) ?? 0;
      const set = executed(profile, { ...under, [gate]: value }, work).get(file) ?? 0;
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
