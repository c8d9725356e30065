/** Many simulated experiments with a known truth, each through `runExperiment`, and what their readers were told. */
import { engineLooks } from '../extension/experiment/looks.ts';
import { mean } from '../extension/profile/moments.ts';
import { runExperiment } from '../extension/experiment/run-experiment.ts';
import type { Verdict } from '../extension/model-experiment.ts';
import { quietMachine, SimulatedPair, type Simulation, simulatedPlan } from './simulated-pair.ts';

/** Counts over simulated experiments. */
export interface Tally {
  readonly simulations: number;
  readonly verdicts: Readonly<Record<Verdict, number>>;
  /** Experiments whose displayed interval, at the look where they stopped, holds the truth. */
  readonly covered: number;
  /** INCONCLUSIVE because the estimators disagreed. */
  readonly estimatorDependent: number;
  readonly layoutSensitive: number;
  readonly meanUnits: number;
  /** Median half width of the displayed interval, percent. */
  readonly halfWidth: number;
  /** Mean displayed effect less the truth, percent. */
  readonly bias: number;
  /** Mean ln ratio of the third and fourth batch, percent: what a switch costs where nothing cancels it. */
  readonly neighbours: number;
}

/** @param threshold percent */
export async function simulate(
  noise: Omit<Simulation, 'seed'>,
  threshold: number,
  simulations: number,
  seed: number,
): Promise<Tally> {
  const verdicts: Record<Verdict, number> = { GO: 0, NEUTRAL: 0, 'NO-GO': 0, 'NO-OP': 0, INCONCLUSIVE: 0 };
  const widths: number[] = [];
  const effects: number[] = [];
  const units: number[] = [];
  const neighbours: number[] = [];
  let [covered, estimatorDependent, layoutSensitive] = [0, 0, 0];
  for (let i = 0; i < simulations; i++) {
    const own = seed * 1_000_003 + i;
    const runner = new SimulatedPair({ ...noise, seed: own });
    const experiment = await runExperiment(simulatedPlan(threshold, engineLooks, own), runner, {
      machine: quietMachine,
      calibrations: [],
    });
    const { verdict, interval, effectPercent } = experiment;
    if (interval === null || effectPercent === null) throw new Error(`no interval: ${experiment.reason}`);
    verdicts[verdict]++;
    if (interval[0] <= noise.truth && noise.truth <= interval[1]) covered++;
    if (experiment.reason.startsWith('estimator-dependent')) estimatorDependent++;
    if (experiment.warnings.some((w) => w.startsWith('layout-sensitive'))) layoutSensitive++;
    widths.push((interval[1] - interval[0]) / 2);
    effects.push(effectPercent);
    units.push(experiment.units.length);
    neighbours.push(mean(runner.neighbours));
  }
  widths.sort((a, b) => a - b);
  return {
    ...{ simulations, verdicts, covered, estimatorDependent, layoutSensitive },
    meanUnits: mean(units),
    halfWidth: widths[widths.length >>> 1] ?? Number.NaN,
    bias: mean(effects) - noise.truth,
    neighbours: 100 * mean(neighbours),
  };
}

/** A claim about a tally, with what it is judged by. */
export interface Claim {
  readonly text: string;
  readonly holds: (tally: Tally) => boolean;
}

export interface Scenario {
  readonly name: string;
  readonly noise: Omit<Simulation, 'seed'>;
  readonly claims: readonly Claim[];
}

const share = (count: number, tally: Tally): number => count / tally.simulations;
const covers: Claim = { text: 'coverage >= 95%', holds: (t) => share(t.covered, t) >= 0.95 };
const at = (verdict: Verdict, least: number): Claim => ({
  text: `${verdict} >= ${100 * least}%`,
  holds: (t) => share(t.verdicts[verdict], t) >= least,
});
const never = (verdict: Verdict, most: number): Claim => ({
  text: `false ${verdict} <= ${100 * most}%`,
  holds: (t) => share(t.verdicts[verdict], t) <= most,
});
const falseBoth = [never('GO', 0.03), never('NO-GO', 0.03)];

/**
 * What `npm run bench:verdicts` claims, for this machine's noise.
 *
 * @param threshold percent
 */
export function scenarios(noise: Omit<Simulation, 'seed'>, threshold: number): Scenario[] {
  const truth = (value: number, over: Partial<Simulation> = {}): Omit<Simulation, 'seed'> => ({
    ...noise,
    truth: value,
    ...over,
  });
  const sigma = (n: Omit<Simulation, 'seed'>): string => `σ ${n.sigma.toFixed(2)}%`;
  const clean = { contaminated: 0 };
  const quiet = noise.sigma <= 0.3;
  return [
    { name: `truth +${threshold}%`, noise: truth(threshold), claims: [...falseBoth, covers] },
    { name: `truth -${threshold}%`, noise: truth(-threshold), claims: [...falseBoth, covers] },
    {
      name: 'A/A',
      noise: truth(0),
      claims: [...(quiet ? [at('NEUTRAL', 0.9)] : []), ...falseBoth, covers],
    },
    { name: 'truth +1%', noise: truth(1), claims: [at('GO', 0.9), covers] },
    { name: 'truth -1%', noise: truth(-1), claims: [at('NO-GO', 0.9), covers] },
    { name: 'truth +0.7%', noise: truth(0.7), claims: [never('NO-GO', 0.03), covers] },
    { name: 'truth +0.25%', noise: truth(0.25), claims: [...falseBoth, covers] },
    { name: `truth +${threshold}%, clean`, noise: truth(threshold, clean), claims: [...falseBoth, covers] },
    ...[0.6, 1, 1.4].map((s): Scenario => {
      const loud = truth(threshold, { sigma: s });
      return { name: `truth +${threshold}%, ${sigma(loud)}`, noise: loud, claims: [...falseBoth, covers] };
    }),
    {
      name: 'A/A, switch costs 4%',
      noise: truth(0, { switchPercent: 4 }),
      claims: [
        { text: '|bias| <= 0.05%', holds: (t) => Math.abs(t.bias) <= 0.05 },
        {
          text: 'planted: neighbours differ by 3.5 to 4.5%',
          holds: (t) => Math.abs(t.neighbours + 4) <= 0.5,
        },
        ...(quiet ? [at('NEUTRAL', 0.9)] : []),
        ...falseBoth,
        covers,
      ],
    },
    ...[0.5, 1].map((ratio): Scenario => {
      const placed = truth(threshold, { layoutSd: ratio * noise.sigma });
      return {
        name: `truth +${threshold}%, layouts differ by SD ${placed.layoutSd.toFixed(2)}%`,
        noise: placed,
        claims: [...falseBoth, covers],
      };
    }),
  ];
}
