/** `alloc-lens analyze`: sources in, findings out. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Findings } from '../model.ts';
import { UserError } from '../model.ts';
import { withCosts } from '../profile/cost-estimates.ts';
import { buildReport } from '../report/build.ts';
import { renderMarkdown } from '../report/markdown.ts';
import { renderSarif } from '../report/sarif.ts';
import { findingsText } from '../report/text-findings.ts';
import { failures, parseFailOn, readBaseline, undecidable } from './fail-on.ts';
import { requireExists } from './files.ts';
import type { Services } from './services.ts';
import { parseAssignment, parseChoice, parseDefine, quoted, toRecord } from './values.ts';

/** As commander hands them over. */
export interface AnalyzeFlags {
  readonly root?: string;
  readonly define?: readonly string[];
  readonly env?: readonly string[];
  readonly compileCommands?: string;
  readonly entry?: readonly string[];
  readonly format: string;
  readonly baselineFile?: string;
  readonly failOn?: string;
}

/** What decides an analysis, shared with `report`. */
export type ConfigurationFlags = Pick<AnalyzeFlags, 'root' | 'define' | 'env' | 'compileCommands' | 'entry'>;

/** Checks the paths, analyses them and insists on at least one source file. */
export async function analyzeWith(
  services: Services,
  paths: readonly string[],
  flags: ConfigurationFlags,
): Promise<Findings> {
  for (const p of paths) requireExists(p, 'path');
  if (flags.root !== undefined) requireExists(flags.root, '--root');
  if (flags.compileCommands !== undefined) requireExists(flags.compileCommands, '--compile-commands');
  for (const name of flags.entry ?? []) {
    if (!/^([A-Za-z_][\w:~]*|operator (new|delete)(\[\])?)$/.test(name)) {
      throw new UserError(`--entry ${quoted(name)}: expected a function's name`);
    }
  }
  const findings = await services.analyze(paths, {
    defines: toRecord((flags.define ?? []).map((d) => parseDefine('--define', d))),
    env: toRecord((flags.env ?? []).map((e) => parseAssignment('--env', e))),
    ...(flags.root === undefined ? {} : { root: flags.root }),
    ...(flags.entry === undefined ? {} : { entries: flags.entry }),
    ...(flags.compileCommands === undefined ? {} : { compileCommands: flags.compileCommands }),
    onProgress: services.output.onProgress,
    signal: services.signal,
  });
  services.signal.throwIfAborted();
  if (findings.files.length === 0) {
    // Files that were there but could not be used say it better than their absence.
    const skipped = findings.diagnostics.filter((d) => d.file !== '');
    const [first] = skipped;
    if (first !== undefined) {
      const others = skipped.length > 1 ? ` (and ${skipped.length - 1} more files)` : '';
      throw new UserError(`nothing could be analysed: ${first.file}: ${first.message}${others}`);
    }
    throw new UserError(
      `no C or C++ source under ${paths.map(quoted).join(', ')}: give a source file or a folder that holds some`,
    );
  }
  return withCosts(findings, services.costs.kept());
}

/**
 * Returns the exit status: 0, or 1 when `--fail-on` matched something that the baseline does not excuse. Without an
 * entry point it cannot decide, which is bad input (2), never a pass.
 */
export async function runAnalyze(
  services: Services,
  paths: readonly string[],
  flags: AnalyzeFlags,
): Promise<number> {
  const format = parseChoice('--format', flags.format, ['text', 'json', 'sarif', 'markdown']);
  const rules = flags.failOn === undefined ? [] : parseFailOn(flags.failOn);
  const baseline = flags.baselineFile === undefined ? null : readBaseline(flags.baselineFile);
  const { output } = services;
  const findings = await analyzeWith(services, paths, flags);
  switch (format) {
    case 'json':
      await output.print(JSON.stringify(findings));
      break;
    case 'sarif': {
      const rootUri = `${pathToFileURL(path.resolve(findings.root)).href.replace(/\/$/, '')}/`;
      await output.print(renderSarif(findings, { version: services.version, rootUri, baseline }));
      break;
    }
    case 'markdown': {
      const model = buildReport({
        title: path.basename(findings.root),
        createdAt: new Date().toISOString(),
        findings,
        profile: null,
        runs: [],
      });
      await output.print(renderMarkdown(model).trimEnd());
      break;
    }
    case 'text':
      await output.print(findingsText(findings, output.style, output.width));
      break;
  }
  const undecided = undecidable(findings, rules);
  if (undecided !== null) throw new UserError(undecided);
  const matched = failures(findings, rules).filter((f) => baseline?.has(f.id) !== true);
  for (const f of matched.slice(0, 20)) output.say(`${f.rule}: ${f.where}`);
  if (matched.length > 0) {
    const old = baseline === null ? '' : ' that the baseline does not hold';
    output.say(
      `alloc-lens: --fail-on matched ${matched.length} ${matched.length === 1 ? 'finding' : 'findings'}${old}`,
    );
  }
  return matched.length > 0 ? 1 : 0;
}
