/** `alloc-lens soak`: two sides in turns for minutes to hours, their steadiness against budgets. */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { presetByName } from '../../engine/host/presets.ts';
import { parseSide, withVariants } from '../experiment/side-spec.ts';
import { defaultEpochSeconds, documentLimits } from '../experiment/soak.ts';
import { planBounds } from '../experiment/soak-head.ts';
import { beginSoak, continueSoak, type SoakRun, type SoakSurroundings } from '../experiment/soak-run.ts';
import type { ExperimentWork, PairHooks } from '../model-experiment.ts';
import { ledgerVersion } from '../model-ledger.ts';
import type { SoakLimits, SoakPlan, SoakSummary } from '../model-soak.ts';
import { UserError } from '../model.ts';
import { sideLabel } from '../profile/side-label.ts';
import { speed } from '../report/format.ts';
import { soakMarkdown } from '../report/markdown-soak.ts';
import { soakText, soakVerdict } from '../report/text-soak.ts';
import { writeWhole } from './files.ts';
import { pairWork } from './pair-work.ts';
import type { Services } from './services.ts';
import { parseChoice, quoted } from './values.ts';
import { optionName, type WorkFlags } from './work-options.ts';

/** As commander hands them over. */
export interface SoakFlags extends Pick<WorkFlags, 'trace' | 'flatten' | 'workingSet' | 'threads' | 'seed'> {
  readonly minutes?: string;
  readonly workload?: string;
  readonly baseline?: string;
  readonly treatment?: string;
  readonly epochSeconds?: string;
  readonly budget?: readonly string[];
  readonly out?: string;
  readonly resume?: string;
  readonly failOn?: string;
  readonly format: string;
}

const cancelled = 130;
const defaultMinutes = 10;
/** Phase 57's two modes: the speed-first preset, and the one that was made the default. */
const defaultBaseline = 'preset:MIXED_TINYV3_C7_SAFE';
const defaultTreatment = 'preset:MIXED_TINYV3_C7_BALANCED';

function parseFigure(option: string, text: string, [low, high]: readonly [number, number]): number {
  const value = /^\d{1,9}(\.\d{1,9})?(e-?\d{1,2})?$/i.test(text.trim()) ? Number(text) : Number.NaN;
  if (!(value >= low && value <= high)) {
    throw new UserError(
      `${option} ${quoted(text)}: expected a number from ${low} to ${high.toLocaleString('en-US')}`,
    );
  }
  return value;
}

const budgetNames = { drift: 'drift', calls: 'systemCalls', cv: 'cv' } as const;

function limitsOf(texts: readonly string[]): SoakLimits {
  const limits = { ...documentLimits };
  for (const text of texts) {
    const at = text.indexOf('=');
    if (at < 0) throw new UserError(`--budget ${quoted(text)}: write it as --budget NAME=VALUE`);
    const name = parseChoice('--budget', text.slice(0, at), ['drift', 'calls', 'cv'] as const);
    limits[budgetNames[name]] = parseFigure(`--budget ${name}`, text.slice(at + 1), [0, 1e6]);
  }
  return limits;
}

/** A relative trace would not be found again from another folder by `--resume`. */
function workOf({ trace, ...flags }: SoakFlags): ExperimentWork {
  const found = trace === undefined ? {} : { trace: path.resolve(trace) };
  return pairWork(flags.workload, { ...flags, ...found }, 'a soak');
}

/** The plan of a new soak. Throws `UserError` for what cannot be. */
export function soakPlan(flags: SoakFlags, now: Date, suffix: string): SoakPlan {
  const minutes = parseFigure('--minutes', flags.minutes ?? String(defaultMinutes), planBounds.minutes);
  const epochSeconds =
    flags.epochSeconds === undefined
      ? defaultEpochSeconds(minutes)
      : parseFigure('--epoch-seconds', flags.epochSeconds, planBounds.epochSeconds);
  if (epochSeconds * 2 > minutes * 60 + 1e-9) {
    throw new UserError(`--epoch-seconds ${epochSeconds}: two of them do not fit into ${minutes} minutes`);
  }
  const sides = withVariants(
    parseSide('--baseline', flags.baseline ?? defaultBaseline),
    parseSide('--treatment', flags.treatment ?? defaultTreatment),
    (name) => presetByName(name).variant,
  );
  const stamp = now
    .toISOString()
    .replace(/[-:]|\.\d+Z$/g, '')
    .replace('T', '-');
  return {
    id: `soak-${stamp}-${suffix}`,
    minutes,
    epochSeconds,
    work: workOf(flags),
    ...sides,
    limits: limitsOf(flags.budget ?? []),
    startedAt: now.toISOString(),
  };
}

const planOptions = [
  ...['minutes', 'workload', 'trace', 'flatten', 'workingSet', 'threads', 'seed'],
  ...['baseline', 'treatment', 'epochSeconds', 'budget', 'out'],
] as const satisfies readonly (keyof SoakFlags)[];

function requireNoPlan(flags: SoakFlags): void {
  const given = planOptions.find((name) => flags[name] !== undefined);
  if (given === undefined) return;
  throw new UserError(`--resume goes on with the soak's own plan: leave ${optionName(given)} out`);
}

async function run(services: Services, flags: SoakFlags): Promise<SoakRun> {
  const { output, signal } = services;
  let last = '';
  const around: SoakSurroundings = {
    runner: services.soakRunner,
    machine: services.machine,
    label: sideLabel,
    onEpoch: ({ epoch }) => {
      last = `, last ${speed(epoch.opsPerSecond)}`;
    },
  };
  const hooks: PairHooks = {
    onProgress: (message, fraction) => output.onProgress({ message: `soak: ${message}${last}`, fraction }),
    signal,
  };
  if (flags.resume !== undefined) {
    requireNoPlan(flags);
    return continueSoak(path.resolve(flags.resume), around, hooks);
  }
  const plan = soakPlan(flags, new Date(), randomBytes(2).toString('hex'));
  return beginSoak(plan, path.resolve(flags.out ?? path.join('.alloc-lens', 'soak')), around, hooks);
}

/** Only `--fail-on` makes a broken budget an exit status. One that could not be measured decides nothing: bad input. */
function statusOf(summary: SoakSummary): number {
  const budgets = summary.sides.flatMap((s) => s.budgets);
  if (budgets.some((b) => b.passed === false)) return 1;
  if (summary.passed) return 0;
  throw new UserError(
    `--fail-on budget cannot decide: ${soakVerdict(summary)}. Give it more minutes or shorter epochs.`,
  );
}

export async function runSoak(services: Services, flags: SoakFlags): Promise<number> {
  const format = parseChoice('--format', flags.format, ['text', 'json']);
  const failOn = flags.failOn === undefined ? null : parseChoice('--fail-on', flags.failOn, ['budget']);
  const { output } = services;
  const { summary, file, worked } = await run(services, flags);
  const document = file.replace(/\.csv$/, '.md');
  if (document !== file) writeWhole(document, soakMarkdown(summary, path.basename(file)));
  await output.print(format === 'json' ? JSON.stringify(summary) : soakText(summary, output.style));
  if (summary.cancelled === true) {
    output.say(`cancelled; what was done is kept: go on with alloc-lens soak --resume ${file}`);
    return cancelled;
  }
  output.say(`epochs: ${file}`);
  if (document !== file) output.say(`report: ${document}`);
  if (worked > 0) {
    await services.appendToLedger?.({
      ...{ v: ledgerVersion, kind: 'soak' },
      ...{ at: summary.finishedAt, soak: summary },
    });
  }
  return failOn === null ? 0 : statusOf(summary);
}
