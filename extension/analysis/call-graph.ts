/**
 * Who may call whom: direct calls, aliases, overriding methods, functions stored in fields, tables and variables, and
 * functions handed over as arguments to where the parameter is called.
 */
import type { Index } from './index.ts';
import {
  type Call,
  type Decl,
  type Expr,
  type Func,
  type Node,
  type Struct,
  functionOf,
  strip,
} from './ir.ts';
import { type Project, push } from './project.ts';
import { Kind, type Token } from './tokens.ts';

const systemCalls = new Set([
  'mmap',
  'mmap64',
  'munmap',
  'madvise',
  'mprotect',
  'mremap',
  'sbrk',
  'brk',
  'VirtualAlloc',
  'VirtualFree',
  'pthread_create',
  'syscall',
  'open',
  'read',
  'write',
  'close',
  'fopen',
  'sysconf',
  'getpagesize',
  'mlock',
  'msync',
  'nanosleep',
  'usleep',
]);

/** A C library's name: a project that defines it stands in for the library, so programs call it. */
export const isSystemCall = (name: string): boolean => systemCalls.has(name);

/** The same under a C library's own names: `__mmap`, `__libc_write`. */
export const entersSystem = (name: string): boolean =>
  systemCalls.has(name) || (name.startsWith('__') && systemCalls.has(name.replace(/^__(libc_)?/, '')));

/** A definition that programs may get instead of the C library's: a call of it ends in the system all the same. */
const standsIn = (f: Func): boolean => isSystemCall(f.name) && f.owner === null && !f.isStatic;

/** A function that a call may enter; `once` when what calls it does so a single time. */
export interface Reach {
  readonly to: Func;
  readonly once: boolean;
}

const onceCallers =
  /(^|_)(once|atexit|on_exit|atfork|key_create|thread_create|sigaction|signal)(_|$)|^(pthread_create|thrd_create|tss_create|FlsAlloc|CreateThread)$/i;

export class CallGraph {
  readonly callersOf = new Map<Func, Call[]>();
  readonly addressTaken = new Set<Func>();
  /** System calls by the function that makes them. */
  readonly system = new Map<Func, Call[]>();
  /** What a name that has no body stands for: an alias, a rename. */
  readonly aliases = new Map<string, Func[]>();
  /** Functions stored under a name: a field (`S.f` and `f`), a variable, a table. */
  private readonly stored = new Map<string, Func[]>();
  /** Functions handed over for a parameter. */
  private readonly handed = new Map<Func, Map<number, Set<Func>>>();
  private readonly targets = new Map<Call, readonly Func[]>();
  private readonly derived = new Map<string, Struct[]>();

  constructor(
    private readonly index: Index,
    project: Project,
  ) {
    this.findAliases(project);
    for (const list of index.structs.values())
      for (const s of list) for (const b of s.bases) push(this.derived, b, s);
    for (const f of index.functions) {
      for (const n of index.callsIn(f)) {
        const callees = this.direct(n);
        if (n.callee.k === 'id' && entersSystem(n.callee.name) && callees.every(standsIn))
          push(this.system, f, n);
        for (const g of callees) push(this.callersOf, g, n);
      }
    }
    this.findPointers();
    this.passOn();
  }

  /** Functions that a call names: its callees, or what an alias of that name stands for. */
  private direct(n: Call): readonly Func[] {
    let known = this.targets.get(n);
    if (known === undefined) {
      known = this.find(n);
      this.targets.set(n, known);
    }
    return known;
  }

  private find(n: Call): readonly Func[] {
    const found = this.index.callees(n);
    if (found.length > 0) return found;
    // `(*f)(x)` where `f` is a function itself is `f(x)`.
    const pointed = strip(n.callee);
    if (pointed.k === 'un' && pointed.op === '*') return this.functionNamed(pointed.x);
    if (n.callee.k !== 'id') return found;
    const alias = this.aliases.get(n.callee.name);
    return alias !== undefined && this.index.local(functionOf(n), n.callee.name, n) === null ? alias : found;
  }

  /** `__attribute__((alias("x")))`, macros around it, and `#define a b` of functions. */
  private findAliases(project: Project): void {
    const note = (name: string, target: string): void => {
      const to = this.index.byName.get(target);
      if (to === undefined || name === target || this.index.byName.has(name)) return;
      const known = this.aliases.get(name) ?? [];
      this.aliases.set(name, [...known, ...to.filter((f) => !known.includes(f))]);
    };
    const isAlias = /^(_*alias_*|_*ifunc_*|weakref)$/;
    for (const unit of project.units.values()) {
      const { tokens, text } = unit.source;
      if (!/alias|ifunc|weakref/i.test(text)) continue;
      for (let i = 0; i < tokens.length; i++) {
        const t = tokens[i] as Token;
        if (t.kind !== Kind.ident || tokens[i + 1]?.text !== '(') continue;
        const a = tokens[i + 2];
        if (isAlias.test(t.text) && a?.kind === Kind.string) {
          const name = declaredBefore(tokens, i);
          if (name !== null) note(name, a.text.replace(/^"|"$/g, ''));
        } else if (/alias/i.test(t.text) && a?.kind === Kind.ident) {
          const b = tokens[i + 3]?.text === ',' ? tokens[i + 4] : undefined;
          if (b?.kind === Kind.ident) {
            // Both orders are in use: the one that has a body is the function.
            if (this.index.byName.has(a.text)) note(b.text, a.text);
            else note(a.text, b.text);
          } else if (tokens[i + 3]?.text === ')') {
            const name = declaredBefore(tokens, i);
            if (name !== null) note(name, a.text);
          }
        }
      }
    }
    for (const [name, defs] of project.macros) {
      for (const d of defs) {
        const only = d.body.length === 1 ? d.body[0] : undefined;
        if (d.params === null && only?.kind === Kind.ident) note(name, only.text);
      }
    }
  }

  private functionNamed(x: Expr): readonly Func[] {
    const e = strip(x.k === 'un' && x.op === '&' ? x.x : x);
    if (e.k !== 'id') return [];
    const found = this.index.byName.get(e.name);
    return found === undefined || this.index.local(functionOf(e), e.name, e) !== null ? [] : found;
  }

  /** Names under which what is stored in an expression is found again. */
  private keysOf(x: Expr): string[] {
    const e = strip(x);
    if (e.k === 'mem') {
      const found = this.index.memberField(e);
      return found === null ? [e.field] : [`${found.struct.name}.${e.field}`, e.field];
    }
    if (e.k === 'id') return [e.name];
    if (e.k === 'idx' || (e.k === 'un' && e.op === '*')) return this.keysOf(e.k === 'idx' ? e.object : e.x);
    return [];
  }

  private findPointers(): void {
    const note = (keys: readonly string[], funcs: readonly Func[]): void => {
      for (const f of funcs) {
        this.addressTaken.add(f);
        for (const key of keys) {
          const list = this.stored.get(key);
          if (list === undefined) this.stored.set(key, [f]);
          else if (!list.includes(f)) list.push(f);
        }
      }
    };
    for (const [name, ids] of this.index.uses) {
      const funcs = this.index.byName.get(name);
      if (funcs === undefined) continue;
      for (const id of ids) {
        let x: Expr = id;
        while (
          x.up?.k === 'cast' ||
          (x.up?.k === 'un' && x.up.op === '&') ||
          x.up?.k === 'cond' ||
          x.up?.k === 'choice'
        )
          x = x.up as Expr;
        const p = x.up;
        if (p === null || (p.k === 'call' && p.callee === x)) continue;
        if (p.k === 'asg' && p.right === x) note(this.keysOf(p.left), funcs);
        else if (p.k === 'init') note(this.keysInside(p, x), funcs);
        else if (p.k === 'decl') note([p.name], funcs);
        else if (p.k === 'call') {
          for (const f of funcs) this.addressTaken.add(f);
          // `hook.store(f)`, `atomic_store(&hook, f)`, `set(&hook, f)`.
          if (p.callee.k === 'mem' && /^(store|exchange|emplace|push_back)$/.test(p.callee.field))
            note(this.keysOf(p.callee.object), funcs);
          const first = p.args[0];
          if (first !== undefined && first !== x && first.k === 'un' && first.op === '&')
            note(this.keysOf(first.x), funcs);
        }
      }
    }
  }

  /** Where an item of an initialiser lies: the field of the innermost struct, or the table. */
  private keysInside(init: Node, item: Expr): string[] {
    if (init.k !== 'init') return [];
    const at = init.items.findIndex((i) => i.x === item);
    let n: Node | null = init.up;
    while (n !== null && n.k === 'init') n = n.up;
    if (n?.k === 'asg') return this.keysOf(n.left);
    if (n?.k !== 'decl') return [];
    const named = init.items[at]?.field ?? null;
    const struct = this.index.structOf(n.type);
    if (struct === null) return named === null ? [n.name] : [named, n.name];
    const field = named ?? struct.fields[at]?.name ?? null;
    return field === null ? [n.name] : [`${struct.name}.${field}`, field];
  }

  /** Carries functions handed over as arguments through parameters that are handed on. */
  private passOn(): void {
    const add = (g: Func, i: number, f: Func): boolean => {
      const of = this.handed.get(g) ?? new Map<number, Set<Func>>();
      this.handed.set(g, of);
      const set = of.get(i) ?? new Set<Func>();
      of.set(i, set);
      if (set.has(f)) return false;
      set.add(f);
      return true;
    };
    const onward: { from: Func; param: number; to: Func; at: number }[] = [];
    for (const f of this.index.functions) {
      const callable = f.params.map((p) => this.mayBeCalled(p));
      for (const n of this.index.callsIn(f)) {
        for (const [i, a] of n.args.entries()) {
          if (a.k === 'num' || a.k === 'str' || a.k === 'mem' || a.k === 'call' || a.k === 'bin') continue;
          const e = strip(a.k === 'un' && a.op === '&' ? a.x : a);
          if (e.k !== 'id') continue;
          const named = this.functionNamed(e);
          const param = named.length === 0 ? this.index.paramIndex(f, e.name) : -1;
          if (named.length === 0 && (param < 0 || callable[param] !== true)) continue;
          for (const g of this.direct(n)) {
            if (g.params[i] === undefined) continue;
            for (const h of named) add(g, i, h);
            if (param >= 0) onward.push({ from: f, param, to: g, at: i });
          }
        }
      }
    }
    for (let round = 0, more = true; round < 6 && more; round++) {
      more = false;
      for (const o of onward)
        for (const f of this.handed.get(o.from)?.get(o.param) ?? []) if (add(o.to, o.at, f)) more = true;
    }
  }

  /** Whether a parameter can hold a function: by its type, or because its type is out of sight. */
  private mayBeCalled(p: Decl): boolean {
    const r = this.index.resolve(p.type);
    if (r.callable || /^(function|function_ref|auto)$/.test(r.base)) return true;
    return r.pointer === 0 && r.array === 0 && r.base.length <= 2 && /^[A-Z]/.test(r.base);
  }

  /** Functions that a call may enter. */
  reached(n: Call): readonly Reach[] {
    const direct = this.direct(n);
    const out: Reach[] = direct.map((to) => ({ to, once: false }));
    if (n.callee.k === 'mem') {
      for (const to of this.overriders(n.callee, n.args.length))
        if (!direct.includes(to)) out.push({ to, once: false });
    }
    if (direct.length === 0) {
      const f = functionOf(n);
      const c = strip(n.callee);
      const param = f !== null && c.k === 'id' ? this.index.paramIndex(f, c.name) : -1;
      if (f !== null && param >= 0)
        for (const to of this.handed.get(f)?.get(param) ?? []) out.push({ to, once: false });
      else if (out.length === 0) {
        const keys = this.keysOf(n.callee);
        const key = keys.find((k) => this.stored.has(k));
        // A bare field name says little where many structs have it.
        const found = key === undefined ? [] : (this.stored.get(key) ?? []);
        if (found.length <= 16) for (const to of found) out.push({ to, once: false });
      }
      // Handed to something out of sight: called from there.
      const name = c.k === 'id' ? c.name : c.k === 'mem' ? c.field : '';
      for (const a of n.args)
        for (const to of this.functionNamed(a)) out.push({ to, once: onceCallers.test(name) });
    } else if (n.callee.k === 'id' && onceCallers.test(n.callee.name)) {
      for (const a of n.args) for (const to of this.functionNamed(a)) out.push({ to, once: true });
    }
    return out;
  }

  /** Methods of derived classes that a call through a base may mean. */
  private overriders(callee: Extract<Expr, { k: 'mem' }>, args: number): readonly Func[] {
    const all = this.index.byName.get(callee.field);
    if (all === undefined || this.derived.size === 0) return [];
    const type = this.index.structOf(this.index.typeOf(callee.object));
    if (type === null || !this.derived.has(type.name)) return [];
    const below = new Set<string>();
    const visit = (name: string): void => {
      for (const s of this.derived.get(name) ?? [])
        if (!below.has(s.name)) {
          below.add(s.name);
          visit(s.name);
        }
    };
    visit(type.name);
    return all.filter((f) => f.owner !== null && below.has(f.owner) && f.params.length === args);
  }

  /** Functions stored under a name, for entry points that are hooks. */
  storedUnder(name: string): readonly Func[] {
    return this.stored.get(name) ?? [];
  }
}

/** The name that the declaration before token `at` declares. */
function declaredBefore(tokens: readonly Token[], at: number): string | null {
  let from = at;
  while (from > 0 && at - from < 120) {
    const t = tokens[from - 1] as Token;
    if (t.text === ';' || t.text === '}' || t.text === '{' || t.kind === Kind.directive) break;
    from--;
  }
  for (let i = from; i < at; i++) {
    const t = tokens[i] as Token;
    if (t.kind === Kind.ident && tokens[i + 1]?.text === '(' && !/attribute|declspec|alias|typeof|decltype/i.test(t.text)) return t.text; // biome-ignore format: one test
  }
  return null;
}
