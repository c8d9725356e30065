/** From the options to the work of two sides. */
import type { ExperimentWork } from '../model-experiment.ts';
import { UserError } from '../model.ts';
import { benchRequests } from './bench.ts';
import { quoted } from './values.ts';
import type { WorkFlags } from './work-options.ts';

/**
 * The work that both sides of `what` (`an experiment`) do. Throws `UserError` for what cannot be, for several counts of
 * threads, and for work without allocations.
 */
export function pairWork(workload: string | undefined, flags: WorkFlags, what: string): ExperimentWork {
  const bench = { ...flags, target: '', env: [], flag: [], format: 'text' };
  const [request, ...more] = benchRequests(workload, bench, []);
  if (request === undefined || more.length > 0) {
    throw new UserError(`--threads ${quoted(flags.threads ?? '')}: ${what} has one count of threads`);
  }
  if (request.workload === 'floor') {
    throw new UserError('floor allocates nothing: take random_mixed, or another workload');
  }
  return {
    ...{ workload: request.workload, profile: request.profile, trace: request.trace ?? null },
    ...{ iterations: request.iterations, workingSet: request.workingSet },
    ...{ min: request.min, max: request.max, seed: request.seed, threads: request.threads },
  };
}
