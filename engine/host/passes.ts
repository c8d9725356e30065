/** The timed run: passes, then everything that would disturb them. Runs in the child process. */
import { readFileSync } from 'node:fs';
import { UserError } from '../../extension/model.ts';
import { instantiate } from './instantiate.ts';
import { instrument } from './instrument.ts';
import type { PassesJob, PassesResult } from './protocol.ts';
import { readResident } from './resident.ts';
import { harnessBytes, passCount, prepare, runChecked, runLatency, runPass } from './workloads.ts';

export type Report = (message: string, fraction: number) => Promise<void>;

function describeFaults(faults: { contents: number; alignment: number; zero: number }): string {
  return `${faults.contents} objects with wrong contents, ${faults.alignment} misaligned, ${faults.zero} not zeroed by calloc`;
}

/** Passes, then (with `checks`) the hash pass, then latency. Throws `UserError` when `verify` finds a fault. */
export async function runPasses(
  job: PassesJob,
  optimisingTier: boolean,
  report: Report,
): Promise<PassesResult> {
  const p = job.parameters;
  const bytes = new Uint8Array(readFileSync(job.module));
  const module = new WebAssembly.Module(job.instrumented ? instrument(bytes, null).bytes : bytes);
  const engine = instantiate(module, { env: job.env, harnessBytes: harnessBytes(p) });
  prepare(engine, p);
  const residentBefore = readResident(engine.memory);
  const sizeBefore = engine.memory.buffer.byteLength;
  const passes: number[] = [];
  for (let i = 0; i < passCount; i++) {
    await report(`pass ${i + 1} of ${passCount}`, i / (passCount + 2));
    passes.push(runPass(engine, p));
  }
  const residentAfter = readResident(engine.memory);
  const peakBytes =
    residentBefore !== null && residentAfter !== null
      ? residentAfter - residentBefore
      : engine.memory.buffer.byteLength - sizeBefore;
  await report(job.verify ? 'verifying' : 'hash and accounting', passCount / (passCount + 2));
  const checked = job.checks && p.workload === 'random_mixed' ? runChecked(engine, p, job.verify) : null;
  if (checked !== null && job.verify) {
    const { contents, alignment, zero } = checked.faults;
    if (contents + alignment + zero > 0) {
      throw new UserError(`--verify failed: ${describeFaults(checked.faults)}`, 3);
    }
  }
  await report('latency', (passCount + 1) / (passCount + 2));
  return {
    kind: 'passes',
    optimisingTier,
    passes,
    hash: checked?.hash ?? null,
    peakBytes,
    liveBytes: checked?.peakLive ?? null,
    requestedBytes: checked?.peakRequested ?? null,
    wasteByClass: checked?.wasteByClass ?? null,
    latency: job.latency && p.workload === 'random_mixed' ? runLatency(engine, p) : null,
    counters: null,
  };
}
