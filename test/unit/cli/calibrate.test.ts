/** `alloc-lens calibrate`: what it prints and keeps, and what later analyses make of it. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCalibrate } from '../../../extension/cli/calibrate.ts';
import type { Services } from '../../../extension/cli/services.ts';
import { type Findings, UserError } from '../../../extension/model.ts';
import type { CostTable } from '../../../extension/model-costs.ts';
import { keepCosts, readCosts } from '../../../extension/profile/cost-file.ts';
import { type CostHost, thisHost } from '../../../extension/profile/cost-host.ts';
import { cost, measurement, table } from '../experiment/cost-fixtures.ts';
import { machine, noCosts } from './cost-services.ts';
import { type FakeServices, fakeServices } from './fake-services.ts';
import { messages, runCli, schemaProblems } from './run-cli.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'alloc-lens-calibrate-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Ran extends FakeServices {
  readonly kept: CostTable[];
}

function setup(over: Partial<Services['costs']> = {}, abort = new AbortController()): Ran {
  const kept: CostTable[] = [];
  const truths = [
    { name: 'relaxed add', ns: 0.7 },
    { name: 'acquire load', ns: -0.02 },
    { name: 'relaxed add', contended: true, ns: 12 },
  ] as const;
  const fake = fakeServices({
    signal: abort.signal,
    machine: () => machine,
    costs: {
      ...noCosts,
      native: { unavailable: async () => null, measure: async () => measurement(truths) },
      keep: (t) => {
        kept.push(t);
        return '/cache/costs.json';
      },
      ...over,
    },
  });
  return { ...fake, kept };
}

describe('calibrate', () => {
  it('prints a table, keeps it and writes it into the ledger', async () => {
    const { printed, said, kept, records, services } = setup();
    expect(await runCalibrate(services, { seconds: '5', format: 'text' })).toBe(0);
    expect(printed[0]?.split('\n').map((l) => l.replace(/ +/g, ' ').trim())).toEqual([
      'Costs on a malloc hot path: C, gcc 12.2.0, A CPU',
      'small free-list allocator, random_mixed, a malloc and free pair takes 16.00 ns; intervals over 12 processes',
      '',
      'one more ns/op 95% interval of a pair',
      'relaxed add 0.70 0.70 .. 0.70 4.4%',
      'acquire load -0.02 -0.02 .. -0.02 -0.1% below zero',
      'relaxed add contended 12.00 12.00 .. 12.00 75.0%',
      '',
      'acquire load: all of its interval is below zero, which no added work can be; where the code lies decides here.',
    ]);
    expect(said).toEqual(['alloc-lens: kept in /cache/costs.json; analyze and the editor estimate with it']);
    expect(records).toEqual([{ v: 1, kind: 'costs', at: kept[0]?.at, costs: kept[0] }]);
  });

  it('as JSON prints the table alone, in its schema', async () => {
    const { printed, kept, services } = setup();
    await runCalibrate(services, { seconds: '5', format: 'json' });
    expect(JSON.parse(printed[0] ?? '')).toEqual(kept[0]);
    expect(schemaProblems('calibrate', JSON.parse(printed[0] ?? ''))).toEqual([]);
  });

  it('says when nothing is kept', async () => {
    const { said, services } = setup({ keep: () => null });
    await runCalibrate(services, { seconds: '1', format: 'json' });
    expect(said).toEqual(['alloc-lens: not kept, because ALLOC_LENS_CACHE is off']);
  });

  it('cancelled keeps, prints and records nothing', async () => {
    const abort = new AbortController();
    const stopped = {
      unavailable: async () => null,
      measure: async () => {
        abort.abort();
        return measurement([{ name: 'relaxed add', ns: 1 }]);
      },
    };
    const ran = setup({ native: stopped }, abort);
    await expect(runCalibrate(ran.services, { seconds: '1', format: 'text' })).rejects.toThrow();
    expect([ran.printed, ran.kept, ran.records]).toEqual([[], [], []]);
  });

  it.each(['0', '-1', '3601', 'x', '1.5', ''])('refuses --seconds %s', async (seconds) => {
    await expect(runCalibrate(setup().services, { seconds, format: 'text' })).rejects.toThrow(/--seconds/);
  });
});

describe('the file of costs', () => {
  const host: CostHost = { name: 'here', cpu: 'A CPU', cores: 2 };
  const t = table([cost('relaxed add', 0.7)]);
  const only = (): string => path.join(folder, readdirSync(folder)[0] ?? '');

  it('gives back what was kept, to this machine only', () => {
    const file = keepCosts(path.join(folder, 'new'), host, t);
    expect(existsSync(file)).toBe(true);
    expect(readCosts(path.join(folder, 'new'), host)).toEqual(t);
    expect(readCosts(path.join(folder, 'new'), { ...host, cpu: 'another' })).toBeNull();
    expect(readCosts(path.join(folder, 'new'), { ...host, name: 'elsewhere' })).toBeNull();
    expect(readdirSync(path.join(folder, 'new'))).toHaveLength(1);
  });

  it('keeps the newest', () => {
    keepCosts(folder, host, t);
    keepCosts(folder, host, { ...t, source: 'wasm, seq_cst' });
    expect(readCosts(folder, host)?.source).toBe('wasm, seq_cst');
  });

  it.each([
    ['empty', ''],
    ['cut', JSON.stringify(t).slice(0, 90)],
    ['another version', JSON.stringify({ ...t, schemaVersion: 2 })],
    ['another machine’s', JSON.stringify({ ...t, host: 'there' })],
    ['a cost without a figure', JSON.stringify({ ...t, costs: [{ ...t.costs[0], ns: null }] })],
    ['a cost of no known name', JSON.stringify({ ...t, costs: [{ ...t.costs[0], name: '__proto__' }] })],
    ['a date that is none', JSON.stringify({ ...t, at: 'yesterday' })],
    ['huge', `${JSON.stringify(t)}${' '.repeat(1 << 21)}`],
  ])('that is %s is as if it were not there', (_, text) => {
    keepCosts(folder, host, t);
    writeFileSync(only(), text);
    expect(readCosts(folder, host)).toBeNull();
  });

  it('that cannot be written is one clear line', () => {
    const blocked = path.join(folder, 'file');
    writeFileSync(blocked, '');
    expect(() => keepCosts(blocked, host, t)).toThrow(UserError);
    expect(() => keepCosts(blocked, host, t)).toThrow(/the costs cannot be kept in .*file/);
  });
});

describe('the built command line', () => {
  it('measures on the engine, and analyze estimates with what it kept', async () => {
    const cache = path.join(folder, 'cache');
    const env = { ALLOC_LENS_CACHE: cache };
    const measured = await runCli(['calibrate', '--engine', '--seconds', '1', '--format', 'json'], { env });
    expect(messages(measured)).toEqual([expect.stringMatching(/^alloc-lens: kept in .*costs-\w+\.json; /)]);
    expect(measured.status).toBe(0);
    const printed = JSON.parse(measured.stdout) as CostTable;
    expect(schemaProblems('calibrate', printed)).toEqual([]);
    expect(printed.source).toBe('wasm, seq_cst');
    expect(readCosts(path.join(cache, 'costs'), thisHost())).toEqual(printed);

    const source = path.join(folder, 'a.c');
    writeFileSync(
      source,
      `#include <stdatomic.h>
#include <stdio.h>
#include <stddef.h>
static _Atomic unsigned long g_hits;
static char area[1024];
static size_t at;
void *malloc(size_t n) {
  atomic_fetch_add(&g_hits, 1);
  void *p = area + at;
  at += n;
  return p;
}
void report(void) { printf("%lu\\n", atomic_load(&g_hits)); }
`,
    );
    const analysed = await runCli(['analyze', source, '--format', 'json'], { env });
    const findings = JSON.parse(analysed.stdout) as Findings;
    expect(schemaProblems('analyze', findings)).toEqual([]);
    const add = printed.costs.find((c) => c.name === 'seq_cst add' && !c.contended);
    expect(findings.candidates.find((c) => c.letter === 'C')?.estimate).toMatchObject({
      throughputPercent: add?.percent,
      throughputSource: 'estimate, wasm, seq_cst on this machine',
    });
    // There is no relaxed add to compare with.
    expect(findings.candidates.find((c) => c.letter === 'F')?.estimate.throughputPercent).toBeNull();
    const without = await runCli(['analyze', source, '--format', 'json'], {
      env: { ALLOC_LENS_CACHE: 'off' },
    });
    const plainly = JSON.parse(without.stdout) as Findings;
    expect(plainly.candidates.map((c) => c.estimate.throughputPercent)).toEqual(
      plainly.candidates.map(() => null),
    );
  }, 180_000);

  it('says what is wrong with its options in one line', async () => {
    const r = await runCli(['calibrate', '--seconds', 'soon']);
    expect(r.status).toBe(2);
    expect(messages(r)).toEqual(["alloc-lens: --seconds 'soon': expected a whole number from 1 to 3,600"]);
  });

  it('cancelled ends with 130 and keeps nothing', async () => {
    const cache = path.join(folder, 'cache');
    let sent = false;
    const r = await runCli(['calibrate', '--engine', '--seconds', '60'], {
      env: { ALLOC_LENS_CACHE: cache },
      onStderr: (_, child) => {
        // Once: a signal to a process that is already ending would end it by the signal.
        if (!sent) child.kill('SIGINT');
        sent = true;
      },
    });
    expect(r.status).toBe(130);
    expect(existsSync(path.join(cache, 'costs'))).toBe(false);
  });
});
