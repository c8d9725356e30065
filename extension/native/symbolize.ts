/**
 * Addresses of an object -> source lines and the functions that the compiler inlined there, from its debug information:
 * one `llvm-symbolizer` (else `addr2line`) an object, which is told all addresses and answers in their order.
 */
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import path from 'node:path';
import { abortError, runProcess } from './process.ts';
import type { ObjectFile } from './object-file.ts';
import { linesOf, streamProcess } from './stream-process.ts';

/** One function at an address; of several the first is inlined in the second, and so on. */
export interface SourceFrame {
  /** Null where the debug information has no name. */
  readonly function: string | null;
  readonly file: string | null;
  /** 1-based. */
  readonly line: number | null;
  /** Line of the function's definition, where the tool says it. */
  readonly definedAt: number | null;
}

export type SymbolTool = 'llvm-symbolizer' | 'addr2line';

/** What is known already, by build id: recordings of one build share most of their addresses. */
export class SymbolCache {
  readonly #objects = new Map<string, Map<number, readonly SourceFrame[]>>();

  of(object: ObjectFile): Map<number, readonly SourceFrame[]> {
    // Without a build id two builds of one path cannot be told apart.
    if (object.buildId === null) return new Map();
    let known = this.#objects.get(object.buildId);
    if (known === undefined) {
      known = new Map();
      this.#objects.set(object.buildId, known);
    }
    return known;
  }
}

export interface SymbolizeOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  readonly cache?: SymbolCache;
}

/** Nothing is fetched from servers of debug information behind the user's back. */
export function offline(env: NodeJS.ProcessEnv | undefined): NodeJS.ProcessEnv {
  return { ...(env ?? process.env), DEBUGINFOD_URLS: '', LC_ALL: 'C' };
}

/** The first that can be started; null when there is none. */
export async function symbolTool(options: SymbolizeOptions): Promise<SymbolTool | null> {
  // Before version 13 llvm-symbolizer had no JSON and says so by its exit status.
  const tools = [
    ['llvm-symbolizer', ['--output-style=JSON', '--version']],
    ['addr2line', ['--version']],
  ] as const;
  for (const [tool, args] of tools) {
    const r = await runProcess(tool, args, { env: offline(options.env), signal: options.signal });
    if (r.status === 0) return tool;
  }
  return null;
}

/** Whether lines can be had: debug information in the file, or beside it where Debian's `-dbgsym` packages put it. */
export async function hasLines(object: ObjectFile): Promise<boolean> {
  if (object.debug) return true;
  const { buildId } = object;
  if (buildId === null) return false;
  try {
    await access(`/usr/lib/debug/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`);
    return true;
  } catch {
    return false;
  }
}

function fileOrNull(file: unknown): string | null {
  return typeof file !== 'string' || file === '' || file === '??' ? null : path.posix.normalize(file);
}

function lineOrNull(line: unknown): number | null {
  return typeof line === 'number' && Number.isInteger(line) && line > 0 ? line : null;
}

function nameOrNull(name: unknown): string | null {
  return typeof name !== 'string' || name === '' || name === '??' ? null : name;
}

/** One line of `llvm-symbolizer --output-style=JSON`. Exposed for its test. */
export function parseJsonAnswer(line: string): readonly [number, readonly SourceFrame[]] | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const address = Number(Reflect.get(value, 'Address'));
  const symbols: unknown = Reflect.get(value, 'Symbol');
  if (!Number.isFinite(address)) return null;
  const list: unknown[] = Array.isArray(symbols) ? symbols : [];
  const frames = list
    .filter((s): s is object => typeof s === 'object' && s !== null)
    .map((s): SourceFrame => {
      const file = fileOrNull(Reflect.get(s, 'FileName'));
      // It may be the header that declares the function.
      const start = fileOrNull(Reflect.get(s, 'StartFileName'));
      return {
        function: nameOrNull(Reflect.get(s, 'FunctionName')),
        file,
        line: file === null ? null : lineOrNull(Reflect.get(s, 'Line')),
        definedAt:
          file === null || (start !== null && start !== file)
            ? null
            : lineOrNull(Reflect.get(s, 'StartLine')),
      };
    });
  return [address, frames];
}

/** Collects the lines of `addr2line -aifC`: an address, then a name and a place for each frame. Exposed for its test. */
export class AddressAnswers {
  #address: number | null = null;
  #name: string | null = null;
  #frames: SourceFrame[] = [];

  /** @returns the answer that this line shows to be complete, null otherwise */
  line(text: string): readonly [number, readonly SourceFrame[]] | null {
    if (/^0x[0-9a-f]+$/.test(text) && this.#name === null) {
      const done = this.end();
      this.#address = Number(text);
      return done;
    }
    if (this.#name === null) {
      this.#name = text;
      return null;
    }
    const place = /^(.*):(\d+|\?)(?: \(discriminator \d+\))?$/.exec(text);
    const file = fileOrNull(place?.[1]);
    this.#frames.push({
      function: nameOrNull(this.#name),
      file,
      line: file === null ? null : lineOrNull(Number(place?.[2])),
      definedAt: null,
    });
    this.#name = null;
    return null;
  }

  end(): readonly [number, readonly SourceFrame[]] | null {
    const done = this.#address === null ? null : ([this.#address, this.#frames] as const);
    this.#address = null;
    this.#frames = [];
    this.#name = null;
    return done;
  }
}

function toolArguments(tool: SymbolTool, file: string): string[] {
  return tool === 'llvm-symbolizer'
    ? [`--obj=${file}`, '--output-style=JSON', '--inlines', '--demangle', '--functions=linkage']
    : ['-aifC', '-e', file];
}

/**
 * Frames by address, innermost first, of the addresses that the debug information knows; the others are left out.
 *
 * @param addresses virtual addresses inside the object's file
 * @throws AbortError on the signal; a tool that fails leaves out what it did not answer
 */
export async function symbolize(
  tool: SymbolTool,
  object: ObjectFile,
  addresses: Iterable<number>,
  options: SymbolizeOptions,
): Promise<Map<number, readonly SourceFrame[]>> {
  const known = options.cache?.of(object) ?? new Map<number, readonly SourceFrame[]>();
  const wanted = [...new Set(addresses)];
  const asked = wanted.filter((a) => !known.has(a)).sort((a, b) => a - b);
  if (asked.length > 0) await ask(tool, object, asked, known, options);
  const out = new Map<number, readonly SourceFrame[]>();
  for (const address of wanted) {
    const frames = known.get(address);
    if (frames?.some((f) => f.file !== null) === true) out.set(address, frames);
  }
  return out;
}

async function ask(
  tool: SymbolTool,
  object: ObjectFile,
  addresses: readonly number[],
  known: Map<number, readonly SourceFrame[]>,
  options: SymbolizeOptions,
): Promise<void> {
  const { signal } = options;
  const child = streamProcess(tool, toolArguments(tool, object.path), {
    env: offline(options.env),
    signal,
    input: true,
  });
  const writing = (async () => {
    const { input } = child;
    if (input === null) return;
    for (let at = 0; at < addresses.length; at += 512) {
      const text = addresses.slice(at, at + 512).map((a) => `0x${a.toString(16)}\n`);
      // Its end is noticed by the reader; a closed pipe never drains.
      if (!input.write(text.join('')) && !input.destroyed)
        await Promise.race([once(input, 'drain'), child.ended]);
    }
    input.end();
  })();
  const answers = new AddressAnswers();
  const keep = (answer: readonly [number, readonly SourceFrame[]] | null): void => {
    if (answer !== null) known.set(answer[0], answer[1]);
  };
  try {
    for await (const lines of linesOf(child.output)) {
      for (const line of lines) {
        if (line !== '') keep(tool === 'addr2line' ? answers.line(line) : parseJsonAnswer(line));
      }
    }
    keep(answers.end());
    await child.ended;
  } finally {
    child.stop();
    await writing.catch(() => {});
  }
  if (signal?.aborted) throw abortError();
}
