/** Modules with a changed flag where there is no compiler: what is shipped, and how a request finds it. */
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { flipKey, flipsArchive, flipsIndex, readFlips, singleFlips } from '../../../engine/host/flips.ts';
import { type Manifest, readManifest } from '../../../engine/host/manifest.ts';
import { Modules } from '../../../engine/host/modules.ts';
import { flagDefaults, flagsOf, variants } from '../../../engine/host/variants.ts';
import { flagOffers, flagSides } from '../../../extension/editor/experiment-choice.ts';
import { UserError } from '../../../extension/model.ts';
import { missingFlips, packFlips, shippedFlips } from '../../../scripts/build-flips.ts';
import { problemsIn } from '../../../scripts/package.ts';
import { dist, root } from './engine.ts';

const manifest = readManifest(dist);
const ownOf = (name: string): Record<string, number> => {
  const variant = variants.find((v) => v.name === name);
  if (variant === undefined) throw new Error(name);
  return flagsOf(variant, {});
};

describe('what is shipped', () => {
  it('has one module for every flag of fast and of standard, with another value than its own', () => {
    const flags = Object.keys(flagDefaults).filter((name) => name !== 'ENGINE_TEST_DOUBLE_HANDOUT');
    expect(flags.length).toBeGreaterThan(25);
    for (const variant of ['fast', 'standard']) {
      const own = ownOf(variant);
      for (const name of flags) {
        const found = singleFlips().filter((f) => f.variant === variant && Object.hasOwn(f.flags, name));
        expect([variant, name, found.length]).toEqual([variant, name, own[name] === 2 ? 3 : 1]);
        for (const f of found) {
          expect(Object.keys(f.flags)).toEqual([name]);
          expect(f.flags[name]).not.toBe(own[name]);
        }
      }
    }
  });

  it('has what the palette offers to flip, in both builds', () => {
    const there = new Set(shippedFlips().map(flipKey));
    for (const build of ['standard', 'fast'] as const) {
      for (const { value } of flagOffers(build)) {
        const other = value.value === 0 || value.value === 1 ? 1 - value.value : value.value + 1;
        const { treatment } = flagSides(value.name, String(other), build);
        expect(treatment.variant).toBe(build);
        expect(there).toContain(flipKey({ variant: build, flags: { [value.name]: other } }));
      }
    }
  });

  it('has the several flags of Phase 26 and of Phase 64, and the profile of Phase 42', () => {
    const many = shippedFlips().filter((f) => Object.keys(f.flags).length > 1);
    expect(many.map((f) => Object.keys(f.flags).length).sort()).toEqual(expect.arrayContaining([3, 5]));
    expect(shippedFlips().map(flipKey)).toContain(
      flipKey({ variant: 'sampled', flags: { BENCH_MINIMAL: 1 } }),
    );
    expect(new Set(shippedFlips().map(flipKey)).size).toBe(shippedFlips().length);
  });

  it('is a problem of the package when it is not there', () => {
    expect(problemsIn(['dist/engine/fast.wasm']).join('\n')).toMatch(/flips\\\.br/);
    const modules = shippedFlips().map((f) => ({
      ...f,
      ...{ sha256: '', wasm: [0, 0] as const, map: [0, 0] as const },
    }));
    expect(missingFlips({ modules })).toEqual([]);
    expect(missingFlips({ modules: modules.slice(1) })).toEqual(['fast BENCH_MINIMAL=0']);
    const allowed = readFileSync(path.join(root, '.vscodeignore'), 'utf8').split('\n');
    expect(allowed).toContain('!dist/engine/**');
  });
});

const sha256 = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex');

describe('a place without a compiler', () => {
  let place = '';
  let placeDist = '';
  let folder = '';
  const refuse = (): never => {
    throw new UserError('asc was not found', 3);
  };
  const contents = (name: string): { wasm: Buffer; map: Buffer } => ({
    wasm: Buffer.from(`module with ${name}`),
    map: Buffer.from(`map of ${name}`),
  });
  /** The archive of flips of fast with made-up contents: what is packed does not matter here. */
  function ship(inputs: string): void {
    const { archive, index } = packFlips(
      inputs,
      singleFlips().map((f) => ({ ...f, ...contents(flipKey(f)) })),
    );
    writeFileSync(path.join(placeDist, 'engine', flipsArchive), archive);
    writeFileSync(path.join(placeDist, 'engine', flipsIndex), JSON.stringify(index));
  }
  const modules = (): Modules => new Modules(placeDist, async () => refuse(), folder);

  beforeEach(() => {
    place = mkdtempSync(path.join(tmpdir(), 'alloc-lens-flips-'));
    placeDist = path.join(place, 'dist');
    folder = path.join(place, 'kept');
    mkdirSync(path.join(placeDist, 'engine'), { recursive: true });
    copyFileSync(path.join(dist, 'engine/manifest.json'), path.join(placeDist, 'engine/manifest.json'));
    ship(manifest.inputs);
  });
  afterEach(() => rmSync(place, { recursive: true, force: true }));

  it('every flag of fast and standard is found, with its source map', async () => {
    for (const flip of singleFlips()) {
      const texts = Object.fromEntries(Object.entries(flip.flags).map(([k, v]) => [k, String(v)]));
      const { file, sha256: hash } = await modules().resolve(manifest, flip.variant, texts, {});
      const { wasm, map } = contents(flipKey(flip));
      expect(readFileSync(file)).toEqual(wasm);
      expect(readFileSync(`${file}.map`)).toEqual(map);
      expect(hash).toBe(sha256(wasm));
      expect(path.dirname(file)).toBe(folder);
    }
  });

  it('a flag at its own value is the variant that was built', async () => {
    const { file } = await modules().resolve(manifest, 'fast', { HAKMEM_FRONT_STATS_COMPILED: '0' }, {});
    expect(path.basename(file)).toBe('fast.wasm');
  });

  it('what was unpacked is used again without the archive, and unpacked again when it is not what it was', async () => {
    const ask = () => modules().resolve(manifest, 'fast', { HAKMEM_FRONT_STATS_COMPILED: '1' }, {});
    const first = await ask();
    const archive = path.join(placeDist, 'engine', flipsArchive);
    const packed = readFileSync(archive);
    rmSync(archive);
    expect(await ask()).toEqual(first);
    writeFileSync(archive, packed);
    writeFileSync(first.file, 'something else');
    expect(sha256(readFileSync((await ask()).file))).toBe(first.sha256);
  });

  it('a damaged archive is named in one line, and nothing is left', async () => {
    const archive = path.join(placeDist, 'engine', flipsArchive);
    const ask = () => modules().resolve(manifest, 'fast', { HAKMEM_FRONT_STATS_COMPILED: '1' }, {});
    for (const damage of [readFileSync(archive).subarray(0, 100), Buffer.alloc(0)]) {
      writeFileSync(archive, damage);
      await expect(ask()).rejects.toThrow(/damaged: install the extension again/);
    }
    rmSync(archive);
    await expect(ask()).rejects.toThrow(UserError);
    expect(existsSync(folder)).toBe(false);
  });

  it('several flags that no one ships, and archives of other sources, need the compiler', async () => {
    const two = { HAKMEM_FRONT_STATS_COMPILED: '1', HAKMEM_TINY_CLASS_STATS_COMPILED: '1' };
    await expect(modules().resolve(manifest, 'fast', two, {})).rejects.toThrow('asc was not found');
    ship('another');
    expect(readFlips(placeDist, manifest.inputs)).toBeNull();
    const other: Manifest = { ...manifest, inputs: 'third' };
    for (const m of [manifest, other]) {
      await expect(modules().resolve(m, 'fast', { BENCH_MINIMAL: '0' }, {})).rejects.toThrow('asc');
    }
    writeFileSync(path.join(placeDist, 'engine', flipsIndex), '{');
    expect(readFlips(placeDist, 'another')).toBeNull();
  });
});
