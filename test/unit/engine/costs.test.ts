/** Cost calibration on the engine: a module of its own in fresh child processes. Shapes only, no times. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { EngineCosts } from '../../../engine/host/costs.ts';
import { readManifest } from '../../../engine/host/manifest.ts';
import { costTable } from '../../../extension/experiment/costs.ts';
import { machine } from '../cli/cost-services.ts';
import { schemaProblems } from '../cli/run-cli.ts';

const distDir = path.resolve(import.meta.dirname, '../../../dist');
const costs = new EngineCosts({ distDir, batchNs: 20_000, units: 3 });

describe('costs on the engine', () => {
  it('measures all but the relaxed add, which WebAssembly has not', async () => {
    expect(await costs.unavailable()).toBeNull();
    const m = await costs.measure(0.05, {});
    expect(m.source).toBe('wasm, seq_cst');
    expect(m.notes[0]).toContain('a relaxed add would cost what the seq_cst add does, so it has no row');
    const table = costTable(m, { host: 'here', machine, at: new Date(0).toISOString() });
    const shared = ['seq_cst add', 'acquire load', 'compare and swap'];
    const alone = [
      ...shared,
      ...['thread-local read', 'environment-gate branch', 'header check', 'wrapper call'],
    ];
    expect(table.costs.map((c) => (c.contended ? `${c.name}!` : c.name))).toEqual([
      ...alone,
      ...(availableParallelism() >= 2 ? shared.map((n) => `${n}!`) : []),
    ]);
    expect(schemaProblems('calibrate', JSON.parse(JSON.stringify(table)))).toEqual([]);
  });

  it('ends when it is cancelled', async () => {
    const abort = new AbortController();
    const running = costs.measure(600, { signal: abort.signal });
    setTimeout(() => abort.abort(), 300);
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('the cost module', () => {
  const bytes = readFileSync(path.join(distDir, 'engine', readManifest(distDir).costs.file));
  const module = new WebAssembly.Module(new Uint8Array(bytes));
  const memory = new WebAssembly.Memory({ initial: 528, maximum: 65536, shared: true });
  const abort = (): never => {
    throw new Error('aborted');
  };
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort } });
  const call = (name: string, ...args: number[]): number => {
    const f = exports[name];
    if (typeof f !== 'function') throw new Error(`no ${name}`);
    return (f as (...numbers: readonly number[]) => number)(...args);
  };
  const batch = (name: string, iters: number): number => {
    const sum = call(name, iters, 400, 16, 1040, 12345);
    call('costs_drain', 400);
    return sum;
  };
  call('costs_reset', 0, 0, 0, 0);
  const words = new BigUint64Array(memory.buffer);
  const line = (i: number): number => Number(words[(0x1000 + 128 * i) / 8]);

  it('does the same work in every variant', () => {
    const names = Object.keys(exports).filter((n) => n.startsWith('cost_'));
    expect(names).toHaveLength(1 + 7 * 3);
    expect(new Set(names.map((n) => batch(n, 5000))).size).toBe(1);
  });

  it.each([
    ['cost_add', 1],
    ['cost_cas', 1],
  ])('%s does what it is for, once for each operation', (name) => {
    for (const k of [1, 2, 4]) {
      const before = [0, 1, 2, 3].map(line);
      batch(`${name}_${k}`, 5000);
      const added = [0, 1, 2, 3].map((i) => line(i) - (before[i] ?? 0));
      // Not where a list was empty: that is no hot path.
      added.forEach((n, i) => {
        if (i >= k) expect(n).toBe(0);
        else expect(n).toBeGreaterThan(4900);
        expect(n).toBeLessThanOrEqual(5000);
      });
    }
  });

  it('reads what is the thread’s own: the sum shows it', () => {
    const plain = batch('cost_base', 5000);
    call('costs_reset', 1, 0, 0, 0);
    expect(batch('cost_own_1', 5000)).not.toBe(plain);
    expect(batch('cost_own_4', 5000)).not.toBe(plain);
    expect(batch('cost_base', 5000)).toBe(plain);
    call('costs_reset', 0, 0, 0, 1);
    expect(batch('cost_own_2', 5000)).toBe(plain);
    expect(batch('cost_own_4', 5000)).not.toBe(plain);
  });

  it('looks at headers: a broken one is found', () => {
    const bytesOf = new Uint8Array(memory.buffer);
    const saved = bytesOf.slice(0x10000, 0x20000);
    bytesOf.fill(0, 0x10000, 0x20000);
    // The links of the first unit's lists stay, its headers are gone.
    for (let i = 0; i < 0x10000; i += 16) bytesOf.set(saved.subarray(i, i + 4), 0x10000 + i);
    batch('cost_base', 5000);
    expect(() => batch('cost_header_1', 5000)).toThrow(WebAssembly.RuntimeError);
  });
});
