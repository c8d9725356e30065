/** C: telemetry on a hot or warm path. F: an order stronger than telemetry needs. */
import type { AtomicSite, Counter, Variable } from '../../model.ts';
import type { Collector, Estimate } from './draft.ts';

export interface SiteFacts {
  /** Only carries one statistic over into another. */
  readonly isMerge: (site: AtomicSite) => boolean;
  /** Relaxed, or not atomic at all, in one of the configurations that it is written for. */
  readonly isRelaxed: (site: AtomicSite) => boolean;
}

function shown(s: AtomicSite, names: ReadonlyMap<string, string>): string {
  const target = s.target ?? 'this update';
  // A macro's own local says nothing to a reader; the object behind it does.
  return target.startsWith('__') && s.variable !== null ? (names.get(s.variable) ?? target) : target;
}

const updates = new Set([
  'fetch_add',
  'fetch_sub',
  'fetch_or',
  'fetch_and',
  'fetch_xor',
  'exchange',
  'compare_exchange',
  'store',
]);

/** What leaving one update out saves where every operation makes it. */
function saved(s: AtomicSite): Estimate {
  if (s.temperature !== 'hot') return { instructions: null, branches: null };
  const gate = s.gates.length > 0 && s.activity.state !== 'inactive' ? 1 : 0;
  return { instructions: s.activity.state === 'inactive' ? null : -1, branches: gate > 0 ? null : 0 };
}

export function telemetry(
  sites: readonly AtomicSite[],
  counters: readonly Counter[],
  variables: readonly Variable[],
  envGates: ReadonlySet<string>,
  facts: SiteFacts,
  out: Collector,
): void {
  const names = new Map(variables.map((v) => [v.id, v.owner === null ? v.name : `${v.owner}.${v.name}`]));
  const compiledOut = (a: AtomicSite['activity']): boolean =>
    a.state === 'inactive' && (a.decidedBy === null || !envGates.has(a.decidedBy));
  for (const s of sites) {
    if (s.class !== 'telemetry' || s.operation === 'load' || !updates.has(s.operation)) continue;
    if (s.temperature !== 'hot' && s.temperature !== 'warm') continue;
    const at = { file: s.file, line: s.line, function: s.function };
    const name = shown(s, names);
    // What is not compiled costs nothing.
    if (compiledOut(s.activity)) continue;
    if (facts.isMerge(s)) continue;
    {
      const state =
        s.activity.state === 'inactive'
          ? `, inactive by ${s.activity.decidedBy ?? 'a gate'}, whose check stays`
          : '';
      out.add({
        letter: 'C',
        at,
        title: `Compile out or sample ${name}`,
        reason: `An atomic ${s.operation} of telemetry on a ${s.temperature} path${state}: nothing but reports read it.`,
        risk: 'low',
        experiment: 'Put it behind a compile flag and compare both sides.',
        estimate: saved(s),
      });
    }
    const strong = s.order !== null && s.order !== 'relaxed' && s.order !== 'consume';
    if (strong && s.kind !== 'asm' && !facts.isRelaxed(s)) {
      const x86 =
        s.operation === 'store' && s.order === 'seq_cst'
          ? 'a full barrier on x86, too'
          : 'the same instruction on x86, cheaper on Arm and RISC-V';
      out.add({
        letter: 'F',
        at,
        title: `Relax the order of ${name}`,
        reason: `Telemetry needs no ordering, and this ${s.operation} is ${s.order ?? ''}: ${x86}, and a bar to reordering for the compiler.`,
        risk: 'low',
        experiment: 'Use the relaxed order and compare both sides on each machine that matters.',
        estimate: { instructions: 0, branches: 0 },
      });
    }
  }
  for (const c of counters) {
    if (c.temperature !== 'hot' || compiledOut(c.activity)) continue;
    out.add({
      letter: 'C',
      at: { file: c.file, line: c.line, function: c.function },
      title: `Compile out or sample ${c.target}`,
      reason: `A plain update of telemetry on a hot path${c.activity.state === 'inactive' ? `, inactive by ${c.activity.decidedBy ?? 'a gate'}` : ''}: a load, an add and a store for a figure that only reports read.`,
      risk: 'low',
      experiment: 'Put it behind a compile flag and compare both sides.',
      estimate: { instructions: c.activity.state === 'inactive' ? null : -3, branches: 0 },
    });
  }
}
