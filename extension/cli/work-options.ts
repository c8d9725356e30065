/** The options that say what work is done, one grammar for every command that does some. */
import type { Command } from 'commander';

/** As commander hands them over. */
export interface WorkFlags {
  readonly trace?: string;
  readonly flatten?: boolean;
  readonly iterations?: string;
  readonly workingSet?: string;
  readonly min?: string;
  readonly max?: string;
  readonly seed?: string;
  readonly threads?: string;
}

/** For options that may be given several times. */
export const collect = (value: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  value,
];

/** `--working-set` of the property `workingSet`. */
export const optionName = (property: string): string =>
  `--${property.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;

export function withTrace(command: Command): Command {
  return command
    .option('--trace <file>', 'replay an allocation trace (.trace.gz) in the place of a workload')
    .option('--flatten', "do a trace's operations on one thread, in the order of the file");
}

/** `threads` is the option's grammar, with its help. */
export function withWork(command: Command, threads: readonly [flags: string, help: string]): Command {
  return withTrace(command)
    .option('--iterations <n>', 'operations a pass; larson: rounds, pc: items a producer, mstress: phases')
    .option('--working-set <n>', 'slots; larson: of a lineage, pc: of a ring, mstress: objects retained')
    .option('--min <bytes>', 'smallest size')
    .option('--max <bytes>', 'largest size')
    .option('--seed <n>', 'of the random numbers (default 12345)')
    .option(...threads);
}

export const oneThreadCount = ['--threads <n>', "threads (default: the workload's own)"] as const;
