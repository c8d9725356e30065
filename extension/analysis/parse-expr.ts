/** Expressions, by precedence climbing, tolerant of what it does not know. */
import { type Cursor, builtins, isTag, isTypeof, qualifiers } from './cursor.ts';
import { type Expr, type TypeRef, exact, noType } from './ir.ts';
import { argumentsOf, initializer, inlineAsm, lambda } from './parse-operand.ts';
import { blockBody, statements } from './parse-stmt.ts';
import { declarator, specifiers } from './parse-type.ts';
import { Kind, type Token } from './tokens.ts';

const precedence: Readonly<Record<string, number>> = {
  '*': 12, '/': 12, '%': 12, '+': 11, '-': 11, '<<': 10, '>>': 10, '<=>': 9, '<': 8, '>': 8, '<=': 8, '>=': 8,
  '==': 7, '!=': 7, '&': 6, '^': 5, '|': 4, '&&': 3, '||': 2,
}; // biome-ignore format: a table
const assignments: ReadonlySet<string> = new Set([
  '=',
  '+=',
  '-=',
  '*=',
  '/=',
  '%=',
  '&=',
  '|=',
  '^=',
  '<<=',
  '>>=',
]);
const casts: ReadonlySet<string> = new Set(['static_cast', 'reinterpret_cast', 'const_cast', 'dynamic_cast']);
const maxNesting = 400;
const maxLinks = 800;

export function opaque(token: Token, type: TypeRef | null = null): Expr {
  return { k: 'opaque', token, up: null, type };
}

/** A full expression, commas included. */
export function expression(c: Cursor): Expr {
  const first = assignment(c);
  if (!c.is(',')) return first;
  const items = [first];
  while (c.accept(',')) items.push(assignment(c));
  return { k: 'comma', token: first.token, up: null, items: exact(items) };
}

export function assignment(c: Cursor): Expr {
  if (++c.nesting > maxNesting) {
    c.nesting--;
    return opaque(c.next());
  }
  try {
    let left = binary(c, 2);
    if (c.is('?')) {
      const token = c.next();
      const yes = c.is(':') ? left : expression(c);
      c.accept(':');
      const no = assignment(c);
      left = { k: 'cond', token, up: null, test: left, yes, no };
    }
    const op = c.peek();
    if (op.kind === Kind.punct && assignments.has(op.text)) {
      c.at++;
      const right = c.is('{') ? initializer(c) : assignment(c);
      return { k: 'asg', token: op, up: null, op: op.text, left, right };
    }
    return left;
  } finally {
    c.nesting--;
  }
}

function binary(c: Cursor, min: number): Expr {
  let left = unary(c);
  let links = 0;
  const rest: Expr[] = [];
  for (;;) {
    const op = c.peek();
    const p = op.kind === Kind.punct ? precedence[op.text] : undefined;
    if (p === undefined || p < min) break;
    c.at++;
    const right = binary(c, p + 1);
    // A tree that leans to one side a thousand deep is nobody's code: the operands of the rest side by side.
    if (++links > maxLinks) rest.push(right);
    else left = { k: 'bin', token: op, up: null, op: op.text, left, right };
  }
  return rest.length === 0 ? left : { k: 'comma', token: left.token, up: null, items: [left, ...rest] };
}

function unary(c: Cursor): Expr {
  const t = c.raw().kind === Kind.choice ? c.raw() : c.peek();
  if (t.kind === Kind.punct) {
    switch (t.text) {
      case '++':
      case '--': {
        c.at++;
        return { k: 'upd', token: t, up: null, op: t.text, post: false, x: unary(c) };
      }
      case '-':
      case '+':
      case '!':
      case '~':
      case '*':
      case '&': {
        c.at++;
        if (++c.nesting > maxNesting) {
          c.nesting--;
          return opaque(t);
        }
        const x = unary(c);
        c.nesting--;
        return { k: 'un', token: t, up: null, op: t.text, x };
      }
      case '&&':
        // GNU: the address of a label.
        c.at++;
        return opaque(c.next());
      case '(': {
        const cast = castType(c);
        if (cast !== null) {
          if (c.is('{')) return postfix(c, { ...initializer(c), token: t });
          if (++c.nesting > maxNesting) {
            c.nesting--;
            return opaque(t);
          }
          const x = unary(c);
          c.nesting--;
          return { k: 'cast', token: t, up: null, type: cast, x };
        }
        break;
      }
      default:
    }
  } else if (t.kind === Kind.ident) {
    if (
      t.text === 'sizeof' ||
      t.text === 'alignof' ||
      t.text === '_Alignof' ||
      t.text === '__alignof__' ||
      t.text === 'noexcept'
    ) {
      c.at++;
      if (c.accept('...')) c.at += 0;
      const from = c.at;
      if (c.is('(')) c.at = c.behind(c.at);
      else unary(c);
      // What is measured stays as text: it says how long a table is.
      return t.text === 'sizeof' ? opaque(t, measured(c.slice(from, c.at))) : opaque(t);
    }
    if (t.text === '__extension__') {
      c.at++;
      return unary(c);
    }
    if (t.text === 'throw' || t.text === 'co_await') {
      c.at++;
      return c.is(';') ? opaque(t) : assignment(c);
    }
    if (t.text === 'delete' && c.cpp) {
      c.at++;
      if (c.is('[')) c.at = c.behind(c.at);
      const x = unary(c);
      return {
        k: 'call',
        token: t,
        up: null,
        callee: { k: 'id', token: t, up: null, name: 'delete', scope: null, decl: undefined },
        args: [x],
        end: c.slice(c.at - 1, c.at)[0]?.end ?? t.end,
      };
    }
    if (t.text === 'new' && c.cpp) return allocation(c);
  }
  let x = postfix(c, primary(c));
  for (let n = 0; n < 20 && (c.is('.*') || c.is('->*')); n++) {
    // What a pointer to member selects has the member's type, which only the right side knows.
    const op = c.next();
    x = { k: 'bin', token: op, up: null, op: op.text, left: x, right: postfix(c, primary(c)) };
  }
  return x;
}

function measured(operand: readonly Token[]): TypeRef {
  return { ...noType, base: 'size_t', text: 'size_t', args: operand.map((o) => o.text).join(' ') };
}

function allocation(c: Cursor): Expr {
  const t = c.next();
  const args: Expr[] = [];
  if (c.is('(')) args.push(...argumentsOf(c).args);
  const spec = specifiers(c);
  while (c.accept('*'));
  let end = t.end;
  if (c.is('(')) {
    const list = argumentsOf(c);
    args.push(...list.args);
    end = list.end;
  } else if (c.is('[') || c.is('{')) c.at = c.behind(c.at);
  void spec;
  return {
    k: 'call',
    token: t,
    up: null,
    callee: { k: 'id', token: t, up: null, name: 'new', scope: null, decl: undefined },
    args,
    end,
  };
}

/** The type of a cast when `(` opens one, with the position behind its `)`; else null and nothing is read. */
function castType(c: Cursor): TypeRef | null {
  const from = c.at;
  if (c.peek(1).kind === Kind.choice && c.is('*', 2) && c.is(')', 3)) {
    // `(T *)` where `T` is a macro with several definitions.
    c.at++;
    c.settle();
    c.at = from;
  }
  const t1 = c.peek(1);
  if (t1.kind !== Kind.ident) return null;
  const sure = builtins.has(t1.text) || qualifiers.has(t1.text) || isTag(t1) || isTypeof(t1);
  if (!sure && !c.word(t1)) return null;
  const close = c.behind(c.at);
  if (!sure) {
    // Only names, `::`, `*`, `&`, `const` and template arguments may stand inside.
    for (let i = c.at + 1; i < close - 1; i++) {
      const t = c.slice(i, i + 1)[0];
      if (t === undefined) return null;
      if (t.kind === Kind.ident || t.text === '*' || t.text === '&' || t.text === '::') continue;
      const angles = t.text === '<' ? c.behindAngles(i) : -1;
      if (angles > 0) {
        i = angles - 1;
        continue;
      }
      if (t.text === '(' && (c.slice(i + 1, i + 2)[0]?.text === '*' || c.slice(i - 1, i)[0]?.text === ')'))
        return functionCast(c, close);
      return null;
    }
  }
  const after = c.slice(close, close + 1)[0];
  const known = sure || c.isTypeName(t1);
  const starsInside = c.slice(close - 2, close - 1)[0]?.text === '*';
  if (after === undefined) return null;
  const operand =
    after.kind === Kind.number ||
    after.kind === Kind.string ||
    after.kind === Kind.char ||
    after.kind === Kind.choice ||
    (after.kind === Kind.ident && after.text !== 'sizeof' ? true : after.text === 'sizeof') ||
    after.text === '(' ||
    after.text === '!' ||
    after.text === '~' ||
    after.text === '++' ||
    after.text === '--' ||
    (after.text === '{' && (known || starsInside));
  const ambiguous =
    after.text === '-' ||
    after.text === '+' ||
    after.text === '*' ||
    after.text === '&' ||
    after.text === '&&';
  if (!(operand || (ambiguous && (known || starsInside)))) return null;
  if (!known && !starsInside && (after.text === '(' || after.text === '++' || after.text === '--')) {
    // `(f)(x)` or `(a)++`: a parenthesised operand.
    if (close - c.at === 3) return null;
  }
  c.at++;
  const spec = specifiers(c);
  if (spec.type.base === '') {
    c.at = from;
    return null;
  }
  const d = declarator(c, spec.type);
  c.at = close;
  return d.type;
}

function functionCast(c: Cursor, close: number): TypeRef | null {
  const spec = specifiersAt(c);
  if (spec === null) return null;
  c.at = close;
  return { ...spec, callable: true };
}

function specifiersAt(c: Cursor): TypeRef | null {
  const from = c.at;
  c.at++;
  const spec = specifiers(c);
  if (spec.type.base === '' || !c.is('(')) {
    c.at = from;
    return null;
  }
  return spec.type;
}

function primary(c: Cursor): Expr {
  const r = c.raw();
  if (r.kind === Kind.choice && r.choice !== null) {
    c.at++;
    const options = r.choice.map((a) => {
      const inner = c.sub(a.tokens);
      const x = inner.done ? opaque(r) : expression(inner);
      // Statements in an operand's place: keep what they do.
      if (!inner.done) {
        const rest = statements(inner);
        const first = { k: 'expr', token: r, up: null, x } as const;
        return {
          cond: a.def.cond,
          file: a.def.file,
          macro: a.def.name,
          x: { k: 'stmtx', token: r, up: null, body: [first, ...rest] } as const,
        };
      }
      return { cond: a.def.cond, file: a.def.file, macro: a.def.name, x };
    });
    return { k: 'choice', token: r, up: null, options };
  }
  const t = c.next();
  switch (t.kind) {
    case Kind.number:
    case Kind.char:
      return { k: 'num', token: t, up: null, text: t.text };
    case Kind.string: {
      let text = t.text;
      for (;;) {
        const n = c.peek();
        if (n.kind === Kind.string) {
          text = `${text.slice(0, -1)}${n.text.slice(n.text.indexOf('"') + 1)}`;
          c.at++;
        } else if (n.kind === Kind.ident && c.peek(1).kind === Kind.string && /^(PRI|SCN|FMT)/.test(n.text))
          c.at++;
        else if (n.kind === Kind.ident && /^(PRI|SCN|FMT)[A-Za-z0-9_]+$/.test(n.text)) c.at++;
        else break;
      }
      return { k: 'str', token: t, up: null, text };
    }
    case Kind.ident:
      break;
    default: {
      if (t.text === '(') {
        if (c.is('{')) {
          c.at++;
          const body = blockBody(c);
          c.accept(')');
          return { k: 'stmtx', token: t, up: null, body };
        }
        if (c.is(')')) {
          c.at++;
          return opaque(t);
        }
        const x = expression(c);
        if (!c.accept(')')) {
          // Unknown syntax: give up on the parenthesis only.
          let guard = 0;
          while (!c.done && !c.is(')') && !c.is(';') && !c.is('}') && guard++ < 200) c.at++;
          c.accept(')');
        }
        return x;
      }
      if (t.text === '[' && c.cpp) return lambda(c, t);
      if (t.text === '::') {
        const n = c.next();
        return { k: 'id', token: n, up: null, name: n.text, scope: '', decl: undefined };
      }
      if (t.text === '{') {
        c.at--;
        return initializer(c);
      }
      if (t.text === '}' || t.text === ';' || t.text === ')' || t.text === ']') c.at--;
      return opaque(t);
    }
  }
  if (casts.has(t.text)) {
    let type: TypeRef | null = null;
    const angles = c.behindAngles(c.at);
    if (angles > 0) {
      c.at++;
      const spec = specifiers(c);
      type = declarator(c, spec.type).type;
      c.at = angles;
    }
    const list = argumentsOf(c);
    const x = list.args[0] ?? opaque(t);
    return type === null ? x : { k: 'cast', token: t, up: null, type, x };
  }
  if (t.text === '_Generic' && c.is('(')) {
    const end = c.behind(c.at);
    c.at++;
    const x = assignment(c);
    c.at = end;
    return x;
  }
  if (
    (t.text === 'asm' || t.text === '__asm__' || t.text === '__asm') &&
    (c.is('(') ||
      c.is('volatile') ||
      c.is('__volatile__') ||
      c.is('__volatile') ||
      (c.is('{') && t.text === '__asm'))
  ) {
    return inlineAsm(c, t);
  }
  if (
    isTypeof(t) ||
    t.text === 'offsetof' ||
    t.text === '__builtin_offsetof' ||
    t.text === '__builtin_types_compatible_p'
  ) {
    if (c.is('(')) c.at = c.behind(c.at);
    return opaque(t);
  }
  let scope: string | null = null;
  let name = t;
  for (;;) {
    const angles = c.is('<') && c.cpp ? c.behindAngles(c.at) : -1;
    if (angles > 0 && (c.is('(', angles - c.at) || c.is('::', angles - c.at) || c.is('{', angles - c.at)))
      c.at = angles;
    if (c.is('::') && c.peek(1).kind === Kind.ident) {
      scope = scope === null ? name.text : `${scope}::${name.text}`;
      c.at++;
      name = c.next();
    } else break;
  }
  if (c.cpp && c.is('{') && c.isTypeName(name)) {
    const init = initializer(c);
    return { ...init, token: name };
  }
  return { k: 'id', token: name, up: null, name: name.text, scope, decl: undefined };
}

function postfix(c: Cursor, first: Expr): Expr {
  let x = first;
  for (let links = 0; ; links++) {
    const t = c.peek();
    if (t.kind !== Kind.punct || links > maxLinks) return x;
    switch (t.text) {
      case '(': {
        const { args, end } = argumentsOf(c);
        const token = x.k === 'mem' || x.k === 'id' ? x.token : x.token;
        x = { k: 'call', token, up: null, callee: x, args: exact(args), end };
        break;
      }
      case '[': {
        c.at++;
        const index = c.is(']') ? opaque(t) : expression(c);
        c.accept(']');
        x = { k: 'idx', token: x.token, up: null, object: x, index };
        break;
      }
      case '.':
      case '->': {
        c.at++;
        c.accept('template');
        if (c.is('~')) c.at++;
        let name = c.next();
        while (c.is('::') && c.peek(1).kind === Kind.ident) {
          c.at++;
          name = c.next();
        }
        const angles = c.is('<') && c.cpp ? c.behindAngles(c.at) : -1;
        if (angles > 0 && c.is('(', angles - c.at)) c.at = angles;
        x = { k: 'mem', token: name, up: null, object: x, field: name.text, arrow: t.text === '->' };
        break;
      }
      case '++':
      case '--':
        c.at++;
        x = { k: 'upd', token: x.token, up: null, op: t.text, post: true, x };
        break;
      default:
        return x;
    }
  }
}
