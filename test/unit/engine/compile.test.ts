import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  buildFlagsText,
  compileCached,
  dropInlineMarks,
  exposedTlsf,
  sourceFunctions,
} from '../../../engine/host/compile.ts';
import { readManifest } from '../../../engine/host/manifest.ts';
import { instantiate } from '../../../engine/host/instantiate.ts';
import { envGates, flagDefaults, flagsOf, variants } from '../../../engine/host/variants.ts';
import { functionNames, readSections } from '../../../engine/host/wasm-binary.ts';
import { builtVariants, dist, modulePath, root } from './engine.ts';

const flagsText = readFileSync(path.join(root, 'engine/allocator/build_flags.ts'), 'utf8');

describe('build flags', () => {
  it('the file in the tree holds the defaults, every one', () => {
    const inFile = [...flagsText.matchAll(/^export const (\w+): i32 = (\d+);/gm)].map((m) => [
      m[1],
      Number(m[2]),
    ]);
    expect(Object.fromEntries(inFile)).toEqual(flagDefaults);
  });

  it('are replaced by value, nothing else changes', () => {
    const text = buildFlagsText(flagsText, { BENCH_MINIMAL: 1, NO_SUCH_FLAG: 3 });
    expect(text).toContain('export const BENCH_MINIMAL: i32 = 1;');
    expect(text.replace('BENCH_MINIMAL: i32 = 1', 'BENCH_MINIMAL: i32 = 0')).toBe(flagsText);
  });

  it('every variant sets flags that exist', () => {
    for (const v of variants)
      for (const name of Object.keys(v.flags)) expect(flagDefaults).toHaveProperty(name);
  });

  it('every gate of the list is read in the sources, and no other', () => {
    const folder = path.join(root, 'engine/allocator');
    const text = readdirSync(folder)
      .map((f) => readFileSync(path.join(folder, f), 'utf8'))
      .join('\n');
    const read = [...text.matchAll(/hak_(?:env_\w+|getenv)\('(\w+)'/g)].map((m) => m[1]);
    expect([...new Set(read)].sort()).toEqual([...envGates].sort());
  });
});

describe('inline marks', () => {
  const text =
    '@inline\nexport function a(): void {}\n@inline // leaf\nfunction b(): void {}\n@inline\nfunction c(): void {}\n';
  it('go for the kept functions only, and no line moves', () => {
    expect(dropInlineMarks(text, ['a'])).toBe(
      text.replace('@inline\nexport function a', '\nexport function a'),
    );
    expect(dropInlineMarks(text, [])).toBe(text);
  });
  it('of leaf helpers always stay', () => {
    const all = dropInlineMarks(text, 'all');
    expect(all).toContain('@inline // leaf\nfunction b');
    expect(all.match(/@inline/g)).toHaveLength(1);
    expect(all.split('\n')).toHaveLength(text.split('\n').length);
  });
});

describe('the compiler’s own heap', () => {
  const file = path.join(root, 'node_modules/assemblyscript/std/assembly/rt/tlsf.ts');
  const text = readFileSync(file, 'utf8');
  it('is used as it is: only its private parts become visible, and it is not the runtime', () => {
    const exposed = exposedTlsf(text);
    expect(exposed.split('\n')).toHaveLength(text.split('\n').length);
    expect(exposed).not.toMatch(/^@global/m);
    expect(exposed).toContain('export function searchBlock(');
    const bare = (t: string): string => t.replace(/export |^@global @unsafe$/gm, '');
    expect(bare(exposed)).toBe(bare(text));
  });
  it('is not used when it is not as expected', () => {
    expect(() => exposedTlsf(text.replace('function searchBlock', 'function findBlock'))).toThrow(
      /no `function searchBlock`/,
    );
  });
});

const namesOf = (file: string): string[] => [
  ...functionNames(readSections(new Uint8Array(readFileSync(file)))).values(),
];

describe('HAKMEM_FAST_PROFILE_PRUNE_BACKENDS', () => {
  const backends = /^mid_v3_|^mid_inuse_|^pool_hotbox_v2_|^learner_|^size_profile_/;
  for (const name of ['fast', 'standard'] as const) {
    it(`${name}: MID v3, Pool v2 and the learner leave no code; Pool v1 serves the mid sizes`, async () => {
      const variant = variants.find((v) => v.name === name);
      if (variant === undefined) throw new Error(`no variant ${name}`);
      const flags = flagsOf(variant, { HAKMEM_FAST_PROFILE_PRUNE_BACKENDS: 1 });
      const { file } = await compileCached(root, path.join(dist, 'engine-cache'), variant, flags);
      expect(namesOf(file).filter((n) => backends.test(n))).toEqual([]);
      expect(namesOf(file)).toContain('hak_pool_try_alloc');
      const module = new WebAssembly.Module(new Uint8Array(readFileSync(file)));
      const env = { HAKMEM_POOL_V2_ENABLED: '1', HAKMEM_LEARN: '1', HAKMEM_MID_V3_ENABLED: '1' };
      const { exports, memory } = instantiate(module, { env, harnessBytes: 64 });
      const codes = [1000, 1041, 32_768, 32_769].map(
        (size) => new Uint8Array(memory.buffer)[0x10000 + (exports.malloc(size) >>> 16)],
      );
      expect(codes).toEqual([expect.any(Number), 0xe0, 0xe0, 0xf0]);
      expect(codes[0]).toBeLessThan(64);
      const blocks = Array.from({ length: 300 }, (_, i) => exports.malloc(1041 + 100 * i));
      for (const ptr of blocks) exports.free(ptr);
      expect(exports.misuse_count()).toBe(0);
    }, 60_000);
  }

  it('without it they are there', () => {
    const found = new Set(namesOf(modulePath('standard')).map((n) => backends.exec(n)?.[0]));
    for (const prefix of ['mid_v3_', 'mid_inuse_', 'pool_hotbox_v2_', 'learner_']) {
      expect(found).toContain(prefix);
    }
  });
});

describe('built modules', () => {
  const names = (variant: string): string[] => namesOf(modulePath(variant));

  it('name their functions by box, without a path', () => {
    for (const variant of builtVariants) {
      expect(names(variant)).toContain('random_mixed');
      expect(names(variant).filter((n) => n.startsWith('engine/'))).toEqual([]);
    }
  });

  it('`sampled` keeps the boxes of the hot path as functions', () => {
    expect(names('sampled')).toEqual(
      expect.arrayContaining([
        ...['malloc', 'free', 'front_fastlane_try_malloc', 'front_fastlane_try_free', 'free_tiny_fast'],
        ...['malloc_tiny_fast_for_class', 'unified_cache_pop', 'unified_cache_push', 'unified_cache_refill'],
        ...['tiny_c7_ultra_alloc', 'tiny_c7_ultra_free', 'tiny_header_finalize_alloc', 'tiny_alloc_gate'],
        ...['tiny_free_gate', 'hakmem_env_snapshot_enabled', 'hak_super_lookup', 'superslab_refill'],
      ]),
    );
  });

  it('a flag that is 0 leaves no code: `fast` has neither gates, headers nor statistics', () => {
    const gone = /getenv|env_flag|snapshot|fastlane|_stats_|stat_inc|warm_pool_record|header|ring_/;
    expect(names('fast').filter((n) => gone.test(n) && n !== 'fastlane_ctx_invalidate')).toEqual([]);
  });

  it('the manifest places every function at its declaration', () => {
    const manifest = readManifest(dist);
    expect(manifest.functions).toEqual(sourceFunctions(root));
    for (const { name, file, line } of manifest.functions) {
      const text = readFileSync(path.join(root, file), 'utf8').split('\n')[line - 1];
      expect(text).toMatch(new RegExp(`function ${name}[<(]`));
    }
  });

  it('no two functions share a name: profiles tell them apart by it', () => {
    const all = sourceFunctions(root).map((f) => f.name);
    expect(all.filter((n, i) => all.indexOf(n) !== i)).toEqual([]);
  });
});
