/** A run of one function over known and unknown values. */
import { binaryValue, integer } from './condition.ts';
import type { Index } from './index.ts';
import { type Call, type Decl, type Expr, type Func, type Stmt, functionOf, strip } from './ir.ts';
import { type Value, charValue, floating, library, unquote } from './library.ts';
import { memberOperation, operationOf } from './operations.ts';
import { globalTarget, targetOf } from './targets.ts';

import type { Interpreter } from './interpret.ts';

export interface Outside {
  /** Value of an environment variable: a string, null when it is not set, undefined when unknown. */
  env(name: string): string | null | undefined;
  /** Value of a name that is a macro, undefined when it is none. */
  macro(name: string): number | undefined;
  /** When the call reads the environment: the literal name, or null when it is composed. */
  read(call: Call): { readonly name: string | null } | undefined;
  /** Truth of a compile condition. */
  live(cond: import('./condition.ts').Cond | null, file: string): number | null;
}

type State = Map<string, Value>;
type Signal = 'next' | 'return' | 'break' | 'continue' | 'stop';

const maxDepth = 12;

export function isStore(call: Call): boolean {
  if (call.callee.k !== 'id') return false;
  const spec = operationOf(call.callee.name);
  return spec !== null && spec.operation !== 'load' && spec.operation !== 'fence';
}

/** One function's run: its locals, and the objects of static duration that it touched. */
export class Frame {
  state: State;
  /** Evaluate locals from their initialisers instead of from a run. */
  lazy = false;
  private result: { value: Value } | null = null;

  constructor(
    private readonly index: Index,
    private readonly machine: Interpreter,
    private readonly outside: Outside,
    private readonly func: Func | null,
    state: State,
    private readonly depth: number,
  ) {
    this.state = state;
  }

  run(): Value {
    if (this.func === null || this.depth > maxDepth) return undefined;
    const s = this.list(this.func.body);
    if (s === 'stop') return undefined;
    return this.result?.value;
  }

  private list(body: readonly Stmt[]): Signal {
    for (const s of body) {
      const signal = this.exec(s);
      if (signal !== 'next') return signal;
    }
    return 'next';
  }

  private settle(v: Value): void {
    if (this.result === null) this.result = { value: v };
    else if (this.result.value !== v) this.result = { value: undefined };
  }

  private exec(s: Stmt): Signal {
    if (!this.machine.tick()) {
      this.result = { value: undefined };
      return 'stop';
    }
    switch (s.k) {
      case 'expr':
        this.eval(s.x);
        return 'next';
      case 'decls':
        for (const d of s.decls) {
          if (d.isStatic || d.isThread) continue;
          if (d.init !== null) this.state.set(this.keyOf(d), this.eval(d.init));
        }
        return 'next';
      case 'block':
        return this.list(s.body);
      case 'return':
        this.settle(s.x === null ? undefined : this.eval(s.x));
        return 'return';
      case 'jump':
        return s.kind === 'goto' ? 'stop' : s.kind;
      case 'label':
        return 'next';
      case 'variants': {
        const live = s.options.filter((o) => this.outside.live(o.cond, o.file) !== 0);
        const only = live[0];
        if (only === undefined) return 'next';
        if (live.length === 1) return this.list(only.body);
        return this.either(live.map((o) => () => this.list(o.body)));
      }
      case 'if': {
        const v = this.eval(s.test);
        if (v !== undefined)
          return v !== 0 && v !== ''
            ? this.exec(s.yes)
            : typeof v === 'string'
              ? this.exec(s.yes)
              : s.no === null
                ? 'next'
                : this.exec(s.no);
        const { no } = s;
        return this.either([() => this.exec(s.yes), () => (no === null ? 'next' : this.exec(no))]);
      }
      case 'loop': {
        if (s.init !== null) this.exec(s.init);
        for (let n = 0; n < 64; n++) {
          if (s.kind !== 'do' || n > 0) {
            const v = s.test === null ? 1 : this.eval(s.test);
            if (v === 0) return 'next';
            if (v === undefined)
              return this.either([() => this.exec(s.body), () => 'next']) === 'return' ? 'next' : 'next';
          }
          const signal = this.exec(s.body);
          if (signal === 'return' || signal === 'stop') return signal;
          if (signal === 'break') return 'next';
          if (s.step !== null) this.eval(s.step);
          if (s.kind === 'do' && s.test !== null && n === 0) {
            const v = this.eval(s.test);
            if (v === 0 || v === undefined) return 'next';
          }
        }
        return 'stop';
      }
      case 'switch':
        this.eval(s.test);
        this.either([() => this.exec(s.body), () => 'next']);
        return 'next';
    }
  }

  /** Runs each way on its own copy and keeps what they agree on. */
  private either(ways: readonly (() => Signal)[]): Signal {
    const before = this.state;
    const ended: State[] = [];
    let allReturn = true;
    for (const way of ways) {
      this.state = new Map(before);
      const signal = way();
      if (signal === 'stop') return 'stop';
      if (signal !== 'return') {
        allReturn = false;
        ended.push(this.state);
      }
    }
    const first = ended[0];
    if (first === undefined || allReturn) {
      this.state = before;
      return 'return';
    }
    const merged: State = new Map();
    for (const [k, v] of first) merged.set(k, ended.every((e) => e.has(k) && e.get(k) === v) ? v : undefined);
    for (const e of ended) for (const k of e.keys()) if (!first.has(k)) merged.set(k, undefined);
    this.state = merged;
    return 'next';
  }

  private keyOf(d: Decl): string {
    const f = functionOf(d);
    return f === null
      ? globalTarget(this.index, d).key
      : `${f.file}:${f.owner ?? ''}:${f.name}:${d.name}:${d.token.start}`;
  }

  private load(x: Expr): Value {
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
    if (t.kind === 'global' && decl !== null && this.writesHere(t.key)) return this.machine.initial(decl);
    return this.machine.settled(t.key, decl, t.name, this.func);
  }

  /** A global that the running function itself fills in starts at its initial value. */
  private writesHere(key: string): boolean {
    if (this.func === null || this.lazy) return false;
    for (const n of this.index.nodes(this.func)) {
      if (n.k === 'asg' && targetOf(this.index, n.left)?.key === key) return true;
      if (
        n.k === 'call' &&
        isStore(n) &&
        n.args[0] !== undefined &&
        targetOf(this.index, n.args[0])?.key === key
      )
        return true;
    }
    return false;
  }

  private lazyLocal(d: Decl): Value {
    const f = functionOf(d);
    if (f === null || this.depth > maxDepth) return undefined;
    const writes = this.index
      .usesOf(d)
      .filter(
        (u) =>
          (u.up?.k === 'asg' && u.up.left === u) ||
          u.up?.k === 'upd' ||
          (u.up?.k === 'un' && u.up.op === '&'),
      );
    const only = writes[0]?.up;
    const x =
      d.init !== null && writes.length === 0
        ? d.init
        : d.init === null && writes.length === 1 && only?.k === 'asg' && only.op === '='
          ? only.right
          : null;
    if (x === null) return undefined;
    const inner = new Frame(this.index, this.machine, this.outside, f, new Map(), this.depth + 1);
    inner.lazy = true;
    return inner.eval(x);
  }

  private constant(name: string): Value {
    if (name === 'NULL' || name === 'nullptr' || name === 'false' || name === 'FALSE') return 0;
    if (name === 'true' || name === 'TRUE') return 1;
    return this.outside.macro(name);
  }

  private store(x: Expr, v: Value): void {
    const t = targetOf(this.index, x);
    if (t !== null) this.state.set(t.key, v);
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
      case 'mem':
        this.eval(x.object);
        return this.load(x);
      case 'idx': {
        const o = this.eval(x.object);
        const i = this.eval(x.index);
        if (typeof o === 'string' && typeof i === 'number')
          return i < o.length ? o.charCodeAt(i) : i === o.length ? 0 : undefined;
        return undefined;
      }
      case 'un': {
        if (x.op === '&') return undefined;
        const v = this.eval(x.x);
        if (x.op === '*') {
          if (typeof v === 'string') return v.length > 0 ? v.charCodeAt(0) : 0;
          return x.x.k === 'id' || x.x.k === 'call' ? undefined : undefined;
        }
        if (v === undefined) return undefined;
        if (x.op === '!') return typeof v === 'string' ? 0 : Number(v === 0);
        if (typeof v === 'string') return undefined;
        return x.op === '-' ? -v : x.op === '~' ? ~v : v;
      }
      case 'upd': {
        const v = this.load(x.x);
        const next = typeof v === 'number' ? v + (x.op === '++' ? 1 : -1) : undefined;
        this.store(x.x, next);
        return x.post ? v : next;
      }
      case 'asg': {
        const r = this.eval(x.right);
        let v: Value = r;
        if (x.op !== '=') {
          const l = this.load(x.left);
          const n =
            typeof l === 'number' && typeof r === 'number'
              ? binaryValue(x.op.slice(0, -1), l, () => r)
              : null;
          v = n ?? undefined;
        }
        this.store(x.left, v);
        return v;
      }
      case 'bin':
        return this.binary(x.op, x.left, x.right);
      case 'cond': {
        const t = this.eval(x.test);
        if (t === undefined) {
          const a = this.eval(x.yes);
          return a !== undefined && a === this.eval(x.no) ? a : undefined;
        }
        return t !== 0 ? this.eval(x.yes) : this.eval(x.no);
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
      case 'stmtx': {
        let v: Value;
        for (const s of x.body) {
          if (s.k === 'expr') v = this.eval(s.x);
          else this.exec(s);
        }
        return v;
      }
      case 'choice': {
        const live = x.options.filter((o) => this.outside.live(o.cond, o.file) !== 0);
        const only = live[0];
        return only !== undefined && live.length === 1 ? this.eval(only.x) : undefined;
      }
      case 'call':
        return this.call(x);
      case 'init': {
        const only = x.items[0];
        return only !== undefined && x.items.length === 1 ? this.eval(only.x) : undefined;
      }
      default:
        return undefined;
    }
  }

  private constantFirst(name: string, x: Expr): Value {
    if (this.index.local(functionOf(x), name, x) !== null) return undefined;
    if (this.index.globals.has(name)) return undefined;
    return this.constant(name);
  }

  private binary(op: string, left: Expr, right: Expr): Value {
    const a = this.eval(left);
    const truth = (v: Value): number | null => (v === undefined ? null : typeof v === 'string' ? 1 : v);
    if (op === '&&' || op === '||')
      return binaryValue(op, truth(a), () => truth(this.eval(right))) ?? undefined;
    const b = this.eval(right);
    if (op === '==' || op === '!=') {
      if (typeof a === 'string' && b === 0) return Number(op === '!=');
      if (typeof b === 'string' && a === 0) return Number(op === '!=');
    }
    if (typeof a === 'string' && typeof b === 'number' && op === '+') return a.slice(b);
    if (typeof a !== 'number' || typeof b !== 'number') {
      // `x & 0`, `x * 0` and `0 >> x` need only one side.
      if ((op === '&' || op === '*') && (a === 0 || b === 0)) return 0;
      if ((op === '>>' || op === '<<' || op === '/' || op === '%') && a === 0) return 0;
      return undefined;
    }
    return binaryValue(op, a, () => b) ?? undefined;
  }

  private call(x: Call): Value {
    const read = this.outside.read(x);
    if (read !== undefined) {
      let name = read.name;
      if (name === null) {
        for (const a of x.args) {
          const v = this.eval(a);
          if (typeof v === 'string') {
            name = v;
            break;
          }
        }
      }
      const f = this.index.callees(x)[0];
      if (f === undefined) {
        if (name === null) return undefined;
        const v = this.outside.env(name);
        return v === null ? 0 : v;
      }
    }
    const { callee } = x;
    if (callee.k === 'id') {
      if (callee.name === '__builtin_expect' && x.args[0] !== undefined) return this.eval(x.args[0]);
      const spec = operationOf(callee.name);
      if (spec !== null && !this.index.byName.has(callee.name))
        return this.atomic(
          spec.operation,
          x.args[spec.target ?? 0],
          spec.value === null ? undefined : x.args[spec.value],
          x.args[spec.out ?? 1],
        );
    }
    if (callee.k === 'mem') {
      const spec = memberOperation(callee.field);
      if (spec !== null && this.index.byName.get(callee.field) === undefined)
        return this.atomic(
          spec.operation,
          callee.object,
          spec.value === null ? undefined : x.args[spec.value],
          undefined,
        );
    }
    const args = x.args.map((a) => this.eval(a));
    const functions = this.index.callees(x);
    const f = functions[0];
    if (f !== undefined) {
      if (this.depth > maxDepth || functions.length > 3) return undefined;
      const state: State = new Map(this.state);
      for (const [i, p] of f.params.entries()) state.set(this.keyOf(p), args[i]);
      for (const k of [...state.keys()])
        if (
          k.startsWith(`${f.file}:${f.owner ?? ''}:${f.name}:`) &&
          !f.params.some((p) => this.keyOf(p) === k)
        )
          state.delete(k);
      const frame = new Frame(this.index, this.machine, this.outside, f, state, this.depth + 1);
      const v = frame.run();
      // What it wrote to objects of static duration lasts.
      for (const [k, value] of frame.state)
        if (!k.startsWith(`${f.file}:${f.owner ?? ''}:${f.name}:`)) this.state.set(k, value);
      return v;
    }
    return callee.k === 'id' ? library(callee.name, args) : undefined;
  }

  private atomic(
    operation: string,
    target: Expr | undefined,
    value: Expr | undefined,
    expected: Expr | undefined,
  ): Value {
    if (target === undefined) return undefined;
    const object = strip(target);
    const place = object.k === 'un' && object.op === '&' ? object.x : object;
    if (operation === 'load') return this.load(place);
    if (operation === 'store') {
      this.store(place, value === undefined ? 0 : this.eval(value));
      return undefined;
    }
    if (operation === 'exchange') {
      const old = this.load(place);
      this.store(place, value === undefined ? undefined : this.eval(value));
      return old;
    }
    if (operation === 'compare_exchange') {
      // Alone in the world, the exchange succeeds.
      void expected;
      this.store(place, value === undefined ? undefined : this.eval(value));
      return undefined;
    }
    this.store(place, undefined);
    return undefined;
  }
}
