/** Build flavours and presets: what they set, and what that does. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { instantiateCounting, linesByFunction } from '../../../engine/host/counted-run.ts';
import { compileSettings, flavours } from '../../../engine/host/flavours.ts';
import { readCounts } from '../../../engine/host/instrument.ts';
import { presetByName, presets } from '../../../engine/host/presets.ts';
import {
  envGates,
  flagDefaults,
  flagsOf,
  readsEnvironment,
  variants,
} from '../../../engine/host/variants.ts';
import { harnessBytes, runPass } from '../../../engine/host/workloads.ts';
import { engineFor, modulePath, parametersFor } from './engine.ts';

describe('build settings', () => {
  it('flavours set their group, NDEBUG the debug counters, single flags win', () => {
    expect(compileSettings({ BUILD_FLAVOR: 'release' })).toEqual(flavours.release);
    expect(compileSettings({ BUILD_FLAVOR: 'debug' })).toMatchObject({
      HAKMEM_BUILD_RELEASE: 0,
      HAKMEM_BUILD_DEBUG: 1,
      HAKMEM_DEBUG_COUNTERS: 1,
    });
    expect(compileSettings({ NDEBUG: '1' })).toEqual({ HAKMEM_DEBUG_COUNTERS: 0 });
    expect(compileSettings({ NDEBUG: '0' })).toEqual({ HAKMEM_DEBUG_COUNTERS: 1 });
    expect(
      compileSettings({ BUILD_FLAVOR: 'release', EXTRA_CFLAGS: '-DHAKMEM_DEBUG_COUNTERS=1 -DBENCH_MINIMAL' }),
    ).toMatchObject({ HAKMEM_BUILD_RELEASE: 1, HAKMEM_DEBUG_COUNTERS: 1, BENCH_MINIMAL: 1 });
    expect(compileSettings({ NDEBUG: '1', HAKMEM_DEBUG_COUNTERS: '1' })).toEqual({
      HAKMEM_DEBUG_COUNTERS: 1,
    });
  });

  it('know the other spellings, and say what is wrong', () => {
    expect(compileSettings({ HAKMEM_BENCH_MINIMAL: '1' })).toEqual({ BENCH_MINIMAL: 1 });
    expect(compileSettings({ PREFILL_BUDGET: '3' })).toEqual({ WARM_POOL_PREFILL_BUDGET: 3 });
    expect(() => compileSettings({ BUILD_FLAVOR: 'fast' })).toThrow(
      'BUILD_FLAVOR is release or debug, not fast',
    );
    expect(() => compileSettings({ EXTRA_CFLAGS: '-O3' })).toThrow('takes -DNAME or -DNAME=VALUE, not -O3');
    expect(() => compileSettings({ NO_SUCH: '1' })).toThrow(
      /unknown compile flag NO_SUCH: the engine has BUILD_FLAVOR/,
    );
    expect(() => compileSettings({ NDEBUG: 'maybe' })).toThrow(/NDEBUG takes a whole number/);
    expect(() => compileSettings({ constructor: '1' })).toThrow(/unknown compile flag/);
  });

  it('every flavour and alias names flags that exist', () => {
    for (const set of Object.values(flavours)) {
      for (const flag of Object.keys(set)) expect(flagDefaults).toHaveProperty(flag);
    }
  });
});

describe('presets', () => {
  it('name variants, gates and flags that exist and can be set together', () => {
    for (const { name, variant, env, flags } of presets) {
      const found = variants.find((v) => v.name === variant);
      if (found === undefined) throw new Error(`${name}: no variant ${variant}`);
      for (const gate of Object.keys(env)) expect(envGates, name).toContain(gate);
      const all = flagsOf(found, compileSettings(flags));
      expect(readsEnvironment(all) || Object.keys(env).length === 0, name).toBe(true);
    }
  });

  it('an unknown one is answered with the names there are', () => {
    expect(() => presetByName('FASTEST')).toThrow(
      `unknown preset FASTEST: the engine has ${presets.map((p) => p.name).join(', ')}`,
    );
  });

  /** Executed instructions by source file, of a pass of random_mixed. */
  const executed = (env: Readonly<Record<string, string>>, profile: string): Map<string, number> => {
    const p = parametersFor(profile, 10_000);
    const { engine, module } = instantiateCounting(modulePath('standard'), env, harnessBytes(p));
    const before = readCounts(engine.raw, module);
    runPass(engine, p);
    const out = new Map<string, number>();
    for (const l of linesByFunction(module, readCounts(engine.raw, module), before)) {
      out.set(l.file, (out.get(l.file) ?? 0) + l.instructions);
    }
    return out;
  };

  it('SAFE prepares slabs in advance, BALANCED does not', () => {
    const prewarm = (name: string): number =>
      executed(presetByName(name).env, 'mixed').get('engine/allocator/ss_prewarm_box.ts') ?? 0;
    expect(prewarm('MIXED_TINYV3_C7_SAFE')).toBeGreaterThan(prewarm('MIXED_TINYV3_C7_BALANCED') + 50);
  });

  it('C6_HEAVY_LEGACY_POOLV1 serves mid sizes by pool v1 and leaves C7 ULTRA out', () => {
    const { env } = presetByName('C6_HEAVY_LEGACY_POOLV1');
    expect(executed(env, 'mid').get('engine/allocator/pool_v1.ts') ?? 0).toBeGreaterThan(10_000);
    expect(executed({}, 'mid').get('engine/allocator/pool_v1.ts') ?? 0).toBeLessThan(2000);
    expect(executed(env, 'c7heavy').get('engine/allocator/tiny_c7_ultra.ts') ?? 0).toBe(0);
  });

  it('C7_HEAVY_ULTRA uses the slot of class 7', () => {
    const { env } = presetByName('C7_HEAVY_ULTRA');
    expect(executed(env, 'c7heavy').get('engine/allocator/tiny_c7_hot.ts') ?? 0).toBeGreaterThan(10_000);
  });

  it('LAYERED_BASELINE goes through FastLane', () => {
    const { env } = presetByName('LAYERED_BASELINE');
    expect(executed(env, 'mixed').get('engine/allocator/front_fastlane_box.ts') ?? 0).toBeGreaterThan(10_000);
  });
});

describe('the debug flavour', () => {
  it('is in `research`: a slab that comes back without having been taken is the engine’s own fault, and found', () => {
    const text = readFileSync(modulePath('research').replace(/research\.wasm$/, 'manifest.json'), 'utf8');
    const manifest = JSON.parse(text) as { modules: { variant: string; flags: Record<string, number> }[] };
    const research = manifest.modules.find((m) => m.variant === 'research');
    expect(research?.flags).toMatchObject({ HAKMEM_BUILD_DEBUG: 1, HAKMEM_BUILD_RELEASE: 0 });
    // The free mask of the first superslab says that all its slabs are free while one of them is about to go back.
    const reports = (variant: string): number => {
      const { exports, memory } = engineFor(variant, parametersFor('mixed', 1000));
      const ptrs = Array.from({ length: 3000 }, () => exports.malloc(900) >>> 0);
      const superslab = (ptrs[0] ?? 0) >>> 20;
      for (const p of ptrs) exports.free(p);
      new Uint32Array(memory.buffer)[(0xa0000 + superslab * 64 + 4) >>> 2] = 0x7fff;
      for (let i = 0; i < 100_000; i++) exports.malloc(60);
      return exports.misuse_count();
    };
    expect(reports('research')).toBeGreaterThan(0);
  });
});
