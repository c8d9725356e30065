/** The timed run and the checked one. Both run in a child process, each in one of its own. */
import { readFileSync } from 'node:fs';
import { UserError } from '../../extension/model.ts';
import { defaultPasses } from '../../extension/profile/workloads.ts';
import { instantiate } from './instantiate.ts';
import { instrument } from './instrument.ts';
import type { CheckJob, CheckResult, PassesJob, PassesResult } from './protocol.ts';
import { PassCosts } from './pass-costs.ts';
import { PeakMemory } from './resident.ts';
import { checkThreads, ThreadHang, timeThreads } from './threaded-run.ts';
import { ThreadTrap } from './thread-team.ts';
import { countersWant, loadWork, type SoloWork, soloOf } from './work.ts';
import type { CheckedPass, Latency } from './workloads.ts';

export type Report = (message: string, fraction: number) => Promise<void>;

function compile(job: CheckJob | PassesJob, instrumented: boolean): WebAssembly.Module {
  const bytes = new Uint8Array(readFileSync(job.module));
  return new WebAssembly.Module(instrumented ? instrument(bytes, null).bytes : bytes);
}

async function timeSolo(
  job: PassesJob,
  work: SoloWork,
  count: number,
  report: Report,
): Promise<PassesResult> {
  const module = compile(job, job.instrumented);
  const engine = instantiate(module, { env: job.env, harnessBytes: work.harnessBytes });
  work.prepare(engine);
  const peak = new PeakMemory(engine.memory);
  const costs = new PassCosts(engine);
  const steps = count + (job.latency ? 1 : 0);
  const passes: number[] = [];
  for (let i = 0; i < count; i++) {
    await report(`pass ${i + 1} of ${count}`, i / steps);
    passes.push(work.pass(engine));
    costs.look();
  }
  const peakBytes = peak.bytes();
  let latency: Latency | null = null;
  if (job.latency && work.latency !== null) {
    await report('latency', count / steps);
    latency = work.latency(engine);
  }
  return {
    ...{ kind: 'passes', passes, operations: work.operations, threads: 1, peakBytes, latency },
    ...costs.sums(),
  };
}

/** Passes with their peak memory, then single operations for `latency`. `entry` is the threads' entry file. */
export async function runPasses(job: PassesJob, entry: string, report: Report): Promise<PassesResult> {
  await report('loading', 0);
  const { main } = await loadWork(job.parameters);
  // Where only the threads can count the operations, the number of passes does not depend on them.
  const count = job.passes ?? defaultPasses(job.parameters.workload, main.operations ?? 1);
  if (main.kind === 'solo') return timeSolo(job, main, count, report);
  if (job.instrumented) soloOf(main, countersWant);
  const module = compile(job, false);
  const engine = instantiate(module, { env: job.env, harnessBytes: main.harnessBytes(false) });
  return timeThreads(engine, module, main, entry, count, report);
}

function plural(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

/** Throws `UserError` when anything was found. */
function requireSound({ faults }: CheckedPass): void {
  const { contents, alignment, zero } = faults;
  if (contents + alignment + zero === 0) return;
  const found = [
    ...(contents > 0 ? [`${plural(contents, 'object')} with wrong contents`] : []),
    ...(alignment > 0 ? [`${plural(alignment, 'block')} misaligned`] : []),
    ...(zero > 0 ? [`${plural(zero, 'block')} not zeroed by calloc`] : []),
  ];
  throw new UserError(`--verify failed: ${found.join(', ')}`, 3);
}

/** A trap or a hang in a verifying pass is what it was looking for. */
async function verifying<T>(verify: boolean, pass: () => T | Promise<T>): Promise<T> {
  try {
    return await pass();
  } catch (error) {
    if (!verify) throw error;
    if (error instanceof ThreadTrap || error instanceof ThreadHang)
      throw new UserError(`--verify failed: ${error.message}`, 3);
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    throw new UserError(`--verify failed: the engine trapped (${error.message})`, 3);
  }
}

/** Throws `UserError` when `verify` finds a fault. `entry` is the threads' entry file. */
export async function runCheck(job: CheckJob, entry: string, report: Report): Promise<CheckResult> {
  const what = job.verify ? 'verifying' : 'hash and accounting';
  await report(what, 0);
  const { main, accounting } = await loadWork(job.parameters);
  // How many threads a trace has is known from here on: what cannot be is said before anything runs.
  if (job.oneThread !== null) soloOf(main, job.oneThread);
  const module = compile(job, false);
  const checks: CheckedPass[] = [];
  const solo = main.kind === 'solo' ? main : accounting;
  if (solo !== null && solo.check !== null) {
    const { check } = solo;
    const engine = instantiate(module, { env: job.env, harnessBytes: solo.checkBytes });
    checks.push(await verifying(job.verify, () => check(engine, job.verify)));
  }
  // With an account of its own a trace needs its threads only to be verified.
  if (main.kind === 'threaded' && (accounting === null || job.verify)) {
    await report(`${what}, ${plural(main.threads, 'thread')}`, 0.5);
    const engine = instantiate(module, { env: job.env, harnessBytes: main.harnessBytes(true) });
    checks.push(await verifying(job.verify, () => checkThreads(engine, module, main, entry, job.verify)));
  }
  for (const check of checks) requireSound(check);
  const [first, second] = checks;
  if (first === undefined) throw new Error(`${job.parameters.workload} has nothing to check`);
  if (second !== undefined && String(second.hashes) !== String(first.hashes)) {
    throw new UserError('--verify failed: the threads did other operations than the trace holds', 3);
  }
  const { hashes, peakRequested, peakLive, wasteByClass } = first;
  return { kind: 'check', hashes, liveBytes: peakLive, requestedBytes: peakRequested, wasteByClass };
}
