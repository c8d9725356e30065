/** Lists of runs as RUNS.json files hold them. */
import { phase64Counters, phase64Runs } from '../../../extension/experiment/replays-runtime.ts';

/** Phase 64 as a file of runs. */
export function phase64(over: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    title: 'Phase 64',
    baseline: { label: 'bench_random_mixed_hakmem_minimal', runs: phase64Runs.baseline },
    treatment: { label: 'bench_random_mixed_hakmem_fast_pruned', runs: phase64Runs.treatment },
    threshold: 2,
    counters: phase64Counters,
    ...over,
  };
}
