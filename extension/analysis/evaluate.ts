/** Expressions over known and unknown values; what they read and write goes to the state of a run. */
import { binaryValue, integer } from './condition.ts';
import { copies } from './buffers.ts';
import type { Index } from './index.ts';
import type { Interpreter } from './interpret.ts';
import type { Outside } from './outside.ts';
import { type Call, type Decl, type Expr, type Func, type Stmt, functionOf, strip } from './ir.ts';
import { atomicCall, copyInto, countOf, libraryCall, sizeOf, textMember } from './library-calls.ts';
import { charValue, floating, unquote } from './library.ts';
import { memberOperation, operationOf } from './operations.ts';
import { combine } from './operators.ts';
import { globalTarget, targetOf } from './targets.ts';
import { lambdaLocal, onlyValue } from './slice.ts';
import { Obj, type Value, fieldItem, truth } from './values.ts';

export type State = Map<string, Value>;

export const maxDepth = 12;

export function isStore(call: Call): boolean {
  if (call.callee.k !== 'id') return false;
  const spec = operationOf(call.callee.name);
  return spec !== null && spec.operation !== 'load' && spec.operation !== 'fence';
}

export abstract class Evaluator {
  state: State;
  /** Evaluate locals from their initialisers instead of from a run. */
  lazy = false;
  /** Tables hold what they start with, whatever writes them later. */
  initial = false;

  constructor(
    readonly index: Index,
    readonly machine: Interpreter,
    protected readonly outside: Outside,
    protected readonly func: Func | null,
    state: State,
    protected readonly depth: number,
  ) {
    this.state = state;
  }

  /** Runs a function's body on a state of its own; what it returns, with the state that it leaves. */
  protected abstract invoke(f: Func, state: State): { value: Value; state: State };
  /** Runs the body of a lambda or a statement expression; the value that it returns. */
  protected abstract inner(body: readonly Stmt[]): Value;
  protected abstract lazyFrame(f: Func): Evaluator;

  keyOf(d: Decl): string {
    const f = functionOf(d);
    return f === null
      ? globalTarget(this.index, d).key
      : `${f.file}:${f.owner ?? ''}:${f.name}:${d.name}:${d.token.start}`;
  }

  private localOf(x: Expr, name: string): Decl | null {
    const f = functionOf(x);
    return f === null ? lambdaLocal(x, name) : this.index.local(f, name, x);
  }

  load(x: Expr): Value {
    if (x.k === 'id') {
      const local = this.localOf(x, x.name);
      if (local !== null && !local.isStatic && !local.isThread) {
        const own = this.keyOf(local);
        if (this.state.has(own)) return this.state.get(own);
      }
      if (local !== null) {
        const object = this.machine.aggregate(this.keyOf(local), local);
        if (object !== null) return object;
      }
    }
    const t = targetOf(this.index, x);
    if (t === null) {
      if (x.k === 'id') return this.constant(x.name);
      return undefined;
    }
    if (this.state.has(t.key)) return this.state.get(t.key);
    const { decl } = t;
    if (t.kind === 'param') return undefined;
    if (t.kind === 'local') {
      if (decl === null) return undefined;
      if (decl.isStatic || decl.isThread) {
        // A cached static starts at its initial value; only this function may write it.
        return decl.init === null ? 0 : this.machine.initial(decl);
      }
      return this.lazy ? this.lazyLocal(decl) : undefined;
    }
    if (t.kind === 'global' && decl !== null && x.k === 'id') {
      const object = this.machine.aggregate(t.key, decl);
      if (object !== null) return object;
    }
    if (t.kind === 'field' && decl === null && t.type.constant && t.token !== null) {
      const constant = this.machine.constants.member(t.file, t.token.start);
      if (constant !== undefined) return constant;
    }
    if (t.kind === 'global' && decl !== null && this.writesHere(t.key)) return this.machine.initial(decl);
    return this.machine.settled(t.key, decl, t.name, this.func);
  }

  /** A global that the running function itself fills in starts at its initial value. */
  private writesHere(key: string): boolean {
    return this.func !== null && !this.lazy && this.machine.writtenBy(this.func).has(key);
  }

  private lazyLocal(d: Decl): Value {
    const f = functionOf(d);
    if (f === null || this.depth > maxDepth) return undefined;
    const x = onlyValue(this.index, d);
    return x === null ? undefined : this.lazyFrame(f).eval(x);
  }

  private constant(name: string): Value {
    if (/^(NULL|nullptr|nullopt|false|FALSE)$/.test(name)) return 0;
    if (name === 'true' || name === 'TRUE') return 1;
    const macro = this.outside.macro(name);
    if (macro !== undefined) return macro;
    const enumerator = this.machine.constants.enumerator(name);
    if (enumerator !== undefined) return enumerator;
    const f = this.index.byName.get(name);
    return f?.[0] === undefined ? undefined : this.machine.functionObject(f[0]);
  }

  store(x: Expr, v: Value): void {
    const e = strip(x);
    if (e.k === 'id') {
      const local = this.localOf(e, e.name);
      if (local !== null) {
        this.state.set(this.keyOf(local), v);
        return;
      }
    }
    if (e.k === 'idx' || (e.k === 'un' && e.op === '*')) {
      const inner = e.k === 'idx' ? e.object : e.x;
      const o = this.eval(inner);
      const at = e.k === 'idx' ? this.eval(e.index) : 0;
      if (o instanceof Obj && typeof at === 'number') {
        const element = o.row === null ? o : this.machine.element(o.row, o.at + at);
        if (element?.ref != null) this.store(element.ref, v);
        else if (element !== undefined) this.state.set(element.place, v);
        return;
      }
      if (e.k === 'idx' && this.storeCharacter(inner, o, at, v)) return;
    }
    if (e.k === 'mem') {
      const o = this.eval(e.object);
      if (o instanceof Obj && o.ref === null) {
        this.state.set(`${o.place}.${e.field}`, v);
        return;
      }
    }
    const t = targetOf(this.index, e);
    if (t !== null) this.state.set(t.key, v);
  }

  /** `buf[i] = c`. */
  private storeCharacter(buffer: Expr, old: Value, at: Value, v: Value): boolean {
    if (typeof at !== 'number' || typeof v !== 'number') return false;
    const text = typeof old === 'string' ? old : at === 0 && old === undefined ? '' : null;
    if (text === null || at > text.length) return false;
    const next =
      v === 0 ? text.slice(0, at) : text.slice(0, at) + String.fromCharCode(v & 255) + text.slice(at + 1);
    this.storeText(buffer, next, 0);
    return true;
  }

  /** Puts a text into the buffer that an expression names, from `from` characters on. */
  storeText(target: Expr, text: Value, from: number): void {
    let e = strip(target);
    let at = from;
    if (e.k === 'un' && e.op === '&' && e.x.k === 'idx') {
      const i = this.eval(e.x.index);
      if (typeof i !== 'number') {
        this.store(e.x.object, undefined);
        return;
      }
      at += i;
      e = strip(e.x.object);
    } else if (e.k === 'bin' && e.op === '+') {
      const i = this.eval(e.right);
      if (typeof i !== 'number') {
        this.store(e.left, undefined);
        return;
      }
      at += i;
      e = strip(e.left);
    } else if (e.k === 'un' && e.op === '&') e = strip(e.x);
    const old = at > 0 ? this.eval(e) : '';
    this.store(
      e,
      typeof text === 'string' && typeof old === 'string' && at <= old.length
        ? old.slice(0, at) + text
        : undefined,
    );
  }

  eval(x: Expr): Value {
    if (!this.machine.tick() || this.depth > maxDepth) return undefined;
    switch (x.k) {
      case 'num': {
        if (x.text.startsWith("'")) return charValue(x.text);
        const n = integer(x.text);
        return Number.isNaN(n) ? floating(x.text) : n;
      }
      case 'str':
        return unquote(x.text);
      case 'id': {
        const known = this.constantFirst(x.name, x);
        return known !== undefined ? known : this.load(x);
      }
      case 'mem': {
        const o = this.eval(x.object);
        if (o instanceof Obj && o.ref === null) return this.field(o, x.field, x);
        return this.load(x);
      }
      case 'idx': {
        const o = this.eval(x.object);
        const i = this.eval(x.index);
        if (typeof o === 'string' && typeof i === 'number')
          return i < o.length ? o.charCodeAt(i) : i === o.length ? 0 : undefined;
        if (o instanceof Obj && o.row !== null && typeof i === 'number')
          return this.content(this.machine.element(o.row, o.at + i));
        return undefined;
      }
      case 'un':
        return this.unary(x.op, x.x);
      case 'upd': {
        const v = this.eval(x.x);
        const by = x.op === '++' ? 1 : -1;
        const next =
          typeof v === 'number'
            ? v + by
            : typeof v === 'string' && by === 1
              ? v.slice(1)
              : v instanceof Obj && v.row !== null
                ? this.machine.element(v.row, v.at + by)
                : undefined;
        this.store(x.x, next);
        return x.post ? v : next;
      }
      case 'asg':
        return this.assign(x.op, x.left, x.right);
      case 'bin':
        return this.binary(x.op, x.left, x.right);
      case 'cond': {
        const t = truth(this.eval(x.test));
        if (t === null) {
          const a = this.eval(x.yes);
          return a !== undefined && a === this.eval(x.no) ? a : undefined;
        }
        return this.eval(t !== 0 ? x.yes : x.no);
      }
      case 'cast': {
        const v = this.eval(x.x);
        return x.type.base === 'void' && x.type.pointer === 0 ? undefined : v;
      }
      case 'comma': {
        let v: Value;
        for (const i of x.items) v = this.eval(i);
        return v;
      }
      case 'stmtx':
        return this.inner(x.body);
      case 'choice': {
        const live = x.options.filter((o) => this.outside.live(o.cond, o.file) !== 0);
        const only = live[0];
        return only !== undefined && live.length === 1 ? this.eval(only.x) : undefined;
      }
      case 'call':
        return this.call(x);
      case 'init': {
        const only = x.items[0];
        return only !== undefined && x.items.length === 1
          ? this.eval(only.x)
          : x.items.length === 0
            ? 0
            : undefined;
      }
      case 'opaque':
        return x.type !== null && x.token.text === 'sizeof' ? sizeOf(this, x.type.args, x) : undefined;
      default:
        return undefined;
    }
  }

  private unary(op: string, x: Expr): Value {
    if (op === '&') return this.address(x);
    const v = this.eval(x);
    if (op === '*') {
      if (typeof v === 'string') return v.length > 0 ? v.charCodeAt(0) : 0;
      return v instanceof Obj ? this.content(v) : undefined;
    }
    if (v === undefined) return undefined;
    if (op === '!') return Number(truth(v) === 0);
    if (typeof v !== 'number') return undefined;
    return op === '-' ? -v : op === '~' ? ~v : v;
  }

  private address(x: Expr): Value {
    const e = strip(x);
    if (e.k === 'un' && e.op === '*') return this.eval(e.x);
    if (e.k === 'idx') {
      const o = this.eval(e.object);
      const i = this.eval(e.index);
      if (o instanceof Obj && o.row !== null && typeof i === 'number')
        return this.machine.element(o.row, o.at + i);
      return typeof o === 'string' && typeof i === 'number' ? o.slice(i) : undefined;
    }
    if (e.k === 'id') {
      const v = this.load(e);
      if (v instanceof Obj) return v;
      const local = this.index.local(functionOf(e), e.name, e);
      const t = local === null ? targetOf(this.index, e) : null;
      const key = local === null ? t?.key : this.keyOf(local);
      return key === undefined ? undefined : this.machine.reference(key, e);
    }
    if (e.k === 'mem') {
      const v = this.eval(e.object);
      const inner = v instanceof Obj ? this.field(v, e.field, e) : undefined;
      if (inner instanceof Obj) return inner;
      const t = targetOf(this.index, e);
      return t === null || v instanceof Obj ? undefined : this.machine.reference(t.key, e);
    }
    return undefined;
  }

  /** What stands in an object: itself for a struct, its value for a number or a string. */
  private content(o: Obj | undefined): Value {
    if (o === undefined) return undefined;
    if (o.ref !== null) return this.load(o.ref);
    if (o.func !== null || this.machine.isStruct(o.type)) return o;
    if (this.state.has(o.place)) return this.state.get(o.place);
    if (o.init !== null) return o.init.k === 'init' ? o : this.eval(o.init);
    return o.row === null || o.at < o.row.items.length ? 0 : undefined;
  }

  field(o: Obj, name: string, x: Expr | null): Value {
    const place = `${o.place}.${name}`;
    if (this.state.has(place)) return this.state.get(place);
    if (!o.fixed && x !== null && !this.machine.isLed(this)) {
      const option = this.machine.option(o, name);
      if (option !== null) return option.value;
      const t = targetOf(this.index, x);
      if (t !== null && this.machine.isWritten(t.key, t.name)) return this.load(x);
    }
    const struct = this.index.structOf(o.type);
    if (struct === null || (o.init !== null && o.init.k !== 'init')) return undefined;
    if (o.init === null) return o.row !== null && o.at >= o.row.items.length ? this.machine.overran() : 0;
    const item = fieldItem(
      o.init,
      name,
      struct.fields.map((f) => f.name),
    );
    const found = this.index.fieldOf(struct, name);
    if (item === null) return found === null ? undefined : 0;
    if (item.k !== 'init') return this.eval(item);
    const type = found?.field.type ?? null;
    if (type !== null && type.array > 0) return this.machine.array(place, type, item, o.fixed);
    return this.machine.part(place, type, item, o.fixed);
  }

  private assign(op: string, left: Expr, right: Expr): Value {
    const r = this.eval(right);
    let v: Value = r;
    if (op !== '=') {
      const l = this.eval(left);
      const sign = op.slice(0, -1);
      if (typeof l === 'number' && typeof r === 'number') v = binaryValue(sign, l, () => r) ?? undefined;
      else if (sign === '+' && typeof l === 'string' && typeof r === 'string') v = l + r;
      else if (sign === '+' && typeof l === 'string' && typeof r === 'number')
        v =
          this.index.typeOf(left)?.base === 'string' || this.index.typeOf(right)?.base === 'char'
            ? l + String.fromCharCode(r)
            : l.slice(r);
      else v = undefined;
    }
    this.store(left, v);
    return v;
  }

  private constantFirst(name: string, x: Expr): Value {
    if (this.localOf(x, name) !== null) return undefined;
    if (this.index.globals.has(name)) return undefined;
    return this.constant(name);
  }

  private binary(op: string, left: Expr, right: Expr): Value {
    if (op === '/') {
      const count = countOf(this, left, right);
      if (count !== undefined) return count;
    }
    const a = this.eval(left);
    if (op === '&&' || op === '||')
      return binaryValue(op, truth(a), () => truth(this.eval(right))) ?? undefined;
    const b = this.eval(right);
    return combine(op, a, b, (row, at) => this.machine.element(row, at));
  }

  private call(x: Call): Value {
    const read = this.outside.read(x);
    if (read !== undefined) {
      const v = this.machine.environment(this, x, read);
      if (v !== null) return v.value;
    }
    const { callee } = x;
    if (callee.k === 'id') {
      if (callee.name === '__builtin_expect' && x.args[0] !== undefined) return this.eval(x.args[0]);
      const spec = operationOf(callee.name);
      if (spec !== null && !this.index.byName.has(callee.name))
        return atomicCall(
          this,
          spec.operation,
          x.args[spec.target ?? 0],
          spec.value === null ? undefined : x.args[spec.value],
        );
      const copied = copies(callee.name);
      if (copied !== null) return copyInto(this, copied, x);
    }
    if (callee.k === 'mem') {
      const spec = memberOperation(callee.field);
      if (spec !== null && this.index.byName.get(callee.field) === undefined)
        return atomicCall(
          this,
          spec.operation,
          callee.object,
          spec.value === null ? undefined : x.args[spec.value],
        );
      const text = textMember(this, callee.object, callee.field, x);
      if (text !== null) return text.value;
    }
    const called = strip(callee);
    if (called.k === 'lambda') return called.params.length === 0 ? this.inner(called.body) : undefined;
    const args = x.args.map((a) => this.eval(a));
    const functions = this.functions(x);
    const f = functions[0];
    if (f !== undefined) return functions.length > 3 ? undefined : this.enter(f, args);
    if (callee.k !== 'id') return undefined;
    if (/^(string|string_view|basic_string|StringPiece)$/.test(callee.name)) return args[0] ?? '';
    return libraryCall(this, callee.name, x, args);
  }

  /** The functions behind a call, those behind a pointer with a known value included. */
  private functions(x: Call): readonly Func[] {
    const known = this.index.callees(x);
    if (known.length > 0) return known;
    let c = strip(x.callee);
    if (c.k === 'un' && c.op === '*') c = strip(c.x);
    if (c.k !== 'id' && c.k !== 'mem' && c.k !== 'idx') return [];
    const v = this.eval(c);
    return v instanceof Obj && v.func !== null ? [v.func] : [];
  }

  /** What a call of `f` gives by its body. */
  body(x: Call, f: Func): Value {
    return this.enter(
      f,
      x.args.map((a) => this.eval(a)),
    );
  }

  private enter(f: Func, args: readonly Value[]): Value {
    if (this.depth > maxDepth) return undefined;
    const own = `${f.file}:${f.owner ?? ''}:${f.name}:`;
    this.machine.charge(this.state.size);
    const state: State = new Map();
    for (const [k, v] of this.state) if (!k.startsWith(own)) state.set(k, v);
    for (const [i, p] of f.params.entries()) state.set(this.keyOf(p), args[i]);
    const done = this.invoke(f, state);
    // What it wrote to objects of static duration, and through pointers, lasts.
    for (const [k, value] of done.state) if (!k.startsWith(own)) this.state.set(k, value);
    return done.value;
  }
}
