/** Everything at file, namespace and class scope: functions, globals, structs, typedefs. */
import type { Cond } from './condition.ts';
import { arrange } from './arrange.ts';
import { type Cursor, builtins, isAttribute, isTag, qualifiers } from './cursor.ts';
import type { Decl, Expr, Field, Func, Lowered, Stmt, Struct, TypeRef } from './ir.ts';
import { exact, link } from './ir.ts';
import { assignment } from './parse-expr.ts';
import { asStatement, defaultOf, initialMembers, memberInit } from './parse-init.ts';
import { settleHead, writtenName } from './parse-header.ts';
import { argumentsOf, initializer } from './parse-operand.ts';
import { statements } from './parse-stmt.ts';
import { type Declarator, type Specifiers, attributes, declarator, specifiers } from './parse-type.ts';
import { condAt } from './preprocess.ts';
import { Kind, type Token, textOf } from './tokens.ts';

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
function trailer(c: Cursor, found: Set<string>, inits: Expr[] = []): void {
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

function functionFrom(
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

/** Members of a struct, union, class or enum; its position is behind the `{`. */
export function structBody(c: Cursor, unit: Unit, tag: Token, name: string, bases: readonly string[]): void {
  if (tag.text === 'enum') return;
  const fields: Field[] = [];
  const defaults: Expr[] = [];
  const kind = tag.text as Struct['kind'];
  while (!c.done) {
    const before = c.at;
    const r = c.raw();
    if (r.kind === Kind.directive || r.text === ';') {
      c.at++;
      continue;
    }
    const t = c.peek();
    if ((t.text === 'public' || t.text === 'private' || t.text === 'protected') && c.is(':', 1)) {
      c.at += 2;
      continue;
    }
    if (t.text === 'using' || t.text === 'friend' || t.text === 'static_assert') {
      if (t.text === 'using') alias(c, unit);
      else skipStatement(c);
      continue;
    }
    if (t.text === 'typedef') {
      typedef(c, unit);
      continue;
    }
    if (t.text === 'template') {
      c.at++;
      const angles = c.behindAngles(c.at);
      if (angles > 0) c.at = angles;
      continue;
    }
    const spec = specifiers(c);
    if (c.is(';') && spec.type.base.includes('@')) {
      // An anonymous struct or union: its members are this one's.
      const inner = unit.structs.find((s) => s.name === spec.type.base);
      if (inner !== undefined) fields.push(...inner.fields);
    }
    for (let n = 0; n < 200 && !c.done && !c.is(';'); n++) {
      const at = c.at;
      const d = declarator(c, spec.type);
      const found = new Set([...spec.attributes, ...d.attributes]);
      if (d.paramsAt >= 0) {
        const inits: Expr[] = [];
        trailer(c, found, inits);
        if (c.is('{')) {
          functionFrom(c, unit, spec, d, name, t, found, inits);
          break;
        }
        if (c.accept('=')) c.at++;
        if (d.name !== null) unit.prototypes.push({ name: d.name.text, returns: d.type, attributes: found });
      } else if (d.name !== null) {
        // A static member is one object, not a part of each.
        if (spec.words.has('static')) {
          const decl: Decl = {
            k: 'decl',
            token: d.name,
            up: null,
            name: d.name.text,
            type: d.type,
            init: null,
            isStatic: false,
            isThread: spec.words.has('thread_local') || spec.words.has('__thread'),
            isExtern: true,
          };
          unit.globals.push(decl);
        } else fields.push({ name: d.name.text, type: d.type, token: d.name });
      }
      if (c.accept(':')) assignment(c);
      const member = d.name?.text ?? '';
      if (c.accept('=')) defaults.push(defaultOf(c.is('{') ? initializer(c) : assignment(c), member));
      else if (c.is('{') && c.cpp) defaults.push(defaultOf(initializer(c), member));
      if (!c.accept(',') || c.at === at) break;
    }
    if (!c.accept(';') && c.at === before) c.at++;
  }
  if (c.cpp) initialMembers(unit.functions, name, tag, c, defaults);
  unit.structs.push({ name, kind, file: c.file.path, token: tag, fields, bases });
}

function prototypeTypes(c: Cursor, at: number): TypeRef[] {
  return parameters(c.sub(c.slice(at + 1, c.behind(at) - 1))).map((p) => p.type);
}

function skipStatement(c: Cursor): void {
  for (let n = 0; n < 4000 && !c.done; n++) {
    if (c.accept(';')) return;
    if (c.is('}')) return;
    c.at = c.is('(') || c.is('{') || c.is('[') ? c.behind(c.at) : c.at + 1;
  }
}

function alias(c: Cursor, unit: Unit): void {
  const name = c.peek(1);
  if (name.kind === Kind.ident && c.is('=', 2)) {
    c.at += 3;
    const from = c.at;
    const spec = specifiers(c);
    const d = declarator(c, spec.type);
    // `using short = some::name<T>;`: a lone name reads as a declarator's.
    const lone = spec.type.base === '' && d.name !== null && d.paramsAt < 0;
    const type = lone ? { ...d.type, base: d.name?.text ?? '', text: textOf(c.slice(from, c.at)) } : d.type;
    unit.typedefs.push({ name: name.text, type, token: name });
  }
  skipStatement(c);
}

function typedef(c: Cursor, unit: Unit): void {
  c.at++;
  const spec = specifiers(c);
  for (let n = 0; n < 50 && !c.done && !c.is(';'); n++) {
    const d = declarator(c, spec.type);
    if (d.name !== null)
      unit.typedefs.push({
        name: d.name.text,
        type: d.paramsAt >= 0 ? { ...d.type, callable: true } : d.type,
        token: d.name,
      });
    if (!c.accept(',')) break;
  }
  skipStatement(c);
}

/** A whole file, or one expansion of a macro that stands at file scope. */
export function translationUnit(c: Cursor, unit: Unit): void {
  while (!c.done) {
    const before = c.at;
    let r = c.raw();
    if (r.kind === Kind.directive || r.text === ';' || r.text === '}') {
      c.at++;
      continue;
    }
    settleHead(c, unit.live);
    r = c.raw();
    if (r.kind === Kind.choice && r.choice !== null) {
      const after = c.raw(1);
      if (
        r.choice.some((a) => a.tokens.some((t) => t.text === '{' || t.text === ';')) ||
        after.text === ';'
      ) {
        c.at++;
        for (const a of r.choice) translationUnit(c.sub(a.tokens), unit);
        continue;
      }
    }
    const t = c.peek();
    if (t.text === 'extern' && c.peek(1).kind === Kind.string && c.is('{', 2)) {
      c.at += 3;
      continue;
    }
    if (t.text === 'namespace' || (t.text === 'inline' && c.is('namespace', 1))) {
      for (let n = 0; n < 20 && !c.done && !c.is('{') && !c.is(';'); n++) c.at++;
      c.at++;
      continue;
    }
    if (t.text === 'template') {
      c.at++;
      const angles = c.behindAngles(c.at);
      if (angles > 0) c.at = angles;
      continue;
    }
    if (t.text === 'using') {
      alias(c, unit);
      continue;
    }
    if (t.text === 'typedef') {
      typedef(c, unit);
      continue;
    }
    if (t.kind !== Kind.ident && t.text !== '::' && t.text !== '[' && t.text !== '~') {
      c.at = t.text === '{' ? c.at + 1 : c.at + 1;
      continue;
    }
    if (isAttribute(t) && (t.text === '_Static_assert' || t.text === 'static_assert')) {
      skipStatement(c);
      continue;
    }
    declaration(c, unit, t);
    if (c.at === before) c.at++;
  }
}

/** Whether the parentheses at `at` hold values, not parameters. */
function argumentsInside(c: Cursor, at: number): boolean {
  const end = c.behind(at);
  const inner = c.slice(at + 1, end - 1);
  const first = inner[0];
  if (first === undefined) return false;
  if (first.kind === Kind.choice) return true;
  if (inner.length === 1 && /^(true|false|nullptr|NULL|this)$/.test(first.text)) return true;
  for (let i = 0; i < inner.length; i++) {
    const t = inner[i];
    const next = inner[i + 1];
    if (t === undefined) break;
    if (t.kind === Kind.number || t.kind === Kind.string || t.kind === Kind.char)
      return inner[i - 1]?.text !== '=';
    if (t.kind === Kind.ident && (next?.text === '(' || next?.text === '.' || next?.text === '->'))
      return true;
    if (t.text === '!' || t.text === '+' || t.text === '-' || t.text === '?') return true;
    if (t.text === '=') return false;
    // Two names in a row are a parameter.
    if (t.kind === Kind.ident && next?.kind === Kind.ident) return false;
  }
  const last = inner[inner.length - 1];
  return (
    inner.every((t) => t.kind === Kind.ident || t.text === '::') &&
    last !== undefined &&
    !c.isTypeName(last) &&
    !builtins.has(last.text) &&
    inner.length > 1
  );
}

function declaration(c: Cursor, unit: Unit, start: Token): void {
  const spec = specifiers(c);
  const isStatic = spec.words.has('static');
  const isThread =
    spec.words.has('__thread') || spec.words.has('_Thread_local') || spec.words.has('thread_local');
  const isExtern = spec.words.has('extern');
  for (let n = 0; n < 5000 && !c.done; n++) {
    if (c.accept(';')) return;
    const at = c.at;
    const d = declarator(c, spec.type);
    const found = new Set([...spec.attributes, ...d.attributes]);
    if (d.paramsAt >= 0 && d.name !== null) {
      const behindParams = c.at;
      const inits: Expr[] = [];
      trailer(c, found, inits);
      if (c.is('{')) {
        functionFrom(c, unit, spec, d, null, start, found, inits);
        return;
      }
      if (c.is('=') || c.is(';') || c.is(',')) {
        const nothing = spec.type.base === '' && d.type.pointer === 0;
        if (c.accept('=')) c.at++;
        else if (c.cpp && !nothing && !isExtern && argumentsInside(c, d.paramsAt)) {
          // `T name(value);`: an object, initialised directly.
          c.at = d.paramsAt;
          const list = argumentsOf(c);
          c.at = behindParams;
          const init: Expr = {
            k: 'init',
            token: d.name,
            up: null,
            items: list.args.map((x) => ({ field: null, x })),
          };
          const decl: Decl = {
            k: 'decl',
            token: d.name,
            up: null,
            name: d.name.text,
            type: d.type,
            init,
            isStatic,
            isThread,
            isExtern,
          };
          link(decl);
          unit.globals.push(decl);
          if (!c.accept(',')) {
            c.accept(';');
            return;
          }
          continue;
        }
        if (!nothing)
          unit.prototypes.push({
            name: d.name.text,
            returns: d.type,
            attributes: found,
            ...(c.cpp ? { params: prototypeTypes(c, d.paramsAt) } : {}),
          });
        else {
          // `MACRO(args);` at file scope: keep the arguments, they may be calls.
          c.at = d.paramsAt;
          argumentsOf(c);
          c.at = behindParams;
        }
      } else if (!qualifiers.has(c.peek().text)) {
        // `MACRO(args)` without a semicolon.
        return;
      }
    } else if (d.name !== null && (spec.type.base !== '' || d.type.pointer > 0)) {
      let init: Expr | null = null;
      if (c.accept('=')) init = c.is('{') ? initializer(c) : assignment(c);
      else if (c.is('{') && c.cpp) init = initializer(c);
      const decl: Decl = {
        k: 'decl',
        token: d.name,
        up: null,
        name: d.name.text,
        type: d.type,
        init,
        isStatic,
        isThread,
        isExtern,
      };
      link(decl);
      unit.globals.push(decl);
    } else if (c.at === at) return;
    if (!c.accept(',')) {
      if (!c.accept(';') && c.is('{')) c.at = c.behind(c.at);
      return;
    }
  }
}
