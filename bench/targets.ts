/** The targets that the engine is held to, each with its value, the arms behind it, and whether it is met. */
import type { Work } from './arms/arm.ts';
import {
  bestOf,
  type Figure,
  figureOf,
  firstPass,
  geometricMean,
  medianPass,
  netOf,
  type Pick,
  peakOf,
  ratioOf,
  tail,
} from './figures.ts';
import type { Table } from './measure.ts';

export interface TargetLine {
  readonly what: string;
  /** The ratio's two sides. */
  readonly arms: string;
  /** Null when it was not measured. */
  readonly value: Figure | null;
  readonly wanted: { readonly atLeast: number } | { readonly atMost: number };
  readonly met: boolean | null;
}

/** Tables of the passes, of the one-pass runs for memory, and of the runs with a clock around each operation. */
export interface Measured {
  readonly speed: Table;
  readonly memory: Table;
  readonly latency: Table;
  readonly works: readonly Work[];
  /** Labels of the arms that ran. */
  readonly arms: readonly string[];
}

const fast = 'engine fast';
const calls = 'engine fast-calls';
const standard = 'engine standard';
const mimalloc = 'mimalloc (preload)';
const jemalloc = 'jemalloc (preload)';
const tlsf = 'AssemblyScript TLSF';

function line(what: string, arms: string, value: Figure | null, wanted: TargetLine['wanted']): TargetLine {
  if (value === null) return { what, arms, value, wanted, met: null };
  const met = 'atLeast' in wanted ? value.value >= wanted.atLeast : value.value <= wanted.atMost;
  return { what, arms, value, wanted, met };
}

/** One ratio on one work. */
function against(
  table: Table,
  work: string,
  over: string,
  under: string | null,
  wanted: TargetLine['wanted'],
  options: { pick?: Pick; note?: string } = {},
): TargetLine {
  const what = `${work}${options.note === undefined ? '' : `, ${options.note}`}`;
  const value =
    under === null
      ? null
      : ratioOf(table, { work, arm: over }, { work, arm: under }, options.pick ?? medianPass);
  return line(what, `${over} / ${under ?? 'best native'}`, value, wanted);
}

const floorProfiles = ['mixed', 'tiny', 'c6heavy', 'c7heavy'];

function loopLines({ speed, arms }: Measured): TargetLine[] {
  const mimallocs = arms.filter((a) => a.startsWith('mimalloc'));
  const byPreload = preloads(arms);
  const cheap = floorProfiles.flatMap((profile) => {
    const work = `random_mixed:${profile}`;
    const nets = mimallocs.flatMap((arm) => {
      const net = netOf(speed, profile, arm);
      return net === null ? [] : [{ arm, net }];
    });
    const least = nets.reduce<(typeof nets)[number] | null>(
      (a, b) => (a === null || b.net.value < a.net.value ? b : a),
      null,
    );
    const own = netOf(speed, profile, fast);
    const ratio =
      own === null || least === null
        ? null
        : {
            value: own.value / least.net.value,
            low: own.low / least.net.high,
            high: own.high / least.net.low,
            disturbed: own.disturbed || least.net.disturbed,
          };
    const floor = ratioOf(speed, { work, arm: fast }, { work: `floor:${profile}`, arm: fast }, medianPass);
    return [
      line(`${work}, net time`, `${fast} / ${least?.arm ?? 'fastest mimalloc'}`, ratio, { atMost: 0.5 }),
      line(`${work} against its own floor`, fast, floor, { atLeast: 0.93 }),
      against(speed, work, calls, mimalloc, { atLeast: 0.9 }),
    ];
  });
  const big = ['mid', 'large'].map((profile) => {
    const work = `random_mixed:${profile}`;
    return against(speed, work, calls, bestOf(speed, work, byPreload, medianPass), { atLeast: 1 });
  });
  return [...cheap, ...big];
}

/** glibc, which needs none, and the preloaded ones. */
function preloads(arms: readonly string[]): string[] {
  return arms.filter((a) => a === 'glibc' || a.endsWith('(preload)'));
}

function traceLines({ speed, works, arms }: Measured): TargetLine[] {
  const traces = works
    .filter((w) => (w.kind === 'trace' || w.kind === 'flat') && !w.short)
    .map((w) => w.name);
  const warm = traces.map((work) =>
    against(speed, work, calls, bestOf(speed, work, preloads(arms), medianPass), { atLeast: 1 }),
  );
  const ratios = traces.flatMap((work) => {
    const r = ratioOf(speed, { work, arm: calls }, { work, arm: mimalloc }, medianPass);
    return r === null ? [] : [r];
  });
  const mean: Figure | null =
    ratios.length === 0
      ? null
      : {
          value: geometricMean(ratios.map((r) => r.value)),
          low: geometricMean(ratios.map((r) => r.low)),
          high: geometricMean(ratios.map((r) => r.high)),
          disturbed: ratios.some((r) => r.disturbed),
        };
  return [
    ...warm,
    line('one-thread traces, geometric mean', `${calls} / ${mimalloc}`, mean, { atLeast: 1.2 }),
    ...traces.map((work) =>
      against(speed, work, calls, mimalloc, { atLeast: 1 }, { pick: firstPass, note: 'first pass' }),
    ),
  ];
}

function parallelLines({ speed, works }: Measured): TargetLine[] {
  const threaded = works.filter((w) => w.kind === 'threaded' && !w.short).map((w) => w.name);
  const growth = ratioOf(
    speed,
    { work: 'mstress T=2', arm: calls },
    { work: 'mstress T=1', arm: calls },
    medianPass,
  );
  return [
    against(speed, 'larson T=2', calls, jemalloc, { atLeast: 1 }),
    against(speed, 'mstress T=2', calls, mimalloc, { atLeast: 1 }),
    against(speed, 'pc T=2', calls, mimalloc, { atLeast: 1.2 }),
    ...threaded.map((work) => against(speed, work, calls, mimalloc, { atLeast: 1 })),
    line('mstress, from 1 to 2 threads', calls, growth, { atLeast: 1.8 }),
  ];
}

function otherLines({ speed, memory, latency, works }: Measured): TargetLine[] {
  const timed = works.filter((w) => w.kind !== 'floor' && !w.short);
  const single = timed.filter((w) => w.kind === 'micro' || w.kind === 'trace' || w.kind === 'flat');
  const traces = works.filter((w) => w.trace !== null);
  return [
    ...timed.map((w) => against(speed, w.name, standard, calls, { atLeast: 0.75 })),
    ...traces.map((w) =>
      against(memory, w.name, calls, mimalloc, { atMost: 1 }, { pick: peakOf, note: 'peak memory' }),
    ),
    ...single.map((w) =>
      against(speed, w.name, fast, tlsf, { atLeast: w.profile === 'tiny' && w.kind === 'micro' ? 2.5 : 3 }),
    ),
    ...single
      .filter((w) => w.kind === 'micro')
      .map((w) => {
        const both = [calls, mimalloc].map((arm) => figureOf(latency, w.name, arm, tail));
        const [own, other] = both;
        // A p99.9 below the clock's step is 0 on both sides: that is no ratio.
        const value =
          own == null || other == null
            ? null
            : {
                ...own,
                value: own.value / Math.max(1, other.value),
                low: own.low / Math.max(1, other.high),
                high: own.high / Math.max(1, other.low),
              };
        return line(`${w.name}, p99.9 of single operations`, `${calls} / ${mimalloc}`, value, { atMost: 1 });
      }),
  ];
}

/** Every target line, in the order of the engine's requirements. */
export function targetLines(measured: Measured): TargetLine[] {
  return [
    ...loopLines(measured),
    ...traceLines(measured),
    ...parallelLines(measured),
    ...otherLines(measured),
  ];
}
