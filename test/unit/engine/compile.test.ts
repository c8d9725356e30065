import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildFlagsText, dropInlineMarks, sourceFunctions } from '../../../engine/host/compile.ts';
import { readManifest } from '../../../engine/host/manifest.ts';
import { envGates, flagDefaults, variants } from '../../../engine/host/variants.ts';
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

describe('built modules', () => {
  const names = (variant: string): string[] => [
    ...functionNames(readSections(new Uint8Array(readFileSync(modulePath(variant))))).values(),
  ];

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
      expect(text).toContain(`function ${name}(`);
    }
  });

  it('no two functions share a name: profiles tell them apart by it', () => {
    const all = sourceFunctions(root).map((f) => f.name);
    expect(all.filter((n, i) => all.indexOf(n) !== i)).toEqual([]);
  });
});
