/** Runs a soak: the two sides take turns, an epoch each, and every epoch is on disk before the next one begins. */
import { setImmediate as turn } from 'node:timers/promises';
import type { MachineState, PairHooks, SideSpec } from '../model-experiment.ts';
import type { SideName, SoakPlan, SoakRow, SoakRunner, SoakSession, SoakSummary } from '../model-soak.ts';
import { UserError } from '../model.ts';
import { analyzeSoak, plannedEpochs, sideNames } from './soak.ts';
import type { SoakHead } from './soak-csv.ts';
import { readSoakFile, soakAlone, soakFileIn, SoakJournal } from './soak-journal.ts';

/** What a soak needs of its surroundings. */
export interface SoakSurroundings {
  readonly runner: SoakRunner;
  readonly machine: () => MachineState;
  /** How a side is shown. */
  readonly label: (spec: SideSpec) => string;
  /** Seconds, from any beginning. Default: of this process. */
  readonly clock?: () => number;
  readonly onEpoch?: (row: SoakRow) => void;
}

export interface SoakRun {
  readonly summary: SoakSummary;
  /** Path of the CSV. */
  readonly file: string;
  /** Epochs that were run now; none when a file was given that is done. */
  readonly worked: number;
}

interface Progress {
  readonly plan: SoakPlan;
  readonly session: SoakSession;
  readonly journal: SoakJournal;
  readonly rows: SoakRow[];
  /** Number of this run's processes. */
  readonly number: number;
}

/** Seconds of work behind the last epoch. */
function elapsed(rows: readonly SoakRow[]): number {
  const last = rows.at(-1)?.epoch;
  return last === undefined ? 0 : last.at + last.operations / Math.max(1, last.opsPerSecond);
}

/** True when it was cancelled. */
async function work(progress: Progress, around: SoakSurroundings, hooks: PairHooks): Promise<boolean> {
  const { plan, session, journal, rows, number } = progress;
  const clock = around.clock ?? (() => performance.now() / 1000);
  const began = clock() - elapsed(rows);
  const rounds = plannedEpochs(plan);
  try {
    while (rows.length < 2 * rounds) {
      const index = rows.length >>> 1;
      const at = clock() - began;
      // Epochs can take longer than planned: time decides too, but never between the two of a pair.
      if (rows.length % 2 === 0 && index > 0 && at >= plan.minutes * 60) break;
      const side: SideName = rows.length % 2 === 0 ? 'baseline' : 'treatment';
      hooks.onProgress?.(`epoch ${index + 1} of ${rounds}, ${side}`, rows.length / (2 * rounds));
      const measured = await session.epoch(side, index, plan.epochSeconds);
      const row: SoakRow = { side, epoch: { ...measured, index, at, session: number } };
      journal.append(row);
      rows.push(row);
      around.onEpoch?.(row);
    }
    return false;
  } catch (error) {
    // Ctrl-C goes to the sides' processes too: their end may be heard of before the cancel.
    await turn();
    if (hooks.signal?.aborted) return true;
    if (!(error instanceof UserError) || rows.length === 0) throw error;
    throw new UserError(
      `${error.message}; what was done is kept: go on with alloc-lens soak --resume ${journal.file}`,
      error.exitCode,
    );
  }
}

function labelsOf(plan: SoakPlan, { label }: SoakSurroundings): Readonly<Record<SideName, string>> {
  return { baseline: label(plan.baseline), treatment: label(plan.treatment) };
}

function requireSame(file: string, was: SoakHead, is: Omit<SoakHead, 'plan'>): void {
  const other = (what: string): never => {
    throw new UserError(`${file}: ${what} is another one since that soak began: begin a new soak`);
  };
  for (const name of sideNames) {
    if (was.processes[name].sha256 !== is.processes[name].sha256) other('the engine');
  }
  if (was.machine.cpu !== is.machine.cpu || was.machine.cores !== is.machine.cores) other('the machine');
  if (was.machine.runtime !== is.machine.runtime) other('the runtime');
}

async function run(
  begin: { readonly plan: SoakPlan; readonly rows: readonly SoakRow[] },
  open: (found: Omit<SoakHead, 'plan'>) => SoakJournal,
  around: SoakSurroundings,
  hooks: PairHooks,
): Promise<SoakRun> {
  const { plan } = begin;
  const rows = [...begin.rows];
  // Before anything of ours works: its load is that of others.
  const before = around.machine();
  const session = await around.runner.start(plan, hooks);
  const { baseline, treatment, flags } = session;
  const machine = { ...before, flags };
  const processes = { baseline, treatment };
  let journal: SoakJournal | null = null;
  try {
    journal = open({ processes, machine });
    const number = (rows.at(-1)?.epoch.session ?? 0) + 1;
    const cancelled = await work({ plan, session, journal, rows, number }, around, hooks);
    const finishedAt = new Date().toISOString();
    const labels = labelsOf(plan, around);
    const summary = analyzeSoak({ plan, processes, labels, rows, machine, finishedAt, cancelled });
    return { summary, file: journal.file, worked: rows.length - begin.rows.length };
  } finally {
    session.end();
    journal?.close();
  }
}

/**
 * A new soak, kept as `ID.csv` in the folder. A cancelled one resolves with what was done. Rejects with `UserError`
 * when it cannot be done, and says how to go on when some of it was.
 */
export async function beginSoak(
  plan: SoakPlan,
  folder: string,
  around: SoakSurroundings,
  hooks: PairHooks,
): Promise<SoakRun> {
  const file = soakFileIn(folder, plan.id);
  const open = (found: Omit<SoakHead, 'plan'>): SoakJournal => SoakJournal.create(file, { plan, ...found });
  return soakAlone(file, () => run({ plan, rows: [] }, open, around, hooks));
}

type Kept = ReturnType<typeof readSoakFile>;

/** What was said of a soak at its end; null when it is not done. */
function finished(file: string, kept: Kept, around: SoakSurroundings): SoakRun | null {
  const { plan, rows } = kept;
  const done =
    rows.length >= 2 * plannedEpochs(plan) || (rows.length % 2 === 0 && elapsed(rows) >= plan.minutes * 60);
  if (!done) return null;
  const finishedAt = kept.writtenAt.toISOString();
  const labels = labelsOf(plan, around);
  const summary = analyzeSoak({ ...kept, labels, finishedAt, cancelled: false });
  return { summary, file, worked: 0 };
}

/**
 * Goes on with the soak of a file for the rest of its time; one that is done is only read. Rejects with `UserError` when
 * it is running in another process.
 */
export async function continueSoak(
  file: string,
  around: SoakSurroundings,
  hooks: PairHooks,
): Promise<SoakRun> {
  const before = finished(file, readSoakFile(file), around);
  if (before !== null) return before;
  return soakAlone(file, () => {
    // Whoever had the lock before may have done more of it.
    const kept = readSoakFile(file);
    const open = (found: Omit<SoakHead, 'plan'>): SoakJournal => {
      requireSame(file, kept, found);
      return SoakJournal.open(file);
    };
    const since = finished(file, kept, around);
    return since === null ? run(kept, open, around, hooks) : Promise.resolve(since);
  });
}
