/** What is shown of a verdict: the ends of every way that a value goes, one sentence each. */
import type { Index } from './index.ts';
import type { Node } from './ir.ts';
import type { Target } from './targets.ts';
import type { Token } from './tokens.ts';
import type { Edge, Finding, Graph, Hint, Level, ValueNode } from './values.ts';

export interface Reason {
  readonly file: string;
  readonly token: Token;
  readonly reason: string;
}

const maxReasons = 16;
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
    if (!n.expanded) this.graph.explore(n, () => n.expanded, () => false);
    const hard = rank === 2 ? n.sinks.find((s) => s.hint === 'effect') : undefined;
    const worst = n.edges.filter(
      (e) => e.kind === 'effect' && (rank === 2 ? this.decides(e.to) : this.graph.rank(e.to) === 1),
    );
    if (hard !== undefined && depth > 0) return hard.reason;
    const plain = worst.find((e) => e.to.isObject);
    if (plain !== undefined && depth > 0) return plain.text;
    const first = worst[0];
    if (hard !== undefined && (first === undefined || hard.token.start <= first.at.token.start)) return hard.reason;
    if (first === undefined) return hard?.reason ?? null;
    if (first.to.isObject || depth > 2) return first.text;
    const inner = this.effect(first.to, rank, depth + 1);
    return inner === null ? first.text : `${first.text}, where ${inner}`;
  }
}

/** Everything that was found for an object, worst reasons of each condition included. */
export function findingsFrom(graph: Graph, start: ValueNode, self: Target, index: Index): Finding[] {
  const out: Finding[] = [];
  const alone = new Independent(graph, start);
  // The value's own ways, without those of the objects that it ends in.
  const own = graph.explore(
    start,
    () => false,
    (e) => e.kind !== 'effect' && !e.to.isObject,
  );
  const said = new Set<string>();
  const say = (level: Level, hint: Hint, at: Node, reason: string): void => {
    const file = index.fileOf(at) ?? '';
    const key = `${file}:${at.token.start}:${reason}`;
    if (said.has(key)) return;
    said.add(key);
    out.push({ level, hint, token: at.token, file, reason });
  };
  for (const n of own) {
    for (const s of n.sinks) {
      if (s.hint === 'effect') continue;
      const key = `${s.file}:${s.token.start}:${s.reason}`;
      if (said.has(key)) continue;
      said.add(key);
      out.push(s);
    }
    for (const e of n.edges) {
      if (e.kind === 'effect') continue;
      if (e.kind === 'object') {
        if (e.to === start) say('observe', 'none', e.at, `It goes back into ${self.name} itself.`);
        else if (graph.rank(e.to) === 0) say('observe', 'none', e.at, `It feeds ${e.text}, which is only observed.`);
        else if (e.to.rank === 1) say('unknown', 'none', e.at, `It feeds ${e.text}, whose use is not known.`);
        else if (alone.decides(e.to))
          say('decide', 'identity', e.at, `It feeds ${e.text}, which steers the allocator.`);
        continue;
      }
      if (e.kind === 'condition') tested(e, say);
    }
  }
  return out;

  function tested(e: Edge, tell: typeof say): void {
    const decides = alone.effect(e.to, 2);
    if (decides !== null) {
      tell('decide', 'condition', e.at, `The condition "${e.text}" decides: ${decides}.`);
      return;
    }
    const unknown = alone.effect(e.to, 1);
    if (unknown !== null)
      tell('unknown', 'condition', e.at, `Under the condition "${e.text}" ${unknown}, and what that does is not known.`);
    else if (graph.rank(e.to) === 0)
      tell('observe', 'condition', e.at, `Tested in "${e.text}", and what depends on it only observes or retries the update.`);
    else tell('observe', 'condition', e.at, `Tested in "${e.text}"; what it sets is followed further.`);
  }
}

/** The findings that decided, in the order of files and text, and how many more there are. */
export function reasonsOf(found: readonly Finding[], level: Level): Reason[] {
  const picked = found.filter((f) => f.level === level);
  const loud = picked.filter((f) => f.hint !== 'discarded');
  const quiet = picked.filter((f) => f.hint === 'discarded');
  const byPlace = (a: Finding, b: Finding): number =>
    a.file === b.file ? a.token.start - b.token.start : a.file < b.file ? -1 : 1;
  const all = [...loud.sort(byPlace), ...quiet.sort(byPlace)];
  const out: Reason[] = all.slice(0, maxReasons).map((f) => ({ file: f.file, token: f.token, reason: f.reason }));
  const last = out[out.length - 1];
  const more = all.length - out.length;
  if (last !== undefined && more > 0)
    out[out.length - 1] = { ...last, reason: `${last.reason} (${more} more like these are not listed.)` };
  return out;
}
