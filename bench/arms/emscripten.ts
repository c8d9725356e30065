/** dlmalloc and emmalloc as emscripten ships them, compiled from Debian's source package with clang's wasm32 target. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { cacheRoot } from '../../scripts/cache.ts';
import { fetchFromDebian } from '../../scripts/debian.ts';

export interface CHeap {
  readonly name: 'dlmalloc' | 'emmalloc';
  /** Path of the module: bench/arms/wasm_workloads.c and the heap. */
  readonly file: string;
}

function firstLine(command: string): string | null {
  const done = spawnSync(command, ['--version'], { encoding: 'utf8' });
  return done.status === 0 ? (done.stdout.split('\n')[0] ?? '') : null;
}

/** A linker for WebAssembly: the system's, or the one of clang's own version unpacked into the cache. */
function linker(clang: string, log: (line: string) => void): { path: string } | { problem: string } {
  const major = /version (\d+)/.exec(clang)?.[1] ?? '';
  for (const name of [`wasm-ld-${major}`, 'wasm-ld']) if (firstLine(name) !== null) return { path: name };
  const target = path.join(cacheRoot(), 'tools', `lld-${major}`);
  const file = path.join(target, `usr/lib/llvm-${major}/bin/wasm-ld`);
  if (!existsSync(file)) {
    const entry = { kind: 'binary', name: `lld-${major}`, version: null, target } as const;
    const problem = fetchFromDebian([entry], log);
    if (problem !== null) return { problem };
  }
  return firstLine(file) === null ? { problem: `${file} does not run` } : { path: file };
}

const includes = [
  ['-isystem', 'include/compat'],
  ['-isystem', 'include'],
  ['-isystem', 'lib/libc/musl/include'],
  ['-isystem', 'lib/libc/musl/arch/emscripten'],
  ['-isystem', 'lib/libc/musl/arch/generic'],
  ['-I', 'lib/libc/musl/src/internal'],
] as const;
/** Builtins are off as in emscripten's own build; emmalloc reads its regions through pointers of several types. */
const flags = [
  '--target=wasm32-unknown-emscripten',
  '-O3',
  '-DNDEBUG',
  '-mbulk-memory',
  '-nostdlib',
  '-fno-builtin',
  '-fno-strict-aliasing',
];
// Without the first the linker makes every export run the constructors again, and emmalloc's empties its heap.
const exported = [
  '__wasm_call_ctors',
  ...['random_mixed', 'random_mixed_drain', 'floor_loop', 'trace_replay', 'trace_drain'],
  ...['malloc', 'free'],
];

/**
 * Both modules, compiled into `cacheDir` where they are not there yet; one line says why when they cannot be.
 *
 * @param tables bytes at the bottom of the memory that the host keeps for its tables
 */
export function emscriptenHeaps(
  cacheDir: string,
  tables: number,
  log: (line: string) => void,
): readonly CHeap[] | string {
  const clang = firstLine('clang');
  if (clang === null) return 'clang is not installed';
  const ld = linker(clang, log);
  if ('problem' in ld) return ld.problem;
  const tree = path.join(cacheRoot(), 'corpus', 'emscripten');
  if (!existsSync(tree)) {
    const entry = { kind: 'source', name: 'emscripten', version: null, target: tree } as const;
    const problem = fetchFromDebian([entry], log);
    if (problem !== null) return problem;
  }
  const system = path.join(tree, 'system');
  const workloads = path.join(import.meta.dirname, 'wasm_workloads.c');
  mkdirSync(cacheDir, { recursive: true });
  const heaps: CHeap[] = [];
  for (const name of ['dlmalloc', 'emmalloc'] as const) {
    const source = path.join(system, 'lib', `${name}.c`);
    if (!existsSync(source)) return `Debian's emscripten holds no ${name}.c`;
    const key = createHash('sha256')
      .update([clang, tables, ...flags, ...exported].join('\0'))
      .update(readFileSync(workloads))
      .update(readFileSync(source))
      .digest('hex')
      .slice(0, 16);
    const file = path.join(cacheDir, `${name}-${key}.wasm`);
    if (!existsSync(file)) {
      const built = compile(system, [source, workloads], ld.path, tables, file);
      if (built !== null) return built;
    }
    heaps.push({ name, file });
  }
  return heaps;
}

function compile(
  system: string,
  sources: readonly string[],
  ld: string,
  tables: number,
  file: string,
): string | null {
  const search = includes.flatMap(([option, folder]) => [option, path.join(system, folder)]);
  const fresh = `${file}.${process.pid}`;
  const objects = sources.map((source, i) => ({ source, object: `${fresh}.${i}.o` }));
  try {
    for (const { source, object } of objects) {
      execFileSync('clang', [...flags, ...search, '-c', source, '-o', object], { stdio: 'pipe' });
    }
    execFileSync(
      ld,
      [
        ...['--no-entry', '--import-memory', '-O3', `--global-base=${tables}`],
        ...exported.map((name) => `--export=${name}`),
        ...objects.map((o) => o.object),
        ...['-o', fresh],
      ],
      { stdio: 'pipe' },
    );
    renameSync(fresh, file);
    return null;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    rmSync(fresh, { force: true });
    return `it does not compile: ${text.split('\n').find((l) => l.includes('error')) ?? text.split('\n')[0] ?? ''}`;
  } finally {
    for (const { object } of objects) rmSync(object, { force: true });
  }
}
