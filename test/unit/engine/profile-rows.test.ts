import { describe, expect, it } from 'vitest';
import { findMemory } from '../../../engine/host/resident.ts';
import { functionRows, lineRows } from '../../../engine/host/sample-run.ts';
import { foldNodes } from '../../../engine/host/sampler.ts';
import { environmentBlock } from '../../../engine/host/instantiate.ts';

const loop = ['random_mixed', 'random_mixed_drain'];
const node = (functionName: string, url: string, hitCount: number) => ({
  callFrame: { functionName, url },
  hitCount,
});
const wasm = 'wasm://wasm/0123';

describe('folding the sampler', () => {
  it('adds up functions, the harness, and what is neither; idle is nobody', () => {
    const folded = foldNodes([
      node('(root)', '', 0),
      node('(idle)', '', 500),
      node('malloc', wasm, 30),
      node('malloc', wasm, 20),
      node('random_mixed', wasm, 25),
      node('js-to-wasm:ii:', wasm, 5),
      node('runPass', 'file:///x.js', 10),
      node('(program)', '', 7),
      node('(garbage collector)', '', 3),
    ]);
    expect(folded.script).toBe(10);
    expect(folded.runtime).toBe(10);
    const rows = functionRows(
      folded,
      [{ name: 'malloc', file: 'engine/allocator/wrappers.ts', line: 3 }],
      loop,
    );
    expect(rows).toEqual([
      { name: 'malloc', category: 'wrapper', selfPercent: 50, file: 'engine/allocator/wrappers.ts', line: 3 },
      { name: 'main', category: 'benchmark', selfPercent: 35, file: null, line: null },
      { name: '(runtime)', category: 'kernel', selfPercent: 15, file: null, line: null },
    ]);
  });

  it('spreads a function over its lines by what they executed', () => {
    const functions = [
      { name: 'malloc', category: 'wrapper', selfPercent: 60, file: 'a.ts', line: 1 },
      { name: 'main', category: 'benchmark', selfPercent: 30, file: 'b.ts', line: 1 },
      { name: 'quiet', category: 'core', selfPercent: 10, file: 'c.ts', line: 1 },
    ] as const;
    const lines = lineRows(
      functions,
      [
        { function: 'malloc', file: 'a.ts', line: 2, instructions: 300 },
        { function: 'malloc', file: 'inlined.ts', line: 9, instructions: 100 },
        { function: 'random_mixed', file: 'inlined.ts', line: 9, instructions: 7 },
        { function: 'never sampled', file: 'd.ts', line: 4, instructions: 1000 },
      ],
      loop,
    );
    expect(lines).toEqual([
      { file: 'a.ts', line: 2, percent: 45 },
      { file: 'inlined.ts', line: 9, percent: 45 },
    ]);
  });
});

describe('finding the linear memory', () => {
  const guard = 'p 00000000 00:00 0';
  const map = (start: string, end: string, rights: string): string => `${start}-${end} ${rights}${guard}`;
  it('is the end of the readable part before the reservation', () => {
    const maps = [
      map('7f0000000000', '7f0000400000', 'rw-'),
      map('7f0000400000', '7f0200000000', '---'),
      map('7f0300000000', '7f0300001000', 'r--'),
    ].join('\n');
    expect(findMemory(maps, 0x400000)).toBe(0x7f0000000000);
    // Merged with a neighbour below: only the end counts.
    expect(findMemory(maps, 0x100000)).toBe(0x7f0000300000);
    expect(findMemory(maps, 0x500000)).toBeNull();
  });
  it('is unknown when two fit or none does', () => {
    const one = [map('10000000', '10400000', 'rw-'), map('10400000', '210400000', '---')];
    const two = [map('300000000', '300400000', 'rw-'), map('300400000', '500400000', '---')];
    expect(findMemory([...one, ...two].join('\n'), 0x400000)).toBeNull();
    expect(findMemory('', 0x400000)).toBeNull();
  });
});

describe('the environment block', () => {
  it('is NAME=VALUE with zero bytes between, and has a limit', () => {
    const bytes = environmentBlock({ A: '1', B: 'x\u00e9' });
    expect(Buffer.from(bytes).toString('latin1')).toBe('A=1\0B=x?\0');
    expect(() => environmentBlock({ A: 'x'.repeat(5000) })).toThrow(/too long/);
  });
});
