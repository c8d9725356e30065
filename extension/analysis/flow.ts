/**
 * Follows one value from where it is read to everything that it can influence. The answer for each end of the way:
 * it is only observed (printed, discarded, added to other telemetry), it decides something, or it got out of sight.
 */
import type { Access } from './access.ts';

import {
  type Decl,
  type Expr,
  type If,
  type Loop,
  type Node,
  type Stmt,
  functionOf,
  idOf,
  print,
  strip,
  walk,
} from './ir.ts';
import { streams } from './known.ts';
import { inAssertion, isAddressOf, isOwn, isText } from './naming.ts';
import { Reaching } from './reaching.ts';
import { Stores } from './stores.ts';
import { targetOf } from './targets.ts';
import { Mode, ValueNode } from './value-graph.ts';
import { jumpsBack, loopOf, waits } from './waiting.ts';

const comparing = /^([=!]=|[<>]=?|&&|\|\||<=>)$/;

type Test = If | Loop | Extract<Stmt, { k: 'switch' }>;

/** A condition's text, short enough for a sentence. */
function shown(x: Expr): string {
  const text = print(x);
  return text.length > 70 ? `${text.slice(0, 69)}…` : text;
}

export class Flow extends Stores {
  private readonly locals = new Map<Decl, Map<string, ValueNode>>();
  private readonly conditions = new Map<Node, Map<number, ValueNode>>();
  private readonly reaching: Reaching = this.base instanceof Flow ? this.base.reaching : new Reaching();
  private readonly ordinals = new Map<Node | ValueNode, number>();

  /** The value of `x` goes on from `node`, which has been told where it came from. */
  follow(node: ValueNode, x: Expr, given: number): void {
    const mode = (given & Mode.object) === 0 || this.staysObject(x, given) ? given : given & ~Mode.object;
    // One visit for every way of carrying the value.
    if (!node.visit(x, (mode & 7) | (mode & Mode.object ? 8 : 0))) return;
    if (inAssertion(x.token)) {
      this.say(node, 'observe', 'none', x, 'Checked in an assertion only.');
      return;
    }
    const p = x.up;
    if (p === null) return;
    const content = (mode & Mode.content) !== 0;
    // An element or a member of the object is still the object, until it is read.
    const value = mode & ~Mode.content;
    switch (p.k) {
      case 'expr': {
        // The last statement of a statement expression is its value.
        const outer = p.up;
        if (outer?.k === 'stmtx' && outer.body[outer.body.length - 1] === p) this.follow(node, outer, mode);
        return;
      }
      case 'cast':
        if (p.type.base === 'void' && p.type.pointer === 0) return;
        this.follow(node, p, mode);
        return;
      case 'choice':
        this.follow(node, p, mode);
        return;
      case 'comma':
        if (p.items[p.items.length - 1] === x) this.follow(node, p, mode);
        return;
      case 'un':
        this.unary(node, p, mode);
        return;
      case 'bin':
        this.binary(node, p, x, mode);
        return;
      case 'cond':
        if (p.test === x) {
          if (!content) this.choose(node, p, mode);
        } else this.follow(node, p, mode);
        return;
      case 'asg':
        if (p.right === x) this.assigned(node, p, mode);
        else if (!content && p.op !== '=') this.follow(node, p, mode | Mode.update);
        return;
      case 'upd':
        this.follow(node, p, content ? mode : mode | Mode.update);
        return;
      case 'decl':
        this.declared(node, p, x, mode);
        return;
      case 'init':
        this.aggregate(node, p, x, mode);
        return;
      case 'call':
        if (p.callee !== x) this.argument(node, p, x, mode);
        else if (!content) this.say(node, 'decide', 'called', p, 'It is called as a function.');
        return;
      case 'idx':
        if (p.index === x) {
          if (!content) this.index_(node, p, mode);
        } else if (content || this.chosenText(x, mode)) this.follow(node, p, value);
        else this.say(node, 'decide', 'address', p, `It is used as an address: ${print(p)}.`);
        return;
      case 'mem':
        if (p.up?.k === 'call' && p.up.callee === p) this.member(node, p.up, x, mode);
        else if (content) this.follow(node, p, value);
        else if (p.arrow) this.say(node, 'decide', 'address', p, `It is dereferenced: ${print(p)}.`);
        else this.follow(node, p, mode);
        return;
      case 'if':
      case 'loop':
      case 'switch':
        if (!content && p.test === x) this.condition(node, p, x, mode);
        return;
      case 'return':
        if (!content || this.memoryLasts(x)) this.returned(node, p, mode);
        return;
      case 'asm': {
        const a = this.peers.accessAt(p);
        if (p.outputs.includes(x)) return;
        if (a !== undefined && a.target !== null) {
          // An operand beside the object: what is added or stored.
          const own = targetOf(this.index, x);
          if (own?.key !== a.target.key) this.object(node, a.target, p);
        } else this.say(node, 'unknown', 'none', p, 'It enters inline assembly.');
        return;
      }
      default:
        return;
    }
  }

  /** The address of an object, or a pointer: what it points to is still there for the caller. */
  protected memoryLasts(x: Expr): boolean {
    const t = this.index.typeOf(x);
    return t === null || this.index.resolve(t).pointer + this.index.resolve(t).array > 0;
  }

  /** A text that a comparison picked: reading it depends on the value, but addresses nothing by it. */
  private chosenText(x: Expr, mode: number): boolean {
    return (mode & Mode.compared) !== 0 && isText(this.index, x);
  }

  private unary(node: ValueNode, p: Extract<Expr, { k: 'un' }>, mode: number): void {
    const content = (mode & Mode.content) !== 0;
    if (p.op === '*') {
      if (content || this.chosenText(p.x, mode)) this.follow(node, p, mode & ~Mode.content);
      else this.say(node, 'decide', 'address', p, `Its value is dereferenced: ${print(p)}.`);
    } else if (p.op === '&') this.follow(node, p, mode | Mode.content);
    else if (content) return;
    else this.follow(node, p, p.op === '!' ? mode | Mode.compared : mode);
  }

  private binary(node: ValueNode, p: Extract<Expr, { k: 'bin' }>, x: Expr, mode: number): void {
    const content = (mode & Mode.content) !== 0;
    if (content) {
      // Pointer arithmetic stays on the object; comparing addresses says nothing about what lies there.
      if (p.op === '+' || p.op === '-') this.follow(node, p, mode);
      else if (p.op === '<<' && p.left !== x) this.streamed(node, p, mode);
      else if (comparing.test(p.op) && !this.memoryLasts(x))
        this.follow(node, p, (mode & ~Mode.content) | Mode.compared);
      return;
    }
    if ((p.op === '&&' || p.op === '||') && p.left === x) {
      this.guarded(node, p, [p.right], `${shown(x)} ${p.op} …`, mode);
    }
    if (p.op === '<<' && p.left !== x && this.isStream(p.left)) {
      this.streamed(node, p, mode);
      return;
    }
    this.follow(node, p, comparing.test(p.op) ? mode | Mode.compared : mode);
  }

  /** Written with `<<`: the text that the stream holds carries it on. */
  private streamed(node: ValueNode, p: Extract<Expr, { k: 'bin' }>, mode: number): void {
    this.say(node, 'observe', 'none', p, 'Written to a stream.');
    let x: Expr = p.left;
    while (x.k === 'bin' && x.op === '<<') x = x.left;
    const t = x.k === 'id' ? targetOf(this.index, x) : null;
    if (t !== null && t.decl !== null && isOwn(t) && streams.test(t.type.base))
      this.local(node, t.decl, p, mode | Mode.content);
    else if (t !== null && t.kind === 'param' && t.decl !== null) this.outParameter(node, t, p, mode);
  }

  private isStream(x: Expr): boolean {
    if (x.k === 'bin' && x.op === '<<') return this.isStream(x.left);
    if (x.k === 'id' && /^(cout|cerr|clog)$/.test(x.name)) return true;
    const t = this.index.typeOf(x);
    return t !== null && streams.test(t.base);
  }

  /** `a && b`, `test ? a : b`: what is evaluated hangs on the value. */
  private guarded(node: ValueNode, at: Expr, dependents: readonly Expr[], text: string, mode: number): void {
    if (!dependents.some((d) => acts(d))) return;
    const c = this.conditionNode(at, mode, (n) => {
      this.depends(
        n,
        null,
        dependents.map((d) => ({ k: 'expr', token: d.token, up: at, x: d })),
        mode,
      );
    });
    this.link(node, c, at, text, 'condition', mode);
  }

  private choose(node: ValueNode, p: Extract<Expr, { k: 'cond' }>, mode: number): void {
    this.guarded(node, p, [p.yes, p.no], shown(p.test), mode);
    this.follow(node, p, mode | Mode.compared);
  }

  /** An element of a table of constants is a value like another; any other index addresses memory. */
  private index_(node: ValueNode, p: Extract<Expr, { k: 'idx' }>, mode: number): void {
    const object = strip(p.object);
    const t = this.index.typeOf(p.object);
    const fixed = object.k === 'str' || (t?.constant === true && t.array > 0);
    const read = p.up?.k !== 'un' && !(p.up?.k === 'asg' && p.up.left === p);
    if (fixed && read) this.follow(node, p, mode | Mode.compared);
    else this.say(node, 'decide', 'index', p, `It indexes ${print(p.object)}.`);
  }

  /** All uses of a local that `def` gave the value to. */
  local(node: ValueNode, d: Decl, def: Node | null, mode: number, under?: ValueNode): void {
    if (d.isStatic || d.isThread) {
      const t = targetOf(this.index, idOf(d));
      if (t !== null) this.object(node, t, def ?? d);
      return;
    }
    const array = d.type.array > 0 && d.type.pointer === 0;
    const to = this.localNode(d, def, array ? mode | Mode.content : mode, under);
    this.link(node, to, def ?? d, '', 'value', mode);
  }

  private link(
    from: ValueNode,
    to: ValueNode,
    at: Node,
    text: string,
    kind: 'value' | 'condition',
    mode: number,
  ): void {
    this.graph.edge(from, { kind, to, at, text });
    if ((mode & Mode.inside) !== 0) this.graph.within(from, to);
  }

  protected reaches(d: Decl, at: Node, use: Node): boolean {
    return this.reaching.reaches(d, at, use);
  }

  private localNode(d: Decl, def: Node | null, mode: number, under?: ValueNode): ValueNode {
    let byKey = this.locals.get(d);
    if (byKey === undefined) {
      byKey = new Map();
      this.locals.set(d, byKey);
    }
    const key = `${this.ordinal(def)}:${mode}:${under === undefined ? 0 : this.ordinal(under)}`;
    let n = byKey.get(key);
    if (n === undefined) {
      n = new ValueNode(
        false,
        (inner) => {
          for (const use of this.index.usesOf(d)) {
            if (def !== null && def !== d && !this.reaching.reaches(d, def, use)) continue;
            if (def === null && !this.reaching.reaches(d, d, use)) continue;
            if (under !== undefined && runsUnder(under, use)) continue;
            if (this.expected(inner, use, mode)) continue;
            this.follow(inner, use, mode);
          }
        },
        (mode & Mode.object) !== 0,
      );
      byKey.set(key, n);
    }
    return n;
  }

  /** An expression that names the object, or its address, as opposed to a value that is read from it. */
  private staysObject(x: Expr, mode: number): boolean {
    if ((mode & Mode.content) !== 0) return true;
    const p = x.up;
    if (p === null) return false;
    if (p.k === 'call' && p.callee !== x) {
      const at = p.args.indexOf(x);
      return this.index.callees(p).some((f) => f.params[at]?.type.text.includes('&'));
    }
    return (
      (p.k === 'un' && p.op === '&') ||
      p.k === 'mem' ||
      p.k === 'choice' ||
      (p.k === 'idx' && p.object === x) ||
      (p.k === 'init' && this.bindsReference(p, x))
    );
  }

  private ordinal(of: Node | ValueNode | null): number {
    if (of === null) return 0;
    const n = this.ordinals.get(of) ?? this.ordinals.size + 1;
    this.ordinals.set(of, n);
    return n;
  }

  /** `&local` as the expected value of a compare-exchange: it decides whether that succeeds. */
  private expected(node: ValueNode, use: Expr, mode: number): boolean {
    const p = use.up;
    if (p?.k !== 'un' || p.op !== '&' || p.up?.k !== 'call') return false;
    const a = this.peers.accessAt(p.up);
    if (a === undefined || a.out !== p) return false;
    if (a.operation === 'compare_exchange' && a.target !== null) {
      if (a.target.kind === 'param') {
        if (a.target.func !== null) this.outParameter(node, a.target, p.up, mode & ~Mode.content);
      } else if (!isOwn(a.target)) this.object(node, a.target, p.up);
    }
    return true;
  }

  protected parameter(d: Decl, mode: number): ValueNode {
    const reference = d.type.text.includes('&') && d.type.pointer === 0;
    return this.localNode(d, null, reference ? mode & ~Mode.content : mode);
  }

  /** An operation on the memory that carries the value: what it reads is the value. */
  operation(node: ValueNode, a: Access, mode: number): void {
    if ((mode & Mode.object) !== 0) node.accesses.push(a);
    const value = (mode & ~(Mode.content | Mode.object)) | (a.operation === 'load' ? 0 : Mode.update);
    if (a.yields) {
      if (discarded(a.node)) {
        if (a.operation !== 'load') this.unused(node, a);
      } else this.follow(node, a.node, value);
    } else if (a.operation !== 'load' && a.operation !== 'fence') this.unused(node, a);
    // Inline assembly hands the old value out through its operands.
    if (a.node.k === 'asm') for (const o of a.node.outputs) this.received(node, o, a, value);
    if (
      a.out !== null &&
      (a.operation === 'load' || a.operation === 'compare_exchange' || a.operation === 'exchange')
    )
      this.received(node, a.out, a, value);
  }

  private unused(node: ValueNode, a: Access): void {
    const reason =
      a.operation === 'store' || a.operation === 'clear'
        ? 'It is written here.'
        : `The result of this ${a.operation} is discarded.`;
    this.say(node, 'observe', 'discarded', a.node, reason);
  }

  /** The object whose address receives an old value. */
  private received(node: ValueNode, out: Expr, a: Access, mode: number): void {
    const e = strip(out);
    const x = e.k === 'un' && e.op === '&' ? e.x : e;
    const t = targetOf(this.index, x);
    if (t === null)
      this.say(
        node,
        'unknown',
        'none',
        a.node,
        `It is read into ${print(out)}, which could not be followed.`,
      );
    else if (t.decl !== null && (isOwn(t) || (t.kind === 'param' && isAddressOf(out))))
      this.local(node, t.decl, a.node, mode);
    else if (t.kind === 'param') this.outParameter(node, t, a.node, mode);
    else this.object(node, t, a.node);
  }

  private waits(p: Test, test: Expr): boolean {
    const at = this.peers.accessAt;
    if (p.k === 'loop') return waits(at, p, test);
    if (p.k !== 'if') return false;
    const loop = loopOf(p);
    if (loop !== null && waits(at, loop, test)) return true;
    const f = functionOf(p);
    return f !== null && jumpsBack(at, p, f);
  }

  private conditionNode(at: Node, mode: number, expand: (n: ValueNode) => void): ValueNode {
    let byMode = this.conditions.get(at);
    if (byMode === undefined) {
      byMode = new Map();
      this.conditions.set(at, byMode);
    }
    let n = byMode.get(mode);
    if (n === undefined) {
      n = new ValueNode(false, expand);
      byMode.set(mode, n);
    }
    return n;
  }

  /** A condition tests the value: harmless only when all that hangs on it is telemetry. */
  private condition(node: ValueNode, p: Test, test: Expr, mode: number): void {
    if (this.waits(p, test)) {
      this.say(node, 'decide', 'wait', p, 'A loop waits until it changes.');
      return;
    }
    const c = this.conditionNode(p, mode, (n) => {
      const dependents: Stmt[] = p.k === 'if' ? (p.no === null ? [p.yes] : [p.yes, p.no]) : [p.body];
      if (p.k === 'loop' && p.step !== null)
        dependents.push({ k: 'expr', token: p.step.token, up: p, x: p.step });
      this.depends(n, p, dependents, mode);
    });
    this.link(node, c, p, shown(test), 'condition', mode);
  }
}

/** Nobody takes the result of an expression. */
export function discarded(node: Node): boolean {
  let n: Node = node;
  let p = node.up;
  while (p !== null) {
    if (p.k === 'comma' && p.items[p.items.length - 1] !== n) return true;
    if (p.k === 'cast' && p.type.base === 'void' && p.type.pointer === 0) return true;
    if (p.k !== 'comma' && p.k !== 'choice') break;
    n = p;
    p = p.up;
  }
  if (p === null) return true;
  return p.k === 'expr' && !(p.up?.k === 'stmtx' && p.up.body[p.up.body.length - 1] === p);
}

/** Whether a use stands among the statements that hang on a condition as a whole. */
function runsUnder(condition: ValueNode, use: Node): boolean {
  for (let n: Node | null = use; n !== null && n.k !== 'func'; n = n.up) if (condition.took(n)) return true;
  return false;
}

/** Whether evaluating an expression can do anything. */
function acts(x: Expr): boolean {
  let hit = false;
  walk(x, (n) => {
    if (n.k === 'call' || n.k === 'asg' || n.k === 'upd' || n.k === 'asm') hit = true;
  });
  return hit;
}
