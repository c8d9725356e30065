import { describe, expect, it } from 'vitest';
import { instrument, readCounts, summarise } from '../../../engine/host/instrument.ts';
import { parseSourceMap, positionAt } from '../../../engine/host/source-map.ts';
import { WasmFormatError } from '../../../engine/host/wasm-binary.ts';

interface Wasm {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: Record<string, unknown> };
}
const wasm = (globalThis as unknown as { WebAssembly: Wasm }).WebAssembly;

interface AssemblyScript {
  main(
    argv: readonly string[],
    io: {
      readFile: (name: string) => string | null;
      writeFile: (name: string, contents: string | Uint8Array) => void;
      listFiles: () => string[];
    },
  ): Promise<{ error: Error | null }>;
}
// By a variable: the compiler's own types pull in its whole source.
const ascModule = 'assemblyscript/asc';
const asc = (await import(/* @vite-ignore */ ascModule)) as AssemblyScript;

const source = `
export function sum(n: i32): i32 {
  let s = 0;
  for (let i = 0; i < n; i++) {
    s += i & 1 ? twice(i) : i;
  }
  return s;
}
// @ts-ignore: decorator
@inline function unused(): void {}
function twice(x: i32): i32 {
  store<i32>(8, x);
  return load<i32>(8) * 2;
}
`;

async function compile(): Promise<{ binary: Uint8Array; map: string }> {
  const written = new Map<string, string | Uint8Array>();
  const { error } = await asc.main(
    ['in.ts', '--outFile', 'out.wasm', '--sourceMap', '--debug', '--runtime', 'stub', '--initialMemory', '1'],
    {
      readFile: (name) => (name === 'in.ts' ? source : null),
      writeFile: (name, contents) => void written.set(name, contents),
      listFiles: () => [],
    },
  );
  const binary = written.get('out.wasm');
  const map = written.get('out.wasm.map');
  if (error !== null || typeof map !== 'string' || !(binary instanceof Uint8Array)) {
    throw error ?? new Error('no output');
  }
  return { binary, map };
}

function instantiate(bytes: Uint8Array): Record<string, unknown> {
  return new wasm.Instance(new wasm.Module(bytes)).exports;
}

function call(exports: Record<string, unknown>, name: string, ...args: number[]): number {
  const f = exports[name];
  if (typeof f !== 'function') throw new Error(`no export ${name}`);
  return f(...args) as number;
}

/** (func (export "f") (param i32) (result i32) local.get 0 if (result i32) i32.const 1 else i32.const 2 i32.const 3 i32.add end) */
const tiny = Uint8Array.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f],
  ...[3, 2, 1, 0],
  ...[7, 5, 1, 1, 0x66, 0, 0],
  ...[10, 16, 1, 14, 0, 0x20, 0, 0x04, 0x7f, 0x41, 1, 0x05, 0x41, 2, 0x41, 3, 0x6a, 0x0b, 0x0b],
]);
// The last section's sizes, corrected for the body above.
tiny[tiny.length - 18] = 17;
tiny[tiny.length - 16] = 15;

describe('instrument', () => {
  it('counts a hand-made module exactly', () => {
    const m = instrument(tiny, null);
    const exports = instantiate(m.bytes);
    expect(call(exports, 'f', 7)).toBe(1);
    const first = readCounts(exports, m);
    // local.get, if, i32.const
    expect(summarise(m, first, null)).toMatchObject({ instructions: 3, branches: 1, memoryOps: 0, calls: 0 });
    expect(call(exports, 'f', 0)).toBe(5);
    // local.get, if, two i32.const, i32.add
    expect(summarise(m, readCounts(exports, m), first)).toMatchObject({ instructions: 5, branches: 1 });
    expect(m.functions).toEqual(['wasm-function[0]']);
  });

  it('keeps the result of a compiled module and counts its calls and memory operations', async () => {
    const { binary, map } = await compile();
    const m = instrument(binary, parseSourceMap(map));
    const exports = instantiate(m.bytes);
    expect(call(exports, 'sum', 10)).toBe(call(instantiate(binary), 'sum', 10));
    const s = summarise(m, readCounts(exports, m), null);
    expect(s.calls).toBe(5);
    expect(s.memoryOps).toBe(10);
    const twice = [...s.byFunction].find(([name]) => name.endsWith('twice'));
    expect(twice?.[1]).toMatchObject({ memoryOps: 10, branches: 0 });
  });

  it('attributes instructions to source lines in proportion to executions', async () => {
    const { binary, map } = await compile();
    const m = instrument(binary, parseSourceMap(map));
    const run = (n: number): ReadonlyMap<number, number> => {
      const exports = instantiate(m.bytes);
      call(exports, 'sum', n);
      const { byLine } = summarise(m, readCounts(exports, m), null);
      return [...byLine].find(([file]) => !file.startsWith('~'))?.[1] ?? new Map();
    };
    const body = source.split('\n').findIndex((l) => l.includes('twice(i)')) + 1;
    const store = source.split('\n').findIndex((l) => l.includes('store<i32>')) + 1;
    const [ten, twenty] = [run(10), run(20)];
    expect(ten.get(store)).toBeGreaterThan(0);
    expect(twenty.get(store)).toBe(2 * (ten.get(store) ?? 0));
    expect(twenty.get(body)).toBe(2 * (ten.get(body) ?? 0));
  });

  it('gives the same figures every time', async () => {
    const { binary, map } = await compile();
    const once = (): unknown => {
      const m = instrument(binary, parseSourceMap(map));
      const exports = instantiate(m.bytes);
      call(exports, 'sum', 1000);
      return summarise(m, readCounts(exports, m), null);
    };
    expect(once()).toEqual(once());
  });

  it('refuses what is not a module, is truncated, or uses unknown instructions', () => {
    expect(() => instrument(Uint8Array.of(1, 2, 3), null)).toThrow(WasmFormatError);
    for (let length = 9; length < tiny.length; length++) {
      expect(() => instrument(tiny.subarray(0, length), null)).toThrow(WasmFormatError);
    }
    const bad = Uint8Array.from(tiny);
    bad[bad.indexOf(0x6a)] = 0xfd; // SIMD
    expect(() => instrument(bad, null)).toThrow(/unknown instruction 0xfd/);
  });
});

describe('source map', () => {
  it('finds the position at or before an offset, not before its function', () => {
    // offsets 4 (line 1), 10 (line 3), 12 (none)
    const map = parseSourceMap(JSON.stringify({ version: 3, sources: ['a.ts'], mappings: 'IAAA,MAEA,E' }));
    expect(map.offsets).toEqual([4, 10, 12]);
    expect(positionAt(map, 3, 0)).toBeNull();
    expect(positionAt(map, 9, 0)).toEqual({ source: 'a.ts', line: 1 });
    expect(positionAt(map, 9, 5)).toBeNull();
    expect(positionAt(map, 11, 5)).toEqual({ source: 'a.ts', line: 3 });
    expect(positionAt(map, 40, 5)).toBeNull();
  });

  it('refuses other JSON and broken mappings', () => {
    expect(() => parseSourceMap('{}')).toThrow(/revision 3/);
    expect(() => parseSourceMap(JSON.stringify({ sources: [], mappings: '!' }))).toThrow(/bad character/);
  });
});
