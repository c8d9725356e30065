/**
 * A recording as the profile that everything shows: shares by function, line, address and thread, and the call tree.
 * Self and total by function follow Firefox's line timings: a node of the stack tree counts once for each function
 * that is anywhere on its path, so recursion counts once; one walk over the tree does it.
 */
import {
  type FunctionCategory,
  type Profile,
  type ProfileFunction,
  type ProfileLine,
  type TargetIdentity,
  UserError,
} from '../../model.ts';
import type { ProfileAddresses, ProfileInstruction, RawFrame, RawProfile } from '../../model-profile.ts';
import { callTree } from './call-tree.ts';
import { nativeCategory } from './native-category.ts';

export interface BuildOptions {
  readonly target: TargetIdentity;
  readonly workload: string;
  /** ISO 8601. */
  readonly recordedAt: string;
  /** Instead of the rule by object and name (`nativeCategory`). */
  readonly categoryOf?: (frame: RawFrame) => FunctionCategory;
}

const mostInstructionsOfLine = 16;
const mostAddressesOfObject = 20_000;
/** Above this share of samples without a symbol, percent, the user is told. */
const muchUnknown = 5;
const unknownName = '[unknown]';

interface FunctionRow {
  readonly name: string;
  readonly object: string | null;
  readonly category: FunctionCategory;
  self: number;
  total: number;
  readonly files: Map<string, { weight: number; definedAt: number | null }>;
}

interface LineRow {
  readonly file: string;
  readonly line: number;
  own: number;
  callSite: number;
  readonly instructions: ProfileInstruction[];
}

/** Distinct functions (name and object) and lines of the frames, and which of them each frame is. */
function tables(frames: readonly RawFrame[], categoryOf: (frame: RawFrame) => FunctionCategory) {
  const functions: FunctionRow[] = [];
  const lines: LineRow[] = [];
  const functionOf = new Int32Array(frames.length);
  const lineOf = new Int32Array(frames.length).fill(-1);
  const functionByKey = new Map<string, number>();
  const lineByKey = new Map<string, number>();
  frames.forEach((frame, i) => {
    const { name, object, file, line } = frame;
    const key = `${name}\0${object ?? ''}`;
    let f = functionByKey.get(key);
    if (f === undefined) {
      f = functions.length;
      functionByKey.set(key, f);
      functions.push({ name, object, category: categoryOf(frame), self: 0, total: 0, files: new Map() });
    }
    functionOf[i] = f;
    if (file === null || line === null) return;
    const place = `${file}\0${line}`;
    let l = lineByKey.get(place);
    if (l === undefined) {
      l = lines.length;
      lineByKey.set(place, l);
      lines.push({ file, line, own: 0, callSite: 0, instructions: [] });
    }
    lineOf[i] = l;
  });
  return { functions, lines, functionOf, lineOf };
}

/** Links from a node to its first child and to its next sibling, 0 for none; children stand in the order of the nodes. */
function links(parent: ArrayLike<number>): { firstChild: Int32Array; nextSibling: Int32Array } {
  const firstChild = new Int32Array(parent.length);
  const nextSibling = new Int32Array(parent.length);
  for (let node = parent.length - 1; node > 0; node--) {
    const p = parent[node] ?? 0;
    nextSibling[node] = firstChild[p] ?? 0;
    firstChild[p] = node;
  }
  return { firstChild, nextSibling };
}

/** Adds to each row's `total` the weight of the subtrees that begin with it, nested ones once. */
function addTotals(
  functions: readonly FunctionRow[],
  functionOfNode: (node: number) => number,
  tree: { parent: ArrayLike<number>; firstChild: Int32Array; nextSibling: Int32Array; subtree: Float64Array },
): void {
  const onPath = new Int32Array(functions.length);
  let node = tree.firstChild[0] ?? 0;
  while (node > 0) {
    const f = functionOfNode(node);
    const row = functions[f];
    const depth = onPath[f] ?? 0;
    if (depth === 0 && row !== undefined) row.total += tree.subtree[node] ?? 0;
    onPath[f] = depth + 1;
    const child = tree.firstChild[node] ?? 0;
    if (child > 0) {
      node = child;
      continue;
    }
    while (node > 0) {
      const left = functionOfNode(node);
      onPath[left] = (onPath[left] ?? 0) - 1;
      const next = tree.nextSibling[node] ?? 0;
      if (next > 0) {
        node = next;
        break;
      }
      node = tree.parent[node] ?? 0;
    }
  }
}

/** Share of all samples by address, of the innermost frames, by object. */
function addressesOf(raw: RawProfile, selfOfFrame: Float64Array, all: number): ProfileAddresses[] {
  const byObject = new Map<string, Map<number, number>>();
  raw.frames.forEach(({ object, address }, i) => {
    const weight = selfOfFrame[i] ?? 0;
    if (object === null || address === null || weight === 0) return;
    let points = byObject.get(object);
    if (points === undefined) {
      points = new Map();
      byObject.set(object, points);
    }
    points.set(address, (points.get(address) ?? 0) + weight);
  });
  const sum = (points: Map<number, number>): number => [...points.values()].reduce((s, w) => s + w, 0);
  return [...byObject]
    .map(([object, points]) => ({ object, points, weight: sum(points) }))
    .sort((a, b) => b.weight - a.weight)
    .map(({ object, points }) => ({
      object,
      buildId: Object.hasOwn(raw.buildIds, object) ? (raw.buildIds[object] ?? null) : null,
      points: [...points]
        .sort((a, b) => b[1] - a[1])
        .slice(0, mostAddressesOfObject)
        .map(([address, weight]) => [address, (100 * weight) / all] as const)
        .sort((a, b) => a[0] - b[0]),
    }));
}

/** Tells how much has no symbol, and where most of that is; null when it is little. */
function unknownNote(functions: readonly FunctionRow[], all: number): string | null {
  const unknown = functions.filter((f) => f.name === unknownName).sort((a, b) => b.self - a.self);
  const percent = (100 * unknown.reduce((sum, f) => sum + f.self, 0)) / all;
  if (percent < muchUnknown) return null;
  const most = unknown[0];
  const share = `${percent.toFixed(1)} % of the samples have no symbol`;
  if (most === undefined || most.object === null || most.object === unknownName) {
    return `${share}: code made at run time, or stacks that could not be followed.`;
  }
  if (most.category === 'kernel') {
    return `${share}, most of them in the kernel: its symbols are hidden (/proc/sys/kernel/kptr_restrict).`;
  }
  return `${share}, most of them in ${most.object}: it is stripped, or was not there when the recording was read.`;
}

/**
 * @throws UserError when the recording holds no weight at all
 */
export function buildProfile(raw: RawProfile, options: BuildOptions): Profile {
  const { frames, nodes } = raw;
  const count = nodes.parent.length;
  const categoryOf =
    options.categoryOf ??
    nativeCategory(
      options.target,
      frames.map((f) => f.object),
    );
  const { functions, lines, functionOf, lineOf } = tables(frames, categoryOf);
  const subtree = Float64Array.from(nodes.self);
  for (let node = count - 1; node > 0; node--) {
    const p = nodes.parent[node] ?? 0;
    subtree[p] = (subtree[p] ?? 0) + (subtree[node] ?? 0);
  }
  const all = subtree[0] ?? 0;
  if (!(all > 0 && Number.isFinite(all))) {
    throw new UserError(
      `The recording has no samples of ${raw.event.name}. Record for longer, or choose another event.`,
    );
  }
  const percent = (weight: number): number => (100 * weight) / all;

  const selfOfFrame = new Float64Array(frames.length);
  const isInlined = frames.map((f) => f.inlined);
  for (let node = 1; node < count; node++) {
    const weight = nodes.self[node] ?? 0;
    if (weight === 0) continue;
    const frame = nodes.frame[node] ?? 0;
    selfOfFrame[frame] = (selfOfFrame[frame] ?? 0) + weight;
    const row = functions[functionOf[frame] ?? 0];
    if (row !== undefined) row.self += weight;
    const own = lineOf[frame] ?? -1;
    const ownRow = lines[own];
    if (ownRow !== undefined) ownRow.own += weight;
    if (isInlined[frame] !== true) continue;
    const seen = [own];
    for (let at = node; at > 0 && isInlined[nodes.frame[at] ?? 0] === true; ) {
      at = nodes.parent[at] ?? 0;
      const site = at > 0 ? (lineOf[nodes.frame[at] ?? 0] ?? -1) : -1;
      const siteRow = lines[site];
      if (siteRow === undefined || seen.includes(site)) continue;
      seen.push(site);
      siteRow.callSite += weight;
    }
  }
  frames.forEach((frame, i) => {
    const weight = selfOfFrame[i] ?? 0;
    const home = frame.definedIn ?? frame.file;
    if (home !== null) {
      const files = functions[functionOf[i] ?? 0]?.files;
      const known = files?.get(home);
      files?.set(home, {
        weight: weight + (known?.weight ?? 0),
        definedAt: known?.definedAt ?? frame.definedAt ?? null,
      });
    }
    if (frame.instruction === undefined || frame.address === null || weight === 0) return;
    lines[lineOf[i] ?? -1]?.instructions.push({
      address: frame.address.toString(16),
      text: frame.instruction,
      percent: percent(weight),
      function: frame.name,
    });
  });

  const functionOfNode = (node: number): number => functionOf[nodes.frame[node] ?? 0] ?? 0;
  const tree = {
    parent: nodes.parent,
    self: nodes.self,
    subtree,
    functionOf: functionOfNode,
    ...links(nodes.parent),
  };
  if (raw.totals !== undefined) {
    for (let i = 0; i < frames.length; i++) {
      const row = functions[functionOf[i] ?? 0];
      if (row !== undefined) row.total = Math.max(row.total, raw.totals[i] ?? 0);
    }
    // Of a function with several lines no sum of its frames' totals is right: the largest is the least that is certain.
    for (const row of functions) row.total = Math.min(all, Math.max(row.total, row.self));
  } else if (raw.stacks) addTotals(functions, functionOfNode, tree);
  const hasTotals = raw.stacks || raw.totals !== undefined;
  const stackless = nodes.self[0] ?? 0;
  if (stackless !== 0) {
    const row = { name: unknownName, object: null, category: 'core' as const, files: new Map() };
    functions.push({ ...row, self: stackless, total: stackless });
  }
  const unknown = unknownNote(functions, all);
  const threads = raw.threads.reduce((sum, t) => sum + t.weight, 0);
  const origin = raw.event.name === '' ? raw.format : `${raw.format} (${raw.event.name})`;
  return {
    target: options.target,
    workload: options.workload,
    origin: { functions: origin, lines: origin },
    unit: raw.event.unit,
    samples: raw.event.samples,
    recordedAt: options.recordedAt,
    speedAgainstFast: null,
    functions: functionList(functions, percent, hasTotals),
    lines: lineList(lines, percent),
    details: {
      format: raw.format,
      event: raw.event,
      events: raw.events,
      threads: raw.threads.map(({ name, tid, weight }) => ({
        name,
        tid,
        percent: threads > 0 ? (100 * weight) / threads : 0,
      })),
      tree: raw.stacks ? callTree(tree, all, functions) : null,
      addresses: addressesOf(raw, selfOfFrame, all),
      unmapped: [],
      counters: null,
      buildIds: raw.buildIds,
      skipped: raw.skipped,
      notes: unknown === null ? raw.notes : [...raw.notes, unknown],
    },
  };
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function functionList(
  rows: readonly FunctionRow[],
  percent: (weight: number) => number,
  hasTotals: boolean,
): ProfileFunction[] {
  return rows
    .filter((row) => row.self !== 0 || row.total !== 0)
    .sort((a, b) => b.self - a.self || b.total - a.total || byText(a.name, b.name))
    .map((row) => {
      let heaviest: { file: string; weight: number; definedAt: number | null } | null = null;
      for (const [file, at] of row.files) {
        if (heaviest === null || at.weight > heaviest.weight) heaviest = { file, ...at };
      }
      return {
        name: row.name,
        category: row.category,
        selfPercent: percent(row.self),
        file: heaviest?.file ?? null,
        line: heaviest?.definedAt ?? null,
        ...(hasTotals ? { totalPercent: percent(row.total) } : {}),
        ...(row.object === null ? {} : { object: row.object }),
      };
    });
}

function lineList(rows: readonly LineRow[], percent: (weight: number) => number): ProfileLine[] {
  return rows
    .filter((row) => row.own !== 0 || row.callSite !== 0)
    .sort((a, b) => b.own - a.own || b.callSite - a.callSite || byText(a.file, b.file) || a.line - b.line)
    .map((row) => ({
      file: row.file,
      line: row.line,
      percent: percent(row.own),
      ...(row.callSite === 0 ? {} : { callSitePercent: percent(row.callSite) }),
      ...(row.instructions.length === 0
        ? {}
        : {
            instructions: row.instructions
              .sort((a, b) => b.percent - a.percent)
              .slice(0, mostInstructionsOfLine),
          }),
    }));
}
