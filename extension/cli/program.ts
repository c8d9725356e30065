/** The command line's grammar (DESIGN §4): names, options and their help; no work is done here. */
import { Command } from 'commander';
import { type AnalyzeFlags, runAnalyze } from './analyze.ts';
import { type BenchFlags, runBench } from './bench.ts';
import { type CalibrateFlags, runCalibrate } from './calibrate.ts';
import { type CompareFlags, runCompare } from './compare.ts';
import { addExperiment } from './experiment-command.ts';
import { failRules } from './fail-on.ts';
import { type LedgerFlags, runLedger } from './ledger.ts';
import { type ReportFlags, runReport } from './report.ts';
import type { Services } from './services.ts';
import { addAnnotate } from './annotate-command.ts';
import { addProfile } from './profile-command.ts';
import { runSoak, type SoakFlags } from './soak.ts';
import { addTrace } from './trace-command.ts';
import { collect, oneThreadCount, withTrace, withWork } from './work-options.ts';

function withConfiguration(command: Command): Command {
  return command
    .option('--root <dir>', 'folder that paths are relative to')
    .option('--define <name[=value]>', 'compile flag, as -D for a compiler (repeatable)', collect)
    .option('--env <name=value>', 'environment that the gates see (repeatable)', collect)
    .option('--compile-commands <file>', 'compile_commands.json to take defines from')
    .option(
      '--entry <name>',
      'entry point of the hot path: f or Class::f (repeatable; default malloc and its kin)',
      collect,
    );
}

/** `finish` receives the exit status of the command that ran. */
export function createProgram(services: Services, finish: (status: number) => void): Command {
  const program = new Command('alloc-lens')
    .description('Shows which lines of a memory allocator cost time and which of them could go.')
    .version(services.version)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .showSuggestionAfterError(false);

  withConfiguration(
    program.command('analyze').description('find and class atomics, counters and gates in C and C++ sources'),
  )
    .argument('<path...>', 'source files or folders')
    .option('--format <format>', 'text, json, sarif or markdown', 'text')
    .option('--baseline-file <file>', 'earlier JSON output: only findings that it does not hold can fail')
    .option(
      '--fail-on <rules>',
      `exit 1 on findings: ${failRules.join(', ')}; 2 when no entry point makes anything hot`,
    )
    .action(async (paths: string[], flags: AnalyzeFlags) => finish(await runAnalyze(services, paths, flags)));

  const bench = program
    .command('bench')
    .description('run a workload on the built-in engine or a native allocator')
    .argument(
      '[workload[:profile]]',
      'random_mixed or floor, with mixed, tiny, c6heavy, c7heavy, mid or large; larson, pc or mstress',
    )
    .option(
      '--target <target>',
      'engine, system, an installed allocator (mimalloc, jemalloc, tcmalloc), the path of a preload library, or a target of this folder: of alloc-lens.json, or what its Makefile or CMakeLists.txt builds',
      'engine',
    )
    .option('--variant <name>', 'build of the target (default: its first, fast for the engine)')
    .option('--preset <name>', 'engine preset, such as MIXED_TINYV3_C7_BALANCED')
    .option('--env <name=value>', 'environment gate of the target (repeatable)', collect)
    .option(
      '--flag <name=value>',
      "compile flag of the engine, or of a target's build (repeatable)",
      collect,
    );
  const threads = "threads (default: the workload's own); several give one result each";
  withWork(bench, ['--threads <n[,n...]>', threads])
    .option('--runs <n>', 'fresh processes (default 1)')
    .option('--passes <n>', "passes of a process (default: the workload's own number)")
    .option('--sample', 'profile: self time by function, heat by line')
    .option('--counters', 'instructions and branches per operation')
    .option('--latency', 'latency percentiles')
    .option('--verify', 'check contents and alignment, untimed')
    .option('--format <format>', 'text or json', 'text')
    .action(async (workload: string | undefined, flags: BenchFlags) =>
      finish(await runBench(services, workload, flags)),
    );

  program
    .command('compare-allocators')
    .description('run one workload on several allocators, side by side')
    .argument('[workload[:profile]]', 'as for bench')
    .option('--trace <file>', 'replay an allocation trace')
    .option('--flatten', 'replay a trace on one thread')
    .option(
      '--targets <a,b,c>',
      'targets as for bench, each with :VARIANT if it has several (default: the engine, the system and all installed)',
    )
    .option('--runs <n>', 'fresh processes of each, interleaved (default 3)')
    .option('--iterations <n>', 'operations a pass')
    .option('--seed <n>', 'of the random numbers (default 12345)')
    .option('--threads <n>', "threads (default: the workload's own)")
    .option('--format <format>', 'text or json', 'text')
    .action(async (workload: string | undefined, flags: CompareFlags) =>
      finish(await runCompare(services, workload, flags)),
    );

  program
    .command('ledger')
    .description('what was measured in this workspace: list it, show a record, write the documents')
    .argument('[action]', 'list (default), show or export')
    .argument('[id]', 'of the record to show')
    .option('--file <file>', 'another ledger than .alloc-lens/ledger.jsonl')
    .option('--out <dir>', 'folder that export writes the documents into', 'docs/analysis')
    .option('--format <format>', 'text or json', 'text')
    .action(async (action: string | undefined, id: string | undefined, flags: LedgerFlags) =>
      finish(await runLedger(services, action, id, flags)),
    );

  withConfiguration(
    program.command('report').description('write everything known into one HTML, Markdown or JSON file'),
  )
    .argument('[path...]', 'source files or folders (default: the current folder)')
    .option('--out <file>', 'FILE.html, FILE.md or FILE.json', 'alloc-lens-report.html')
    .option(
      '--run <file>',
      'result of bench or compare-allocators --format json to include (repeatable)',
      collect,
    )
    .option('--ledger <file>', 'another ledger than .alloc-lens/ledger.jsonl')
    .option('--title <text>', "the report's title (default: the root folder's name)")
    .option('--format <format>', 'text (prints the path) or json', 'text')
    .action(async (paths: string[], flags: ReportFlags) => finish(await runReport(services, paths, flags)));

  addExperiment(program, services, finish);

  const soak = program
    .command('soak')
    .description('work for minutes to hours in one process a side: steadiness of speed and memory, budgets')
    .option('--minutes <n>', 'of both sides together, which take turns (default 10)')
    .option('--workload <workload[:profile]>', 'as for bench (default random_mixed)');
  withTrace(soak)
    .option('--working-set <n>', 'slots, as for bench')
    .option(...oneThreadCount)
    .option('--seed <n>', 'of the random numbers (default 12345)')
    .option(
      '--baseline <spec>',
      'TARGET[:VARIANT][,FLAG=V...][,env:NAME=V...] or preset:NAME (default speed first)',
    )
    .option('--treatment <spec>', 'the other side (default balanced)')
    .option('--epoch-seconds <n>', 'of one epoch (default: 60 epochs a side, of 1 to 10 seconds)')
    .option('--budget <name=value>', 'drift or cv in percent, calls an operation (repeatable)', collect)
    .option('--out <dir>', "folder of the soak's CSV and Markdown (default .alloc-lens/soak)")
    .option('--resume <file>', 'go on with the soak of an ID.csv for the rest of its time')
    .option('--fail-on <rule>', 'budget: exit 1 when a budget is broken; 2 when one could not be measured')
    .option('--format <format>', 'text or json', 'text')
    .action(async (flags: SoakFlags) => finish(await runSoak(services, flags)));

  program
    .command('calibrate')
    .description(
      'measure what one more atomic, gate, check or layer costs on a malloc hot path of this machine',
    )
    .option('--seconds <n>', 'of measuring (default 30)', '30')
    .option('--engine', 'in WebAssembly, even where a C compiler is found')
    .option('--format <format>', 'text or json', 'text')
    .action(async (flags: CalibrateFlags) => finish(await runCalibrate(services, flags)));

  addProfile(program, services, finish);
  addAnnotate(program, services, finish);
  addTrace(program, services, finish);
  return program;
}
