/** A program of the user's own that is a benchmark: run in fresh processes, its throughput read from what it prints. */
import path from 'node:path';
import type { ThroughputRule } from '../model-profile.ts';
import { type BenchRequest, type BenchResult, type RunHooks, UserError } from '../model.ts';
import { placedCommand } from '../profile/placement.ts';
import { median } from '../profile/percentiles.ts';
import { summarizeRuns } from '../profile/run-statistics.ts';
import type { ExactCommand } from './build.ts';
import { oneLine, runProcess } from './process.ts';
import { readThroughput } from './throughput.ts';

export interface OwnProgram extends ExactCommand {
  /** The target's. */
  readonly name: string;
  readonly throughput: ThroughputRule;
}

/** What our workloads can be told and a program of somebody's own cannot. */
const ours = [
  ['iterations', '--iterations'],
  ['workingSet', '--working-set'],
  ['min', '--min'],
  ['max', '--max'],
  ['threads', '--threads'],
] as const;

/** Throws `UserError` for whatever the request asks of a workload of ours. */
export function requireOwnWork(request: BenchRequest, name: string): void {
  const option =
    // One thread is what whoever does not care asks for.
    ours.find(([key]) => request[key] !== null && !(key === 'threads' && request.threads === 1))?.[1] ??
    (request.workload === 'trace' ? '--trace' : undefined) ??
    (request.latency ? '--latency' : undefined) ??
    (request.verify ? '--verify' : undefined);
  if (option === undefined) return;
  throw new UserError(`${name} is a program of its own with its own work: leave ${option} out`);
}

/** The last line that says something, short. */
function lastWords(text: string): string {
  return text.trimEnd().split('\n').at(-1)?.trim().slice(0, 300) ?? '';
}

/** Operations per second of each place where the rule matches, and the seconds that the process took. */
async function once(
  program: OwnProgram,
  request: BenchRequest,
  signal: AbortSignal | undefined,
): Promise<{ readonly speeds: readonly number[]; readonly seconds: number }> {
  const { name } = program;
  const [command = '', ...args] = program.command;
  const env = { ...process.env, ...program.env, ...request.env };
  const placed = placedCommand(command, args, env, {}, request.placement);
  const from = performance.now();
  const outcome = await runProcess(placed.command, placed.args, {
    env: placed.env,
    cwd: program.cwd,
    signal,
    group: true,
  });
  const seconds = (performance.now() - from) / 1000;
  if (outcome.startError !== null) {
    throw new UserError(
      `${name}: \`${oneLine(command)}\` cannot be started in ${oneLine(program.cwd)} (${outcome.startError})`,
      3,
    );
  }
  const words = lastWords(outcome.stderr);
  const end = outcome.signal === null ? `exit status ${outcome.status}` : outcome.signal;
  if (outcome.status !== 0) {
    throw new UserError(
      `${name}: \`${oneLine(command)}\` ended with ${end}${words === '' ? '' : `: ${words}`}`,
      3,
    );
  }
  // Some print their figures on stderr.
  return {
    speeds: readThroughput(`${outcome.stdout}\n${outcome.stderr}`, program.throughput, name),
    seconds,
  };
}

/**
 * Runs the program `request.runs` times. Each place where the rule matches is a pass. Operations of a run are the rule's,
 * or what its speed comes to in the time that the process took. Nothing is hashed or verified.
 */
export async function runOwnProgram(
  program: OwnProgram,
  request: BenchRequest,
  hooks: RunHooks,
): Promise<BenchResult> {
  if (!Number.isInteger(request.runs) || request.runs < 1 || request.runs > 1000) {
    throw new UserError(`--runs has to be a whole number from 1 to 1000, not ${request.runs}`);
  }
  const runs: { readonly speeds: readonly number[]; readonly seconds: number }[] = [];
  for (let i = 0; i < request.runs; i++) {
    hooks.onProgress?.({
      message: `${program.name}: run ${i + 1} of ${request.runs}`,
      fraction: i / request.runs,
    });
    runs.push(await once(program, request, hooks.signal));
  }
  hooks.onProgress?.({ message: 'done', fraction: 1 });
  const [first] = runs;
  const operations =
    program.throughput.operations ??
    Math.max(
      1,
      Math.round((median(first?.speeds ?? []) * (first?.seconds ?? 0)) / (first?.speeds.length ?? 1)),
    );
  return {
    schemaVersion: 1,
    workload: `program ${path.basename(program.command[0] ?? '')}`,
    target: program.name,
    variant: 'native',
    threads: 1,
    iterations: operations,
    ...summarizeRuns(
      runs.map(({ speeds }) => ({ passes: speeds, median: median(speeds), first: speeds[0] ?? 0 })),
    ),
    hash: [],
    moduleSha256: null,
    counters: null,
    latency: null,
    memory: { peakBytes: null, liveBytes: null, requestedBytes: null, wasteByClass: null },
    profile: null,
  };
}
