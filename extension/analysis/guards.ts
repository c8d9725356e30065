/** What stands between a statement and its running: `#if` conditions, and conditions that environment gates decide. */
import type { Activity } from '../model.ts';
import { type Cond, type CondScope, evaluate, namesIn } from './condition.ts';
import type { EnvReads } from './env.ts';
import { GateCalls, dominates } from './gate-calls.ts';
import { dedupe, join } from './guard-lists.ts';
import type { Index } from './index.ts';
import { type Decl, type Expr, type Func, type Node, type Stmt, functionOf, strip } from './ir.ts';
import type { Interpreter } from './interpret.ts';
import type { MacroDef } from './macros.ts';
import { isConstant } from './macros.ts';
import { platformValue } from './platform.ts';
import { condAt } from './preprocess.ts';
import { type Project, asksAbsence } from './project.ts';
import { targetOf } from './targets.ts';
import { leaves } from './branches.ts';
import type { Token } from './tokens.ts';

/** One thing that must hold: a gate's name (null for no gate), and whether it does under the configuration. */
export interface Guard {
  readonly name: string;
  readonly kind: 'compile' | 'env';
  readonly holds: boolean | null;
  /** It stands around the very text, not around a call on the way there. */
  readonly own: boolean;
}

const open: readonly Guard[] = [];

export class Guards {
  private readonly fields = new Map<string, readonly string[]>();
  private readonly ofFunction = new Map<Func, readonly string[]>();
  private readonly busy = new Set<Func>();
  private readonly detours: GateCalls;
  private readonly within = new Map<Func, readonly Guard[] | null>();

  constructor(
    private readonly project: Project,
    private readonly index: Index,
    private readonly env: EnvReads,
    private readonly machine: Interpreter,
    private readonly scope: (file: string) => CondScope,
    private readonly callers: ReadonlyMap<Func, readonly Node[]>,
    private readonly alwaysLive: (f: Func) => boolean,
    /** Its address is handed on: it may run wherever that happened. */
    private readonly handedOn: (f: Func) => boolean,
  ) {
    this.detours = new GateCalls(index, env, machine, callers);
  }

  /** A function that stands in another's place is reached as that was. */
  adopt(f: Func, old: Func): void {
    this.within.set(f, this.intoFunction(old));
  }

  /** Names of the environment variables that decide an expression. */
  gateNames(x: Expr, depth = 0): readonly string[] {
    const out: string[] = [];
    const add = (names: readonly string[]): void => {
      for (const n of names) if (!out.includes(n)) out.push(n);
    };
    const visit = (e: Expr, d: number): void => {
      if (d > 10) return;
      switch (e.k) {
        case 'call': {
          const read = this.env.byCall.get(e);
          if (read?.name != null) add([read.name]);
          const option = this.detours.option(e);
          if (option !== null) {
            add([option]);
            break;
          }
          const called = this.index.callees(e);
          for (const f of called.length > 0 ? called : this.detours.behind(e)) add(this.gatesOf(f));
          if (called.length === 0) for (const a of e.args) visit(a, d + 1);
          break;
        }
        case 'id':
        case 'mem':
          add(this.gatesOfObject(e, depth));
          break;
        case 'un':
        case 'cast':
          visit(e.x, d + 1);
          break;
        case 'bin':
          visit(e.left, d + 1);
          visit(e.right, d + 1);
          break;
        case 'cond':
          visit(e.test, d + 1);
          visit(e.yes, d + 1);
          visit(e.no, d + 1);
          break;
        case 'asg':
          visit(e.right, d + 1);
          break;
        case 'idx':
          visit(e.object, d + 1);
          break;
        case 'choice':
          for (const o of e.options) visit(o.x, d + 1);
          break;
        case 'stmtx': {
          const last = e.body[e.body.length - 1];
          if (last?.k === 'expr') visit(last.x, d + 1);
          break;
        }
        default:
      }
    };
    visit(x, 0);
    return out;
  }

  /** Environment variables that decide what a small function returns. */
  gatesOf(f: Func): readonly string[] {
    const known = this.ofFunction.get(f);
    if (known !== undefined) return known;
    if (this.busy.has(f) || this.busy.size > 8) return [];
    if (f.returns.base === 'void' && f.returns.pointer === 0) return [];
    if (this.index.nodes(f).length > 400 || this.env.wrappers.has(f)) return [];
    this.busy.add(f);
    const out: string[] = [];
    const nothing = f.returns.pointer > 0 && f.returns.base !== 'char';
    if (!nothing) {
      for (const n of this.index.nodes(f)) {
        if (n.k !== 'return' || n.x === null) continue;
        for (const name of this.gateNames(n.x, 1)) if (!out.includes(name)) out.push(name);
      }
    }
    this.busy.delete(f);
    // A function that many variables decide is a configuration, not a gate.
    const result = out.length > 3 ? [] : out;
    if (this.busy.size === 0) this.ofFunction.set(f, result);
    return result;
  }

  private gatesOfObject(x: Expr, depth: number): readonly string[] {
    if (depth > 5) return [];
    const t = targetOf(this.index, x);
    if (t === null || t.kind === 'param') return [];
    const known = this.fields.get(t.key);
    if (known !== undefined) return known;
    this.fields.set(t.key, []);
    const out: string[] = [];
    const from = (e: Expr): void => {
      for (const n of this.gateNames(e, depth + 1)) if (!out.includes(n)) out.push(n);
    };
    if (t.decl?.init != null && t.decl.init.k !== 'init') from(t.decl.init);
    const uses: readonly Expr[] = [
      ...(t.kind === 'local' && t.decl !== null ? this.index.usesOf(t.decl) : []),
      ...(t.kind === 'global' ? (this.index.uses.get(t.name) ?? []) : []),
      ...(t.kind === 'field' ? (this.index.members.get(t.name) ?? []) : []),
    ];
    const local = t.kind === 'local' && t.decl?.isStatic !== true && t.decl?.isThread !== true;
    if (local) {
      this.fields.delete(t.key);
      return t.decl === null ? [] : this.gatesOfLocal(t.decl, t.key, x, depth);
    }
    if (uses.length < 400) {
      for (const u of uses) {
        let right: Expr | null = null;
        if (u.up?.k === 'asg' && u.up.left === u && u.up.op === '=') right = u.up.right;
        else if (u.up?.k === 'un' && u.up.op === '&' && u.up.up?.k === 'call') {
          const call = u.up.up;
          const at = call.args.indexOf(u.up);
          if (at === 0 && call.callee.k === 'id' && /store|exchange/.test(call.callee.name))
            right = call.args[1] ?? null;
        }
        if (right === null || targetOf(this.index, u)?.key !== t.key) continue;
        from(right);
        // `if (e && *e == '1') g = 1;`
        const value = strip(right);
        if (value.k !== 'num' && !(value.k === 'id' && /^(true|false|[A-Z][A-Z0-9_]*)$/.test(value.name)))
          continue;
        for (let p: Node | null = u.up; p !== null && p.k !== 'func'; p = p.up)
          if (p.k === 'if') from(p.test);
      }
    }
    const result = out.length > 3 ? [] : out;
    this.fields.set(t.key, result);
    return result;
  }

  /** A local is a gate's answer only if every value that may reach the place is one. */
  private gatesOfLocal(d: Decl, key: string, at: Expr, depth: number): readonly string[] {
    const all: { readonly start: number; readonly node: Node; readonly value: Expr | null }[] = [];
    if (d.init !== null) all.push({ start: d.token.start, node: d, value: d.init });
    for (const u of this.index.usesOf(d)) {
      if (u.up?.k === 'asg' && u.up.left === u)
        all.push({ start: u.token.start, node: u, value: u.up.op === '=' ? u.up.right : null });
      else if (u.up?.k === 'upd' || (u.up?.k === 'un' && u.up.op === '&'))
        all.push({ start: u.token.start, node: u, value: null });
    }
    all.sort((a, b) => a.start - b.start);
    // What is written again for sure before the place does not reach it, unless a loop goes back.
    const around = new Set<Node>();
    let looped = false;
    for (let p: Node | null = at; p !== null; p = p.up) {
      around.add(p);
      if (p.k === 'loop') looped = true;
    }
    const before = looped ? all : all.filter((w) => w.start < at.token.start);
    const last = looped ? -1 : before.findLastIndex((w) => dominates(w.node, around));
    const reaching = last < 0 ? before : before.slice(last);
    const memo = `${key}@${reaching.map((w) => w.start).join(' ')}`;
    const known = this.fields.get(memo);
    if (known !== undefined) return known;
    this.fields.set(memo, []);
    const names = reaching.map((w) => (w.value === null ? [] : this.gateNames(w.value, depth + 1)));
    const every = names.length > 0 && names.every((n) => n.length > 0) ? [...new Set(names.flat())] : [];
    const result = every.length > 3 ? [] : every;
    this.fields.set(memo, result);
    return result;
  }

  /** Names in a compile condition that are flags: not the platform's, not a guard. */
  flagsIn(cond: Cond | null): string[] {
    const out: string[] = [];
    const chain: Cond[] = [];
    for (let c = cond; c !== null; c = c.outer) chain.unshift(c);
    for (const c of chain)
      for (const n of namesIn(c.expr)) if (this.isFlag(n) && !out.includes(n)) out.push(n);
    return out;
  }

  isFlag(name: string): boolean {
    if (/^__/.test(name) || platformValue(name, false) !== null) return false;
    const defs = this.project.macros.get(name);
    if (defs?.some((d) => d.params !== null) === true) return false;
    return !/(_H|_H_|_HPP|_INCLUDED|_INC|_H_INCLUDED)$/.test(name);
  }

  private compile(cond: Cond | null, file: string, into: Guard[], self = ''): void {
    const chain: Cond[] = [];
    for (let c = cond; c !== null; c = c.outer) chain.unshift(c);
    const scope = this.scope(file);
    for (const c of chain) {
      if (self !== '' && asksAbsence(c.expr, self)) continue;
      const v = evaluate(c.expr, scope);
      const names = namesIn(c.expr).filter((n) => this.isFlag(n));
      const holds = v === null ? null : v !== 0;
      if (names.length === 0) {
        if (holds === false)
          into.push({ name: namesIn(c.expr)[0] ?? '#if', kind: 'compile', holds, own: true });
        continue;
      }
      // The name that decides: the first whose value settles it, else all of them.
      for (const name of names) into.push({ name, kind: 'compile', holds, own: true });
    }
  }

  /** Guards of a piece of text as written, its macros' definitions included. */
  written(token: Token, file: string, into: Guard[]): void {
    const unit = this.project.units.get(file);
    if (unit !== undefined) this.compile(condAt(unit.source, token.start), file, into);
    for (let v = token.via; v !== null; v = v.parent) this.definition(v.def, into);
  }

  private definition(def: MacroDef, into: Guard[]): void {
    // `#ifndef X / #define X`: that it was used says that the condition held.
    if (def.cond !== null) this.compile(def.cond, def.file, into, def.name);
  }

  private test(x: Expr, wanted: boolean, into: Guard[]): void {
    const e = strip(x);
    if (e.k === 'bin' && e.op === '&&' && wanted) {
      this.test(e.left, true, into);
      this.test(e.right, true, into);
      return;
    }
    if (e.k === 'bin' && e.op === '||' && !wanted) {
      this.test(e.left, false, into);
      this.test(e.right, false, into);
      return;
    }
    if (e.k === 'un' && e.op === '!') {
      this.test(e.x, !wanted, into);
      return;
    }
    const flags: string[] = [];
    this.constants(e, flags, 0);
    const names = this.gateNames(e);
    if (names.length === 0 && flags.length === 0) return;
    const v = this.machine.value(e);
    let holds = v === undefined ? null : (typeof v === 'string' || v !== 0) === wanted;
    // The gate itself is known; what is open is something else in the condition.
    if (holds === null && names.length > 0 && this.partsKnown(e)) holds = true;
    // A gate that only takes part in a bigger condition leaves it open, unless it decides it.
    if (holds === null && !this.mainly(e)) {
      return;
    }
    for (const n of names) into.push({ name: n, kind: 'env', holds, own: true });
    for (const n of flags) into.push({ name: n, kind: 'compile', holds, own: true });
  }

  /** Whether every part of a compound condition that asks a gate has a known value. */
  private partsKnown(e: Expr): boolean {
    if (e.k === 'bin') {
      return [e.left, e.right].every((x) => this.gateNames(x).length === 0 || this.partsKnown(x));
    }
    if (e.k === 'un' || e.k === 'cast') return this.partsKnown(e.x);
    if (this.machine.value(e) !== undefined) return true;
    if (e.k !== 'call') return false;
    // A gate with an argument, `enabled(class)`: known when what it returns is made of known parts.
    const f = this.index.callees(e)[0];
    if (f === undefined || f.params.length === 0) return false;
    const results = this.index.nodes(f).filter((n) => n.k === 'return' && n.x !== null);
    return (
      results.length > 0 &&
      results.every(
        (n) =>
          n.k === 'return' &&
          n.x !== null &&
          (this.gateNames(n.x).length === 0 || (n.x.k !== 'call' && this.partsKnown(n.x))),
      )
    );
  }

  private mainly(e: Expr): boolean {
    return (
      e.k === 'call' ||
      e.k === 'id' ||
      e.k === 'mem' ||
      (e.k === 'bin' && (e.op === '==' || e.op === '!=' || e.op === '&'))
    );
  }

  private constants(e: Expr, into: string[], depth: number): void {
    if (depth > 4) return;
    if (
      e.k === 'id' &&
      this.project.macros.get(e.name)?.some(isConstant) === true &&
      this.isFlag(e.name) &&
      this.index.global(e.name, null) === null
    ) {
      const defs = this.project.macros.get(e.name) ?? [];
      if (
        defs.some((d) => d.cond !== null && namesIn(d.cond.expr).includes(e.name)) &&
        !into.includes(e.name)
      )
        into.push(e.name);
    } else if (e.k === 'bin') {
      this.constants(e.left, into, depth + 1);
      this.constants(e.right, into, depth + 1);
    } else if (e.k === 'un' || e.k === 'cast') this.constants(e.x, into, depth + 1);
  }

  /** Guards between a node and the top of its function. */
  private inside(node: Node, into: Guard[]): void {
    const steps: Guard[][] = [];
    let child: Node = node;
    for (let p = node.up; p !== null; child = p, p = p.up) {
      const here: Guard[] = [];
      if (p.k === 'if' && child !== p.test) this.test(p.test, child === p.yes, here);
      else if (p.k === 'cond' && child !== p.test) this.test(p.test, child === p.yes, here);
      else if (p.k === 'loop' && child === p.body && p.test !== null) this.test(p.test, true, here);
      else if (p.k === 'bin' && (p.op === '&&' || p.op === '||') && child === p.right)
        this.test(p.left, p.op === '&&', here);
      else if (p.k === 'variants') {
        const option = p.options.find((o) => o.body.includes(child as Stmt));
        if (option !== undefined) this.compile(option.cond, option.file, here, option.macro);
      } else if (p.k === 'choice') {
        const option = p.options.find((o) => o.x === child);
        if (option !== undefined) this.compile(option.cond, option.file, here, option.macro);
      }
      const body =
        p.k === 'block' || p.k === 'func' || p.k === 'lambda'
          ? p.body
          : p.k === 'variants'
            ? p.options.find((o) => o.body.includes(child as Stmt))?.body
            : undefined;
      if (body !== undefined) this.exits(body, child, here);
      if (here.length > 0) steps.push(here);
    }
    for (const s of steps.reverse()) into.push(...s);
  }

  /** `if (!gate()) return;` guards what follows. */
  private exits(body: readonly Stmt[], child: Node, into: Guard[]): void {
    const at = body.indexOf(child as Stmt);
    for (let i = 0; i < at; i++) {
      const s = body[i];
      if (s?.k === 'if' && s.no === null && leaves(s.yes)) this.test(s.test, false, into);
      else if (s?.k === 'if' && s.no !== null && leaves(s.no) && !leaves(s.yes))
        this.test(s.test, true, into);
    }
  }

  /** Guards that every way into a function shares; empty when one way is free. */
  intoFunction(f: Func): readonly Guard[] {
    const known = this.within.get(f);
    if (known !== undefined) return known ?? open;
    this.within.set(f, null);
    const own: Guard[] = [];
    // The function's own text is as close as a site's.
    if (f.cond !== null) this.compile(f.cond, f.file, own);
    for (let v = f.token.via; v !== null; v = v.parent) this.definition(v.def, own);
    const calls: readonly Node[] = this.handedOn(f)
      ? [...(this.callers.get(f) ?? []), ...this.addressesOf(f)]
      : (this.callers.get(f) ?? []);
    let shared: Guard[] | null = null;
    if (!this.alwaysLive(f) && calls.length > 0 && calls.length < 200) {
      for (const call of calls) {
        const caller = functionOf(call);
        if (caller === f) continue;
        const here: Guard[] = [];
        if (caller === null) {
          // In an initialiser of static duration: nothing stands before it.
          shared = [];
          break;
        }
        here.push(...this.intoFunction(caller));
        this.local(call, here);
        shared = shared === null ? here : join(shared, here);
        if (shared.length === 0) break;
      }
    }
    const result = [...(shared ?? []), ...own];
    this.within.set(f, result);
    return result;
  }

  /** Places where the function's address is taken. */
  private addressesOf(f: Func): Node[] {
    return (this.index.uses.get(f.name) ?? []).filter((u) => {
      if (u.up?.k === 'call' && u.up.callee === u) return false;
      const file = this.index.fileOf(u);
      return !f.isStatic || file === f.file || file === null;
    });
  }

  private local(node: Node, into: Guard[]): void {
    const f = functionOf(node);
    const file = f?.file ?? this.index.fileOf(node) ?? '';
    const text: Guard[] = [];
    this.written(node.token, file, text);
    // What the function's own text is under was counted with the function.
    const skip = f === null ? 0 : depthOf(f.cond);
    into.push(
      ...(skip === 0
        ? text
        : text.filter((g) => !this.flagsIn(f?.cond ?? null).includes(g.name) || g.kind !== 'compile')),
    );
    this.inside(node, into);
  }

  /** Every guard of a node, outermost first. */
  of(node: Node): Guard[] {
    const out: Guard[] = [];
    const f = functionOf(node);
    if (f !== null) for (const g of this.intoFunction(f)) out.push({ ...g, own: false });
    this.local(node, out);
    return dedupe(out);
  }
}

function depthOf(c: Cond | null): number {
  return c?.depth ?? 0;
}

/**
 * The verdict of a list of guards: one that fails closes (a compile flag before a variable: what is not compiled, no
 * variable can switch on); one that is unknown leaves it open. What is active is decided by the flag that let it in,
 * or by a variable that the configuration sets.
 */
export function activityOf(guards: readonly Guard[], env: Readonly<Record<string, string>> = {}): Activity {
  const closed =
    guards.findLast((g) => g.holds === false && g.kind === 'compile') ??
    guards.find((g) => g.holds === false);
  if (closed !== undefined) return { state: 'inactive', decidedBy: closed.name };
  const unknown = guards.find((g) => g.holds === null);
  if (unknown !== undefined) return { state: 'conditional', decidedBy: unknown.name };
  const given = guards.findLast((g) => g.kind === 'env' && env[g.name] !== undefined);
  const flag = guards.findLast((g) => g.kind === 'compile' && g.own);
  return { state: 'active', decidedBy: (given ?? flag)?.name ?? null };
}
