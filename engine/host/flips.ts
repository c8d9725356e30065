/**
 * Modules with one flag changed, for A/B experiments where there is no compiler: all of them in one archive beside the
 * manifest (they differ little, and compressed together they take a fraction), unpacked one at a time when asked for.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { UserError } from '../../extension/model.ts';
import { cachedName, dropOthers } from './compile.ts';
import { flagsOf, type Variant, variants } from './variants.ts';

const decompress = promisify(brotliDecompress);

/** A variant with some flags changed. */
export interface Flip {
  readonly variant: string;
  /** What differs from the variant's own flags. */
  readonly flags: Readonly<Record<string, number>>;
}

/** Offset and length in the unpacked archive, bytes. */
export type Span = readonly [offset: number, length: number];

export interface PackedFlip extends Flip {
  /** Of the module. */
  readonly sha256: string;
  readonly wasm: Span;
  /** Its source map. */
  readonly map: Span;
}

export interface FlipIndex {
  readonly version: 1;
  /** As the manifest's: an archive of other inputs is none. */
  readonly inputs: string;
  /** Of the unpacked archive. */
  readonly bytes: number;
  /** Of the archive as it lies there. */
  readonly sha256: string;
  readonly modules: readonly PackedFlip[];
}

export const flipsIndex = 'flips.json';
export const flipsArchive = 'flips.br';

/** The speed build, and the one whose gates are read at run time. */
const flippedVariants = ['fast', 'standard'];
/** Breaks the allocator on purpose. */
const testFlag = /^ENGINE_TEST_/;
/** Values of flags that are no switches: the document's old budget, that of FAST_BALANCED, and a larger one. */
const severalValues: Readonly<Record<string, readonly number[]>> = { WARM_POOL_PREFILL_BUDGET: [1, 3, 4] };

/** One for each flag (and value) of `fast` and `standard`. */
export function singleFlips(): readonly Flip[] {
  return variants
    .filter((v) => flippedVariants.includes(v.name))
    .flatMap((v) =>
      Object.entries(flagsOf(v, {}))
        .filter(([name]) => !testFlag.test(name))
        .flatMap(([name, own]) =>
          (severalValues[name] ?? [0, 1])
            .filter((value) => value !== own)
            .map((value) => ({ variant: v.name, flags: { [name]: value } })),
        ),
    );
}

/** What `flags`, complete, change of the variant's own. */
export function flipOf(variant: Variant, flags: Readonly<Record<string, number>>): Flip {
  const own = flagsOf(variant, {});
  const changed = Object.entries(flags).filter(([name, value]) => own[name] !== value);
  return { variant: variant.name, flags: Object.fromEntries(changed) };
}

/** Equal for flips that are the same. */
export function flipKey({ variant, flags }: Flip): string {
  return JSON.stringify([variant, Object.entries(flags).sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/** The archive's index in `distDir`/engine; null when there is none for these inputs, or none that can be read. */
export function readFlips(distDir: string, inputs: string): FlipIndex | null {
  try {
    const index = JSON.parse(readFileSync(path.join(distDir, 'engine', flipsIndex), 'utf8')) as FlipIndex;
    return index.version === 1 && index.inputs === inputs && Array.isArray(index.modules) ? index : null;
  } catch {
    return null;
  }
}

const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

function write(file: string, data: Uint8Array): void {
  const fresh = `${file}.${randomUUID()}`;
  try {
    writeFileSync(fresh, data);
    // Renamed into place: another process may be looking.
    renameSync(fresh, file);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}

async function unpack(archive: string, index: FlipIndex, flip: PackedFlip, file: string): Promise<void> {
  const damaged = (): UserError =>
    new UserError(`the engine's modules in ${archive} are damaged: install the extension again`, 3);
  let all: Buffer;
  try {
    const packed = readFileSync(archive);
    if (sha256(packed) !== index.sha256) throw damaged();
    all = await decompress(packed, { maxOutputLength: index.bytes });
  } catch {
    throw damaged();
  }
  const part = ([offset, length]: Span): Buffer => all.subarray(offset, offset + length);
  const wasm = part(flip.wasm);
  if (sha256(wasm) !== flip.sha256) throw damaged();
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    dropOthers(path.dirname(file), index.inputs);
    write(`${file}.map`, part(flip.map));
    write(file, wasm);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UserError(`the engine's module cannot be unpacked into ${path.dirname(file)}: ${why}`, 3);
  }
}

/**
 * The module of a variant with these flags, complete, from the archive in `distDir`/engine: found in `folder`, or unpacked
 * there under the name that a compiled one would have. Null when the archive has none. Rejects with `UserError` when it is
 * damaged or cannot be unpacked.
 */
export async function flippedModule(
  distDir: string,
  inputs: string,
  folder: string,
  variant: Variant,
  flags: Readonly<Record<string, number>>,
): Promise<{ readonly file: string; readonly sha256: string } | null> {
  const index = readFlips(distDir, inputs);
  if (index === null) return null;
  const key = flipKey(flipOf(variant, flags));
  const flip = index.modules.find((m) => flipKey(m) === key);
  if (flip === undefined) return null;
  const file = path.join(folder, cachedName(inputs, variant, flags));
  const kept = existsSync(file) && existsSync(`${file}.map`) && sha256(readFileSync(file)) === flip.sha256;
  if (!kept) await unpack(path.join(distDir, 'engine', flipsArchive), index, flip, file);
  return { file, sha256: flip.sha256 };
}
