/**
 * Entry of the child process that runs the engine: takes one job over the IPC channel, answers with progress and one
 * result, and ends when its parent goes away. The same file is the entry of the workload's threads in that process.
 */
import { fileURLToPath } from 'node:url';
import { isMainThread, workerData } from 'node:worker_threads';
import { UserError } from '../../extension/model.ts';
import { compileCached } from './compile.ts';
import { hammerData, runCosts, runHammer } from './costs-run.ts';
import { countWork } from './counted-run.ts';
import { runCompare, runLiveness, runTable } from './pair-facts.ts';
import { runPair } from './pair-run.ts';
import { runCheck, runPasses } from './passes.ts';
import type { ChildMessage, Job, JobResult } from './protocol.ts';
import { runSampled } from './sample-run.ts';
import { serveSoak } from './soak-job.ts';
import { runThread } from './thread.ts';
import { countersWant, loadWork, soloOf } from './work.ts';

const self = fileURLToPath(import.meta.url);

function send(message: ChildMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });
}

async function run(job: Job): Promise<JobResult> {
  const report = (message: string, fraction: number): Promise<void> =>
    send({ type: 'progress', message, fraction });
  switch (job.kind) {
    case 'compile':
      return { kind: 'compile', ...(await compileCached(job.root, job.folder, job, job.flags)) };
    case 'passes':
      return runPasses(job, self, report);
    case 'check':
      return runCheck(job, self, report);
    case 'counters': {
      await report('one pass with counters', 0);
      const work = soloOf((await loadWork(job.parameters)).main, countersWant);
      const { counters } = countWork(job.module, job.env, work);
      return { kind: 'counters', counters };
    }
    case 'sample':
      return runSampled(job, report);
    case 'pair':
      return runPair(job, self, report);
    case 'liveness':
      return runLiveness(job);
    case 'compare':
      return runCompare(job, report);
    case 'table':
      return runTable(job, report);
    case 'soak':
      return serveSoak(job, self, send);
    case 'costs':
      return { kind: 'costs', unit: await runCosts(job, self) };
  }
}

async function answer(job: Job): Promise<void> {
  try {
    await send({ type: 'result', result: await run(job) });
  } catch (error) {
    await send({
      type: 'error',
      message: error instanceof Error ? error.message : String(error),
      exitCode: error instanceof UserError ? error.exitCode : null,
    });
  }
  process.disconnect();
}

if (isMainThread) {
  process.on('disconnect', () => process.exit(0));
  process.once('message', (job) => void answer(job as Job));
  void send({ type: 'ready' });
} else {
  const hammer = hammerData(workerData);
  if (hammer === null) runThread();
  else runHammer(hammer);
}
