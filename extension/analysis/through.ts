/** Which parameters a function writes behind: what a caller's argument has to expect. */
import type { Access } from './access.ts';
import type { Index } from './index.ts';
import type { Expr, Func, Node } from './ir.ts';
import { copying, filling, formatting } from './known.ts';
import { calledName, isAddressOf } from './naming.ts';
import { push } from './project.ts';
import { targetOf } from './targets.ts';

export class Through {
  private readonly known = new Map<Func, ReadonlySet<number>>();

  constructor(
    private readonly index: Index,
    private readonly accessAt: (n: Node) => Access | undefined,
  ) {}

  /** Parameters behind which a function writes, itself or through what it calls. */
  of(f: Func): ReadonlySet<number> {
    const known = this.known.get(f);
    if (known !== undefined) return known;
    const out = new Map<Func, Set<number>>();
    const users = new Map<Func, { from: Func; at: number; param: number }[]>();
    const stack = [f];
    const work: { f: Func; param: number }[] = [];
    const note = (g: Func, param: number): void => {
      const set = out.get(g);
      if (set === undefined || set.has(param)) return;
      set.add(param);
      work.push({ f: g, param });
    };
    for (let g = stack.pop(); g !== undefined; g = stack.pop()) {
      if (out.has(g)) continue;
      out.set(g, new Set());
      const own = this.ownThrough(g);
      for (const k of own.direct) note(g, k);
      for (const p of own.passed) {
        const done = this.known.get(p.to);
        if (done !== undefined) {
          if (done.has(p.at)) note(g, p.param);
          continue;
        }
        push(users, p.to, { from: g, at: p.at, param: p.param });
        stack.push(p.to);
      }
    }
    for (let w = work.pop(); w !== undefined; w = work.pop())
      for (const u of users.get(w.f) ?? []) if (u.at === w.param) note(u.from, u.param);
    for (const [g, set] of out) this.known.set(g, set);
    return out.get(f) ?? new Set();
  }

  /** The writes behind parameters in a function's own text, and the parameters that it hands on. */
  private ownThrough(f: Func): { direct: number[]; passed: { to: Func; at: number; param: number }[] } {
    const direct: number[] = [];
    const passed: { to: Func; at: number; param: number }[] = [];
    const behind = (x: Expr): number => {
      const t = targetOf(this.index, x);
      return t !== null && t.kind === 'param' && t.func === f ? t.param : -1;
    };
    for (const n of this.index.nodes(f)) {
      if (n.k === 'asg' || n.k === 'upd') {
        const left = n.k === 'asg' ? n.left : n.x;
        if (left.k !== 'id' && left.k !== 'upd') {
          const k = behind(left);
          if (k >= 0) direct.push(k);
        }
      } else if (n.k === 'call') {
        const a = this.accessAt(n);
        if (a !== undefined) {
          const x = a.operation === 'load' ? a.out : a.targetExpr;
          const k = x === null || a.operation === 'fence' ? -1 : behind(x);
          if (k >= 0) direct.push(k);
          continue;
        }
        const functions = this.index.callees(n);
        const name = calledName(n);
        n.args.forEach((arg, at) => {
          if (isAddressOf(arg)) return;
          if (functions.length === 0) {
            if (at === 0 && (formatting.test(name) || copying.test(name) || filling.test(name))) {
              const k = behind(arg);
              if (k >= 0) direct.push(k);
            }
            return;
          }
          const k = behind(arg);
          if (k >= 0) for (const to of functions) passed.push({ to, at, param: k });
        });
      }
    }
    return { direct, passed };
  }
}
