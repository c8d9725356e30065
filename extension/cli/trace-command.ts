/** `alloc-lens trace record -- COMMAND`: a program's allocations as a trace that every allocator can replay. */
import type { Command } from 'commander';
import { UserError } from '../model.ts';
import type { Recording } from '../native/trace-record.ts';
import { bytes, digits, printable } from '../report/format.ts';
import type { Services } from './services.ts';
import { parseChoice, parseWhole, quoted } from './values.ts';

/** As commander hands them over. */
export interface TraceFlags {
  readonly out: string;
  readonly all?: boolean;
  readonly limit: string;
  readonly env?: readonly string[];
  readonly format: string;
}

/** What `trace record --format json` prints. */
export interface TraceResult extends Recording {
  readonly schemaVersion: 1;
}

function environment(pairs: readonly string[]): Record<string, string> {
  const out: Record<string, string> = Object.create(null);
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1) throw new UserError(`--env ${quoted(pair)}: expected NAME=VALUE`);
    out[pair.slice(0, at)] = pair.slice(at + 1);
  }
  return out;
}

/** Processes that are listed; JSON has all. */
const shown = 5;

/** The recording as a person reads it, without a final line end. */
export function traceText({ processes, ended }: Recording): string {
  const more = processes.length - shown;
  const lines = processes
    .slice(0, shown)
    .flatMap((p) => [
      `${p.program} (process ${p.process}): ${digits(p.operations, 'operation')}, ${digits(p.threads, 'thread')}, ${digits(p.objects, 'id')}, ${bytes(p.peakBytes)} live at most`,
      ...(p.file === null ? [] : [`  ${p.file}`]),
      ...p.notes.map((note) => `  ${note}`),
    ]);
  const [first] = processes.filter((p) => p.file !== null);
  return [
    ...lines,
    ...(more > 0 ? [`and ${more} more with fewer operations`] : []),
    `the program ${ended}`,
    ...(first?.file == null ? [] : [`replay it: alloc-lens bench --trace ${first.file}`]),
  ]
    .map(printable)
    .join('\n');
}

export async function runTraceRecord(
  services: Services,
  command: readonly string[],
  flags: TraceFlags,
): Promise<number> {
  const format = parseChoice('--format', flags.format, ['text', 'json']);
  const recording = await services.recordTrace({
    command,
    out: flags.out,
    all: flags.all === true,
    env: environment(flags.env ?? []),
    limit: parseWhole('--limit', flags.limit, 1, 50_000_000),
    signal: services.signal,
    onProgress: (message, fraction) => services.output.onProgress({ message, fraction }),
  });
  services.output.endProgress();
  const result: TraceResult = { schemaVersion: 1, ...recording };
  await services.output.print(format === 'json' ? JSON.stringify(result) : traceText(recording));
  return 0;
}

export function addTrace(program: Command, services: Services, finish: (status: number) => void): void {
  program
    .command('trace')
    .description('record what a program allocates, for replay on any allocator')
    .command('record')
    .description('run a program and write its allocations as a trace (what it prints goes to standard error)')
    .argument('<command...>', 'the program and its arguments, after --')
    .option('--out <file>', 'the trace', 'recorded.trace.gz')
    .option('--all', 'a trace of every process that it starts (default: of the one with the most operations)')
    .option('--limit <n>', 'events of a process after which nothing more is recorded', '20000000')
    .option(
      '--env <name=value>',
      'environment of the program (repeatable)',
      (value: string, before: readonly string[] | undefined) => [...(before ?? []), value],
    )
    .option('--format <format>', 'text or json', 'text')
    .action(async (command: string[], flags: TraceFlags) =>
      finish(await runTraceRecord(services, command, flags)),
    );
}
