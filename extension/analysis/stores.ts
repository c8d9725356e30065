/** Values that are stored: into locals, behind pointers, into fields, initialisers and aggregates. */
import { Calls } from './calls.ts';
import { type Decl, type Expr, type Init, type Node, functionOf, idOf, print } from './ir.ts';
import { isOwn } from './naming.ts';
import { type Target, assignedOf, fieldTarget, targetOf } from './targets.ts';
import { Mode, ValueNode } from './value-graph.ts';

export abstract class Stores extends Calls {
  /** What is done through a pointer or a reference that keeps an address. */
  private readonly keepers = new Map<string, ValueNode>();

  /** Whether what `at` leaves in a local may be what `use` sees. */
  protected abstract reaches(d: Decl, at: Node, use: Node): boolean;
  /** A pointer or an array: what it points to outlasts the expression. */
  protected abstract memoryLasts(x: Expr): boolean;

  protected assigned(node: ValueNode, p: Extract<Node, { k: 'asg' }>, mode: number): void {
    this.follow(node, p, mode);
    this.stored(node, p.left, p, mode);
  }

  /** `left = value`. */
  private stored(node: ValueNode, left: Expr, at: Node, mode: number): void {
    const t = assignedOf(this.index, left);
    const content = (mode & Mode.content) !== 0;
    if (t === null) {
      this.say(node, 'unknown', 'none', at, `It is stored into ${print(left)}, which could not be followed.`);
      return;
    }
    const through = left.k === 'un' || left.k === 'idx' || left.k === 'mem';
    if (t.kind === 'field' && !content) this.escapes(node, left, at, mode);
    if (isOwn(t) && t.decl !== null) {
      const elsewhere = through && t.type.pointer > 0 && t.type.array === 0;
      if (elsewhere && !content && !/char/.test(t.type.base))
        this.say(
          node,
          'unknown',
          'none',
          at,
          `It is stored through ${print(left)}, which could not be followed.`,
        );
      this.local(node, t.decl, at, through ? mode | Mode.content : mode);
      return;
    }
    if (t.kind === 'param') {
      if (!through && t.decl !== null) {
        const reference = t.type.text.includes('&');
        if (reference) this.outParameter(node, t, at, mode);
        else this.local(node, t.decl, at, mode);
      } else this.outParameter(node, t, at, mode);
      return;
    }
    if (content && this.memoryLasts(left)) this.keeps(node, t, at, mode);
    else this.object(node, t, at);
  }

  /** A pointer or a reference that holds the address from now on: what is done through it is done to the object. */
  private keeps(node: ValueNode, t: Target, at: Node, mode: number): void {
    if (t.key.startsWith('?.') || (t.kind !== 'field' && t.kind !== 'global')) {
      this.say(node, 'unknown', 'none', at, `Its address is kept in ${t.name}, which could not be followed.`);
      return;
    }
    this.graph.edge(node, { kind: 'value', to: this.kept(t, mode & ~Mode.inside), at, text: '' });
  }

  private kept(t: Target, mode: number): ValueNode {
    const key = `${t.key}:${mode}`;
    let n = this.keepers.get(key);
    if (n === undefined) {
      n = new ValueNode(
        false,
        (inner) => {
          for (const use of this.peers.uses(t)) if (!this.skips(use, mode)) this.follow(inner, use, mode);
        },
        (mode & Mode.object) !== 0,
      );
      this.keepers.set(key, n);
    }
    return n;
  }

  /** `Holder(T& x) : member_(x) {}`, `T member_ = x;`: the member gets it, or a base's constructor. */
  private initialised(node: ValueNode, p: Init, x: Expr, mode: number): void {
    const f = functionOf(p);
    const name = p.member ?? '';
    const content = (mode & Mode.content) !== 0;
    for (const s of f === null ? [] : this.index.ownStructs(f)) {
      const found = this.index.fieldOf(s, name);
      if (found === null) continue;
      const t = fieldTarget(this.index, found.struct, found.field);
      const { type } = found.field;
      const pointer = this.index.resolve(type).pointer > 0;
      const inner = pointer ? null : this.index.structOf(type);
      if (type.text.includes('&') || (content && pointer)) this.keeps(node, t, p, mode);
      else if (inner !== null && this.constructed(node, p, x, inner.name, mode)) return;
      else this.object(node, t, p);
      return;
    }
    if (!this.constructed(node, p, x, name, mode))
      this.say(node, 'unknown', 'none', p, `It initialises ${name}, which could not be followed.`);
  }

  /** Whether an initialiser's item is taken by reference. */
  protected bindsReference(p: Init, x: Expr): boolean {
    const f = functionOf(p);
    if (p.member !== undefined) {
      for (const s of f === null ? [] : this.index.ownStructs(f)) {
        const found = this.index.fieldOf(s, p.member);
        if (found !== null) return found.field.type.text.includes('&');
      }
    }
    const name = p.member ?? (p.up?.k === 'decl' ? this.index.structOf(p.up.type)?.name : undefined);
    const at = p.items.findIndex((i) => i.x === x);
    return (this.index.byName.get(name ?? '') ?? []).some(
      (g) => g.owner === name && g.params[at]?.type.text.includes('&'),
    );
  }

  /** An argument of a class's constructor; false when the class has none of its own. */
  private constructed(node: ValueNode, p: Init, x: Expr, name: string, mode: number): boolean {
    const made = (this.index.byName.get(name) ?? []).filter((f) => f.owner === name);
    if (made.length === 0) return false;
    const at = p.items.findIndex((i) => i.x === x);
    const fits = made.flatMap((f) => (f.params.length === p.items.length ? (f.params[at] ?? []) : []));
    for (const param of fits)
      this.graph.edge(node, {
        kind: 'value',
        to: this.parameter(param, mode | Mode.inside),
        at: p,
        text: '',
      });
    if (fits.length === 0)
      this.say(node, 'unknown', 'none', p, `It makes a ${name} by a constructor that was not followed.`);
    return true;
  }

  /** A field of a local struct: whoever outside the project gets the struct gets the value with it. */
  private escapes(node: ValueNode, left: Expr, at: Node, mode: number): void {
    let x: Expr = left;
    while ((x.k === 'mem' && !x.arrow) || x.k === 'idx') x = x.object;
    const d = x.k === 'id' ? this.index.local(functionOf(x), x.name, x) : null;
    if (d === null || d.isStatic || d.isThread || d.type.pointer > 0) return;
    for (const use of this.index.usesOf(d)) {
      let e: Expr = use;
      while (e.up?.k === 'cast' || (e.up?.k === 'un' && e.up.op === '&')) e = e.up;
      const call = e.up;
      if (call?.k !== 'call' || !call.args.includes(e) || this.peers.accessAt(call) !== undefined) continue;
      if (this.index.callees(call).length === 0 && this.reaches(d, at, use))
        this.argument(node, call, e, mode | Mode.content);
    }
  }

  protected declared(node: ValueNode, d: Decl, x: Expr, mode: number): void {
    const content = (mode & Mode.content) !== 0;
    if (functionOf(d) === null || d.isStatic || d.isThread) {
      const t = targetOf(this.index, idOf(d));
      if (t !== null && !content) this.object(node, t, d);
      return;
    }
    void x;
    this.local(node, d, d, mode);
  }

  /** `{ a, value }` as an initialiser: the local, or the fields of what is assigned. */
  protected aggregate(node: ValueNode, p: Init, x: Expr, mode: number): void {
    let n: Node | null = p.up;
    let outer = p;
    for (; n !== null && n.k === 'init'; n = n.up) outer = n;
    if (outer.member !== undefined) {
      this.initialised(node, outer, outer === p ? x : p, mode);
      return;
    }
    if (n?.k === 'decl') {
      const struct = this.index.structOf(n.type);
      if (struct !== null && n.type.pointer === 0) {
        // A class with a constructor of its own gets the value as an argument.
        if (this.constructed(node, p, x, struct.name, mode)) return;
        const at = p.items.findIndex((i) => i.x === x);
        const item = p.items[at];
        const field = item?.field ?? struct.fields[at]?.name;
        const found = field === undefined || field === null ? null : this.index.fieldOf(struct, field);
        if (found !== null && (mode & Mode.content) === 0) {
          const holder: Expr = { k: 'id', token: n.token, up: p, name: n.name, scope: null, decl: undefined };
          const t = targetOf(this.index, {
            k: 'mem',
            token: p.token,
            up: p,
            object: holder,
            field: found.field.name,
            arrow: false,
          });
          if (t !== null && t.kind === 'field') {
            this.object(node, t, p);
            return;
          }
        }
      }
      this.declared(node, n, p, struct === null && n.type.array === 0 ? mode : mode | Mode.content);
    } else if (n?.k === 'asg') this.stored(node, n.left, n, mode);
    else if (n?.k === 'call' || n?.k === 'cast' || n?.k === 'return')
      this.say(node, 'unknown', 'none', p, 'It is put into an aggregate that was not followed.');
  }
}
