/** Operands with an inside of their own: calls' arguments, initialisers, lambdas, inline assembly. */
import { type Cursor, builtins, isTag } from './cursor.ts';
import { type Expr, exact } from './ir.ts';
import { parameters } from './parse-function.ts';
import { assignment, expression, opaque } from './parse-expr.ts';
import { blockBody } from './parse-stmt.ts';
import { declarator, specifiers } from './parse-type.ts';
import { Kind, type Token } from './tokens.ts';

export function lambda(c: Cursor, t: Token): Expr {
  c.at = c.behind(c.at - 1);
  let params: ReturnType<typeof parameters> = [];
  if (c.is('(')) {
    const end = c.behind(c.at);
    params = parameters(c.sub(c.slice(c.at + 1, end - 1)));
    c.at = end;
  }
  let guard = 0;
  while (!c.is('{') && !c.is(';') && !c.is(')') && !c.done && guard++ < 20) c.at++;
  if (!c.accept('{')) return opaque(t);
  return { k: 'lambda', token: t, up: null, params, body: blockBody(c) };
}

export function inlineAsm(c: Cursor, t: Token): Expr {
  while (c.is('volatile') || c.is('__volatile__') || c.is('__volatile') || c.is('goto') || c.is('inline'))
    c.at++;
  if (c.is('{')) return microsoftAsm(c, t);
  if (!c.is('(')) return opaque(t);
  const end = c.behind(c.at);
  const inner = c.sub(c.slice(c.at + 1, end - 1));
  const endOffset = c.slice(end - 1, end)[0]?.end ?? t.end;
  c.at = end;
  let template = '';
  const sections: Expr[][] = [[], []];
  let section = -1;
  let clobbers = '';
  let memory = false;
  while (!inner.done) {
    const n = inner.peek();
    if (n.text === ':' || n.text === '::') {
      section += n.text.length;
      inner.at++;
    } else if (n.kind === Kind.string) {
      if (section < 0) template += n.text.slice(n.text.indexOf('"') + 1, -1);
      else if (section >= 2) clobbers += n.text;
      else if (/[moQV]/.test(n.text)) memory = true;
      inner.at++;
    } else if (n.text === '(' && section >= 0 && section < 2) {
      inner.at++;
      sections[section]?.push(expression(inner));
      inner.accept(')');
    } else inner.at++;
  }
  return {
    k: 'asm',
    token: t,
    up: null,
    template,
    outputs: sections[0] ?? [],
    inputs: sections[1] ?? [],
    clobbers,
    memory: memory || section < 0 || /\(\s*%|\[/.test(template),
    end: endOffset,
  };
}

/** `__asm { ... }`: the operands stand in the text. */
function microsoftAsm(c: Cursor, t: Token): Expr {
  const end = c.behind(c.at);
  const inside = c.slice(c.at + 1, end - 1);
  const last = c.slice(end - 1, end)[0];
  c.at = end;
  return {
    k: 'asm',
    token: t,
    up: null,
    template: inside.map((i) => i.text).join(' '),
    outputs: [],
    inputs: [],
    clobbers: '',
    memory: true,
    end: last?.end ?? t.end,
  };
}

/** `( a, b )` of a call; types as arguments become opaque. */
export function argumentsOf(c: Cursor): { args: Expr[]; end: number } {
  const args: Expr[] = [];
  if (!c.accept('(')) return { args, end: c.peek().end };
  let end = 0;
  while (!c.done) {
    if (c.is(')')) {
      end = c.next().end;
      return { args, end };
    }
    const before = c.at;
    args.push(argument(c));
    if (c.accept(',')) continue;
    if (c.is(')')) continue;
    if (c.is('...')) c.at++;
    // A type or unknown syntax: on to the next comma on this level.
    let open = 0;
    while (!c.done) {
      const t = c.peek();
      if (open === 0 && (t.text === ',' || t.text === ')') && t.kind === Kind.punct) break;
      if (t.text === ';' || t.text === '}') return { args, end: t.start };
      if (t.text === '(' || t.text === '[' || t.text === '{') open++;
      if (t.text === ')' || t.text === ']' || t.text === '}') open--;
      c.at++;
    }
    c.accept(',');
    if (c.at === before) c.at++;
  }
  return { args, end: end || c.peek(-1).end };
}

function argument(c: Cursor): Expr {
  const t = c.peek();
  if (c.is('{')) return initializer(c);
  if ((isTag(t) || (builtins.has(t.text) && !c.is('(', 1) && !c.is('{', 1))) && t.kind === Kind.ident) {
    const spec = specifiers(c);
    const d = declarator(c, spec.type);
    return opaque(t, d.type);
  }
  return assignment(c);
}

/** `{ .a = 1, [2] = x, y }`. */
export function initializer(c: Cursor): Expr {
  const t = c.next();
  const items: { field: string | null; x: Expr }[] = [];
  while (!c.done && !c.is('}')) {
    const before = c.at;
    let field: string | null = null;
    if (c.is('.') && c.peek(1).kind === Kind.ident) {
      c.at++;
      field = c.next().text;
      while (c.is('.') || c.is('[')) c.at = c.is('[') ? c.behind(c.at) : c.at + 2;
      c.accept('=');
    } else if (c.is('[')) {
      c.at = c.behind(c.at);
      c.accept('=');
    } else if (c.peek().kind === Kind.ident && c.is(':', 1) && !c.is('::', 1)) {
      field = c.next().text;
      c.at++;
    }
    if (c.peek().kind === Kind.directive) {
      c.at++;
      continue;
    }
    items.push({ field, x: c.is('{') ? initializer(c) : assignment(c) });
    c.accept('...');
    if (!c.accept(',') && c.at === before) c.at++;
  }
  c.accept('}');
  return { k: 'init', token: t, up: null, items: exact(items) };
}
