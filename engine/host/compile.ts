/**
 * Compiles the engine's AssemblyScript with asc, when asc is found beside the checkout. Used by the build for the
 * shipped variants and at run time for other flag combinations.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { UserError } from '../../extension/model.ts';
import type { Variant } from './variants.ts';
import { renameFunctions } from './wasm-binary.ts';

export interface CompiledModule {
  readonly wasm: Uint8Array;
  /** Source map, version 3, as JSON; offsets are those of `wasm`. */
  readonly map: string;
}

/** The part of asc's programming interface that is used here. */
export interface Asc {
  main(
    argv: readonly string[],
    options: {
      readFile: (name: string, baseDir: string) => string | null;
      writeFile: (name: string, contents: string | Uint8Array, baseDir: string) => void;
      listFiles: () => readonly string[];
      stderr: { write: (text: string) => void };
      transforms: readonly (new () => object)[];
    },
  ): Promise<{ error: Error | null }>;
}
interface BinaryenModule {
  runPasses(passes: readonly string[]): void;
}
interface Binaryen {
  setPassArgument(name: string, value: string | null): void;
}

const flagsFile = 'engine/allocator/build_flags.ts';
const cold = [
  '*/*_cold',
  '*/free_tiny_fast_legacy',
  '*/ss_prewarm',
  '*/tiny_heap_box_*',
  '*/tiny_guard_*',
  '*/*_layered',
  '*/unified_cache_refill',
  '*/hak_*_lock_*',
  '*/large_*',
  '*/mid_v3_*',
  '*/mid_inuse_*',
  '*/hak_pool_*',
  '*/pool_hotbox_v2_*',
  '*/bg_spill_*',
  '*/tiny_free_magazine_*',
  '*/learner_*',
  '*/libc_*',
  '*_fill',
  '*/costs/layer_*',
];

const runtimeDir = 'node_modules/assemblyscript/std/assembly/rt/';
/** The compiler's own heap, which the forced baseline runs on. */
const tlsfFile = `${runtimeDir}tlsf.ts`;
/** Its private parts that engine/allocator/libc_heap.ts uses. */
const tlsfParts = [
  ...['function insertBlock', 'function removeBlock', 'function roundSize', 'function searchBlock'],
  ...['function prepareBlock', 'function addMemory', 'function computeSize', '@inline const ROOT_SIZE'],
  '@unmanaged class Root',
];

/** tlsf.ts with those parts exported, and without its claim to be the module's runtime; lines stay where they were. */
export function exposedTlsf(text: string): string {
  let out = text.replace(/^@global @unsafe$/gm, '');
  for (const part of tlsfParts) {
    const exported = part.replace(/(function|class|const) /, 'export $1 ');
    const pattern = new RegExp(`^${part}\\b`, 'm');
    if (!pattern.test(out)) throw new Error(`asc's TLSF heap has no \`${part}\``);
    out = out.replace(pattern, exported);
  }
  return out;
}

/** Text of build_flags.ts with the values of `flags`. */
export function buildFlagsText(template: string, flags: Readonly<Record<string, number>>): string {
  return template.replace(/^(export const (\w+): i32 = )-?\d+;/gm, (all, head: string, name: string) => {
    const value = flags[name];
    return value === undefined ? all : `${head}${value};`;
  });
}

/**
 * Source text for a variant: box functions are marked `@inline` on the line before them (helpers `@inline // leaf`,
 * which always stay inlined). Where calls are kept the mark goes; lines and columns stay as they were.
 */
export function dropInlineMarks(text: string, keep: readonly string[] | 'all'): string {
  return text.replace(/^@inline$(?=\r?\n(?:export )?function (\w+))/gm, (mark, name: string) =>
    keep === 'all' || keep.includes(name) ? '' : mark,
  );
}

/** What the compiler is given for a file of the checkout. */
export function compiledText(
  name: string,
  text: string,
  flags: Readonly<Record<string, number>>,
  keep: readonly string[] | 'all',
): string {
  if (name === flagsFile) return buildFlagsText(text, flags);
  return name === tlsfFile ? exposedTlsf(text) : dropInlineMarks(text, keep);
}

const ascFile = (root: string): string => path.join(root, 'node_modules/assemblyscript/dist/asc.js');

/** Whether flags can be compiled here: the compiler and the sources are there. */
export function canCompile(root: string): boolean {
  return existsSync(ascFile(root)) && existsSync(path.join(root, flagsFile));
}

function ascEntry(root: string): string {
  const entry = ascFile(root);
  if (!existsSync(entry)) {
    throw new UserError(
      'this flag combination is not among the shipped modules (the variants, and fast and standard with one flag changed), and asc was not found to compile it: run from a checkout after `npm ci`, or change one flag at a time',
      3,
    );
  }
  return entry;
}

export async function loadAsc(root: string): Promise<Asc> {
  return ((await import(pathToFileURL(ascEntry(root)).href)) as { default: Asc }).default;
}

function requireSources(root: string): void {
  if (existsSync(path.join(root, flagsFile))) return;
  throw new UserError(
    `the engine's sources were not found in ${root}: run from a checkout to compile other flags`,
    3,
  );
}

/**
 * One module. `root` is the folder that holds `engine/`, `entry` the file whose exports are the module's. Throws
 * `UserError` when asc or the sources are missing, and an `Error` with asc's messages when the sources do not compile.
 */
export async function compileEngine(
  root: string,
  variant: Pick<Variant, 'keepCalls'>,
  flags: Readonly<Record<string, number>>,
  entry = 'engine/workloads/main.ts',
): Promise<CompiledModule> {
  requireSources(root);
  const asc = await loadAsc(root);
  const keep = variant.keepCalls;
  const patterns = keep === 'all' ? ['engine/*'] : [...cold, ...keep.map((name) => `*/wrappers/${name}`)];
  class KeepCalls {
    declare binaryen: Binaryen;
    afterCompile(module: BinaryenModule): void {
      for (const pattern of patterns) {
        this.binaryen.setPassArgument('no-inline', pattern);
        module.runPasses(['no-inline']);
      }
      this.binaryen.setPassArgument('no-inline', null);
    }
  }
  const written = new Map<string, string | Uint8Array>();
  const messages: string[] = [];
  const { error } = await asc.main(
    [
      entry,
      ...['--outFile', 'engine.wasm', '--sourceMap', '--debug', '-O3', '--noAssert', '--runtime', 'stub'],
      ...['--importMemory', '--sharedMemory', '--initialMemory', '32', '--maximumMemory', '65536'],
      ...['--zeroFilledMemory', '--enable', 'threads', '--memoryBase', '1024', '--noColors'],
    ],
    {
      readFile: (name, baseDir) => {
        const file = path.resolve(root, baseDir, name);
        if (!existsSync(file)) return null;
        const text = readFileSync(file, 'utf8');
        return compiledText(name, text, flags, keep);
      },
      writeFile: (name, contents) => void written.set(path.posix.basename(name), contents),
      listFiles: () => [],
      stderr: { write: (text) => void messages.push(text) },
      transforms: [KeepCalls],
    },
  );
  const wasm = written.get('engine.wasm');
  const map = written.get('engine.wasm.map');
  if (error !== null || !(wasm instanceof Uint8Array) || typeof map !== 'string') {
    throw new Error(`asc failed: ${messages.join('').trim() || (error?.message ?? 'no output')}`);
  }
  // Box names alone: what the sampler, perf and the name section show.
  const named = renameFunctions(wasm, (name) =>
    name.startsWith('engine/') || name.startsWith(runtimeDir) ? path.posix.basename(name) : name,
  );
  return { wasm: named, map: withoutContents(map) };
}

function withoutContents(map: string): string {
  const { version, sources, names, mappings } = JSON.parse(map) as Record<string, unknown>;
  return JSON.stringify({ version, sources, names, mappings });
}

/** Everything that decides a module's bytes besides its flags: sources, this file, the compiler. */
export function inputsHash(root: string): string {
  const hash = createHash('sha256');
  const files = ['engine/allocator', 'engine/workloads']
    .flatMap((dir) => readdirSync(path.join(root, dir)).map((name) => `${dir}/${name}`))
    .concat('engine/host/compile.ts', 'engine/host/variants.ts', 'engine/host/wasm-binary.ts')
    .concat('node_modules/assemblyscript/package.json')
    .sort();
  for (const file of files) {
    const text = readFileSync(path.join(root, file));
    hash.update(`${file}\n${text.length}\n`).update(text);
  }
  return hash.digest('hex');
}

/** Name that a module of these inputs is kept under. */
export function cachedName(
  inputs: string,
  variant: Pick<Variant, 'keepCalls'>,
  flags: Readonly<Record<string, number>>,
): string {
  const what = JSON.stringify([variant.keepCalls, Object.entries(flags).sort()]);
  return `${inputs.slice(0, 16)}-${createHash('sha256').update(what).digest('hex').slice(0, 16)}.wasm`;
}

/** Removes the modules of other inputs from a folder of kept ones. */
export function dropOthers(folder: string, inputs: string): void {
  for (const old of readdirSync(folder)) {
    if (!old.startsWith(inputs.slice(0, 16))) rmSync(path.join(folder, old), { force: true });
  }
}

/**
 * Compiles into `folder`, or finds there what was compiled from the same inputs before; modules of other inputs are
 * removed. Errors as `compileEngine`'s.
 */
export async function compileCached(
  root: string,
  folder: string,
  variant: Pick<Variant, 'keepCalls'>,
  flags: Readonly<Record<string, number>>,
): Promise<{ readonly file: string; readonly sha256: string }> {
  requireSources(root);
  ascEntry(root);
  const inputs = inputsHash(root);
  const file = path.join(folder, cachedName(inputs, variant, flags));
  if (!existsSync(file)) {
    const { wasm, map } = await compileEngine(root, variant, flags);
    mkdirSync(folder, { recursive: true });
    dropOthers(folder, inputs);
    writeFileSync(`${file}.map`, map);
    // Renamed into place: another process may be looking.
    writeFileSync(`${file}.${process.pid}`, wasm);
    renameSync(`${file}.${process.pid}`, file);
  }
  return { file, sha256: createHash('sha256').update(readFileSync(file)).digest('hex') };
}

export interface SourceFunction {
  readonly name: string;
  readonly file: string;
  readonly line: number;
}

/** Every function of the modules' sources with the line of its `function` keyword. */
export function sourceFunctions(root: string): SourceFunction[] {
  const out: SourceFunction[] = [];
  for (const dir of ['engine/allocator', 'engine/workloads']) {
    // The model checker's scenarios and the cost calibration are in none of the modules that are profiled.
    const names = readdirSync(path.join(root, dir)).filter((f) => /^(?!model_|costs\.).*\.ts$/.test(f));
    for (const name of names) {
      const file = `${dir}/${name}`;
      readFileSync(path.join(root, file), 'utf8')
        .split(/\r?\n/)
        .forEach((text, i) => {
          const m = /^(?:export )?function (\w+)/.exec(text);
          if (m?.[1] !== undefined) out.push({ name: m[1], file, line: i + 1 });
        });
    }
  }
  return out.sort((a, b) => (a.name < b.name ? -1 : 1));
}
