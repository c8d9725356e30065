import { describe, expect, it } from 'vitest';
import { envGates, flagDefaults } from '../../../engine/host/variants.ts';
import {
  flagOffers,
  flagSides,
  gateOffers,
  gateSides,
  newId,
  parseGateValues,
  parseMinutes,
  parseThreshold,
  presetSide,
  workOffers,
} from '../../../extension/editor/experiment-choice.ts';
import { experimentText, soakText } from '../../../extension/editor/experiment-words.ts';
import { experiment, soak } from '../fixtures/experiments.ts';

describe('what can be compared', () => {
  it('is every compile flag but the one that breaks the allocator on purpose', () => {
    expect(flagOffers().map((o) => o.label)).toEqual(
      Object.keys(flagDefaults).filter((f) => f !== 'ENGINE_TEST_DOUBLE_HANDOUT'),
    );
    expect(flagOffers().find((o) => o.label === 'HAKMEM_BUILD_RELEASE')?.description).toBe('1 → 0');
    expect(flagOffers().find((o) => o.label === 'WARM_POOL_PREFILL_BUDGET')?.description).toBe('default 2');
  });

  it('is every gate of the engine', () => {
    expect(gateOffers().map((o) => o.label)).toEqual(envGates);
  });

  it('is done with every workload that both sides can run', () => {
    expect(workOffers().map((o) => o.label)).toEqual([
      'random_mixed: mixed',
      'random_mixed: tiny',
      'random_mixed: c6heavy',
      'random_mixed: c7heavy',
      'random_mixed: mid',
      'random_mixed: large',
      'larson',
      'pc',
      'mstress',
    ]);
  });

  it.each([
    ['NO_SUCH_FLAG', '1'],
    ['toString', '1'],
    ['HAKMEM_TINY_HEADER', ''],
    ['HAKMEM_TINY_HEADER', '1.5'],
    ['HAKMEM_TINY_HEADER', '-1'],
    ['HAKMEM_TINY_HEADER', '256'],
    ['HAKMEM_TINY_HEADER', '1'],
  ])('is not the flag %s with %j', (name, value) => {
    expect(() => flagSides(name, value)).toThrow(expect.objectContaining({ name: 'UserError' }));
  });

  it('is not a gate or preset that the engine does not have, nor one value with itself', () => {
    expect(() => gateSides('PATH', ['0', '1'])).toThrow(/no gate PATH/);
    expect(() => gateSides('HAKMEM_TINY_GUARD', ['1', '1'])).toThrow(/two values/);
    expect(() => presetSide('NONE')).toThrow(/no preset NONE/);
  });
});

describe('typed values', () => {
  it('of a gate are two words, - for unset', () => {
    expect(parseGateValues('8, 16')).toEqual(['8', '16']);
    expect(parseGateValues(' -  OFF ')).toEqual([null, 'OFF']);
    for (const text of ['', '1', '1 2 3']) expect(() => parseGateValues(text)).toThrow(/two values/);
  });

  it('of a threshold are percent above 0', () => {
    expect([parseThreshold('0.5'), parseThreshold(' ±2% '), parseThreshold('50')]).toEqual([0.5, 2, 50]);
    for (const text of ['', '0', '-1', '51', 'x', 'Infinity']) {
      expect(() => parseThreshold(text), text).toThrow(/above 0/);
    }
  });

  it('of a soak are minutes up to a day', () => {
    expect([parseMinutes('0.1'), parseMinutes('1440')]).toEqual([0.1, 1440]);
    for (const text of ['', '0.05', '1441', 'NaN']) expect(() => parseMinutes(text), text).toThrow(/a day/);
  });
});

it('ids are in order of time, and safe in file names', () => {
  const first = newId('ab', new Date('2026-11-21T21:30:12.345Z'), '3f9c0000-x');
  expect(first).toBe('ab-20261121-213012-3f9c');
  expect(newId('ab', new Date('2026-11-21T21:30:13Z'), '0000') > first).toBe(true);
});

describe('results in few words', () => {
  it('have verdict, effect and interval as far as there are any', () => {
    expect(experimentText(experiment())).toBe('GO +1.07% [+0.95, +1.19]');
    expect(experimentText({ verdict: 'NO-OP', effectPercent: null, interval: null })).toBe('NO-OP');
    expect(experimentText({ verdict: 'NEUTRAL', effectPercent: -0.001, interval: [-0.2, 0.2] })).toBe(
      'NEUTRAL 0.00% [-0.20, +0.20]',
    );
  });

  it('name the budgets that a soak broke', () => {
    expect(soakText(soak())).toBe('failed after 10 minutes: cv of engine standard, balanced');
    expect(soakText(soak({ passed: true, minutes: 1 }))).toBe('passed after 1 minute');
  });
});
