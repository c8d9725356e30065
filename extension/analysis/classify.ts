/** Telemetry, correctness or unknown, for every atomic object and every plain one that a question is asked about. */
import type { AtomicClass, Role } from '../model.ts';
import type { Access } from './access.ts';
import { Bindings, worksThrough } from './bound.ts';
import type { Peers } from './effects.ts';
import type { EnvReads } from './env.ts';
import { Evidence, type Reason } from './evidence.ts';
import { Flow } from './flow.ts';
import type { Index } from './index.ts';
import type { Call, Expr, Func, Node } from './ir.ts';
import { originate } from './origins.ts';
import { roleOf } from './roles.ts';
import { siteVerdict } from './sites.ts';
import { push } from './project.ts';
import { type Target, cellField, fieldTarget, isCell, targetOf } from './targets.ts';
import type { Temperatures } from './temperature.ts';
import { Graph, OwnGraph, ValueNode } from './value-graph.ts';
import { shellObjects, structsHandedOut, volatileWords } from './words.ts';
import type { Wrappers } from './wrappers.ts';

export type { Reason } from './evidence.ts';

export interface Verdict {
  readonly class: AtomicClass;
  readonly role: Role | null;
  /** Every access that decided, in the order of file and text. */
  readonly reasons: readonly Reason[];
}

export class Classifier {
  private readonly accesses = new Map<string, Access[]>();
  private readonly byNode = new Map<Node, Access>();
  /** Operations on the one member of a wrapping struct, by that member: what they work on is what holds the struct. */
  private readonly members = new Map<string, Access[]>();
  private readonly verdicts = new Map<string, Verdict>();
  private readonly entryNames: ReadonlySet<string>;
  private readonly objects = new Map<string, ValueNode>();
  private readonly graph = new Graph();
  private readonly flow: Flow;
  private readonly peers: Peers;
  private readonly bindings: Bindings;
  private handed: ReadonlyMap<string, Call> | null = null;

  constructor(
    readonly index: Index,
    wrappers: Wrappers,
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
        const member = a.targetExpr === null ? null : cellField(index, a.targetExpr);
        if (member !== null && member.key !== a.target.key) push(this.members, member.key, a);
      }
    }
    this.peers = {
      accessAt: (n) => this.byNode.get(n),
      entry: (f) => this.entryNames.has(f.name),
      object: (t) => this.object(t),
      uses: (t) => this.plainUses(t),
    };
    this.bindings = new Bindings(index, (t) => this.plainUses(t));
    this.flow = new Flow(index, this.peers, this.graph);
  }

  accessesOf(key: string): readonly Access[] {
    return this.accesses.get(key) ?? [];
  }

  operationsOn(t: Target): readonly Access[] {
    return [...this.accessesOf(t.key), ...(this.members.get(t.key) ?? [])];
  }

  handedOut(struct: string): Call | undefined {
    this.handed ??= structsHandedOut(this.index);
    return this.handed.get(struct);
  }

  /** Objects that are atomic by what their class or their accessors do. */
  implicitObjects(): Target[] {
    const operated = (key: string): boolean => this.accesses.has(key) || this.members.has(key);
    return [...shellObjects(this.index, operated), ...volatileWords(this.index)];
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

  private object(t: Target): ValueNode {
    let n = this.objects.get(t.key);
    if (n === undefined) {
      n = new ValueNode(true, (node) => originate(this, this.flow, this.graph, node, t));
      this.objects.set(t.key, n);
    }
    return n;
  }

  verdict(t: Target): Verdict {
    const known = this.verdicts.get(t.key);
    if (known !== undefined) return known;
    const word = this.pointedWord(t);
    const node = word === null ? this.object(t) : null;
    if (node !== null) this.graph.rank(node);
    const own = node === null ? this.verdict(word as Target) : this.judge(t, node);
    this.verdicts.set(t.key, own);
    const result = this.asBound(t, own);
    this.verdicts.set(t.key, result);
    return result;
  }

  /** What looks harmless through a kept pointer or reference is as serious as the objects that it stands for. */
  private asBound(t: Target, own: Verdict): Verdict {
    if (own.class !== 'telemetry') return own;
    const through = this.accessesOf(t.key).filter((a) => worksThrough(this.index, t, a));
    const at = through[0];
    if (at === undefined) return own;
    const objects = this.bindings.of(t);
    const verdicts = objects.map((o) => (o === null || o.key === t.key ? null : this.verdict(o)));
    const say = (reason: string): Reason => ({ file: at.file, token: at.token, reason });
    const serious = verdicts.findIndex((v) => v?.class === 'correctness');
    const worst = verdicts[serious];
    if (worst !== undefined && worst !== null) {
      const first = say(`${t.name} stands for objects like ${objects[serious]?.name ?? ''}, which steers.`);
      return { ...worst, reasons: [first, ...worst.reasons.slice(0, 4)] };
    }
    const unsure = objects.findIndex((o, i) => o?.key !== t.key && verdicts[i]?.class !== 'telemetry');
    if (objects.length > 0 && unsure < 0) return own;
    const name = objects[unsure]?.name;
    const what = name === undefined ? 'an object that could not be named' : `${name}, whose use is not known`;
    return { class: 'unknown', role: null, reasons: [say(`${t.name} stands for ${what}.`)] };
  }

  /** For a pointer or reference to an object around one word: that word, whichever object it is. */
  private pointedWord(t: Target): Target | null {
    const r = this.index.resolve(t.type);
    const reference = t.type.text.includes('&') && r.pointer === 0;
    if (r.atomic || r.callable || r.array > 0 || (r.pointer !== 1 && !reference)) return null;
    const struct = this.index.structOf(r);
    const only = struct?.fields[0];
    const accesses = this.accessesOf(t.key);
    if (struct === null || only === undefined || accesses.length === 0 || !isCell(this.index, struct))
      return null;
    const word = fieldTarget(this.index, struct, only);
    return word.key !== t.key && accesses.every((a) => a.wrapper?.cell === -1) ? word : null;
  }

  private judge(t: Target, node: ValueNode): Verdict {
    const level = node.rank === 2 ? 'decide' : node.rank === 1 ? 'unknown' : 'observe';
    const own = new OwnGraph();
    const flow = new Flow(this.index, this.peers, own, this.flow);
    const start = new ValueNode(true, (n) => originate(this, flow, own, n, t));
    const evidence = new Evidence({ graph: this.graph, own, index: this.index, node, start }, t);
    const found = level === 'observe' ? evidence.all() : evidence.nearest(level);
    const accesses = [...new Set([...this.accessesOf(t.key), ...evidence.accesses])];
    const as = (c: AtomicClass, reasons = evidence.reasons(found)): Verdict => ({
      class: c,
      role:
        c === 'unknown'
          ? null
          : c === 'correctness' && this.wrapsLock(t)
            ? 'lock'
            : roleOf(c, t, accesses, found, {
                index: this.index,
                temperatures: this.temperatures,
                env: this.env,
              }),
      reasons,
    });
    if (level === 'decide') return as('correctness');
    if (level === 'unknown' || found.length === 0) return as('unknown');
    const stores = accesses.every((a) => /^(store|clear|exchange|load)$/.test(a.operation));
    const readable = t.kind === 'global' && t.decl?.isStatic !== true;
    if (found.every((f) => f.hint === 'discarded') && stores && readable) {
      const why = `${t.name} is written here and never read in this project, but others may read it.`;
      return as('unknown', evidence.reasons(found.map((f) => ({ ...f, reason: why }))));
    }
    return as('telemetry');
  }

  /** An instance of a class whose one word is a lock. */
  private wrapsLock(t: Target): boolean {
    const r = this.index.resolve(t.type);
    const struct = r.pointer > 0 ? null : this.index.structOf(r);
    const only = struct?.fields[0];
    if (struct === null || only === undefined || !isCell(this.index, struct)) return false;
    const word = fieldTarget(this.index, struct, only);
    return word.key !== t.key && this.verdict(word).role === 'lock';
  }

  /** A site's class: its variable's, or for an operation on a parameter what its callers' objects agree on. */
  site(a: Access, verdict: Verdict | null): Verdict {
    const v = siteVerdict(this.index, (t) => this.verdict(t), a, verdict);
    if (v.class !== 'unknown' || verdict !== null || a.targetExpr === null) return v;
    // Reached through a parameter that nobody is seen to pass: what its declared field is for.
    const member = cellField(this.index, a.targetExpr);
    return member === null ? v : this.verdict(member);
  }

  /** Whether everything that a function does is to observe: print, count, compute. */
  observes(f: Func): boolean {
    return this.graph.rank(this.flow.effectsOf(f)) === 0;
  }
}
