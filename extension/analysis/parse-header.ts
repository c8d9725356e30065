/** Heads of functions that macros write: what a macro with several definitions stands for, and which name is meant. */
import type { Cond } from './condition.ts';
import { type Cursor, builtins } from './cursor.ts';
import { type Alternative, Kind, type Token } from './tokens.ts';

const ends = (tokens: readonly Token[]): boolean => {
  const last = tokens[tokens.length - 1]?.text;
  return last === ';' || last === '}';
};

/**
 * Before the body of a function every macro with several definitions gives way to one of them, the last that this
 * platform may have: the head is one piece then, and the body belongs to it.
 */
export function settleHead(c: Cursor, live: (cond: Cond | null) => number | null): void {
  let choices = 0;
  let at = 0;
  for (let n = 0; n < 60; n++) {
    const t = c.raw(at);
    if (t.kind === Kind.choice) {
      // Complete by itself: what follows is another declaration.
      if (t.choice === null || t.choice.every((a) => ends(a.tokens))) return;
      choices++;
    } else if (t.kind === Kind.punct) {
      if (t.text === '{') break;
      if (t.text === '(' || t.text === '[') {
        at = c.behind(c.at + at) - c.at;
        continue;
      }
      if (!/^(\*|&|&&|::|<|>|>>|,|->|~|\.\.\.)$/.test(t.text)) return;
    } else if (t.kind !== Kind.ident && t.kind !== Kind.string) return;
    at++;
  }
  if (choices === 0 || !c.is('{', at)) return;
  for (let i = at - 1; i >= 0; i--) {
    const t = c.raw(i);
    if (t.kind !== Kind.choice || t.choice === null) continue;
    const heads = t.choice.filter((a) => !ends(a.tokens));
    const possible = heads.filter((a) => live(a.def.cond) !== 0);
    const list = possible.length > 0 ? possible : heads;
    const later = (a: Alternative, b: Alternative): boolean =>
      a.def.file === b.def.file && a.def.start > b.def.start;
    const [first, ...rest] = list;
    if (first === undefined) continue;
    c.replace(c.at + i, rest.reduce((a, b) => (later(b, a) ? b : a), first).tokens);
  }
}

/**
 * `DEFINE_X(type, name, int a) { }` with a macro that nobody defines: the name is the last of the plain names before
 * the parameters. Answers with its index in `tokens`, the written arguments; -1 without one.
 */
export function writtenName(c: Cursor, tokens: readonly Token[]): number {
  let found = -1;
  let from = 0;
  let depth = 0;
  for (let i = 0; i <= tokens.length; i++) {
    const t = tokens[i];
    if (t !== undefined && /^[([{]$/.test(t.text)) depth++;
    else if (t !== undefined && /^[)\]}]$/.test(t.text)) depth--;
    if (t !== undefined && (depth > 0 || t.text !== ',')) continue;
    const only = tokens[from];
    const plain =
      i - from === 1 && only !== undefined && c.word(only) && !c.isTypeName(only) && !builtins.has(only.text);
    if (plain) found = from;
    else if (found >= 0) return found;
    from = i + 1;
  }
  return found;
}
