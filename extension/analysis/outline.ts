/** What the syntax tree says about one file: it depends on nothing but the text and the grammar, so it can be kept. */
import type { SyntaxParser, SyntaxTree } from '../../grammars/syntax.ts';
import type { Language } from '../model.ts';
import { operationOf } from './operations.ts';

export interface Outline {
  readonly errors: number;
  readonly firstError: number | null;
  /** Offsets of calls of names that are atomic operations. */
  readonly calls: readonly number[];
  /** Offsets of the bodies' opening braces of the functions that the grammar sees. */
  readonly bodies: readonly number[];
  /** The parser gave up within its time bound. */
  readonly timedOut: boolean;
}

export const parseTimeoutMs = 10_000;

/** Reads a finished tree; null stands for a parse that ran out of time. */
export function readOutline(tree: SyntaxTree | null, text: string): Outline {
  if (tree === null) return { errors: 1, firstError: 0, calls: [], bodies: [], timedOut: true };
  let errors = 0;
  let firstError: number | null = null;
  const calls: number[] = [];
  const bodies: number[] = [];
  let declared = false;
  for (const c of tree.captures('outline')) {
    switch (c.name) {
      case 'error':
      case 'missing':
        errors++;
        firstError ??= c.start;
        break;
      case 'callee':
        if (operationOf(text.slice(c.start, c.end)) !== null) calls.push(c.start);
        break;
      case 'declarator':
        // `class ATTRIBUTE Name {` looks like a function to the grammar; its declarator has no parameters.
        declared = text.slice(c.start, c.end).includes('(');
        break;
      case 'body':
        if (declared) bodies.push(c.start);
        break;
      default:
    }
  }
  return { errors, firstError, calls, bodies, timedOut: false };
}

/** Parses and reads a text with a parser of this thread. */
export function outlineOf(parser: SyntaxParser, text: string, language: Language): Outline {
  const tree = parser.parse(text, language, { timeoutMs: parseTimeoutMs });
  const outline = readOutline(tree, text);
  tree?.delete();
  return outline;
}
