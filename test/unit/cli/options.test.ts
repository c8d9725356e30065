import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type BenchFlags, benchRequests } from '../../../extension/cli/bench.ts';
import { readMeasurements } from '../../../extension/cli/bench-file.ts';
import { failures, parseFailOn, readBaseline } from '../../../extension/cli/fail-on.ts';
import { writeWhole } from '../../../extension/cli/files.ts';
import { parseAssignment, parseDefine, parseWhole, toRecord } from '../../../extension/cli/values.ts';
import { UserError } from '../../../extension/model.ts';
import { findings, gate, run, site } from '../report/fixtures.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-options-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string): string {
  const at = path.join(folder, name);
  writeFileSync(at, content);
  return at;
}

/** The one clear line that an expression fails with. */
function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    const { message } = error as UserError;
    expect(message).not.toContain('\n');
    return message;
  }
  throw new Error('was accepted');
}

describe('values', () => {
  it('reads definitions as a compiler does', () => {
    expect(parseDefine('--define', 'A')).toEqual(['A', '1']);
    expect(parseDefine('--define', 'A=')).toEqual(['A', '']);
    expect(parseDefine('--define', 'A=b=c')).toEqual(['A', 'b=c']);
    expect(refusal(() => parseDefine('--define', '1A=2'))).toContain('C identifier');
    expect(refusal(() => parseDefine('--define', ''))).toContain('C identifier');
    expect(refusal(() => parseAssignment('--env', 'A'))).toContain('--env NAME=VALUE');
  });

  it('keeps special names plain', () => {
    const record = toRecord([['__proto__', '1']]);
    expect(Object.keys(record)).toEqual(['__proto__']);
  });

  it.each(['NaN', '-1', '1.5', '1e9', '', ' ', '0x10', '99999999999999999999', 'Infinity', '0'])(
    'refuses %j as a count',
    (text) => {
      expect(refusal(() => parseWhole('--iterations', text, 1, 1000))).toContain('expected a whole number');
    },
  );

  it('reads whole numbers', () => {
    expect(parseWhole('--runs', ' 1_000 ', 1, 1000)).toBe(1000);
  });
});

describe('bench request', () => {
  const flags = (over: Partial<BenchFlags> = {}): BenchFlags => ({
    target: 'engine',
    format: 'text',
    ...over,
  });
  const variants = ['fast', 'sampled'];

  const benchRequest = (workload: string | undefined, given: BenchFlags, of = variants) => {
    const [only, ...rest] = benchRequests(workload, given, of);
    expect(rest).toEqual([]);
    return only;
  };

  it('has the documented defaults', () => {
    expect(benchRequest('random_mixed', flags(), variants)).toEqual({
      workload: 'random_mixed',
      profile: 'mixed',
      variant: 'fast',
      env: {},
      flags: {},
      iterations: null,
      workingSet: null,
      min: null,
      max: null,
      seed: 12345,
      threads: null,
      runs: 1,
      passes: null,
      sample: false,
      counters: false,
      latency: false,
      verify: false,
    });
  });

  it('takes the workload with its profile and all parameters', () => {
    const request = benchRequest(
      'floor:c7heavy',
      flags({
        variant: 'sampled',
        iterations: '1000',
        workingSet: '64',
        min: '16',
        max: '32',
        seed: '7',
        runs: '3',
        env: ['HAKMEM_X=1'],
        flag: ['HAKMEM_Y=0'],
        sample: true,
        counters: true,
      }),
      variants,
    );
    expect(request).toMatchObject({
      workload: 'floor',
      profile: 'c7heavy',
      variant: 'sampled',
      iterations: 1000,
      workingSet: 64,
      min: 16,
      max: 32,
      seed: 7,
      runs: 3,
      env: { HAKMEM_X: '1' },
      flags: { HAKMEM_Y: '0' },
      sample: true,
      counters: true,
    });
  });

  it('takes threads with the workload or as a list, one request each', () => {
    expect(benchRequest('pc:T4', flags())).toMatchObject({ workload: 'pc', profile: 'mixed', threads: 4 });
    expect(benchRequest('producer_consumer', flags())).toMatchObject({ workload: 'pc', threads: null });
    const counts = benchRequests('mstress', flags({ threads: '1,2,8', passes: '3' }), variants);
    expect(counts.map((r) => r.threads)).toEqual([1, 2, 8]);
    expect(counts.map((r) => r.passes)).toEqual([3, 3, 3]);
  });

  it('takes a trace in the place of a workload', () => {
    expect(benchRequest(undefined, flags({ trace: 'x.gz', flatten: true }))).toMatchObject({
      workload: 'trace',
      trace: { file: 'x.gz', flatten: true },
      threads: null,
    });
  });

  it.each([
    ['random_mixed', { trace: 'x.gz' }, /a workload \('random_mixed'\) or --trace FILE, not both/],
    ['random_mixed', { flatten: true }, /--flatten is for traces/],
    ['larson:tiny', {}, /larson has no profiles but threads, as in larson:T4/],
    ['pc:T4', { threads: '2' }, /'pc:T4' names its threads/],
    ['mstress', { threads: '1,2,1' }, /1 is there twice/],
    ['mstress', { threads: '1,' }, /--threads '': expected a whole number/],
    ['mstress', { passes: '1001' }, /--passes '1001': expected a whole number from 1 to 1,000/],
    ['random_mixed', { preset: 'A' }, /unknown preset A: the engine has MIXED_TINYV3_C7_SAFE, /],
    ['random_mixed', { preset: 'FAST_V3', target: 'system' }, /target 'system' has none/],
    ['nonsense', {}, /expected random_mixed, floor/],
    ['random_mixed:huge', {}, /expected mixed, tiny/],
    ['random_mixed:mixed:x', {}, /WORKLOAD:PROFILE/],
    ['random_mixed', { variant: 'nope' }, /has fast, sampled/],
    ['random_mixed', { iterations: '5000000000' }, /from 1 to 4,294,967,295/],
    ['random_mixed', { iterations: 'NaN' }, /whole number/],
    ['random_mixed', { min: '20', max: '10' }, /--min 20 is larger than --max 10/],
    ['random_mixed', { seed: '0' }, /--seed/],
    ['random_mixed', { threads: '0' }, /--threads/],
  ] as const)('refuses %s %j', (workload, over, message) => {
    expect(refusal(() => benchRequest(workload, flags(over), variants))).toMatch(message);
  });
});

describe('--fail-on', () => {
  const f = findings({
    atomics: [
      site({ id: 'active' }),
      site({ id: 'off', activity: { state: 'inactive', decidedBy: 'X' } }),
      site({ id: 'maybe', activity: { state: 'conditional', decidedBy: 'X' } }),
      site({ id: 'warm', temperature: 'warm' }),
      site({ id: 'lock', class: 'correctness' }),
      site({ id: 'what', class: 'unknown' }),
    ],
    gates: [gate(), gate({ id: 'cold', hot: false }), gate({ id: 'flag', kind: 'compile', hot: true })],
  });

  it('names active hot telemetry, any hot telemetry, and environment reads on a hot path', () => {
    expect(failures(f, ['hot-telemetry']).map((x) => x.id)).toEqual(['active']);
    expect(failures(f, ['hot-telemetry-any']).map((x) => x.id)).toEqual(['active', 'off', 'maybe']);
    expect(failures(f, ['hot-getenv']).map((x) => x.id)).toEqual(['g1']);
    expect(failures(f, ['hot-getenv'])[0]?.where).toBe(
      'core/env.c:12 getenv HAKMEM_ENV_SNAPSHOT in hakmem_env_snapshot_enabled',
    );
  });

  it('reads a list of rules and refuses others', () => {
    expect(parseFailOn('hot-telemetry, hot-getenv')).toEqual(['hot-telemetry', 'hot-getenv']);
    expect(refusal(() => parseFailOn('hot-telemetry,'))).toContain('expected hot-telemetry');
  });

  it('takes ids from an earlier output and refuses other files', () => {
    expect([...readBaseline(file('base.json', JSON.stringify(f)))].sort()).toEqual(
      ['active', 'cold', 'flag', 'g1', 'lock', 'maybe', 'off', 'warm', 'what'].sort(),
    );
    for (const [name, content] of [
      ['a.json', '{}'],
      ['b.json', 'null'],
      ['c.json', '{"atomics":[{"id":1}],"gates":[]}'],
      ['d.json', '{"atomics":'],
    ] as const) {
      expect(refusal(() => readBaseline(file(name, content)))).toContain('--baseline-file');
    }
    expect(refusal(() => readBaseline(path.join(folder, 'missing.json')))).toContain('no such file');
  });
});

describe('bench files', () => {
  it('reads what bench printed and nothing else', () => {
    expect(readMeasurements(file('run.json', JSON.stringify(run()))).runs).toEqual([run()]);
    const both = [run({ threads: 1 }), run({ threads: 2 })];
    const several = JSON.stringify({ schemaVersion: 1, results: both });
    expect(readMeasurements(file('several.json', several)).runs).toEqual(both);
    for (const value of [
      [],
      null,
      { schemaVersion: 1, results: [] },
      { schemaVersion: 1, results: [run(), {}] },
      { ...run(), runs: [{ passes: ['fast'], median: 1, first: 1 }] },
      { ...run(), median: null },
      { ...run(), profile: { target: 'engine' } },
      findings(),
    ]) {
      expect(refusal(() => readMeasurements(file('bad.json', JSON.stringify(value))))).toContain(
        'not the output of alloc-lens bench',
      );
    }
  });
});

describe('tables of allocators', () => {
  const row = {
    ...{
      target: 'engine',
      variant: 'fast',
      median: 5,
      min: 4,
      max: 6,
      firstOpsPerSecond: 3,
      peakBytes: null,
    },
    ...{ ratio: null, cv: 1.5, ratioToMimalloc: { median: 2, min: 1, max: 3 }, pageFaults: 7 },
    ...{ systemCallsPerOp: 0.1, error: null },
  };
  const table = { schemaVersion: 1, workload: 'larson', threads: 2, rounds: 3, hash: ['ab'], rows: [row] };

  it('are read beside runs, and nothing that only looks like one', () => {
    const { runs, comparisons } = readMeasurements(file('table.json', JSON.stringify(table)));
    expect(runs).toEqual([]);
    expect(comparisons).toEqual([table]);
    for (const value of [
      { ...table, rows: [{ ...row, median: 'fast' }] },
      { ...table, rows: [{ ...row, ratio: { median: 1 } }] },
      { ...table, rows: {} },
    ]) {
      expect(refusal(() => readMeasurements(file('bad.json', JSON.stringify(value))))).toContain(
        'not the output',
      );
    }
  });
});

describe('writing', () => {
  it('replaces a file as a whole and leaves no temporary behind', () => {
    const at = file('out.md', 'old');
    writeWhole(at, 'new');
    expect(readFileSync(at, 'utf8')).toBe('new');
    expect(readdirSync(folder).filter((n) => n.endsWith('.tmp'))).toEqual([]);
  });

  it('says why it cannot', () => {
    expect(refusal(() => writeWhole(path.join(folder, 'no/such/out.md'), ''))).toContain('no such file');
    expect(refusal(() => writeWhole(folder, ''))).toContain('is a folder');
    expect(refusal(() => writeWhole('/proc/alloc-lens.md', ''))).toContain("cannot write '/proc/");
  });
});
