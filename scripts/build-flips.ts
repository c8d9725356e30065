/**
 * Compiles the modules with a changed flag that the package ships, and packs them into dist/engine (engine/host/flips.ts).
 * Part of packaging, not of `npm run build`: the first time takes minutes; later only what has changed is compiled, as
 * dist/engine-cache keeps modules by their inputs.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { cachedName, compileCached, inputsHash } from '../engine/host/compile.ts';
import { compileSettings } from '../engine/host/flavours.ts';
import {
  type Flip,
  type FlipIndex,
  flipKey,
  flipOf,
  flipsArchive,
  flipsIndex,
  readFlips,
  type Span,
  singleFlips,
} from '../engine/host/flips.ts';
import { readManifest } from '../engine/host/manifest.ts';
import { engineSide } from '../engine/host/pair-side.ts';
import { presetByName, presets } from '../engine/host/presets.ts';
import { flagsOf, type Variant, variants } from '../engine/host/variants.ts';
import { replays } from '../extension/experiment/replays.ts';
import { parseSide, withVariants } from '../extension/experiment/side-spec.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const self = fileURLToPath(import.meta.url);
const cores = 2;

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

function variantNamed(name: string): Variant {
  const found = variants.find((v) => v.name === name);
  if (found === undefined) throw new Error(`no variant ${name}`);
  return found;
}

function flipFrom(variant: string, texts: Readonly<Record<string, string>>): Flip {
  const own = variantNamed(variant);
  return flipOf(own, flagsOf(own, compileSettings(texts)));
}

/** What the documents' experiments and the presets need besides: several flags at once, or another variant. */
function namedFlips(): Flip[] {
  const sides = replays
    .filter((r) => r.kind !== 'audit')
    .flatMap((replay) => {
      const { baseline, treatment } = withVariants(
        parseSide('baseline', replay.baseline),
        parseSide('treatment', replay.treatment),
        (name) => presetByName(name).variant,
      );
      const engine = [baseline, treatment].filter((s) => s.target === 'engine').map(engineSide);
      const own = engine.map((s) => flipFrom(s.variant, s.flags));
      // A profile is taken of `sampled`, with its gates constant.
      const profiled = engine.map((s) => flipFrom('sampled', { ...s.flags, BENCH_MINIMAL: '1' }));
      return replay.kind === 'profile' ? [...own, ...profiled] : own;
    });
  return [...sides, ...presets.map((p) => flipFrom(p.variant, p.flags))];
}

/** Everything that the package holds, each once. */
export function shippedFlips(): readonly Flip[] {
  const all = [...singleFlips(), ...namedFlips()].filter((f) => Object.keys(f.flags).length > 0);
  return [...new Map(all.map((f) => [flipKey(f), f])).values()];
}

/** Which of the flags that an A/B can change are not in an archive. */
export function missingFlips(index: Pick<FlipIndex, 'modules'>): readonly string[] {
  const there = new Set(index.modules.map(flipKey));
  return shippedFlips()
    .filter((f) => !there.has(flipKey(f)))
    .map((f) => [f.variant, ...Object.entries(f.flags).map(([n, v]) => `${n}=${v}`)].join(' '));
}

interface Cached {
  readonly variant: Variant;
  readonly flags: Readonly<Record<string, number>>;
  readonly file: string;
}

const cacheFolder = path.join(root, 'dist/engine-cache');

function cachedFlip(inputs: string, flip: Flip): Cached {
  const variant = variantNamed(flip.variant);
  const flags = flagsOf(variant, flip.flags);
  return { variant, flags, file: path.join(cacheFolder, cachedName(inputs, variant, flags)) };
}

interface Order {
  readonly keepCalls: Variant['keepCalls'];
  readonly flags: Readonly<Record<string, number>>;
}

type Answer = { readonly done: true } | { readonly done: false; readonly message: string };

/** Hands orders to one worker until none is left. */
function drain(worker: ChildProcess, next: () => Order | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const give = (): void => {
      const order = next();
      if (order !== undefined) worker.send(order);
      else {
        worker.disconnect();
        resolve();
      }
    };
    worker.on('message', (answer: Answer) => {
      if (answer.done) give();
      else reject(new Error(answer.message));
    });
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`a compiling process ended with ${code}`)));
    give();
  });
}

async function compileAll(todo: readonly Cached[], log: (line: string) => void): Promise<void> {
  const workers = Array.from({ length: Math.min(cores, todo.length) }, () => fork(self, ['--worker']));
  let at = 0;
  const next = (): Order | undefined => {
    const one = todo[at];
    if (one === undefined) return undefined;
    at += 1;
    if (at % 10 === 0) log(`engine: module ${at} of ${todo.length}`);
    return { keepCalls: one.variant.keepCalls, flags: one.flags };
  };
  try {
    await Promise.all(workers.map((w) => drain(w, next)));
  } finally {
    for (const w of workers) w.kill();
  }
}

/** Works until its parent is done or gone. */
function work(): void {
  process.on('message', (order: Order) => {
    compileCached(root, cacheFolder, order, order.flags).then(
      () => process.send?.({ done: true } satisfies Answer),
      (error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        process.send?.({ done: false, message } satisfies Answer);
      },
    );
  });
  process.on('disconnect', () => process.exit(0));
}

/** All files one behind the other, equal ones once; the maps behind the modules, so that like stands beside like. */
export function packFlips(
  inputs: string,
  flips: readonly (Flip & { readonly wasm: Uint8Array; readonly map: Uint8Array })[],
): { readonly archive: Buffer; readonly index: FlipIndex } {
  const parts: Uint8Array[] = [];
  const spans = new Map<string, Span>();
  let bytes = 0;
  const add = (data: Uint8Array): Span => {
    const key = sha256(data);
    const known = spans.get(key);
    if (known !== undefined) return known;
    const span: Span = [bytes, data.length];
    spans.set(key, span);
    parts.push(data);
    bytes += data.length;
    return span;
  };
  const wasm = flips.map((f) => add(f.wasm));
  const map = flips.map((f) => add(f.map));
  const archive = brotliCompressSync(Buffer.concat(parts), {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      // 16 MiB: a module sees all the others.
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes,
    },
  });
  const modules = flips.map(({ variant, flags, wasm: data }, i) => ({
    ...{ variant, flags, sha256: sha256(data) },
    ...{ wasm: wasm[i] ?? [0, 0], map: map[i] ?? [0, 0] },
  }));
  return { archive, index: { version: 1, inputs, bytes, sha256: sha256(archive), modules } };
}

function upToDate(dist: string, inputs: string): boolean {
  const index = readFlips(dist, inputs);
  const archive = path.join(dist, 'engine', flipsArchive);
  return (
    index !== null &&
    index.modules.length === shippedFlips().length &&
    missingFlips(index).length === 0 &&
    existsSync(archive) &&
    sha256(readFileSync(archive)) === index.sha256
  );
}

/** @throws Error when the engine was not built from what lies in the tree */
export async function buildFlips(log: (line: string) => void): Promise<void> {
  const dist = path.join(root, 'dist');
  const inputs = inputsHash(root);
  if (readManifest(dist).inputs !== inputs) throw new Error('the engine has changed: npm run build first');
  if (upToDate(dist, inputs)) return;
  const flips = shippedFlips();
  const cached = flips.map((flip) => cachedFlip(inputs, flip));
  const todo = cached.filter((c) => !existsSync(c.file));
  if (todo.length > 0) log(`engine: compiling ${todo.length} of ${flips.length} modules with changed flags`);
  await compileAll(todo, log);
  const { archive, index } = packFlips(
    inputs,
    flips.map((flip, i) => {
      const file = cached[i]?.file ?? '';
      return { ...flip, wasm: readFileSync(file), map: readFileSync(`${file}.map`) };
    }),
  );
  const out = path.join(dist, 'engine');
  // Without the index the archive is none: it goes first and comes last.
  rmSync(path.join(out, flipsIndex), { force: true });
  writeFileSync(path.join(out, flipsArchive), archive);
  writeFileSync(path.join(out, flipsIndex), `${JSON.stringify(index)}\n`);
  log(
    `engine: ${index.modules.length} modules with changed flags, ${(index.bytes / 2 ** 20).toFixed(1)} MiB, ` +
      `${(archive.length / 1024).toFixed(1)} KiB packed`,
  );
}

if (process.argv[1] === self) {
  if (process.argv[2] === '--worker') work();
  else await buildFlips((line) => console.log(line));
}
