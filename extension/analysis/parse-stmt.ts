/** Statements and local declarations. */
import type { Cond } from './condition.ts';
import { type Cursor, builtins, isAttribute, isTag, isTypeof, qualifiers } from './cursor.ts';
import { declared, storageOf } from './declared.ts';
import { type Decl, type DeclStmt, type Expr, type Stmt, exact } from './ir.ts';
import { assignment, expression, opaque } from './parse-expr.ts';
import { argumentsOf, initializer } from './parse-operand.ts';
import { attributes, declarator, specifiers } from './parse-type.ts';
import { Kind, type Token } from './tokens.ts';

const ends = (t: Token): boolean =>
  t.kind === Kind.directive && (t.text.startsWith('el') || t.text === 'endif');

/** Statements up to a closing brace, the end of a branch, or the end. */
export function statements(c: Cursor): Stmt[] {
  const out: Stmt[] = [];
  while (!c.done) {
    const t = c.raw();
    if (ends(t) || (t.kind === Kind.punct && t.text === '}')) break;
    const before = c.at;
    const s = statement(c);
    if (s !== null) out.push(s);
    if (c.at === before) c.at++;
  }
  return out;
}

/** The statements of a block whose `{` was read; reads its `}`. */
export function blockBody(c: Cursor): Stmt[] {
  const out = statements(c);
  while (!c.done && ends(c.raw())) {
    c.at++;
    out.push(...statements(c));
  }
  c.accept('}');
  return out;
}

function empty(token: Token): Stmt {
  return { k: 'block', token, up: null, body: [] };
}

function required(c: Cursor): Stmt {
  const t = c.raw();
  return statement(c) ?? empty(t);
}

function condition(c: Cursor): Expr {
  if (!c.accept('(')) return opaque(c.peek());
  // C++: `if (init; test)` and `if (T x = f())`.
  let test: Expr;
  if (isDeclaration(c)) {
    const d = declarations(c, true);
    const last = d.decls[d.decls.length - 1];
    test = last?.init ?? opaque(d.token);
  } else test = expression(c);
  if (c.accept(';')) test = expression(c);
  if (!c.accept(')')) {
    let open = 1;
    for (let n = 0; n < 400 && !c.done; n++) {
      if (c.is('(')) open++;
      if (c.is('{') || c.is(';')) break;
      const close = c.is(')');
      c.at++;
      if (close && --open === 0) break;
    }
  }
  return test;
}

/** `[[likely]]` or `[[unlikely]]` before a branch: true, false, or null for neither. */
function branchHint(c: Cursor): boolean | null {
  const found = new Set<string>();
  if (c.is('[') && c.is('[', 1)) attributes(c, found);
  return found.has('likely') ? true : found.has('unlikely') ? false : null;
}

/** A test with a branch's attribute, in the form that the compiler's builtin has. */
function expected(test: Expr, wanted: boolean): Expr {
  const { token } = test;
  const callee: Expr = { k: 'id', token, up: null, name: '__builtin_expect', scope: null, decl: undefined };
  const value: Expr = { k: 'num', token, up: null, text: wanted ? '1' : '0' };
  return { k: 'call', token, up: null, callee, args: [test, value], end: token.end };
}

export function statement(c: Cursor): Stmt | null {
  if (++c.nesting > 400) {
    c.nesting--;
    c.at = c.length;
    return null;
  }
  try {
    return parse(c);
  } finally {
    c.nesting--;
  }
}

function parse(c: Cursor): Stmt | null {
  const r = c.raw();
  if (r.kind === Kind.directive) return directive(c, r);
  if (r.kind === Kind.choice && r.choice !== null) {
    const after = c.raw(1);
    if (
      after.text === ';' ||
      after.text === '}' ||
      after.kind === Kind.end ||
      after.kind === Kind.ident ||
      after.kind === Kind.directive ||
      after.kind === Kind.choice
    ) {
      c.at++;
      const options = r.choice.map((a) => ({
        cond: a.def.cond,
        file: a.def.file,
        macro: a.def.name,
        body: exact(statements(c.sub(a.tokens))),
      }));
      c.accept(';');
      return { k: 'variants', token: r, up: null, options };
    }
    return expressionStatement(c, r);
  }
  const t = c.peek();
  if (t.kind === Kind.punct) {
    if (t.text === '{') {
      c.at++;
      return { k: 'block', token: t, up: null, body: exact(blockBody(c)) };
    }
    if (t.text === ';') {
      c.at++;
      return null;
    }
    if (t.text === '[' && c.is('[', 1)) {
      c.at = c.behind(c.at);
      return c.is('}') ? null : statement(c);
    }
    return expressionStatement(c, t);
  }
  if (t.kind !== Kind.ident) return expressionStatement(c, t);
  switch (t.text) {
    case 'if': {
      c.at++;
      c.accept('constexpr');
      const test = condition(c);
      const onYes = branchHint(c);
      const yes = required(c);
      const other = c.accept('else');
      const onNo = other ? branchHint(c) : null;
      const no = other ? required(c) : null;
      const wanted = onYes ?? (onNo === null ? null : !onNo);
      return { k: 'if', token: t, up: null, test: wanted === null ? test : expected(test, wanted), yes, no };
    }
    case 'while': {
      c.at++;
      const test = condition(c);
      return {
        k: 'loop',
        token: t,
        up: null,
        kind: 'while',
        init: null,
        test,
        step: null,
        body: required(c),
      };
    }
    case 'do': {
      c.at++;
      const body = required(c);
      let test: Expr | null = null;
      if (c.accept('while')) test = condition(c);
      c.accept(';');
      // `do { ... } while (0)` is a block.
      if (
        test !== null &&
        ((test.k === 'num' && test.text === '0') || (test.k === 'id' && test.name === 'false'))
      )
        return body;
      return { k: 'loop', token: t, up: null, kind: 'do', init: null, test, step: null, body };
    }
    case 'for':
      return forLoop(c, t);
    case 'switch': {
      c.at++;
      const test = condition(c);
      return { k: 'switch', token: t, up: null, test, body: required(c) };
    }
    case 'return':
    case 'co_return': {
      c.at++;
      const x = c.is(';') ? null : c.is('{') ? initializer(c) : expression(c);
      finish(c);
      return { k: 'return', token: t, up: null, x };
    }
    case 'break':
    case 'continue':
      c.at++;
      c.accept(';');
      return { k: 'jump', token: t, up: null, kind: t.text, label: null };
    case 'goto': {
      c.at++;
      const label = c.is('*') ? null : c.next().text;
      finish(c);
      return { k: 'jump', token: t, up: null, kind: 'goto', label };
    }
    case 'case': {
      c.at++;
      const x = assignment(c);
      if (c.accept('...')) assignment(c);
      c.accept(':');
      return { k: 'label', token: t, up: null, name: null, x };
    }
    case 'default':
      if (c.is(':', 1)) {
        c.at += 2;
        return { k: 'label', token: t, up: null, name: null, x: null };
      }
      break;
    case 'else':
      // Its `if` was lost to a branch: keep what it does.
      c.at++;
      return statement(c);
    case 'try':
      c.at++;
      return statement(c);
    case 'catch':
      c.at++;
      if (c.is('(')) c.at = c.behind(c.at);
      return statement(c);
    case 'using':
    case 'typedef':
    case 'static_assert':
    case '_Static_assert': {
      let guard = 0;
      while (!c.done && !c.is(';') && !c.is('}') && guard++ < 400)
        c.at = c.is('(') || c.is('{') ? c.behind(c.at) : c.at + 1;
      c.accept(';');
      return null;
    }
    case 'public':
    case 'private':
    case 'protected':
      c.at += 2;
      return null;
    default:
  }
  if (isAttribute(t)) {
    attributes(c, new Set());
    c.accept(';');
    return null;
  }
  if (c.word(t) && c.is(':', 1) && !c.is('::', 1)) {
    c.at += 2;
    return { k: 'label', token: t, up: null, name: t.text, x: null };
  }
  if (isDeclaration(c)) return declarations(c, false);
  return expressionStatement(c, t);
}

function directive(c: Cursor, first: Token): Stmt | null {
  if (first.text !== 'if' && first.text !== 'ifdef' && first.text !== 'ifndef') {
    c.at++;
    return null;
  }
  const options: { cond: Cond | null; file: string; macro: string; body: readonly Stmt[] }[] = [];
  while (!c.done) {
    const marker = c.raw();
    if (marker.kind !== Kind.directive) break;
    c.at++;
    if (marker.text === 'endif') break;
    const body = statements(c);
    // A brace that no branch opened: step over it, it belongs to no statement.
    while (!c.done && c.raw().kind === Kind.punct && c.raw().text === '}') {
      c.at++;
      body.push(...statements(c));
    }
    options.push({ cond: marker.directive?.cond ?? null, file: c.file.path, macro: '', body: exact(body) });
  }
  return { k: 'variants', token: first, up: null, options: exact(options) };
}

function forLoop(c: Cursor, t: Token): Stmt {
  c.at++;
  let init: Stmt | null = null;
  let test: Expr | null = null;
  let step: Expr | null = null;
  if (c.is('(')) {
    const end = c.behind(c.at);
    c.at++;
    if (!c.accept(';')) {
      const token = c.peek();
      if (isDeclaration(c)) {
        const d = declarations(c, true);
        init = d;
        if (c.accept(':')) {
          // Range-based: the elements come out of the range.
          test = expression(c);
        }
      } else init = { k: 'expr', token, up: null, x: expression(c) };
      c.accept(';');
    }
    if (c.at < end - 1 && !c.is(';') && test === null) test = expression(c);
    c.accept(';');
    if (c.at < end - 1) step = expression(c);
    c.at = end;
  }
  return { k: 'loop', token: t, up: null, kind: 'for', init, test, step, body: required(c) };
}

/** Reads the `;` of a statement, or gives up the rest of a line that is no C. */
function finish(c: Cursor): void {
  if (c.accept(';')) return;
  const t = c.raw();
  if (c.done || t.kind === Kind.directive || t.kind === Kind.choice) return;
  if (t.text === '}' || t.text === '{' || t.kind === Kind.ident) return;
  let guard = 0;
  while (!c.done && guard++ < 300) {
    if (c.is('}') || c.raw().kind === Kind.directive) return;
    if (c.is('{')) return;
    if (c.accept(';')) return;
    c.at++;
  }
}

function expressionStatement(c: Cursor, token: Token): Stmt {
  const x = expression(c);
  if (c.is('{') && (x.k === 'call' || x.k === 'choice' || x.k === 'id')) {
    // A loop-like macro that nobody defined: `FOR_EACH(x) { ... }`.
    const open = c.next();
    const body: Stmt = { k: 'block', token: open, up: null, body: blockBody(c) };
    return { k: 'loop', token, up: null, kind: 'for', init: null, test: x, step: null, body };
  }
  finish(c);
  return { k: 'expr', token, up: null, x };
}

/** Whether a declaration starts here. */
export function isDeclaration(c: Cursor): boolean {
  const t = c.peek();
  if (t.kind !== Kind.ident) return false;
  if (isTypeof(t)) return !c.is(';', 1);
  if (qualifiers.has(t.text) || isTag(t)) return true;
  if (builtins.has(t.text)) {
    const n = c.peek(1);
    return (
      n.kind === Kind.ident ||
      n.text === '*' ||
      n.text === '&' ||
      n.text === '::' ||
      n.text === '<' ||
      (n.text === '(' && c.is('*', 2))
    );
  }
  if (!c.word(t)) return false;
  let i = 1;
  for (;;) {
    if (c.is('::', i) && c.word(c.peek(i + 1))) i += 2;
    else if (c.is('<', i) && c.cpp) {
      const angles = c.behindAngles(c.at + i);
      if (angles < 0) break;
      i = angles - c.at;
    } else break;
  }
  const n = c.peek(i);
  const known = c.isTypeName(c.peek(i - 1)) || c.isTypeName(t);
  if (n.kind === Kind.ident) {
    if (isAttribute(n)) return true;
    return (
      (c.word(n) || n.text === 'const' || n.text === 'volatile' || qualifiers.has(n.text)) &&
      !(c.raw().kind === Kind.choice)
    );
  }
  if (n.text === '*' || ((n.text === '&' || n.text === '&&') && c.cpp)) {
    let j = i;
    while (
      c.is('*', j) ||
      c.is('&', j) ||
      c.is('&&', j) ||
      c.is('const', j) ||
      c.is('volatile', j) ||
      c.is('restrict', j) ||
      c.is('__restrict', j)
    )
      j++;
    const name = c.peek(j);
    if (!c.word(name)) return false;
    const after = c.peek(j + 1).text;
    if (after === '=' || after === ';' || after === ',' || after === '[')
      return known || n.text === '*' || after === '=';
    return known && (after === '(' || after === ':' || after === '{');
  }
  return n.text === '(' && c.is('*', i + 1) && known && c.is(')', i + 3);
}

/** One declaration statement; with `inHead`, stops before the `;`, `)` or `:` of a head. */
export function declarations(c: Cursor, inHead: boolean): DeclStmt {
  const token = c.peek();
  const spec = specifiers(c);
  const decls: Decl[] = [];
  const storage = storageOf(spec.words);
  for (let n = 0; n < 2000; n++) {
    if (c.is(';') || c.done) break;
    const before = c.at;
    const d = declarator(c, spec.type);
    let init: Expr | null = null;
    if (c.accept('=')) init = c.is('{') ? initializer(c) : assignment(c);
    else if (c.is('{') && c.cpp) init = initializer(c);
    else if (d.paramsAt >= 0 && c.cpp && !inHead) {
      const at = c.at;
      c.at = d.paramsAt;
      const list = argumentsOf(c);
      c.at = at;
      init = {
        k: 'init',
        token: d.name ?? token,
        up: null,
        items: list.args.map((x) => ({ field: null, x })),
      };
    }
    if (d.name !== null && !(d.paramsAt >= 0 && !c.cpp)) {
      decls.push(declared(d.name, d.type, init, storage));
    }
    if (c.is(':') && !inHead) {
      c.at++;
      assignment(c);
    }
    if (!c.accept(',')) break;
    if (c.at === before) break;
  }
  if (!inHead) finish(c);
  return { k: 'decls', token, up: null, decls: exact(decls) };
}
