/** The call tree of a recording by function, cut down to what can be shown. */
import type { FunctionCategory } from '../../model.ts';
import type { ProfileTree } from '../../model-profile.ts';

/** Nodes lighter than this share of all samples (percent) are left out, and the lightest beyond so many nodes. */
const leastPercent = 0.1;
const mostNodes = 4000;

interface Source {
  /** Of the raw tree: parents before children, node 0 the root. */
  readonly parent: ArrayLike<number>;
  readonly firstChild: Int32Array;
  readonly nextSibling: Int32Array;
  readonly self: ArrayLike<number>;
  /** Weight with all descendants. */
  readonly subtree: Float64Array;
  readonly functionOf: (node: number) => number;
}

interface Kept {
  readonly parent: number;
  readonly function: number;
  readonly self: number;
  readonly total: number;
}

/** Nodes of equal functions under one parent are one; what they call is merged the same way. Breadth first. */
function merged(source: Source, all: number): Kept[] {
  const least = (leastPercent / 100) * all;
  const kept: Kept[] = [{ parent: -1, function: -1, self: source.self[0] ?? 0, total: all }];
  let level: { readonly index: number; readonly nodes: readonly number[] }[] = [{ index: 0, nodes: [0] }];
  while (level.length > 0) {
    const below: typeof level = [];
    for (const { index, nodes } of level) {
      const groups = new Map<number, { nodes: number[]; self: number; total: number }>();
      for (const node of nodes) {
        for (let c = source.firstChild[node] ?? 0; c > 0; c = source.nextSibling[c] ?? 0) {
          const f = source.functionOf(c);
          let group = groups.get(f);
          if (group === undefined) {
            group = { nodes: [], self: 0, total: 0 };
            groups.set(f, group);
          }
          group.nodes.push(c);
          group.self += source.self[c] ?? 0;
          group.total += source.subtree[c] ?? 0;
        }
      }
      const heavy = [...groups].filter(([, g]) => g.total >= least).sort((a, b) => b[1].total - a[1].total);
      for (const [f, g] of heavy) {
        below.push({ index: kept.length, nodes: g.nodes });
        kept.push({ parent: index, function: f, self: g.self, total: g.total });
      }
    }
    level = below;
  }
  return kept;
}

/** The heaviest `mostNodes`. A parent is never lighter than its child and stands before it, so it stays when that does. */
function heaviest(kept: readonly Kept[]): Kept[] {
  if (kept.length <= mostNodes) return [...kept];
  const order = kept.map((_, i) => i).sort((a, b) => (kept[b]?.total ?? 0) - (kept[a]?.total ?? 0) || a - b);
  const stays = new Set(order.slice(0, mostNodes));
  const place = new Map<number, number>();
  const out: Kept[] = [];
  kept.forEach((node, i) => {
    if (!stays.has(i)) return;
    place.set(i, out.length);
    out.push({ ...node, parent: place.get(node.parent) ?? -1 });
  });
  return out;
}

/**
 * @param all weight of all samples, above 0
 * @param functions names and categories by the index that `functionOf` gives
 */
export function callTree(
  source: Source,
  all: number,
  functions: readonly { readonly name: string; readonly category: FunctionCategory }[],
): ProfileTree {
  const kept = heaviest(merged(source, all));
  const names: string[] = [];
  const categories: FunctionCategory[] = [];
  const used = new Map<number, number>();
  const tableIndex = (f: number): number => {
    if (f < 0) return -1;
    let at = used.get(f);
    if (at === undefined) {
      at = names.length;
      used.set(f, at);
      names.push(functions[f]?.name ?? '');
      categories.push(functions[f]?.category ?? 'core');
    }
    return at;
  };
  const rest = kept.map((node) => node.total - node.self);
  for (const node of kept) {
    if (node.parent >= 0) rest[node.parent] = (rest[node.parent] ?? 0) - node.total;
  }
  const percent = (weight: number): number => (100 * weight) / all;
  return {
    names,
    categories,
    parent: kept.map((n) => n.parent),
    function: kept.map((n) => tableIndex(n.function)),
    self: kept.map((n) => percent(n.self)),
    total: kept.map((n) => percent(n.total)),
    dropped: percent(
      Math.max(
        0,
        rest.reduce((sum, r) => sum + r, 0),
      ),
    ),
  };
}
