/** From a line of source to the symbol that can be disassembled, and from a disassembly to lines of text. Pure. */
import type { FunctionAnnotation, FunctionInfo, LineHeat, Profile, ProfileFunction } from '../model.ts';
import { sourceName } from '../profile/annotate.ts';
import { percentText } from './words.ts';

/** One instruction as a disassembler has it. */
export interface AssemblyRow {
  /** Hexadecimal without `0x`, in the object's file. */
  readonly address: string;
  readonly text: string;
  /** As the debug information writes it. */
  readonly file: string | null;
  readonly line: number | null;
  /** Share of all samples, where the disassembler knows it. */
  readonly percent?: number | null;
}

/** A symbol of a binary. */
export interface SymbolPlace {
  readonly name: string;
  /** Absolute path. */
  readonly object: string;
}

const isSymbol = (f: ProfileFunction): f is ProfileFunction & { readonly object: string } =>
  f.object?.startsWith('/') === true && f.category !== 'kernel';

/** The hottest symbol that the compiler made of a function of the source; its profile's paths are the workspace's. */
export function symbolAt(profile: Profile, file: string, f: Pick<FunctionInfo, 'name'>): SymbolPlace | null {
  const found = profile.functions
    .filter((p) => p.file === file && sourceName(p.name) === f.name)
    .filter(isSymbol)
    .sort((a, b) => b.selfPercent - a.selfPercent)[0];
  return found === undefined ? null : { name: found.name, object: found.object };
}

/** The symbol whose code a hot line is in: of its hottest instruction, else of the function around it. */
export function symbolOfLine(
  profile: Profile,
  file: string,
  heat: LineHeat,
  functions: readonly FunctionAnnotation[],
): SymbolPlace | null {
  const hottest = heat.instructions?.[0]?.function;
  const own = profile.functions.filter((p) => p.name === hottest).find(isSymbol);
  if (own !== undefined) return { name: own.name, object: own.object };
  const around = functions.findLast((a) => a.function.line <= heat.line && heat.line <= a.function.endLine);
  return around === undefined ? null : symbolAt(profile, file, around.function);
}

const mostCandidates = 8;

/**
 * Symbols whose code may hold that of `symbol`: itself, then its callers, since what was inlined everywhere has no
 * symbol of its own. The callers that it costs most in come first.
 */
export function symbolCandidates(profile: Profile, symbol: SymbolPlace): SymbolPlace[] {
  const out: SymbolPlace[] = [symbol];
  const tree = profile.details?.tree ?? null;
  if (tree === null) return out;
  let names = new Set([symbol.name]);
  while (names.size > 0 && out.length < mostCandidates) {
    const callers = new Map<string, number>();
    tree.function.forEach((f, node) => {
      const parent = tree.parent[node] ?? -1;
      if (f < 0 || parent < 1 || !names.has(tree.names[f] ?? '')) return;
      const caller = tree.names[tree.function[parent] ?? -1];
      if (caller === undefined || out.some((s) => s.name === caller)) return;
      callers.set(caller, (callers.get(caller) ?? 0) + (tree.total[node] ?? 0));
    });
    const next = [...callers].sort((a, b) => b[1] - a[1]).map(([name]) => name);
    for (const name of next) {
      const f = profile.functions.filter((p) => p.name === name && p.object === symbol.object).find(isSymbol);
      if (f !== undefined && out.length < mostCandidates) out.push({ name, object: f.object });
    }
    names = new Set(next);
  }
  return out;
}

// ---------------------------------------------------------------------------------------------- listing

export type ListingLine =
  | { readonly kind: 'note'; readonly text: string }
  /** Where the source line of the instructions below changes. */
  | { readonly kind: 'source'; readonly file: string; readonly line: number; readonly text: string }
  | {
      readonly kind: 'instruction';
      readonly file: string | null;
      readonly line: number | null;
      readonly percent: number;
      readonly text: string;
    };

export interface Listing {
  readonly symbol: SymbolPlace;
  readonly lines: readonly ListingLine[];
  /** Share of all samples that fell on its instructions. */
  readonly percent: number;
}

export interface ListingOptions {
  /** What the shares rest on, for the head; null without a profile. */
  readonly source: string | null;
  /** Why the shares may be off; null when they are not. */
  readonly caution: string | null;
  /** Share of all samples by address. */
  readonly shares: ReadonlyMap<number, number>;
  /** File of the workspace for one of the debug information, null where there is none. */
  readonly fileOf: (recorded: string) => string | null;
  /** Text of a line of a workspace's file, null when it cannot be read. */
  readonly textOf: (file: string, line: number) => string | null;
}

const shareWidth = 7;
const addressWidth = 8;
const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

const baseName = (file: string): string => file.slice(file.lastIndexOf('/') + 1);

/** A disassembly as text: shares, addresses, instructions, and a mark wherever the line of the source changes. */
export function listingOf(
  symbol: SymbolPlace,
  rows: readonly AssemblyRow[],
  options: ListingOptions,
): Listing {
  const { source, caution, shares, fileOf, textOf } = options;
  const lines: ListingLine[] = [];
  let percent = 0;
  let last = '';
  for (const row of rows) {
    const file = row.file === null ? null : (fileOf(row.file) ?? row.file);
    const place = file === null || row.line === null ? '' : `${file}:${row.line}`;
    if (place !== last && file !== null && row.line !== null) {
      const code = textOf(file, row.line);
      const text = `${file}:${row.line}${code === null ? '' : `  ${oneLine(code)}`}`;
      lines.push({ kind: 'source', file, line: row.line, text: `; ${oneLine(text)}` });
    }
    last = place;
    const share = shares.get(Number.parseInt(row.address, 16)) ?? row.percent ?? 0;
    percent += share;
    const column = (share > 0 ? percentText(share) : '').padStart(shareWidth);
    lines.push({
      kind: 'instruction',
      file,
      line: row.line,
      percent: share,
      text: `${column}  ${row.address.padStart(addressWidth)}  ${oneLine(row.text)}`,
    });
  }
  const head = [`${symbol.name}, ${baseName(symbol.object)}`];
  if (source !== null) head.push(`${percentText(percent)} of the samples (${source})`);
  const notes = [head.join(': '), ...(caution === null ? [] : [caution])].map(
    (text): ListingLine => ({ kind: 'note', text: `; ${oneLine(text)}` }),
  );
  return { symbol, lines: [...notes, { kind: 'note', text: '' }, ...lines], percent };
}

export const listingText = (listing: Listing): string => `${listing.lines.map((l) => l.text).join('\n')}\n`;

/** 1-based lines of the listing whose instructions come from a line of the source, marks included. */
export function listingLines(listing: Listing, file: string, line: number): number[] {
  return listing.lines.flatMap((l, i) =>
    l.kind !== 'note' && l.file === file && l.line === line ? [i + 1] : [],
  );
}

/** The source that a line of the listing (1-based) comes from. */
export function sourceAt(
  listing: Listing,
  line: number,
): { readonly file: string; readonly line: number } | null {
  const at = listing.lines[line - 1];
  if (at === undefined || at.kind === 'note' || at.file === null || at.line === null) return null;
  return { file: at.file, line: at.line };
}
