/** What calls and expressions name, as the follower of values asks it. */
import type { Index } from './index.ts';
import { type Call, type Expr, print, strip } from './ir.ts';
import { asserting } from './known.ts';
import type { Target } from './targets.ts';
import type { Token } from './tokens.ts';

export function inAssertion(token: Token): boolean {
  for (let v = token.via; v !== null; v = v.parent) if (asserting.test(v.name)) return true;
  return false;
}

export const nameOf = (t: Target): string => (t.owner === null ? t.name : `${t.owner}.${t.name}`);
export const isOwn = (t: Target): boolean =>
  t.kind === 'local' && t.decl !== null && !t.decl.isStatic && !t.decl.isThread;

/** What a call calls: the last of `(hook(), f)`, and what all definitions of a macro agree on. */
export function calleeOf(x: Call): Expr {
  const e = strip(x.callee);
  if (e.k !== 'choice') return e;
  const all = e.options.map((o) => strip(o.x));
  const first = all[0];
  return first !== undefined && all.every((o) => print(o) === print(first)) ? first : e;
}

/** The name that a call is written with, '' for a computed one; a system call by number has its own name. */
export function calledName(x: Call): string {
  const callee = calleeOf(x);
  const name = callee.k === 'id' ? callee.name : callee.k === 'mem' ? callee.field : '';
  const number = x.args[0];
  if (name === 'syscall' && number?.k === 'id') return /^(?:SYS|__NR)_(\w+)$/.exec(number.name)?.[1] ?? name;
  return name;
}

/** `&x` of a variable itself: not what it points to. */
export function isAddressOf(arg: Expr): boolean {
  let e = arg;
  while (e.k === 'cast') e = e.x;
  if (e.k !== 'un' || e.op !== '&') return false;
  let inner = e.x;
  while (inner.k === 'cast') inner = inner.x;
  return inner.k === 'id';
}

/** Text is `char *`, by pointer or array. */
export function isText(index: Index, x: Expr): boolean {
  const e = strip(x);
  if (e.k === 'str') return true;
  const t = index.typeOf(e);
  if (t === null) return false;
  const r = index.resolve(t);
  return (
    /^(char|wchar_t|char8_t|string|string_view)$/.test(r.base) &&
    (r.pointer + r.array > 0 || /string/.test(r.base))
  );
}
