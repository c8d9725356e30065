/** What is shown of a verdict: the ends of every way that a value goes, one sentence each. */
import type { Access } from './access.ts';
import type { Index } from './index.ts';
import type { Node } from './ir.ts';
import type { Target } from './targets.ts';
import { type Token, lineOf } from './tokens.ts';
import type { Edge, Finding, Graph, Hint, Level, OwnGraph, ValueNode } from './value-graph.ts';

export interface Reason {
  readonly file: string;
  readonly token: Token;
  readonly reason: string;
}

const maxReasons = 40;
/** Asks what decides without the help of the variable in question: what only leads back to it proves nothing. */
class Independent {
  private readonly known = new Map<ValueNode, boolean>();

  constructor(
    private readonly graph: Graph,
    private readonly self: ValueNode,
  ) {}

  decides(n: ValueNode): boolean {
    if (n === this.self || this.graph.rank(n) < 2) return false;
    const known = this.known.get(n);
    if (known !== undefined) return known;
    let hit = false;
    const seen = this.graph.explore(
      n,
      () => hit,
      (e) => {
        if (e.to === this.self || this.known.get(e.to) === false) return false;
        hit ||= e.to.sinks.some((s) => s.level === 'decide') || this.known.get(e.to) === true;
        return true;
      },
    );
    hit ||= [...seen].some((m) => m.sinks.some((s) => s.level === 'decide'));
    if (hit) this.known.set(n, true);
    else for (const m of seen) this.known.set(m, false);
    return hit;
  }

  /** The piece of a sentence that says what runs under a condition: the first of the worst. */
  effect(n: ValueNode, rank: 1 | 2, depth = 0): string | null {
    if (!n.expanded)
      this.graph.explore(
        n,
        () => n.expanded,
        () => false,
      );
    const hard = rank === 2 ? n.sinks.find((s) => s.hint === 'effect') : undefined;
    const worst = n.edges.filter(
      (e) => e.kind === 'effect' && (rank === 2 ? this.decides(e.to) : this.graph.rank(e.to) === 1),
    );
    if (hard !== undefined && depth > 0) return hard.reason;
    const plain = worst.find((e) => e.to.isObject);
    if (plain !== undefined && depth > 0) return plain.text;
    const first = worst[0];
    if (hard !== undefined && (first === undefined || hard.token.start <= first.at.token.start))
      return hard.reason;
    if (first === undefined) return hard?.reason ?? null;
    if (first.to.isObject || depth > 2) return first.text;
    const inner = this.effect(first.to, rank, depth + 1);
    return inner === null ? first.text : `${first.text}, where ${inner}`;
  }
}

/** The common graph with the object's node, and a graph of its own with the node that its ways start from. */
export interface Look {
  readonly graph: Graph;
  readonly own: OwnGraph;
  readonly index: Index;
  readonly node: ValueNode;
  readonly start: ValueNode;
}

/** Ends that are shown of one access. */
const maxEnds = 8;

/** Nodes that are looked at for the nearest end of one access. */
const maxNodes = 5000;

/** What an access of the object leads to. */
interface Way {
  readonly at: Node;
  readonly node: ValueNode;
}

export class Evidence {
  /** Operations on the object, those of functions and methods that got its address included. */
  readonly accesses: Access[] = [];
  private readonly alone: Independent;
  private readonly ways: Way[] = [];
  private readonly direct: Finding[] = [];

  private readonly graph: Graph;
  private readonly index: Index;

  constructor(
    private readonly look: Look,
    private readonly self: Target,
  ) {
    this.graph = look.graph;
    this.index = look.index;
    this.alone = new Independent(look.graph, look.node);
    look.own.expand(look.start);
    for (const e of look.start.edges)
      if (e.text === 'access' && !e.to.isObject) this.ways.push({ at: e.at, node: e.to });
    this.direct.push(...look.start.sinks);
    this.gather();
  }

  /** Operations on the object under other names. */
  private gather(): void {
    const seen = new Set<ValueNode>([this.look.start]);
    const stack = [this.look.start];
    for (let n = stack.pop(); n !== undefined; n = stack.pop()) {
      this.look.own.expand(n);
      this.accesses.push(...n.accesses);
      for (const e of n.edges) {
        if (!e.to.memory || e.to.isObject || seen.has(e.to)) continue;
        seen.add(e.to);
        stack.push(e.to);
      }
    }
  }

  /** Everything at the end of every way; for what only observes. */
  all(): Finding[] {
    const out = new Map<string, Finding>();
    this.look.own.walk(this.look.start, Number.POSITIVE_INFINITY, (layer) => {
      for (const n of layer) for (const f of this.endsOf(n, 'observe')) out.set(keyOf(f), f);
      return false;
    });
    // Each read with what it goes to first; then what lies further along; what is only written comes last.
    const near = this.nearest('observe');
    const known = new Set(near.map(keyOf));
    const rest = [...out.values()].filter((f) => !known.has(keyOf(f))).sort(byPlace);
    const found = [...near, ...rest];
    return [...found.filter((f) => f.hint !== 'discarded'), ...found.filter((f) => f.hint === 'discarded')];
  }

  /** For each access that is of this level, itself and the nearest ends of its ways. */
  nearest(level: Level): Finding[] {
    const out = new Map<string, Finding>();
    const add = (f: Finding): void => {
      if (!out.has(keyOf(f))) out.set(keyOf(f), f);
    };
    for (const f of this.direct) if (f.level === level) add(f);
    const ordered = this.ways
      .map((w) => ({ w, token: w.at.token, file: this.index.fileOf(w.at) ?? '' }))
      .sort(byPlace);
    for (const { w, token, file } of ordered) {
      const ends = this.ends(w.node, level).sort(byPlace).slice(0, maxEnds);
      const first = ends[0];
      if (first === undefined) continue;
      const here = this.lineOf(file, token.start);
      if (!ends.some((f) => f.file === file && this.lineOf(f.file, f.token.start) === here))
        add({
          level,
          hint: 'none',
          token,
          file,
          reason: `What is read here goes to ${first.file}:${this.lineOf(first.file, first.token.start)}.`,
        });
      for (const f of ends) add(f);
    }
    return [...out.values()];
  }

  /** The ends of a level that the fewest steps lead to. */
  private ends(from: ValueNode, level: Level): Finding[] {
    let found: Finding[] = [];
    this.look.own.walk(from, maxNodes, (layer) => {
      found = layer.flatMap((n) => this.endsOf(n, level).filter((f) => f.level === level));
      return found.length > 0;
    });
    return found;
  }

  /** Where ways end at a node: its sinks, the objects that it feeds, the conditions that it is tested in. */
  private endsOf(n: ValueNode, level: Level): Finding[] {
    const out: Finding[] = n.sinks.filter((s) => s.hint !== 'effect');
    for (const e of n.edges) {
      const f = e.kind === 'object' ? this.fed(e) : e.kind === 'condition' ? this.tested(e, level) : null;
      if (f !== null) out.push(f);
    }
    return out;
  }

  private finding(level: Level, hint: Hint, at: Node, reason: string): Finding {
    return { level, hint, token: at.token, file: this.index.fileOf(at) ?? '', reason };
  }

  private fed(e: Edge): Finding | null {
    if (e.to === this.look.node)
      return this.finding('observe', 'none', e.at, `It goes back into ${this.self.name} itself.`);
    const rank = this.graph.rank(e.to);
    if (rank === 0)
      return this.finding('observe', 'none', e.at, `It feeds ${e.text}, which is only observed.`);
    if (rank === 1)
      return this.finding('unknown', 'none', e.at, `It feeds ${e.text}, whose use is not known.`);
    return this.alone.decides(e.to)
      ? this.finding('decide', 'identity', e.at, `It feeds ${e.text}, which steers the allocator.`)
      : null;
  }

  private tested(e: Edge, level: Level): Finding | null {
    this.look.own.expand(e.to);
    const decides = this.alone.effect(e.to, 2);
    if (decides !== null)
      return this.finding('decide', 'condition', e.at, `The condition "${e.text}" decides: ${decides}.`);
    const unknown = this.alone.effect(e.to, 1);
    if (unknown !== null)
      return this.finding(
        'unknown',
        'condition',
        e.at,
        `Under the condition "${e.text}" ${unknown}, and what that does is not known.`,
      );
    if (level !== 'observe') return null;
    const rest = e.to.edges.every((x) => x.kind === 'effect')
      ? ', and what depends on it only observes or retries the update'
      : '; what it sets is followed further';
    return this.finding('observe', 'condition', e.at, `Tested in "${e.text}"${rest}.`);
  }

  private lineOf(file: string, offset: number): number {
    const lines = this.index.project.units.get(file)?.source.lines;
    return lines === undefined ? 0 : lineOf(lines, offset) + 1;
  }

  /** A reason in code that this platform leaves out counts all the same, and says so. */
  private weighed(f: Finding): string {
    return this.index.compiled(f.file, f.token.start) === 'elsewhere'
      ? `${f.reason} (This platform leaves that code out.)`
      : f.reason;
  }

  /** The findings as they are shown, and how many more there are. */
  reasons(found: readonly Finding[]): Reason[] {
    const out: Reason[] = found
      .slice(0, maxReasons)
      .map((f) => ({ file: f.file, token: f.token, reason: this.weighed(f) }));
    const last = out[out.length - 1];
    const more = found.length - out.length;
    if (last !== undefined && more > 0)
      out[out.length - 1] = { ...last, reason: `${last.reason} (${more} more are not listed.)` };
    return out;
  }
}

const keyOf = (f: Finding): string => `${f.file}:${f.token.start}:${f.reason}`;

interface Placed {
  readonly file: string;
  readonly token: Token;
}

const byPlace = (a: Placed, b: Placed): number =>
  a.file === b.file ? a.token.start - b.token.start : a.file < b.file ? -1 : 1;
