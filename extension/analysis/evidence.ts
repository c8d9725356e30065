/** What is shown of a verdict: the ends of every way that a value goes, one sentence each. */
import type { Index } from './index.ts';
import type { Node } from './ir.ts';
import type { Target } from './targets.ts';
import type { Token } from './tokens.ts';
import type { Edge, Finding, Hint, Level, ValueNode } from './values.ts';

export interface Reason {
  readonly file: string;
  readonly token: Token;
  readonly reason: string;
}

const maxReasons = 16;
/** Nodes that are looked at for one variable's evidence; more only repeats. */
const maxNodes = 4000;

/** The piece of a sentence that says what runs under a condition: the worst, and of those the nearest. */
function worst(n: ValueNode, rank: number, depth = 0): { text: string; own: number } | null {
  const hard = n.sinks.find((s) => s.hint === 'effect' && rank === 2);
  let best: Edge | null = null;
  for (const e of n.edges) {
    if (e.kind !== 'effect' || e.to.rank < rank) continue;
    if (best === null || distance(e, rank) < distance(best, rank)) best = e;
  }
  if (hard !== undefined && (best === null || distance(best, rank) > 0)) return { text: hard.reason, own: 0 };
  if (best === null) return hard === undefined ? null : { text: hard.reason, own: 0 };
  const own = distance(best, rank);
  if (best.to.isObject || depth > 3) return { text: best.text, own };
  const inner = worst(best.to, rank, depth + 1);
  return { text: inner === null ? best.text : `${best.text}, where ${inner.text}`, own };
}

const distance = (e: Edge, rank: number): number =>
  (e.to.distance[rank as 1 | 2] ?? 1e9) + (e.to.isObject ? 1 : 0);

/** Everything that was found for an object, worst reasons of each condition included. */
export function findingsFrom(start: ValueNode, self: Target, index: Index): Finding[] {
  const out: Finding[] = [];
  const seen = new Set<ValueNode>([start]);
  const stack = [start];
  const said = new Set<string>();
  const say = (level: Level, hint: Hint, at: Node, reason: string): void => {
    const file = index.fileOf(at) ?? '';
    const key = `${file}:${at.token.start}:${reason}`;
    if (said.has(key)) return;
    said.add(key);
    out.push({ level, hint, token: at.token, file, reason });
  };
  for (let n = stack.pop(); n !== undefined && seen.size < maxNodes; n = stack.pop()) {
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
        const own = e.to === start;
        if (own) say('observe', 'none', e.at, `It goes back into ${self.name} itself.`);
        else if (e.to.rank === 0) say('observe', 'none', e.at, `It feeds ${e.text}, which is only observed.`);
        else if (e.to.rank === 1) say('unknown', 'none', e.at, `It feeds ${e.text}, whose use is not known.`);
        else if (e.to.distance[2] <= start.distance[2])
          say('decide', 'identity', e.at, `It feeds ${e.text}, which steers the allocator.`);
        continue;
      }
      if (e.kind === 'condition') tested(e, say);
      if (seen.has(e.to)) continue;
      seen.add(e.to);
      stack.push(e.to);
    }
  }
  return out;

  function tested(e: Edge, tell: typeof say): void {
    const decides = worst(e.to, 2);
    if (decides !== null) {
      if (decides.own <= start.distance[2]) tell('decide', 'condition', e.at, `The condition "${e.text}" decides: ${decides.text}.`);
      return;
    }
    const unknown = worst(e.to, 1);
    if (unknown !== null)
      tell('unknown', 'condition', e.at, `Under the condition "${e.text}" ${unknown.text}, and what that does is not known.`);
    else if (e.to.rank === 0)
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
