/** Name tables over all lowered files: who defines, calls, reads and writes what. */
import { findCallees } from './callees.ts';
import { type Cond, type CondScope, holds } from './condition.ts';
import { expressionType } from './expression-type.ts';
import type { Call, Decl, Expr, Field, Func, Id, Mem, Node, Struct, TypeRef } from './ir.ts';
import { noType, walk } from './ir.ts';
import { condAt } from './preprocess.ts';
import { type Project, push } from './project.ts';

/** Nothing is known: what is false here is false everywhere. */
const undecided: CondScope = { value: () => null, defined: () => null };

export interface FieldOf {
  readonly struct: Struct;
  readonly field: Field;
}

export class Index {
  readonly functions: Func[] = [];
  readonly byName = new Map<string, Func[]>();
  readonly structs = new Map<string, Struct[]>();
  readonly fields = new Map<string, FieldOf[]>();
  readonly typedefs = new Map<string, TypeRef>();
  /** What to call an anonymous struct: the first typedef of it. */
  readonly titles = new Map<string, string>();
  readonly globals = new Map<string, Decl[]>();
  readonly fileOfGlobal = new Map<Decl, string>();
  readonly calls = new Map<string, Call[]>();
  /** Uses of names that are not local to their function. */
  readonly uses = new Map<string, Id[]>();
  readonly members = new Map<string, Mem[]>();
  readonly returns = new Map<string, TypeRef>();
  private readonly declared = new Map<string, readonly TypeRef[]>();
  readonly attributes = new Map<string, ReadonlySet<string>>();
  /** Declarations inside a function by name, in the order of the text; more than one where scopes shadow. */
  private readonly locals = new Map<Func, Map<string, Decl[]>>();
  private readonly localUses = new Map<Decl, Id[]>();
  private readonly all = new Map<Func, readonly Node[]>();
  private readonly made = new Map<Func, readonly Call[]>();
  private readonly typeCache = new Map<Expr, TypeRef | null>();
  private readonly ancestorCache = new Map<string, ReadonlySet<string>>();
  private readonly calleeCache = new Map<Call, readonly Func[]>();
  /** Names of objects, fields and functions whose type is atomic, or points to what is, or cannot be seen. */
  private readonly atomicNames = new Set<string>();

  private looks = 0;

  /** `checkpoint` is called now and then while questions are answered; what it throws ends them. */
  constructor(
    readonly project: Project,
    /** Whether the configuration leaves the text under a condition out. */
    readonly isOut: (file: string, cond: Cond | null) => boolean = () => false,
    private readonly checkpoint?: () => void,
  ) {
    for (const lowered of project.lowered.values()) {
      for (const f of lowered.functions) {
        this.functions.push(f);
        push(this.byName, f.name, f);
      }
      for (const g of lowered.globals) {
        push(this.globals, g.name, g);
        this.fileOfGlobal.set(g, lowered.file);
        if (g.type.base.includes('@') && !this.titles.has(g.type.base)) this.titles.set(g.type.base, g.name);
      }
      for (const s of lowered.structs) {
        push(this.structs, s.name, s);
        for (const field of s.fields) push(this.fields, field.name, { struct: s, field });
      }
      for (const t of lowered.typedefs) {
        if (!this.typedefs.has(t.name) || this.typedefs.get(t.name)?.base === t.name)
          this.typedefs.set(t.name, t.type);
        if (t.type.base.includes('@') && !this.titles.has(t.type.base)) this.titles.set(t.type.base, t.name);
      }
      for (const p of lowered.prototypes) {
        if (p.params !== undefined && !this.declared.has(p.name)) this.declared.set(p.name, p.params);
        if (!this.returns.has(p.name)) this.returns.set(p.name, p.returns);
        const known = this.attributes.get(p.name);
        this.attributes.set(
          p.name,
          known === undefined ? p.attributes : new Set([...known, ...p.attributes]),
        );
      }
    }
    for (const f of this.functions) this.enter(f);
    for (const [g] of this.fileOfGlobal) if (g.init !== null) this.enterUses(g.init);
    this.findAtomicNames();
  }

  private findAtomicNames(): void {
    const known = new Map<TypeRef, boolean>();
    const atomic = (t: TypeRef): boolean => {
      let a = known.get(t);
      if (a === undefined) {
        a =
          this.resolve(t).atomic || t.base === 'auto' || t.base === '' || /^_*(typeof|decltype)/.test(t.base);
        known.set(t, a);
      }
      return a;
    };
    for (const [name, list] of this.globals) if (list.some((d) => atomic(d.type))) this.atomicNames.add(name);
    for (const [name, list] of this.fields)
      if (list.some((f) => atomic(f.field.type))) this.atomicNames.add(name);
    for (const [name, type] of this.returns) if (atomic(type)) this.atomicNames.add(name);
    for (const f of this.functions) {
      if (atomic(f.returns)) this.atomicNames.add(f.name);
      for (const [name, list] of this.locals.get(f) ?? [])
        if (list.some((d) => atomic(d.type))) this.atomicNames.add(name);
    }
  }

  /** Whether an expression's type could be atomic, judged by names alone: false is sure and cheap. */
  mayBeAtomic(x: Expr): boolean {
    switch (x.k) {
      case 'id':
        return x.name === 'this' || this.atomicNames.has(x.name);
      case 'mem':
        return this.atomicNames.has(x.field);
      case 'idx':
        return this.mayBeAtomic(x.object);
      case 'un':
      case 'upd':
        return this.mayBeAtomic(x.x);
      case 'bin':
      case 'asg':
        return this.mayBeAtomic(x.left);
      case 'num':
      case 'str':
        return false;
      case 'call':
        return x.callee.k === 'id'
          ? this.atomicNames.has(x.callee.name)
          : x.callee.k !== 'mem' || this.atomicNames.has(x.callee.field);
      default:
        return true;
    }
  }

  /** Takes in a function that is not one of the project's yet, for questions about its own nodes. */
  adopt(f: Func): void {
    this.enter(f);
  }

  private enter(f: Func): void {
    if (this.checkpoint !== undefined && (++this.looks & 63) === 0) this.checkpoint();
    const locals = new Map<string, Decl[]>();
    let { nodes } = f;
    if (nodes === undefined) {
      const list: Node[] = [];
      walk(f, (n) => list.push(n));
      nodes = list;
    }
    const calls: Call[] = [];
    for (let i = 0; i < nodes.length; i++) {
      const n = nodes[i] as Node;
      if (n.k === 'decl' && n.name !== '') push(locals, n.name, n);
      else if (n.k === 'call') calls.push(n);
    }
    this.locals.set(f, locals);
    this.all.set(f, nodes);
    this.made.set(f, calls);
    for (let i = 0; i < nodes.length; i++) this.note(nodes[i] as Node, f);
  }

  /** The calls among a function's nodes. */
  callsIn(f: Func): readonly Call[] {
    if (this.checkpoint !== undefined && (++this.looks & 63) === 0) this.checkpoint();
    return this.made.get(f) ?? [];
  }

  private enterUses(root: Expr): void {
    walk(root, (n) => this.note(n, null));
  }

  private note(n: Node, f: Func | null): void {
    if (n.k === 'id') {
      const local = this.localOf(f, n.name, n);
      n.decl = local;
      if (local !== null) push(this.localUses, local, n);
      if (local === null || local.isExtern) push(this.uses, n.name, n);
    } else if (n.k === 'mem') push(this.members, n.field, n);
    else if (n.k === 'call') {
      if (n.callee.k === 'id') push(this.calls, n.callee.name, n);
      else if (n.callee.k === 'mem') push(this.calls, n.callee.field, n);
    }
  }

  /** The declaration that a name means at a place: the innermost scope around it that has one. */
  private localOf(f: Func | null, name: string, at: Node | null): Decl | null {
    if (f === null) return null;
    const all = this.locals.get(f)?.get(name);
    const first = all?.[0];
    if (all === undefined || first === undefined) return null;
    if (all.length === 1 || at === null) return first;
    const scopes = new Map<Node, number>();
    let depth = 0;
    for (let n: Node | null = at; n !== null; n = n.up) scopes.set(n, depth++);
    let best: Decl | null = null;
    let nearest = Number.POSITIVE_INFINITY;
    for (const d of all) {
      // A parameter's scope is its function or lambda; a declaration's what its statement stands in.
      const holder = d.up?.k === 'decls' ? d.up.up : d.up;
      const distance = holder === null ? undefined : scopes.get(holder);
      if (distance === undefined) continue;
      // Later in the same scope wins only if it stands before the use: macros repeat their own names.
      if (
        distance < nearest ||
        (distance === nearest &&
          best !== null &&
          d.token.start <= at.token.start &&
          d.token.start > best.token.start)
      ) {
        best = d;
        nearest = distance;
      }
    }
    return best ?? first;
  }

  nodes(f: Func): readonly Node[] {
    if (this.checkpoint !== undefined && (++this.looks & 63) === 0) this.checkpoint();
    return this.all.get(f) ?? [];
  }

  /** The local that `name` means at `at` (anywhere in the function without one); null for what is no local. */
  local(f: Func | null, name: string, at: Node | null = null): Decl | null {
    const d =
      at?.k === 'id' && at.name === name && at.decl !== undefined ? at.decl : this.localOf(f, name, at);
    return d === null || d.isExtern ? null : d;
  }

  usesOf(d: Decl): readonly Id[] {
    return this.localUses.get(d) ?? [];
  }

  paramIndex(f: Func, name: string): number {
    return f.params.findIndex((p) => p.name === name && p.name !== '');
  }

  /** The file that a node was written in. */
  fileOf(node: Node): string | null {
    let n: Node = node;
    while (n.up !== null) n = n.up;
    if (n.k === 'func') return n.file;
    return n.k === 'decl' ? (this.fileOfGlobal.get(n) ?? null) : null;
  }

  /** Functions that a call may reach, the file's own static ones first. */
  callees(call: Call): readonly Func[] {
    const known = this.calleeCache.get(call);
    if (known !== undefined) return known;
    this.calleeCache.set(call, []);
    const found = findCallees(this, call);
    this.calleeCache.set(call, found);
    return found;
  }

  /** Whether the class of that name is the struct itself or one of its bases. */
  isA(type: Struct, owner: string): boolean {
    return type.name === owner || this.ancestors(type.name).has(owner);
  }

  /** Names of a class's bases, however far up, the nearest first. */
  private ancestors(name: string): ReadonlySet<string> {
    const before = this.ancestorCache.get(name);
    if (before !== undefined) return before;
    const known = new Set<string>();
    const look = (at: string): void => {
      for (const s of this.structs.get(at) ?? []) {
        for (const b of s.bases) {
          if (b === name || known.has(b)) continue;
          known.add(b);
          look(b);
        }
      }
    };
    look(name);
    this.ancestorCache.set(name, known);
    return known;
  }

  /** Follows typedefs to what they stand for; pointers add up. */
  resolve(type: TypeRef): TypeRef {
    let t = type;
    for (let n = 0; n < 12; n++) {
      const next = this.typedefs.get(t.base);
      if (next === undefined || next.base === t.base) break;
      t = {
        ...next,
        pointer: next.pointer + t.pointer,
        array: next.array + t.array,
        atomic: next.atomic || t.atomic,
        volatile: next.volatile || t.volatile,
        callable: next.callable || t.callable,
      };
    }
    return t;
  }

  /** One of several structs of the same name in different source files. */
  isPrivate(struct: Struct): boolean {
    if (/\.(h|hpp|hh|hxx|inc|inl)$/i.test(struct.file)) return false;
    return this.structs.get(struct.name)?.some((s) => s.file !== struct.file && s.fields.length > 0) ?? false;
  }

  /** The struct that a type names, one of the file's own first. */
  structOf(type: TypeRef | null, file: string | null = null): Struct | null {
    if (type === null) return null;
    let base = this.resolve(type).base;
    if (/^(unique_ptr|shared_ptr|atomic)$/.test(base))
      base = /\w+/.exec(this.resolve(type).args)?.[0] ?? base;
    const every = this.structs.get(base);
    if (every === undefined) return null;
    const native = every.filter((s) => !this.project.isForeign(s.file, null));
    const own =
      file === null || every.length < 2 ? [] : every.filter((s) => s.file === file && s.fields.length > 0);
    const found = own.length > 0 ? own : native.length > 0 ? native : every;
    return found.reduce((a, b) => (b.fields.length > a.fields.length ? b : a));
  }

  fieldOf(struct: Struct, name: string): FieldOf | null {
    const field = struct.fields.find((f) => f.name === name);
    if (field !== undefined) return { struct, field };
    const every = this.fields.get(name);
    if (every === undefined) return null;
    const of = (owner: string): FieldOf | null => every.find((f) => f.struct.name === owner) ?? null;
    const own = this.isPrivate(struct) ? null : of(struct.name);
    if (own !== null) return own;
    for (const owner of this.ancestors(struct.name)) {
      const found = of(owner);
      if (found !== null) return found;
    }
    return null;
  }

  /** Condition of a field's declaration, relative to the file. */
  condOf(struct: Struct, field: Field): Cond | null {
    const unit = this.project.units.get(struct.file);
    return unit === undefined ? null : condAt(unit.source, field.token.start);
  }

  /** Whether the text at an offset is compiled: for this platform, for another one only, or never (`#if 0`). */
  compiled(file: string, offset: number): 'here' | 'elsewhere' | 'never' {
    const unit = this.project.units.get(file);
    const cond = unit === undefined ? null : condAt(unit.source, offset);
    if (cond !== null && holds(cond, undecided) === 0) return 'never';
    return this.project.isForeign(file, cond) ? 'elsewhere' : 'here';
  }

  title(struct: Struct): string {
    return struct.name.includes('@') ? (this.titles.get(struct.name) ?? `(${struct.kind})`) : struct.name;
  }

  /** Type of a parameter of a function that is only declared; null when it is not known. */
  prototypeParam(name: string, n: number): TypeRef | null {
    return this.declared.get(name)?.[n] ?? null;
  }

  /** The field that a member expression names. */
  memberField(x: Mem): FieldOf | null {
    const struct = this.structOf(this.typeOf(x.object), this.fileOf(x));
    if (struct !== null) {
      const found = this.fieldOf(struct, x.field);
      if (found !== null) return found;
    }
    // The object's type is out of sight: the field's name decides when only one struct has it.
    const all = this.fields.get(x.field);
    if (all === undefined) return null;
    const names = new Set(all.map((f) => f.struct.name));
    return names.size === 1 ? (all[0] ?? null) : null;
  }

  /** A global by name as seen from a file: its own static one first. */
  global(name: string, file: string | null): Decl | null {
    const all = this.globals.get(name);
    if (all === undefined) return null;
    const own = all.filter((d) => this.fileOfGlobal.get(d) === file);
    const pick = (list: readonly Decl[]): Decl | null =>
      list.find((d) => d.init !== null && !d.isExtern) ?? list.find((d) => !d.isExtern) ?? list[0] ?? null;
    const mine = pick(own);
    if (mine !== null && (mine.isStatic || !mine.isExtern)) return mine;
    return pick(all.filter((d) => !d.isStatic)) ?? mine ?? pick(all);
  }

  typeOf(x: Expr): TypeRef | null {
    const cached = this.typeCache.get(x);
    if (cached !== undefined) return cached;
    this.typeCache.set(x, noType);
    const t = expressionType(this, x);
    this.typeCache.set(x, t);
    return t;
  }

  /** The class that a method belongs to, that of its own file first: nested classes share names. */
  ownStructs(f: Func): readonly Struct[] {
    const all = this.structs.get(f.owner ?? '') ?? [];
    if (all.length < 2) return all;
    const here = all.filter((s) => s.file === f.file);
    const before = here.filter((s) => s.token.start <= f.start).sort((a, b) => b.token.start - a.token.start);
    return [...new Set([...before, ...here, ...all])];
  }
}
