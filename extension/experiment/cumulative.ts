/**
 * What all kept changes come to together, as the method's cumulative table has it: phases, atomics removed, impact,
 * status, and the total as a sum (the documents' way) and as a product (what effects on throughput do).
 *
 * Which experiments count. Of experiments of the same change on the same work only the newest: a repetition is no second
 * gain. GO and NEUTRAL changes are kept (the documents compile both out), so both count for the atomics. The
 * documents' total adds the effects of the GO phases alone, though the NEUTRAL ones are kept as well: +2.74% without Phase
 * 26 and its -0.33%, +2.41% with it. Both totals are given, `go` and `kept`; the first leans towards gains, since
 * what chance moved over the threshold is counted and what it moved below is not. NO-GO, NO-OP and INCONCLUSIVE count
 * for nothing, and experiments between two targets are no changes at all; both are listed with the reason.
 */
import type { CumulativeStep, Experiment, ExperimentWork, Pruned, SideSpec } from '../model-experiment.ts';
import type { CumulativeTotal, PhaseRow, PhaseTable } from '../model-report.ts';

/** What the phases of the prune document compile out, as its cumulative table counts. */
export const prunePhases: Readonly<Record<string, Pruned>> = {
  'phase-24': { atomics: 5, what: 'class stats', frequency: 'High (every cache op)' },
  'phase-25': { atomics: 1, what: 'free_ss_enter', frequency: 'High (every free)' },
  'phase-26': { atomics: 5, what: 'diagnostics', frequency: 'Low (edge cases)' },
  'phase-27': { atomics: 6, what: 'unified cache', frequency: 'Medium (refills)' },
  'phase-28': { atomics: 0, what: 'bg spill', frequency: 'N/A (all CORRECTNESS)' },
  'phase-29': { atomics: 0, what: 'pool v2', frequency: 'N/A (code not active)' },
};

export interface CumulativeRow {
  readonly experiment: Experiment;
  readonly pruned: Pruned | null;
  /** Which totals it is in. */
  readonly counts: 'go' | 'kept' | 'no';
  /** Why it is in no total, empty when it is. */
  readonly why: string;
}

/** Experiments on the same work of the same target: only those can be multiplied. */
export interface CumulativeGroup {
  readonly target: string;
  readonly work: string;
  /** Phases first, by number, then the others by time. */
  readonly rows: readonly CumulativeRow[];
  /** Atomics of the changes that are kept; null when none of them says how many. */
  readonly atomics: number | null;
  readonly go: CumulativeTotal;
  readonly kept: CumulativeTotal;
}

export interface Cumulative {
  readonly groups: readonly CumulativeGroup[];
  /** In no group. */
  readonly excluded: readonly CumulativeRow[];
}

/** `random_mixed:mixed, 400 slots, 16 to 1040 B`: what has to be the same for two effects to be of the same work. */
export function workText(work: ExperimentWork): string {
  const name =
    work.trace === null
      ? `${work.workload}${work.profile === '' ? '' : `:${work.profile}`}`
      : `trace ${work.trace.file}${work.trace.flatten ? ', flattened' : ''}`;
  return [
    name,
    ...(work.workingSet === null ? [] : [`${work.workingSet} slots`]),
    ...(work.min === null ? [] : [`from ${work.min} B`]),
    ...(work.max === null ? [] : [`to ${work.max} B`]),
    ...(work.threads === null ? [] : [`${work.threads} ${work.threads === 1 ? 'thread' : 'threads'}`]),
  ].join(', ');
}

/**
 * Sum and product of effects. With effect e in percent and L = ln(1 + e/100), the product is exp(ΣL) − 1. Its variance is
 * the sum of the variances; an interval's half width is its standard error times one factor for all, so the bounds are
 * ΣL ∓ √Σ(L − bound)², each side by itself (Zou and Donner, Statistics in Medicine 27, 2008: variances recovered
 * from limits). It takes the effects for independent: changes that meet in one place gain less together.
 */
export function combine(
  effects: readonly {
    readonly effectPercent: number;
    readonly interval: readonly [number, number] | null;
  }[],
): CumulativeTotal {
  const log = (percent: number): number => Math.log1p(percent / 100);
  const percent = (value: number): number => 100 * Math.expm1(value);
  let [sum, logs, below, above] = [0, 0, 0, 0];
  let whole = effects.length > 0;
  for (const { effectPercent, interval } of effects) {
    sum += effectPercent;
    logs += log(effectPercent);
    if (interval === null) whole = false;
    else {
      below += (log(effectPercent) - log(interval[0])) ** 2;
      above += (log(interval[1]) - log(effectPercent)) ** 2;
    }
  }
  const bounds = [percent(logs - Math.sqrt(below)), percent(logs + Math.sqrt(above))] as const;
  return {
    changes: effects.length,
    sumPercent: sum,
    productPercent: percent(logs),
    interval: whole && bounds.every(Number.isFinite) ? bounds : null,
  };
}

function specKey(spec: SideSpec): unknown {
  const pairs = (values: Readonly<Record<string, string>>): unknown =>
    Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
  return [spec.target, spec.variant, spec.preset, pairs(spec.flags), pairs(spec.env)];
}

/** Same for experiments of the same change: the replayed phase, or both sides; of listed runs only the names are known. */
function changeKey(e: Experiment): string {
  const { baseline, treatment } = e;
  const names = e.source === 'listed' ? [e.title, baseline.label, treatment.label] : [];
  const change = e.replay ?? [specKey(baseline.spec), specKey(treatment.spec), ...names];
  return JSON.stringify([e.baseline.spec.target, workText(e.work), change]);
}

const dropped: Readonly<Record<'NO-GO' | 'NO-OP' | 'INCONCLUSIVE', string>> = {
  'NO-GO': 'NO-GO: the change is not kept',
  'NO-OP': 'NO-OP: the changed code did not run, so it changed nothing',
  INCONCLUSIVE: 'INCONCLUSIVE: the effect is not known',
};

function rowOf(experiment: Experiment): CumulativeRow {
  const { verdict, effectPercent } = experiment;
  const known = experiment.replay === null ? undefined : prunePhases[experiment.replay];
  const pruned = experiment.pruned ?? known ?? null;
  if (verdict !== 'GO' && verdict !== 'NEUTRAL') {
    return { experiment, pruned, counts: 'no', why: dropped[verdict] };
  }
  // Identical code is NEUTRAL without a measurement: it is kept, and is no change.
  if (effectPercent === null) return { experiment, pruned, counts: 'no', why: `${verdict} without a figure` };
  if (effectPercent <= -100) return { experiment, pruned, counts: 'no', why: 'an effect below -100%' };
  return { experiment, pruned, counts: verdict === 'GO' ? 'go' : 'kept', why: '' };
}

/** `phase-19a` as [19, 'a'], null for what is no phase. */
function phaseOf(e: Experiment): readonly [number, string] | null {
  const m = /^phase-(\d{1,4})([a-z]?)$/.exec(e.replay ?? '');
  return m === null ? null : [Number(m[1]), m[2] ?? ''];
}

function inOrder(a: CumulativeRow, b: CumulativeRow): number {
  const [p, q] = [phaseOf(a.experiment), phaseOf(b.experiment)];
  if (p !== null && q !== null) return p[0] - q[0] || p[1].localeCompare(q[1]);
  if (p !== null || q !== null) return p === null ? 1 : -1;
  return Date.parse(a.experiment.startedAt) - Date.parse(b.experiment.startedAt);
}

function groupOf(target: string, work: string, rows: readonly CumulativeRow[]): CumulativeGroup {
  const effects = (counted: readonly CumulativeRow['counts'][]) =>
    rows
      .filter((r) => counted.includes(r.counts))
      .map(({ experiment: e }) => ({ effectPercent: e.effectPercent ?? 0, interval: e.interval }));
  const counted = rows.flatMap((r) => (r.counts === 'no' || r.pruned === null ? [] : [r.pruned.atomics]));
  return {
    target,
    work,
    rows: [...rows].sort(inOrder),
    atomics: counted.length === 0 ? null : counted.reduce((a, b) => a + b, 0),
    go: combine(effects(['go'])),
    kept: combine(effects(['go', 'kept'])),
  };
}

/** Experiments of a ledger, in any order. */
export function cumulative(experiments: readonly Experiment[]): Cumulative {
  const newest = new Map<string, Experiment>();
  const excluded: CumulativeRow[] = [];
  const leave = (experiment: Experiment, why: string): void => {
    excluded.push({ ...rowOf(experiment), counts: 'no', why });
  };
  for (const e of experiments) {
    if (e.baseline.spec.target !== e.treatment.spec.target) {
      leave(e, 'compares two targets, which is no change of one');
      continue;
    }
    const key = changeKey(e);
    const other = newest.get(key);
    const isNewer = other === undefined || Date.parse(e.finishedAt) >= Date.parse(other.finishedAt);
    if (isNewer) newest.set(key, e);
    const older = isNewer ? other : e;
    if (older !== undefined) {
      leave(older, `repeated ${(isNewer ? e : (other ?? e)).finishedAt}: only the newest counts`);
    }
  }
  const groups = new Map<string, { target: string; work: string; rows: CumulativeRow[] }>();
  for (const e of newest.values()) {
    const { target } = e.baseline.spec;
    const work = workText(e.work);
    const key = JSON.stringify([target, work]);
    const group = groups.get(key) ?? { target, work, rows: [] };
    group.rows.push(rowOf(e));
    groups.set(key, group);
  }
  return { groups: [...groups.values()].map((g) => groupOf(g.target, g.work, g.rows)), excluded };
}

/** The `kept` totals as they grew, in the order of time; what is in no total by the rules above is left out. */
export function runningProducts(experiments: readonly Experiment[]): readonly CumulativeStep[] {
  return cumulative(experiments)
    .groups.flatMap(({ target, work, rows }) => {
      const sofar: Experiment[] = [];
      const inTime = [...rows].sort(
        (a, b) => Date.parse(a.experiment.finishedAt) - Date.parse(b.experiment.finishedAt),
      );
      return inTime.map(({ experiment: e, counts }) => {
        if (counts !== 'no') sofar.push(e);
        const total = combine(
          sofar.map((s) => ({ effectPercent: s.effectPercent ?? 0, interval: s.interval })),
        );
        const { id, title, verdict, effectPercent, finishedAt } = e;
        const { productPercent: percent, interval } = total;
        const counted = counts !== 'no';
        return {
          finishedAt,
          step: { id, title, work: `${target}, ${work}`, verdict, effectPercent, counted, percent, interval },
        };
      });
    })
    .sort((a, b) => Date.parse(a.finishedAt) - Date.parse(b.finishedAt))
    .map(({ step }) => step);
}

/** `24`, `19A`; null for what is no phase. */
export function phaseName(e: Experiment): string | null {
  return /^phase-(\d+[a-z]?)$/.exec(e.replay ?? '')?.[1]?.toUpperCase() ?? null;
}

function phaseRow({ experiment: e, pruned, counts, why }: CumulativeRow): PhaseRow {
  return {
    ...{ id: e.id, phase: phaseName(e), title: e.title, pruned },
    ...{ effectPercent: e.effectPercent, interval: e.interval, threshold: e.threshold },
    ...{ iterations: e.work.iterations, workingSet: e.work.workingSet, baselineSide: e.baseline.label },
    ...{ status: e.verdict, counts, why },
  };
}

/** The cumulative table of each target and work, the longest first; repetitions stand in their group with the reason. */
export function phaseTables(experiments: readonly Experiment[]): PhaseTable[] {
  const { groups, excluded } = cumulative(experiments);
  return groups
    .map(({ target, work, rows, atomics, go, kept }): PhaseTable => {
      const repeated = excluded.filter(
        ({ experiment: e }) =>
          e.baseline.spec.target === target &&
          e.treatment.spec.target === target &&
          workText(e.work) === work,
      );
      const all = [...rows, ...repeated].sort(inOrder).map(phaseRow);
      return { work: `${target}, ${work}`, rows: all, atomics, go, kept };
    })
    .concat(betweenTargets(excluded))
    .sort((a, b) => b.rows.length - a.rows.length);
}

/** Comparisons of two targets stand in tables of their own, without a total. */
function betweenTargets(excluded: readonly CumulativeRow[]): PhaseTable[] {
  const tables = new Map<string, CumulativeRow[]>();
  for (const row of excluded) {
    const { baseline, treatment, work } = row.experiment;
    if (baseline.spec.target === treatment.spec.target) continue;
    const key = `${treatment.spec.target} against ${baseline.spec.target}, ${workText(work)}`;
    tables.set(key, [...(tables.get(key) ?? []), row]);
  }
  const nothing = combine([]);
  return [...tables].map(([work, rows]) => {
    return { work, rows: rows.sort(inOrder).map(phaseRow), atomics: null, go: nothing, kept: nothing };
  });
}
