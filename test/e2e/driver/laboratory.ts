/** A workspace to experiment in, its ledger, and the questions of `Run A/B Experiment…`. */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { hakmem } from './alloc-lens.ts';
import type { Workbench } from './workbench.ts';

/** Enough to see everything work; what a real one needs stands in the documentation. */
export const processes = 6;
/** Both sides are checked and counted, then each process takes some seconds; more on a busy machine. */
export const experimentMs = 420_000;
/** How a result begins. */
export const verdict = /^(GO|NEUTRAL|NO-GO|NO-OP|INCONCLUSIVE)\b/;

export interface LedgerExperiment {
  readonly id: string;
  readonly verdict: string;
  readonly processes: number;
  readonly replay: string | null;
  readonly baseline: { readonly sha256: string | null };
  readonly treatment: { readonly sha256: string | null };
  readonly gates: readonly { readonly name: string; readonly passed: boolean }[];
  readonly counters: { readonly rows: readonly unknown[] } | null;
}

export interface LedgerLine {
  readonly kind: string;
  readonly experiment?: LedgerExperiment;
}

/** A copy of the sample, with few processes an experiment. */
export function layOutWorkspace(folder: string): void {
  cpSync(hakmem, folder, { recursive: true });
  mkdirSync(path.join(folder, '.vscode'), { recursive: true });
  writeFileSync(
    path.join(folder, '.vscode/settings.json'),
    JSON.stringify({ 'allocLens.experiment.maxProcesses': processes }),
  );
}

export const ledgerFile = (folder: string): string => path.join(folder, '.alloc-lens/ledger.jsonl');

/** Every experiment of the ledger, whose lines have to be whole. */
export function ledgerExperiments(folder: string): readonly LedgerLine[] {
  const file = ledgerFile(folder);
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as LedgerLine)
    .filter((line) => line.kind === 'experiment');
}

/** Runs the command and chooses one row after the other. */
export async function askExperiment(workbench: Workbench, answers: readonly string[]): Promise<void> {
  await workbench.command('Alloc Lens: Run A/B Experiment…');
  for (const answer of answers) await workbench.pick(answer);
}
