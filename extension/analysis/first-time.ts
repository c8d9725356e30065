/** Tests that turn out differently once: of what start-up, a thread's start or a first use sets for good. */
import type { CallGraph } from './call-graph.ts';
import type { Index } from './index.ts';
import { type Call, type Expr, type Func, type Node, type Stmt, functionOf, strip } from './ir.ts';
import { push } from './project.ts';
import { type Target, targetOf } from './targets.ts';

export const isZero = (x: Expr): boolean => {
  const e = strip(x);
  return (
    (e.k === 'num' && /^0x?0*[uUlL]*$/.test(e.text)) ||
    (e.k === 'id' && /^(NULL|nullptr|false)$/.test(e.name))
  );
};

const undoing =
  /(^|_)(fork|child|parent|reset|destroy|fini|done|cleanup|exit|shutdown|teardown|unload|detach|freeres|idle)(_|$|[A-Z])|(Reset|Destroy|Shutdown|Cleanup|Idle|Exit)/;

export class FirstTimes {
  private readonly once = new Map<string, ReadonlySet<Func> | null>();
  /** Calls that lead to a function within a few steps, by the function that makes them. */
  private readonly leading = new Map<Func, Map<Func, Call[]>>();
  private readonly starts = new Map<Func, ReadonlyMap<string, readonly Expr[]>>();

  constructor(
    private readonly index: Index,
    private readonly graph: CallGraph,
  ) {}

  /** A test that turns out differently once: of an object that outlives the call and that only this branch sets. */
  isFirst(test: Expr, branch: Stmt): boolean {
    const seen = new Set<string>();
    let hit = false;
    const visit = (x: Expr, depth: number): void => {
      if (hit || depth > 6) return;
      const e = strip(x);
      if (e.k === 'id' || e.k === 'mem') {
        const f = functionOf(e);
        const local = e.k === 'id' ? this.index.local(f, e.name, e) : null;
        if (f !== null && local !== null && !local.isStatic && !local.isThread) {
          if (seen.has(`local ${local.name}`)) return;
          seen.add(`local ${local.name}`);
          // A copy: of what it starts with, in any branch of a condition.
          for (const init of this.startsOf(f).get(local.name) ?? []) visit(init, depth + 1);
          return;
        }
        const t = targetOf(this.index, e);
        if (t === null || seen.has(t.key)) return;
        seen.add(t.key);
        if (lasting(e, t) && this.setsOnce(t, branch)) hit = true;
      } else if (e.k === 'un') visit(e.x, depth + 1);
      else if (e.k === 'bin') {
        visit(e.left, depth + 1);
        visit(e.right, depth + 1);
      } else if (e.k === 'asg') visit(e.right, depth + 1);
      else if (e.k === 'call') {
        for (const a of e.args) if (a.k === 'un' && a.op === '&') visit(a.x, depth + 1);
        if (e.callee.k === 'mem') visit(e.callee.object, depth + 1);
        const f = this.index.callees(e)[0];
        if (f === undefined || f.params.length > 1) return;
        for (const s of f.body) {
          const inner = s.k === 'variants' ? s.options.flatMap((o) => o.body) : [s];
          for (const r of inner) if (r.k === 'return' && r.x !== null) visit(r.x, depth + 2);
        }
      }
    };
    visit(test, 0);
    return hit;
  }

  /** What the locals of a function start with, by name. */
  private startsOf(f: Func): ReadonlyMap<string, readonly Expr[]> {
    let known = this.starts.get(f);
    if (known === undefined) {
      const found = new Map<string, Expr[]>();
      for (const n of this.index.nodes(f)) if (n.k === 'decl' && n.init !== null) push(found, n.name, n.init);
      known = found;
      this.starts.set(f, known);
    }
    return known;
  }

  private setsOnce(t: Target, branch: Stmt): boolean {
    const writers = this.onceWriters(t);
    if (writers === null) return false;
    const own = functionOf(branch);
    if (own === null) return false;
    // All that sets it is in the branch: a list that is also taken from elsewhere is filled again and again.
    return [...writers].every((f) =>
      f === own
        ? this.writesOf(t).every((w) => functionOf(w.at) !== own || isInside(w.at, branch))
        : undoing.test(f.name) || this.leads(f, own, branch),
    );
  }

  /** Whether a branch of a function calls another, directly or through a few more. */
  private leads(to: Func, from: Func, branch: Stmt): boolean {
    let calls = this.leading.get(to);
    if (calls === undefined) {
      calls = new Map<Func, Call[]>();
      const seen = new Set<Func>([to]);
      let layer: Func[] = [to];
      for (let depth = 0; depth < 4 && seen.size < 200; depth++) {
        const next: Func[] = [];
        for (const g of layer) {
          for (const c of this.graph.callersOf.get(g) ?? []) {
            const caller = functionOf(c);
            if (caller === null) continue;
            push(calls, caller, c);
            if (!seen.has(caller)) {
              seen.add(caller);
              next.push(caller);
            }
          }
        }
        layer = next;
      }
      this.leading.set(to, calls);
    }
    return calls.get(from)?.some((c) => isInside(c, branch)) === true;
  }

  private writesOf(t: Target): { at: Expr; value: Expr | null }[] {
    const uses: readonly Expr[] =
      t.kind === 'local' && t.decl !== null
        ? this.index.usesOf(t.decl)
        : t.kind === 'global'
          ? (this.index.uses.get(t.name) ?? [])
          : (this.index.members.get(t.name) ?? []);
    const out: { at: Expr; value: Expr | null }[] = [];
    for (const u of uses) {
      if (t.kind !== 'local' && targetOf(this.index, u)?.key !== t.key) continue;
      const p = u.up;
      if (p?.k === 'asg' && p.left === u) out.push({ at: u, value: p.op === '=' ? p.right : null });
      else if (p?.k === 'upd') out.push({ at: u, value: null });
      else if (p?.k === 'un' && p.op === '&' && p.up?.k === 'call' && p.up.args[0] === p) {
        const name = p.up.callee.k === 'id' ? p.up.callee.name : '';
        if (/store|exchange|set/i.test(name))
          out.push({ at: u, value: p.up.args[p.up.args.length > 2 ? 1 : p.up.args.length - 1] ?? null }); // biome-ignore format: one row
        else if (!/load|get|read/i.test(name)) out.push({ at: u, value: null });
      } else if (p?.k === 'mem' && p.object === u && p.up?.k === 'call' && /store|exchange/.test(p.field))
        out.push({ at: u, value: p.up.args[0] ?? null });
    }
    return out;
  }

  /** Functions that set an object for good; null when it also changes on other occasions. */
  private onceWriters(t: Target): ReadonlySet<Func> | null {
    const known = this.once.get(t.key);
    if (known !== undefined) return known;
    this.once.set(t.key, null);
    const all = this.writesOf(t);
    if (all.length === 0 || all.length > 12 || t.type.array > 0) return null;
    const initial = t.decl?.init ?? null;
    const same = (a: Expr): boolean => (initial === null ? isZero(a) : print0(a) === print0(initial));
    const setters = new Set<Func>();
    for (const w of all) {
      const f = functionOf(w.at);
      if (f === null || w.value === null) return null;
      if (same(w.value)) {
        // Taken back: by what undoes everything, or for good.
        if (setters.has(f)) return null;
        if (!undoing.test(f.name) && !f.attributes.has('destructor')) return null;
      } else setters.add(f);
    }
    const result = setters.size > 0 && setters.size <= 3 ? setters : null;
    this.once.set(t.key, result);
    return result;
  }
}

const print0 = (x: Expr): string => {
  const e = strip(x);
  return isZero(e) ? '0' : e.k === 'num' ? e.text : e.k === 'id' ? e.name : e.k === 'un' ? `${e.op}${print0(e.x)}` : '?'; // biome-ignore format: a chain
};

/** Outlives the call: a global, a static, a thread's own, or a part of one. */
function lasting(x: Expr, t: Target): boolean {
  if (t.kind === 'global') return true;
  if (t.kind === 'local') return t.decl?.isStatic === true || t.decl?.isThread === true;
  if (t.kind !== 'field') return false;
  let e: Expr = x;
  while (e.k === 'mem' && !e.arrow) e = strip(e.object);
  return e.k === 'id' && e !== x;
}

function isInside(node: Node, root: Stmt): boolean {
  for (let n: Node | null = node; n !== null; n = n.up) if (n === root) return true;
  return false;
}
