/** Machine code by `objdump`: a function with its source lines for the split view, and single instructions by address. */
import type { ProfileAddresses } from '../model-profile.ts';
import { UserError } from '../model.ts';
import { type ObjectSymbol, readFunctions } from './object-file.ts';
import { abortError } from './process.ts';
import { linesOf, streamProcess } from './stream-process.ts';
import { offline } from './symbolize.ts';

export interface DisassemblyRow {
  /** Hexadecimal, without `0x`, in the object's file. */
  readonly address: string;
  /** Blanks single. */
  readonly text: string;
  /** Of the innermost inlined function, as the debug information writes it; null without any. */
  readonly file: string | null;
  readonly line: number | null;
  /** Share of all samples of the profile, 0..100; null where there is no profile of this object. */
  readonly percent: number | null;
}

export interface Disassembly {
  readonly function: string;
  readonly object: string;
  /** In order of address; parts that the compiler moved elsewhere (`.cold`) follow. */
  readonly rows: readonly DisassemblyRow[];
}

export interface DisassembleOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** Sampled addresses of this object. */
  readonly addresses?: ProfileAddresses | null;
}

/** More than any function that a person reads; what objdump prints beyond it is not kept. */
const mostRows = 50_000;

const instructionPattern = /^\s*([0-9a-f]+):\t(.*)$/;
const linePattern = /^(.*):(\d+)(?: \(discriminator \d+\))?$/;

/** Text of an instruction without its bytes, with single blanks: `lock addq $0x1,0x2d3c(%rip)`. */
function plain(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** Reads `objdump -d -l --no-show-raw-insn`. Exposed for its test. */
export class ListingReader {
  #file: string | null = null;
  #line: number | null = null;
  readonly rows: Omit<DisassemblyRow, 'percent'>[] = [];

  line(text: string): void {
    const instruction = instructionPattern.exec(text);
    if (instruction !== null) {
      if (this.rows.length < mostRows) {
        this.rows.push({
          address: instruction[1] ?? '',
          text: plain(instruction[2] ?? ''),
          ...{ file: this.#file, line: this.#line },
        });
      }
      return;
    }
    // `0000000000001180 <hot>:` begins a function, `hot():` says which one the next lines are of.
    if (/^[0-9a-f]+ <.*>:$/.test(text)) {
      this.#file = null;
      this.#line = null;
      return;
    }
    const place = linePattern.exec(text);
    if (place === null || text.startsWith(' ')) return;
    this.#file = place[1] === '??' ? null : (place[1] ?? null);
    this.#line = this.#file === null ? null : Number(place[2]);
  }
}

async function objdump(
  args: readonly string[],
  object: string,
  options: DisassembleOptions,
): Promise<ListingReader['rows']> {
  const { signal } = options;
  const reader = new ListingReader();
  const child = streamProcess('objdump', [...args, '--', object], { env: offline(options.env), signal });
  for await (const lines of linesOf(child.output)) for (const line of lines) reader.line(line);
  const end = await child.ended;
  if (signal?.aborted) throw abortError();
  if (end.startError !== null) {
    throw new UserError(
      `\`objdump\` cannot be started (${end.startError}): install binutils to see machine code`,
      3,
    );
  }
  if (end.status !== 0) {
    const words = end.stderr.split('\n').find((l) => l.trim() !== '') ?? 'no message';
    throw new UserError(`\`objdump\` cannot read ${object}: ${words.trim().slice(0, 200)}`, 3);
  }
  return reader.rows;
}

/** Names that compilers give to parts and copies of a function: `f.cold`, `f.part.0`, `f.constprop.0`, `f.llvm.123`. */
const copySuffix = /^(\.(cold|part|constprop|isra|lto_priv|llvm|localalias|warm|hot)(\.\d+)?)+$/;

/** Symbols that are the function or a piece of it. */
export function piecesOf(functions: readonly ObjectSymbol[], name: string): ObjectSymbol[] {
  const own = functions.filter(
    (f) => f.name === name || (f.name.startsWith(`${name}.`) && copySuffix.test(f.name.slice(name.length))),
  );
  const seen = new Set<number>();
  return own
    .filter((f) => f.size > 0 && !seen.has(f.address) && seen.add(f.address))
    .sort((a, b) => Number(/\.cold/.test(a.name)) - Number(/\.cold/.test(b.name)) || a.address - b.address);
}

/**
 * The whole of a function.
 *
 * @param object path of the shared object or binary
 * @throws UserError when the object or the function is not there, or objdump is not installed
 */
export async function disassemble(
  object: string,
  functionName: string,
  signal?: AbortSignal,
  options: Omit<DisassembleOptions, 'signal'> = {},
): Promise<Disassembly> {
  const pieces = piecesOf(await readFunctions(object), functionName);
  const all = { ...options, signal };
  let rows: ListingReader['rows'] = [];
  for (const { address, size } of pieces) {
    const range = [`--start-address=${address}`, `--stop-address=${address + size}`];
    rows = [...rows, ...(await objdump(['-d', '-l', '--no-show-raw-insn', ...range], object, all))];
  }
  if (rows.length === 0) {
    throw new UserError(
      `${object} has no function ${functionName} of its own: it was inlined everywhere, or the symbols are stripped`,
      3,
    );
  }
  const shares = options.addresses == null ? null : new Map(options.addresses.points.map(([a, p]) => [a, p]));
  return {
    function: functionName,
    object,
    rows: rows.map((row) => ({
      ...row,
      percent: shares === null ? null : (shares.get(Number.parseInt(row.address, 16)) ?? 0),
    })),
  };
}

/** Sampled addresses that lie closer together than this are read in one go. */
const gap = 4096;
/** Longest instruction of any machine of ours, bytes. */
const longest = 16;

/**
 * Texts of the instructions at `addresses`, each of which has to be where an instruction begins (a sampled one always
 * is). What objdump does not know is left out.
 */
export async function instructionsAt(
  object: string,
  addresses: Iterable<number>,
  options: DisassembleOptions,
): Promise<Map<number, string>> {
  const wanted = [...new Set(addresses)].sort((a, b) => a - b);
  const ranges: { from: number; to: number }[] = [];
  for (const address of wanted) {
    const last = ranges.at(-1);
    if (last !== undefined && address - last.to < gap) last.to = address + longest;
    else ranges.push({ from: address, to: address + longest });
  }
  const asked = new Set(wanted);
  const out = new Map<number, string>();
  for (const { from, to } of ranges) {
    const range = [`--start-address=${from}`, `--stop-address=${to}`];
    for (const row of await objdump(['-d', '--no-show-raw-insn', ...range], object, options)) {
      const address = Number.parseInt(row.address, 16);
      if (asked.has(address)) out.set(address, row.text);
    }
  }
  return out;
}
