import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  attach,
  type EngineInstance,
  environmentBlock,
  instantiate,
} from '../../../engine/host/instantiate.ts';
import { modulePath } from './engine.ts';

const envBase = 0x4000;
/** Cells as numbered in engine/allocator/stats.ts. */
const guardFree = 257;

function setEnvironment(engine: EngineInstance, env: Readonly<Record<string, string>>): void {
  const block = new Uint8Array(engine.memory.buffer, envBase, 0x1000);
  block.fill(0);
  block.set(environmentBlock(env));
}

function churn({ exports }: EngineInstance, count: number, size = 100): void {
  const held = Array.from({ length: count }, () => exports.malloc(size));
  for (const p of held) exports.free(p);
}

/** Frees that the guard has looked at. */
const guarded = (engine: EngineInstance): number => engine.exports.stat_read(guardFree);

describe('gates that change at run time', () => {
  const module = new WebAssembly.Module(new Uint8Array(readFileSync(modulePath('standard'))));
  const two = (): [EngineInstance, EngineInstance] => {
    const a = instantiate(module, { harnessBytes: 64 });
    const b = attach(module, a.memory);
    churn(a, 300);
    churn(b, 300);
    return [a, b];
  };

  it('are not read again without the hook', () => {
    const [a] = two();
    setEnvironment(a, { HAKMEM_TINY_GUARD: '1' });
    churn(a, 300);
    expect(guarded(a)).toBe(0);
  });

  it('take effect at once on the thread that calls the hook, on and off', () => {
    const [a] = two();
    setEnvironment(a, { HAKMEM_TINY_GUARD: '1' });
    a.exports.fastlane_ctx_invalidate();
    churn(a, 10);
    expect(guarded(a)).toBe(10);
    setEnvironment(a, {});
    a.exports.fastlane_ctx_invalidate();
    churn(a, 10);
    expect(guarded(a)).toBe(10);
  });

  it('reach another thread at its next miss, not before', () => {
    const [a, b] = two();
    setEnvironment(a, { HAKMEM_TINY_GUARD: '1' });
    a.exports.fastlane_ctx_invalidate();
    churn(b, 5);
    expect(guarded(b)).toBe(0);
    // More than its lists hold: the miss reads the gates again.
    churn(b, 5000);
    expect(guarded(b)).toBeGreaterThan(4000);
  });

  it('lose no block on the way, whatever the settings hold back', () => {
    const [a, b] = two();
    const settings = [
      { HAKMEM_TINY_UNIFIED_LIFO: '0' },
      { HAKMEM_TINY_HEAP_BOX: '1', HAKMEM_TINY_HEAP_CLASS_ROUTE: '0x7f' },
      { HAKMEM_FASTLANE_DIRECT: '0' },
      { HAKMEM_TINY_C7_HOT: '1', HAKMEM_TINY_HEADER_MODE: 'off' },
      {},
    ];
    const sizes = [24, 100, 700];
    const round = (): void => {
      for (const env of settings) {
        setEnvironment(a, env);
        a.exports.fastlane_ctx_invalidate();
        for (const size of sizes) for (const engine of [a, b]) churn(engine, 2000, size);
      }
    };
    round();
    const top = a.exports.engine_heap_top();
    for (let i = 0; i < 4; i++) round();
    expect(a.exports.engine_heap_top()).toBe(top);
    expect(a.exports.engine_invalid_frees()).toBe(0);
  });
});
