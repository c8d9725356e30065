/** Telemetry, correctness or unknown, for every atomic object and every plain one that a question is asked about. */
import type { AtomicClass, Role } from '../model.ts';
import type { Access } from './access.ts';
import type { EnvReads } from './env.ts';
import { type Finding, type Level, type Peers, inAssertion } from './effects.ts';
import { Flow } from './flow.ts';
import type { Index } from './index.ts';
import { type Expr, type Func, type Node, functionOf, strip, walk } from './ir.ts';
import { roleOf } from './roles.ts';
import { type Target, targetOf } from './targets.ts';
import { likelihood } from './branches.ts';
import type { Temperatures } from './temperature.ts';
import type { Token } from './tokens.ts';
import type { Wrappers } from './wrappers.ts';

export interface Reason {
  readonly file: string;
  readonly token: Token;
  readonly reason: string;
}

export interface Verdict {
  readonly class: AtomicClass;
  readonly role: Role | null;
  /** Every access that decided, in the order of file and text. */
  readonly reasons: readonly Reason[];
}

const maxReasons = 12;
/** `unlikely` branches are where diagnostics live. */
export const isUnlikely = (x: Expr): boolean => likelihood(x) === 'unlikely';

export class Classifier {
  private readonly accesses = new Map<string, Access[]>();
  private readonly byNode = new Map<Node, Access>();
  private readonly verdicts = new Map<string, Verdict>();
  private readonly busy = new Set<string>();
  private readonly entryNames: ReadonlySet<string>;
  /** Set when an answer leaned on one still being worked out. */
  private leaned = 0;

  constructor(
    private readonly index: Index,
    private readonly wrappers: Wrappers,
    private readonly temperatures: Temperatures,
    private readonly env: EnvReads,
  ) {
    this.entryNames = new Set(temperatures.entries);
    for (const f of index.functions) {
      for (const a of wrappers.accesses(f)) {
        this.byNode.set(a.node, a);
        if (a.target === null) continue;
        const list = this.accesses.get(a.target.key);
        if (list === undefined) this.accesses.set(a.target.key, [a]);
        else list.push(a);
      }
    }
  }

  accessesOf(key: string): readonly Access[] {
    return this.accesses.get(key) ?? [];
  }

  private readonly peers: Peers = {
    levelOf: (t) => this.levelOf(t),
    accessAt: (n) => this.byNode.get(n),
    entry: (f) => this.entryNames.has(f.name),
  };

  private levelOf(t: Target): Level {
    const v = this.verdict(t);
    return v.class === 'telemetry' ? 'observe' : v.class === 'correctness' ? 'decide' : 'unknown';
  }

  /** Accesses of an object: its own, and those of functions that got its address. */
  private everyAccess(t: Target): Access[] {
    const out = [...(this.accesses.get(t.key) ?? [])];
    const seen = new Set<string>();
    const handed = (x: Expr, depth: number): void => {
      let e: Expr = x;
      while (
        e.up?.k === 'cast' ||
        (e.up?.k === 'un' && e.up.op === '&') ||
        (e.up?.k === 'idx' && e.up.object === e)
      )
        e = e.up as Expr;
      const call = e.up;
      if (call?.k !== 'call' || this.byNode.has(call) || depth > 4) return;
      const at = call.args.indexOf(e);
      for (const f of this.index.callees(call)) {
        const p = f.params[at];
        if (p === undefined || (p.type.pointer === 0 && p.type.array === 0 && !p.type.text.includes('&')))
          continue;
        const key = `${f.file}:${f.owner ?? ''}:${f.name}:${p.name}:${p.token.start}`;
        if (seen.has(key)) continue;
        seen.add(key);
        out.push(...(this.accesses.get(key) ?? []));
        for (const use of this.index.usesOf(p)) handed(use, depth + 1);
      }
    };
    for (const use of this.plainUses(t)) handed(use, 0);
    return out;
  }

  /** Every written use of an object's name. */
  plainUses(t: Target): readonly Expr[] {
    if (t.kind === 'local' || t.kind === 'param') return t.decl === null ? [] : this.index.usesOf(t.decl);
    if (t.kind === 'global')
      return (this.index.uses.get(t.name) ?? []).filter((u) => targetOf(this.index, u)?.key === t.key);
    const list: Expr[] = (this.index.members.get(t.name) ?? []).filter(
      (m) => targetOf(this.index, m)?.key === t.key,
    );
    for (const u of this.index.uses.get(t.name) ?? [])
      if (targetOf(this.index, u)?.key === t.key) list.push(u);
    return list;
  }

  verdict(t: Target): Verdict {
    const known = this.verdicts.get(t.key);
    if (known !== undefined) return known;
    if (this.busy.has(t.key)) {
      this.leaned++;
      return { class: 'telemetry', role: null, reasons: [] };
    }
    if (this.busy.size > 12) return { class: 'unknown', role: null, reasons: [] };
    this.busy.add(t.key);
    const before = this.leaned;
    const result = this.decide(t);
    this.busy.delete(t.key);
    // An answer that leaned on an unfinished one is final only at the outermost level.
    if (this.busy.size === 0 || this.leaned === before || result.class === 'correctness')
      this.verdicts.set(t.key, result);
    return result;
  }

  private decide(t: Target): Verdict {
    if (t.key.startsWith('?.') || (t.kind === 'local' && /\batomic_ref\b/.test(t.type.text)))
      return { class: 'unknown', role: null, reasons: [] };
    const flow = new Flow(this.index, this.peers, t.key, new Map());
    const accesses = this.everyAccess(t);
    const inAtomic = new Set<Node>();
    for (const a of accesses) if (a.targetExpr !== null) walk(a.targetExpr, (n) => inAtomic.add(n));
    // Results of updates first: what they reach is judged as such.
    const ordered = [
      ...accesses.filter((a) => a.operation !== 'load'),
      ...accesses.filter((a) => a.operation === 'load'),
    ];
    for (const a of ordered) {
      flow.updating = a.operation !== 'load';
      if (
        a.target !== null &&
        a.target.kind === 'param' &&
        a.target.key !== t.key &&
        a.func !== null &&
        this.wrappers.of.has(a.func)
      )
        continue;
      if (a.yields) flow.follow(a.node);
      // Inline assembly hands the old value out through its operands.
      if (a.node.k === 'asm') for (const o of a.node.outputs) this.received(flow, o);
      if (
        a.out !== null &&
        (a.operation === 'load' || a.operation === 'compare_exchange' || a.operation === 'exchange')
      )
        this.received(flow, a.out);
    }
    flow.updating = false;
    const uses = this.plainUses(t);
    const plain: Expr[] = [];
    for (const u of uses) {
      if (inAtomic.has(u)) continue;
      for (const x of this.places(u, t, 0)) {
        if (inAtomic.has(x)) continue;
        plain.push(x);
        if (this.isRead(x)) flow.follow(x);
      }
    }
    // A read-modify-write by hand, `x = x + 1` or `x++`, follows its result where it is used.
    for (const u of plain) {
      const p = u.up;
      if (p?.k === 'upd' || (p?.k === 'asg' && p.left === u && p.op !== '='))
        if (p.up?.k !== 'expr') {
          flow.updating = true;
          flow.follow(p);
        }
    }
    const found = flow.found;
    const decides = found.filter((f) => f.level === 'decide');
    const unknown = found.filter((f) => f.level === 'unknown');
    const role = (c: AtomicClass): Role | null =>
      roleOf(c, t, accesses, found, { index: this.index, temperatures: this.temperatures, env: this.env });
    if (decides.length > 0)
      return { class: 'correctness', role: role('correctness'), reasons: order(decides) };
    if (t.type.pointer > 0 && accesses.some((a) => a.operation === 'compare_exchange')) {
      return {
        class: unknown.length > 0 ? 'unknown' : 'correctness',
        role: unknown.length > 0 ? null : 'lock-free',
        reasons: order(found),
      };
    }
    if (unknown.length > 0) return { class: 'unknown', role: null, reasons: order(unknown) };
    const updates = accesses.filter((a) => a.operation !== 'load');
    if (accesses.length > 0 && found.length === 0) {
      const onlyStores = updates.every(
        (a) => a.operation === 'store' || a.operation === 'clear' || a.operation === 'exchange',
      );
      if (updates.length === 0 || onlyStores) {
        const at = accesses[0];
        return {
          class: 'unknown',
          role: null,
          reasons:
            at === undefined
              ? []
              : [
                  {
                    file: at.file,
                    token: at.token,
                    reason: `${t.name} is written but no read of it was found: what it is for is not known.`,
                  },
                ],
        };
      }
      const reasons = updates.slice(0, maxReasons).map((a) => ({
        file: a.file,
        token: a.token,
        reason: `The result of this ${a.operation} is discarded, and ${t.name} is never read.`,
      }));
      return { class: 'telemetry', role: role('telemetry'), reasons };
    }
    if (accesses.length === 0 && plain.length === 0) return { class: 'unknown', role: null, reasons: [] };
    return { class: 'telemetry', role: role('telemetry'), reasons: order(found) };
  }

  /** The object whose address receives an old value. */
  private received(flow: Flow, out: Expr): void {
    const e = strip(out);
    const x = e.k === 'un' && e.op === '&' ? e.x : e;
    const t = targetOf(this.index, x);
    if (t?.kind !== 'local' || t.func === null) return;
    for (const use of t.decl === null ? [] : this.index.usesOf(t.decl)) {
      if (use.up?.k === 'un' && use.up.op === '&') continue;
      if (use.up?.k === 'asg' && use.up.left === use) continue;
      flow.follow(use);
    }
  }

  /**
   * The expressions that stand for the object at one use of its name: an element of an array, or what a local pointer
   * to it is dereferenced to.
   */
  private places(u: Expr, t: Target, depth: number): readonly Expr[] {
    let e: Expr = u;
    if (t.type.array > 0) while (e.up?.k === 'idx' && e.up.object === e) e = e.up;
    const decays = t.type.array > 0 && e === u;
    let x: Expr = e;
    let address = decays;
    while (x.up?.k === 'cast' || (x.up?.k === 'un' && x.up.op === '&') || (address && x.up?.k === 'bin')) {
      x = x.up as Expr;
      if (x.k === 'un') address = true;
    }
    const p = x.up;
    const d =
      !address || depth > 3
        ? null
        : p?.k === 'decl'
          ? p
          : p?.k === 'asg' && p.right === x
            ? this.localNamed(p.left)
            : null;
    if (d === null) return decays && address && p?.k !== 'call' ? [] : [e];
    const out: Expr[] = [];
    for (const use of this.index.usesOf(d)) {
      const q = use.up;
      if (q?.k === 'un' && q.op === '*') out.push(q);
      else if (q?.k === 'idx' && q.object === use) out.push(q);
    }
    return out;
  }

  private localNamed(x: Expr): (Node & { k: 'decl' }) | null {
    const e = strip(x);
    if (e.k !== 'id') return null;
    const d = this.index.local(functionOf(e), e.name, e);
    return d === null || d.isStatic || d.isThread ? null : d;
  }

  private isRead(u: Expr): boolean {
    const p = u.up;
    if (p === null) return false;
    if (p.k === 'asg' && p.left === u) return false;
    if (p.k === 'upd') return false;
    if (p.k === 'un' && p.op === '&') return p.up?.k === 'call' ? this.escapes(p, p.up) : p.up?.k !== 'expr';
    if (p.k === 'mem') return p.arrow;
    return !inAssertion(u.token);
  }

  /** Its address goes to a function that is no atomic operation: a project's own is looked into elsewhere. */
  private escapes(p: Expr, call: Node): boolean {
    if (call.k !== 'call' || this.byNode.has(call)) return false;
    const functions = this.index.callees(call);
    if (functions.length > 0) {
      const at = call.args.indexOf(p);
      return functions.some(
        (f) => f.params[at] !== undefined && this.index.structOf(f.params[at]?.type ?? null) === null,
      );
    }
    return !(
      call.callee.k === 'id' &&
      /^(memset|memcpy|memmove|printf|atomic_init|pthread_mutex_init)$/.test(call.callee.name)
    );
  }

  /** A site's class: its variable's, or for an operation on a parameter what its callers' objects agree on. */
  site(a: Access, verdict: Verdict | null): Verdict {
    if (a.operation === 'fence')
      return {
        class: 'correctness',
        role: 'publication',
        reasons: [{ file: a.file, token: a.token, reason: 'A fence orders other accesses.' }],
      };
    if (verdict !== null) return verdict;
    const t = a.target;
    if (t === null || t.kind !== 'param' || t.func === null) {
      return {
        class: 'unknown',
        role: null,
        reasons: [
          {
            file: a.file,
            token: a.token,
            reason: 'The object could not be named, so its other uses were not followed.',
          },
        ],
      };
    }
    return this.shared(t, a, new Set());
  }

  private shared(t: Target, a: Access, seen: Set<string>): Verdict {
    if (seen.has(t.key) || t.func === null) return { class: 'unknown', role: null, reasons: [] };
    seen.add(t.key);
    const { func } = t;
    const classes = new Map<AtomicClass, Verdict>();
    const calls = (this.index.calls.get(func.name) ?? []).filter((c) => this.index.callees(c).includes(func));
    for (const c of calls) {
      const arg = c.args[t.param];
      const to = arg === undefined ? null : targetOf(this.index, arg);
      const v =
        to === null
          ? null
          : to.kind === 'param'
            ? to.func === func
              ? null
              : this.shared(to, a, seen)
            : this.verdict(to);
      if (v !== null && !classes.has(v.class)) classes.set(v.class, v);
      if (to === null) classes.set('unknown', { class: 'unknown', role: null, reasons: [] });
    }
    const why = (reason: string): Reason[] => [{ file: a.file, token: a.token, reason }];
    if (calls.length === 0)
      return { class: 'unknown', role: null, reasons: why(`Nothing in the project calls ${func.name}.`) };
    const correctness = classes.get('correctness');
    if (correctness !== undefined)
      return {
        ...correctness,
        reasons: [
          ...why(`${func.name} is called on objects of which at least one steers the allocator.`),
          ...correctness.reasons.slice(0, 4),
        ],
      };
    const unknown = classes.get('unknown');
    if (unknown !== undefined)
      return {
        class: 'unknown',
        role: null,
        reasons: why(`${func.name} is called on objects of which at least one is not known.`),
      };
    const telemetry = classes.get('telemetry');
    if (telemetry !== undefined)
      return {
        ...telemetry,
        reasons: [...why(`${func.name} is called on telemetry only.`), ...telemetry.reasons.slice(0, 4)],
      };
    return { class: 'unknown', role: null, reasons: why('Its callers could not be followed.') };
  }

  private readonly plainObservers = new Map<Func, boolean>();

  observes(f: Func): boolean {
    return new Flow(this.index, this.peers, '', this.plainObservers).observes(f);
  }
}

function order(found: readonly Finding[]): Reason[] {
  const seen = new Set<string>();
  const out: Reason[] = [];
  for (const f of found) {
    const key = `${f.file}:${f.token.start}:${f.reason}`;
    if (seen.has(key)) continue;
    seen.add(key);
    out.push({ file: f.file, token: f.token, reason: f.reason });
    if (out.length >= maxReasons) break;
  }
  return out;
}
