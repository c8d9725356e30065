/**
 * From raw batch times to what one more of each thing costs. Each fresh process gives one slope for each item: the trimmed
 * mean of its blocks' differences for 0, 1, 2 and 4 of it, through them Theil and Sen's line. Over the processes, which
 * have different code layouts, the 20% trimmed mean with Yuen's interval. Pure, but for `calibrate`, which asks runners.
 */
import { type RunHooks, UserError } from '../model.ts';
import type { Cost, CostName, CostTable } from '../model-costs.ts';
import type { MachineState } from '../model-experiment.ts';
import {
  type CostMeasurement,
  costNames,
  type CostRow,
  type CostRunner,
  type CostUnit,
} from '../profile/cost-measurement.ts';
import { median } from '../profile/percentiles.ts';
import { theilSen, trimmedMean, yuen } from './robust.ts';

/** Units below which no interval is worth its name. */
export const fewestUnits = 3;

/** Nanoseconds an operation that a row's item adds, over its blocks. */
export function addedNs(row: CostRow): number {
  return trimmedMean(row.blocks.map(([a1, b1, b2, a2]) => (b1 + b2 - a1 - a2) / 2 / row.operations));
}

/** Nanoseconds an operation that one more costs in this process, null where it was not measured. */
export function unitSlope(unit: CostUnit, name: CostName, contended: boolean): number | null {
  const rows = unit.rows.filter((r) => r.name === name && r.contended === contended);
  if (rows.length === 0) return null;
  return theilSen([[0, 0], ...rows.map((r): [number, number] => [r.count, addedNs(r)])]);
}

/** Nanoseconds of a malloc and a free together, in the loop without any item. */
export function pairNs(units: readonly CostUnit[]): number {
  return (
    2 *
    trimmedMean(
      units.map((u) =>
        median(
          u.rows
            .filter((r) => !r.contended)
            .flatMap((r) => r.blocks.flatMap(([a1, , , a2]) => [a1 / r.operations, a2 / r.operations])),
        ),
      ),
    )
  );
}

/** As it is shown. */
export const costLabel = (c: Pick<Cost, 'name' | 'contended'>): string =>
  c.contended ? `${c.name}, contended` : c.name;

/** What makes figures doubtful, a sentence each. Nothing is corrected for it: the figures stay as measured. */
export function doubts(
  costs: readonly Cost[],
  units: readonly CostUnit[],
  machine: Pick<MachineState, 'load' | 'cores'>,
): string[] {
  const out: string[] = [];
  for (const c of costs) {
    if (c.interval[1] < 0) {
      out.push(
        `${costLabel(c)}: all of its interval is below zero, which no added work can be; where the code lies decides here.`,
      );
    }
  }
  const found = (name: CostName, contended: boolean): Cost | undefined =>
    costs.find((c) => c.name === name && c.contended === contended);
  for (const c of costs.filter((x) => x.contended)) {
    const alone = found(c.name, false);
    if (alone === undefined) continue;
    // A load of a line that is not fetched anew at each time may cost the same; a write to it cannot.
    const limit =
      c.name === 'acquire load' ? c.interval[1] < alone.interval[0] : c.interval[0] <= alone.interval[1];
    if (limit) {
      out.push(`${c.name}: it cost no more contended than alone, so the two threads hardly ran at one time.`);
    }
  }
  const [relaxed, strong] = [found('relaxed add', false), found('seq_cst add', false)];
  if (relaxed !== undefined && strong !== undefined && strong.interval[1] < relaxed.interval[0]) {
    out.push('seq_cst add: it cost less than the relaxed add, which it cannot; the machine was not quiet.');
  }
  const short = units.some((u) =>
    u.rows.some((r) => !r.contended && r.blocks.some((b) => Math.min(...b) < 1000 * u.clockNs)),
  );
  if (short) out.push('Some batches were shorter than 1000 steps of the clock, so that its steps show.');
  if (machine.load !== null && machine.load > 0.5) {
    out.push(`Other programs were running (load ${machine.load.toFixed(1)} on ${machine.cores} cores).`);
  }
  return out;
}

export interface CostContext {
  /** Names the machine that the table is of. */
  readonly host: string;
  readonly machine: MachineState;
  /** ISO 8601. */
  readonly at: string;
}

/**
 * The table of a measurement. `percent` is of a malloc and free pair: what throughput gains when one that runs once
 * for each pair goes. Lower bounds may be negative and stay so. Throws `UserError` with too few units.
 */
export function costTable(measurement: CostMeasurement, context: CostContext): CostTable {
  const { units, source, flags } = measurement;
  if (units.length < fewestUnits) {
    throw new UserError(`costs need at least ${fewestUnits} processes, not ${units.length}`);
  }
  const pair = pairNs(units);
  if (!(pair > 0)) throw new UserError('the cost measurement has no times of the loop itself', 3);
  const costs: Cost[] = [];
  for (const contended of [false, true]) {
    for (const name of costNames) {
      const slopes = units
        .map((u) => unitSlope(u, name, contended))
        .filter((s): s is number => s !== null && Number.isFinite(s));
      // What some processes could not measure has no figure rather than one of the others.
      if (slopes.length < units.length) continue;
      const { estimate, interval } = yuen(slopes, 0.95);
      costs.push({ name, contended, ns: estimate, interval, percent: (100 * estimate) / pair });
    }
  }
  const pinned = units[0]?.pinned ?? null;
  const machine: MachineState = { ...context.machine, pinned, flags };
  return {
    ...{ schemaVersion: 1, source, host: context.host, costs, pairNs: pair, units: units.length },
    warnings: [...measurement.notes, ...doubts(costs, units, machine)],
    machine,
    at: context.at,
  };
}

export interface CalibrateOptions {
  readonly native: CostRunner;
  readonly engine: CostRunner;
  /** Do not ask for a compiler. */
  readonly engineOnly: boolean;
  readonly seconds: number;
  readonly host: string;
  readonly machine: () => MachineState;
  readonly now: () => Date;
}

/** Measures in C where that is possible, else on the engine, and says why. */
export async function calibrate(options: CalibrateOptions, hooks: RunHooks): Promise<CostTable> {
  const { native, engine, engineOnly, seconds, host } = options;
  const reason = engineOnly ? null : await native.unavailable(hooks.signal);
  const onEngine = engineOnly || reason !== null;
  // Before the measurement makes the load itself.
  const machine = options.machine();
  const measurement = await (onEngine ? engine : native).measure(seconds, hooks);
  const notes = reason === null ? [] : [`Measured on the engine: ${reason}.`];
  return costTable(
    { ...measurement, notes: [...notes, ...measurement.notes] },
    { host, machine, at: options.now().toISOString() },
  );
}
