/** What a variable comes to when it is not set: the parsing code run with the variable absent. */
import type { Composed, EnvRead } from './env.ts';
import type { Index } from './index.ts';
import { keysOf } from './keys.ts';
import { type Influence, influenceOf, isNumber, parsesNumber } from './influence.ts';
import type { Interpreter } from './interpret.ts';
import { type Decl, type Node, type TypeRef, walk } from './ir.ts';
import type { Value } from './values.ts';

const isBool = (t: TypeRef): boolean => /^(_Bool|bool)$/.test(t.base) && t.pointer === 0;

function text(v: Value, number: boolean): string | null {
  if (typeof v === 'string') return v;
  if (typeof v !== 'number') return null;
  if (!number && v === 0) return 'off';
  if (!number && v === 1) return 'on';
  return String(v);
}

export class Defaults {
  private readonly found = new Map<Composed['bound'], string | null>();
  private readonly influences = new Map<EnvRead, Influence>();

  constructor(
    private readonly index: Index,
    /** Everything unset, names that a configure step decides open. */
    private readonly unset: Interpreter,
    /** The same, as if the configure step left its switches out; asked when the first cannot say. */
    private readonly plain: Interpreter,
  ) {}

  influence(read: EnvRead): Influence | null {
    if (read.func === null) return null;
    const known = this.influences.get(read);
    if (known !== undefined) return known;
    const made = influenceOf(this.index, read, read.func);
    this.influences.set(read, made);
    return made;
  }

  of(read: EnvRead, composed: Composed | null): string | null {
    // A name in both cases is one variable.
    const { bound } = composed ?? {};
    if (bound === undefined || bound.size === 0) return this.find(read, composed);
    const known = this.found.get(bound);
    if (known !== undefined) return known;
    const made = this.find(read, composed);
    this.found.set(bound, made);
    return made;
  }

  private find(read: EnvRead, composed: Composed | null): string | null {
    const first = this.by(this.unset, read, composed, false);
    if (first !== null) return first;
    return this.by(this.plain, read, composed, false) ?? this.by(this.unset, read, composed, true);
  }

  private by(machine: Interpreter, read: EnvRead, composed: Composed | null, last: boolean): string | null {
    if (read.matches) return null;
    if (read.func === null) return last ? null : this.atFileScope(machine, read);
    const d = this.influence(read);
    if (d === null) return null;
    // Without a value, whatever asks for the text finds nothing.
    if (last)
      return d.tested && d.returns !== 'strong' && !d.selects && !d.objects.some((o) => o.strong && o.number)
        ? 'off'
        : null;
    const { frame, returned } = machine.lead(
      read.func,
      read.call,
      composed?.bound ?? new Map(),
      null,
      composed?.name ?? null,
    );
    const f = read.func;
    if (d.returns === 'strong' && (f.returns.pointer === 0 || typeof returned === 'string')) {
      const found = text(returned, d.number && !isBool(this.index.resolve(f.returns)));
      if (found !== null) return found;
    }
    for (const o of d.objects) {
      if (!o.strong) continue;
      const { decl, key } = o.target;
      let v = frame.eval(o.left);
      // Other ways write it too: what it starts with is the default.
      if (v === undefined && decl !== null && !frame.state.has(key)) v = machine.initial(decl);
      if (v === undefined && o.target.kind === 'field' && o.target.token !== null)
        v = machine.constants.member(o.target.file, o.target.token.start);
      const type = this.index.resolve(this.index.typeOf(o.left) ?? o.target.type);
      if (type.pointer > 0 && typeof v !== 'string') continue;
      const found = text(v, o.number && !isBool(type));
      if (found !== null) return found;
    }
    const local = (l: Decl): Value => frame.state.get(frame.keyOf(l));
    for (const [l, number] of d.made) {
      if (l.type.pointer > 0) continue;
      const found = text(local(l), number && !isBool(this.index.resolve(l.type)));
      if (found !== null) return found;
    }
    if (d.returns === 'weak' && f.returns.pointer === 0) {
      const found = text(returned, false);
      if (found !== null) return found;
    }
    for (const l of d.raw) {
      const v = local(l);
      // What replaces the missing text; an empty buffer is no text.
      if (typeof v === 'string' && (v !== '' || l.type.array === 0)) return v;
    }
    for (const o of d.objects) {
      if (o.strong || o.target.type.pointer > 0) continue;
      const v = frame.eval(o.left);
      // A constant that the run assigned, or a truth that it left as it was.
      if (v === 0 || v === 1 || frame.state.has(o.target.key)) {
        const found = text(v, false);
        if (found !== null) return found;
      }
    }
    for (const l of d.marked) {
      if (l.type.pointer > 0) continue;
      const v = local(l);
      if ((v === 0 || v === 1) && this.asked(l)) return text(v, false);
    }
    return null;
  }

  /** Keys of the option string that a read gives, each with what its option is at the start. */
  keys(read: EnvRead): { key: string; unset: string | null }[] {
    if (read.matches) return [];
    const d = this.influence(read);
    if (d === null || d.raw.size + Number(d.returns === 'strong') === 0) return [];
    return keysOf(this.index, this.unset, read, d.returns === 'strong' || d.raw.size > 0).map(
      ({ key, target }) => {
        const decl = target?.decl ?? null;
        const type = target === null ? null : this.index.resolve(target.type);
        // An enumerator's number is not what a user writes.
        if (decl === null || type === null || type.pointer + type.array > 0 || /@|^enum/.test(type.base))
          return { key, unset: null };
        const v = this.unset.initial(decl) ?? this.plain.initial(decl);
        return { key, unset: text(v, !isBool(type)) };
      },
    );
  }

  private asked(l: Decl): boolean {
    return this.index.usesOf(l).some((u) => {
      for (let p: Node | null = u.up, child: Node = u; p !== null; child = p, p = p.up) {
        if ((p.k === 'if' || p.k === 'cond' || p.k === 'loop') && p.test === child) return true;
        if (p.k === 'return') return true;
        if (p.k !== 'bin' && p.k !== 'un' && p.k !== 'call' && p.k !== 'cast') return false;
      }
      return false;
    });
  }

  /** An initialiser of static duration. */
  private atFileScope(machine: Interpreter, read: EnvRead): string | null {
    // The outermost declaration: inside of a lambda there are others.
    let x: Node = read.call;
    while (x.up !== null) x = x.up;
    const decl = x.k === 'decl' ? x : null;
    if (decl?.init == null) return null;
    let parsed = isNumber(this.index, decl.init);
    if (decl.init.k === 'init')
      walk(decl, (n) => {
        if (n.k === 'call' && parsesNumber(this.index, n)) parsed = true;
      });
    return text(machine.initial(decl, true), parsed && !isBool(this.index.resolve(decl.type)));
  }
}
