import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareExecution, countedTable, type Reading, ranIn } from '../../../engine/host/counted-table.ts';
import { instantiateCounting } from '../../../engine/host/counted-run.ts';
import { instructionSignature } from '../../../engine/host/instruction-signature.ts';
import { instrument, readCounts, summarise } from '../../../engine/host/instrument.ts';
import { readManifest } from '../../../engine/host/manifest.ts';
import { EnginePair } from '../../../engine/host/pair-target.ts';
import { parseSourceMap } from '../../../engine/host/source-map.ts';
import { harnessBytes, runPass } from '../../../engine/host/workloads.ts';
import type { BenchResult } from '../../../extension/model.ts';
import { dist, modulePath, parametersFor } from './engine.ts';

const iterations = 20_000;
const p = parametersFor('mixed', iterations);

/** One pass from a fresh instance, every single counter. */
function reading(variant: string, env: Readonly<Record<string, string>> = {}): Reading {
  const { engine, module } = instantiateCounting(modulePath(variant), env, harnessBytes(p));
  const before = readCounts(engine.raw, module);
  let after = before;
  runPass(engine, p, () => {
    after = readCounts(engine.raw, module);
  });
  return { module, before, after };
}

const { functions: sources } = readManifest(dist);

describe('the counted table', () => {
  it('adds up: lines to functions, functions to the total, all to what was counted', () => {
    const r = reading('sampled');
    const table = countedTable(r, iterations, sources);
    const all = summarise(r.module, r.after, r.before);
    expect(table.instructionsPerOp * iterations).toBeCloseTo(all.instructions, 3);
    for (const key of ['instructionsPerOp', 'branchesPerOp', 'memoryOpsPerOp', 'callsPerOp'] as const) {
      const sum = (rows: readonly (typeof table.functions)[number][]): number =>
        rows.reduce((s, row) => s + row[key], 0);
      expect(sum(table.functions)).toBeCloseTo(table[key], 6);
      for (const f of table.functions) {
        const lines = table.lines.filter((l) => l.function === f.name);
        const ofLines = lines.reduce((s, l) => s + l[key], 0);
        // Some instructions have no line; none has two.
        expect(ofLines).toBeLessThanOrEqual(f[key] + 1e-9);
      }
    }
    const placed = table.lines.reduce((s, l) => s + l.instructionsPerOp, 0);
    expect(placed).toBeGreaterThan(0.95 * table.instructionsPerOp);
  });

  it('says where functions stand, and has the busiest rows first', () => {
    const table = countedTable(reading('sampled'), iterations, sources);
    expect(table.functions.find((f) => f.name === 'free')).toMatchObject({
      file: 'engine/allocator/wrappers.ts',
    });
    const order = table.lines.map((l) => l.instructionsPerOp);
    expect([...order].sort((a, b) => b - a)).toEqual(order);
    expect(ranIn(table, 'engine/allocator/wrappers.ts')).toBe(true);
    expect(ranIn(table, 'engine/allocator/libc_heap.ts')).toBe(false);
  });

  it('comes from the runner the same as from here', async () => {
    const pair = new EnginePair({ distDir: dist });
    const spec = { target: 'engine', variant: 'standard', preset: null, flags: {}, env: {} };
    const work = {
      ...{ workload: 'random_mixed' as const, profile: 'mixed', trace: null, iterations },
      ...{ workingSet: null, min: null, max: null, seed: 12345, threads: null },
    };
    const table = await pair.counted(spec, work, {});
    expect(table).toEqual(countedTable(reading('standard'), iterations, sources));
  });
});

/** A module of one function with a line map of its own: `(param i32) (result i32)`, the body's bytes given. */
function module(body: readonly number[], lines: string): Reading {
  const code = [0, ...body, 0x0b];
  const bytes = Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f],
    ...[3, 2, 1, 0],
    ...[7, 5, 1, 1, 0x66, 0, 0],
    ...[10, code.length + 2, 1, code.length, ...code],
  ]);
  const map = parseSourceMap(JSON.stringify({ version: 3, sources: ['a.ts'], names: [], mappings: lines }));
  const counted = instrument(bytes, map);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(counted.bytes), {});
  const before = readCounts(exports, counted);
  (exports.f as (x: number) => number)(1);
  return { module: counted, before, after: readCounts(exports, counted) };
}

describe('what two sides executed differently', () => {
  const at = 'gCAAA'; // the body's first byte, line 1
  // local.get 0, i32.const N, then an operation.
  const body = (constant: number, operation: number): number[] => [0x20, 0, 0x41, constant, operation];

  it('is nothing for the same', () => {
    const a = module(body(5, 0x6a), at);
    expect(a.module.runs[0]?.lines).toHaveLength(1);
    expect(compareExecution(a, module(body(5, 0x6a), at), [])).toEqual({ changed: [], ran: false });
  });

  it('does not see numbers of locals, globals and functions, alignment, and where static data lies', () => {
    const signature = (...bytes: number[]): number => instructionSignature(Uint8Array.from(bytes), 0);
    expect(signature(0x20, 1)).toBe(signature(0x20, 2));
    expect(signature(0x23, 1)).toBe(signature(0x23, 2));
    expect(signature(0x10, 1)).toBe(signature(0x10, 2));
    expect(signature(0x20, 1)).not.toBe(signature(0x21, 1));
    // i32.const 2000 and 3000; -1 and 5; 2000 as i64.
    expect(signature(0x41, 0xd0, 0x0f)).toBe(signature(0x41, 0xb8, 0x17));
    expect(signature(0x41, 0x7f)).not.toBe(signature(0x41, 0x05));
    expect(signature(0x42, 0xd0, 0x0f)).not.toBe(signature(0x41, 0xd0, 0x0f));
    // Loads at offsets 8 and 12, of one alignment and another; an atomic add and an atomic or.
    expect(signature(0x28, 2, 8)).not.toBe(signature(0x28, 2, 12));
    expect(signature(0x28, 2, 8)).toBe(signature(0x28, 0, 8));
    expect(signature(0xfe, 0x1e, 2, 8)).not.toBe(signature(0xfe, 0x33, 2, 8));
    expect(signature(0xfe, 3, 0)).toBe(signature(0xfe, 3, 0));
  });

  it('is another constant, another operation, one instruction more', () => {
    const a = module(body(5, 0x6a), at);
    for (const other of [body(6, 0x6a), body(5, 0x6b), [...body(5, 0x6a), 0x41, 1, 0x6a]]) {
      const { changed, ran } = compareExecution(a, module(other, at), []);
      expect(ran).toBe(true);
      expect(changed).toEqual([
        { function: 'wasm-function[0]', file: 'a.ts', line: 1, baseline: 1, treatment: 1 },
      ]);
    }
  });

  it('is there without a line, too', () => {
    const [a, b] = [module(body(5, 0x6a), ''), module(body(6, 0x6a), '')];
    expect(compareExecution(a, b, [])).toEqual({ changed: [], ran: true });
  });

  it('leaves out the reading of the environment', () => {
    const gate = { HAKMEM_LEARN: '0' };
    const [plain, set] = [reading('standard'), reading('standard', gate)];
    expect(set.after).not.toEqual(plain.after);
    expect(compareExecution(plain, set, sources)).toEqual({ changed: [], ran: false });
  });
});

const executables = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const chromiumPath = executables.find((file) => existsSync(file)) ?? null;

/** In the page: an instance of the module, one pass, every counter before and after it. */
const script = `(async (heapBase, counters, args) => {
  const bytes = await (await fetch('/module.wasm')).arrayBuffer();
  const memory = new WebAssembly.Memory({ initial: heapBase / 65536, maximum: 16384, shared: true });
  const abort = () => { throw new Error('the engine aborted'); };
  const env = { memory, now: () => performance.now(), abort };
  const { instance } = await WebAssembly.instantiate(bytes, { env });
  const { exports } = instance;
  if (exports.engine_init(heapBase) === 0) throw new Error('no memory');
  const read = () => Array.from({ length: counters }, (_, i) => String(exports['alloc-lens:' + i].value));
  const before = read();
  const done = exports.random_mixed(...args);
  return { before, done, after: read() };
})`;

interface PageResult {
  readonly before: readonly string[];
  readonly done: number;
  readonly after: readonly string[];
}

describe('the counted variant is exact', () => {
  it('gives the same counters, one by one, on the command line twice and here', () => {
    const run = (): BenchResult =>
      JSON.parse(
        execFileSync(
          process.execPath,
          [
            ...[path.join(dist, 'cli.js'), 'bench', 'random_mixed', '--variant', 'counted'],
            ...['--iterations', String(iterations), '--format', 'json'],
          ],
          { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
        ),
      ) as BenchResult;
    const [first, second] = [run(), run()];
    expect(first.counters).toEqual(second.counters);
    const { instructionsPerOp, branchesPerOp, memoryOpsPerOp, callsPerOp } = countedTable(
      reading('fast'),
      iterations,
      sources,
    );
    expect(first.counters).toEqual({
      ...{ unit: 'wasm', instructionsPerOp, branchesPerOp, memoryOpsPerOp, callsPerOp },
    });
  });

  describe.skipIf(chromiumPath === null)('in Chromium (skipped where there is none)', () => {
    let browser: Browser;
    let server: Server;
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: chromiumPath ?? '', args: ['--no-sandbox'] });
    });
    afterAll(async () => {
      await browser.close();
      server.close();
    });

    it('gives the same counters, one by one, as in Node', async () => {
      const here = reading('fast');
      const isolated = {
        'Cross-Origin-Opener-Policy': 'same-origin',
        'Cross-Origin-Embedder-Policy': 'require-corp',
      };
      server = createServer((request, response) => {
        const wasm = request.url === '/module.wasm';
        response.writeHead(200, { ...isolated, 'Content-Type': wasm ? 'application/wasm' : 'text/html' });
        response.end(wasm ? here.module.bytes : '<!doctype html><title>counted</title>');
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${port}/`);
      const heapBase = Math.ceil((0x120000 + harnessBytes(p)) / 0x100000) * 0x100000;
      const args = [p.iterations, p.workingSet, p.min, p.max, p.seed];
      const there = await page.evaluate<PageResult>(
        `${script}(${heapBase}, ${here.module.runs.length}, ${JSON.stringify(args)})`,
      );
      expect(there.done).toBe(iterations);
      expect(there.before).toEqual(here.before.map(String));
      expect(there.after).toEqual(here.after.map(String));
      const counted = summarise(here.module, there.after.map(BigInt), there.before.map(BigInt));
      expect(counted.instructions).toBeGreaterThan(20 * iterations);
      expect(readFileSync(modulePath('fast')).length).toBeLessThan(here.module.bytes.length);
    });
  });
});
