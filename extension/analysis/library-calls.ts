/** What the interpreter makes of calls of the C and C++ libraries, and of sizes. */
import { type copies, formatted, type FormatArgument } from './buffers.ts';
import { sizeOfText } from './constants.ts';
import type { Evaluator } from './evaluate.ts';
import { type Call, type Decl, type Expr, functionOf, strip } from './ir.ts';
import { library } from './library.ts';
import { Obj, type Value } from './values.ts';

type Copying = NonNullable<ReturnType<typeof copies>>;

/** A library function that writes its first argument. */
export function copyInto(e: Evaluator, kind: Copying, x: Call): Value {
  const target = x.args[0];
  if (target === undefined) return undefined;
  const values = x.args.slice(1).map((a) => e.eval(a));
  if (kind === 'copy' || kind === 'append') {
    const text = values[0];
    if (kind === 'copy') e.storeText(target, text, 0);
    else {
      const old = e.eval(target);
      e.storeText(target, typeof old === 'string' && typeof text === 'string' ? old + text : undefined, 0);
    }
    return e.eval(target);
  }
  if (kind === 'bytes') {
    const n = values[1];
    const text = values[0];
    const whole = typeof text === 'string' && typeof n === 'number' ? text.slice(0, n) : undefined;
    e.storeText(target, whole, 0);
    return undefined;
  }
  const at = values.findIndex((v) => typeof v === 'string');
  const format = values[at];
  const text =
    typeof format === 'string' ? formatted(format, values.slice(at + 1) as FormatArgument[]) : undefined;
  e.storeText(target, text, 0);
  return typeof text === 'string' ? text.length : undefined;
}

/** Members of `std::string`, `string_view` and `optional`; null for what is none. */
export function textMember(e: Evaluator, object: Expr, name: string, x: Call): { value: Value } | null {
  if (!/^(c_str|data|empty|size|length|value|value_or|has_value|append|compare|get)$/.test(name)) return null;
  if (e.index.callees(x).length > 0) return null;
  const o = e.eval(object);
  const first = x.args[0];
  if (name === 'value_or') {
    if (o === undefined || first === undefined) return { value: undefined };
    return { value: o === 0 ? e.eval(first) : o };
  }
  if (o === undefined || o instanceof Obj) return null;
  if (name === 'has_value') return { value: Number(o !== 0) };
  if (typeof o !== 'string') return name === 'empty' ? { value: 1 } : { value: o };
  switch (name) {
    case 'empty':
      return { value: Number(o === '') };
    case 'size':
    case 'length':
      return { value: o.length };
    case 'compare': {
      const other = first === undefined ? undefined : e.eval(first);
      return { value: typeof other === 'string' ? Number(o !== other) : undefined };
    }
    case 'append': {
      const more = first === undefined ? undefined : e.eval(first);
      const v = typeof more === 'string' ? o + more : undefined;
      e.store(object, v);
      return { value: v };
    }
    default:
      return { value: o };
  }
}

/** A call of a library function on values, with what it stores through its arguments. */
export function libraryCall(e: Evaluator, name: string, x: Call, args: readonly Value[]): Value {
  const plain = name.replace(/^(std::|__builtin_|_)/, '');
  const [a] = args;
  const second = x.args[1];
  if (/^strto/.test(plain) && second !== undefined && args[1] !== 0 && typeof a === 'string') {
    const number = /^\s*[-+]?(0x[0-9a-f]+|\d+(\.\d+)?)/i.exec(a)?.[0] ?? '';
    const end = strip(second);
    if (end.k === 'un' && end.op === '&') e.store(end.x, a.slice(number.length));
  }
  if (plain === 'sscanf' && typeof a === 'string' && typeof args[1] === 'string') {
    const out = x.args[2] === undefined ? null : strip(x.args[2]);
    if (/^%(l|ll|z|j)?[diu]$/.test(args[1]) && out?.k === 'un' && out.op === '&') {
      const n = Number.parseInt(a, 10);
      if (!Number.isNaN(n)) e.store(out.x, n);
      return Number(!Number.isNaN(n));
    }
    return undefined;
  }
  if (/^(setenv|putenv|_putenv_s|_putenv)$/.test(name)) return e.machine.setEnvironment(plain, args);
  return library(name, args);
}

/** `sizeof` of what stands in its operand's text. */
export function sizeOf(e: Evaluator, text: string, x: Expr): Value {
  const plain = text.replace(/^\( (.*) \)$/, '$1');
  const d = /^\w+$/.test(plain) ? named(e, plain, x) : null;
  if (d !== null && d.type.array > 0) {
    const count = e.machine.count(e.keyOf(d), d);
    const size = sizeOfText(d.type.base);
    return count === null || size === null || d.type.pointer > 0 ? undefined : count * size;
  }
  if (d !== null) return d.type.pointer > 0 ? 8 : (sizeOfText(d.type.base) ?? undefined);
  return sizeOfText(plain) ?? undefined;
}

function named(e: Evaluator, name: string, x: Expr): Decl | null {
  return e.index.local(functionOf(x), name, x) ?? e.index.global(name, e.index.fileOf(x));
}

/** `sizeof a / sizeof a[0]`. */
export function countOf(e: Evaluator, left: Expr, right: Expr): Value {
  const a = strip(left);
  const b = strip(right);
  if (a.k !== 'opaque' || b.k !== 'opaque' || a.token.text !== 'sizeof' || b.token.text !== 'sizeof')
    return undefined;
  const name = (a.type?.args ?? '').replace(/[() ]/g, '');
  const d = /^\w+$/.test(name) ? named(e, name, a) : null;
  if (d === null || d.type.array === 0) return undefined;
  return e.machine.count(e.keyOf(d), d) ?? undefined;
}

/** An atomic operation, alone in the world. */
export function atomicCall(
  e: Evaluator,
  operation: string,
  target: Expr | undefined,
  value: Expr | undefined,
): Value {
  if (target === undefined) return undefined;
  const object = strip(target);
  const place = object.k === 'un' && object.op === '&' ? object.x : object;
  if (operation === 'load') return e.load(place);
  if (operation === 'store') {
    e.store(place, value === undefined ? 0 : e.eval(value));
    return undefined;
  }
  if (operation === 'exchange') {
    const old = e.load(place);
    e.store(place, value === undefined ? undefined : e.eval(value));
    return old;
  }
  if (operation === 'compare_exchange') {
    // Alone in the world, the exchange succeeds.
    e.store(place, value === undefined ? undefined : e.eval(value));
    return undefined;
  }
  e.store(place, undefined);
  return undefined;
}
