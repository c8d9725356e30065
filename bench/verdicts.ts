/**
 * Are the laboratory's verdicts right? Simulated experiments with a known truth, through the code that runs real ones.
 *   npm run bench:verdicts [-- --sigma PCT | --history FILE] [--simulations N] [--seed S] [--threshold PCT] [--only PATTERN]
 *                          [--real [--experiments N]]
 * --history takes σ from the newest A/A calibration kept there. --real runs experiments on the built engine instead: A/A,
 * a planted busy loop, the counters of Phase 24. Exits 1 when a claim does not hold.
 */
import { parseArgs } from 'node:util';
import { readCalibrations } from '../extension/experiment/calibration-history.ts';
import { machineLines } from './machine.ts';
import { realVerdicts } from './real-verdicts.ts';
import { measuredNoise } from './simulated-pair.ts';
import { scenarios, simulate } from './verdict-simulations.ts';

const { values } = parseArgs({
  options: {
    sigma: { type: 'string' },
    history: { type: 'string' },
    simulations: { type: 'string' },
    seed: { type: 'string' },
    threshold: { type: 'string' },
    only: { type: 'string' },
    real: { type: 'boolean' },
    experiments: { type: 'string' },
  },
});

function positive(text: string | undefined, fallback: number, name: string, whole = false): number {
  const n = text === undefined ? fallback : Number(text);
  if (!(n > 0 && Number.isFinite(n)) || (whole && !Number.isInteger(n))) {
    throw new Error(`--${name} takes a ${whole ? 'whole ' : ''}number above 0, not ${text}`);
  }
  return n;
}

async function measuredSigma(): Promise<{ readonly sigma: number; readonly source: string }> {
  if (values.history === undefined) {
    const sigma = positive(values.sigma, measuredNoise.sigma, 'sigma');
    return { sigma, source: values.sigma === undefined ? 'as first measured (ANCHORS 6)' : 'as given' };
  }
  const newest = (await readCalibrations(values.history)).calibrations.at(-1);
  if (newest === undefined) throw new Error(`no calibration in ${values.history}`);
  return { sigma: newest.sigmaPercent, source: `A/A of ${newest.at}, ${newest.workload}` };
}

const columns = ['GO', 'NEUTRAL', 'NO-GO', 'INCONCLUSIVE'] as const;

/** Whether every claim held. */
async function simulated(): Promise<boolean> {
  const { sigma, source } = await measuredSigma();
  const threshold = positive(values.threshold, 0.5, 'threshold');
  const simulations = positive(values.simulations, 2000, 'simulations', true);
  const seed = positive(values.seed, 1, 'seed', true);
  const only = new RegExp(values.only ?? '');
  console.log(
    `σ ${sigma.toFixed(3)}% (${source}), ${100 * measuredNoise.contaminated}% of processes with SD ${measuredNoise.contaminatedSd}%`,
  );
  console.log(`threshold ±${threshold}%, ${simulations} simulations a row, seed ${seed}\n`);
  console.log(
    `${'scenario'.padEnd(44)}${columns.map((c) => c.padStart(13)).join('')}${'coverage'.padStart(10)}${'units'.padStart(7)}${'±'.padStart(7)}${'est.'.padStart(6)}${'lay.'.padStart(6)}`,
  );
  let sound = true;
  for (const { name, noise, claims } of scenarios({ ...measuredNoise, sigma }, threshold)) {
    if (!only.test(name)) continue;
    const t = await simulate(noise, threshold, simulations, seed);
    const counts = columns.map((c) => String(t.verdicts[c]).padStart(13)).join('');
    const coverage = `${((100 * t.covered) / simulations).toFixed(2)}%`.padStart(10);
    console.log(
      `${name.padEnd(44)}${counts}${coverage}${t.meanUnits.toFixed(1).padStart(7)}${t.halfWidth.toFixed(2).padStart(7)}${String(t.estimatorDependent).padStart(6)}${String(t.layoutSensitive).padStart(6)}`,
    );
    for (const claim of claims) {
      const holds = claim.holds(t);
      sound &&= holds;
      console.log(`    ${holds ? 'pass' : 'FAIL'}  ${claim.text}`);
    }
  }
  return sound;
}

for (const line of machineLines()) console.log(line);
const sound = values.real
  ? await realVerdicts(positive(values.experiments, 20, 'experiments', true))
  : await simulated();
process.exitCode = sound ? 0 : 1;
