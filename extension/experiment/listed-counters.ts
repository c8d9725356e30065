/** Phase 64's table of counters from two lists of named totals, as `perf stat` prints them. */
import type { CounterTable } from '../model-experiment.ts';
import { UserError } from '../model.ts';
import { deltaPercent } from './seed-rule.ts';

/** Totals of a run by name: `cycles`, `instructions`, `branches`, `branch-misses`, ... */
export type CounterTotals = Readonly<Record<string, number>>;

export interface ListedCounters {
  readonly unit: 'wasm' | 'x86';
  readonly baseline: CounterTotals;
  readonly treatment: CounterTotals;
}

/** Falls by less than this many percent are no saving of instructions that a layout could be taxed for. */
const leastFall = 1;
const mostCounters = 200;

function totals(value: unknown, what: string): CounterTotals {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UserError(`${what}: expected counts by name, as in {"instructions": 3866028123}`);
  }
  const entries = Object.entries(value as Readonly<Record<string, unknown>>);
  if (entries.length > mostCounters) throw new UserError(`${what}: more than ${mostCounters} counters`);
  const out: Record<string, number> = Object.create(null);
  for (const [name, count] of entries) {
    if (typeof count !== 'number' || !Number.isFinite(count) || count < 0) {
      throw new UserError(`${what}: ${name.slice(0, 60)} has to be a number from zero up`);
    }
    out[name] = count;
  }
  return out;
}

/** `{"unit": "x86" | "wasm", "baseline": {...}, "treatment": {...}}`. Throws `UserError` for anything else. */
export function checkedCounters(value: unknown): ListedCounters {
  if (typeof value !== 'object' || value === null) {
    throw new UserError('counters: expected {"unit": "x86", "baseline": {...}, "treatment": {...}}');
  }
  const unit: unknown = Reflect.get(value, 'unit') ?? 'x86';
  if (unit !== 'wasm' && unit !== 'x86') throw new UserError('counters: the unit is "x86" or "wasm"');
  return {
    unit,
    baseline: totals(Reflect.get(value, 'baseline'), 'counters of the baseline'),
    treatment: totals(Reflect.get(value, 'treatment'), 'counters of the treatment'),
  };
}

/** Rates that people read off the counts: name, numerator, denominator, factor. */
const rates: readonly (readonly [string, string, string, number])[] = [
  ['IPC', 'instructions', 'cycles', 1],
  ['branch-miss %', 'branch-misses', 'branches', 100],
];

function rate(of: CounterTotals, numerator: string, denominator: string, factor: number): number | null {
  const [over, under] = [of[numerator], of[denominator]];
  return over === undefined || under === undefined || under === 0 ? null : (factor * over) / under;
}

/**
 * Counts in the baseline's order, the treatment's own behind them, then the rates; `delta` is percent of the baseline.
 * The layout tax is named when instructions fall by at least one percent and the speed does not rise (`effectPercent`).
 */
export function counterTable(counters: ListedCounters, effectPercent: number | null): CounterTable {
  const { baseline, treatment } = counters;
  const row = (name: string, b: number | null, t: number | null): CounterTable['rows'][number] => ({
    name,
    baseline: b,
    treatment: t,
    delta: b === null || t === null || b === 0 ? null : deltaPercent(b, t),
  });
  const names = [...new Set([...Object.keys(baseline), ...Object.keys(treatment)])];
  const rows = [
    ...names.map((name) => row(name, baseline[name] ?? null, treatment[name] ?? null)),
    ...rates
      .map(([name, over, under, factor]) =>
        row(name, rate(baseline, over, under, factor), rate(treatment, over, under, factor)),
      )
      .filter((r) => r.baseline !== null || r.treatment !== null),
  ];
  const fall = rows.find((r) => r.name === 'instructions')?.delta ?? 0;
  return {
    unit: counters.unit,
    rows,
    layoutTax: fall <= -leastFall && effectPercent !== null && effectPercent <= 0,
  };
}
