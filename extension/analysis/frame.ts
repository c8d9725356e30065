/** A run of one function over known and unknown values: its statements. */
import { Evaluator, type State, maxDepth } from './evaluate.ts';
import { type Decl, type Expr, type Func, type Loop, type Node, type Stmt, type Switch, walk } from './ir.ts';
import { leaves } from './branches.ts';
import { Obj, type Value, truth } from './values.ts';

type Signal = 'next' | 'return' | 'break' | 'continue' | 'stop';

const maxRounds = 600;

/** One function's run: its locals, and the objects of static duration that it touched. */
export class Frame extends Evaluator {
  private result: { value: Value } | null = null;
  /**
   * Nodes around a place that the run is about: it is led there, past conditions and early returns that would turn it
   * away, and runs normally from there on.
   */
  private focus: ReadonlySet<Node> | null = null;
  private relevant: ReadonlySet<string> = new Set();
  /** Loops around the place that are running. */
  private rounds = 0;

  /** Leads the run to `node`; statements that mention none of `relevant` are left out. */
  aim(node: Node, relevant: ReadonlySet<string>): void {
    this.relevant = relevant;
    const around = new Set<Node>();
    for (let n: Node | null = node; n !== null; n = n.up) around.add(n);
    this.focus = around;
  }

  run(): Value {
    if (this.func === null || this.depth > maxDepth) return undefined;
    const s = this.list(this.func.body);
    if (s === 'stop') return undefined;
    return this.result?.value;
  }

  protected invoke(f: Func, state: State): { value: Value; state: State } {
    const frame = new Frame(this.index, this.machine, this.outside, f, state, this.depth + 1);
    const value = frame.run();
    return { value, state: frame.state };
  }

  protected lazyFrame(f: Func): Evaluator {
    const inner = new Frame(this.index, this.machine, this.outside, f, new Map(), this.depth + 1);
    inner.lazy = true;
    return inner;
  }

  protected inner(body: readonly Stmt[]): Value {
    const outer = this.result;
    this.result = null;
    let last: Value;
    let returned = false;
    for (const s of body) {
      if (s.k === 'expr') last = this.eval(s.x);
      else if (this.exec(s) === 'return') {
        returned = true;
        break;
      }
    }
    const own = this.result as { value: Value } | null;
    this.result = outer;
    return returned || own !== null ? own?.value : last;
  }

  private list(body: readonly Stmt[]): Signal {
    let aimed = this.focus === null ? -1 : body.findIndex((s) => this.focus?.has(s));
    for (const [i, s] of body.entries()) {
      if (this.focus !== null && i !== aimed && this.isAside(s)) continue;
      if (i < aimed) {
        // What would leave before the place is reached did not.
        if (s.k === 'if' && leaves(s.yes) && s.no === null) {
          this.eval(s.test);
          continue;
        }
        const { result, state } = this;
        const before = new Map(state);
        const signal = this.exec(s);
        this.result = result;
        if (signal !== 'next') this.state = before;
        continue;
      }
      const there = i === aimed;
      aimed = -1;
      const signal = this.exec(s);
      // Who only wants the name has it; a loop goes on to the next.
      if (there && this.rounds === 0 && this.machine.wantsName(this)) return 'stop';
      if (signal !== 'next') return signal;
    }
    return 'next';
  }

  /** A statement that neither leaves nor touches anything that the run is about. */
  private isAside(s: Stmt): boolean {
    let touches = false;
    walk(s, (n) => {
      if (touches) return;
      if (n.k === 'return' || n.k === 'jump' || n.k === 'label') touches = true;
      else if (n.k === 'id' || n.k === 'decl') touches = this.relevant.has(n.name);
      else if (n.k === 'mem') touches = this.relevant.has(n.field);
    });
    return !touches;
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
          const object = this.machine.aggregate(this.keyOf(d), d) !== null;
          if (d.isStatic || d.isThread) {
            if (this.focus?.has(d) === true && d.init !== null)
              this.state.set(this.keyOf(d), this.eval(d.init));
            continue;
          }
          if (object) continue;
          if (d.init !== null) this.begin(d, this.eval(d.init));
          else this.state.delete(this.keyOf(d));
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
        const aimed = s.options.find((o) => o.body.some((b) => this.focus?.has(b)));
        if (aimed !== undefined) return this.list(aimed.body);
        const live = s.options.filter((o) => this.outside.live(o.cond, o.file) !== 0);
        const only = live[0];
        if (only === undefined) return 'next';
        // One branch that may not be there is the other way to nothing.
        if (live.length === 1 && this.outside.live(only.cond, only.file) === 1) return this.list(only.body);
        if (live.length === 1) return this.either([() => this.list(only.body), () => 'next']);
        return this.either(live.map((o) => () => this.list(o.body)));
      }
      case 'if': {
        const v = truth(this.eval(s.test));
        if (this.focus?.has(s.yes) === true) return this.exec(s.yes);
        if (s.no !== null && this.focus?.has(s.no) === true) return this.exec(s.no);
        if (v !== null) return v !== 0 ? this.exec(s.yes) : s.no === null ? 'next' : this.exec(s.no);
        const { no } = s;
        return this.either([() => this.exec(s.yes), () => (no === null ? 'next' : this.exec(no))]);
      }
      case 'loop':
        return this.loop(s);
      case 'switch':
        return this.switch(s);
    }
  }

  private begin(d: Decl, v: Value): void {
    this.state.set(this.keyOf(d), v);
    // Declared in each branch of `#if`: a use behind it means any of them.
    if (d.up?.up?.k !== 'variants') return;
    const first = this.index.local(this.func, d.name);
    if (first !== null) this.state.set(this.keyOf(first), v);
  }

  private loop(s: Loop): Signal {
    const range = rangeOf(s);
    if (range !== null) return this.each(s, range.name, range.over);
    if (s.init !== null) this.exec(s.init);
    const aimed = this.focus?.has(s.body) === true;
    for (let n = 0; n < maxRounds; n++) {
      if (s.kind !== 'do' || n > 0) {
        const v = s.test === null ? 1 : truth(this.eval(s.test));
        if (v === 0 && !(aimed && n === 0)) return 'next';
        if (v === null && !aimed) {
          this.either([() => this.exec(s.body), () => 'next']);
          return 'next';
        }
      }
      const steps = this.machine.progress();
      if (aimed) this.rounds++;
      const signal = this.exec(s.body);
      if (aimed) this.rounds--;
      if (signal === 'return' || signal === 'stop') return signal;
      if (signal === 'break') return 'next';
      if (aimed && this.machine.arrived()) return 'next';
      if (s.step !== null) this.eval(s.step);
      // With an open end, a table's last element is the end.
      if (aimed && this.machine.progress() === steps && n > 0) return 'next';
    }
    return aimed ? 'next' : 'stop';
  }

  /** `for (auto& option : options)`. */
  private each(s: Loop, name: Expr | null, over: Expr): Signal {
    const all = this.eval(over);
    const decl = s.init?.k === 'decls' ? s.init.decls[0] : undefined;
    void name;
    if (decl === undefined || !(all instanceof Obj) || all.row === null)
      return this.either([() => this.exec(s.body), () => 'next']) === 'stop' ? 'stop' : 'next';
    for (let i = 0; i < all.row.items.length && i < maxRounds; i++) {
      this.state.set(this.keyOf(decl), this.machine.element(all.row, i));
      this.rounds++;
      const signal = this.exec(s.body);
      this.rounds--;
      if (signal === 'return' || signal === 'stop') return signal;
      if (signal === 'break' || (this.focus?.has(s.body) === true && this.machine.arrived())) break;
    }
    return 'next';
  }

  private switch(s: Switch): Signal {
    const v = this.eval(s.test);
    const body = s.body.k === 'block' ? s.body.body : [s.body];
    const from = (start: number): Signal => {
      const signal = this.list(body.slice(start));
      return signal === 'break' ? 'next' : signal;
    };
    const aimed = this.focus === null ? -1 : body.findIndex((b) => this.focus?.has(b));
    const starts = body.flatMap((b, i) =>
      b.k === 'label' && (b.name === null || b.name === 'default') ? [i] : [],
    );
    if (aimed >= 0) return from(Math.max(0, ...starts.filter((i) => i < aimed)));
    const label = (i: number): Expr | null => {
      const b = body[i];
      return b?.k === 'label' ? b.x : null;
    };
    const other = starts.find((i) => label(i) === null);
    if (v !== undefined) {
      let open = false;
      for (const i of starts) {
        const x = label(i);
        if (x === null) continue;
        const at = this.eval(x);
        if (at === undefined) open = true;
        else if (at === v) return from(i);
      }
      if (!open) return other === undefined ? 'next' : from(other);
    }
    const ways = starts.slice(0, 40).map((i) => () => from(i));
    return this.either(other === undefined ? [...ways, () => 'next'] : ways);
  }

  /** Runs each way on its own copy and keeps what they agree on. */
  private either(ways: readonly (() => Signal)[]): Signal {
    const before = this.state;
    const ended: State[] = [];
    const signals = new Set<Signal>();
    for (const way of ways) {
      this.state = new Map(before);
      this.machine.charge(before.size);
      this.machine.guess(1);
      const signal = way();
      this.machine.guess(-1);
      if (signal === 'stop') return 'stop';
      if (signal !== 'return') {
        signals.add(signal);
        ended.push(this.state);
      }
    }
    const first = ended[0];
    if (first === undefined) {
      this.state = before;
      return ways.length === 0 ? 'next' : 'return';
    }
    const merged: State = new Map();
    for (const [k, v] of first) merged.set(k, ended.every((e) => e.has(k) && e.get(k) === v) ? v : undefined);
    for (const e of ended) for (const k of e.keys()) if (!first.has(k)) merged.set(k, undefined);
    this.state = merged;
    // All ways that go on leave the loop or the switch.
    const only = [...signals][0];
    return signals.size === 1 && only !== undefined ? only : 'next';
  }
}

/** A range-based loop as it is lowered: one declaration without a value, the range as its test, no step. */
function rangeOf(s: Loop): { name: Expr | null; over: Expr } | null {
  if (s.kind !== 'for' || s.step !== null || s.test === null || s.init?.k !== 'decls') return null;
  const d = s.init.decls[0];
  if (s.init.decls.length !== 1 || d === undefined || d.init !== null) return null;
  return s.test.k === 'id' || s.test.k === 'mem' || s.test.k === 'call' ? { name: null, over: s.test } : null;
}
