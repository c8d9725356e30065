/**
 * Phase 42's Top-50 rule: a gate is worth removing only if the profile shows it. "Present in the code" is a list of gate
 * functions from the sources, "seen in the profile" their place by self time.
 */
import type { TopRule } from '../../model-experiment.ts';
import type { Findings } from '../../model.ts';
import { hotTable, plainName } from './hot-table.ts';

const top = 50;
/** Percent of self time: below it a gate is no target. */
const floor = 0.1;

type Gate = TopRule['gates'][number];

const order: readonly Gate['state'][] = ['hot', 'below the floor', 'below the top', 'not seen'];

/** Functions of analysed sources that read an environment gate. */
export function gateFunctions(findings: Findings): string[] {
  return [...new Set(findings.gates.flatMap((g) => (g.kind === 'env' ? (g.function ?? []) : [])))].sort();
}

/** `*_enabled()`, `*_mode()`, `*_snapshot()` and the like, as the document looks for them. */
const gateName =
  /(^|_)(enabled(_env|_fast|_runtime|_for_class)?|mode|snapshot(_get)?|ready_fast|class_mask|ctx_get)$/;

/** Those of a list of functions whose name makes them a gate. */
export function gatesAmong(names: readonly string[]): string[] {
  return [...new Set(names.filter((name) => gateName.test(name)))].sort();
}

function reasonOf(hot: readonly Gate[], present: number): string {
  if (hot.length > 0) {
    const names = hot.map((g) => `${g.name} (${(g.selfPercent ?? 0).toFixed(2)}%)`).join(', ');
    return `${hot.length} of ${present} gates in the code are in the Top ${top}: ${names}`;
  }
  return `none of the ${present} gates in the code is in the Top ${top} with at least ${floor}% of self time: no viable target`;
}

/**
 * NEUTRAL when no gate of the code is hot: nothing is changed then. Else the hot ones are candidates, and the answer is open
 * until their experiments are run.
 */
export function topRule(
  present: readonly string[],
  profile: readonly { readonly name: string; readonly selfPercent: number }[],
): TopRule {
  const rows = new Map(hotTable(profile.filter((f) => f.selfPercent > 0)).map((row) => [row.name, row]));
  const gates = [...new Set(present)]
    .map((name): Gate => {
      const row = rows.get(name);
      if (row === undefined) return { name, rank: null, selfPercent: null, state: 'not seen' };
      const { rank, selfPercent } = row;
      const state = rank > top ? 'below the top' : selfPercent < floor ? 'below the floor' : 'hot';
      return { name, rank, selfPercent, state };
    })
    .sort(
      (a, b) =>
        order.indexOf(a.state) - order.indexOf(b.state) ||
        (a.rank ?? Number.MAX_SAFE_INTEGER) - (b.rank ?? Number.MAX_SAFE_INTEGER) ||
        (a.name < b.name ? -1 : 1),
    );
  const hot = gates.filter((g) => g.state === 'hot');
  return {
    top,
    floor,
    functions: rows.size,
    gates,
    verdict: hot.length === 0 ? 'NEUTRAL' : 'INCONCLUSIVE',
    reason: reasonOf(hot, gates.length),
  };
}

/**
 * The rule on a program of the user's: gates of its sources (`gateFunctions`) and of its symbol table against a profile of it.
 * A gate of the sources that the binary does not have as a function was inlined or not compiled.
 *
 * @param symbols names of the binary's functions, null where there is no binary to look at
 */
export function gatePresence(
  sources: readonly string[],
  symbols: readonly string[] | null,
  profile: readonly { readonly name: string; readonly selfPercent: number }[],
): TopRule {
  const inBinary = symbols === null ? null : new Set(symbols.map(plainName));
  const rule = topRule([...sources, ...(inBinary === null ? [] : gatesAmong([...inBinary]))], profile);
  if (inBinary === null) return rule;
  return { ...rule, gates: rule.gates.map((g) => ({ ...g, inBinary: inBinary.has(g.name) })) };
}
