/** The C side of cost calibration with a real compiler: what was compiled, what it prints, honest failures. No times. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { costTable } from '../../../extension/experiment/costs.ts';
import { UserError } from '../../../extension/model.ts';
import { costFlags, NativeCosts, parseCostsOutput } from '../../../extension/native/costs.ts';
import { costNames } from '../../../extension/profile/cost-measurement.ts';
import { machine } from '../cli/cost-services.ts';
import { schemaProblems } from '../cli/run-cli.ts';

const source = path.resolve(import.meta.dirname, '../../../extension/native/costs.c');
const able = process.platform === 'linux' && spawnSync('cc', ['--version'], { stdio: 'ignore' }).status === 0;
if (!able) console.log('skipped: costs in C need Linux and a C compiler named cc, which are not here');

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'alloc-lens-costs-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe.skipIf(!able)('costs in C', () => {
  const costs = (): NativeCosts =>
    new NativeCosts({ source, cacheDir: path.join(dir, 'cache'), batchNs: 20_000, units: 3 });

  it('measures every item 1, 2 and 4 times, in fresh processes of different layouts', async () => {
    expect(await costs().unavailable(undefined)).toBeNull();
    const seen: string[] = [];
    const m = await costs().measure(0.06, { onProgress: ({ message }) => void seen.push(message) });
    expect(m.source).toMatch(/^C, (gcc|clang) \d+\.\d+\.\d+$/);
    expect(new Set(m.units.map((u) => u.layout)).size).toBe(3);
    const contended = availableParallelism() >= 2 ? costNames.slice(0, 4) : [];
    for (const unit of m.units) {
      const rows = unit.rows.map((r) => `${r.name} ${r.count} ${r.contended}`);
      const wanted = (names: readonly string[], c: boolean): string[] =>
        names.flatMap((name) => [1, 2, 4].map((k) => `${name} ${k} ${c}`));
      expect(rows).toEqual([...wanted(costNames, false), ...wanted(contended, true)]);
      for (const r of unit.rows) {
        expect(r.blocks.length).toBeGreaterThanOrEqual(2);
        expect(r.operations).toBeGreaterThanOrEqual(1000);
      }
    }
    expect(seen).toContain('costs in C: process 2 of 3');
    const table = costTable(m, { host: 'here', machine, at: new Date(0).toISOString() });
    expect(table.costs).toHaveLength(costNames.length + contended.length);
    expect(schemaProblems('calibrate', JSON.parse(JSON.stringify(table)))).toEqual([]);
  });

  it('compiles once', async () => {
    const before = readdirSync(path.join(dir, 'cache'));
    await costs().measure(0.01, {});
    expect(readdirSync(path.join(dir, 'cache'))).toEqual(before);
    expect(before).toHaveLength(1);
  });

  it('ends when it is cancelled', async () => {
    const abort = new AbortController();
    const running = costs().measure(600, { signal: abort.signal });
    setTimeout(() => abort.abort(), 50);
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('refuses parameters that it does not know', () => {
    const binary = path.join(dir, 'cache', readdirSync(path.join(dir, 'cache'))[0] ?? '');
    for (const arg of ['layout=12', 'layout=-1', 'budget=x', 'depth=1', 'nonsense']) {
      const r = spawnSync(binary, [arg], { encoding: 'utf8' });
      expect(r.status).toBe(2);
      expect(r.stderr).toMatch(/^costs: .*(out of range|no such parameter)\n$/);
    }
  });

  it('says what does not compile', async () => {
    const broken = path.join(dir, 'broken.c');
    writeFileSync(broken, 'int main(void) { return nothing; }\n');
    const run = new NativeCosts({ source: broken, cacheDir: dir }).measure(1, {});
    await expect(run).rejects.toThrow(/cannot compile the cost program: .*nothing/);
    await expect(run).rejects.toBeInstanceOf(UserError);
  });
});

describe.skipIf(!able || process.arch !== 'x64' || !isGcc())('what gcc makes of it on x86-64', () => {
  let bodies = new Map<string, string>();
  let assembly = '';
  beforeAll(() => {
    const out = path.join(dir, 'costs.s');
    execFileSync('cc', [...costFlags, '-S', '-o', out, source]);
    assembly = readFileSync(out, 'utf8');
    bodies = new Map(
      [...assembly.matchAll(/^(\w+):\n(?:.*\n)*?\t\.cfi_endproc/gm)].map((m) => [m[1] ?? '', m[0]]),
    );
  });
  const count = (name: string, what: RegExp): number =>
    [...(bodies.get(name) ?? '').matchAll(new RegExp(what, 'gm'))].length;

  // Each stands in malloc and in free.
  it.each([1, 2, 4])('keeps every one of %d', (k) => {
    expect(count(`run_RELAXED_ADD_${k}_27`, /^\tlock addq/)).toBe(2 * k);
    expect(count(`run_SEQ_CST_ADD_${k}_27`, /^\tlock addq/)).toBe(2 * k);
    expect(count(`run_ACQUIRE_LOAD_${k}_27`, /^\tmovq\t(\d+\+)?lines/)).toBe(2 * k);
    expect(count(`run_COMPARE_AND_SWAP_${k}_27`, /^\tlock cmpxchgq/)).toBe(2 * k);
    expect(count(`run_THREAD_LOCAL_${k}_27`, /%fs:/)).toBe(2 * k);
    expect(count(`run_GATE_${k}_27`, /^\tmovl\t(\d+\+)?gates\(%rip\), %/)).toBe(2 * k);
    expect(count(`run_HEADER_${k}_27`, /^\tmovzbl\t-[1-4]\(/)).toBe(2 * k);
    expect(count(`run_WRAPPER_${k}_27`, new RegExp(`^\\tcall\\t(get|put)_${k}_27`))).toBe(2);
    expect(count(`get_${k}_27`, /^\tcall\t(get_\d|refill)/)).toBe(1);
  });

  it('keeps none in the base, and no loop in two places', () => {
    for (const what of [/\tlock /, /gates/, /lines/, /%fs:/, /\tcall\t(get|put)_/]) {
      expect(count('run_NONE_1_27', what)).toBe(0);
    }
    expect(assembly).not.toMatch(/^run_\w+\.cold:/m);
  });
});

function isGcc(): boolean {
  return able && /gcc|Debian|GCC/.test(execFileSync('cc', ['--version'], { encoding: 'utf8' }));
}

describe('without a compiler', () => {
  it('says so, and does not measure', async () => {
    const costs = new NativeCosts({ source, cacheDir: dir || tmpdir(), compiler: 'no-such-compiler' });
    expect(await costs.unavailable(undefined)).toMatch(/Linux only|no C compiler: `no-such-compiler`/);
    await expect(costs.measure(1, {})).rejects.toBeInstanceOf(UserError);
  });
});

describe('what the program prints', () => {
  const good = {
    ...{ costs: 1, compiler: 'gcc 12.2.0', layouts: 12, layout: 0, pad: 64, clockNs: 20, switches: 0 },
    ...{ cores: [1, 0], hammered: 5 },
    rows: [{ name: 'relaxed add', count: 1, contended: false, operations: 9, blocks: [[1, 2, 2, 1]] }],
  };
  it('is read', () => {
    const output = parseCostsOutput(`noise\n${JSON.stringify(good)}\n`);
    expect(output).toMatchObject({ compiler: 'gcc 12.2.0', cores: [1, 0], hammered: 5 });
    expect(parseCostsOutput(JSON.stringify({ ...good, cores: [-1, -1] })).cores).toBeNull();
  });
  it.each([
    ['nothing', ''],
    ['half a line', JSON.stringify(good).slice(0, 80)],
    ['no rows', JSON.stringify({ ...good, rows: [] })],
    ['a row that is none', JSON.stringify({ ...good, rows: [...good.rows, {}] })],
    ['a compiler with control characters', JSON.stringify({ ...good, compiler: 'gcc\u001b[2J' })],
    ['no clock', JSON.stringify({ ...good, clockNs: null })],
  ])('is refused: %s', (_, text) => {
    expect(() => parseCostsOutput(text)).toThrow(UserError);
  });
});
