/** Calls that lead to a gate on a detour: through a variable that holds a function, or through a table of options. */
import type { EnvReads } from './env.ts';
import type { Index } from './index.ts';
import type { Interpreter } from './interpret.ts';
import { type Call, type Expr, type Func, type Node, functionOf, strip } from './ir.ts';
import { targetOf } from './targets.ts';

export class GateCalls {
  private readonly asked = new Map<Call, string | null>();
  private composed: ReadonlySet<Func> | null = null;

  constructor(
    private readonly index: Index,
    private readonly env: EnvReads,
    private readonly machine: Interpreter,
    private readonly callers: ReadonlyMap<Func, readonly Node[]>,
  ) {}

  /** The functions that a variable called as one was given. */
  behind(call: Call): readonly Func[] {
    let c = strip(call.callee);
    if (c.k === 'un' && c.op === '*') c = strip(c.x);
    if (c.k !== 'id' && c.k !== 'mem') return [];
    const t = targetOf(this.index, c);
    if (t === null) return [];
    const out: Func[] = [];
    const add = (x: Expr): void => {
      const e = strip(x);
      const id = e.k === 'un' && e.op === '&' ? strip(e.x) : e;
      if (id.k === 'id')
        for (const f of this.index.byName.get(id.name) ?? []) if (!out.includes(f)) out.push(f);
    };
    if (t.decl?.init != null) add(t.decl.init);
    const uses: readonly Expr[] =
      t.kind === 'field' ? (this.index.members.get(t.name) ?? []) : (this.index.uses.get(t.name) ?? []);
    for (const u of uses)
      if (u.up?.k === 'asg' && u.up.left === u && targetOf(this.index, u)?.key === t.key) add(u.up.right);
    return out.length <= 4 ? out : [];
  }

  /** The variable behind an option of a table that a call with a constant asks for; null for any other call. */
  option(call: Call): string | null {
    if (call.args.length === 0 || !this.index.callees(call).some((f) => this.composing().has(f))) return null;
    const known = this.asked.get(call);
    if (known !== undefined) return known;
    const constant = (c: Call): boolean => c.args.some((a) => typeof this.machine.value(a) === 'number');
    const asks = (f: Func): boolean => {
      const inner = this.index
        .nodes(f)
        .filter(
          (n): n is Call => n.k === 'call' && this.index.callees(n).some((g) => this.composing().has(g)),
        );
      return inner.length > 0 && inner.length < 4 && inner.every(constant);
    };
    const name =
      constant(call) || this.index.callees(call).some(asks) ? (this.machine.asked(call)[0] ?? null) : null;
    this.asked.set(call, name);
    return name;
  }

  /** Functions from which a read with a composed name is reached within a few calls. */
  private composing(): ReadonlySet<Func> {
    if (this.composed !== null) return this.composed;
    const out = new Set<Func>();
    for (const r of this.env.reads) if (r.names.length > 1 && r.func !== null) out.add(r.func);
    for (let level = 0; level < 4; level++) {
      for (const f of [...out])
        for (const c of this.callers.get(f) ?? []) {
          const g = functionOf(c);
          if (g !== null && this.index.nodes(g).length < 150) out.add(g);
        }
    }
    this.composed = out;
    return out;
  }
}

/** Whether a write stands straight in a block around the place: nothing on the way skips it. */
export function dominates(write: Node, around: ReadonlySet<Node>): boolean {
  let n: Node | null = write;
  while (n !== null && n.k !== 'expr' && n.k !== 'decls') n = n.up;
  return n?.up !== null && n?.up !== undefined && around.has(n.up);
}
