import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { instantiate } from '../../../engine/host/instantiate.ts';
import { instrument, readCounts, summarise } from '../../../engine/host/instrument.ts';
import { asSide, inLayout, layoutRecipes, paddingPrefix } from '../../../engine/host/module-layout.ts';
import { functionNames, readSections, WasmFormatError } from '../../../engine/host/wasm-binary.ts';
import { harnessBytes, runChecked, runPass } from '../../../engine/host/workloads.ts';
import { modulePath, parametersFor } from './engine.ts';

const read = (variant: string): Uint8Array => new Uint8Array(readFileSync(modulePath(variant)));
const p = parametersFor('mixed', 30_000);

/** Totals of a pass, and by function, counted on the module in its layout. */
function counted(bytes: Uint8Array) {
  const module = instrument(bytes, null);
  const engine = instantiate(new WebAssembly.Module(module.bytes), { harnessBytes: harnessBytes(p) });
  const before = readCounts(engine.raw, module);
  let after = before;
  runPass(engine, p, () => {
    after = readCounts(engine.raw, module);
  });
  const { byFunction, byLine: _none, ...totals } = summarise(module, after, before);
  return { totals, byFunction: Object.fromEntries([...byFunction].sort()) };
}

describe('code layouts', () => {
  it('are at least four, with names of their own', () => {
    expect(new Set(layoutRecipes.map((r) => r.name)).size).toBeGreaterThanOrEqual(4);
  });

  for (const variant of ['fast', 'standard', 'sampled']) {
    it(`execute exactly what the module as compiled executes, function by function: ${variant}`, () => {
      const bytes = read(variant);
      const plain = counted(bytes);
      expect(plain.totals.instructions).toBeGreaterThan(30_000 * 20);
      for (const recipe of layoutRecipes)
        expect(counted(inLayout(bytes, recipe)), recipe.name).toEqual(plain);
    });
  }

  it('give the same hashes, waste and no faults', () => {
    const check = (bytes: Uint8Array) =>
      runChecked(
        instantiate(new WebAssembly.Module(Uint8Array.from(bytes)), { harnessBytes: harnessBytes(p) }),
        p,
        true,
      );
    const plain = check(read('standard'));
    for (const recipe of layoutRecipes) expect(check(inLayout(read('standard'), recipe))).toEqual(plain);
  });

  it('keep names and exports, and add nothing but padding', () => {
    const names = (bytes: Uint8Array) => [...functionNames(readSections(bytes)).values()];
    const exported = (bytes: Uint8Array) =>
      WebAssembly.Module.exports(new WebAssembly.Module(Uint8Array.from(bytes))).map((e) => e.name);
    const bytes = read('standard');
    for (const recipe of layoutRecipes) {
      const out = inLayout(bytes, recipe);
      const own = names(out).filter((n) => !n.startsWith(paddingPrefix));
      expect([...own].sort()).toEqual([...names(bytes)].sort());
      expect(exported(out)).toEqual(exported(bytes));
      expect(names(out).length > own.length).toBe(recipe.padding !== null);
      expect(own.join() === names(bytes).join()).toBe(recipe.order === null);
    }
  });

  it('are the same every time, and order two modules alike', () => {
    const recipe = layoutRecipes.at(-1) ?? layoutRecipes[0];
    if (recipe === undefined) throw new Error('no layouts');
    expect(inLayout(read('fast'), recipe)).toEqual(inLayout(read('fast'), recipe));
    const order = (variant: string) => [
      ...functionNames(readSections(inLayout(read(variant), recipe))).values(),
    ];
    const [a, b] = [order('standard'), order('research')];
    const [inA, inB] = [new Set(a), new Set(b)];
    const own = (n: string) => !n.startsWith(paddingPrefix) && !n.includes('~') && !n.includes('#');
    const shared = a.filter((n) => inB.has(n) && own(n));
    expect(shared.length).toBeGreaterThan(50);
    expect(b.filter((n) => inA.has(n) && own(n))).toEqual(shared);
  });

  it('refuse what is no module', () => {
    const recipe = { name: 'x', order: 1, padding: 1 };
    expect(() => inLayout(Uint8Array.from([1, 2, 3]), recipe)).toThrow(WasmFormatError);
    const cut = read('fast').subarray(0, 5000);
    expect(() => inLayout(cut, recipe)).toThrow(WasmFormatError);
  });

  it('sides of equal code are modules of their own', () => {
    const bytes = read('fast');
    const [a, b] = [asSide(bytes, 'baseline'), asSide(bytes, 'treatment')];
    expect(a).not.toEqual(b);
    expect(counted(a)).toEqual(counted(b));
  });
});

/** Whether this Node writes maps for perf, into the system's temporary folder. */
const flags = ['--no-liftoff', '--no-wasm-lazy-compilation', '--wasm-num-compilation-tasks=1'];
const perfFlags = [...flags, '--perf-basic-prof'];
// V8 leaves a log in the folder that it runs in.
const folder = mkdtempSync(path.join(tmpdir(), 'alloc-lens-layout-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const perf =
  process.platform === 'linux' &&
  spawnSync(process.execPath, [...perfFlags, '-e', '0'], { cwd: folder }).status === 0;

describe.skipIf(!perf)('addresses in perf maps (skipped where V8 writes none)', () => {
  /** Addresses of three functions of the module at `file`, compiled in a fresh process. */
  function addresses(file: string): Record<'random_mixed' | 'malloc' | 'free', number> {
    const script =
      'new WebAssembly.Module(require("node:fs").readFileSync(process.argv[1])); console.log(process.pid)';
    const run = spawnSync(process.execPath, [...perfFlags, '-e', script, file], {
      encoding: 'utf8',
      cwd: folder,
    });
    expect(run.status, run.stderr).toBe(0);
    const map = path.join(tmpdir(), `perf-${run.stdout.trim()}.map`);
    const text = readFileSync(map, 'utf8');
    rmSync(map);
    const at = (name: string): number => {
      const found = new RegExp(`^([0-9a-f]+) [0-9a-f]+ \\S*\\b${name}-\\d+`, 'm').exec(text)?.[1];
      if (found === undefined) throw new Error(`${name} is not in the map`);
      return Number.parseInt(found, 16);
    };
    return { random_mixed: at('random_mixed'), malloc: at('malloc'), free: at('free') };
  }

  it('differ between layouts, in distance and in alignment', { timeout: 180_000 }, () => {
    const rows = layoutRecipes.map((recipe) => {
      const file = path.join(folder, 'module.wasm');
      writeFileSync(file, inLayout(read('fast-calls'), recipe));
      const { random_mixed, malloc, free } = addresses(file);
      return {
        distances: `${malloc - random_mixed} ${free - random_mixed}`,
        alignment: `${random_mixed % 4096} ${malloc % 4096} ${free % 4096}`,
      };
    });
    expect(new Set(rows.map((r) => r.distances)).size).toBe(layoutRecipes.length);
    expect(new Set(rows.map((r) => r.alignment)).size).toBe(layoutRecipes.length);
  });
});
