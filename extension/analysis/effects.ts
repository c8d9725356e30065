/**
 * What statements do besides observing: the question behind every condition that tests a value. Printing, counting,
 * asserting and computing things of one's own is harmless; what is written goes on as an edge to what was written.
 */
import type { Access } from './access.ts';
import type { Index } from './index.ts';
import {
  type Call,
  type Decl,
  type Expr,
  type Func,
  type Loop,
  type Node,
  type Stmt,
  functionOf,
  print,
  strip,
} from './ir.ts';
import {
  asserting,
  computes,
  copying,
  errorNumber,
  filling,
  formatting,
  harmless,
  isTestFile,
  passing,
  printing,
  stopping,
  unreachable,
} from './known.ts';
import { calledName, calleeOf, inAssertion, isAddressOf, isOwn, isText, nameOf } from './naming.ts';
import { type Target, assignedOf, targetOf } from './targets.ts';
import { Through } from './through.ts';
import { aborts, isFixed, libraryName, phantom } from './unlive.ts';
import { type Finding, type Hint, type Sinks, type Level, Mode, ValueNode } from './value-graph.ts';
import { traps } from './waiting.ts';

/** What the follower asks of the classifier. */
export interface Peers {
  accessAt(node: Node): Access | undefined;
  entry(f: Func): boolean;
  /** The node of an object that receives a value. */
  object(target: Target): ValueNode;
  /** Every written use of an object's name. */
  uses(target: Target): readonly Expr[];
}

/** Region of statements whose execution hangs on a value. */
interface Region {
  readonly node: ValueNode;
  /** The function's own effects, seen by a caller: its locals and results are its own business. */
  readonly whole: boolean;
  readonly mode: number;
  /** The statement that holds the condition; null for a whole function. */
  readonly at: Stmt | null;
  /** Under a constant that is set when the project is compiled: checks of debug builds. */
  readonly debug: boolean;
}

export abstract class Effects {
  private readonly effectNodes = new Map<Func, ValueNode>();
  private readonly through: Through;
  private readonly callerCache = new Map<Func, readonly Call[]>();
  private readonly fileCache = new Map<string, boolean>();

  constructor(
    protected readonly index: Index,
    protected readonly peers: Peers,
    readonly graph: Sinks,
    /** Where what functions do is looked up, and what was found out about them before. */
    protected readonly base: Effects | null = null,
  ) {
    this.through = base?.through ?? new Through(index, peers.accessAt);
  }

  /** The value of `x` goes on from `node`. */
  abstract follow(node: ValueNode, x: Expr, mode: number): void;
  /** A local holds the value from `def` on; with `under`, uses that run under the same condition tell nothing more. */
  abstract local(node: ValueNode, d: Decl, def: Node | null, mode: number, under?: ValueNode): void;
  /** The value is what the function around `at` answers. */
  abstract returned(node: ValueNode, at: Node, mode: number): void;
  /** The value goes into the memory behind a parameter of the function around `at`. */
  abstract outParameter(node: ValueNode, t: Target, at: Node, mode: number): void;
  /** The memory that an argument points to carries the value from now on. */
  abstract into(node: ValueNode, arg: Expr, at: Node, mode: number): void;

  protected say(node: ValueNode, level: Level, hint: Hint, at: Node, reason: string): void {
    const f: Finding = { level, hint, token: at.token, file: this.index.fileOf(at) ?? '', reason };
    this.graph.sink(node, f);
  }

  /** Calls of a function, where the project writes them. */
  protected callersOf(f: Func): readonly Call[] {
    if (this.base !== null) return this.base.callersOf(f);
    let list = this.callerCache.get(f);
    if (list === undefined) {
      list = (this.index.calls.get(f.name) ?? []).filter((c) => this.index.callees(c).includes(f));
      this.callerCache.set(f, list);
    }
    return list;
  }

  /** Code of tests does not count for an object that is not a test's own. */
  protected skips(at: Node, mode: number): boolean {
    if ((mode & Mode.tests) !== 0) return false;
    const file = this.index.fileOf(at) ?? '';
    let test = this.fileCache.get(file);
    if (test === undefined) {
      test = isTestFile(file);
      this.fileCache.set(file, test);
    }
    return test;
  }

  /** What a function does to the world, as a node of its own. */
  effectsOf(f: Func): ValueNode {
    if (this.base !== null) return this.base.effectsOf(f);
    let n = this.effectNodes.get(f);
    if (n === undefined) {
      n = new ValueNode(false, (node) => {
        const region: Region = {
          node,
          whole: true,
          mode: Mode.compared | Mode.inside,
          at: null,
          debug: false,
        };
        this.list(region, f.body);
        for (const s of f.strays) this.list(region, s);
      });
      this.effectNodes.set(f, n);
    }
    return n;
  }

  /** Everything that hangs on the condition of `at`, as effects of `node`. */
  protected depends(node: ValueNode, at: Stmt | null, dependents: readonly Stmt[], mode: number): void {
    this.list({ node, whole: false, mode: mode | Mode.compared, at, debug: false }, dependents);
  }

  private list(r: Region, list: readonly Stmt[]): void {
    for (const s of list) this.statement(r, s);
  }

  private seen(r: Region, n: Node): boolean {
    return !r.node.take(n);
  }

  private statement(r: Region, s: Stmt): void {
    if (this.seen(r, s) || inAssertion(s.token)) return;
    switch (s.k) {
      case 'expr':
        this.expression(r, s.x);
        return;
      case 'decls':
        for (const d of s.decls) {
          if (d.init !== null) this.expression(r, d.init);
          if (!r.whole && d.init !== null && !d.isStatic) this.local(r.node, d, d, r.mode, r.node);
        }
        return;
      case 'block':
        this.list(r, s.body);
        return;
      case 'variants':
        for (const o of s.options)
          if (o.macro === '' || !o.body.some((b) => phantom(this.index, b, s))) this.list(r, o.body);
        return;
      case 'if':
        this.expression(r, s.test);
        // `if (sizeof(x) == 4) ... else abort();` is settled when it is compiled.
        if (!isFixed(s.test) || !aborts(s.yes))
          this.statement(this.isSetting(s.test) ? { ...r, debug: true } : r, s.yes);
        if (s.no !== null && !(isFixed(s.test) && aborts(s.no))) this.statement(r, s.no);
        return;
      case 'loop':
        if (traps(s)) this.hard(r, s, 'a loop without a way out holds the thread');
        if (s.init !== null) this.statement(r, s.init);
        if (s.test !== null) this.expression(r, s.test);
        this.statement(r, s.body);
        if (s.step !== null) this.expression(r, s.step);
        return;
      case 'switch':
        this.expression(r, s.test);
        this.statement(r, s.body);
        return;
      case 'return':
        if (s.x !== null) this.expression(r, s.x);
        if (r.whole) return;
        if (s.x !== null) this.returned(r.node, s, r.mode);
        this.rest(r);
        return;
      case 'jump':
        this.jump(r, s);
        return;
      case 'label':
        return;
    }
  }

  private jump(r: Region, s: Stmt & { k: 'jump' }): void {
    if (r.whole || r.at === null) return;
    if (s.kind === 'goto') {
      // Wherever it leads, it leaves out or repeats a part of the function.
      const f = functionOf(s);
      if (f !== null) this.list(r, f.body);
      return;
    }
    for (let p: Node | null = s.up; p !== null && p.k !== 'func'; p = p.up) {
      if (p.k !== 'loop' && p.k !== 'switch') continue;
      // Left from inside what hangs on the condition anyway, or a part of the loop around it.
      if (p === r.at || !contains(p, r.at)) return;
      if (p.k === 'switch' && s.kind === 'continue') continue;
      if (p.k === 'switch') this.after(r, r.at, p);
      else this.loop(r, p);
      return;
    }
  }

  private loop(r: Region, p: Loop): void {
    if (p.test !== null) this.expression(r, p.test);
    this.statement(r, p.body);
    if (p.step !== null) this.expression(r, p.step);
  }

  /** Leaving early: what follows the condition does not run. */
  private rest(r: Region): void {
    if (r.at !== null) this.after(r, r.at, null);
  }

  private after(r: Region, at: Stmt, limit: Node | null): void {
    let child: Node = at;
    for (let p: Node | null = at.up; p !== null && child !== limit; child = p, p = p.up) {
      if (p.k === 'loop') this.loop(r, p);
      const list =
        p.k === 'block' || p.k === 'stmtx' || p.k === 'func' || p.k === 'lambda'
          ? p.body
          : p.k === 'variants'
            ? p.options.find((o) => o.body.includes(child as Stmt))?.body
            : undefined;
      if (list === undefined) continue;
      const from = list.indexOf(child as Stmt);
      for (const s of list.slice(from + 1)) this.statement(r, s);
      if (p.k === 'lambda') return;
    }
  }

  protected expression(r: Region, x: Expr): void {
    if (inAssertion(x.token)) return;
    switch (x.k) {
      case 'asg':
        this.expression(r, x.right);
        this.expression(r, x.left);
        this.written(r, assignedOf(this.index, x.left), x.left, x);
        return;
      case 'upd':
        this.written(r, assignedOf(this.index, x.x), x.x, x);
        return;
      case 'call':
        this.called(r, x);
        return;
      case 'bin':
        this.expression(r, x.left);
        this.expression(r, x.right);
        return;
      case 'un':
      case 'cast':
        this.expression(r, x.x);
        return;
      case 'cond':
        this.expression(r, x.test);
        this.expression(r, x.yes);
        this.expression(r, x.no);
        return;
      case 'comma':
        for (const i of x.items) this.expression(r, i);
        return;
      case 'choice':
        for (const o of x.options) if (!phantom(this.index, o.x, x)) this.expression(r, o.x);
        return;
      case 'stmtx':
        this.list(r, x.body);
        return;
      case 'init':
        for (const i of x.items) this.expression(r, i.x);
        return;
      case 'idx':
        this.expression(r, x.object);
        this.expression(r, x.index);
        return;
      case 'mem':
        this.expression(r, x.object);
        return;
      case 'asm': {
        const a = this.peers.accessAt(x);
        if (a !== undefined && a.operation !== 'fence') this.operated(r, a, x);
        else if (a === undefined) {
          if (!computes(x.template, x.clobbers)) this.hard(r, x, 'inline assembly runs');
          for (const o of x.outputs) this.written(r, targetOf(this.index, o), o, x);
        }
        return;
      }
      default:
        return;
    }
  }

  /** A constant of the build: `static const bool checks = false;`. */
  private isSetting(x: Expr): boolean {
    const e = strip(x);
    if (e.k !== 'id' || this.index.local(functionOf(e), e.name, e) !== null) return false;
    const d = this.index.global(e.name, this.index.fileOf(e));
    return d?.type.constant === true && d.type.pointer === 0 && d.type.array === 0;
  }

  private hard(r: Region, at: Node, what: string): void {
    this.say(r.node, 'decide', 'effect', at, what);
  }

  /** An object is written under the condition. */
  private written(r: Region, t: Target | null, left: Expr, at: Node): void {
    if (errorNumber.test(left.k === 'id' ? left.name : print(left).replace(/[*()]/g, ''))) return;
    if (t === null) {
      this.hard(r, at, `${print(left)} is written`);
      return;
    }
    if (isOwn(t) && t.decl !== null) {
      // Memory behind a pointer that came from somewhere else is not the local's own; text is followed as if it were.
      const elsewhere =
        t.type.pointer > 0 && t.type.array === 0 && (left.k === 'un' || left.k === 'idx' || left.k === 'mem');
      if (elsewhere && !isText(this.index, left.k === 'un' ? left.x : left.k === 'idx' ? left.object : left))
        this.hard(r, at, `${print(left)} is written`);
      else if (!r.whole)
        // Whatever the local decides from now on is decided by the value.
        this.local(
          r.node,
          t.decl,
          at,
          elsewhere || t.type.array > 0 ? r.mode | Mode.content : r.mode,
          r.node,
        );
      return;
    }
    if (t.kind === 'param') {
      if (left.k === 'id' || left.k === 'upd') {
        if (!r.whole && t.decl !== null) this.local(r.node, t.decl, at, r.mode, r.node);
      } else if (!r.whole) this.outParameter(r.node, t, at, r.mode);
      return;
    }
    this.graph.edge(r.node, {
      kind: 'effect',
      to: this.peers.object(t),
      at,
      text: `${nameOf(t)} is written`,
    });
  }

  private operated(r: Region, a: Access, at: Expr): void {
    if (a.operation === 'load' || a.operation === 'fence') {
      if (a.out !== null) this.receives(r, a.out, at);
      return;
    }
    if (a.target === null) this.hard(r, at, `${print(at)} writes an object that could not be named`);
    else {
      const x = a.targetExpr ?? at;
      // What an operation works on is what its argument points to.
      this.written(
        r,
        a.target,
        a.target.kind === 'param'
          ? { k: 'un', token: x.token, up: x, op: '*', x }
          : { k: 'mem', token: x.token, up: x, object: x, field: a.target.name, arrow: false },
        at,
      );
    }
  }

  private receives(r: Region, arg: Expr, at: Node): void {
    const t = targetOf(this.index, arg);
    if (t === null) return;
    if (t.kind === 'param' && t.decl !== null && isAddressOf(arg)) {
      if (!r.whole) this.local(r.node, t.decl, at, r.mode, r.node);
    } else if (t.kind === 'param') {
      if (!r.whole) this.outParameter(r.node, t, at, r.mode);
    } else if (isOwn(t)) {
      if (!r.whole) this.into(r.node, arg, at, r.mode);
    } else
      this.graph.edge(r.node, {
        kind: 'effect',
        to: this.peers.object(t),
        at,
        text: `${nameOf(t)} is written`,
      });
  }

  private called(r: Region, x: Call): void {
    if (this.seen(r, x)) return;
    for (const a of x.args) this.expression(r, a);
    if (x.callee.k !== 'id') this.expression(r, x.callee);
    const access = this.peers.accessAt(x);
    if (access !== undefined) {
      this.operated(r, access, x);
      return;
    }
    const name = calledName(x);
    if (asserting.test(name)) return;
    const functions = this.index.callees(x);
    if (functions.length === 0) {
      this.outside(r, x, name);
      return;
    }
    for (const f of functions) {
      const inner = this.effectsOf(f);
      this.graph.edge(r.node, { kind: 'effect', to: inner, at: x, text: `${f.name} is called` });
      for (const k of this.through.of(f)) {
        const arg = x.args[k];
        if (arg !== undefined) this.receives(r, arg, x);
      }
    }
  }

  /** A function that is not in the project, or not known by name. */
  private outside(r: Region, x: Call, name: string): void {
    const callee = calleeOf(x);
    const library = callee.k === 'id' && libraryName(name);
    const pointer =
      name === '' ||
      (callee.k === 'id'
        ? this.index.local(functionOf(x), name, x) !== null ||
          (!library && this.index.global(name, this.index.fileOf(x)) !== null)
        : this.isField(x));
    if (pointer) {
      // A registered function that gets text is an output function; any other may do whatever it wants.
      if (!this.isOutput(x) && !this.isTestHook(callee))
        this.hard(r, x, `a function is called through ${print(x.callee).slice(0, 40)}`);
      return;
    }
    if (printing.test(name)) {
      const buffer = formatting.test(name) ? x.args[0] : undefined;
      if (buffer !== undefined) this.receives(r, buffer, x);
      return;
    }
    if (copying.test(name) || filling.test(name)) {
      const buffer = x.args[0];
      if (buffer !== undefined) this.receives(r, buffer, x);
      return;
    }
    if (passing.test(name) || harmless.test(name) || unreachable.test(name)) return;
    if (r.debug && stopping.test(name)) return;
    if (
      x.callee.k === 'mem' &&
      /^(str|c_str|length|size|data|empty|flush|width|precision|good|load)$/.test(name)
    )
      return;
    this.hard(r, x, `${name} is called`);
  }

  /** A hook that says in its name that it is for tests, and that nothing but tests sets. */
  private isTestHook(callee: Expr): boolean {
    if (callee.k !== 'id' || !/(^|_)(unit_?)?tests?(_|$)/i.test(callee.name)) return false;
    return (this.index.uses.get(callee.name) ?? []).every(
      (u) => !(u.up?.k === 'asg' && u.up.left === u) || isTestFile(this.index.fileOf(u) ?? ''),
    );
  }

  private isField(x: Call): boolean {
    return x.callee.k === 'mem' && this.index.memberField(x.callee) !== null;
  }

  /** Whether a call through a pointer hands text to whoever registered for it. */
  protected isOutput(x: Call): boolean {
    const text = x.args.filter((a) => isText(this.index, a));
    const statement = x.up?.k === 'expr' || (x.up?.k === 'cast' && x.up.type.base === 'void');
    if (text.length === 0 || !statement || x.args.length > 3) return false;
    // One that only ever gets fixed words is told what happened, and may act on it.
    const written = (a: Expr): boolean => isText(this.index, a) && strip(a).k !== 'str';
    const calls = this.index.calls.get(calledName(x)) ?? [];
    return text.some(written) || calls.some((c) => c.args.some(written));
  }
}

function contains(outer: Node, inner: Node): boolean {
  for (let n: Node | null = inner; n !== null; n = n.up) if (n === outer) return true;
  return false;
}
