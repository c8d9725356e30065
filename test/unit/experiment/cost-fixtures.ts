/** Cost measurements and tables whose truth is known. */
import type { Cost, CostName, CostTable } from '../../../extension/model-costs.ts';
import type { CostBlock, CostMeasurement, CostUnit } from '../../../extension/profile/cost-measurement.ts';
import { machine } from '../cli/cost-services.ts';

export interface Truth {
  readonly name: CostName;
  readonly contended?: boolean;
  readonly ns: number;
}

/** Noise of one batch, nanoseconds an operation; `block` 0, 1, ... and the place in it. */
export type Noise = (unit: number, block: number, place: number) => number;

export const baseNs = 8;

/** Every unit with 1, 2 and 4 of each item, ten blocks, 1e6 operations. */
export function measurement(truths: readonly Truth[], units = 12, noise: Noise = () => 0): CostMeasurement {
  const operations = 1_000_000;
  const unit = (u: number): CostUnit => ({
    ...{ layout: `pad ${u}`, clockNs: 20, pinned: [1, 0] },
    rows: truths.flatMap((t) =>
      [1, 2, 4].map((count) => ({
        ...{ name: t.name, count, contended: t.contended ?? false, operations },
        blocks: Array.from({ length: 10 }, (_, b): CostBlock => {
          const time = (place: number, added: number): number =>
            operations * (baseNs + added + noise(u, b, place));
          return [time(0, 0), time(1, t.ns * count), time(2, t.ns * count), time(3, 0)];
        }),
      })),
    ),
  });
  return {
    ...{ source: 'C, gcc 12.2.0', flags: [], notes: [] },
    units: Array.from({ length: units }, (_, u) => unit(u)),
  };
}

export const cost = (name: CostName, ns: number, over: Partial<Cost> = {}): Cost => ({
  ...{ name, contended: false, ns, interval: [ns - 0.1, ns + 0.1], percent: (100 * ns) / (2 * baseNs) },
  ...over,
});

export const table = (costs: readonly Cost[], over: Partial<CostTable> = {}): CostTable => ({
  ...{ schemaVersion: 1, source: 'C, gcc 12.2.0', host: 'here', costs, pairNs: 2 * baseNs, units: 12 },
  ...{ warnings: [], machine, at: '2026-11-21T20:00:00.000Z' },
  ...over,
});
