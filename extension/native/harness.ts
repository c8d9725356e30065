/** The harness binary: compiled on demand, kept in a cache keyed by its source, the compiler and the flags. */
import { createHash, randomUUID } from 'node:crypto';
import { access, constants, mkdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../model.ts';
import { abortError, runProcess } from './process.ts';

/** What the harness is made of, all in one folder. */
export const harnessFiles = {
  sources: [
    'harness.c',
    'checks.c',
    'threads.c',
    'perf_control.c',
    'random_mixed.c',
    'larson.c',
    'pc.c',
    'mstress.c',
    'trace.c',
    'trace_load.c',
  ],
  headers: ['harness.h', 'trace.h', 'mark.h'],
} as const;

/** Every C file that ships. */
export const nativeFiles: readonly string[] = [
  ...harnessFiles.sources,
  ...harnessFiles.headers,
  'costs.c',
  'recorder.c',
  'syscalls.c',
];

/** An allocator that is compiled and linked into the harness itself. */
export interface LinkedAllocator {
  readonly flags: readonly string[];
  /** C files; what they include is taken to be as old as they are. */
  readonly sources: readonly string[];
}

export interface HarnessOptions {
  /** Path of `harness.c`; the other files lie beside it. */
  readonly source: string;
  /** Null: whatever allocator the process has. */
  readonly linked?: LinkedAllocator | null;
  /** For profiles: with frame pointers, so that stacks can be followed through it. What is timed has none. */
  readonly framePointers?: boolean;
  readonly cacheDir: string;
  readonly compiler: string;
  readonly signal?: AbortSignal | undefined;
}

/** The compiler must not reason about the allocator's functions: it would fold pairs of them away. */
const flags = [
  '-O2',
  '-std=gnu11',
  '-fno-builtin-malloc',
  '-fno-builtin-calloc',
  '-fno-builtin-realloc',
  '-fno-builtin-posix_memalign',
  '-fno-builtin-free',
] as const;

/** What `compiler --version` prints. Throws `UserError` when it cannot be started or fails. */
export async function compilerVersion(compiler: string, signal: AbortSignal | undefined): Promise<string> {
  const r = await runProcess(compiler, ['--version'], { signal });
  if (r.startError !== null) {
    throw new UserError(
      `native targets need a C compiler and \`${compiler}\` cannot be started (${r.startError}): install gcc or clang, or use the engine`,
      3,
    );
  }
  if (r.status !== 0) {
    throw new UserError(`\`${compiler} --version\` failed, so it cannot compile the native harness`, 3);
  }
  return r.stdout;
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Path of the compiled harness. Throws `UserError` without a compiler, a readable source or a writable cache. */
export async function harnessBinary(options: HarnessOptions): Promise<string> {
  const folder = path.dirname(options.source);
  const linked = options.linked ?? { flags: [], sources: [] };
  const own = harnessFiles.sources.map((name) => path.join(folder, name));
  return nativeBinary({
    name: 'harness',
    title: 'the native harness',
    sources: [...own, ...linked.sources],
    headers: harnessFiles.headers.map((name) => path.join(folder, name)),
    // Where sources that are not ours lie is part of what they include.
    places: linked.sources,
    flags: [
      ...flags,
      ...(options.framePointers === true ? ['-fno-omit-frame-pointer'] : []),
      ...linked.flags,
    ],
    cacheDir: options.cacheDir,
    compiler: options.compiler,
    signal: options.signal,
  });
}

export interface NativeProgram {
  /** The binary's name in the cache begins with it. */
  readonly name: string;
  /** In messages. */
  readonly title: string;
  readonly sources: readonly string[];
  readonly headers: readonly string[];
  /** Paths that decide the result besides the texts. */
  readonly places: readonly string[];
  readonly flags: readonly string[];
  readonly cacheDir: string;
  readonly compiler: string;
  readonly signal: AbortSignal | undefined;
}

/**
 * Path of a compiled program: from the cache, or compiled into it. Throws `UserError` without a compiler, a readable
 * source or a writable cache.
 */
export async function nativeBinary(program: NativeProgram): Promise<string> {
  const { name, title, sources, headers, places, compiler, signal } = program;
  if (process.platform !== 'linux') {
    throw new UserError('native targets run on Linux only: use the engine', 3);
  }
  const version = await compilerVersion(compiler, signal);
  const hash = createHash('sha256');
  for (const file of [...sources, ...headers]) {
    let text: Buffer;
    try {
      text = await readFile(file);
    } catch {
      throw new UserError(`${title}'s source is missing (${file}): run \`npm run build\``, 3);
    }
    hash.update(`${text.length}\0`).update(text);
  }
  const key = hash
    .update([compiler, version, ...places, ...program.flags].join('\0'))
    .digest('hex')
    .slice(0, 24);
  const binary = path.join(program.cacheDir, `${name}-${key}`);
  if (await isExecutable(binary)) return binary;

  const fresh = `${binary}.${randomUUID()}`;
  try {
    await mkdir(program.cacheDir, { recursive: true });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UserError(`cannot keep ${title} in ${program.cacheDir}: ${why}`, 3);
  }
  try {
    const r = await runProcess(compiler, [...program.flags, '-o', fresh, ...sources, '-pthread', '-ldl'], {
      signal,
    });
    if (r.status !== 0) {
      const line = r.stderr.split('\n').find((l) => /error|cannot/i.test(l)) ?? 'no message';
      throw new UserError(`\`${compiler}\` cannot compile ${title}: ${line.trim()}`, 3);
    }
    // Whoever is first wins; a second process's copy is the same.
    await rename(fresh, binary);
  } finally {
    await rm(fresh, { force: true });
  }
  if (signal?.aborted) throw abortError();
  return binary;
}
