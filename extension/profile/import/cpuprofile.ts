/**
 * V8's `.cpuprofile`: `node --cpu-prof`, Chrome's developer tools, VS Code's JavaScript debugger.
 * Format: https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile
 *
 *   {nodes: [{id, callFrame: {functionName, url, lineNumber, columnNumber}, hitCount, children: [id],
 *             positionTicks: [{line, ticks}]}],         lineNumber from 0: where the function is defined; line from 1
 *    startTime, endTime,                                microseconds
 *    samples: [id], timeDeltas: [microseconds]}         a delta is the time since the sample before
 *
 * Old ones have no samples (then `hitCount` counts) or one root `head` with the children inside it. A sample is weighed
 * with the time until the next one; lines get the node's time by their ticks, which are all that V8 keeps of lines.
 */
import type { RawEvent, RawProfile } from '../../model-profile.ts';
import { UserError } from '../../model.ts';
import {
  chooseEvent,
  field,
  fileOf,
  headText,
  lineOf,
  listAt,
  numberOf,
  readJsonInput,
  requireThread,
  Skipped,
  textOf,
} from './read-input.ts';
import { StackTable } from './stack-table.ts';
import type { Importer, ImportOptions } from './types.ts';

const what = '.cpuprofile';

interface Node {
  readonly value: unknown;
  readonly children: readonly number[];
  parent: number;
  weight: number;
  hits: number;
}

const unreadable = (why: string): UserError => new UserError(`This .cpuprofile cannot be read: ${why}.`);

/** Nodes by their place in the list, children as places. */
function flatNodes(list: readonly unknown[]): { nodes: Node[]; placeOf: ReadonlyMap<number, number> } {
  const placeOf = new Map<number, number>();
  list.forEach((value, i) => {
    const id = numberOf(field(value, 'id'));
    if (id !== null) placeOf.set(id, i);
  });
  const nodes = list.map((value): Node => {
    const children = (listAt(value, 'children') ?? []).flatMap((c) => {
      const at = placeOf.get(numberOf(c) ?? Number.NaN);
      return at === undefined ? [] : [at];
    });
    return { value, children, parent: -1, weight: 0, hits: numberOf(field(value, 'hitCount')) ?? 0 };
  });
  return { nodes, placeOf };
}

/** The old form: children are in their parents. */
function treeNodes(head: unknown): { nodes: Node[]; placeOf: ReadonlyMap<number, number> } {
  const list: unknown[] = [];
  const children: number[][] = [];
  const work: { value: unknown; parent: number }[] = [{ value: head, parent: -1 }];
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    const at = list.push(next.value) - 1;
    children.push([]);
    children[next.parent]?.push(at);
    for (const child of listAt(next.value, 'children') ?? []) work.push({ value: child, parent: at });
  }
  const placeOf = new Map<number, number>();
  const nodes = list.map((value, i): Node => {
    const id = numberOf(field(value, 'id'));
    if (id !== null) placeOf.set(id, i);
    return {
      value,
      children: children[i] ?? [],
      parent: -1,
      weight: 0,
      hits: numberOf(field(value, 'hitCount')) ?? 0,
    };
  });
  return { nodes, placeOf };
}

/** Weights of the samples in nanoseconds, with the node of each. */
function weigh(
  profile: unknown,
  nodes: readonly Node[],
  placeOf: ReadonlyMap<number, number>,
  skipped: Skipped,
): number {
  const samples = listAt(profile, 'samples') ?? [];
  const deltas = listAt(profile, 'timeDeltas') ?? [];
  let time = numberOf(field(profile, 'startTime')) ?? 0;
  // V8's deltas may be negative, as several threads take samples: their order in time is what counts.
  const taken = samples
    .flatMap((id, i) => {
      time += numberOf(deltas[i]) ?? 0;
      const node = nodes[placeOf.get(numberOf(id) ?? Number.NaN) ?? -1];
      if (node !== undefined) return [{ node, at: time }];
      skipped.add(`sample ${i + 1} of node ${String(id).slice(0, 40)}, which is not in the profile`);
      return [];
    })
    .sort((a, b) => a.at - b.at);
  const end = numberOf(field(profile, 'endTime')) ?? 0;
  taken.forEach(({ node, at }, i) => {
    const next = taken[i + 1]?.at ?? Math.max(end, at);
    node.weight += 1000 * (next - at);
  });
  return taken.length;
}

async function read(input: AsyncIterable<Uint8Array>, options: ImportOptions): Promise<RawProfile> {
  requireThread(options.thread, []);
  const profile = await readJsonInput(input, what, options);
  const list = listAt(profile, 'nodes');
  const head = field(profile, 'head');
  if (list === null && typeof head !== 'object') throw unreadable('it has no list of nodes');
  const { nodes, placeOf } = list === null ? treeNodes(head) : flatNodes(list);
  const skipped = new Skipped();
  const timed =
    (listAt(profile, 'samples')?.length ?? 0) > 0 && (listAt(profile, 'timeDeltas')?.length ?? 0) > 0;
  let taken = 0;
  if (timed) taken = weigh(profile, nodes, placeOf, skipped);
  else {
    for (const node of nodes) node.weight = node.hits;
    taken = nodes.reduce((sum, n) => sum + n.hits, 0);
  }
  // Each node once, from those that nobody calls: a hostile file may have circles.
  nodes.forEach((node, i) => {
    for (const child of node.children) {
      const c = nodes[child];
      if (c !== undefined && c.parent < 0 && child !== i) c.parent = i;
    }
  });
  const table = new StackTable();
  let idle = 0;
  let all = 0;
  const work = nodes.flatMap((n, i) => (n.parent < 0 ? [{ at: i, above: table.root }] : []));
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    const node = nodes[next.at];
    if (node === undefined) continue;
    const placed = place(table, node, next.above);
    all += node.weight;
    if (placed === null) idle += node.weight;
    for (const child of node.children) {
      if (nodes[child]?.parent === next.at) work.push({ at: child, above: placed ?? table.root });
    }
  }
  const weight = all - idle;
  if (!(weight > 0)) {
    throw unreadable(
      taken === 0 ? 'it holds no samples' : 'all its samples are of an idle program, or take no time',
    );
  }
  const share = all > 0 ? idle / all : 0;
  const event: RawEvent = {
    name: 'cpu',
    unit: timed ? 'nanoseconds' : 'samples',
    samples: Math.max(1, Math.round(taken * (1 - share))),
    weight,
  };
  chooseEvent([event], options.event, () => 0);
  const notes =
    idle > 0
      ? [`The program was idle for ${(100 * share).toFixed(1)} % of the recording, which is left out.`]
      : [];
  return {
    format: 'cpuprofile',
    event,
    events: [event],
    ...table.done(),
    threads: [{ name: 'main', pid: null, tid: null, weight }],
    stacks: true,
    skipped: skipped.result(),
    buildIds: {},
    notes,
  };
}

/** The node of a function under `above`, its weight spread over its lines; null for idle time, which is not put in. */
function place(table: StackTable, node: Node, above: number): number | null {
  const callFrame = field(node.value, 'callFrame') ?? node.value;
  const name = textOf(field(callFrame, 'functionName')) ?? '';
  if (name === '(idle)') return null;
  if (name === '(root)' && above === table.root) {
    if (node.weight > 0) table.add(table.child(above, bareFrame(table, '(root)')), node.weight);
    return above;
  }
  const file = fileOf(field(callFrame, 'url'));
  const zeroBased = numberOf(field(callFrame, 'lineNumber'));
  const frame = {
    name: name === '' ? '<anonymous>' : name,
    file,
    object: null,
    address: null,
    inlined: false,
    ...(zeroBased === null || zeroBased < 0 ? {} : { definedAt: zeroBased + 1 }),
  };
  const here = table.child(above, table.frame({ ...frame, line: null }));
  if (node.weight <= 0) return here;
  const ticks = (listAt(node.value, 'positionTicks') ?? []).flatMap((t) => {
    const line = lineOf(field(t, 'line'));
    const n = numberOf(field(t, 'ticks'));
    return line === null || n === null || n <= 0 || file === null ? [] : [{ line, n }];
  });
  const sum = ticks.reduce((s, t) => s + t.n, 0);
  if (sum === 0) table.add(here, node.weight);
  for (const { line, n } of ticks) {
    table.add(table.child(above, table.frame({ ...frame, line })), (node.weight * n) / sum);
  }
  return here;
}

function bareFrame(table: StackTable, name: string): number {
  return table.frame({ name, file: null, line: null, object: null, address: null, inlined: false });
}

export const cpuprofileImporter: Importer = {
  format: 'cpuprofile',
  title: 'V8 CPU profile',
  sniff(head, name) {
    const text = headText(head).trimStart();
    if (!text.startsWith('{')) return false;
    if (/"(?:nodes|head)"\s*:\s*[[{]/.test(text) && /"(?:callFrame|functionName)"\s*:/.test(text))
      return true;
    return /\.cpuprofile$/i.test(name) && /"(?:nodes|head|startTime|timeDeltas|samples)"\s*:/.test(text);
  },
  read,
};
