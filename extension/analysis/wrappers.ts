/**
 * Thin wrappers: functions whose body is little more than an atomic operation on a cell that came in as a parameter
 * (or is the only member of the method's class). Found by a fixpoint, so that wrappers of wrappers count.
 */
import type { MemoryOrder, Operation } from '../model.ts';
import { type Access, inDeadAlternative, isAtomicObject, primitiveAccesses } from './access.ts';
import type { Index } from './index.ts';
import type { Call, Expr, Func, Node, Stmt } from './ir.ts';
import { functionOf, noType, print, strip } from './ir.ts';
import { memberOperation, operationOf, orderOf } from './operations.ts';
import { condAt } from './preprocess.ts';
import { isCell, objectOf, targetOf } from './targets.ts';

export interface Wrapper {
  readonly func: Func;
  readonly operation: Operation;
  readonly operations: readonly Operation[];
  /** Parameter that holds the cell; -1 for the object of a method. */
  readonly cell: number;
  readonly fence: boolean;
  readonly order: MemoryOrder | null;
  readonly orderParam: number;
  /** Parameter whose value is written or added, -1 when none. */
  readonly valueParam: number;
  readonly outParam: number;
  /** The constant that it writes, null when it writes none. */
  readonly constant: Expr | null;
  readonly yields: boolean;
  /** The accesses inside, the first of each operation. */
  readonly inner: readonly Access[];
}

const assertion = /assert|(?:^|_)[DP]?CHECK(?:_|$)|^BUG_ON$|^VERIFY$|^INVARIANT/i;

/** An element of an array that came in is no cell of its own. */
function indexed(x: Expr): boolean {
  switch (x.k) {
    case 'idx':
      return x.index.k !== 'num';
    case 'un':
    case 'cast':
      return indexed(x.x);
    case 'mem':
      return indexed(x.object);
    case 'bin':
      return true;
    default:
      return false;
  }
}

function isAssert(s: Stmt): boolean {
  if (s.token.via !== null) {
    for (let v: typeof s.token.via | null = s.token.via; v !== null; v = v.parent)
      if (assertion.test(v.name)) return true;
  }
  return s.k === 'expr' && s.x.k === 'call' && s.x.callee.k === 'id' && assertion.test(s.x.callee.name);
}

/** Statements and loops of a body; assertions are free, of variants the shortest counts. */
export function measure(body: readonly Stmt[]): { statements: number; loops: number } {
  let statements = 0;
  let loops = 0;
  const add = (m: { statements: number; loops: number }): void => {
    statements += m.statements;
    loops += m.loops;
  };
  for (const s of body) {
    if (isAssert(s)) continue;
    switch (s.k) {
      case 'block':
        add(measure(s.body));
        break;
      case 'variants': {
        const all = s.options.map((o) => measure(o.body));
        // Thin in one configuration is thin; an empty branch says nothing.
        const some = all.filter((a) => a.statements > 0);
        if (some.length > 0) {
          statements += Math.min(...some.map((a) => a.statements));
          loops += Math.min(...some.map((a) => a.loops));
        }
        break;
      }
      case 'if':
        statements++;
        add(measure([s.yes]));
        if (s.no !== null) add(measure([s.no]));
        break;
      case 'loop':
        statements++;
        loops++;
        add(measure([s.body]));
        break;
      case 'switch':
        statements++;
        add(measure([s.body]));
        break;
      case 'label':
        break;
      case 'expr':
        if (s.x.k === 'cast' && s.x.type.base === 'void' && (s.x.x.k === 'id' || s.x.x.k === 'num')) break;
        if (s.x.k === 'num' || s.x.k === 'init') break;
        statements++;
        break;
      default:
        statements++;
    }
  }
  return { statements, loops };
}

const rank: readonly Operation[] = [
  'compare_exchange',
  'fetch_add',
  'fetch_sub',
  'fetch_or',
  'fetch_and',
  'fetch_xor',
  'exchange',
  'test_and_set',
  'store',
  'clear',
  'load',
  'fence',
];

const nothing: readonly Access[] = [];

/** An operator or a plain use of an atomic object. */
const isImplicit = (a: Access): boolean => a.wrapper === null && /^(operator|implicit) /.test(a.builtin);

/** In different branches of one `#if`: the branch with the written operation is the atomic one. */
function apart(a: Node, b: Node): boolean {
  const branches = new Map<Node, Stmt>();
  for (let n: Node | null = a; n?.up != null; n = n.up)
    if (n.up.k === 'variants') branches.set(n.up, n as Stmt);
  for (let n: Node | null = b; n?.up != null; n = n.up) {
    const own = n.up.k === 'variants' ? branches.get(n.up) : undefined;
    if (own === undefined || n.up.k !== 'variants') continue;
    return !n.up.options.some((o) => o.body.includes(own) && o.body.includes(n as Stmt));
  }
  return false;
}

export class Wrappers {
  readonly primitives = new Map<Func, Access[]>();
  readonly of = new Map<Func, Wrapper>();
  /** Names of wrappers: most calls are of none. */
  private readonly names = new Set<string>();
  /** Wrapper calls by the function that makes them. */
  readonly calls = new Map<Func, Access[]>();
  private readonly ordered = new Map<Func, readonly Access[]>();

  constructor(
    readonly index: Index,
    isCpp: (file: string) => boolean,
  ) {
    for (const f of index.functions) this.primitives.set(f, primitiveAccesses(index, f, isCpp(f.file)));
    let waiting = new Set<Func>();
    for (const [f, list] of this.primitives) if (list.length > 0) waiting.add(f);
    for (let round = 0; round < 12 && waiting.size > 0; round++) {
      const next = new Set<Func>();
      for (const f of waiting) {
        if (this.of.has(f)) continue;
        const w = this.judge(f);
        if (w === null) continue;
        this.of.set(f, w);
        this.names.add(f.name);
        for (const call of index.calls.get(f.name) ?? []) {
          const caller = functionOf(call);
          if (caller !== null && caller !== f) next.add(caller);
        }
      }
      waiting = next;
    }
    for (const f of index.functions) this.calls.set(f, this.wrapperCalls(f));
  }

  /** Looks for the accesses of a function that the fixpoint has not seen. */
  adopt(f: Func, cpp: boolean): void {
    this.primitives.set(f, primitiveAccesses(this.index, f, cpp));
    this.calls.set(f, this.wrapperCalls(f));
  }

  /** The wrapper that a call reaches, null when it reaches none. */
  reached(call: Call): Wrapper | null {
    const { callee } = call;
    const name = callee.k === 'id' ? callee.name : callee.k === 'mem' ? callee.field : '';
    if (!this.names.has(name)) return null;
    for (const f of this.index.callees(call)) {
      const w = this.of.get(f);
      if (w !== undefined) return w;
    }
    return null;
  }

  /** All accesses of a function, in the order of the text. */
  accesses(f: Func): readonly Access[] {
    const primitives = this.primitives.get(f) ?? [];
    const calls = this.calls.get(f) ?? [];
    if (primitives.length + calls.length === 0) return nothing;
    let known = this.ordered.get(f);
    if (known === undefined) {
      known = [...primitives, ...calls].sort((a, b) => a.token.start - b.token.start);
      this.ordered.set(f, known);
    }
    return known;
  }

  private wrapperCalls(f: Func): Access[] {
    const out: Access[] = [];
    for (const n of this.index.callsIn(f)) {
      const w = this.reached(n);
      if (w !== null) out.push(this.access(n, w, f));
    }
    return out;
  }

  access(call: Call, w: Wrapper, f: Func): Access {
    const { callee } = call;
    let targetExpr: Expr | null =
      w.cell >= 0 ? (call.args[w.cell] ?? null) : callee.k === 'mem' ? callee.object : null;
    if (w.fence) targetExpr = null;
    const orderArg = w.orderParam >= 0 ? call.args[w.orderParam] : undefined;
    const order = w.orderParam >= 0 ? orderOf(orderArg) : w.order;
    const passed = orderArg === undefined ? null : strip(orderArg);
    return {
      node: call,
      func: f,
      file: f.file,
      kind: w.fence ? 'fence' : 'wrapper',
      operation: w.operation,
      order,
      orderParam: order === null && passed?.k === 'id' ? this.index.paramIndex(f, passed.name) : -1,
      targetExpr,
      target: targetExpr === null ? null : objectOf(this.index, targetExpr),
      value: w.valueParam >= 0 ? (call.args[w.valueParam] ?? null) : w.constant,
      out: w.outParam >= 0 ? (call.args[w.outParam] ?? null) : null,
      yields: w.yields,
      flag: false,
      token: callee.token,
      end: call.end,
      wrapper: w,
      builtin: w.inner[0]?.builtin ?? '',
    };
  }

  /** The parameter (or -1 for `this`) that an access's object is, undefined when it is neither. */
  private cellOf(f: Func, a: Access): number | undefined {
    const t = a.target;
    if (t === null) return undefined;
    if (a.targetExpr !== null && indexed(a.targetExpr)) return undefined;
    if (t.kind === 'param' && t.func === f) {
      const p = f.params[t.param];
      if (p === undefined) return undefined;
      const r = this.index.resolve(p.type);
      const reference = p.type.text.includes('&');
      if (r.pointer === 0 && r.array === 0 && p.type.array === 0 && !reference) return undefined;
      const struct = this.index.structOf(p.type);
      if (struct !== null && r.pointer <= 1 && !isCell(this.index, struct)) return undefined;
      return t.param;
    }
    if (t.kind === 'field' && f.owner !== null && t.owner === f.owner) {
      const struct = this.index.structOf({ ...noType, base: f.owner });
      return isCell(this.index, struct) ? -1 : undefined;
    }
    return undefined;
  }

  private judge(f: Func): Wrapper | null {
    if (f.strays.length > 0 && f.strays.some((s) => s.length > 3)) return null;
    const inner: Access[] = [...(this.primitives.get(f) ?? [])];
    for (const n of this.index.callsIn(f)) {
      const w = this.reached(n);
      if (w !== null && w.func !== f) inner.push(this.access(n, w, f));
    }
    const live = inner.filter((a) => !this.isOut(f, a));
    if (live.length > 0) inner.splice(0, inner.length, ...live);
    if (inner.length === 0) return null;
    const size = measure(f.body);
    const objects = inner.filter((a) => a.operation !== 'fence');
    if (objects.length === 0) {
      // A function of fences alone, whose callers fence.
      if (size.statements > 5 || size.loops > 0) return null;
      const others = this.index
        .nodes(f)
        .some(
          (n) =>
            n.k === 'asg' ||
            n.k === 'upd' ||
            (n.k === 'call' &&
              n.callee.k === 'id' &&
              this.index.byName.has(n.callee.name) &&
              this.reached(n) === null),
        );
      if (others && size.statements > (inner.length > 1 ? 3 : 1)) return null;
      const first = inner[0];
      if (first === undefined) return null;
      return {
        func: f,
        operation: 'fence',
        operations: ['fence'],
        cell: -1,
        fence: true,
        order: first.order,
        orderParam: first.orderParam,
        valueParam: -1,
        outParam: -1,
        constant: null,
        yields: false,
        inner,
      };
    }
    const cells = new Set<number>();
    for (const a of objects) {
      const cell = this.cellOf(f, a);
      if (cell === undefined) return null;
      cells.add(cell);
    }
    const cell = [...cells][0];
    if (cell === undefined) return null;
    const loop =
      objects.some((a) => a.operation === 'compare_exchange') &&
      size.loops > 0 &&
      cells.size === 1 &&
      cell >= 0;
    if (size.statements > (loop ? 10 : 5) || size.loops > (cell === -1 ? 0 : 1)) return null;
    if (this.handedOut(f, cells)) return null;
    const sorted = [...objects].sort((a, b) => rank.indexOf(a.operation) - rank.indexOf(b.operation));
    const main = sorted[0];
    if (main === undefined) return null;
    // An operator in another branch of `#if` than the written operation has no say in the order.
    const written = sorted.filter((a) => !isImplicit(a));
    const ordering = isImplicit(main) ? (written.find((w) => apart(main.node, w.node)) ?? main) : main;
    return {
      func: f,
      operation: main.operation,
      operations: [...new Set(objects.map((a) => a.operation))],
      cell,
      fence: false,
      order: ordering.orderParam >= 0 ? null : ordering.order,
      orderParam: ordering.orderParam,
      valueParam: this.paramIn(f, main.value),
      outParam: this.paramIn(f, main.out),
      constant: main.value !== null && strip(main.value).k === 'num' ? main.value : null,
      yields: f.returns.base !== 'void' || f.returns.pointer > 0,
      inner: objects,
    };
  }

  /** Left out by the configuration inside a function that is not. */
  private isOut(f: Func, a: Access): boolean {
    const unit = this.index.project.units.get(f.file);
    if (inDeadAlternative(this.index, a.node)) return true;
    if (unit === undefined || this.index.isOut(f.file, f.cond)) return false;
    return this.index.isOut(f.file, condAt(unit.source, a.token.start));
  }

  private paramIn(f: Func, x: Expr | null): number {
    if (x === null) return -1;
    const t = targetOf(this.index, x);
    return t !== null && t.kind === 'param' && t.func === f ? t.param : -1;
  }

  /** `this`, `&member` or an atomic member by reference. */
  private givesSelf(f: Func, e: Expr): boolean {
    if (e.k === 'id' && e.name === 'this') return true;
    const address = e.k === 'un' && e.op === '&';
    const object = address ? strip(e.x) : e;
    if (object.k !== 'id' && object.k !== 'mem') return false;
    if (!address && !isAtomicObject(this.index, this.index.typeOf(object))) return false;
    const t = targetOf(this.index, object);
    return t !== null && t.kind === 'field' && t.owner === f.owner;
  }

  private handedOut(f: Func, cells: ReadonlySet<number>): boolean {
    for (const n of this.index.callsIn(f)) {
      const called = n.callee.k === 'id' ? n.callee.name : '';
      if (this.reached(n) !== null || operationOf(called) !== null || /^__builtin_/.test(called)) continue;
      if (n.callee.k === 'mem' && memberOperation(n.callee.field) !== null) continue;
      // Another method of the same object gets the cell with it.
      const own = n.callee.k === 'id' || (n.callee.k === 'mem' && print(n.callee.object) === 'this');
      if (cells.has(-1) && own && this.index.callees(n).some((g) => g.owner === f.owner && g !== f))
        return true;
      if (assertion.test(called)) continue;
      for (const arg of n.args) {
        const e = strip(arg);
        if (
          e.k === 'id' &&
          cells.has(this.index.paramIndex(f, e.name)) &&
          this.index.paramIndex(f, e.name) >= 0
        )
          return true;
        if (cells.has(-1) && this.givesSelf(f, e)) return true;
      }
    }
    return false;
  }
}
