/** Functions: parameters, what stands between the parameters and the body, the body. */
import type { Cond } from './condition.ts';
import { arrange } from './arrange.ts';
import { type Cursor, isTag } from './cursor.ts';
import type { Decl, Expr, Func, Lowered, Stmt, Struct, TypeRef } from './ir.ts';
import { exact, link } from './ir.ts';
import { assignment } from './parse-expr.ts';
import { asStatement, memberInit } from './parse-init.ts';
import { writtenName } from './parse-header.ts';
import { statements } from './parse-stmt.ts';
import { type Declarator, type Specifiers, attributes, declarator, specifiers } from './parse-type.ts';
import { condAt } from './preprocess.ts';
import { Kind, type Token } from './tokens.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Collects what a file declares. */
export class Unit {
  readonly functions: Func[] = [];
  readonly globals: Decl[] = [];
  readonly structs: Struct[] = [];
  readonly typedefs: { name: string; type: TypeRef; token: Token }[] = [];
  readonly prototypes: Mutable<Lowered['prototypes'][number]>[] = [];

  constructor(readonly live: (cond: Cond | null) => number | null) {}
}

/** Parameters between the parentheses of a function's declarator. */
export function parameters(c: Cursor): Decl[] {
  const out: Decl[] = [];
  while (!c.done) {
    const before = c.at;
    const spec = specifiers(c);
    const d = declarator(c, spec.type);
    const token = d.name ?? c.peek();
    if (spec.type.base !== 'void' || d.type.pointer > 0 || d.type.callable) {
      if (spec.type.base !== '' || d.name !== null) {
        out.push({
          k: 'decl',
          token,
          up: null,
          name: d.name?.text ?? '',
          type: d.type,
          init: null,
          isStatic: false,
          isThread: false,
          isExtern: false,
        });
      }
    }
    if (c.accept('=')) assignment(c);
    let guard = 0;
    while (!c.done && !c.is(',') && guard++ < 500)
      c.at = c.is('(') || c.is('{') || c.is('[') ? c.behind(c.at) : c.at + 1;
    c.accept(',');
    if (c.at === before) c.at++;
  }
  return out;
}

/** Skips what may stand between a parameter list and the body; leaves the position at `{`, or where it gave up. */
export function trailer(c: Cursor, found: Set<string>, inits: Expr[] = []): void {
  for (let n = 0; n < 200 && !c.done; n++) {
    attributes(c, found);
    const t = c.peek();
    if (t.kind === Kind.directive) c.at++;
    else if (
      t.text === 'const' ||
      t.text === 'override' ||
      t.text === 'final' ||
      t.text === 'noexcept' ||
      t.text === '&' ||
      t.text === '&&' ||
      t.text === 'volatile' ||
      t.text === 'try' ||
      t.text === 'throw'
    ) {
      c.at++;
      if (c.is('(') && (t.text === 'noexcept' || t.text === 'throw')) c.at = c.behind(c.at);
    } else if (t.text === '->') {
      c.at++;
      while (!c.done && !c.is('{') && !c.is(';')) c.at++;
    } else if (t.text === ':' && c.cpp) {
      c.at++;
      for (let m = 0; m < 200 && !c.done; m++) {
        let guard = 0;
        let member = '';
        while (!c.done && !c.is('(') && !c.is('{') && guard++ < 40) {
          if (c.peek().kind === Kind.ident) member = c.peek().text;
          const angles = c.is('<') ? c.behindAngles(c.at) : -1;
          c.at = angles > 0 ? angles : c.at + 1;
        }
        const list = c.sub(c.slice(c.at, c.behind(c.at)));
        inits.push(memberInit(list, member));
        c.at = c.behind(c.at);
        c.accept('...');
        if (!c.accept(',')) break;
      }
    } else if (t.kind === Kind.ident && (c.word(t) || isTag(t)) && n === 0) {
      // An attribute macro nobody defined, or K&R parameters.
      let i = 0;
      while (i < 120 && !c.is('{', i) && !c.is('}', i) && c.peek(i).kind !== Kind.end && !c.is('=', i)) i++;
      if (!c.is('{', i)) return;
      const between = c.slice(c.at, c.at + i);
      const words = between.filter((b) => b.kind === Kind.ident);
      const last = between[between.length - 1];
      if (last?.text === ';' || words.length === between.length || last?.text === ')') c.at += i;
      else return;
    } else return;
  }
}

export function functionFrom(
  c: Cursor,
  unit: Unit,
  spec: Specifiers,
  d: Declarator,
  owner: string | null,
  start: Token,
  found: Set<string>,
  inits: readonly Expr[] = [],
): void {
  const open = c.at;
  const end = c.behind(open);
  const bodyTokens = c.slice(open + 1, end - 1);
  const openToken = c.slice(open, open + 1)[0];
  const close = c.slice(end - 1, end)[0] ?? openToken;
  c.at = end;
  if (d.name === null || openToken === undefined || close === undefined) return;
  const paramsEnd = c.behind(d.paramsAt);
  let given = c.slice(d.paramsAt + 1, paramsEnd - 1);
  let name = d.name;
  const bare = spec.type.base === '' && d.type.pointer === 0 && d.spelled === null && d.owner === null;
  if (bare && name.text !== owner && /^[A-Z_][A-Z0-9_]*$/.test(name.text)) {
    const at = writtenName(c, given);
    name = given[at] ?? name;
    if (at >= 0) given = given.slice(at + 2);
  }
  const params = parameters(c.sub(given));
  const arranged = arrange(bodyTokens, unit.live);
  const inner = c.sub(arranged.tokens);
  const body = [...inits.map(asStatement), ...statements(inner)];
  while (!inner.done) {
    inner.at++;
    body.push(...statements(inner));
  }
  if (c.cpp) body.unshift(...memberReads(c, paramsEnd, open));
  const func: Func = {
    k: 'func',
    token: name,
    up: null,
    file: c.file.path,
    name: d.spelled ?? name.text,
    owner: d.owner ?? owner,
    params: exact(params),
    returns: d.type,
    body: exact(body),
    strays: arranged.strays.map((s) => statements(c.sub(s))),
    start: start.start,
    end: close.end,
    bodyStart: openToken.start,
    isStatic: spec.words.has('static'),
    isInline:
      spec.words.has('inline') ||
      spec.words.has('__inline') ||
      spec.words.has('__inline__') ||
      spec.words.has('__forceinline') ||
      owner !== null,
    attributes: found,
    cond: condAt(c.file, name.start),
  };
  link(func);
  unit.functions.push(func);
}

/**
 * Members that a constructor's initialiser list reads from the environment, as assignments. The other members stay out:
 * initialising an object is no access to it.
 */
function memberReads(c: Cursor, from: number, to: number): Stmt[] {
  const out: Stmt[] = [];
  const tokens = c.slice(from, to);
  if (!tokens.some((t) => t.kind === Kind.ident && /env/i.test(t.text))) return out;
  const list = c.sub(tokens);
  while (!list.done && !list.is(':')) list.at++;
  while (list.accept(':') || list.accept(',')) {
    const token = list.peek();
    if (token.kind !== Kind.ident) break;
    list.at++;
    if (!list.is('(') && !list.is('{')) break;
    const end = list.behind(list.at);
    const inside = list.slice(list.at + 1, end - 1);
    if (inside.some((t) => t.kind === Kind.ident && /env/i.test(t.text))) {
      const left: Expr = { k: 'id', token, up: null, name: token.text, scope: null, decl: undefined };
      const x: Expr = { k: 'asg', token, up: null, op: '=', left, right: assignment(list.sub(inside)) };
      out.push({ k: 'expr', token, up: null, x });
    }
    list.at = end;
  }
  return out;
}
