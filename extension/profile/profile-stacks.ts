/**
 * A profile as a recording again: stacks from its call tree, or its functions alone where it has none. Exporters and
 * the reader of our own JSON need that form.
 */
import type { Profile, ProfileFunction } from '../model.ts';
import type { ProfileTree, RawFrame, RawProfile } from '../model-profile.ts';
import { StackTable } from './import/stack-table.ts';

/** Weight of everything where a profile does not say how much it rests on. */
const anyWeight = 1e6;

interface Part {
  readonly line: number | null;
  /** Of the function's own share. */
  readonly share: number;
}

interface Parts {
  readonly parts: ReadonlyMap<ProfileFunction, readonly Part[]>;
  /** Lines were more than their function. */
  readonly scaled: boolean;
  /** Share on lines that could be of several functions. */
  readonly left: number;
}

/** The function of a line: the one defined last before it; where none of the file has a place, the only one with samples. */
function ownerOf(functions: readonly ProfileFunction[], line: number): ProfileFunction | undefined {
  const placed = functions.filter((f) => f.line !== null);
  if (placed.length > 0) return placed.findLast((f) => (f.line ?? 0) <= line);
  const sampled = functions.filter((f) => f.selfPercent > 0);
  return sampled.length === 1 ? sampled[0] : undefined;
}

/**
 * Where in each function its own share lies. Profiles keep lines beside functions, so that a line's function is found by its
 * file and place. Shares of lines that are more than their function's are scaled down to it.
 */
function partsOf(profile: Profile): Parts {
  const byFile = new Map<string, ProfileFunction[]>();
  for (const f of profile.functions) {
    if (f.file === null) continue;
    const list = byFile.get(f.file);
    if (list === undefined) byFile.set(f.file, [f]);
    else list.push(f);
  }
  for (const list of byFile.values()) list.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  const linesOf = new Map<ProfileFunction, Part[]>();
  let left = 0;
  for (const { file, line, percent } of profile.lines) {
    if (!(percent > 0)) continue;
    const owner = ownerOf(byFile.get(file) ?? [], line);
    if (owner === undefined) {
      left += percent;
      continue;
    }
    const list = linesOf.get(owner) ?? [];
    list.push({ line, share: percent });
    linesOf.set(owner, list);
  }
  let scaled = false;
  const parts = new Map<ProfileFunction, readonly Part[]>();
  for (const f of profile.functions) {
    const lines = linesOf.get(f) ?? [];
    const sum = lines.reduce((s, l) => s + l.share, 0);
    const own = f.selfPercent;
    if (!(own > 0) || sum === 0) {
      parts.set(f, [{ line: null, share: 1 }]);
      continue;
    }
    if (sum > own * (1 + 1e-9) + 1e-9) scaled = true;
    const whole = Math.max(sum, own);
    const rest = (whole - sum) / whole;
    parts.set(f, [
      ...lines.map((l) => ({ line: l.line, share: l.share / whole })),
      ...(rest > 1e-9 ? [{ line: null, share: rest }] : []),
    ]);
  }
  return { parts, scaled, left };
}

/** Functions of one name in several objects are one in the tree. */
function byName(functions: readonly ProfileFunction[]): ReadonlyMap<string, readonly ProfileFunction[]> {
  const groups = new Map<string, ProfileFunction[]>();
  for (const f of functions) {
    const group = groups.get(f.name);
    if (group === undefined) groups.set(f.name, [f]);
    else group.push(f);
  }
  return groups;
}

/** What was left out of the tree, by node, and which functions' own shares that is. */
function leftOut(
  profile: Profile,
  tree: ProfileTree,
): { nodes: [number, number][]; functions: [ProfileFunction, number][] } {
  const rest = tree.total.map((total, i) => total - (tree.self[i] ?? 0));
  tree.parent.forEach((p, i) => {
    if (p >= 0) rest[p] = (rest[p] ?? 0) - (tree.total[i] ?? 0);
  });
  const inTree = new Map<string, number>();
  tree.function.forEach((f, i) => {
    const name = tree.names[f];
    if (name !== undefined) inTree.set(name, (inTree.get(name) ?? 0) + (tree.self[i] ?? 0));
  });
  const functions: [ProfileFunction, number][] = [];
  for (const [name, group] of byName(profile.functions)) {
    const all = group.reduce((sum, f) => sum + f.selfPercent, 0);
    const missing = all - (inTree.get(name) ?? 0);
    if (missing > 1e-9) for (const f of group) functions.push([f, (missing * f.selfPercent) / all]);
  }
  return {
    nodes: rest.flatMap((r, i): [number, number][] => (r > 1e-9 ? [[i, r]] : [])),
    functions,
  };
}

/**
 * Stacks with the profile's shares. Self shares of functions are the profile's own; stacks that were too light for its
 * tree hang below their nearest kept caller.
 */
export function stacksOfProfile(profile: Profile): RawProfile {
  const { details } = profile;
  const table = new StackTable();
  const { parts, scaled, left } = partsOf(profile);
  const event = details?.event ?? {
    name: profile.origin.functions,
    unit: profile.unit,
    samples: profile.samples,
    weight: profile.samples,
  };
  const whole = event.weight > 0 ? event.weight : anyWeight;
  const frameOf = (f: ProfileFunction, line: number | null): RawFrame => ({
    name: f.name,
    file: f.file,
    line,
    object: f.object ?? null,
    address: null,
    inlined: false,
    ...(f.line === null ? {} : { definedAt: f.line }),
  });
  const put = (node: number, f: ProfileFunction, percent: number): void => {
    for (const { line, share } of parts.get(f) ?? [{ line: null, share: 1 }]) {
      table.add(table.child(node, table.frame(frameOf(f, line))), (percent / 100) * share * whole);
    }
  };
  const notes: string[] = [];
  const tree = details?.tree ?? null;
  if (tree === null) {
    for (const f of profile.functions) put(table.root, f, f.selfPercent);
    notes.push('The profile has no call tree: every function stands alone, without callers.');
  } else {
    const known = byName(profile.functions);
    const groups = tree.names.map((name, i): readonly ProfileFunction[] => {
      const category = tree.categories[i] ?? 'core';
      return known.get(name) ?? [{ name, category, selfPercent: 0, file: null, line: null }];
    });
    const nodes = [table.root];
    tree.parent.forEach((p, i) => {
      const group = groups[tree.function[i] ?? -1];
      const [f] = group ?? [];
      if (i === 0 || group === undefined || f === undefined) return;
      const above = nodes[p] ?? table.root;
      nodes[i] = table.child(above, table.frame(frameOf(f, null)));
      const self = tree.self[i] ?? 0;
      if (!(self > 0)) return;
      const all = group.reduce((sum, g) => sum + g.selfPercent, 0);
      if (!(all > 0)) put(above, f, self);
      else for (const g of group) if (g.selfPercent > 0) put(above, g, (self * g.selfPercent) / all);
    });
    fill(leftOut(profile, tree), (node, f, percent) => put(nodes[node] ?? table.root, f, percent));
    if (tree.dropped > 0.005) {
      notes.push(
        `${tree.dropped.toFixed(2)}% lie in stacks too light for the call tree: only some of their callers are known.`,
      );
    }
  }
  if (scaled)
    notes.push('Lines and functions were counted in different ways: lines are scaled to their functions.');
  if (left > 0.005) {
    notes.push(
      `${left.toFixed(2)}% lie on lines whose function the profile does not tell: these lines are left out.`,
    );
  }
  const { frames, nodes } = table.done();
  return {
    format: details?.format ?? 'alloc-lens',
    event: { ...event, weight: whole },
    events: [{ ...event, weight: whole }],
    frames,
    nodes,
    threads: (details?.threads ?? []).map((t) => ({
      name: t.name,
      pid: null,
      tid: t.tid,
      weight: (t.percent / 100) * whole,
    })),
    stacks: tree !== null,
    skipped: details?.skipped ?? null,
    buildIds: details?.buildIds ?? {},
    notes: [...(details?.notes ?? []), ...notes],
    ...(tree === null && profile.functions.some((f) => f.totalPercent !== undefined)
      ? { totals: totalsOf(profile, frames, whole) }
      : {}),
  };
}

/** Hands what is left at the nodes to the functions that it is of, both in their order. */
function fill(
  { nodes, functions }: ReturnType<typeof leftOut>,
  put: (node: number, f: ProfileFunction, percent: number) => void,
): void {
  let n = 0;
  let room = nodes[0]?.[1] ?? 0;
  for (const [f, percent] of functions) {
    let left = percent;
    while (left > 1e-12) {
      while (room <= 1e-12 && n < nodes.length) room = nodes[++n]?.[1] ?? 0;
      // Beyond what the nodes lack there is only rounding: below the root.
      const node = nodes[n]?.[0] ?? 0;
      const part = n < nodes.length ? Math.min(left, room) : left;
      put(node, f, part);
      left -= part;
      room -= part;
    }
  }
}

function totalsOf(profile: Profile, frames: readonly RawFrame[], whole: number): Float64Array {
  const totals = new Float64Array(frames.length);
  const keyOf = (name: string, object: string | null): string => `${name}\0${object ?? ''}`;
  const first = new Map<string, number>();
  frames.forEach((f, i) => {
    const key = keyOf(f.name, f.object);
    if (!first.has(key)) first.set(key, i);
  });
  for (const f of profile.functions) {
    const at = first.get(keyOf(f.name, f.object ?? null));
    if (at !== undefined) totals[at] = (totals[at] ?? 0) + ((f.totalPercent ?? f.selfPercent) / 100) * whole;
  }
  return totals;
}
