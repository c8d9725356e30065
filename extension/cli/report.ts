/** `alloc-lens report`: everything known, in one file. */
import { statSync } from 'node:fs';
import path from 'node:path';
import { runningProducts } from '../experiment/cumulative.ts';
import { ledgerOf, readLedger } from '../experiment/ledger.ts';
import { nodeLedger } from '../experiment/ledger-files.ts';
import { documentFigures } from '../experiment/replay.ts';
import { replays } from '../experiment/replays.ts';
import type { ReportModel } from '../model.ts';
import { UserError } from '../model.ts';
import { buildReport } from '../report/build.ts';
import { renderHtml } from '../report/html.ts';
import { type LaboratoryPart, laboratoryPart } from '../report/laboratory.ts';
import { renderMarkdown } from '../report/markdown.ts';
import { problemText } from '../report/text-ledger.ts';
import { analyzeWith, type ConfigurationFlags } from './analyze.ts';
import { readMeasurements } from './bench-file.ts';
import { requireWritable, writeWhole } from './files.ts';
import type { Services } from './services.ts';
import { parseChoice, quoted } from './values.ts';

/** As commander hands them over. */
export interface ReportFlags extends ConfigurationFlags {
  readonly out: string;
  readonly run?: readonly string[];
  readonly title?: string;
  readonly ledger?: string;
  readonly format: string;
}

function render(services: Services, model: ReportModel, extension: string): string {
  if (extension === '.md') return renderMarkdown(model);
  if (extension === '.json') return `${JSON.stringify(model)}\n`;
  return renderHtml(model, services.htmlAssets());
}

/** The ledger's part; undefined where there is none, unless one was named. */
async function laboratoryOf(
  services: Services,
  file: string | undefined,
): Promise<LaboratoryPart | undefined> {
  const ledger = await readLedger(file === undefined ? ledgerOf('.') : nodeLedger(file));
  if (!ledger.present) {
    if (file === undefined) return undefined;
    throw new UserError(`--ledger ${quoted(file)}: no such ledger`);
  }
  const more = ledger.moreProblems > 0 ? [`${ledger.moreProblems} more lines could not be read`] : [];
  const problems = [...ledger.problems.map(problemText), ...more];
  for (const problem of problems) services.output.say(problem);
  const records = ledger.entries.map((entry) => entry.record);
  const experiments = records.flatMap((r) => (r.kind === 'experiment' ? [r.experiment] : []));
  return laboratoryPart(records, problems, runningProducts(experiments), replays.map(documentFigures));
}

/** What `report --format json` prints. */
export interface ReportWritten {
  readonly schemaVersion: 1;
  /** Absolute path of the file. */
  readonly path: string;
  readonly bytes: number;
  readonly lead: string;
}

export async function runReport(
  services: Services,
  paths: readonly string[],
  flags: ReportFlags,
): Promise<number> {
  const format = parseChoice('--format', flags.format, ['text', 'json']);
  const out = path.resolve(flags.out);
  const extension = path.extname(out).toLowerCase();
  if (!['.html', '.htm', '.md', '.json'].includes(extension)) {
    throw new UserError(`--out ${quoted(flags.out)}: name a file that ends in .html, .md or .json`);
  }
  requireWritable(out);
  const files = (flags.run ?? []).map((file) => ({ file, ...readMeasurements(file) }));
  const read = files.flatMap(({ file, runs }) => runs.map((result) => ({ file, result })));
  const comparisons = files.flatMap((f) => f.comparisons);
  const runs = read.map(({ result }) => result);
  const laboratory = await laboratoryOf(services, flags.ledger);
  const sources = paths.length === 0 ? ['.'] : paths;
  const findings = await analyzeWith(services, sources, flags);
  // The newest run that was sampled speaks for the functions.
  const sampled = read.findLast(({ result }) => result.profile !== null);
  const profile =
    sampled === undefined
      ? null
      : services.profileFromBench(sampled.result, statSync(sampled.file).mtime.toISOString());
  const model = buildReport({
    title: flags.title ?? path.basename(findings.root),
    createdAt: new Date().toISOString(),
    findings,
    profile,
    runs,
    ...(comparisons.length === 0 ? {} : { comparisons }),
    ...(laboratory === undefined ? {} : { laboratory }),
  });
  const content = render(services, model, extension);
  writeWhole(out, content);
  const written: ReportWritten = {
    schemaVersion: 1,
    path: out,
    bytes: Buffer.byteLength(content),
    lead: model.lead,
  };
  await services.output.print(format === 'json' ? JSON.stringify(written) : out);
  return 0;
}
