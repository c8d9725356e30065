/** The grammar of `alloc-lens experiment`. */
import type { Command } from 'commander';
import { failVerdicts, runExperimentCommand } from './experiment.ts';
import type { ExperimentFlags } from './experiment-plan.ts';
import type { Services } from './services.ts';
import { collect, oneThreadCount, withWork } from './work-options.ts';

/** Adds the command to `program`; `finish` receives the exit status. */
export function addExperiment(program: Command, services: Services, finish: (status: number) => void): void {
  const command = program
    .command('experiment')
    .description('compare two sides to a verdict: GO, NEUTRAL, NO-GO, NO-OP or INCONCLUSIVE')
    .argument('[name]', "experiment of the method's documents, such as phase-24, phase-64 or hygiene-1")
    .option('--baseline <spec>', 'TARGET[:VARIANT][,FLAG=V...][,env:NAME=V...], or preset:NAME[,...]')
    .option('--treatment <spec>', 'the other side; the effect is its gain over the baseline')
    .option('--from <file>', 'two lists of runs (JSON) in the place of measuring')
    .option('--title <text>', 'name of the experiment')
    .option('--workload <workload[:profile]>', 'as for bench (default random_mixed)')
    .option('--env <name=value>', 'environment gate of both sides (repeatable)', collect)
    .option('--flag <name=value>', 'compile flag of both sides (repeatable)', collect);
  withWork(command, oneThreadCount)
    .option('--threshold <percent>', "least effect that counts (default 0.5, a replay's own)")
    .option('--rule <rule>', "interval, or seed for the documents' difference of means", 'interval')
    .option('--max-processes <n>', 'fresh processes to time at most (default: all planned looks)')
    .option(
      '--calibrate',
      "measure this machine's noise with an identical pair first (24 processes), and remember it",
    )
    .option('--fail-on <verdicts>', `exit 1 on a verdict: ${failVerdicts.join(', ')}`)
    .option('--ledger <file>', 'where to append the result (default .alloc-lens/ledger.jsonl)')
    .option('--no-ledger', 'keep the result nowhere')
    .option('--format <format>', 'text or json', 'text')
    .action(async (name: string | undefined, flags: ExperimentFlags) =>
      finish(await runExperimentCommand(services, name, flags)),
    );
}
