/**
 * Puts the `#if` groups of a function body in order: a group whose branches are whole statements stays in the stream
 * and becomes a node; any other (half a condition, an `else`, an argument) is replaced by the branch that is live,
 * and what the other branches hold is handed out apart, so that nothing is lost.
 */
import type { Cond } from './condition.ts';
import { balanced } from './macros.ts';
import { Kind, type Token } from './tokens.ts';

export interface Arranged {
  readonly tokens: Token[];
  readonly strays: Token[][];
}

interface Branch {
  readonly marker: Token;
  readonly tokens: Token[];
}

const opens = (t: Token): boolean => t.text === 'if' || t.text === 'ifdef' || t.text === 'ifndef';

function boundary(tokens: readonly Token[]): boolean {
  for (let i = tokens.length - 1; i >= 0; i--) {
    const t = tokens[i];
    if (t === undefined) return true;
    if (t.kind === Kind.directive) {
      if (t.text === 'endif') return true;
      continue;
    }
    return t.text === ';' || t.text === '{' || t.text === '}' || t.text === ':';
  }
  return true;
}

function whole(branch: readonly Token[]): boolean {
  const last = branch[branch.length - 1];
  if (last === undefined) return true;
  const first = branch.find((t) => t.kind !== Kind.directive);
  const ends =
    last.text === ';' ||
    last.text === '}' ||
    last.text === ':' ||
    last.text === ')' ||
    last.kind === Kind.directive ||
    last.kind === Kind.choice;
  return ends && first?.text !== 'else' && first?.text !== '.' && balanced(branch);
}

/** `live` says whether a branch's condition may hold under the platform: 1, 0 or null. */
const maxDepth = 400;

export function arrange(tokens: readonly Token[], live: (cond: Cond | null) => number | null): Arranged {
  const strays: Token[][] = [];
  let at = 0;
  const list = (out: Token[], inside: boolean): Token[] => {
    while (at < tokens.length) {
      const t = tokens[at];
      if (t === undefined) break;
      if (t.kind !== Kind.directive) {
        out.push(t);
        at++;
      } else if (opens(t)) group(out);
      else if (inside) return out;
      else at++;
    }
    return out;
  };
  let depth = 0;
  const group = (out: Token[]): void => {
    if (depth >= maxDepth) {
      // Deeper than anything real: the markers go, the text stays.
      at++;
      return;
    }
    depth++;
    nested(out);
    depth--;
  };
  const nested = (out: Token[]): void => {
    const branches: Branch[] = [];
    let end: Token | null = null;
    while (at < tokens.length) {
      const marker = tokens[at];
      if (marker === undefined) break;
      if (marker.text === 'endif' && marker.kind === Kind.directive) {
        end = marker;
        at++;
        break;
      }
      at++;
      branches.push({ marker, tokens: list([], true) });
    }
    if (end !== null && boundary(out) && branches.every((b) => whole(b.tokens))) {
      for (const b of branches) {
        out.push(b.marker);
        for (const t of b.tokens) out.push(t);
      }
      out.push(end);
      return;
    }
    const states = branches.map((b) => live(b.marker.directive?.cond ?? null));
    let chosen = states.indexOf(1);
    if (chosen < 0) chosen = branches.findIndex((b, i) => states[i] !== 0 && b.tokens.length > 0);
    if (chosen < 0) chosen = 0;
    branches.forEach((b, i) => {
      const plain = b.tokens.filter((t) => t.kind !== Kind.directive);
      if (i === chosen) for (const t of plain) out.push(t);
      else if (plain.length > 0) strays.push(plain);
    });
  };
  return { tokens: list([], false), strays };
}
