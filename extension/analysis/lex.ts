/** The tokenizer: comments dropped, continuation lines joined, preprocessor lines kept as one token each. */
import { Kind, Token } from './tokens.ts';

const isIdentStart = (c: number): boolean =>
  (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || c === 95 || c === 36 || c >= 128;
const isDigit = (c: number): boolean => c >= 48 && c <= 57;

/** One text for each sign of one character. */
const signs: readonly string[] = Array.from({ length: 128 }, (_, c) => String.fromCharCode(c));

/** Length of the punctuator that starts with `c` and goes on with `d` and `e`. */
function punctuator(c: number, d: number, e: number): number {
  switch (c) {
    case 43: // +
    case 38: // &
    case 124: // |
      return d === c || d === 61 ? 2 : 1;
    case 45: // -
      if (d === 62) return e === 42 ? 3 : 2;
      return d === 45 || d === 61 ? 2 : 1;
    case 60: // <
      if (d === 60) return e === 61 ? 3 : 2;
      if (d === 61) return e === 62 ? 3 : 2;
      return 1;
    case 62: // >
      if (d === 62) return e === 61 ? 3 : 2;
      return d === 61 ? 2 : 1;
    case 61: // =
    case 33: // !
    case 42: // *
    case 47: // /
    case 37: // %
    case 94: // ^
      return d === 61 ? 2 : 1;
    case 35: // #
    case 58: // :
      return d === c ? 2 : 1;
    case 46: // .
      if (d === 46 && e === 46) return 3;
      return d === 42 ? 2 : 1;
    default:
      return 1;
  }
}

const rawPrefix = new Set(['R', 'LR', 'uR', 'UR', 'u8R']);
const stringPrefix = new Set(['L', 'u', 'U', 'u8', ...rawPrefix]);

/** End of the logical line that starts at `i`: continuation lines and block comments run on. */
function endOfDirective(text: string, from: number, to: number): number {
  let i = from;
  while (i < to) {
    const c = text.charCodeAt(i);
    if (c === 10) return i;
    if (c === 92) {
      if (text.charCodeAt(i + 1) === 10) i += 2;
      else if (text.charCodeAt(i + 1) === 13 && text.charCodeAt(i + 2) === 10) i += 3;
      else i++;
    } else if (c === 47 && text.charCodeAt(i + 1) === 42) {
      const close = text.indexOf('*/', i + 2);
      i = close < 0 || close >= to ? to : close + 2;
    } else if (c === 47 && text.charCodeAt(i + 1) === 47) {
      // A line comment still obeys continuation.
      let nl = text.indexOf('\n', i);
      while (nl > 0 && nl < to && text.charCodeAt(nl - 1) === 92) nl = text.indexOf('\n', nl + 1);
      return nl < 0 || nl > to ? to : nl;
    } else if (c === 34 || c === 39) {
      const quote = c;
      i++;
      while (i < to) {
        const d = text.charCodeAt(i);
        if (d === 10) break;
        if (d === 92) {
          i += text.charCodeAt(i + 1) === 13 ? 3 : 2;
          continue;
        }
        i++;
        if (d === quote) break;
      }
    } else i++;
  }
  return to;
}

/** Tokens of `text[from, to)`. With `directives` false, `#` is an ordinary punctuator (macro bodies). */
export function lex(
  text: string,
  from = 0,
  to = text.length,
  directives = true,
  /** Words of the text that were met: one string for each. */
  names: Map<string, string> = new Map(),
): Token[] {
  const out: Token[] = [];
  let i = from;
  let lineStart = directives;
  const push = (kind: Kind, start: number, end: number): void => {
    out.push(new Token(kind, text.slice(start, end), start, end, null));
    lineStart = false;
  };
  while (i < to) {
    const c = text.charCodeAt(i);
    if (c === 10) {
      lineStart = directives;
      i++;
    } else if (c === 32 || c === 9 || c === 13 || c === 11 || c === 12) i++;
    else if (c === 92) {
      // A continuation outside a directive, or a stray backslash.
      i += text.charCodeAt(i + 1) === 10 ? 2 : 1;
    } else if (c === 47 && text.charCodeAt(i + 1) === 47) {
      let nl = text.indexOf('\n', i);
      while (nl > 0 && nl < to && text.charCodeAt(nl - 1) === 92) nl = text.indexOf('\n', nl + 1);
      i = nl < 0 || nl > to ? to : nl;
    } else if (c === 47 && text.charCodeAt(i + 1) === 42) {
      const close = text.indexOf('*/', i + 2);
      i = close < 0 || close + 2 > to ? to : close + 2;
    } else if (c === 35 && lineStart) {
      const end = endOfDirective(text, i, to);
      let n = i + 1;
      while (n < end && (text.charCodeAt(n) === 32 || text.charCodeAt(n) === 9)) n++;
      let e = n;
      while (e < end && isIdentStart(text.charCodeAt(e))) e++;
      const name = text.slice(n, e);
      const rest =
        name === 'error' || name === 'warning' || name === 'pragma' || name === ''
          ? []
          : lex(text, e, end, false, names);
      out.push(new Token(Kind.directive, name, i, end, null, { name, rest, cond: null }));
      i = end;
    } else if (isIdentStart(c)) {
      let e = i + 1;
      while (e < to) {
        const d = text.charCodeAt(e);
        if (!isIdentStart(d) && !isDigit(d)) break;
        e++;
      }
      const quote = text.charCodeAt(e);
      if ((quote === 34 || quote === 39) && e - i <= 3 && stringPrefix.has(text.slice(i, e))) {
        if (quote === 34 && rawPrefix.has(text.slice(i, e))) {
          const open = text.indexOf('(', e);
          const close = open < 0 || open - e > 17 ? -1 : text.indexOf(`)${text.slice(e + 1, open)}"`, open);
          const stop = close < 0 ? to : Math.min(to, close + (open - e) + 1);
          push(Kind.string, i, stop);
          i = stop;
          continue;
        }
        const stop = endOfQuoted(text, e, to);
        push(quote === 34 ? Kind.string : Kind.char, i, stop);
        i = stop;
        continue;
      }
      const word = text.slice(i, e);
      let name = names.get(word);
      if (name === undefined) {
        name = word;
        names.set(word, word);
      }
      out.push(new Token(Kind.ident, name, i, e, null));
      lineStart = false;
      i = e;
    } else if (isDigit(c) || (c === 46 && isDigit(text.charCodeAt(i + 1)))) {
      let e = i + 1;
      while (e < to) {
        const d = text.charCodeAt(e);
        const before = text.charCodeAt(e - 1) | 32;
        if (isIdentStart(d) || isDigit(d) || d === 46) e++;
        else if (d === 39 && isIdentOrDigit(text.charCodeAt(e + 1))) e += 2;
        else if (
          (d === 43 || d === 45) &&
          (before === 112 || (before === 101 && text.charCodeAt(i + 1) !== 120))
        )
          e++;
        else break;
      }
      push(Kind.number, i, e);
      i = e;
    } else if (c === 34 || c === 39) {
      const stop = endOfQuoted(text, i, to);
      push(c === 34 ? Kind.string : Kind.char, i, stop);
      i = stop;
    } else {
      const n = punctuator(c, text.charCodeAt(i + 1), text.charCodeAt(i + 2));
      if (c > 32 && c < 127) {
        const end = Math.min(to, i + n);
        const sign = end - i === 1 ? (signs[c] ?? '') : text.slice(i, end);
        out.push(new Token(Kind.punct, sign, i, end, null));
        lineStart = false;
      }
      i += n;
    }
  }
  return out;
}

const isIdentOrDigit = (c: number): boolean => isIdentStart(c) || isDigit(c);

function endOfQuoted(text: string, open: number, to: number): number {
  const quote = text.charCodeAt(open);
  let i = open + 1;
  while (i < to) {
    const c = text.charCodeAt(i);
    if (c === quote) return i + 1;
    if (c === 10) return i;
    if (c === 92) i += text.charCodeAt(i + 1) === 13 ? 3 : 2;
    else i++;
  }
  return to;
}
