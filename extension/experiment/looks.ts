/** Looks at growing data, planned before the first unit, at one level that pays for all of them (Pocock 1977). */
import { UserError } from '../model.ts';
import { normalCdf, normalQuantile } from './quantiles.ts';

/** Units after which a verdict may be taken: fresh processes on the engine, four processes each on native targets. */
export const engineLooks: readonly number[] = [12, 24, 36];
export const nativeLooks: readonly number[] = [24, 48, 72];
/** Identical code is not called NEUTRAL earlier: ANCHORS 6.7 measured 58 to 88% with twelve units, 95 to 100% with 24. */
export const leastForNeutral = 24;
const leastUnits = 6;
const mostUnits = 10_000;

/**
 * The looks of an experiment that may use `most` units: those planned before that, and one there. Null leaves them
 * as they are. Throws `UserError` when that is too few for an interval.
 */
export function looksWithin(planned: readonly number[], most: number | null): number[] {
  const rising = planned.every((n, i) => Number.isInteger(n) && n > (planned[i - 1] ?? 0));
  if (planned.length === 0 || !rising || (planned.at(-1) ?? 0) > mostUnits) {
    throw new UserError(
      `looks have to be rising whole numbers up to ${mostUnits}, not ${planned.join(', ')}`,
    );
  }
  if (most === null) return [...planned];
  if (!Number.isInteger(most) || most < leastUnits || most > mostUnits) {
    throw new UserError(`an experiment takes ${leastUnits} to ${mostUnits} units, not ${most}`);
  }
  return [...planned.filter((n) => n < most), most];
}

/** Nodes of Simpson's rule on each continuation region: enough for six digits down to steps of a fiftieth of the data. */
const nodes = 97;

/** Chance that |Z| passes `bound` at one of the looks when nothing is there. Source: Armitage, McPherson & Rowe 1969. */
export function crossingChance(looks: readonly number[], bound: number): number {
  let position = new Float64Array(0);
  let weighted = new Float64Array(0);
  let stayed = 1;
  looks.forEach((n, k) => {
    const edge = bound * Math.sqrt(n);
    const step = (2 * edge) / (nodes - 1);
    const before = looks[k - 1] ?? 0;
    const sd = Math.sqrt(n - before);
    const here = new Float64Array(nodes);
    const mass = new Float64Array(nodes);
    stayed = 0;
    for (let i = 0; i < nodes; i++) {
      const s = -edge + i * step;
      let density = 0;
      if (k === 0) density = Math.exp(-0.5 * (s / sd) ** 2);
      else {
        for (let j = 0; j < nodes; j++) {
          const z = (s - (position[j] ?? 0)) / sd;
          if (z > -9 && z < 9) density += (weighted[j] ?? 0) * Math.exp(-0.5 * z * z);
        }
      }
      density /= sd * Math.sqrt(2 * Math.PI);
      const simpson = (step / 3) * (i === 0 || i === nodes - 1 ? 1 : i % 2 === 1 ? 4 : 2);
      here[i] = s;
      mass[i] = simpson * density;
      stayed += simpson * density;
    }
    position = here;
    weighted = mass;
  });
  return 1 - stayed;
}

/** Pocock's own table, to six digits: equal steps at 5%. */
const equalSteps = [1.959964, 2.178273, 2.289478, 2.361298, 2.413177];

function areEqualSteps(looks: readonly number[]): boolean {
  return looks.every((n, i) => n === (i + 1) * (looks[0] ?? 0));
}

/** Pocock's constant for any looks: the z whose crossing at one of them has the chance 5% when nothing is there. */
export function pocockConstant(looks: readonly number[]): number {
  const known = equalSteps[looks.length - 1];
  return known !== undefined && areEqualSteps(looks) ? known : computedConstant(looks);
}

/** The same by integration, for looks at any distance and any chance. */
export function computedConstant(looks: readonly number[], alpha = 0.05): number {
  let low = normalQuantile(1 - alpha / 2);
  if (looks.length < 2) return low;
  let high = normalQuantile(1 - alpha / (2 * looks.length));
  let atLow = crossingChance(looks, low) - alpha;
  let atHigh = crossingChance(looks, high) - alpha;
  // Regula falsi (Illinois): the chance falls smoothly between one look's constant and Bonferroni's.
  for (let i = 0; i < 60 && high - low > 1e-9; i++) {
    const z = high - (atHigh * (high - low)) / (atHigh - atLow);
    const at = crossingChance(looks, z) - alpha;
    if (Math.abs(at) < 1e-10) return z;
    if (at > 0) {
      low = z;
      atLow = at;
      atHigh /= 2;
    } else {
      high = z;
      atHigh = at;
      atLow /= 2;
    }
  }
  return (low + high) / 2;
}

/** Confidence of the interval at every look, such that all of them together err in 5% of experiments. */
export function lookConfidence(looks: readonly number[]): number {
  return 2 * normalCdf(pocockConstant(looks)) - 1;
}
