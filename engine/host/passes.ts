/** The timed run and the checked one. Both run in a child process, each in one of its own. */
import { readFileSync } from 'node:fs';
import { UserError } from '../../extension/model.ts';
import { passCount } from '../../extension/profile/workloads.ts';
import { type EngineInstance, instantiate } from './instantiate.ts';
import { instrument } from './instrument.ts';
import type { CheckJob, CheckResult, PassesJob, PassesResult } from './protocol.ts';
import { readResident } from './resident.ts';
import { type CheckedPass, harnessBytes, prepare, runChecked, runLatency, runPass } from './workloads.ts';

export type Report = (message: string, fraction: number) => Promise<void>;

function load(job: CheckJob | PassesJob, instrumented: boolean): EngineInstance {
  const bytes = new Uint8Array(readFileSync(job.module));
  const module = new WebAssembly.Module(instrumented ? instrument(bytes, null).bytes : bytes);
  return instantiate(module, { env: job.env, harnessBytes: harnessBytes(job.parameters) });
}

/** Passes with their peak memory, then single operations for `latency`. */
export async function runPasses(job: PassesJob, report: Report): Promise<PassesResult> {
  const p = job.parameters;
  const engine = load(job, job.instrumented);
  prepare(engine, p);
  const residentBefore = readResident(engine.memory);
  const sizeBefore = engine.memory.buffer.byteLength;
  const steps = passCount + (job.latency ? 1 : 0);
  const passes: number[] = [];
  for (let i = 0; i < passCount; i++) {
    await report(`pass ${i + 1} of ${passCount}`, i / steps);
    passes.push(runPass(engine, p));
  }
  const residentAfter = readResident(engine.memory);
  const peakBytes =
    residentBefore !== null && residentAfter !== null
      ? residentAfter - residentBefore
      : engine.memory.buffer.byteLength - sizeBefore;
  if (job.latency) await report('latency', passCount / steps);
  const latency = job.latency && p.workload === 'random_mixed' ? runLatency(engine, p) : null;
  return { kind: 'passes', passes, peakBytes, latency };
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

function checked(engine: EngineInstance, job: CheckJob): CheckedPass {
  try {
    return runChecked(engine, job.parameters, job.verify);
  } catch (error) {
    if (!job.verify || !(error instanceof WebAssembly.RuntimeError)) throw error;
    throw new UserError(`--verify failed: the engine trapped (${error.message})`, 3);
  }
}

/** Throws `UserError` when `verify` finds a fault. */
export async function runCheck(job: CheckJob, report: Report): Promise<CheckResult> {
  await report(job.verify ? 'verifying' : 'hash and accounting', 0);
  const engine = load(job, false);
  const { hash, peakRequested, peakLive, wasteByClass, faults } = checked(engine, job);
  if (faults.contents + faults.alignment + faults.zero > 0) {
    const found = [
      ...(faults.contents > 0 ? [`${count(faults.contents, 'object')} with wrong contents`] : []),
      ...(faults.alignment > 0 ? [`${count(faults.alignment, 'block')} misaligned`] : []),
      ...(faults.zero > 0 ? [`${count(faults.zero, 'block')} not zeroed by calloc`] : []),
    ];
    throw new UserError(`--verify failed: ${found.join(', ')}`, 3);
  }
  return { kind: 'check', hash, liveBytes: peakLive, requestedBytes: peakRequested, wasteByClass };
}
