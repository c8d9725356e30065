/** Conditions of `#if` lines: parsed once, evaluated in three values (a number, or null for unknown). */
import { Kind, type Token } from './tokens.ts';

export type CondExpr =
  | { readonly op: 'num'; readonly value: number }
  | { readonly op: 'name'; readonly name: string }
  | { readonly op: 'defined'; readonly name: string }
  | { readonly op: 'unknown' }
  | { readonly op: 'unary'; readonly sign: string; readonly a: CondExpr }
  | { readonly op: 'binary'; readonly sign: string; readonly a: CondExpr; readonly b: CondExpr }
  | { readonly op: 'if'; readonly c: CondExpr; readonly a: CondExpr; readonly b: CondExpr };

/** The condition of a stretch of text: its own expression and that of the group around it. */
export interface Cond {
  readonly expr: CondExpr;
  readonly outer: Cond | null;
  readonly depth: number;
}

export interface CondScope {
  /** Value of a name in an expression: 0 when undefined, null when unknown. */
  value(name: string): number | null;
  /** Whether it is defined; null when unknown. */
  defined(name: string): boolean | null;
}

const levels: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];

export function not(a: CondExpr): CondExpr {
  return a.op === 'unary' && a.sign === '!' ? a.a : { op: 'unary', sign: '!', a };
}

export function both(a: CondExpr, b: CondExpr): CondExpr {
  return { op: 'binary', sign: '&&', a, b };
}

/** Integer value of a C literal, NaN when it is none. */
export function integer(text: string): number {
  const plain = text.replace(/'/g, '').replace(/[uUlLzZ]+$/, '');
  if (/^0[xX][0-9a-fA-F]+$/.test(plain)) return Number.parseInt(plain.slice(2), 16);
  if (/^0[bB][01]+$/.test(plain)) return Number.parseInt(plain.slice(2), 2);
  if (/^0[0-7]+$/.test(plain)) return Number.parseInt(plain, 8);
  return /^\d+$/.test(plain) ? Number.parseInt(plain, 10) : Number.NaN;
}

const castWord = /^(unsigned|signed|char|short|int|long|s?size_t|ptrdiff_t|u?int(8|16|32|64|max|ptr)_t)$/;

/** Parses the tokens after `#if`; what cannot be understood is `unknown`. */
export function parseCondition(tokens: readonly Token[]): CondExpr {
  let i = 0;
  let depth = 0;
  const peek = (): string => tokens[i]?.text ?? '';
  const unary = (): CondExpr => {
    const t = tokens[i];
    if (t === undefined || depth > 200) return { op: 'unknown' };
    i++;
    if (t.kind === Kind.number || t.kind === Kind.char) {
      const value = t.kind === Kind.char ? t.text.charCodeAt(1) : integer(t.text);
      return Number.isNaN(value) ? { op: 'unknown' } : { op: 'num', value };
    }
    if (t.text === '(') {
      // A cast in a macro's value: `((size_t)1 << 4)`.
      let words = 0;
      while (castWord.test(tokens[i + words]?.text ?? '')) words++;
      if (words > 0 && tokens[i + words]?.text === ')') {
        i += words + 1;
        return unary();
      }
      const inner = ternary();
      if (peek() === ')') i++;
      return inner;
    }
    if (t.text === '!' || t.text === '-' || t.text === '~' || t.text === '+') {
      return { op: 'unary', sign: t.text, a: unary() };
    }
    if (t.text === 'defined') {
      const paren = peek() === '(';
      if (paren) i++;
      const name = tokens[i]?.text ?? '';
      i++;
      if (paren && peek() === ')') i++;
      return { op: 'defined', name };
    }
    if (t.kind === Kind.ident) {
      if (peek() !== '(') {
        if (t.text === 'true' || t.text === 'false') return { op: 'num', value: t.text === 'true' ? 1 : 0 };
        return { op: 'name', name: t.text };
      }
      let open = 0;
      do {
        if (peek() === '(') open++;
        if (peek() === ')') open--;
        i++;
      } while (open > 0 && i < tokens.length);
      return { op: 'unknown' };
    }
    return { op: 'unknown' };
  };
  const binary = (level: number): CondExpr => {
    const signs = levels[level];
    if (signs === undefined) return unary();
    let a = binary(level + 1);
    while (signs.includes(peek())) {
      const sign = peek();
      i++;
      a = { op: 'binary', sign, a, b: binary(level + 1) };
    }
    return a;
  };
  const ternary = (): CondExpr => {
    depth++;
    const c = binary(0);
    let result = c;
    if (peek() === '?') {
      i++;
      const a = ternary();
      if (peek() === ':') i++;
      result = { op: 'if', c, a, b: ternary() };
    }
    depth--;
    return result;
  };
  return ternary();
}

export function evaluate(expr: CondExpr, scope: CondScope): number | null {
  switch (expr.op) {
    case 'num':
      return expr.value;
    case 'name':
      return scope.value(expr.name);
    case 'defined': {
      const d = scope.defined(expr.name);
      return d === null ? null : Number(d);
    }
    case 'unknown':
      return null;
    case 'if': {
      const c = evaluate(expr.c, scope);
      return c === null ? null : evaluate(c !== 0 ? expr.a : expr.b, scope);
    }
    case 'unary': {
      const a = evaluate(expr.a, scope);
      if (a === null) return null;
      return expr.sign === '!' ? Number(a === 0) : expr.sign === '-' ? -a : expr.sign === '~' ? ~a : a;
    }
    case 'binary':
      return binaryValue(expr.sign, evaluate(expr.a, scope), () => evaluate(expr.b, scope));
  }
}

/** C's binary operators over three-valued numbers; the right side is asked only when it matters. */
export function binaryValue(sign: string, a: number | null, right: () => number | null): number | null {
  if (sign === '&&') {
    if (a === 0) return 0;
    const b = right();
    if (b === 0) return 0;
    return a === null || b === null ? null : 1;
  }
  if (sign === '||') {
    if (a !== null && a !== 0) return 1;
    const b = right();
    if (b !== null && b !== 0) return 1;
    return a === null || b === null ? null : 0;
  }
  const b = right();
  if (a === null || b === null) return null;
  switch (sign) {
    case '==':
      return Number(a === b);
    case '!=':
      return Number(a !== b);
    case '<':
      return Number(a < b);
    case '>':
      return Number(a > b);
    case '<=':
      return Number(a <= b);
    case '>=':
      return Number(a >= b);
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return b === 0 ? null : Math.trunc(a / b);
    case '%':
      return b === 0 ? null : a % b;
    case '<<':
      return b < 0 || b > 62 ? null : a * 2 ** b;
    case '>>':
      return b < 0 || b > 62 ? null : Math.floor(a / 2 ** b);
    case '&':
      return Number(BigInt.asIntN(64, BigInt(Math.trunc(a)) & BigInt(Math.trunc(b))));
    case '|':
      return Number(BigInt.asIntN(64, BigInt(Math.trunc(a)) | BigInt(Math.trunc(b))));
    case '^':
      return Number(BigInt.asIntN(64, BigInt(Math.trunc(a)) ^ BigInt(Math.trunc(b))));
    default:
      return null;
  }
}

/** Truth of a condition with everything around it: 1, 0 or null. */
export function holds(cond: Cond | null, scope: CondScope): number | null {
  let result: number | null = 1;
  for (let c = cond; c !== null; c = c.outer) {
    const v = evaluate(c.expr, scope);
    if (v === 0) return 0;
    if (v === null) result = null;
  }
  return result;
}

/** Names in an expression, left to right. */
export function namesIn(expr: CondExpr, out: string[] = []): string[] {
  switch (expr.op) {
    case 'name':
    case 'defined':
      if (!out.includes(expr.name)) out.push(expr.name);
      break;
    case 'unary':
      namesIn(expr.a, out);
      break;
    case 'binary':
      namesIn(expr.a, out);
      namesIn(expr.b, out);
      break;
    case 'if':
      namesIn(expr.c, out);
      namesIn(expr.a, out);
      namesIn(expr.b, out);
      break;
    default:
  }
  return out;
}
