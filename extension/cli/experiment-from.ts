/** `experiment --from RUNS.json`: lists of runs that were measured elsewhere. */
import { checkedRunList, experimentOfRuns } from '../experiment/run-list.ts';
import type { Experiment, Rule } from '../model-experiment.ts';
import { UserError } from '../model.ts';
import { readJson } from './files.ts';
import { quoted } from './values.ts';

export interface FromOptions {
  readonly id: string;
  readonly rule: Rule;
  /** Percent; null for the file's own, or the usual one. */
  readonly threshold: number | null;
  readonly title: string | null;
  /** ISO 8601. */
  readonly at: string;
}

/** Throws `UserError` that names the file and the place in it. */
export function experimentFrom(file: string, options: FromOptions, usual: number): Experiment {
  const value = readJson(file, '--from');
  try {
    const list = checkedRunList(value);
    return experimentOfRuns(options.title === null ? list : { ...list, title: options.title }, {
      ...options,
      threshold: options.threshold ?? list.threshold ?? usual,
    });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`--from ${quoted(file)}: ${error.message}`);
  }
}
