/** Tokens of C and C++: one flat array per file, positions in UTF-16 offsets of the raw text. */
import type { Cond } from './condition.ts';
import type { MacroDef } from './macros.ts';

export const Kind = {
  end: 0,
  ident: 1,
  number: 2,
  string: 3,
  char: 4,
  punct: 5,
  /** A preprocessor line; in a lowered stream only the markers of conditional groups remain. */
  directive: 6,
  /** A use of a macro that has several live definitions: one expansion for each. */
  choice: 7,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** The chain of macro uses that a token came out of, innermost first. */
export interface Via {
  readonly name: string;
  readonly def: MacroDef;
  readonly parent: Via | null;
}

export interface Directive {
  readonly name: string;
  /** What follows the name, lexed. */
  readonly rest: readonly Token[];
  /** For `if`, `elif`, `else` in a lowered stream: the branch's condition. */
  cond: Cond | null;
}

export interface Alternative {
  readonly def: MacroDef;
  readonly tokens: readonly Token[];
}

/** The expansions of a choice: null once they are parsed, because nodes keep their token for good. */
export interface Alternatives {
  list: readonly Alternative[] | null;
}

/**
 * There are millions of these: what only few have shares one field. `start`..`end` is the extent as written: for a token out of a macro body that is the whole macro use, for a
 * macro argument the argument itself.
 */
export class Token {
  constructor(
    readonly kind: Kind,
    readonly text: string,
    readonly start: number,
    readonly end: number,
    readonly via: Via | null,
    private readonly more: Directive | Alternatives | null = null,
  ) {}

  get directive(): Directive | null {
    return this.kind === Kind.directive ? (this.more as Directive | null) : null;
  }

  get choice(): readonly Alternative[] | null {
    return this.kind === Kind.choice ? (this.more as Alternatives).list : null;
  }
}

export function is(token: Token | undefined, text: string): boolean {
  return (
    token !== undefined && token.text === text && (token.kind === Kind.punct || token.kind === Kind.ident)
  );
}

/** Offsets of the first character of each line. */
export function lineStarts(text: string): Uint32Array {
  const starts: number[] = [0];
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  return Uint32Array.from(starts);
}

/** Zero-based line of an offset. */
export function lineOf(starts: Uint32Array, offset: number): number {
  let lo = 0;
  let hi = starts.length - 1;
  while (lo < hi) {
    const mid = (lo + hi + 1) >> 1;
    if ((starts[mid] ?? 0) <= offset) lo = mid;
    else hi = mid - 1;
  }
  return lo;
}

/** Tokens back to text, for messages and types; spaces only where two words would join. */
export function textOf(tokens: readonly Token[]): string {
  let out = '';
  let lastWord = false;
  for (const t of tokens) {
    if (t.kind === Kind.directive || t.kind === Kind.end) continue;
    const word = t.kind !== Kind.punct;
    out += (lastWord && word ? ' ' : '') + t.text;
    lastWord = word;
  }
  return out;
}
