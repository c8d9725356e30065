/** `alloc-lens report` with a ledger: the laboratory's part of the one file. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Command, CommanderError } from 'commander';
import { afterAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../../extension/cli/program.ts';
import type { Services } from '../../../extension/cli/services.ts';
import { appendExperiment } from '../experiment/append.ts';
import { type ReportModel, UserError } from '../../../extension/model.ts';
import { plain } from '../../../extension/report/style.ts';
import { experiment } from '../experiment/lab-records.ts';
import { findings } from '../report/fixtures.ts';
import { noCosts } from './cost-services.ts';
import { schemaProblems } from './run-cli.ts';

const base = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-report-cli-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

async function run(...args: readonly string[]): Promise<{ said: string[]; error: string | null }> {
  const said: string[] = [];
  // The command needs nothing else.
  const services = {
    output: {
      ...{ style: plain, width: null, onProgress: () => {}, endProgress: () => {} },
      say: (line: string) => void said.push(line),
      print: async () => {},
    },
    signal: new AbortController().signal,
    analyze: async () => findings(),
    htmlAssets: () => ({ script: '', style: '' }),
    costs: noCosts,
    version: '0',
  } as Partial<Services> as Services;
  const program: Command = createProgram(services, () => {});
  try {
    await program.parseAsync(['node', 'alloc-lens', 'report', base, ...args]);
  } catch (e) {
    if (e instanceof UserError || e instanceof CommanderError) return { said, error: e.message };
    throw e;
  }
  return { said, error: null };
}

async function ledger(): Promise<string> {
  const folder = mkdtempSync(path.join(base, 'w'));
  await appendExperiment(
    folder,
    experiment({ id: 'p24', replay: 'phase-24', title: 'Phase 24: class stats' }),
  );
  return appendExperiment(
    folder,
    experiment({ id: 'p19', replay: 'phase-19a', title: 'Phase 19A: the layer' }),
  );
}

describe('report --ledger', () => {
  it('holds its experiments, totals, candidates and disagreements, as JSON of its schema', async () => {
    const out = path.join(base, 'r.json');
    expect(await run('--ledger', await ledger(), '--out', out)).toEqual({ said: [], error: null });
    const model = JSON.parse(readFileSync(out, 'utf8')) as ReportModel;
    expect(schemaProblems('report', model)).toEqual([]);
    expect(model.experiments?.map((e) => e.id)).toEqual(['p24', 'p19']);
    expect(model.phases?.flatMap((t) => t.rows.map((r) => r.phase))).toEqual(['19A', '24']);
    expect(model.candidateTables?.map((t) => t.of)).toEqual(['document']);
    expect(model.replays).toHaveLength(21);
    expect(model.disagreements?.some((d) => d.replays.includes('phase-24'))).toBe(true);
    expect(model.cumulative).toHaveLength(2);
  });

  it('in Markdown', async () => {
    const out = path.join(base, 'r.md');
    await run('--ledger', await ledger(), '--out', out);
    const text = readFileSync(out, 'utf8');
    for (const title of ['Experiments', 'Cumulative summary', 'Candidates of Phase 19']) {
      expect(text).toContain(`## ${title}\n`);
    }
    expect(text).toContain('| 24 | Phase 24: class stats | 5 (class stats) | High (every cache op) |');
    expect(text).toContain('`phase-24`: The printed speeds give +0.87%, not +0.93%');
    expect(text).not.toContain('`phase-64`:');
  });

  it('says what it cannot read of it, and names one that is not there', async () => {
    const file = await ledger();
    writeFileSync(file, `${readFileSync(file, 'utf8')}{"v":1,`);
    const out = path.join(base, 'torn.json');
    const { said } = await run('--ledger', file, '--out', out);
    expect(said).toHaveLength(1);
    const model = JSON.parse(readFileSync(out, 'utf8')) as ReportModel;
    expect(model.ledgerProblems).toEqual(said);
    expect(model.experiments).toHaveLength(2);
    const missing = await run('--ledger', path.join(base, 'none.jsonl'), '--out', out);
    expect(missing.error).toMatch(/^--ledger '.*none\.jsonl': no such ledger$/);
  });
});
