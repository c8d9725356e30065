/** Values across calls: arguments into functions, results and memory behind parameters back to whoever called. */
import { Effects } from './effects.ts';
import type { Access } from './access.ts';
import {
  type Call,
  type Decl,
  type Expr,
  type Func,
  type Lambda,
  type Node,
  functionOf,
  print,
  strip,
} from './ir.ts';
import {
  asserting,
  copying,
  filling,
  formatting,
  harmless,
  indifferent,
  passing,
  printing,
  reading,
  sizing,
  textMethods,
  textQueries,
} from './known.ts';
import { calledName, isAddressOf, isOwn, isText, nameOf } from './naming.ts';
import { inPhantom } from './unlive.ts';
import { type Target, isCell, targetOf } from './targets.ts';
import { Mode, ValueNode, exitMode, exitOf, exitParam, exitThrough } from './value-graph.ts';

const carried = Mode.inside | Mode.tests | Mode.update | Mode.compared;
/** What a value is once it has been read from memory. */
const read = ~(Mode.content | Mode.object);

export abstract class Calls extends Effects {
  private readonly results = new Map<Func, Map<number, ValueNode>>();
  private readonly outs = new Map<Decl, Map<number, ValueNode>>();
  private readonly methods = new Map<Func, Map<number, ValueNode>>();
  /** Calls that a node already listens to, by callee and argument. */
  private readonly heard = new Map<ValueNode, Set<string>>();

  /** The node of a parameter that receives the value in a followed call. */
  protected abstract parameter(d: Decl, mode: number): ValueNode;
  /** An access is made on an object that the value's memory is. */
  abstract operation(node: ValueNode, a: Access, mode: number): void;

  protected object(node: ValueNode, t: Target, at: Node): void {
    this.graph.edge(node, { kind: 'object', to: this.peers.object(t), at, text: nameOf(t) });
  }

  /** The memory that an argument points to carries the value. */
  into(node: ValueNode, arg: Expr, at: Node, mode: number): void {
    const plain = strip(arg);
    if (plain.k === 'num' || (plain.k === 'id' && /^(NULL|nullptr|stdout|stderr)$/.test(plain.name))) return;
    const t = targetOf(this.index, arg);
    if (t === null)
      this.say(
        node,
        'unknown',
        'none',
        at,
        `It is written through ${print(arg)}, which could not be followed.`,
      );
    else if (t.kind === 'param' && t.decl !== null && isAddressOf(arg))
      this.local(node, t.decl, at, mode & read);
    else if (t.kind === 'param') this.outParameter(node, t, at, mode);
    else if (isOwn(t) && t.decl !== null) {
      const pointed = t.type.pointer + t.type.array > 0 || this.index.structOf(t.type) !== null;
      this.local(node, t.decl, at, pointed ? mode | Mode.content : mode & read);
    } else this.object(node, t, at);
  }

  /** `*out = value`: what the callers put there. */
  outParameter(node: ValueNode, t: Target, at: Node, mode: number): void {
    const f = t.func;
    if (f === null || t.decl === null) return;
    // The rest of this function sees it too.
    this.local(node, t.decl, at, mode | Mode.content);
    if ((mode & Mode.inside) !== 0) {
      this.graph.exit(node, exitThrough(t.param, mode));
      return;
    }
    this.graph.edge(node, { kind: 'value', to: this.out(f, t, mode & carried), at, text: '' });
  }

  private out(f: Func, t: Target, mode: number): ValueNode {
    const d = t.decl as Decl;
    let byMode = this.outs.get(d);
    if (byMode === undefined) {
      byMode = new Map();
      this.outs.set(d, byMode);
    }
    let n = byMode.get(mode);
    if (n === undefined) {
      n = new ValueNode(false, (node) => {
        const calls = this.callersOf(f);
        const live = calls.filter((c) => !this.skips(c, mode));
        if (live.length === 0) this.handed(node, f, d, calls.length > 0, mode);
        for (const c of live) {
          const arg = c.args[t.param];
          if (arg !== undefined) this.into(node, arg, c, mode);
        }
      });
      byMode.set(mode, n);
    }
    return n;
  }

  /** A value leaves through a function that nothing but tests calls. */
  private handed(node: ValueNode, f: Func, at: Node, tested: boolean, mode: number): void {
    const who = tested ? 'only tests call' : 'nothing in the project calls';
    if ((mode & (Mode.update | Mode.compared)) !== 0)
      this.say(
        node,
        'unknown',
        'returned',
        at,
        (mode & Mode.compared) !== 0
          ? `${f.name}, which ${who}, answers with what a comparison of it says.`
          : `${f.name}, which ${who}, hands out the result of an update.`,
      );
    else
      this.say(
        node,
        'observe',
        'returned',
        at,
        `It is handed to the caller of ${f.name}, which ${who}: an introspection function.`,
      );
  }

  returned(node: ValueNode, at: Node, mode: number): void {
    const lambda = lambdaOf(at);
    if (lambda !== null) {
      this.fromLambda(node, lambda, at, mode);
      return;
    }
    const f = functionOf(at);
    if (f === null || (f.returns.base === 'void' && f.returns.pointer === 0)) return;
    if ((mode & Mode.inside) !== 0) {
      this.graph.exit(node, exitOf(mode));
      return;
    }
    if (this.peers.entry(f)) {
      this.say(node, 'decide', 'address', at, `It is the result of ${f.name}, an allocation entry point.`);
      return;
    }
    this.graph.edge(node, {
      kind: 'value',
      to: this.result(f, mode & (carried | Mode.content)),
      at,
      text: '',
    });
  }

  private fromLambda(node: ValueNode, lambda: Lambda, at: Node, mode: number): void {
    const holder = lambda.up;
    const f = functionOf(lambda);
    if (holder?.k === 'decl' && f !== null) {
      for (const use of this.index.usesOf(holder)) {
        if (use.up?.k === 'call' && use.up.callee === use) this.follow(node, use.up, mode);
        else this.say(node, 'unknown', 'returned', at, 'A lambda that is handed on answers with it.');
      }
      return;
    }
    if (holder?.k === 'call' && holder.callee === lambda) this.follow(node, holder, mode);
    else
      this.say(node, 'unknown', 'returned', at, 'A lambda answers with it, whose calls were not followed.');
  }

  /** What a function answers, wherever it is called. */
  private result(f: Func, mode: number): ValueNode {
    let byMode = this.results.get(f);
    if (byMode === undefined) {
      byMode = new Map();
      this.results.set(f, byMode);
    }
    let n = byMode.get(mode);
    if (n === undefined) {
      n = new ValueNode(false, (node) => this.results_(node, f, mode));
      byMode.set(mode, n);
    }
    return n;
  }

  private results_(node: ValueNode, f: Func, mode: number): void {
    if (/^operator\b/.test(f.name)) {
      this.say(
        node,
        'unknown',
        'returned',
        f,
        `${f.name} answers with it, whose uses are not written as calls.`,
      );
      return;
    }
    const calls = this.callersOf(f);
    const live = calls.filter((c) => !this.skips(c, mode));
    const pointed = (this.index.uses.get(f.name) ?? []).some(
      (u) => !(u.up?.k === 'call' && u.up.callee === u) && !this.skips(u, mode),
    );
    if (pointed)
      this.say(node, 'unknown', 'returned', f, `${f.name} answers with it and is called through a pointer.`);
    else if (live.length === 0) this.handed(node, f, f, calls.length > 0, mode);
    for (const c of live) this.follow(node, c, mode);
  }

  /** The value is an argument of a call. */
  protected argument(node: ValueNode, call: Call, arg: Expr, mode: number): void {
    const at = call.args.indexOf(arg);
    const name = calledName(call);
    const access = this.peers.accessAt(call);
    if (access !== undefined) {
      // What a wrapper takes beside the object and the value goes on inside it.
      if (this.operand(node, call, access, arg, mode) || access.wrapper === null) return;
    }
    if (asserting.test(name)) {
      this.say(node, 'observe', 'none', call, 'Checked in an assertion only.');
      return;
    }
    const known = this.index.callees(call);
    // `Holder(x)` makes an object: its constructor gets the argument.
    const functions =
      known.length > 0 ? known : (this.index.byName.get(name) ?? []).filter((f) => f.owner === name);
    if (functions.length === 0) {
      if (inPhantom(this.index, call)) return;
      if ((mode & Mode.content) !== 0) this.contentOutside(node, call, at, name, mode);
      else this.valueOutside(node, call, arg, at, name, mode);
      return;
    }
    for (const f of functions) {
      const param = f.params[at];
      if (param !== undefined) {
        this.enter(node, call, f, at, this.parameter(param, (mode & ~Mode.inside) | Mode.inside), mode);
        continue;
      }
      // Variadic: a printer of the project's own when it takes a format.
      if (f.params.some((p) => p.type.base === 'char' && p.type.pointer > 0))
        this.say(node, 'observe', 'none', arg, `Printed by ${f.name}.`);
      else this.say(node, 'unknown', 'none', call, `It is a variadic argument of ${f.name}.`);
    }
  }

  /** Into a function and out of it again at the same call. */
  private enter(node: ValueNode, call: Call, f: Func, at: number, to: ValueNode, mode: number): void {
    this.graph.edge(node, { kind: 'value', to, at: call, text: '' });
    const key = `${call.token.start}:${f.file}:${f.start}:${at}:${mode}`;
    let keys = this.heard.get(node);
    if (keys === undefined) {
      keys = new Set();
      this.heard.set(node, keys);
    }
    if (keys.has(key)) return;
    keys.add(key);
    const kept = mode & (Mode.inside | Mode.tests);
    this.graph.onExit(to, (exit) => {
      const back = kept | exitMode(exit);
      const through = exitParam(exit);
      if (through < 0) {
        if (this.peers.entry(f))
          this.say(node, 'decide', 'address', call, `It steers the result of ${f.name}.`);
        this.follow(node, call, back);
        return;
      }
      // What comes back through the parameter that it went in by is known where it came from.
      const out = call.args[through];
      if (out !== undefined && through !== at) this.into(node, out, call, back);
      else if (out !== undefined && (mode & Mode.content) === 0) this.into(node, out, call, back);
    });
  }

  /** A method of a class around a single word runs on the object. */
  protected method(node: ValueNode, call: Call, f: Func, mode: number): void {
    const m = (mode & ~Mode.content) | Mode.inside;
    let byMode = this.methods.get(f);
    if (byMode === undefined) {
      byMode = new Map();
      this.methods.set(f, byMode);
    }
    let n = byMode.get(m);
    if (n === undefined) {
      n = new ValueNode(false, (inner) => this.methodBody(inner, f, m), (m & Mode.object) !== 0);
      byMode.set(m, n);
    }
    this.enter(node, call, f, -1, n, mode);
  }

  private methodBody(node: ValueNode, f: Func, mode: number): void {
    for (const n of this.index.nodes(f)) {
      const a = this.peers.accessAt(n);
      if (a !== undefined && a.targetExpr !== null) {
        const t = a.target;
        if (t !== null && t.kind === 'field' && this.ownCell(f, t)) this.operation(node, a, mode);
      } else if (n.k === 'call') {
        const own = n.callee.k === 'id' || (n.callee.k === 'mem' && print(n.callee.object) === 'this');
        if (!own) continue;
        for (const g of this.index.callees(n))
          if (g.owner === f.owner && g !== f) this.method(node, n, g, mode);
      } else if ((n.k === 'id' || n.k === 'mem') && n.up?.k !== 'mem') {
        const t = this.plainCell(f, n);
        if (t) this.follow(node, n, mode);
      }
    }
  }

  private ownCell(f: Func, t: Target): boolean {
    return t.owner === f.owner && f.owner !== null;
  }

  /** A plain mention of the class's own word, outside atomic operations. */
  private plainCell(f: Func, n: Expr): boolean {
    for (let p: Node | null = n; p !== null && p.k !== 'expr'; p = p.up)
      if (this.peers.accessAt(p) !== undefined) return false;
    const t = targetOf(this.index, n);
    return t !== null && t.kind === 'field' && this.ownCell(f, t);
  }

  /** The value takes part in an atomic operation. */
  private operand(node: ValueNode, call: Call, a: Access, arg: Expr, mode: number): boolean {
    const name = calledName(call);
    const content = (mode & Mode.content) !== 0;
    if (a.targetExpr === arg || (a.targetExpr !== null && strip(a.targetExpr) === strip(arg))) {
      if (!content) this.say(node, 'decide', 'address', call, `It is the address that ${name} works on.`);
      else this.operation(node, a, mode);
      return true;
    }
    if (
      a.value === arg ||
      (a.value !== null && strip(a.value) === strip(arg)) ||
      a.out === arg ||
      a.operation === 'compare_exchange'
    ) {
      if (a.out === arg && a.operation !== 'compare_exchange') return true;
      if (a.target === null)
        this.say(
          node,
          'unknown',
          'none',
          call,
          `It is written by ${name} to an object that could not be named.`,
        );
      else if (a.target.kind === 'param') this.outParameter(node, a.target, call, mode & read);
      else if (isOwn(a.target) && a.target.decl !== null) this.local(node, a.target.decl, call, mode & read);
      else this.object(node, a.target, call);
      return true;
    }
    return false;
  }

  private valueOutside(node: ValueNode, call: Call, arg: Expr, at: number, name: string, mode: number): void {
    if (name === '__builtin_expect' || passing.test(name)) {
      this.follow(node, call, mode);
      return;
    }
    if (printing.test(name)) {
      this.printed(node, call, name, at, mode);
      return;
    }
    if (sizing.test(name)) {
      this.say(node, 'decide', 'size', call, `It is an argument of ${name}.`);
      return;
    }
    if (harmless.test(name) || reading.test(name) || /^_*(builtin_+)?(memcpy|memset)/.test(name)) {
      // A constant's position in a text, a size of what is compared.
      this.follow(node, call, mode | Mode.compared);
      return;
    }
    const what = name === '' ? 'a function that is called through a pointer' : name;
    if (this.isPointer(arg))
      this.say(
        node,
        'decide',
        'handed',
        call,
        `The address that it holds is handed to ${what}, which is not in the project.`,
      );
    else this.say(node, 'unknown', 'none', call, `It is passed to ${what}, which is not in the project.`);
  }

  /** Whether a value is an address, by its type or by the type of the object that it was read from. */
  private isPointer(x: Expr): boolean {
    const e = strip(x);
    const a = this.peers.accessAt(e);
    const t = a?.target?.type ?? this.index.typeOf(x) ?? this.index.typeOf(e);
    if (t === null || t === undefined) return false;
    const r = this.index.resolve(t);
    return r.pointer > 0 || r.callable || /\*/.test(r.args);
  }

  private printed(node: ValueNode, call: Call, name: string, at: number, mode: number): void {
    this.say(node, 'observe', 'none', call.args[at] ?? call, `Printed by ${name}.`);
    this.follow(node, call, (mode & read) | Mode.compared);
    const buffer = formatting.test(name) && at > 0 ? call.args[0] : undefined;
    if (buffer !== undefined) this.into(node, buffer, call, mode & read);
  }

  /** Memory that carries the value goes to a function outside the project. */
  private contentOutside(node: ValueNode, call: Call, at: number, name: string, mode: number): void {
    const arg = call.args[at];
    if (printing.test(name)) {
      if (!(formatting.test(name) && at === 0)) this.printed(node, call, name, at, mode);
      return;
    }
    if (copying.test(name)) {
      const to = call.args[0];
      if (at === 1 && to !== undefined) this.into(node, to, call, mode & read);
      if (at === 0) this.follow(node, call, mode);
      return;
    }
    if (filling.test(name) || indifferent.test(name)) {
      if (/^strto/.test(name)) this.follow(node, call, (mode & read) | Mode.compared);
      return;
    }
    if (reading.test(name)) {
      const pointer = /^(str|mem)r?(chr|str)$/.test(name);
      this.follow(node, call, pointer ? mode : (mode & read) | Mode.compared);
      return;
    }
    if (passing.test(name)) {
      this.follow(node, call, mode);
      return;
    }
    if (sizing.test(name)) {
      this.say(node, 'decide', 'size', call, `It is in what ${name} gets.`);
      return;
    }
    if (
      arg !== undefined &&
      isText(this.index, arg) &&
      this.isOutput(call) &&
      this.isPointerCall(call, name)
    ) {
      this.say(node, 'observe', 'none', call, `Written by the output function behind ${print(call.callee)}.`);
      return;
    }
    this.say(
      node,
      'unknown',
      'none',
      call,
      `Its address is passed to ${name || 'a function pointer'}, which is not in the project.`,
    );
  }

  private isPointerCall(call: Call, name: string): boolean {
    if (call.callee.k === 'id')
      return (
        this.index.local(functionOf(call), name, call) !== null ||
        this.index.global(name, this.index.fileOf(call)) !== null
      );
    return true;
  }

  /** `x.method(...)` on what carries the value. */
  protected member(node: ValueNode, call: Call, object: Expr, mode: number): void {
    const functions = this.index.callees(call);
    const name = calledName(call);
    if (functions.length > 0) {
      for (const f of functions) {
        const struct = f.owner === null ? null : (this.index.structs.get(f.owner)?.[0] ?? null);
        if (isCell(this.index, struct)) this.method(node, call, f, mode);
      }
      return;
    }
    const access = this.peers.accessAt(call);
    if (access !== undefined) {
      if (access.targetExpr !== null && strip(access.targetExpr) === strip(object))
        this.operation(node, access, mode);
      return;
    }
    if (textMethods.test(name)) this.follow(node, call, mode);
    else if (textQueries.test(name)) this.follow(node, call, (mode & read) | Mode.compared);
  }
}

/** The lambda around a node inside its function, null without. */
export function lambdaOf(at: Node): Lambda | null {
  for (let n: Node | null = at; n !== null && n.k !== 'func'; n = n.up) if (n.k === 'lambda') return n;
  return null;
}
