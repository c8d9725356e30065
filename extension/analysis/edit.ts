/** What an edit of a file's text touches: nothing but positions, the body of one function, or more. */
import type { Func, Lowered } from './ir.ts';
import type { MacroDef } from './macros.ts';
import type { SourceFile } from './preprocess.ts';
import { Kind, type Token, textOf } from './tokens.ts';

export type Change =
  | { readonly kind: 'nothing' }
  /** `tokens` are the function's in the new text, from its first specifier to its closing brace. */
  | { readonly kind: 'function'; readonly func: Func; readonly tokens: readonly Token[] }
  | { readonly kind: 'file' };

function same(a: Token, b: Token): boolean {
  if (a.kind !== b.kind || a.text !== b.text) return false;
  return a.kind !== Kind.directive || textOf(a.directive?.rest ?? []) === textOf(b.directive?.rest ?? []);
}

function sameMacro(a: MacroDef, b: MacroDef): boolean {
  return (
    a.name === b.name &&
    a.variadic === b.variadic &&
    (a.params === null) === (b.params === null) &&
    (a.params ?? []).join() === (b.params ?? []).join() &&
    a.body.length === b.body.length &&
    (a.undefinedAt === null) === (b.undefinedAt === null) &&
    a.body.every((t, i) => t.text === b.body[i]?.text)
  );
}

const everySame = <T>(a: readonly T[], b: readonly T[], equal: (x: T, y: T) => boolean): boolean =>
  a.length === b.length && a.every((x, i) => equal(x, b[i] as T));

/** Brackets closed in order and no preprocessor line: it may come and go without moving what is around it. */
function selfContained(tokens: readonly Token[], from: number, to: number): boolean {
  let open = 0;
  for (let i = from; i < to; i++) {
    const t = tokens[i] as Token;
    if (t.kind === Kind.directive) return false;
    if (t.kind !== Kind.punct) continue;
    if (t.text === '(' || t.text === '[' || t.text === '{') open++;
    else if (t.text === ')' || t.text === ']' || t.text === '}') if (--open < 0) return false;
  }
  return open === 0;
}

const declares = /^(struct|union|enum|class|typedef|using|template|lambda)$/;

export function changeOf(before: SourceFile, after: SourceFile, lowered: Lowered): Change {
  const file = { kind: 'file' } as const;
  if (!everySame(before.macros, after.macros, sameMacro)) return file;
  if (!everySame(before.includes, after.includes, (x, y) => x.name === y.name)) return file;
  if (before.unbalanced.length !== after.unbalanced.length) return file;
  const a = before.tokens;
  const b = after.tokens;
  const shorter = Math.min(a.length, b.length);
  let head = 0;
  while (head < shorter && same(a[head] as Token, b[head] as Token)) head++;
  let tail = 0;
  while (tail < shorter - head && same(a[a.length - 1 - tail] as Token, b[b.length - 1 - tail] as Token))
    tail++;
  const oldTo = a.length - tail;
  const newTo = b.length - tail;
  if (head === oldTo && head === newTo) return { kind: 'nothing' };
  if (!selfContained(a, head, oldTo) || !selfContained(b, head, newTo)) return file;
  if (b.slice(head, newTo).some((t) => declares.test(t.text))) return file;
  // The brace that opens the body stands before the change, the one that closes it behind.
  const first = a[head - 1];
  const last = a[oldTo];
  if (first === undefined || last === undefined) return file;
  const func = lowered.functions.find((f) => f.bodyStart <= first.start && last.end <= f.end);
  if (func === undefined) return file;
  const from = a.findIndex((t) => t.start >= func.start);
  let to = oldTo;
  while (to < a.length && (a[to] as Token).end < func.end) to++;
  if (from < 0 || a[to]?.end !== func.end) return file;
  return { kind: 'function', func, tokens: b.slice(from, to + 1 + newTo - oldTo) };
}
