/**
 * What a cost table says of a project's own rows: an atomic site, all hot telemetry of a function, a candidate. Always an
 * estimate: the costs are those of the same operation in another allocator's loop on this machine, and each row is taken
 * to run once for each malloc and free pair. Pure.
 */
import type { AtomicSite, Candidate, Findings, MemoryOrder } from '../model.ts';
import type { Cost, CostName, CostTable } from '../model-costs.ts';

/** Nanoseconds, and percent of a malloc and free pair, each with its 95% interval. */
export interface CostEstimate {
  readonly ns: number;
  readonly interval: readonly [number, number];
  readonly percent: number;
  /** `C, gcc 12.2.0 on this machine`. */
  readonly source: string;
}

export const costSource = (table: CostTable): string => `${table.source} on this machine`;

function costNamed(table: CostTable, name: CostName, contended = false): Cost | null {
  return table.costs.find((c) => c.name === name && c.contended === contended) ?? null;
}

const weak: ReadonlySet<MemoryOrder | null> = new Set(['relaxed', 'consume']);

/** The measured thing that an operation is most like; null for those that were not measured (stores, fences). */
export function costNameOf(site: Pick<AtomicSite, 'operation' | 'order'>): CostName | null {
  switch (site.operation) {
    case 'fetch_add':
    case 'fetch_sub':
    case 'fetch_and':
    case 'fetch_or':
    case 'fetch_xor':
    case 'exchange':
    case 'test_and_set':
      return weak.has(site.order) ? 'relaxed add' : 'seq_cst add';
    case 'compare_exchange':
      return 'compare and swap';
    case 'load':
      return 'acquire load';
    case 'store':
    case 'clear':
    case 'fence':
      return null;
  }
}

/** Uncontended. On WebAssembly, which has no weaker order, a relaxed add is what the seq_cst one is. */
export function siteCost(site: Pick<AtomicSite, 'operation' | 'order'>, table: CostTable): Cost | null {
  const name = costNameOf(site);
  if (name === null) return null;
  return costNamed(table, name) ?? (name === 'relaxed add' ? costNamed(table, 'seq_cst add') : null);
}

/** Telemetry that runs on a hot path in this configuration: what could go. */
export const isRemovable = (s: AtomicSite): boolean =>
  s.class === 'telemetry' && s.temperature === 'hot' && s.activity.state === 'active';

/**
 * A sum of `times` of each cost. Within one table all costs were measured on the same processes, so that their errors
 * may go the same way: the bounds are added, which is never too narrow.
 */
function summed(
  parts: readonly { readonly cost: Cost; readonly times: number }[],
  table: CostTable,
): CostEstimate {
  const sum = (of: (c: Cost) => number): number => parts.reduce((t, p) => t + p.times * of(p.cost), 0);
  return {
    ns: sum((c) => c.ns),
    interval: [sum((c) => c.interval[0]), sum((c) => c.interval[1])],
    percent: sum((c) => c.percent),
    source: costSource(table),
  };
}

export interface RemovableCost extends CostEstimate {
  /** Sites that the sum is over. */
  readonly sites: number;
}

/** What the removable ones of these sites cost together; null where none of them has a measured cost. */
export function removableCost(sites: readonly AtomicSite[], table: CostTable): RemovableCost | null {
  const parts = sites
    .filter(isRemovable)
    .map((s) => siteCost(s, table))
    .filter((c): c is Cost => c !== null)
    .map((cost) => ({ cost, times: 1 }));
  return parts.length === 0 ? null : { ...summed(parts, table), sites: parts.length };
}

/** What a candidate would give up, in measured things; null where its letter or its row cannot be said in them. */
export function candidateCost(
  candidate: Candidate,
  sites: readonly AtomicSite[],
  table: CostTable,
): CostEstimate | null {
  const times = (name: CostName, n: number): CostEstimate | null => {
    const cost = costNamed(table, name);
    return cost === null || n <= 0 ? null : summed([{ cost, times: n }], table);
  };
  const { branchesPerOp, instructionsPerOp } = candidate.estimate;
  // The title names the object, where one line has several.
  const here = sites.filter((s) => isRemovable(s) && candidate.title.endsWith(` ${s.target ?? ''}`));
  const own = here[0] ?? (sites.filter(isRemovable).length === 1 ? sites.find(isRemovable) : undefined);
  switch (candidate.letter) {
    case 'A':
      // A layer that only hands on is a call; of one that checks, only the checks are sure not to be inlined away.
      return branchesPerOp === 0
        ? times('wrapper call', 1)
        : times('environment-gate branch', -(branchesPerOp ?? 0));
    case 'B':
      return branchesPerOp === null
        ? times('acquire load', -(instructionsPerOp ?? 0) / 2)
        : times('environment-gate branch', -branchesPerOp);
    case 'C':
      return own === undefined ? null : removableCost([own], table);
    case 'D':
      return times('header check', -(branchesPerOp ?? 0));
    case 'F':
      return own === undefined ? null : relaxing(own, table);
    case 'E':
    case 'G':
    case 'H':
    case 'I':
      return null;
  }
}

/** What an add costs more than a relaxed one; nothing where there is no relaxed one. */
function relaxing(site: AtomicSite, table: CostTable): CostEstimate | null {
  if (costNameOf(site) !== 'seq_cst add') return null;
  const [strong, relaxed] = [costNamed(table, 'seq_cst add'), costNamed(table, 'relaxed add')];
  if (strong === null || relaxed === null) return null;
  return {
    ns: strong.ns - relaxed.ns,
    interval: [strong.interval[0] - relaxed.interval[1], strong.interval[1] - relaxed.interval[0]],
    percent: strong.percent - relaxed.percent,
    source: costSource(table),
  };
}

/**
 * Candidates with their throughput estimated: percent that operations get faster. Those that cannot be said in measured
 * costs are null. Without a table nothing is touched.
 */
export function withCosts(findings: Findings, table: CostTable | null): Findings {
  if (table === null) return findings;
  const place = (row: { readonly file: string; readonly line: number }): string => `${row.file}:${row.line}`;
  const sites = new Map<string, AtomicSite[]>();
  for (const s of findings.atomics) {
    const group = sites.get(place(s));
    if (group === undefined) sites.set(place(s), [s]);
    else group.push(s);
  }
  const candidates = findings.candidates.map((c): Candidate => {
    const cost = candidateCost(c, sites.get(place(c)) ?? [], table);
    if (cost === null) return c.estimate.throughputSource === undefined ? c : withoutCost(c);
    const pair = table.pairNs;
    const bounds = pair === undefined ? null : cost.interval.map((ns) => (100 * ns) / pair);
    return {
      ...c,
      estimate: {
        ...c.estimate,
        throughputPercent: cost.percent,
        ...(bounds === null ? {} : { throughputInterval: [bounds[0] ?? 0, bounds[1] ?? 0] as const }),
        throughputSource: `estimate, ${cost.source}`,
      },
    };
  });
  return { ...findings, candidates };
}

/** What an earlier table said is not said any more. */
function withoutCost(c: Candidate): Candidate {
  const { instructionsPerOp, branchesPerOp } = c.estimate;
  return { ...c, estimate: { instructionsPerOp, branchesPerOp, throughputPercent: null } };
}

const figure = (ns: number): string =>
  Math.abs(ns) < 0.005 ? '0.00' : ns.toFixed(Math.abs(ns) < 9.95 ? 2 : 1);

/** `2.10 ns/op`. */
export const nsText = (ns: number): string => `${figure(ns)} ns/op`;

/** `1.80 .. 2.40`. */
export const nsInterval = ([low, high]: readonly [number, number]): string =>
  `${figure(low)} .. ${figure(high)}`;
