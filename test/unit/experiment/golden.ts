/** Values that scipy gives, made by test/fixtures/experiment/golden.py. */
import { readFileSync } from 'node:fs';

interface GoldenSample {
  readonly values: readonly number[];
  readonly trimmedMean: number;
  readonly winsorisedSd: number;
  readonly sigma: number;
  /** By confidence. */
  readonly yuen: Readonly<Record<string, readonly [number, number]>>;
  readonly hodgesLehmann: Readonly<Record<string, readonly [number, number] | null>> & {
    readonly estimate: number;
  };
  readonly bca: {
    readonly replicates: readonly number[];
    readonly interval: readonly [number, number];
    /** Of 99,999 resamples of scipy's own. */
    readonly ofMany: readonly [number, number];
  };
}

interface Golden {
  readonly studentQuantiles: readonly (readonly [p: number, df: number, t: number])[];
  readonly studentTails: readonly (readonly [t: number, df: number, p: number])[];
  readonly normalQuantiles: readonly (readonly [p: number, z: number])[];
  readonly normalCdf: readonly (readonly [z: number, p: number])[];
  readonly fisherTails: readonly (readonly [f: number, above: number, below: number, p: number])[];
  readonly rankF: readonly {
    readonly values: readonly number[];
    readonly groups: number;
    readonly p: number;
  }[];
  readonly signedRank: readonly (readonly [n: number, tail: number, count: number])[];
  readonly pocock: readonly (readonly [looks: readonly number[], constant: number])[];
  readonly samples: readonly GoldenSample[];
}

export const golden = JSON.parse(
  readFileSync(new URL('../../fixtures/experiment/golden.json', import.meta.url), 'utf8'),
) as Golden;
