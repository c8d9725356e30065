/** The Findings view as plain nodes: by class, variable and site; gates; hot functions; notes. Pure. */
import type { AtomicClass, AtomicSite, Findings, Gate, Profile, Variable } from '../model.ts';
import { projectShares, sourceName } from '../profile/annotate.ts';
import { guardedRows } from './hover-text.ts';
import {
  classOrder,
  counted,
  gateName,
  gateReadText,
  gateValue,
  inactivity,
  operationText,
  percentText,
  targetText,
  variableName,
} from './words.ts';
import type { TreeRow } from './tree-item.ts';

export interface TreePlace {
  readonly origin: 'project' | 'engine';
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface TreeNode extends TreeRow {
  /** Stable across refreshes, so that the view keeps what is open. */
  readonly id: string;
  readonly place: TreePlace | null;
  /** Null for a leaf. */
  readonly children: (() => readonly TreeNode[]) | null;
  readonly expanded: boolean;
}

const node = (over: Partial<TreeNode> & Pick<TreeNode, 'id' | 'label' | 'icon'>): TreeNode => ({
  description: '',
  tooltip: over.label,
  color: null,
  place: null,
  children: null,
  expanded: false,
  ...over,
});

const place = (row: { file: string; line: number; column?: number }): TreePlace => ({
  origin: 'project',
  file: row.file,
  line: row.line,
  column: row.column ?? 1,
});

const at = (row: { file: string; line: number }): string =>
  `${row.file.slice(row.file.lastIndexOf('/') + 1)}:${row.line}`;

const classes: Readonly<Record<AtomicClass, { label: string; icon: string }>> = {
  telemetry: { label: 'Telemetry atomics', icon: 'graph-line' },
  correctness: { label: 'Correctness atomics', icon: 'shield' },
  unknown: { label: 'Unclassified atomics', icon: 'question' },
};

const temperatureOrder = { hot: 0, warm: 1, cold: 2, unreached: 3 } as const;

function siteNode(s: AtomicSite, gates: readonly Gate[]): TreeNode {
  const words = [s.temperature, inactivity(s, gates), at(s)].filter((w) => w !== null);
  const where = s.function === null ? operationText(s) : `${operationText(s)} in ${s.function}`;
  return node({
    id: `site:${s.id}`,
    label: where,
    description: words.join(' · '),
    tooltip: `${targetText(s)}: ${where}`,
    icon: 'symbol-event',
    place: place(s),
  });
}

function variableNodes(cls: AtomicClass, findings: Findings): TreeNode[] {
  const sites = findings.atomics.filter((s) => s.class === cls);
  const groups = new Map<string, AtomicSite[]>();
  for (const s of sites) {
    const key = s.variable ?? `?${targetText(s)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [s]);
    else group.push(s);
  }
  const variables = new Map<string, Variable>(findings.variables.map((v) => [v.id, v]));
  const nodes = [...groups].map(([key, group]) => {
    const v = variables.get(key);
    const first = group[0];
    const label = v === undefined ? (first === undefined ? key : targetText(first)) : variableName(v);
    const role = v?.role ?? first?.role ?? null;
    const words = [role, counted(group.length, 'site')].filter((w) => w !== null);
    const heat = Math.min(...group.map((s) => temperatureOrder[s.temperature]));
    return {
      heat,
      node: node({
        id: `variable:${cls}:${key}`,
        label,
        description: words.join(' · '),
        tooltip: v === undefined ? label : `${label}: ${v.type} (${at(v)})`,
        icon: 'symbol-variable',
        place: v === undefined ? null : place(v),
        children: () => group.map((s) => siteNode(s, findings.gates)),
      }),
    };
  });
  return nodes.sort((a, b) => a.heat - b.heat || a.node.label.localeCompare(b.node.label)).map((n) => n.node);
}

function gateNode(g: Gate, findings: Findings): TreeNode {
  const value = gateValue(g, findings.configuration.env, findings.configuration.defines);
  const guarded = guardedRows(g, findings);
  const words = [value.text, gateReadText(g), g.hot ? 'hot' : null, at(g)].filter((w) => w !== null);
  return node({
    id: `gate:${g.id}`,
    label: gateName(g),
    description: words.join(' · '),
    icon: g.kind === 'env' ? 'settings' : 'symbol-constant',
    place: place(g),
    children:
      guarded.length === 0
        ? null
        : () =>
            guarded.map((r, i) =>
              node({
                id: `gate:${g.id}:${i}`,
                label: r.label,
                description: at(r),
                icon: 'symbol-event',
                place: place(r),
              }),
            ),
  });
}

function hotNodes(findings: Findings | null, profile: Profile): TreeNode[] {
  const inProject = new Map<string, TreePlace>();
  const engine = profile.target.kind === 'engine';
  // A name alone says nothing about a native function.
  const keyOf = (name: string, file: string | null): string =>
    engine ? name : `${file ?? ''}\0${sourceName(name)}`;
  if (findings !== null) {
    const shareOf = projectShares(findings, profile);
    for (const f of findings.functions)
      if (shareOf(f) !== null) inProject.set(keyOf(f.name, f.file), place(f));
  }
  return [...profile.functions]
    .sort((a, b) => b.selfPercent - a.selfPercent)
    .slice(0, 25)
    .map((f, i) => {
      const own: TreePlace | null =
        engine && f.file !== null ? { origin: 'engine', file: f.file, line: f.line ?? 1, column: 1 } : null;
      const project = inProject.get(keyOf(f.name, f.file)) ?? null;
      const total = f.totalPercent === undefined ? '' : `, ${percentText(f.totalPercent)} total`;
      const object = f.object === undefined ? '' : `\n${f.object}`;
      return node({
        id: `hot:${i}:${f.name}`,
        label: f.name,
        description: `${percentText(f.selfPercent)} · ${f.category}${project !== null && engine ? ' · by symbol' : ''}`,
        tooltip: `${f.name}: ${percentText(f.selfPercent)} self${total}, ${f.category}${project !== null && engine ? '; opens the function of that name in this project' : ''}${object}`,
        icon: 'flame',
        place: project ?? own,
      });
    });
}

/** How much of the run the list's head is, so that one knows where to stop reading. */
function coverText(profile: Profile): string {
  const shares = profile.functions.map((f) => f.selfPercent).sort((a, b) => b - a);
  const head = Math.min(10, shares.length);
  const share = shares.slice(0, head).reduce((sum, s) => sum + s, 0);
  return `top ${head} cover ${percentText(share)}`;
}

/** Top-level nodes of one project; groups without rows are left out. */
export function findingsTree(findings: Findings | null, profile: Profile | null): TreeNode[] {
  const nodes: TreeNode[] = [];
  const group = (
    id: string,
    label: string,
    icon: string,
    rows: readonly TreeNode[],
    over: Partial<TreeNode> = {},
  ): void => {
    if (rows.length === 0) return;
    nodes.push(node({ id, label, icon, description: String(rows.length), children: () => rows, ...over }));
  };
  // Hot functions are worth showing before any project was analysed.
  if (profile !== null) {
    const rows = hotNodes(findings, profile);
    group('hot', 'Hot functions', 'flame', rows, { expanded: true, description: coverText(profile) });
  }
  if (findings === null) return nodes;
  for (const cls of classOrder) {
    const { label, icon } = classes[cls];
    const sites = findings.atomics.filter((s) => s.class === cls).length;
    const rows = variableNodes(cls, findings);
    group(`class:${cls}`, label, icon, rows, {
      description: `${counted(rows.length, 'variable')} · ${counted(sites, 'site')}`,
      color: `allocLens.atomic.${cls}`,
      expanded: cls === 'telemetry' && profile === null,
    });
  }
  const counters = findings.counters.map((c) =>
    node({
      id: `counter:${c.id}`,
      label: c.target,
      description: [c.temperature, inactivity(c, findings.gates), at(c)]
        .filter((w) => w !== null)
        .join(' · '),
      icon: 'symbol-number',
      place: place(c),
    }),
  );
  group('counters', 'Plain counters', 'symbol-number', counters);
  for (const [kind, label] of [
    ['env', 'Environment gates'],
    ['compile', 'Compile gates'],
  ] as const) {
    const rows = findings.gates.filter((g) => g.kind === kind).map((g) => gateNode(g, findings));
    group(`gates:${kind}`, label, kind === 'env' ? 'settings' : 'symbol-constant', rows);
  }
  const notes = findings.diagnostics.map((d, i) =>
    node({
      id: `note:${d.code}:${d.file}:${i}`,
      label: d.message,
      description: at(d),
      icon: d.severity === 'error' || d.severity === 'warning' ? 'warning' : 'info',
      place: place(d),
    }),
  );
  group('notes', 'Notes on the analysis', 'info', notes);
  return nodes;
}
