/**
 * Follows one value from where it is read to everything that it can influence. The answer for each end of the way:
 * it is only observed (printed, discarded, added to other telemetry), it decides something, or it got out of sight.
 */
import type { Access } from './access.ts';
import type { Index } from './index.ts';
import {
  type Call,
  type CondX,
  type Decl,
  type Expr,
  type Func,
  type If,
  type Loop,
  type Node,
  type Stmt,
  functionOf,
  print,
  strip,
  walk,
} from './ir.ts';
import { type Target, targetOf } from './targets.ts';
import type { Token } from './tokens.ts';

export type Level = 'observe' | 'unknown' | 'decide';
export type Hint =
  | 'condition'
  | 'address'
  | 'index'
  | 'size'
  | 'wait'
  | 'compare'
  | 'identity'
  | 'returned'
  | 'none';

export interface Finding {
  readonly level: Level;
  readonly hint: Hint;
  readonly token: Token;
  readonly file: string;
  readonly reason: string;
}

/** What the follower asks of the classifier about other variables. */
export interface Peers {
  /** Level of a variable that receives the value; in-progress ones count as observing. */
  levelOf(target: Target): Level;
  accessAt(node: Node): Access | undefined;
  entry(f: Func): boolean;
}

const printing =
  /^(_*v?f?printf(_chk)?|_*v?s?n?printf(_chk)?|_*v?dprintf|_*v?asprintf|fputs|puts|putc|fputc|putchar|fwrite|perror|syslog|vsyslog|fflush|write|writev|strftime|cout|cerr|OutputDebugString\w*)$/;
const passing =
  /^(abs|labs|llabs|fabs|__builtin_(clz|ctz|popcount|expect|expect_with_probability|bswap|assume_aligned)\w*|min|max|std::min|std::max|htonl|ntohl|static_cast|u?int\d*|size_t|double|float|strdup)$/;
const sizing =
  /^(mmap|munmap|madvise|mprotect|mremap|sbrk|malloc|calloc|realloc|memset|memcpy|memmove|nanosleep|usleep|sleep|sched_yield|syscall|futex|pthread_\w+|VirtualAlloc)$/;
const asserting = /assert/i;
const maxWork = 4000;

export function inAssertion(token: Token): boolean {
  for (let v = token.via; v !== null; v = v.parent) if (asserting.test(v.name)) return true;
  return false;
}

export class Flow {
  readonly found: Finding[] = [];
  private readonly visited = new Set<Node>();
  private readonly objects = new Set<string>();
  private work = 0;
  private readonly observers: Map<Func, boolean>;

  constructor(
    private readonly index: Index,
    private readonly peers: Peers,
    readonly self: string,
    observers: Map<Func, boolean>,
  ) {
    this.observers = observers;
  }

  private say(level: Level, hint: Hint, node: Node, reason: string): void {
    const file = this.index.fileOf(node) ?? '';
    if (this.found.some((f) => f.token.start === node.token.start && f.file === file && f.reason === reason))
      return;
    this.found.push({ level, hint, token: node.token, file, reason });
  }

  get decided(): boolean {
    return this.found.some((f) => f.level === 'decide');
  }

  /** Follows the value of an expression. */
  follow(x: Expr, depth = 0): void {
    if (this.visited.has(x)) return;
    this.visited.add(x);
    if (++this.work > maxWork || depth > 40) {
      if (this.work === maxWork + 1)
        this.say('unknown', 'none', x, 'The value has more uses than were followed.');
      return;
    }
    if (inAssertion(x.token)) {
      this.say('observe', 'none', x, 'Checked in an assertion only.');
      return;
    }
    const p = x.up;
    if (p === null) return;
    switch (p.k) {
      case 'expr': {
        // The last statement of a statement expression is its value.
        const outer = p.up;
        if (outer?.k === 'stmtx' && outer.body[outer.body.length - 1] === p) this.follow(outer, depth + 1);
        return;
      }
      case 'cast':
        if (p.type.base === 'void' && p.type.pointer === 0) return;
        this.follow(p, depth + 1);
        return;
      case 'choice':
        this.follow(p, depth + 1);
        return;
      case 'comma':
        if (p.items[p.items.length - 1] === x) this.follow(p, depth + 1);
        return;
      case 'un':
        if (p.op === '*') this.say('decide', 'address', p, `Its value is dereferenced: ${print(p)}.`);
        else if (p.op === '&') this.address(p, depth);
        else this.follow(p, depth + 1);
        return;
      case 'bin':
        this.binary(p, x, depth);
        return;
      case 'cond':
        if (p.test === x) this.choose(p, depth);
        else this.follow(p, depth + 1);
        return;
      case 'asg':
        if (p.right === x) this.assigned(p.left, p, depth);
        return;
      case 'upd':
        return;
      case 'decl':
        this.local(p, depth);
        return;
      case 'init': {
        let n: Node | null = p.up;
        while (n !== null && n.k === 'init') n = n.up;
        if (n?.k === 'decl') this.aggregate(n, depth);
        else if (n?.k === 'asg') this.assigned(n.left, n, depth);
        else if (n?.k === 'call')
          this.say('unknown', 'none', p, 'It is put into an aggregate that was not followed.');
        return;
      }
      case 'call':
        if (p.callee === x) this.say('decide', 'address', p, 'It is called as a function.');
        else this.argument(p, p.args.indexOf(x), depth);
        return;
      case 'idx':
        if (p.index === x) this.say('decide', 'index', p, `It indexes ${print(p.object)}.`);
        else this.say('decide', 'address', p, `It is used as an address: ${print(p)}.`);
        return;
      case 'mem':
        if (p.arrow) this.say('decide', 'address', p, `It is dereferenced: ${print(p)}.`);
        else this.follow(p, depth + 1);
        return;
      case 'if':
      case 'loop':
      case 'switch':
        this.condition(p, x, depth);
        return;
      case 'return':
        this.returned(p, depth);
        return;
      case 'asm':
        this.say('unknown', 'none', p, 'It enters inline assembly.');
        return;
      case 'label':
      case 'opaque' as never:
        return;
      default:
        return;
    }
  }

  private binary(p: Extract<Expr, { k: 'bin' }>, x: Expr, depth: number): void {
    if ((p.op === '&&' || p.op === '||') && p.left === x) {
      const effects = this.effects([{ k: 'expr', token: p.right.token, up: null, x: p.right }], depth);
      if (effects !== null) {
        this.say('decide', 'condition', p, `It decides whether ${print(p.right).slice(0, 60)} is evaluated.`);
        return;
      }
    }
    if (p.op === '<<' && p.left !== x && this.isStream(p.left)) {
      this.say('observe', 'none', p, 'Written to a stream.');
      return;
    }
    this.follow(p, depth + 1);
  }

  private isStream(x: Expr): boolean {
    if (x.k === 'bin' && x.op === '<<') return this.isStream(x.left);
    return x.k === 'id' && /^(cout|cerr|clog|os|out|stream|oss|ss)$/.test(x.name);
  }

  /** `test ? a : b` with the value in the test: what it picks carries it on. */
  private choose(p: CondX, depth: number): void {
    const effects = this.effects(
      [
        { k: 'expr', token: p.yes.token, up: null, x: p.yes },
        { k: 'expr', token: p.no.token, up: null, x: p.no },
      ],
      depth,
    );
    if (effects !== null) {
      this.say('decide', 'condition', p, `It decides which of two expressions is evaluated: ${effects}.`);
      return;
    }
    this.follow(p, depth + 1);
  }

  private address(p: Expr, depth: number): void {
    // The address of a local that holds the value: whoever gets it may read it.
    const call = p.up;
    if (call?.k !== 'call' || this.peers.accessAt(call) !== undefined) return;
    this.addressIn(call, call.args.indexOf(p), depth);
  }

  /** The value's address is an argument: what the callee reads through it. */
  private addressIn(call: Call, at: number, depth: number): void {
    const functions = this.index.callees(call);
    if (functions.length === 0) {
      const name = call.callee.k === 'id' ? call.callee.name : '';
      if (/^(memset|bzero|sscanf|strto\w+|gettimeofday|clock_gettime|getrusage|va_\w+)$/.test(name)) return;
      if (printing.test(name)) this.say('observe', 'none', call, `Printed by ${name}.`);
      else
        this.say(
          'unknown',
          'none',
          call,
          `Its address is passed to ${name || 'a function pointer'}, which is not in the project.`,
        );
      return;
    }
    for (const f of functions) {
      const param = f.params[at];
      if (param !== undefined) this.pointee(f, param, depth + 1);
    }
  }

  /** Reads through a parameter that points to the value. */
  private pointee(f: Func, param: Decl, depth: number): void {
    const key = `at:${f.file}:${f.name}:${param.name}:${param.token.start}`;
    if (this.objects.has(key) || depth > 40) return;
    this.objects.add(key);
    for (const use of this.index.usesOf(param)) {
      let x: Expr = use;
      while (x.up?.k === 'cast') x = x.up;
      const p = x.up;
      if (p?.k === 'call') {
        if (this.peers.accessAt(p) === undefined && p.callee !== x)
          this.addressIn(p, p.args.indexOf(x), depth + 1);
        continue;
      }
      const read =
        (p?.k === 'un' && p.op === '*') || (p?.k === 'idx' && p.object === x) || (p?.k === 'mem' && p.arrow)
          ? p
          : null;
      if (read === null || (read.up?.k === 'asg' && read.up.left === read && read.up.op === '=')) continue;
      this.follow(read, depth + 1);
    }
  }

  private assigned(left: Expr, p: Extract<Node, { k: 'asg' }>, depth: number): void {
    this.follow(p, depth + 1);
    const t = targetOf(this.index, left);
    if (t === null) {
      this.say('unknown', 'none', p, `It is stored into ${print(left)}, which could not be followed.`);
      return;
    }
    if (t.kind === 'local' && t.decl !== null && !t.decl.isStatic && !t.decl.isThread) {
      this.local(t.decl, depth);
      return;
    }
    if (t.kind === 'param') {
      this.outParameter(t, p, left, depth);
      return;
    }
    this.object(t, p, depth);
  }

  /** Another object of static duration or a field receives the value. */
  private object(t: Target, at: Node, depth: number): void {
    if (t.key === this.self) {
      this.say('observe', 'none', at, `It goes back into ${t.name} itself.`);
      return;
    }
    if (this.objects.has(t.key)) return;
    this.objects.add(t.key);
    void depth;
    const level = this.peers.levelOf(t);
    const name = t.owner === null ? t.name : `${t.owner}.${t.name}`;
    if (level === 'observe') this.say('observe', 'none', at, `It feeds ${name}, which is only observed.`);
    else if (level === 'decide')
      this.say('decide', 'identity', at, `It feeds ${name}, which steers the allocator.`);
    else this.say('unknown', 'none', at, `It feeds ${name}, whose use is not known.`);
  }

  /** `*out = value`: the callers' objects receive it. */
  private outParameter(t: Target, at: Node, left: Expr, depth: number): void {
    const f = t.func;
    if (f === null) return;
    const through = left.k === 'un' || left.k === 'idx' || left.k === 'mem';
    if (!through) {
      if (t.decl !== null) this.local(t.decl, depth);
      return;
    }
    const calls = (this.index.calls.get(f.name) ?? []).filter((c) => this.index.callees(c).includes(f));
    if (this.objects.has(`out:${t.key}`) || depth > 40) return;
    this.objects.add(`out:${t.key}`);
    if (calls.length === 0) {
      this.say(
        'observe',
        'returned',
        at,
        `It is handed to the caller of ${f.name}, which nothing in the project calls: the result of an introspection function.`,
      );
      return;
    }
    for (const c of calls) {
      const arg = c.args[t.param];
      if (arg === undefined) continue;
      const to = targetOf(this.index, arg);
      if (to === null) this.say('unknown', 'none', c, `It leaves through ${f.name} into ${print(arg)}.`);
      else if (to.kind === 'local' && to.decl !== null && !to.decl.isStatic) this.local(to.decl, depth + 1);
      else if (to.kind === 'param' && to.func !== f)
        this.outParameter(to, c, { k: 'un', token: arg.token, up: null, op: '*', x: arg }, depth + 1);
      else if (to.kind !== 'param') this.object(to, c, depth);
    }
  }

  /** All uses of a local that holds the value. */
  private local(d: Decl, depth: number): void {
    if (this.visited.has(d)) return;
    this.visited.add(d);
    const f = functionOf(d);
    if (f === null || d.isStatic || d.isThread) {
      const t = targetOf(this.index, { k: 'id', token: d.token, up: d, name: d.name, scope: null });
      if (t !== null) this.object(t, d, depth);
      return;
    }
    for (const use of this.index.usesOf(d)) {
      const p = use.up;
      if (p?.k === 'asg' && p.left === use && p.op === '=') continue;
      if (p?.k === 'un' && p.op === '&' && p.up?.k === 'call') {
        const a = this.peers.accessAt(p.up);
        if (a !== undefined) {
          // The expected value of a compare-exchange on the same object.
          if (a.target?.key !== this.self && a.target !== null && a.out === p)
            this.object(a.target, p.up, depth);
          continue;
        }
      }
      this.follow(use, depth + 1);
    }
  }

  private aggregate(d: Decl, depth: number): void {
    this.local(d, depth);
  }

  private argument(call: Call, at: number, depth: number): void {
    const { callee } = call;
    const name = callee.k === 'id' ? callee.name : callee.k === 'mem' ? callee.field : '';
    const access = this.peers.accessAt(call);
    const arg = call.args[at];
    if (access !== undefined && arg !== undefined) {
      if (access.value === arg || (access.value !== null && strip(access.value) === strip(arg))) {
        if (access.target === null)
          this.say('unknown', 'none', call, `It is written by ${name} to an object that could not be named.`);
        else if (access.target.kind === 'param') this.throughParameter(access.target, call, depth);
        else if (
          access.target.kind === 'local' &&
          access.target.decl !== null &&
          !access.target.decl.isStatic
        )
          this.local(access.target.decl, depth);
        else this.object(access.target, call, depth);
        return;
      }
      if (access.out === arg) {
        if (access.target !== null && access.target.key !== this.self)
          this.object(access.target, call, depth);
        return;
      }
      if (access.targetExpr === arg)
        this.say('decide', 'address', call, `It is the address that ${name} works on.`);
      return;
    }
    if (asserting.test(name)) {
      this.say('observe', 'none', call, 'Checked in an assertion only.');
      return;
    }
    if (name === '__builtin_expect' || passing.test(name)) {
      this.follow(call, depth + 1);
      return;
    }
    const functions = this.index.callees(call);
    if (functions.length === 0) {
      if (printing.test(name)) this.say('observe', 'none', call, `Printed by ${name}.`);
      else if (sizing.test(name)) this.say('decide', 'size', call, `It is an argument of ${name}.`);
      else
        this.say(
          'unknown',
          'none',
          call,
          `It is passed to ${name || 'a function pointer'}, which is not in the project.`,
        );
      return;
    }
    for (const f of functions) {
      const param = f.params[at];
      if (param === undefined) {
        // Variadic: a printer of the project's own.
        if (f.params.some((p) => p.type.base === 'char' && p.type.pointer > 0))
          this.say('observe', 'none', call, `Printed by ${f.name}.`);
        else this.say('unknown', 'none', call, `It is a variadic argument of ${f.name}.`);
        continue;
      }
      this.local(param, depth + 1);
      // A value that a callee only copies into a buffer or prints ends there; its result may carry it on.
    }
  }

  private throughParameter(t: Target, at: Node, depth: number): void {
    const f = t.func;
    if (f === null || this.objects.has(`in:${t.key}`) || depth > 40) return;
    this.objects.add(`in:${t.key}`);
    const calls = (this.index.calls.get(f.name) ?? []).filter((c) => this.index.callees(c).includes(f));
    for (const c of calls) {
      const arg = c.args[t.param];
      const to = arg === undefined ? null : targetOf(this.index, arg);
      if (to === null)
        this.say(
          'unknown',
          'none',
          c,
          `It is written through ${f.name} to an object that could not be named.`,
        );
      else if (to.kind === 'param') {
        if (to.func !== f) this.throughParameter(to, c, depth + 1);
      } else if (to.kind === 'local' && to.decl !== null && !to.decl.isStatic) this.local(to.decl, depth + 1);
      else this.object(to, c, depth);
    }
  }

  private returned(p: Node, depth: number): void {
    const f = functionOf(p);
    if (f === null) return;
    const calls = (this.index.calls.get(f.name) ?? []).filter((c) => this.index.callees(c).includes(f));
    if (this.peers.entry(f)) {
      this.say('decide', 'address', p, `It is the result of ${f.name}, an allocation entry point.`);
      return;
    }
    if (calls.length === 0) {
      if ((this.index.uses.get(f.name) ?? []).some((u) => u.up?.k !== 'call')) {
        this.say('unknown', 'returned', p, `${f.name} returns it and is called through a pointer.`);
      } else
        this.say(
          'observe',
          'returned',
          p,
          `It is the result of ${f.name}, which nothing in the project calls: an introspection function.`,
        );
      return;
    }
    for (const c of calls) this.follow(c, depth + 1);
  }

  /** A condition tests the value: harmless only when all that hangs on it is telemetry. */
  private condition(p: If | Loop | Extract<Stmt, { k: 'switch' }>, test: Expr, depth: number): void {
    if (p.k === 'loop' && this.waits(p)) {
      this.say('decide', 'wait', p, 'A loop waits until it changes.');
      return;
    }
    const f = functionOf(p);
    const dependents: Stmt[] = p.k === 'if' ? (p.no === null ? [p.yes] : [p.yes, p.no]) : [p.body];
    if (p.k === 'loop' && p.step !== null)
      dependents.push({ k: 'expr', token: p.step.token, up: null, x: p.step });
    const effect = this.effects(dependents, depth);
    const text = print(test);
    const shown = text.length > 70 ? `${text.slice(0, 69)}…` : text;
    if (effect === null) {
      this.say(
        'observe',
        'condition',
        p,
        `Tested in "${shown}", and what depends on it only observes or retries the update.`,
      );
      return;
    }
    if (f !== null && this.observes(f)) {
      if (!(f.returns.base === 'void' && f.returns.pointer === 0)) this.returned(p, depth);
      this.say(
        'observe',
        'condition',
        p,
        `Tested in "${shown}" inside ${f.name}, which only prints or counts.`,
      );
      return;
    }
    this.say(
      'decide',
      p.k === 'loop' ? 'condition' : 'condition',
      p,
      `The condition "${shown}" decides: ${effect}.`,
    );
  }

  /** A loop without a new value of its own: it spins until another thread acts. */
  private waits(p: Loop): boolean {
    let updates = false;
    let reads = false;
    const look = (n: Node): void => {
      const a = this.peers.accessAt(n);
      if (a === undefined || a.target?.key !== this.self) return;
      if (a.operation === 'compare_exchange') {
        const value = a.value === null ? null : strip(a.value);
        if (
          value !== null &&
          (value.k === 'num' || (value.k === 'id' && /^(true|false|[A-Z][A-Z0-9_]*)$/.test(value.name)))
        )
          reads = true;
        else updates = true;
      } else if (a.operation === 'exchange' || a.operation === 'test_and_set') reads = true;
      else if (a.operation === 'load') reads = true;
      else updates = true;
    };
    if (p.test !== null) walk(p.test, look);
    if (!reads) return false;
    walk(p.body, look);
    if (p.step !== null) walk(p.step, look);
    return !updates;
  }

  /** The first effect among statements that is more than observing, as text; null when there is none. */
  private effects(list: readonly Stmt[], depth: number): string | null {
    if (depth > 40) return 'too deep to follow';
    for (const s of list) {
      const e = this.effect(s, depth + 1);
      if (e !== null) return e;
    }
    return null;
  }

  private effect(s: Stmt, depth: number): string | null {
    if (++this.work > maxWork) return 'more than was followed';
    if (inAssertion(s.token)) return null;
    switch (s.k) {
      case 'expr':
        return this.effectOf(s.x, depth);
      case 'decls':
        for (const d of s.decls) {
          if (d.init === null) continue;
          const e = this.effectOf(d.init, depth);
          if (e !== null) return e;
        }
        return null;
      case 'block':
        return this.effects(s.body, depth);
      case 'variants':
        for (const o of s.options) {
          const e = this.effects(o.body, depth);
          if (e !== null) return e;
        }
        return null;
      case 'if':
        return (
          this.effectOf(s.test, depth) ??
          this.effect(s.yes, depth) ??
          (s.no === null ? null : this.effect(s.no, depth))
        );
      case 'loop':
        return (
          (s.init === null ? null : this.effect(s.init, depth)) ??
          (s.test === null ? null : this.effectOf(s.test, depth)) ??
          this.effect(s.body, depth) ??
          (s.step === null ? null : this.effectOf(s.step, depth))
        );
      case 'switch':
        return this.effectOf(s.test, depth) ?? this.effect(s.body, depth);
      case 'return': {
        const f = functionOf(s);
        if (f === null) return 'an early return';
        const inner = s.x === null ? null : this.effectOf(s.x, depth);
        if (inner !== null) return inner;
        // Leaving early matters if anything after it would.
        if (!this.observes(f)) return `${f.name} returns here`;
        // Which value is returned hangs on the condition: it goes on with the callers.
        if (s.x !== null && !(f.returns.base === 'void' && f.returns.pointer === 0)) this.returned(s, depth);
        return null;
      }
      case 'jump': {
        if (s.kind === 'goto') return `a jump to ${s.label ?? 'a label'}`;
        // Leaving or repeating a loop that only updates telemetry is no decision.
        for (let p: Node | null = s.up; p !== null; p = p.up) {
          if (p.k === 'loop' || p.k === 'switch') {
            if (this.visited.has(p)) return null;
            this.visited.add(p);
            return this.effect(p.body, depth);
          }
          if (p.k === 'func') break;
        }
        return null;
      }
      case 'label':
        return null;
    }
  }

  private effectOf(x: Expr, depth: number): string | null {
    if (depth > 60) return 'too deep to follow';
    if (inAssertion(x.token)) return null;
    switch (x.k) {
      case 'asg': {
        const inner = this.effectOf(x.right, depth + 1);
        if (inner !== null) return inner;
        const t = targetOf(this.index, x.left);
        return this.written(t, x, x.left, depth);
      }
      case 'upd':
        return this.written(targetOf(this.index, x.x), x, x.x, depth);
      case 'call':
        return this.called(x, depth);
      case 'bin':
        return this.effectOf(x.left, depth + 1) ?? this.effectOf(x.right, depth + 1);
      case 'un':
      case 'cast':
        return this.effectOf(x.x, depth + 1);
      case 'cond':
        return (
          this.effectOf(x.test, depth + 1) ??
          this.effectOf(x.yes, depth + 1) ??
          this.effectOf(x.no, depth + 1)
        );
      case 'comma':
        for (const i of x.items) {
          const e = this.effectOf(i, depth + 1);
          if (e !== null) return e;
        }
        return null;
      case 'choice':
        for (const o of x.options) {
          const e = this.effectOf(o.x, depth + 1);
          if (e !== null) return e;
        }
        return null;
      case 'stmtx':
        return this.effects(x.body, depth + 1);
      case 'init':
        for (const i of x.items) {
          const e = this.effectOf(i.x, depth + 1);
          if (e !== null) return e;
        }
        return null;
      case 'idx':
        return this.effectOf(x.object, depth + 1) ?? this.effectOf(x.index, depth + 1);
      case 'mem':
        return this.effectOf(x.object, depth + 1);
      case 'asm':
        return x.template.replace(/\\[nt]/g, '').trim() === '' ||
          /^\s*(pause|yield|rep\s*;?\s*nop)/.test(x.template)
          ? null
          : 'inline assembly runs';
      default:
        return null;
    }
  }

  private written(t: Target | null, at: Node, left: Expr, depth: number): string | null {
    if (t === null) return `${print(left)} is written`;
    if (t.key === this.self) return null;
    if (t.kind === 'local' && t.decl !== null && !t.decl.isStatic && !t.decl.isThread) {
      // The local now carries the condition: whatever it decides is decided by the value.
      const before = this.found.filter((f) => f.level === 'decide').length;
      this.local(t.decl, depth + 1);
      return this.found.filter((f) => f.level === 'decide').length > before
        ? `${t.name} is set, which decides further`
        : null;
    }
    if (t.kind === 'param') {
      const pointee = left.k !== 'id';
      if (!pointee) {
        if (t.decl !== null) {
          const before = this.found.filter((f) => f.level === 'decide').length;
          this.local(t.decl, depth + 1);
          return this.found.filter((f) => f.level === 'decide').length > before ? `${t.name} is set` : null;
        }
        return null;
      }
      return `${print(left)} is written`;
    }
    void at;
    return this.peers.levelOf(t) === 'observe'
      ? null
      : `${t.owner === null ? t.name : `${t.owner}.${t.name}`} is written`;
  }

  private called(x: Call, depth: number): string | null {
    for (const a of x.args) {
      const e = this.effectOf(a, depth + 1);
      if (e !== null) return e;
    }
    const access = this.peers.accessAt(x);
    if (access !== undefined) {
      if (access.operation === 'load' || access.operation === 'fence') return null;
      if (access.target === null) return `${print(x.callee)} writes an object that could not be named`;
      if (access.target.kind === 'param')
        return access.target.key === this.self ? null : `${print(x.callee)} writes through a parameter`;
      return this.written(access.target, x, access.targetExpr ?? x, depth);
    }
    const { callee } = x;
    const name = callee.k === 'id' ? callee.name : callee.k === 'mem' ? callee.field : '';
    if (
      printing.test(name) ||
      asserting.test(name) ||
      passing.test(name) ||
      /^(__builtin_|_mm_pause|__sync_synchronize$|clock_gettime$|gettimeofday$|rdtsc|__rdtsc|backtrace|strlen$|strcmp$|memcmp$|getpid$|pthread_self$|snprintf$|stderr$|isatty$|time$|va_(start|end|copy|arg)$)/.test(
        name,
      )
    )
      return null;
    const functions = this.index.callees(x);
    if (functions.length === 0) return `${name || 'a function'} is called`;
    for (const f of functions) if (!this.observes(f)) return `${f.name} is called`;
    return null;
  }

  /** Whether everything that a function does is to observe: print, count, compute. */
  observes(f: Func): boolean {
    const known = this.observers.get(f);
    if (known !== undefined) return known;
    if (this.index.nodes(f).length > 6000) return false;
    // Taken for granted while it is looked at, so that cycles end; what leaned on it falls with it.
    this.observers.set(f, true);
    const order = [...this.observers.keys()].length;
    const inner = new Flow(this.index, this.peers, this.self, this.observers);
    let result = true;
    for (const n of this.index.nodes(f)) {
      let e: string | null = null;
      if (n.k === 'asg') e = inner.ownWrite(targetOf(this.index, n.left), n.left);
      else if (n.k === 'upd') e = inner.ownWrite(targetOf(this.index, n.x), n.x);
      else if (n.k === 'call') e = inner.ownCall(n);
      else if (n.k === 'asm') e = /^\s*(pause|yield)?\s*$/.test(n.template) ? null : 'asm';
      if (e !== null) {
        result = false;
        break;
      }
    }
    if (!result)
      for (const g of [...this.observers.keys()].slice(order))
        if (this.observers.get(g)) this.observers.delete(g);
    this.observers.set(f, result);
    return result;
  }

  private ownWrite(t: Target | null, left: Expr): string | null {
    if (t === null) return 'unknown';
    if (t.key === this.self) return null;
    if (t.kind === 'local' && t.decl !== null && !t.decl.isStatic && !t.decl.isThread) return null;
    if (t.kind === 'param') {
      // Text buffers and plain copies of parameters are its own business.
      if (left.k === 'id') return null;
      return t.type.base === 'char' ? null : 'out';
    }
    return this.peers.levelOf(t) === 'observe' ? null : 'written';
  }

  private ownCall(x: Call): string | null {
    const access = this.peers.accessAt(x);
    if (access !== undefined) {
      if (access.operation === 'load' || access.operation === 'fence') return null;
      return this.ownWrite(access.target, access.targetExpr ?? x);
    }
    const name = x.callee.k === 'id' ? x.callee.name : x.callee.k === 'mem' ? x.callee.field : '';
    if (
      printing.test(name) ||
      asserting.test(name) ||
      passing.test(name) ||
      /^(__builtin_|memset$|strlen$|strcmp$|clock|time|gettimeofday|getpid$|pthread_self$|backtrace|isatty$|fclose$|fopen$|getenv$|secure_getenv$|getrusage$|va_(start|end|copy|arg)$)/.test(
        name,
      )
    )
      return null;
    const functions = this.index.callees(x);
    if (functions.length === 0) {
      // Through a pointer that is a parameter: an output callback.
      const c = strip(x.callee);
      if (
        c.k === 'id' &&
        this.index.local(functionOf(x), c.name, c) !== null &&
        (functionOf(x)?.params.some((p) => p.name === c.name) ?? false)
      )
        return null;
      return name;
    }
    return functions.every((f) => this.observes(f)) ? null : name;
  }
}
