/** Which uses of a local a definition reaches, by the structure of the text. */
import { type Decl, type Func, type Node, type Stmt, functionOf, walk } from './ir.ts';

/** Statements of a list-like parent in the order of the text. */
function listOf(parent: Node, child: Node): readonly Stmt[] | null {
  switch (parent.k) {
    case 'block':
    case 'stmtx':
    case 'func':
      return parent.body;
    case 'variants':
      return parent.options.find((o) => o.body.includes(child as Stmt))?.body ?? null;
    default:
      return null;
  }
}

export class Reaching {
  /** The nodes around a definition. */
  private readonly holders = new Map<Node, Set<Node>>();
  private readonly jumpy = new Map<Func, boolean>();

  private around(def: Node): ReadonlySet<Node> {
    let set = this.holders.get(def);
    if (set === undefined) {
      set = new Set();
      for (let n: Node | null = def; n !== null; n = n.up) set.add(n);
      this.holders.set(def, set);
    }
    return set;
  }

  /** Functions with jumps are not looked at closely: every definition reaches every use. */
  private jumps(f: Func): boolean {
    const known = this.jumpy.get(f);
    if (known !== undefined) return known;
    let hit = f.strays.length > 0;
    walk(f, (n) => {
      if (n.k === 'jump' && n.kind === 'goto') hit = true;
    });
    this.jumpy.set(f, hit);
    return hit;
  }

  /** Whether what `def` (an assignment, declaration or call) leaves in `d` may be what `use` reads. */
  reaches(d: Decl, def: Node, use: Node): boolean {
    const f = functionOf(use);
    if (f === null || def === use || this.jumps(f)) return true;
    const inside = this.around(def);
    // From the use outwards: what stands before it in each list; a plain assignment there ends the search.
    let child: Node = use;
    for (let p: Node | null = use.up; p !== null; child = p, p = p.up) {
      if (p.k === 'asg' && p.left === child && p.op === '=' && inside.has(p)) return true;
      if (p === def) continue;
      if (p.k === 'lambda') return true;
      if (p.k === 'loop' && inside.has(p)) return true;
      const list = listOf(p, child);
      if (list === null) {
        // A condition, a step, an operand beside it: what it holds may come before.
        if (inside.has(p) && p.k !== 'if' && p.k !== 'switch') return true;
        if ((p.k === 'if' || p.k === 'switch') && inside.has(p) && p.test !== child && inside.has(p.test))
          return true;
        continue;
      }
      const at = list.indexOf(child as Stmt);
      let labels = false;
      for (let i = at - 1; i >= 0; i--) {
        const s = list[i] as Stmt;
        if (inside.has(s)) return true;
        if (s.k === 'label') labels = true;
        if (!labels && this.kills(d, s)) return false;
      }
      // A parameter has its value from the start.
      if (p.k === 'func') return def === d && d.up === p;
    }
    return true;
  }

  private kills(d: Decl, s: Stmt): boolean {
    if (s.k === 'decls') return s.decls.some((x) => x === d && x.init !== null);
    if (s.k !== 'expr' || s.x.k !== 'asg' || s.x.op !== '=' || s.x.left.k !== 'id') return false;
    return s.x.left.name === d.name && d.type.array === 0;
  }
}
