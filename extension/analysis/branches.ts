/**
 * How unlikely it is to get somewhere inside a function, in small whole numbers: what compilers read off hints,
 * attributes and the shape of branches when they have no profile.
 */
import { asserting } from './known.ts';
import type { CallGraph } from './call-graph.ts';
import { FirstTimes, isZero } from './first-time.ts';
import type { Index } from './index.ts';
import { type Call, type Expr, type Func, type Node, type Stmt, functionOf, strip } from './ir.ts';
import type { Token, Via } from './tokens.ts';

/**
 * Reasons not to get somewhere. Strong ones are multiples of `strong`; weak ones (an ordinary branch) are small, so
 * that a sum keeps the two apart.
 */
export const cost = { plain: 1, settled: 1, tried: 3, hint: 64, never: 192, assertion: 320 } as const;
const strong = 16;

/** A distance with a cost added: ordinary branches alone lead away from the hot path, but never into the cold. */
export function farther(distance: number, by: number): number {
  const d = distance + Math.floor(by / strong);
  const weak = by % strong;
  return d > warmLimit ? d + weak : Math.min(d + weak, warmLimit);
}

/** Distances up to these are hot and warm: a hint is 4. */
export const hotLimit = 3;
export const warmLimit = 8;

/** `likely`, `unlikely` or neither, from `__builtin_expect`, attributes' macros and their usual names. */
export function likelihood(test: Expr): 'likely' | 'unlikely' | null {
  const e = test.k === 'cast' ? test.x : test;
  if (e.k === 'call' && e.callee.k === 'id') {
    const name = e.callee.name;
    if (name === '__builtin_expect' || name === '__builtin_expect_with_probability') {
      const want = e.args[1] === undefined ? null : strip(e.args[1]);
      const text = want?.k === 'num' ? want.text : want?.k === 'id' ? want.name : '';
      return /^(0[uUlL]*|false)$/.test(text) ? 'unlikely' : /^(1[uUlL]*|true)$/.test(text) ? 'likely' : null;
    }
    if (/unlikely$/i.test(name)) return 'unlikely';
    if (/likely$/i.test(name)) return 'likely';
  }
  if (e.k === 'un' && e.op === '!') {
    const inner = likelihood(e.x);
    return inner === 'likely' ? 'unlikely' : inner === 'unlikely' ? 'likely' : null;
  }
  if (e.k === 'bin' && (e.op === '&&' || e.op === '||')) {
    const a = likelihood(e.left);
    const b = likelihood(e.right);
    if (e.op === '&&')
      return a === 'unlikely' || b === 'unlikely'
        ? 'unlikely'
        : a === 'likely' && b === 'likely'
          ? 'likely'
          : null;
    return a === 'likely' || b === 'likely'
      ? 'likely'
      : a === 'unlikely' && b === 'unlikely'
        ? 'unlikely'
        : null;
  }
  return null;
}

/** Whether every path through a statement leaves the function or the loop. */
export function leaves(s: Stmt): boolean {
  switch (s.k) {
    case 'return':
    case 'jump':
      return true;
    case 'block': {
      const last = s.body[s.body.length - 1];
      return last !== undefined && leaves(last);
    }
    case 'if':
      return s.no !== null && leaves(s.yes) && leaves(s.no);
    case 'variants':
      return (
        s.options.length > 0 &&
        s.options.every((o) => o.body.length > 0 && leaves(o.body[o.body.length - 1] as Stmt))
      );
    default:
      return false;
  }
}

/** What taking each side of a test costs. */
interface Odds {
  readonly yes: number;
  readonly no: number;
}
const even: Odds = { yes: 0, no: 0 };
const swapped = (o: Odds): Odds => ({ yes: o.no, no: o.yes });

const ends =
  /^(abort|_?exit|_Exit|quick_exit|terminate|__builtin_trap|__builtin_unreachable|__assert_fail|__assert|longjmp|siglongjmp|_longjmp|__debugbreak|throw|rethrow_exception)$/;

/** A sentence or a format: what it is handed to tells a person something. */
const isMessage = (text: string): boolean => /%[-+ #0]*\d*(z|l|ll|j|h)*[a-zA-Z]|\\n| .* /.test(text);

const isConstant = (x: Expr): boolean => {
  const e = strip(x);
  return e.k === 'num' || (e.k === 'un' && isConstant(e.x)) || (e.k === 'id' && /^(NULL|nullptr|true|false|[A-Z][A-Z0-9_]*)$/.test(e.name)); // biome-ignore format: one test
};

export class Branches {
  private readonly first: FirstTimes;
  /** What stands before a statement in its block, where no label does. */
  private readonly earlier = new Map<Node, number>();
  private readonly falls = new Map<Stmt, number>();
  private readonly chances = new Map<Node, Odds>();
  private readonly noReturn = new Map<Func, boolean>();
  private readonly writesOutside = new Map<Func, boolean>();
  private readonly writesAny = new Map<Func, boolean>();
  private readonly checkers = new Map<Func, boolean>();
  private readonly labels = new Map<Func, Map<string, number>>();

  constructor(
    private readonly index: Index,
    graph: CallGraph,
  ) {
    this.first = new FirstTimes(index, graph);
  }

  private readonly assertions = new Map<Via, boolean>();

  /** Written inside an assertion's macro. */
  private asserted(token: Token): boolean {
    const { via } = token;
    if (via === null) return false;
    let known = this.assertions.get(via);
    if (known === undefined) {
      known = false;
      for (let v: Via | null = via; v !== null && !known; v = v.parent) known = asserting.test(v.name);
      this.assertions.set(via, known);
    }
    return known;
  }

  /** The cost of reaching a node inside its function. */
  within(node: Node): number {
    let asserted = this.asserted(node.token);
    let sum = 0;
    let child: Node = node;
    for (let p = node.up; p !== null; child = p, p = p.up) {
      // An argument of an assertion does not come out of the macro, what holds it does.
      if (p.k !== 'func' && this.asserted(p.token)) asserted = true;
      if (p.k === 'if' && child !== p.test) {
        const o = this.sides(p);
        sum += child === p.yes ? o.yes : o.no;
      } else if (p.k === 'cond' && child !== p.test) {
        const o = this.odds(p.test);
        sum += child === p.yes ? o.yes : o.no;
      } else if (p.k === 'bin' && (p.op === '&&' || p.op === '||') && child === p.right) {
        const o = this.odds(p.left);
        sum += p.op === '&&' ? o.yes : o.no;
      } else if (p.k === 'call' && p.callee.k === 'id' && child !== p.callee && asserting.test(p.callee.name))
        sum += cost.assertion;
      const body =
        p.k === 'block' || p.k === 'func' || p.k === 'stmtx' || p.k === 'lambda'
          ? p.body
          : p.k === 'variants'
            ? p.options.find((o) => o.body.includes(child as Stmt))?.body
            : undefined;
      if (body !== undefined) sum += this.before(body, child);
    }
    return Math.min(asserted ? sum + cost.assertion : sum, 2 * cost.assertion);
  }

  /** What it says about a statement that others stand before it. */
  private before(body: readonly Stmt[], child: Node): number {
    const known = this.earlier.get(child);
    if (known !== undefined) return known;
    // Labels are reached from elsewhere, so what they say is not known once and for all.
    if (body.some((s) => s.k === 'label' && s.name !== null)) return this.sumBefore(body, child);
    let sum = 0;
    for (const s of body) {
      this.earlier.set(s, Math.min(sum, cost.never));
      sum = s.k === 'label' ? cost.plain : sum + this.fall(s);
    }
    return this.earlier.get(child) ?? Math.min(sum, cost.never);
  }

  private sumBefore(body: readonly Stmt[], child: Node): number {
    let sum = 0;
    for (const s of body) {
      if (s === child) break;
      if (s.k === 'label') {
        // A case is one of several ways; a label has ways of its own.
        sum = s.name === null ? cost.plain : Math.min(sum, this.toLabel(s, s.name));
      } else sum += this.fall(s);
    }
    return Math.min(sum, cost.never);
  }

  private toLabel(at: Stmt, name: string): number {
    const f = functionOf(at);
    if (f === null) return 0;
    const known = this.labels.get(f) ?? new Map<string, number>();
    this.labels.set(f, known);
    const found = known.get(name);
    if (found !== undefined) return found;
    known.set(name, cost.never);
    let best: number = cost.never;
    for (const n of this.index.nodes(f))
      if (n.k === 'jump' && n.label === name) best = Math.min(best, this.within(n));
    known.set(name, best);
    return best;
  }

  /** The cost of getting past a statement; infinite where nothing gets past. */
  private fall(s: Stmt): number {
    const known = this.falls.get(s);
    if (known !== undefined) return known;
    const v = this.fallOf(s);
    this.falls.set(s, v);
    return v;
  }

  private fallOf(s: Stmt): number {
    switch (s.k) {
      case 'return':
      case 'jump':
        return Number.POSITIVE_INFINITY;
      case 'block':
        return this.through(s.body);
      case 'if': {
        const o = this.sides(s);
        return Math.min(o.yes + this.fall(s.yes), o.no + (s.no === null ? 0 : this.fall(s.no)));
      }
      case 'variants': {
        const all = s.options.map((o) => this.through(o.body));
        if (s.options.length < 2) return 0;
        return Math.min(...all);
      }
      case 'expr':
        return s.x.k === 'call' && this.isEnd(s.x) ? Number.POSITIVE_INFINITY : 0;
      default:
        return 0;
    }
  }

  private through(body: readonly Stmt[]): number {
    let sum = 0;
    for (const s of body) {
      if (s.k === 'label') sum = 0;
      else sum += this.fall(s);
    }
    return sum;
  }

  private isEnd(call: Call): boolean {
    if (call.callee.k !== 'id') return false;
    if (ends.test(call.callee.name)) return true;
    if (this.index.attributes.get(call.callee.name)?.has('noreturn') === true) return true;
    const f = this.index.callees(call)[0];
    return f !== undefined && this.neverReturns(f);
  }

  /** Ends the program (or the thread) instead of returning. */
  neverReturns(f: Func): boolean {
    const known = this.noReturn.get(f);
    if (known !== undefined) return known;
    this.noReturn.set(f, false);
    if (f.body.length === 0) return false;
    const marked = (name: string): boolean =>
      f.attributes.has(name) || this.index.attributes.get(f.name)?.has(name) === true;
    const result =
      marked('noreturn') ||
      marked('_Noreturn') ||
      (f.returns.base === 'void' &&
        f.returns.pointer === 0 &&
        this.through(f.body) === Number.POSITIVE_INFINITY &&
        !this.index.nodes(f).some((n) => n.k === 'return' || (n.k === 'jump' && n.kind === 'goto')));
    this.noReturn.set(f, result);
    return result;
  }

  /** The two sides of an `if`: its test, and what its branches look like. */
  private sides(s: Extract<Stmt, { k: 'if' }>): Odds {
    const known = this.chances.get(s);
    if (known !== undefined) return known;
    this.chances.set(s, even);
    let o = this.odds(s.test);
    const hint = likelihood(s.test);
    if (hint !== 'likely' && this.first.isFirst(s.test, s.yes)) o = { yes: cost.never, no: 0 };
    else if (hint !== 'unlikely' && s.no !== null && this.first.isFirst(s.test, s.no))
      o = { yes: 0, no: cost.never };
    if (this.isDeadEnd(s.yes)) o = { yes: Math.max(o.yes, cost.never), no: 0 };
    else if (s.no !== null && this.isDeadEnd(s.no)) o = { yes: 0, no: Math.max(o.no, cost.never) };
    if (o.yes === 0 && o.no === 0) {
      const settled = s.no === null && this.settles(s.yes);
      o = { yes: cost.plain, no: s.no !== null ? cost.plain : settled ? cost.settled : 0 };
    } else if (o.yes === 0 && o.no === cost.hint && likelihood(s.test) === null) {
      // A found pointer or a try that succeeded: what comes when it did not is the slower way, if this one is a way.
      const way = s.no !== null || this.settles(s.yes) || leaves(s.yes);
      // With an `else` both are ordinary, and so is what comes after a try that fell short.
      const weak = s.no !== null || this.asksTry(s.test);
      o = { yes: cost.plain, no: way ? (weak ? cost.tried : cost.hint) : 0 };
    }
    this.chances.set(s, o);
    return o;
  }

  /** What a test alone says. */
  private odds(x: Expr, depth = 0): Odds {
    if (depth > 8) return even;
    const hint = likelihood(x);
    if (hint !== null) return hint === 'likely' ? { yes: 0, no: cost.hint } : { yes: cost.hint, no: 0 };
    const e = strip(x);
    if (e.k === 'un' && e.op === '!') return swapped(this.odds(e.x, depth + 1));
    if (e.k === 'bin' && (e.op === '&&' || e.op === '||')) {
      const a = this.odds(e.left, depth + 1);
      const b = this.odds(e.right, depth + 1);
      return e.op === '&&'
        ? { yes: Math.max(a.yes, b.yes), no: Math.min(a.no, b.no) }
        : { yes: Math.min(a.yes, b.yes), no: Math.max(a.no, b.no) };
    }
    if (e.k === 'bin' && (e.op === '==' || e.op === '!=')) {
      const zero = isZero(e.right) ? e.left : isZero(e.left) ? e.right : null;
      if (zero === null) return even;
      const there = this.odds(zero, depth + 1);
      return e.op === '!=' ? there : swapped(there);
    }
    if (e.k === 'call') {
      const hinted = this.hintInside(e);
      if (hinted !== null) return hinted === 'likely' ? { yes: 0, no: cost.hint } : { yes: cost.hint, no: 0 };
      return this.isTry(e) ? { yes: 0, no: cost.hint } : even;
    }
    if (e.k === 'id' && this.isOutcome(e)) return { yes: 0, no: cost.hint };
    if (e.k === 'id' || e.k === 'mem') {
      const type = this.index.typeOf(e);
      const r = type === null ? null : this.index.resolve(type);
      return r !== null && r.pointer > 0 && !r.callable ? { yes: 0, no: cost.hint } : even;
    }
    if (e.k === 'asg' && e.op === '=') return this.odds(e.left, depth + 1);
    return even;
  }

  /** The hint in what a small function returns: `return unlikely(flag);`. */
  private hintInside(call: Call): 'likely' | 'unlikely' | null {
    const f = this.index.callees(call)[0];
    if (f === undefined || f.body.length !== 1) return null;
    for (const s of f.body) {
      for (const r of s.k === 'variants' ? s.options.flatMap((o) => o.body) : [s]) {
        const hint = r.k === 'return' && r.x !== null ? likelihood(r.x) : null;
        if (hint !== null) return hint;
      }
    }
    return null;
  }

  private asksTry(test: Expr): boolean {
    const e = strip(test);
    return (e.k === 'call' && this.isTry(e)) || (e.k === 'id' && this.isOutcome(e));
  }

  /** A local truth that a call was given the address of: whether it could. */
  private isOutcome(x: Extract<Expr, { k: 'id' }>): boolean {
    const d = this.index.local(functionOf(x), x.name, x);
    if (d === null || !/^(bool|_Bool)$/.test(d.type.base) || d.type.pointer > 0 || d.init !== null)
      return false;
    if (/err|fail|empty|miss|slow/i.test(d.name)) return false;
    return this.index.usesOf(d).some((u) => u.up?.k === 'un' && u.up.op === '&' && u.up.up?.k === 'call');
  }

  /** A call that does something and answers whether it could. */
  private isTry(call: Call): boolean {
    const f = this.index.callees(call)[0];
    if (f === undefined || !/^(bool|_Bool|int)$/.test(f.returns.base) || f.returns.pointer > 0) return false;
    if (f.params.length === 0 || this.neverReturns(f)) return false;
    return this.writes(f);
  }

  /** A local that ends with the call. */
  private isOwn(f: Func, x: Expr): boolean {
    const d = x.k === 'id' ? this.index.local(f, x.name, x) : null;
    return d !== null && !d.isStatic && !d.isThread;
  }

  /** Changes something behind a pointer or in an object; with `plain`, also a variable by its bare name. */
  private writes(f: Func, plain = false): boolean {
    const memo = plain ? this.writesAny : this.writesOutside;
    const known = memo.get(f);
    if (known !== undefined) return known;
    memo.set(f, false);
    let result = false;
    for (const n of this.index.nodes(f)) {
      const x = n.k === 'asg' ? n.left : n.k === 'upd' ? n.x : null;
      if (x !== null && (plain ? !this.isOwn(f, x) : x.k !== 'id') && !this.asserted(n.token)) result = true;
      if (!result && n.k === 'call')
        result = this.index
          .callees(n)
          .some((g) => g !== f && this.index.nodes(g).length < 200 && this.writes(g, plain));
      if (result) break;
    }
    memo.set(f, result);
    return result;
  }

  /** Leaves with something to show for it: a computed result, or after having done something. */
  private settles(s: Stmt): boolean {
    if (!leaves(s)) return false;
    const body = s.k === 'block' ? s.body : [s];
    const last = body[body.length - 1];
    if (last?.k === 'block') return this.settles(last);
    if (last?.k !== 'return') return false;
    const work = body.some(
      (b) => b.k === 'expr' && (b.x.k === 'call' || b.x.k === 'asg') && !this.asserted(b.token),
    );
    if (last.x === null) return work;
    const x = strip(last.x);
    if (isConstant(x)) return work && !(isZero(x) || x.k === 'un');
    return x.k !== 'id' || work || body.length > 1;
  }

  /** A function that is there to check: it writes nothing, returns nothing, and asserts. */
  checks(f: Func, depth = 0): boolean {
    const known = this.checkers.get(f);
    if (known !== undefined) return known;
    this.checkers.set(f, false);
    let asserted = 0;
    if (f.returns.base !== 'void' || f.returns.pointer > 0) return false;
    const own = (x: Expr): boolean => this.isOwn(f, x);
    const result = this.index.nodes(f).every((n) => {
      if (n.k === 'return') return n.x === null;
      if (n.k === 'upd') return own(n.x);
      if (n.k === 'asg') return own(n.left) || this.asserted(n.token);
      if (n.k === 'call' && n.up?.k !== 'expr')
        return (
          this.within(n) >= cost.assertion ||
          !this.index.callees(n).some((g) => g !== f && this.writes(g, true))
        );
      if (n.k !== 'expr' || n.x.k === 'asg' || n.x.k === 'upd') return true;
      const { x } = n;
      const callee = x.k === 'call' && x.callee.k === 'id' ? x.callee.name : '';
      if (this.asserted(n.token) || this.asserted(x.token) || asserting.test(callee)) {
        asserted++;
        return true;
      }
      if (x.k === 'call' && (this.isEnd(x) || this.within(x) >= cost.never)) return true;
      if (x.k !== 'call') return x.k === 'cast' || x.k === 'num' || x.k === 'cond';
      const to = this.index.callees(x);
      return depth < 3 && to.length > 0 && to.every((g) => g === f || this.checks(g, depth + 1));
    });
    this.checkers.set(f, result && asserted > 0);
    return result && asserted > 0;
  }

  /** Ends in a crash or tells a person something. */
  isDeadEnd(s: Stmt): boolean {
    const body = s.k === 'block' ? s.body : [s];
    for (const b of body) {
      if (b.k === 'block' && this.isDeadEnd(b)) return true;
      const x = b.k === 'expr' ? strip(b.x) : b.k === 'return' && b.x !== null ? strip(b.x) : null;
      if (x?.k === 'call' && (this.isEnd(x) || this.tells(x))) return true;
      if (b.token.text === 'throw') return true;
    }
    return false;
  }

  /** A call that hands a sentence or a format on. */
  tells(call: Call): boolean {
    return call.args.some((a) => {
      const e = strip(a);
      return e.k === 'str' && isMessage(e.text) && !this.asserted(call.token);
    });
  }
}
