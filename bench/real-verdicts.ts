/** Real experiments on the built engine whose right answer is known. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { EnginePair } from '../engine/host/pair-target.ts';
import { readMachineState } from '../extension/profile/machine-state.ts';
import { calibrationKey, calibrationOf } from '../extension/experiment/calibration-history.ts';
import { engineLooks } from '../extension/experiment/looks.ts';
import { runExperiment } from '../extension/experiment/run-experiment.ts';
import { intervalText, percentText } from '../extension/experiment/verdict-reason.ts';
import type {
  Experiment,
  ExperimentPlan,
  MachineState,
  SideSpec,
  Verdict,
} from '../extension/model-experiment.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

const machineOf = async (engine: EnginePair, work: ExperimentPlan['work']): Promise<MachineState> =>
  readMachineState(await engine.conditions(work));

const fast: SideSpec = { target: 'engine', variant: 'fast', preset: null, flags: {}, env: {} };
const counted: SideSpec = { ...fast, flags: { HAKMEM_TINY_CLASS_STATS_COMPILED: '1' } };

function planOf(id: string, baseline: SideSpec, treatment: SideSpec, seed: number): ExperimentPlan {
  return {
    ...{ id, title: id, baseline, treatment },
    work: {
      ...{ workload: 'random_mixed', profile: 'mixed', trace: null, iterations: null, workingSet: null },
      ...{ min: null, max: null, seed, threads: null },
    },
    ...{ threshold: 0.5, rule: 'interval', looks: engineLooks, replay: null },
  };
}

function show(e: Experiment): void {
  const effect = e.effectPercent === null ? '' : `${percentText(e.effectPercent)} `;
  const interval = e.interval === null ? '' : `${intervalText(e.interval)} `;
  const floor = e.noiseFloorPercent === null ? '' : `noise floor ${e.noiseFloorPercent.toFixed(2)}%`;
  console.log(`${e.id.padEnd(24)}${e.verdict.padEnd(14)}${effect}${interval}n=${e.processes} ${floor}`);
  console.log(`    ${e.reason}`);
}

async function run(plan: ExperimentPlan, distDir: string, identicalToo: boolean): Promise<Experiment> {
  const engine = new EnginePair({ distDir });
  const machine = await machineOf(engine, plan.work);
  const experiment = await runExperiment(plan, engine, { machine, calibrations: [], identicalToo });
  show(experiment);
  return experiment;
}

/** A loop of atomic loads in the place of the counters that the flag compiles in, on every malloc that hits. */
function plantLoop(source: string): string {
  const head = 'export function tiny_class_stats_hit(bin: u32): void {';
  if (!source.includes(head)) throw new Error('the place to plant the busy loop is gone');
  return source.replace(head, `${head}\n  for (let i = 0; i < 8; i++) atomic.load<u32>(1024);`);
}

/** A copy of the checkout's engine with the loop planted; `use` gets its dist folder. */
async function withBusyLoop<T>(use: (distDir: string) => Promise<T>): Promise<T> {
  const copy = mkdtempSync(path.join(tmpdir(), 'alloc-lens-planted-'));
  try {
    for (const name of ['engine', 'dist']) {
      cpSync(path.join(root, name), path.join(copy, name), {
        recursive: true,
        filter: (from) => !from.includes('engine-cache'),
      });
    }
    symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
    const box = path.join(copy, 'engine/allocator/tiny_class_stats_box.ts');
    writeFileSync(box, plantLoop(readFileSync(box, 'utf8')));
    return await use(path.join(copy, 'dist'));
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Prints each experiment and whether its claim holds; false when one does not. */
export async function realVerdicts(experiments: number): Promise<boolean> {
  const claims: { readonly text: string; readonly holds: boolean }[] = [];
  const dist = path.join(root, 'dist');
  const aa: Experiment[] = [];
  for (let i = 0; i < experiments; i++)
    aa.push(await run(planOf(`A/A ${i + 1}`, fast, fast, i + 1), dist, true));
  const count = (verdict: Verdict): number => aa.filter((e) => e.verdict === verdict).length;
  const wrong = count('GO') + count('NO-GO');
  const values = aa.flatMap((e) => e.units.map((u) => u.logRatio));
  const first = aa[0];
  if (first !== undefined) {
    const { biasPercent, sigmaPercent } = calibrationOf(
      values,
      calibrationKey(planOf('', fast, fast, 1), first.machine),
      new Date(),
    );
    console.log(
      `all ${values.length} A/A units: σ ${sigmaPercent.toFixed(3)}%, bias ${percentText(biasPercent)}`,
    );
  }
  claims.push({
    text: `${aa.length} real A/A: ${wrong} false verdicts, ${count('NEUTRAL')} NEUTRAL`,
    holds: wrong === 0,
  });
  const loop = await withBusyLoop((planted) =>
    run(planOf('planted busy loop', fast, counted, 1), planted, false),
  );
  claims.push({ text: 'a planted busy loop is NO-GO', holds: loop.verdict === 'NO-GO' });
  const telemetry = await run(planOf('phase 24 compiled in', fast, counted, 1), dist, false);
  // What the counters cost on this machine decides between NO-GO and less; found and signed is what is claimed.
  const high = telemetry.interval?.[1] ?? 0;
  claims.push({ text: 'counters of Phase 24 compiled in are found and slower', holds: high < 0 });
  const removed = await run(planOf('phase 24 compiled out', counted, fast, 1), dist, false);
  const low = removed.interval?.[0] ?? 0;
  claims.push({ text: 'the sides exchanged, they are faster', holds: low > 0 });
  for (const { text, holds } of claims) console.log(`${holds ? 'pass' : 'FAIL'}  ${text}`);
  return claims.every((c) => c.holds);
}
