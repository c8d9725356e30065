/**
 * What pointers and references that are kept in fields and globals are bound to: an operation through one of them is
 * an operation on each of those objects.
 */
import type { Access } from './access.ts';
import type { Index } from './index.ts';
import { type Expr, type Func, type Init, functionOf, strip } from './ir.ts';
import { push } from './project.ts';
import { type Target, targetOf } from './targets.ts';

/** Whether an operation works on what the object points or refers to, and not on the object itself. */
export function worksThrough(index: Index, t: Target, a: Access): boolean {
  if (t.kind !== 'field' && t.kind !== 'global') return false;
  const r = index.resolve(t.type);
  if (t.type.text.includes('&') && r.pointer === 0) return true;
  if (r.pointer === 0 || r.array > 0 || a.targetExpr === null) return false;
  const x = strip(a.targetExpr);
  return !(x.k === 'un' && x.op === '&');
}

export class Bindings {
  /** Arguments of constructors by the class's name: of objects that are declared, members, bases. */
  private made: Map<string, (readonly Expr[])[]> | null = null;

  constructor(
    private readonly index: Index,
    private readonly uses: (t: Target) => readonly Expr[],
  ) {}

  /** The objects that a kept pointer or reference may stand for; null among them for what could not be named. */
  of(t: Target): readonly (Target | null)[] {
    const out = new Map<string, Target | null>();
    const seen = new Set<string>();
    for (const x of this.given(t)) this.add(x, out, seen);
    return [...out.values()];
  }

  private add(x: Expr, out: Map<string, Target | null>, seen: Set<string>): void {
    const plain = strip(x);
    if (plain.k === 'num' || (plain.k === 'id' && /^(NULL|nullptr)$/.test(plain.name))) return;
    const t = targetOf(this.index, x);
    if (t?.kind !== 'param' || t.func === null) {
      out.set(t?.key ?? '', t);
      return;
    }
    if (seen.has(t.key)) return;
    seen.add(t.key);
    const from = this.argumentsOf(t.func, t.param);
    if (from.length === 0) out.set('', null);
    for (const arg of from) this.add(arg, out, seen);
  }

  /** What is stored into a field or a global, or initialises it. */
  private given(t: Target): Expr[] {
    const out: Expr[] = [];
    if (t.decl?.init != null) out.push(t.decl.init);
    for (const use of this.uses(t)) {
      const p = use.up;
      if (p?.k === 'asg' && p.left === use && p.op === '=') out.push(p.right);
    }
    if (t.kind !== 'field' || t.owner === null) return out;
    for (const f of this.index.functions) {
      if (f.owner !== t.owner || f.name !== f.owner) continue;
      for (const s of f.body)
        if (s.k === 'expr' && s.x.k === 'init' && s.x.member === t.name)
          out.push(...s.x.items.map((i) => i.x));
    }
    return out;
  }

  private argumentsOf(f: Func, param: number): Expr[] {
    const lists = (this.index.calls.get(f.name) ?? [])
      .filter((c) => this.index.callees(c).includes(f) || f.owner === f.name)
      .map((c) => c.args);
    const all: (readonly Expr[])[] = [...lists];
    if (f.owner === f.name) all.push(...(this.constructions().get(f.name) ?? []));
    return all.flatMap((args) => (args.length === f.params.length ? (args[param] ?? []) : []));
  }

  private constructions(): Map<string, (readonly Expr[])[]> {
    if (this.made !== null) return this.made;
    const made = new Map<string, (readonly Expr[])[]>();
    this.made = made;
    const args = (x: Init): Expr[] => x.items.map((i) => i.x);
    for (const f of this.index.functions)
      for (const n of this.index.nodes(f)) {
        if (n.k === 'decl' && n.init?.k === 'init') push(made, this.index.resolve(n.type).base, args(n.init));
        else if (n.k === 'init' && n.member !== undefined) {
          const owner = functionOf(n);
          const field = owner?.owner == null ? null : this.memberType(owner, n.member);
          push(made, field ?? n.member, args(n));
        }
      }
    for (const d of this.index.fileOfGlobal.keys())
      if (d.init?.k === 'init') push(made, this.index.resolve(d.type).base, args(d.init));
    return made;
  }

  private memberType(f: Func, member: string): string | null {
    for (const s of this.index.ownStructs(f)) {
      const found = this.index.fieldOf(s, member);
      if (found !== null) return this.index.resolve(found.field.type).base;
    }
    return null;
  }
}
