/**
 * A call graph with costs (callgrind's) as a tree of calls. The file says what each function cost itself, and for each
 * call what everything below it cost, but not by which way a function was reached. Like gprof, and like every viewer of
 * such files, the cost of a function is spread over its callers by what their calls of it cost. Self costs of the tree
 * are then made to agree with the graph's exactly, line by line.
 */
import type { RawFrame, RawProfile } from '../../model-profile.ts';
import { StackTable } from './stack-table.ts';

export interface GraphCall {
  readonly callee: number;
  /** Where in the caller, and the key of that place, as in its costs. */
  readonly key: string;
  readonly frame: RawFrame;
  cost: number;
}

export interface GraphFunction {
  /** Own cost by place. */
  readonly costs: ReadonlyMap<string, { readonly frame: RawFrame; cost: number }>;
  readonly calls: readonly GraphCall[];
}

/** Branches below this share of everything are not followed. */
const leastShare = 1e-4;
const mostNodes = 200_000;
const deepest = 256;

/**
 * Strongly connected groups (Tarjan 1972), without recursion: a hostile file may hold a chain as deep as it is long.
 *
 * @returns the group of each function
 */
function groupsOf(functions: readonly GraphFunction[]): Int32Array {
  const count = functions.length;
  const order = new Int32Array(count).fill(-1);
  const low = new Int32Array(count);
  const group = new Int32Array(count).fill(-1);
  const open: number[] = [];
  let seen = 0;
  let groups = 0;
  for (let start = 0; start < count; start++) {
    if (order[start] !== -1) continue;
    const work: { readonly f: number; next: number }[] = [{ f: start, next: 0 }];
    while (work.length > 0) {
      const top = work[work.length - 1] as { readonly f: number; next: number };
      const { f } = top;
      if (top.next === 0) {
        order[f] = seen;
        low[f] = seen++;
        open.push(f);
      }
      const call = functions[f]?.calls[top.next++];
      if (call !== undefined) {
        const g = call.callee;
        if (order[g] === -1) work.push({ f: g, next: 0 });
        else if (group[g] === -1) low[f] = Math.min(low[f] ?? 0, order[g] ?? 0);
        continue;
      }
      work.pop();
      const caller = work.at(-1);
      if (caller !== undefined) low[caller.f] = Math.min(low[caller.f] ?? 0, low[f] ?? 0);
      if (low[f] !== order[f]) continue;
      for (;;) {
        const member = open.pop() as number;
        group[member] = groups;
        if (member === f) break;
      }
      groups++;
    }
  }
  return group;
}

const selfOf = (f: GraphFunction): number => [...f.costs.values()].reduce((sum, c) => sum + c.cost, 0);

/**
 * Cost of each function with everything that it called. Exact for functions that do not call each other in a circle:
 * their own cost and that of their calls. In a circle a call's cost holds that of further calls inside it, so that the
 * whole circle's cost is the bound.
 */
function totalsOf(
  functions: readonly GraphFunction[],
  group: Int32Array,
): { totals: Float64Array; circles: boolean } {
  const members = new Map<number, number>();
  for (const g of group) members.set(g, (members.get(g) ?? 0) + 1);
  const ofGroup = new Float64Array(members.size);
  const selves = functions.map(selfOf);
  functions.forEach((f, i) => {
    const g = group[i] ?? 0;
    const out = f.calls.reduce((sum, c) => sum + (group[c.callee] === g ? 0 : c.cost), 0);
    ofGroup[g] = (ofGroup[g] ?? 0) + (selves[i] ?? 0) + out;
  });
  let circles = false;
  const totals = Float64Array.from(functions, (f, i) => {
    const g = group[i] ?? 0;
    const whole = ofGroup[g] ?? 0;
    if ((members.get(g) ?? 1) === 1) return whole;
    circles = true;
    const own = (selves[i] ?? 0) + f.calls.reduce((sum, c) => sum + (c.callee === i ? 0 : c.cost), 0);
    return Math.min(whole, own);
  });
  return { totals, circles };
}

/** Functions that nothing calls first; of a circle that nothing calls, its costliest. */
function entriesOf(functions: readonly GraphFunction[], group: Int32Array, totals: Float64Array): number[] {
  const called = new Set<number>();
  functions.forEach((f, i) => {
    for (const c of f.calls) if (group[c.callee] !== group[i]) called.add(group[c.callee] ?? -1);
  });
  const best = new Map<number, number>();
  functions.forEach((_, i) => {
    const g = group[i] ?? 0;
    const known = best.get(g);
    if (!called.has(g) && (known === undefined || (totals[i] ?? 0) > (totals[known] ?? 0))) best.set(g, i);
  });
  return [...best.values()].sort((a, b) => (totals[b] ?? 0) - (totals[a] ?? 0));
}

/** A function reached in one way. */
interface Context {
  readonly f: number;
  /** Node of the call that it was reached by. */
  readonly node: number;
  /** Of the function's whole cost. */
  readonly share: number;
  readonly weight: number;
  readonly up: Context | null;
  readonly depth: number;
}

function onPath(context: Context, f: number): boolean {
  for (let at: Context | null = context; at !== null; at = at.up) if (at.f === f) return true;
  return false;
}

/**
 * @returns the tree, each function's inclusive cost on one of its frames, and whether functions call in circles
 */
export function treeOfGraph(
  functions: readonly GraphFunction[],
): Required<Pick<RawProfile, 'frames' | 'nodes' | 'totals'>> & { readonly circles: boolean } {
  const group = groupsOf(functions);
  const { totals, circles } = totalsOf(functions, group);
  const all = functions.reduce((sum, f) => sum + selfOf(f), 0);
  const table = new StackTable();
  const entries = entriesOf(functions, group, totals);
  const contextsOf = functions.map((): Context[] => []);
  let level: Context[] = entries.map((f) => ({
    f,
    node: table.root,
    share: 1,
    weight: totals[f] ?? 0,
    up: null,
    depth: 0,
  }));
  let planned = 0;
  while (level.length > 0) {
    const below: Context[] = [];
    for (const context of level) {
      const f = functions[context.f];
      if (f === undefined || planned >= mostNodes) continue;
      contextsOf[context.f]?.push(context);
      planned += f.costs.size;
      if (context.depth >= deepest) continue;
      for (const call of f.calls) {
        const weight = call.cost * context.share;
        const total = totals[call.callee] ?? 0;
        if (total <= 0 || weight < leastShare * all || onPath(context, call.callee)) continue;
        const frame = table.frameOf(`${context.f}:${call.key}`, () => call.frame);
        const node = table.child(context.node, frame);
        planned++;
        below.push({
          f: call.callee,
          node,
          share: weight / total,
          weight,
          up: context,
          depth: context.depth + 1,
        });
      }
    }
    level = below.sort((a, b) => b.weight - a.weight);
  }
  // A function's own cost goes to where it was met, in proportion, so that all of it is somewhere although not every way
  // to it was followed; of one that was not met, it stands under no caller.
  const anyFrame = new Map<number, number>();
  functions.forEach((f, i) => {
    const met = (contextsOf[i] ?? []).filter((c) => c.share > 0);
    const contexts = met.length > 0 ? met : [{ node: table.root, share: 1 }];
    const shares = contexts.reduce((sum, c) => sum + c.share, 0);
    for (const [key, { frame, cost }] of f.costs) {
      const at = table.frameOf(`${i}:${key}`, () => frame);
      if (!anyFrame.has(i)) anyFrame.set(i, at);
      if (cost <= 0) continue;
      for (const { node, share } of contexts) table.add(table.child(node, at), (cost * share) / shares);
    }
    const [call] = f.calls;
    if (!anyFrame.has(i) && call !== undefined) {
      anyFrame.set(
        i,
        table.frameOf(`${i}:${call.key}`, () => call.frame),
      );
    }
  });
  const { frames, nodes } = table.done();
  const byFrame = new Float64Array(frames.length);
  for (const [i, frame] of anyFrame) byFrame[frame] = (byFrame[frame] ?? 0) + (totals[i] ?? 0);
  return { frames, nodes, totals: byFrame, circles };
}
