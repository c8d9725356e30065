/** Rows of `gates[]`: reads of the environment with their default and how they are read, and compile flags. */
import type { Gate, GateRead } from '../model.ts';
import { type CondScope, namesIn } from './condition.ts';
import type { EnvRead, EnvReads } from './env.ts';
import type { Index } from './index.ts';
import type { Interpreter } from './interpret.ts';
import type { Value } from './library.ts';
import { type Expr, type Func, type Node, functionOf, strip, walk } from './ir.ts';
import type { Project } from './project.ts';
import { type Target, targetOf } from './targets.ts';
import type { Temperatures } from './temperature.ts';
import { lineOf } from './tokens.ts';

export type GateRow = Omit<Gate, 'guards'>;

const numeric = /^(std::)?(ato(i|l|ll|f)|strto(l|ul|ll|ull|d|umax|imax))$/;

/** Objects that a read decides, from the call outwards: through locals, assignments and conditions. */
function decided(
  index: Index,
  read: EnvRead,
): { targets: Target[]; locals: Set<string>; number: boolean; tested: boolean } {
  const f = read.func;
  const locals = new Set<string>();
  const targets: Target[] = [];
  let number = false;
  let tested = false;
  const mentions = (x: Expr): boolean => {
    let hit = false;
    walk(x, (n) => {
      if (n === read.call || (n.k === 'id' && locals.has(n.name))) hit = true;
    });
    return hit;
  };
  const value = (x: Expr): void => {
    walk(x, (n) => {
      if (n.k === 'call' && n.callee.k === 'id' && numeric.test(n.callee.name)) {
        // A number is the result unless a comparison makes a truth of it.
        let p: Node | null = n.up;
        let compared = false;
        for (; p !== null && p !== x.up; p = p.up)
          if (p.k === 'bin' && /^([=!<>]=?|&&|\|\|)$/.test(p.op)) compared = true;
        if (!compared) number = true;
      }
    });
  };
  if (f === null) return { targets, locals, number, tested };
  for (let round = 0; round < 3; round++) {
    for (const n of index.nodes(f)) {
      if (n.k === 'decl' && n.init !== null && mentions(n.init)) {
        if (n.isStatic || n.isThread) {
          const t = targetOf(index, { k: 'id', token: n.token, up: n.up, name: n.name, scope: null });
          if (t !== null && !targets.some((o) => o.key === t.key)) targets.push(t);
        }
        if (!locals.has(n.name)) {
          locals.add(n.name);
          value(n.init);
        }
      } else if (n.k === 'asg' || (n.k === 'call' && n.callee.k === 'id' && /store/.test(n.callee.name))) {
        const left = n.k === 'asg' ? n.left : (n.args[0] as Expr | undefined);
        const right = n.k === 'asg' ? n.right : n.args[1];
        if (left === undefined || right === undefined) continue;
        const under = ((): boolean => {
          for (let p: Node | null = n.up; p !== null && p.k !== 'func'; p = p.up)
            if (p.k === 'if' && mentions(p.test)) return true;
          return false;
        })();
        if (!mentions(right) && !under) continue;
        value(right);
        const t = targetOf(index, left);
        if (t === null) continue;
        if (t.kind === 'local' && t.decl !== null && !t.decl.isStatic && !t.decl.isThread) locals.add(t.name);
        else if (t.kind !== 'param' && !targets.some((o) => o.key === t.key)) targets.push(t);
      } else if (n.k === 'if' && mentions(n.test)) tested = true;
      else if (n.k === 'return' && n.x !== null && mentions(n.x)) value(n.x);
    }
  }
  return { targets, locals, number, tested };
}

function text(v: Value, number: boolean): string | null {
  if (v === undefined) return null;
  if (typeof v === 'string') return v;
  if (!number && v === 0) return 'off';
  if (!number && v === 1) return 'on';
  return Number.isInteger(v) ? String(v) : String(v);
}

export class Gates {
  private readonly modes = new Map<Func, GateRead>();

  constructor(
    private readonly project: Project,
    private readonly index: Index,
    private readonly env: EnvReads,
    private readonly unset: Interpreter,
    private readonly temperatures: Temperatures,
  ) {}

  rows(scope: CondScope, used: ReadonlySet<string>): GateRow[] {
    return [...this.environment(), ...this.flags(scope, used)];
  }

  private environment(): GateRow[] {
    const ordinals = new Map<string, number>();
    const out: GateRow[] = [];
    const seen = new Set<string>();
    for (const read of this.env.reads) {
      const unit = this.project.units.get(read.file);
      if (unit === undefined || !unit.listed) continue;
      const { token } = read.call;
      const place = `${read.file}:${token.start}`;
      if (seen.has(place)) continue;
      seen.add(place);
      const line = lineOf(unit.source.lines, token.start);
      const base = `gate:env:${read.name ?? '?'}:${read.file}:${read.func?.name ?? ''}`;
      const n = ordinals.get(base) ?? 0;
      ordinals.set(base, n + 1);
      const mode = this.mode(read);
      out.push({
        id: `${base}:${n}`,
        kind: 'env',
        name: read.name,
        file: read.file,
        line: line + 1,
        column: token.start - (unit.source.lines[line] ?? 0) + 1,
        function: read.func?.name ?? null,
        default: read.name === null ? null : this.defaultOf(read),
        read: mode,
        hot: mode === 'per-call' && this.temperatures.at(read.call) === 'hot',
      });
    }
    return out;
  }

  private defaultOf(read: EnvRead): string | null {
    const f = read.func;
    if (f === null) {
      // An initialiser at file scope.
      let x: Node = read.call;
      while (x.up !== null && x.up.k !== 'decl') x = x.up;
      const decl = x.up?.k === 'decl' ? x.up : null;
      if (decl === null) return null;
      let number = false;
      walk(decl, (n) => {
        if (n.k === 'call' && n.callee.k === 'id' && numeric.test(n.callee.name)) number = true;
      });
      if (decl.type.base !== 'bool' && !number)
        number = decl.type.base !== '_Bool' && decl.type.pointer === 0;
      return text(this.unset.initial(decl), number && decl.type.base !== 'bool');
    }
    const d = decided(this.index, read);
    if (f.returns.base !== 'void' || f.returns.pointer > 0) {
      const returnsIt = this.index.nodes(f).some((n) => {
        if (n.k !== 'return' || n.x === null) return false;
        let hit = false;
        walk(n.x, (m) => {
          if (m === read.call || (m.k === 'id' && d.locals.has(m.name))) hit = true;
          if ((m.k === 'id' || m.k === 'mem') && d.targets.length > 0) {
            const t = targetOf(this.index, m);
            if (t !== null && d.targets.some((o) => o.key === t.key)) hit = true;
          }
        });
        return hit;
      });
      if (returnsIt) {
        const v = this.unset.returned(f);
        if (f.returns.pointer > 0 && v === 0) return null;
        const found = text(v, d.number && f.returns.base !== 'bool' && f.returns.base !== '_Bool');
        if (found !== null) return found;
      }
    }
    const after = this.unset.after(f);
    for (const t of d.targets) {
      const v = after.has(t.key)
        ? after.get(t.key)
        : t.decl !== null
          ? this.unset.initial(t.decl)
          : t.kind === 'field'
            ? undefined
            : undefined;
      const isBool = /^(_Bool|bool)$/.test(this.index.resolve(t.type).base);
      if (t.type.pointer > 0 && v === 0) continue;
      const found = text(v, d.number && !isBool);
      if (found !== null) return found;
    }
    for (const name of d.locals) {
      const decl = this.index.local(f, name);
      if (decl === null || decl.type.pointer > 0) continue;
      const key = `${f.file}:${f.owner ?? ''}:${f.name}:${name}:${decl.token.start}`;
      const found = text(after.get(key), d.number);
      if (found !== null) return found;
    }
    // A string whose absence is tested: without it, what it would do is off.
    return d.tested && d.targets.length === 0 && this.unset.value(read.call) === 0 ? 'off' : null;
  }

  private mode(read: EnvRead): GateRead {
    if (read.func === null) return 'constructor';
    const d = decided(this.index, read);
    return this.modeAt(read.call, read.func, d.targets, 0);
  }

  private modeAt(at: Node, f: Func, targets: readonly Target[], depth: number): GateRead {
    if (f.attributes.has('constructor')) return 'constructor';
    // A condition around the read that tests an object which the same function fills in.
    const written = new Set(targets.map((t) => t.key));
    for (const n of this.index.nodes(f)) {
      if (n.k === 'asg') {
        const t = targetOf(this.index, n.left);
        if (
          t !== null &&
          (t.kind === 'global' ||
            t.kind === 'field' ||
            t.decl?.isStatic === true ||
            t.decl?.isThread === true)
        )
          written.add(t.key);
      } else if (
        n.k === 'call' &&
        n.callee.k === 'id' &&
        /store|exchange/.test(n.callee.name) &&
        n.args[0] !== undefined
      ) {
        const t = targetOf(this.index, n.args[0]);
        if (t !== null && t.kind !== 'param') written.add(t.key);
      }
    }
    const cached = (test: Expr): GateRead | null => {
      let mode: GateRead | null = null;
      walk(test, (n) => {
        if (n.k !== 'id' && n.k !== 'mem') return;
        let t = targetOf(this.index, n);
        if (
          t?.kind === 'local' &&
          t.decl !== null &&
          !t.decl.isStatic &&
          !t.decl.isThread &&
          t.decl.init !== null
        ) {
          // A copy of the cache: `int v = atomic_load(&g);`
          walk(t.decl.init, (m) => {
            const inner = m.k === 'id' ? targetOf(this.index, m) : null;
            if (inner !== null && written.has(inner.key)) t = inner;
          });
        }
        if (t === null || !written.has(t.key)) return;
        if (t.decl?.isThread === true) mode = 'per-thread';
        else if (t.kind === 'global' || t.kind === 'field' || t.decl?.isStatic === true) mode ??= 'once';
      });
      return mode;
    };
    let child: Node = at;
    for (let p = at.up; p !== null; child = p, p = p.up) {
      if (p.k === 'if' && child !== p.test) {
        const m = cached(p.test);
        if (m !== null) return m;
      }
      if (p.k === 'decl' && p.isThread) return 'per-thread';
      if (p.k === 'decl' && p.isStatic) return 'once';
      const body = p.k === 'func' || p.k === 'block' ? p.body : null;
      if (body !== null) {
        for (const s of body) {
          if (s === child) break;
          if (s.k === 'if') {
            const m = cached(s.test);
            if (m !== null) return m;
          }
        }
      }
    }
    if (depth > 3) return 'per-call';
    const known = this.modes.get(f);
    if (known !== undefined) return known;
    this.modes.set(f, 'per-call');
    const calls = (this.temperatures.callersOf.get(f) ?? []).filter((c) => functionOf(c) !== f);
    let result: GateRead = 'per-call';
    if (calls.length > 0) {
      const modes = new Set(
        calls.map((c) => {
          const caller = functionOf(c);
          return caller === null ? ('constructor' as const) : this.modeAt(c, caller, targets, depth + 1);
        }),
      );
      const only = [...modes][0];
      if (modes.size === 1 && only !== undefined) result = only;
      else if (!modes.has('per-call')) result = modes.has('per-thread') ? 'per-thread' : 'once';
    } else if (this.onceCallback(f)) result = 'once';
    else if (targets.length > 0 && this.temperatures.distance.get(f) === undefined) result = 'once';
    this.modes.set(f, result);
    return result;
  }

  /** Handed to `pthread_once`, `std::call_once` and the like. */
  private onceCallback(f: Func): boolean {
    return (this.index.uses.get(f.name) ?? []).some((u) => {
      const p = strip(u).up;
      return p?.k === 'call' && p.callee.k === 'id' && /once/i.test(p.callee.name);
    });
  }

  /** Compile flags: names with a default of their own in the project, and undefined names that guard findings. */
  private flags(scope: CondScope, used: ReadonlySet<string>): GateRow[] {
    const out: GateRow[] = [];
    for (const [name, defs] of this.project.macros) {
      const own = defs.filter(
        (d) => d.params === null && d.cond !== null && this.project.units.get(d.file)?.listed === true,
      );
      const first =
        own.find((d) => d.cond !== null && namesIn(chainTop(d.cond)).includes(name)) ??
        own.find((d) => {
          for (let c = d.cond; c !== null; c = c.outer) if (namesIn(c.expr).includes(name)) return true;
          return false;
        });
      if (first === undefined) continue;
      if (
        first.body.length === 0 ||
        !first.body.every((t) => t.kind === 2 || t.kind === 1 || /^[()\-+!&|<>=*]+$/.test(t.text))
      )
        continue;
      if (first.body.some((t) => t.kind === 1 && !this.project.macros.has(t.text) && !used.has(name)))
        continue;
      if (!used.has(name) && !first.body.some((t) => t.kind === 2)) continue;
      const value = scope.value(name);
      const unit = this.project.units.get(first.file);
      if (unit === undefined) continue;
      out.push(
        row(name, first.file, first.line, first.start - (unit.source.lines[first.line - 1] ?? 0) + 1, value),
      );
    }
    const listed = new Set(out.map((g) => g.name));
    for (const name of used) {
      if (listed.has(name)) continue;
      const place = this.firstUse(name);
      if (place !== null)
        out.push(
          row(name, place.file, place.line, 1, scope.defined(name) === null ? null : scope.value(name)),
        );
    }
    return out.sort((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1));
  }

  private firstUse(name: string): { file: string; line: number } | null {
    for (const [file, unit] of this.project.units) {
      if (!unit.listed) continue;
      for (const t of unit.source.tokens) {
        const d = t.directive;
        if (d?.rest.some((r) => r.text === name))
          return { file, line: lineOf(unit.source.lines, t.start) + 1 };
      }
    }
    return null;
  }
}

function chainTop(c: {
  readonly expr: import('./condition.ts').CondExpr;
}): import('./condition.ts').CondExpr {
  return c.expr;
}

function row(name: string, file: string, line: number, column: number, value: number | null): GateRow {
  return {
    id: `gate:compile:${name}`,
    kind: 'compile',
    name,
    file,
    line,
    column: Math.max(1, column),
    function: null,
    default: value === null ? null : value === 0 ? 'off' : value === 1 ? 'on' : String(value),
    read: null,
    hot: false,
  };
}
