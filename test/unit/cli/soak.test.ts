import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runSoak, type SoakFlags, soakPlan } from '../../../extension/cli/soak.ts';
import type { SoakSummary } from '../../../extension/model-soak.ts';
import { UserError } from '../../../extension/model.ts';
import { defaultEpochSeconds } from '../../../extension/experiment/soak.ts';
import { fakeRunner, machine } from '../experiment/soak-support.ts';
import { fakeServices } from './fake-services.ts';
import { shapeOf } from './model-shapes.ts';
import { messages, root, runCli, schemaProblems } from './run-cli.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-soak-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function setup(fail?: (calls: number) => void) {
  const controller = new AbortController();
  const runner = fakeRunner({ now: 0 }, fail === undefined ? {} : { fail });
  const { signal } = controller;
  return { ...fakeServices({ signal, soakRunner: runner, machine: () => machine }), runner, controller };
}

let count = 0;
const flagsOf = (flags: Partial<SoakFlags> = {}): SoakFlags => ({
  ...{ minutes: '1', epochSeconds: '3', format: 'json', out: path.join(folder, String(++count)) },
  ...flags,
});

describe('alloc-lens soak', () => {
  it('prints its summary, writes CSV and Markdown, and keeps a record', async () => {
    const { services, printed, said, records } = setup();
    const flags = flagsOf();
    expect(await runSoak(services, flags)).toBe(0);
    const summary = JSON.parse(printed[0] ?? '') as SoakSummary;
    expect(schemaProblems('soak', summary)).toEqual([]);
    expect(records).toMatchObject([{ v: 1, kind: 'soak', soak: { id: summary.id } }]);
    expect(records[0]?.at).toBe(summary.finishedAt);
    const files = readdirSync(flags.out ?? '');
    expect(files.sort()).toEqual([`${summary.id}.csv`, `${summary.id}.md`]);
    expect(said).toEqual(files.map((f, i) => `${['epochs', 'report'][i]}: ${path.join(flags.out ?? '', f)}`));
    expect(readFileSync(path.join(flags.out ?? '', `${summary.id}.md`), 'utf8')).toContain(
      '**all budgets kept.**',
    );
  });

  it('--fail-on budget: 0 when all are kept, 1 when one is broken, bad input when one is unknown', async () => {
    expect(await runSoak(setup().services, flagsOf({ failOn: 'budget' }))).toBe(0);
    const broken = flagsOf({ failOn: 'budget', budget: ['calls=0', 'cv=0'] });
    expect(await runSoak(setup().services, broken)).toBe(0);
    const slow = setup();
    Object.assign(slow.services, { soakRunner: uneven() });
    expect(await runSoak(slow.services, broken)).toBe(1);
    expect(await runSoak(slow.services, flagsOf({ budget: ['cv=0'] }))).toBe(0);
    const short = runSoak(setup().services, flagsOf({ failOn: 'budget', epochSeconds: '15' }));
    await expect(short).rejects.toThrow(/cannot decide: 2 budgets not measured, none broken/);
    await expect(short).rejects.toMatchObject({ exitCode: 2 });
  });

  it('cancelled: 130, what was done is reported and can be gone on with, nothing is kept in the ledger', async () => {
    const s = setup((calls) => {
      if (calls < 5) return;
      s.controller.abort();
      throw new DOMException('cancelled', 'AbortError');
    });
    expect(await runSoak(s.services, flagsOf({ failOn: 'budget' }))).toBe(130);
    const summary = JSON.parse(s.printed[0] ?? '') as SoakSummary;
    expect(schemaProblems('soak', summary)).toEqual([]);
    expect(summary).toMatchObject({ cancelled: true });
    expect(s.records).toEqual([]);
    const file = /soak --resume (.*\.csv)$/.exec(s.said.at(-1) ?? '')?.[1] ?? '';
    const again = setup();
    expect(await runSoak(again.services, { resume: file, format: 'text' })).toBe(0);
    expect(again.runner.calls[0]).toBe('treatment 2');
    expect(again.records).toHaveLength(1);
    expect(again.printed[0]).toContain('10 epochs a side');
    const read = setup();
    expect(await runSoak(read.services, { resume: file, format: 'text' })).toBe(0);
    expect([read.runner.calls, read.records]).toEqual([[], []]);
  });

  it('has the two modes of Phase 57 as its sides, and others as they are given', () => {
    const at = new Date('2026-11-21T12:34:56.789Z');
    const plan = soakPlan(flagsOf({ minutes: '60' }), at, 'ab12');
    expect(plan.id).toBe('soak-20261121-123456-ab12');
    expect(plan.baseline).toMatchObject({ preset: 'MIXED_TINYV3_C7_SAFE', variant: 'standard' });
    expect(plan.treatment).toMatchObject({ preset: 'MIXED_TINYV3_C7_BALANCED', variant: 'standard' });
    expect(plan.limits).toEqual({ drift: 1, systemCalls: 1e-4, cv: 5.4 });
    const own = flagsOf({
      ...{ baseline: 'engine', treatment: 'engine,env:HAKMEM_LEARN=1', workload: 'random_mixed:tiny' },
      ...{ workingSet: '5000', budget: ['drift=2.5', 'calls=1e-6'], seed: '7' },
    });
    expect(soakPlan(own, at, 'x')).toMatchObject({
      baseline: { variant: 'standard', env: {} },
      treatment: { variant: 'standard', env: { HAKMEM_LEARN: '1' } },
      work: { workload: 'random_mixed', profile: 'tiny', workingSet: 5000, seed: 7 },
      limits: { drift: 2.5, systemCalls: 1e-6, cv: 5.4 },
    });
  });

  it('epochs: 60 a side, but of 1 to 10 seconds', () => {
    expect([0.1, 1, 10, 60].map(defaultEpochSeconds)).toEqual([1, 1, 5, 10]);
    expect(defaultEpochSeconds(0.02)).toBeCloseTo(0.6, 9);
  });

  it.each([
    [{ minutes: '0' }, /--minutes '0': expected a number from 0.01/],
    [{ minutes: 'ten' }, /--minutes 'ten'/],
    [{ epochSeconds: '40' }, /two of them do not fit into 1 minutes/],
    [{ epochSeconds: '-1' }, /--epoch-seconds '-1'/],
    [{ workload: 'floor' }, /floor allocates nothing/],
    [{ workload: 'nonsense' }, /nonsense/],
    [{ workload: 'larson', threads: '1,2' }, /one count of threads/],
    [{ baseline: 'preset:NONE' }, /unknown preset NONE/],
    [{ baseline: 'engine,' }, /--baseline/],
    [{ budget: ['speed=1'] }, /expected drift, calls, cv/],
    [{ budget: ['cv'] }, /NAME=VALUE/],
    [{ failOn: 'drift' }, /--fail-on 'drift': expected budget/],
    [{ format: 'xml' }, /--format/],
    [{ resume: 'x.csv' }, /--resume goes on with the soak's own plan: leave --minutes out/],
  ])('refuses %j', async (wrong, message) => {
    const refusal = runSoak(setup().services, flagsOf(wrong as Partial<SoakFlags>));
    await expect(refusal).rejects.toThrow(message);
    await expect(refusal).rejects.toBeInstanceOf(UserError);
  });

  it('works as a program: soak, cancel by Ctrl-C, resume, with the schema', async () => {
    const args = [
      'soak',
      '--minutes',
      '0.05',
      '--epoch-seconds',
      '0.1',
      '--out',
      path.join(folder, 'program'),
    ];
    const done = await runCli([...args, '--format', 'json']);
    expect([done.status, schemaProblems('soak', JSON.parse(done.stdout))]).toEqual([0, []]);
    const long = [
      'soak',
      '--minutes',
      '0.2',
      '--epoch-seconds',
      '0.5',
      '--out',
      path.join(folder, 'stopped'),
    ];
    let sent = false;
    const stopped = await runCli(long, {
      onStderr: (text, child) => {
        if (sent || !/epoch [2-9]/.test(text)) return;
        sent = true;
        child.kill('SIGINT');
      },
    });
    expect(stopped.status).toBe(130);
    expect(stopped.stdout).toContain('It was stopped before its end');
    const file = /--resume (.*\.csv)$/.exec(messages(stopped).at(-1) ?? '')?.[1] ?? '';
    const resumed = await runCli(['soak', '--resume', file, '--format', 'json']);
    expect(resumed.status).toBe(0);
    const summary = JSON.parse(resumed.stdout) as SoakSummary;
    expect(summary.cancelled).toBe(false);
    expect(summary.sides[0]?.epochs.at(-1)?.session).toBe(2);
    const refused = await runCli(['soak', '--resume', path.join(root, 'package.json')]);
    expect([refused.status, messages(refused)]).toEqual([2, [expect.stringMatching(/no soak's file/)]]);
  }, 120_000);
});

/** A runner whose sides are fast and slow by turns. */
function uneven() {
  const runner = fakeRunner({ now: 0 });
  return {
    start: async (...args: Parameters<typeof runner.start>) => {
      const session = await runner.start(...args);
      return {
        ...session,
        epoch: async (...at: Parameters<typeof session.epoch>) => {
          const measured = await session.epoch(...at);
          return { ...measured, opsPerSecond: measured.opsPerSecond * (1 + (at[1] % 2)) };
        },
      };
    },
  };
}

describe('the schema', () => {
  it('has the properties of the model, no others', () => {
    const file = path.join(root, 'docs/schemas/soak.schema.json');
    const schema = JSON.parse(readFileSync(file, 'utf8')) as {
      properties: object;
      required: string[];
      $defs: Record<string, { properties: object; required: string[] }>;
    };
    for (const [name, part] of [['SoakSummary', schema] as const, ...Object.entries(schema.$defs)]) {
      const { all, required } = shapeOf(name);
      expect([name, Object.keys(part.properties).sort()]).toEqual([name, all]);
      expect([name, [...part.required].sort()]).toEqual([name, required]);
    }
  });
});
