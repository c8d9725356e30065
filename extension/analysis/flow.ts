/**
 * Follows one value from where it is read to everything that it can influence. The answer for each end of the way:
 * it is only observed (printed, discarded, added to other telemetry), it decides something, or it got out of sight.
 */
import { Effects, asserting, inAssertion, maxWork, passing, printing } from './effects.ts';
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

const sizing =
  /^(mmap|munmap|madvise|mprotect|mremap|sbrk|malloc|calloc|realloc|memset|memcpy|memmove|nanosleep|usleep|sleep|sched_yield|syscall|futex|pthread_\w+|VirtualAlloc)$/;

/** Prints into memory: its first argument receives the text. */
const formatting = /^_*(v?sn?printf(_chk)?|v?asprintf|strftime)$/;
const comparing = /^([=!]=|[<>]=?|&&|\|\|)$/;

export class Flow extends Effects {
  private readonly objects = new Set<string>();
  /** The value that is followed came out of an update: its reader takes part in it. */
  updating = false;
  /** How many comparisons the value went through on its way: what is left of it is an answer, not the value. */
  private compared = 0;
  private nested = 0;

  protected fresh(): Flow {
    const inner = new Flow(this.index, this.peers, this.self, this.observers);
    inner.updating = this.updating;
    inner.compared = this.compared;
    inner.work = this.work;
    inner.nested = this.nested + 1;
    return inner;
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
        else if (p.op === '!') this.answer(p, depth);
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
    if (comparing.test(p.op)) this.answer(p, depth);
    else this.follow(p, depth + 1);
  }

  /** Follows what a comparison says about the value. */
  private answer(p: Expr, depth: number): void {
    this.compared++;
    this.follow(p, depth + 1);
    this.compared--;
  }

  /** A printing call got the value: its own result and the text that it leaves in memory carry it on. */
  private printed(call: Call, name: string, depth: number): void {
    this.say('observe', 'none', call, `Printed by ${name}.`);
    if (this.objects.has(`print:${call.token.start}:${this.index.fileOf(call) ?? ''}`)) return;
    this.objects.add(`print:${call.token.start}:${this.index.fileOf(call) ?? ''}`);
    if (!this.onlyObserved(call, depth))
      this.say('unknown', 'none', call, `What ${name} returns is used further.`);
    const buffer = formatting.test(name) ? call.args[0] : undefined;
    if (buffer !== undefined && !this.textObserved(buffer, call, depth, new Set()))
      this.say('unknown', 'none', call, `${name} prints it into ${print(buffer)}, which is used further.`);
  }

  private onlyObserved(x: Expr, depth: number): boolean {
    if (x.up?.k === 'expr' && x.up.up?.k !== 'stmtx') return true;
    if (this.nested > 3) return false;
    const inner = this.fresh();
    inner.follow(x, depth);
    return inner.found.every((f) => f.level === 'observe');
  }

  /** Whether the text in a buffer is only printed, written out, or handed to functions that do no more. */
  private textObserved(buffer: Expr, at: Call, depth: number, seen: Set<string>): boolean {
    const plain = strip(buffer);
    if (plain.k === 'num' || (plain.k === 'id' && /^(NULL|nullptr)$/.test(plain.name))) return true;
    const t = targetOf(this.index, buffer);
    if (t === null || t.kind === 'field') return false;
    if (seen.has(t.key)) return true;
    seen.add(t.key);
    if (seen.size > 24) return false;
    const uses =
      t.kind === 'global'
        ? (this.index.uses.get(t.name) ?? []).filter((u) => targetOf(this.index, u)?.key === t.key)
        : t.decl === null
          ? []
          : this.index.usesOf(t.decl);
    if (!uses.every((u) => this.textUse(u, depth, seen))) return false;
    const f = t.func;
    if (t.kind !== 'param' || f === null || functionOf(at) !== f) return true;
    const calls = (this.index.calls.get(f.name) ?? []).filter((c) => this.index.callees(c).includes(f));
    return calls.every((c) => {
      const arg = c.args[t.param];
      return arg !== undefined && this.textObserved(arg, c, depth, seen);
    });
  }

  private textUse(use: Expr, depth: number, seen: Set<string>): boolean {
    let x = use;
    for (let p = x.up; p !== null; p = x.up) {
      if (p.k === 'cast' || (p.k === 'bin' && /^[+-]$/.test(p.op)) || (p.k === 'un' && p.op === '&')) x = p;
      else if (p.k === 'idx' && p.object === x) x = p;
      else break;
    }
    const p = x.up;
    if (p === null || p.k === 'expr') return true;
    if (p.k === 'asg' && p.left === x) return p.up?.k === 'expr';
    if (p.k !== 'call') return false;
    const at = p.args.indexOf(x);
    const name = p.callee.k === 'id' ? p.callee.name : '';
    if (at < 0 || name === '') return false;
    const functions = this.index.callees(p);
    if (functions.length > 0)
      return functions.every((f) => {
        const d = f.params[at];
        if (!this.observes(f)) return false;
        if (d === undefined) return true;
        const key = `text:${f.file}:${f.name}:${d.token.start}`;
        if (seen.has(key)) return true;
        seen.add(key);
        return this.index.usesOf(d).every((u) => this.textUse(u, depth, seen)) && this.onlyObserved(p, depth);
      });
    if (name === 'sizeof' || /^(memset|bzero|free)$/.test(name)) return true;
    if (name === 'strlen') return this.onlyObserved(p, depth);
    if (!printing.test(name)) return false;
    const into = formatting.test(name) && at > 0 ? p.args[0] : undefined;
    return into === undefined || this.textObserved(into, p, depth, seen);
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
      if (printing.test(name)) this.printed(call, name, depth);
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
      if (this.updating || this.compared > 0)
        this.say('unknown', 'returned', at, `It is handed to the caller of ${f.name}, which is not seen.`);
      else
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
  protected local(d: Decl, depth: number): void {
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
      if (printing.test(name)) this.printed(call, name, depth);
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

  protected returned(p: Node, depth: number): void {
    const f = functionOf(p);
    if (f === null) return;
    const calls = (this.index.calls.get(f.name) ?? []).filter((c) => this.index.callees(c).includes(f));
    if (this.peers.entry(f)) {
      this.say('decide', 'address', p, `It is the result of ${f.name}, an allocation entry point.`);
      return;
    }
    if (/^operator\b/.test(f.name)) {
      this.say('unknown', 'returned', p, `${f.name} returns it, whose uses are not written as calls.`);
      return;
    }
    if (calls.length === 0) {
      if (this.updating || this.compared > 0) {
        this.say(
          'unknown',
          'returned',
          p,
          this.updating
            ? `${f.name} returns the result of an update, and nothing in the project calls it.`
            : `${f.name} returns what a comparison says, and nothing in the project calls it.`,
        );
      } else if ((this.index.uses.get(f.name) ?? []).some((u) => u.up?.k !== 'call')) {
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
}
