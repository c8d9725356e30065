/** Initialisers of members: a constructor's list, and the defaults that a class gives. */
import type { Cursor } from './cursor.ts';
import type { Expr, Func, Stmt } from './ir.ts';
import { link, noType, walk } from './ir.ts';
import { argumentsOf, initializer } from './parse-operand.ts';
import { condAt } from './preprocess.ts';
import type { Token } from './tokens.ts';

/** `( a, b )` or `{ a, b }` behind the name of a member or a base in a constructor's list. */
export function memberInit(list: Cursor, member: string): Expr {
  if (list.is('{')) return defaultOf(initializer(list), member);
  const token = list.peek();
  const items = argumentsOf(list).args.map((x) => ({ field: null, x }));
  return { k: 'init', token, up: null, items, member };
}

/** What a class gives a member, if no constructor says otherwise. */
export function defaultOf(x: Expr, member: string): Expr {
  if (x.k === 'init') return { ...x, member };
  return { k: 'init', token: x.token, up: null, items: [{ field: null, x }], member };
}

export const asStatement = (x: Expr): Stmt => ({ k: 'expr', token: x.token, up: null, x });

/** Default member initialisers that call something run in every constructor; one stands for all of them. */
export function initialMembers(
  functions: Func[],
  name: string,
  tag: Token,
  c: Cursor,
  defaults: readonly Expr[],
): void {
  const calls = defaults.filter((x) => {
    let found = false;
    walk(x, (n) => {
      if (n.k === 'call' || n.k === 'upd') found = true;
    });
    return found;
  });
  const first = calls[0];
  const last = calls[calls.length - 1];
  if (first === undefined || last === undefined) return;
  const func: Func = {
    k: 'func',
    token: tag,
    up: null,
    file: c.file.path,
    name,
    owner: name,
    params: [],
    returns: noType,
    body: calls.map(asStatement),
    strays: [],
    start: first.token.start,
    end: last.token.end,
    bodyStart: first.token.start,
    isStatic: false,
    isInline: true,
    attributes: new Set(),
    cond: condAt(c.file, tag.start),
  };
  link(func);
  functions.push(func);
}
