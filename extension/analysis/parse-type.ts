/** Specifiers and declarators: `static const struct foo *x[4]`, attributes, templates, function pointers. */
import { type Cursor, builtins, isAttribute, isTag, isTypeof, qualifiers } from './cursor.ts';
import type { TypeRef } from './ir.ts';
import { noType } from './ir.ts';
import { Kind, type Token, textOf } from './tokens.ts';

export interface Specifiers {
  readonly type: TypeRef;
  readonly words: ReadonlySet<string>;
  readonly attributes: ReadonlySet<string>;
  /** Index of the tag of an inline struct body, -1 without one. */
  readonly bodyAt: number;
}

export interface Declarator {
  readonly name: Token | null;
  /** The whole name of an operator function: `operator==`, `operator new[]`; null for any other. */
  readonly spelled: string | null;
  /** Qualifier in `Owner::name`. */
  readonly owner: string | null;
  readonly type: TypeRef;
  /** Index of the parameter list's `(`, -1 when it is no function. */
  readonly paramsAt: number;
  readonly attributes: ReadonlySet<string>;
}

/** An operator's name as compilers print it; the position is at `operator` before and at the parameters behind. */
function operatorName(c: Cursor): string {
  c.at++;
  if (c.is('(') && c.is(')', 1)) {
    c.at += 2;
    return 'operator()';
  }
  let text = 'operator';
  let before = 'operator';
  const word = /^\w/;
  for (let n = 0; n < 12 && !c.is('(') && c.peek().kind !== Kind.end; n++) {
    const t = c.peek().text;
    const type = word.test(before) && (word.test(t) || (/^[*&]/.test(t) && text !== 'operator'));
    text += type ? ` ${t}` : t;
    before = t;
    c.at++;
  }
  return text;
}

/** Skips attributes and collects their words (`cold`, `noinline`, `constructor`, ...). */
export function attributes(c: Cursor, into: Set<string>): void {
  for (;;) {
    const t = c.peek();
    if (
      isAttribute(t) ||
      ((t.text === '__asm__' || t.text === 'asm' || t.text === '__asm') && c.is('(', 1))
    ) {
      const from = c.at + 1;
      const end = c.is('(', 1) ? c.behind(from) : from;
      if (isAttribute(t)) {
        for (const a of c.slice(from, end)) {
          if (a.kind === Kind.ident) into.add(a.text.replace(/^__|__$/g, ''));
        }
      }
      c.at = end;
    } else if (t.text === '[' && c.is('[', 1)) {
      const end = c.behind(c.at);
      for (const a of c.slice(c.at, end)) if (a.kind === Kind.ident) into.add(a.text);
      c.at = end;
    } else if (t.text === '__extension__') c.at++;
    else return;
  }
}

/** The same few types are written again and again: one object for all of them. */
const shared = new Map<string, TypeRef>();
const sharedAtMost = 4000;

function one(t: TypeRef): TypeRef {
  // A struct without a name is nobody else's type.
  if (t.base.includes('@')) return t;
  const flags =
    (t.atomic ? 1 : 0) | (t.volatile ? 2 : 0) | (t.constant ? 4 : 0) | (t.callable ? 8 : 0) | (t.array << 4);
  const key = `${flags} ${t.pointer} ${t.base}\n${t.args}\n${t.text}`;
  const known = shared.get(key);
  if (known !== undefined) return known;
  if (shared.size >= sharedAtMost) shared.clear();
  shared.set(key, t);
  return t;
}

/** True when `t` could be one of the words before a declared name. */
function typeWord(c: Cursor): boolean {
  const t = c.peek();
  return (
    t.kind === Kind.ident &&
    (qualifiers.has(t.text) || builtins.has(t.text) || isTag(t) || isTypeof(t) || c.word(t))
  );
}

/**
 * Reads specifiers. The last plain name is taken as the type unless it is followed by what can only follow a
 * declared name.
 */
export function specifiers(c: Cursor): Specifiers {
  const words = new Set<string>();
  const found = new Set<string>();
  const from = c.at;
  let base = '';
  let named = false;
  let args = '';
  let atomic = false;
  let bodyAt = -1;
  for (;;) {
    c.settle();
    attributes(c, found);
    const t = c.peek();
    if (!typeWord(c)) break;
    if (t.text === '_Atomic' && c.is('(', 1)) {
      const end = c.behind(c.at + 1);
      const inner = c.slice(c.at + 2, end - 1);
      base = [...inner].reverse().find((x) => x.kind === Kind.ident)?.text ?? 'int';
      args = inner.some((x) => x.text === '*') ? '*' : '';
      atomic = true;
      named = true;
      c.at = end;
      continue;
    }
    if (isTypeof(t)) {
      const end = c.behind(c.at + 1);
      base = textOf(c.slice(c.at, end));
      named = true;
      c.at = end;
      continue;
    }
    if (qualifiers.has(t.text)) {
      words.add(t.text);
      c.at++;
      if (t.text === 'explicit' && c.is('(')) c.at = c.behind(c.at);
      if (t.text === 'extern' && c.peek().kind === Kind.string) c.at++;
      continue;
    }
    if (isTag(t)) {
      c.at++;
      if (c.is('class') || c.is('struct')) c.at++;
      attributes(c, found);
      bodyAt = c.at - 1;
      if (c.word(c.peek())) {
        base = c.next().text;
        while (c.is('::') && c.word(c.peek(1))) {
          c.at++;
          base = c.next().text;
        }
        const angles = c.is('<') ? c.behindAngles(c.at) : -1;
        if (angles > 0) c.at = angles;
      } else base = `${t.text}@${c.file.path}:${t.start}`;
      attributes(c, found);
      if (c.is('final')) c.at++;
      const bases: string[] = [];
      if (c.is(':')) {
        // Base classes, or the type of an enum; a bit-field has its colon after a name.
        let i = 0;
        while (i < 80 && !c.is('{', i) && !c.is(';', i) && c.peek(i).kind !== Kind.end) i++;
        if (c.is('{', i)) {
          for (const b of c.slice(c.at, c.at + i)) if (c.word(b)) bases.push(b.text);
          c.at += i;
        }
      }
      named = true;
      if (!c.is('{')) bodyAt = -1;
      else {
        const end = c.behind(c.at);
        c.onBody(c.sub(c.slice(c.at + 1, end - 1)), t, base, bases);
        c.at = end;
      }
      continue;
    }
    if (builtins.has(t.text) && !(named && !builtins.has(base))) {
      base = base === '' || base === 'unsigned' || base === 'signed' || base === 'long' ? t.text : base;
      named = true;
      c.at++;
      continue;
    }
    if (named) break;
    // A name: the type if another name, a pointer or a parenthesised declarator follows.
    const n1 = c.peek(1);
    if (n1.text === '::' && (c.word(c.peek(2)) || c.peek(2).text === '~' || c.peek(2).text === 'operator')) {
      // `Owner::name(` is a declarator without a type: a constructor.
      let i = c.at;
      while (c.is('::', i - c.at + 1) && c.word(c.peek(i - c.at + 2))) i += 2;
      let after = i + 1;
      const angles = c.behindAngles(after);
      if (angles > 0) after = angles;
      const follows = c.peek(after - c.at);
      if (follows.text === '::' && angles > 0) {
        c.at = after;
        c.accept('::');
        continue;
      }
      if (follows.text === '(' || c.is('::', i - c.at + 1)) break;
      base = c.peek(i - c.at).text;
      if (angles > 0) args = textOf(c.slice(i + 1, angles));
      if (base.startsWith('atomic') && textOf(c.slice(c.at, i)).includes('std')) atomic = true;
      c.at = after;
      named = true;
      continue;
    }
    const angles = n1.text === '<' ? c.behindAngles(c.at + 1) : -1;
    if (angles > 0) {
      const follows = c.peek(angles - c.at);
      if (
        follows.kind === Kind.ident ||
        follows.text === '*' ||
        follows.text === '&' ||
        follows.text === '&&' ||
        follows.text === '>' ||
        follows.text === ',' ||
        follows.text === ')' ||
        follows.kind === Kind.end
      ) {
        base = t.text;
        args = textOf(c.slice(c.at + 1, angles));
        c.at = angles;
        named = true;
        continue;
      }
      if (follows.text === '::') {
        c.at = angles + 1;
        continue;
      }
    }
    if (
      n1.kind === Kind.ident &&
      (c.word(n1) || isTag(n1) || isAttribute(n1) || qualifiers.has(n1.text) || n1.text === 'operator')
    ) {
      // `MACRO type name`: an unknown word before a tag or a builtin is no type.
      const decoration =
        isTag(n1) ||
        (builtins.has(n1.text) && !c.types.has(t.text)) ||
        (c.word(n1) && c.word(c.peek(2)) && !c.isTypeName(t) && !qualifiers.has(n1.text));
      c.at++;
      if (!decoration) {
        base = t.text;
        named = true;
      } else words.add(t.text);
      continue;
    }
    if (
      n1.text === '*' ||
      n1.text === '&' ||
      n1.text === '&&' ||
      (n1.text === '(' && (c.is('*', 2) || (c.isTypeName(t) && c.word(c.peek(2)) && c.is(')', 3)))) ||
      (c.isTypeName(t) &&
        (n1.text === ')' ||
          n1.text === ',' ||
          n1.text === '>' ||
          n1.kind === Kind.end ||
          n1.text === '[' ||
          n1.text === '...'))
    ) {
      base = t.text;
      named = true;
      c.at++;
      continue;
    }
    if (n1.text === '(' && !c.isTypeName(t)) {
      // `MACRO(...) type name(...) {`: a decorating macro that nobody defined.
      const end = c.behind(c.at + 1);
      const follows = c.peek(end - c.at);
      if (
        follows.kind === Kind.ident &&
        (c.word(follows) || qualifiers.has(follows.text) || isTag(follows)) &&
        c.nesting === 0 &&
        c.peek(end - c.at + 1).text !== ':'
      ) {
        c.at = end;
        continue;
      }
    }
    if (n1.text === ')' || n1.text === ',' || n1.text === '>' || n1.kind === Kind.end) {
      base = t.text;
      named = true;
      c.at++;
      continue;
    }
    break;
  }
  const all = c.slice(from, c.at);
  atomic ||=
    words.has('_Atomic') ||
    /^atomic_(u?(int|long|llong|short|char)|bool|flag|size_t|u?intptr_t|ptrdiff_t|u?int(_(fast|least))?\d+_t|u?int_(fast|least)\d+_t|u?intmax_t)$/.test(
      base,
    );
  if (/^(atomic|atomic_flag|atomic_ref)$/.test(base) && (args !== '' || base === 'atomic_flag'))
    atomic = true;
  return {
    type: one({
      ...noType,
      base,
      args,
      atomic,
      volatile: words.has('volatile') || words.has('__volatile__'),
      constant: words.has('const') || words.has('constexpr'),
      text:
        bodyAt >= 0
          ? base
          : textOf(all.filter((t) => !['static', 'extern', 'inline', 'typedef'].includes(t.text))),
    }),
    words,
    attributes: found,
    bodyAt,
  };
}

/** Reads one declarator after its specifiers. */
export function declarator(c: Cursor, spec: TypeRef): Declarator {
  let pointer = 0;
  let array = 0;
  let callable = false;
  let atomic = spec.atomic;
  let isVolatile = spec.volatile;
  let suffix = '';
  const found = new Set<string>();
  let name: Token | null = null;
  let spelled: string | null = null;
  let owner: string | null = null;
  let paramsAt = -1;
  const pointers = (): void => {
    for (;;) {
      c.settle();
      attributes(c, found);
      const t = c.peek();
      if (t.text === '*' || t.text === '&' || t.text === '&&') {
        if (t.text === '*') pointer++;
        suffix += t.text;
        c.at++;
      } else if (qualifiers.has(t.text) && t.kind === Kind.ident) {
        if (t.text === '_Atomic') {
          // `T * _Atomic p`: the pointer itself is the atomic object.
          atomic = true;
          pointer = 0;
        }
        if (t.text === 'volatile') isVolatile = true;
        c.at++;
      } else if (c.word(t) && c.is('*', 1)) c.at++;
      else return;
    }
  };
  const core = (depth: number): void => {
    pointers();
    if (
      c.is('(') &&
      depth < 8 &&
      (c.is('*', 1) ||
        c.is('(', 1) ||
        c.is('^', 1) ||
        (c.word(c.peek(1)) && c.is(')', 2) && c.is('(', 3)) ||
        (c.word(c.peek(1)) && c.is('*', 2)) ||
        (c.word(c.peek(1)) && c.is(')', 2) && name === null && !c.isTypeName(c.peek(1))))
    ) {
      const inner = c.is('*', 1) || c.is('*', 2);
      const end = c.behind(c.at);
      c.at++;
      core(depth + 1);
      c.at = end;
      if (c.is('(')) {
        if (inner) {
          callable = true;
          if (paramsAt < 0) c.at = c.behind(c.at);
        } else {
          paramsAt = c.at;
          c.at = c.behind(c.at);
        }
      }
    } else {
      let t = c.peek();
      if (t.text === '~' && c.peek(1).kind === Kind.ident) {
        c.at++;
        t = c.peek();
      }
      if (t.text === 'operator') {
        spelled = operatorName(c);
        name = t;
      } else if (t.kind === Kind.ident && (c.word(t) || builtins.has(t.text))) {
        name = t;
        c.at++;
        for (;;) {
          const angles = c.is('<') ? c.behindAngles(c.at) : -1;
          if (angles > 0 && c.is('::', angles - c.at)) c.at = angles;
          if (!c.is('::')) break;
          owner = name?.text ?? null;
          c.at++;
          if (c.is('~')) c.at++;
          if (c.is('operator')) {
            name = c.peek();
            spelled = operatorName(c);
            break;
          }
          name = c.next();
        }
        const special = c.is('<') ? c.behindAngles(c.at) : -1;
        if (special > 0 && c.is('(', special - c.at)) c.at = special;
      }
    }
    attributes(c, found);
    for (;;) {
      if (c.is('[') && !c.is('[', 1)) {
        array++;
        c.at = c.behind(c.at);
      } else if (c.is('(') && paramsAt < 0 && name !== null) {
        paramsAt = c.at;
        c.at = c.behind(c.at);
        if (depth > 0) return;
      } else if (c.is('(') && name !== null && c.at === paramsAt + 3 && c.word(c.slice(c.at - 2, c.at)[0])) {
        // `int NAME(x)(int a)`: a macro that nobody defines makes the name.
        name = c.slice(c.at - 2, c.at)[0] ?? name;
        paramsAt = c.at;
        c.at = c.behind(c.at);
      } else break;
      attributes(c, found);
    }
  };
  core(0);
  const same =
    pointer === 0 &&
    array === 0 &&
    suffix === '' &&
    callable === spec.callable &&
    atomic === spec.atomic &&
    isVolatile === spec.volatile;
  return {
    name,
    spelled,
    owner,
    type: same
      ? spec
      : one({
          ...spec,
          pointer: spec.pointer + pointer,
          array: spec.array + array,
          callable,
          atomic,
          volatile: isVolatile,
          text: spec.text + (suffix === '' ? '' : ` ${suffix}`) + '[]'.repeat(array),
        }),
    paramsAt,
    attributes: found,
  };
}
