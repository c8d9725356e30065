/** Phase 19: FastLane instruction reduction, candidates A to E. The document estimates them; it measures none. */
import {
  noThreshold,
  printed,
  type PrintedFigures,
  type Replay,
  templateThreshold,
  unstated,
} from './replay.ts';

/** Totals of `perf stat` (§10.1), 200 million operations. */
export const fastlaneCounters = {
  operations: 200_000_000,
  hakmem: {
    cycles: 19_296_118_430,
    instructions: 41_817_886_925,
    branches: 10_466_190_806,
    'branch-misses': 232_592_257,
    'cache-misses': 1_660_073,
    'L1-icache-load-misses': 134_601,
  },
  libc: {
    cycles: 10_937_550_228,
    instructions: 27_183_469_339,
    branches: 4_586_617_379,
    'branch-misses': 131_515_905,
    'cache-misses': 767_370,
    'L1-icache-load-misses': 64_102,
  },
  seconds: { hakmem: 4.913685503, libc: 2.835174452 },
  /** Operations per second, as printed. */
  speed: { hakmem: 44.88e6, libc: 77.62e6 },
} as const;

const shared = [
  '200M operations in 4.9137 s are 40.70M ops/s and in 2.8352 s 70.54M, where 44.88M and 77.62M are printed.',
  'The branch gap is called 2.3 times the instruction gap; 128.2 / 53.8 is 2.38, and 2.28 is the ratio of branches.',
  '+21% is called above the goal of +15 to +25%; it lies inside, and +30.3% of instructions misses the goal of +25%.',
  'The annotated blocks add up to 13% of samples (3 + 7 + 3), where 15 to 20% are printed.',
];

interface Step {
  readonly letter: 'A' | 'B' | 'C' | 'D' | 'E';
  readonly title: string;
  readonly baseline: string;
  readonly treatment: string;
  readonly baselineSide: string;
  readonly expected: string;
  readonly disagreements: readonly string[];
  readonly differs: readonly string[];
}

const layered = 'preset:LAYERED_BASELINE';
const alone =
  'Each candidate is measured alone on the layered baseline; the document plans them one on top of another.';

const steps: readonly Step[] = [
  {
    letter: 'A',
    title: 'Remove the FastLane wrapper layer',
    baseline: layered,
    treatment: `${layered},env:HAKMEM_FASTLANE_DIRECT=1`,
    baselineSide: 'old (with the layer)',
    expected: '+10 to +15%; -15 to -20 instructions/op, -5 to -7 branches/op',
    disagreements: ['"The top 3 functions are all wrappers" skips main, which is third with 22.02%.'],
    differs: [
      'Without the layer the front of this engine serves most classes from lists, asking no gate (front_fold.ts): the effect is that of both.',
    ],
  },
  {
    letter: 'B',
    title: 'Consolidate environment snapshot checks',
    baseline: layered,
    treatment: `${layered},env:HAKMEM_FASTLANE_ENV_CTX=1`,
    baselineSide: 'old (scattered gates)',
    expected: '+5 to +8%; -8 to -12 instructions/op, -3 to -5 branches/op',
    disagreements: [
      'Steps 19-2 to 19-4 together are printed as +6 to +11%; their own ranges add up to +10 to +16%.',
    ],
    differs: [alone],
  },
  {
    letter: 'C',
    title: 'Remove statistics from the hot path',
    baseline: `${layered},HAKMEM_FRONT_STATS_COMPILED=1`,
    treatment: layered,
    baselineSide: 'compiled-in',
    expected: '+3 to +5%; -4 to -6 instructions/op, -2 to -3 branches/op',
    disagreements: [
      'The sample code is for builds that are no release, the plan is for release builds.',
      'Step 19-3 (C and D) is printed as +3 to +5%; C and D add up to +5 to +8%.',
    ],
    differs: [alone, 'Compiled out; the 1-in-4096 form is HAKMEM_FRONT_STATS_SAMPLED=1.'],
  },
  {
    letter: 'D',
    title: 'Drop the duplicate header validation',
    baseline: layered,
    treatment: `${layered},env:HAKMEM_FREE_TINY_TRUSTED=1`,
    baselineSide: 'old (validated twice)',
    expected: '+2 to +3%; -3 to -5 instructions/op, -1 to -2 branches/op',
    disagreements: ['Step 19-3 (C and D) is printed as +3 to +5%; C and D add up to +5 to +8%.'],
    differs: [alone],
  },
  {
    letter: 'E',
    title: 'Static route fast path',
    baseline: layered,
    treatment: `${layered},env:HAKMEM_TINY_ROUTE_FASTMAP=1`,
    baselineSide: 'old (route table)',
    expected: '+2 to +3%; -3 to -4 instructions/op, -1 to -2 branches/op',
    disagreements: [],
    differs: [alone],
  },
];

function figures(step: Step): PrintedFigures {
  return {
    document: `Phase 19, FastLane instruction reduction, candidate ${step.letter}`,
    baseline: printed('hakmem, all layers', { mean: fastlaneCounters.speed.hakmem }),
    treatment: printed(step.title),
    ...{ meanDeltaPercent: null, medianDeltaPercent: null, verdict: null, threshold: null },
    expected: step.expected,
    disagreements: [...step.disagreements, ...shared],
  };
}

export const fastlaneReplays: readonly Replay[] = steps.map((step) => ({
  name: `phase-19${step.letter.toLowerCase()}`,
  title: `Phase 19${step.letter}: ${step.title}`,
  kind: 'pair',
  baseline: step.baseline,
  treatment: step.treatment,
  baselineSide: step.baselineSide,
  work: { ...unstated, iterations: fastlaneCounters.operations },
  ...{ runs: 10, runsPrinted: false, threshold: templateThreshold },
  figures: figures(step),
  differs: [
    noThreshold,
    'The document estimates; it prints no measurement of this step.',
    'Timed in batches: the 200M operations of the document are one run of perf stat.',
    ...step.differs,
  ],
}));
