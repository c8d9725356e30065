/**
 * A bound on how a text is nested. Parsers recurse, and the grammar's error recovery is quadratic on text that nests or
 * runs on without end; no source that a person or a generator writes for a compiler comes near these figures.
 */

import { lex } from './lex.ts';
import { Kind, type Token, lineOf, lineStarts } from './tokens.ts';

const maxBrackets = 25_000;
const maxConditionals = 2_000;
/** Words and signs other than brackets without `,` `;` `{` `}` or a preprocessor line between them. */
const maxRun = 20_000;

export interface TooComplex {
  /** 1-based. */
  readonly line: number;
  readonly reason: string;
}

/** The first place where a text is beyond the bounds, null when it is within them. Linear in its length. */
export function tooComplex(text: string): TooComplex | null {
  return complexityOf(text, lex(text));
}

/** The same of a text whose tokens are at hand. */
export function complexityOf(text: string, tokens: readonly Token[]): TooComplex | null {
  let brackets = 0;
  let conditionals = 0;
  let run = 0;
  for (const t of tokens) {
    if (t.kind === Kind.directive) {
      if (t.text.startsWith('if')) conditionals++;
      else if (t.text === 'endif') conditionals = Math.max(0, conditionals - 1);
      run = 0;
    } else if (t.kind !== Kind.punct) run++;
    else {
      switch (t.text) {
        case '(':
        case '[':
        case '{':
          brackets++;
          if (t.text === '{') run = 0;
          break;
        case ')':
        case ']':
        case '}':
          brackets = Math.max(0, brackets - 1);
          if (t.text === '}') run = 0;
          break;
        case ',':
        case ';':
          run = 0;
          break;
        default:
          run++;
      }
    }
    const reason =
      brackets > maxBrackets
        ? `more than ${maxBrackets} brackets are open`
        : conditionals > maxConditionals
          ? `more than ${maxConditionals} #if are open`
          : run > maxRun
            ? `an expression runs over more than ${maxRun} words and signs`
            : null;
    if (reason !== null) return { line: lineOf(lineStarts(text), t.start) + 1, reason };
  }
  return null;
}

/** The message for such a file. */
export const tooComplexMessage = (c: TooComplex): string =>
  `Here ${c.reason}, which is beyond the bound for one file; the file was not analysed.`;
