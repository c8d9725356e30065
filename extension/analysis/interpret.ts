import type { Index } from './index.ts';
import { type Decl, type Expr, type Func, functionOf } from './ir.ts';
import type { Value } from './library.ts';
import { targetOf } from './targets.ts';

import { Frame, type Outside, isStore } from './frame.ts';

const maxSteps = 50_000;

export class Interpreter {
  private steps = 0;
  private readonly globals = new Map<string, Value>();
  private readonly busy = new Set<string>();
  private readonly results = new Map<Func, Value>();
  /** Objects whose value was asked for while it was being worked out. */
  private readonly cycles = new Set<string>();
  /** How often that happened: an answer without it holds everywhere. */
  private hits = 0;

  constructor(
    private readonly index: Index,
    private readonly outside: Outside,
  ) {}

  /** What a function returns when nothing is known of its arguments. */
  returned(f: Func): Value {
    if (this.results.has(f)) return this.results.get(f);
    const key = `f:${f.file}:${f.name}:${f.start}`;
    if (this.busy.has(key)) {
      this.hits++;
      return undefined;
    }
    this.busy.add(key);
    const before = this.hits;
    if (this.busy.size === 1) this.steps = 0;
    const frame = new Frame(this.index, this, this.outside, f, new Map(), 0);
    const v = frame.run();
    this.busy.delete(key);
    if (this.busy.size === 0 || this.hits === before) this.results.set(f, v);
    return v;
  }

  /** The state that a run of `f` leaves: values by target key. */
  after(f: Func): ReadonlyMap<string, Value> {
    this.steps = 0;
    const frame = new Frame(this.index, this, this.outside, f, new Map(), 0);
    frame.run();
    return frame.state;
  }

  /** Value of an expression where it stands, with what its function knows before it. */
  value(x: Expr): Value {
    if (this.busy.size === 0) this.steps = 0;
    const frame = new Frame(this.index, this, this.outside, functionOf(x), new Map(), 0);
    frame.lazy = true;
    return frame.eval(x);
  }

  tick(): boolean {
    return ++this.steps < maxSteps;
  }

  /** The value that a global, static or field settles at: what its writers agree on, else its initial value. */
  settled(key: string, decl: Decl | null, name: string, from: Func | null): Value {
    if (this.globals.has(key)) return this.globals.get(key);
    if (this.busy.has(key)) {
      this.cycles.add(key);
      this.hits++;
      return undefined;
    }
    if (this.busy.size > 24) return undefined;
    this.busy.add(key);
    const before = this.hits;
    let result: Value;
    const writers = this.writers(key, name, decl);
    if (writers.length === 0) result = decl === null ? undefined : this.initial(decl);
    else {
      const seen = new Set<Value>();
      for (const w of writers) {
        const f = functionOf(w);
        if (f === from) {
          // What the running function writes comes later; the answer is for it alone.
          this.hits++;
          continue;
        }
        if (f === null || seen.size > 1) {
          if (f !== null) seen.add(undefined);
          continue;
        }
        const frame = new Frame(this.index, this, this.outside, f, new Map(), 1);
        this.cycles.delete(key);
        frame.run();
        const v = frame.state.get(key);
        // A writer that puts back what it read says nothing of its own.
        if (v === undefined && this.cycles.has(key)) continue;
        seen.add(v);
      }
      result =
        seen.size === 1 ? [...seen][0] : seen.size === 0 && decl !== null ? this.initial(decl) : undefined;
    }
    this.busy.delete(key);
    if (this.busy.size === 0 || this.hits === before) this.globals.set(key, result);
    return result;
  }

  /** Initial value of a declaration of static duration. */
  initial(decl: Decl): Value {
    if (decl.init === null) return decl.isExtern ? undefined : 0;
    if (decl.init.k === 'init') {
      const only = decl.init.items[0];
      return only !== undefined && decl.init.items.length === 1 && decl.type.array === 0
        ? this.value(only.x)
        : undefined;
    }
    return this.value(decl.init);
  }

  private writers(key: string, name: string, decl: Decl | null): Expr[] {
    const out: Expr[] = [];
    const consider = (x: Expr): void => {
      const p = x.up;
      const written =
        (p?.k === 'asg' && p.left === x) ||
        p?.k === 'upd' ||
        (p?.k === 'un' && p.op === '&' && p.up?.k === 'call' && isStore(p.up));
      if (written && targetOf(this.index, x)?.key === key) out.push(x);
    };
    for (const id of this.index.uses.get(name) ?? []) consider(id);
    for (const mem of this.index.members.get(name) ?? []) consider(mem);
    if (decl !== null) {
      const f = functionOf(decl);
      if (f !== null) for (const id of this.index.usesOf(decl)) consider(id);
    }
    return out;
  }
}
