import { describe, expect, it } from 'vitest';
import { benchmarkRequest, parseBenchmarkArgs } from '../../../extension/editor/benchmark-args.ts';
import { readSettings } from '../../../extension/editor/settings-values.ts';
import { ageLasts, ageText, runName, speedText } from '../../../extension/editor/words.ts';
import { UserError } from '../../../extension/model.ts';
import { benchResult, profile } from './builders.ts';

describe('settings', () => {
  const read = (values: Record<string, unknown>): ReturnType<typeof readSettings> =>
    readSettings((k) => values[k]);

  it('have defaults', () => {
    expect(read({})).toEqual({
      settings: {
        defines: {},
        env: {},
        entries: [],
        compileCommands: '',
        lensEnabled: true,
        coldFunctions: false,
        heatEnabled: true,
        automatic: true,
        onType: true,
        maxProcesses: 36,
      },
      problems: [],
    });
  });

  it('take numbers and switches as text', () => {
    expect(read({ defines: { A: 1, B: true, C: 'x y', D: false } }).settings.defines).toEqual({
      A: '1',
      B: '1',
      C: 'x y',
      D: '0',
    });
  });

  it('report each value that does not fit, and use the rest', () => {
    const got = read({
      defines: { 'A B': '1', OK: '2', NULL: null },
      env: ['X'],
      entries: ['my_malloc', 3, ''],
      'heat.enabled': 'yes',
    });
    expect(got.settings).toMatchObject({
      defines: { OK: '2' },
      env: {},
      entries: ['my_malloc'],
      heatEnabled: true,
    });
    expect(got.problems).toEqual([
      "allocLens.defines: 'A B' is not an identifier; ignored.",
      'allocLens.defines.NULL must be a string or a number; ignored.',
      'allocLens.env must be an object of names and values; ignored.',
      'allocLens.entries: 3 is not a function name; ignored.',
      'allocLens.entries: "" is not a function name; ignored.',
      'allocLens.heat.enabled must be true or false; using true.',
    ]);
  });
});

describe('the number of processes of an experiment', () => {
  it.each([5, 0, -4, 501, 2.5, '36', true, Number.NaN])('is never %j', (value) => {
    const got = readSettings((k) => (k === 'experiment.maxProcesses' ? value : undefined));
    expect(got.settings.maxProcesses).toBe(36);
    expect(got.problems).toEqual([
      'allocLens.experiment.maxProcesses must be a whole number from 6 to 500; using 36.',
    ]);
  });

  it.each([6, 500])('may be %j', (value) => {
    const got = readSettings((k) => (k === 'experiment.maxProcesses' ? value : undefined));
    expect(got).toMatchObject({ settings: { maxProcesses: value }, problems: [] });
  });
});

describe('arguments of Run Benchmark', () => {
  it('skip the questions, with defaults', () => {
    expect(parseBenchmarkArgs({ iterations: 1000 }, ['engine'])).toEqual({
      workload: 'random_mixed',
      profile: 'mixed',
      target: 'engine',
      variant: 'fast',
      iterations: 1000,
    });
  });

  it.each([[undefined], [null], ['mixed'], [[]], [{}], [{ scheme: 'file', path: '/a' }]])(
    '%j asks',
    (args) => {
      expect(parseBenchmarkArgs(args, ['engine'])).toBeNull();
    },
  );

  it.each([
    [{ profile: 'huge' }, 'profile must be one of mixed, tiny'],
    [{ variant: 7 }, 'variant must be one of fast, fast-calls'],
    [{ target: 'system' }, 'target must be one of engine.'],
    [{ iterations: 0 }, 'whole number above 0'],
    [{ iterations: 1.5 }, 'whole number above 0'],
  ])('%j is refused in one line', (args, message) => {
    expect(() => parseBenchmarkArgs(args, ['engine'])).toThrow(UserError);
    expect(() => parseBenchmarkArgs(args, ['engine'])).toThrow(message);
  });

  it('sample what they run; the environment of the settings is for the engine alone', () => {
    const choice = {
      workload: 'random_mixed',
      profile: 'tiny',
      target: 'engine',
      variant: 'standard',
      iterations: null,
    } as const;
    expect(benchmarkRequest(choice, { HAKMEM_X: '1' })).toMatchObject({
      workload: 'random_mixed',
      profile: 'tiny',
      variant: 'standard',
      env: { HAKMEM_X: '1' },
      seed: 12345,
      threads: 1,
      runs: 1,
      sample: true,
    });
    expect(benchmarkRequest({ ...choice, target: 'system' }, { LD_PRELOAD: 'x' })).toMatchObject({
      env: {},
      sample: true,
    });
  });
});

describe('words', () => {
  it('write speeds in three digits or so', () => {
    expect([64.1e6, 1.25e9, 42_000, 950].map(speedText)).toEqual([
      '64.1 M ops/s',
      '1.3 G ops/s',
      '42.0 k ops/s',
      '950 ops/s',
    ]);
  });

  it('write ages coarsely and know how long they hold', () => {
    const at = '2026-11-20T12:00:00.000Z';
    const moment = (seconds: number): number => Date.parse(at) + seconds * 1000;
    expect([0, 59, 60, 3599, 3600, 86_400, 200_000].map((s) => ageText(at, moment(s)))).toEqual([
      'just now',
      'just now',
      '1 min ago',
      '59 min ago',
      '1 h ago',
      '1 day ago',
      '2 days ago',
    ]);
    for (const s of [0, 59, 61, 3599, 3600, 7300]) {
      const now = moment(s);
      const lasts = ageLasts(at, now);
      expect(ageText(at, now + lasts - 1)).toBe(ageText(at, now));
      expect(ageText(at, now + lasts)).not.toBe(ageText(at, now));
    }
  });

  it('name the run by what was asked for, not by the variant that was sampled for it', () => {
    expect(runName(benchResult({ workload: 'random_mixed', variant: 'fast' }), profile())).toBe(
      'random_mixed, engine fast',
    );
    expect(runName(null, profile({ workload: 'random_mixed' }))).toBe('random_mixed, engine sampled');
  });
});
