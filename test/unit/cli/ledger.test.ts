/** `alloc-lens ledger` as a user runs it, with ledgers good, missing and broken. */
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Command, CommanderError } from 'commander';
import { afterAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../../extension/cli/program.ts';
import { UserError } from '../../../extension/model.ts';
import type { LedgerExport, LedgerListing } from '../../../extension/model-ledger.ts';
import { appendCalibration, appendCosts, appendExperiment, appendSoak } from '../experiment/append.ts';
import { calibration, costs, experiment, soak } from '../experiment/lab-records.ts';
import { fakeServices } from './fake-services.ts';
import { schemaProblems } from './run-cli.ts';

const base = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-ledger-cli-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));
let made = 0;

interface Ran {
  readonly status: number | null;
  readonly printed: string;
  readonly said: readonly string[];
  readonly error: string | null;
}

async function run(...args: readonly string[]): Promise<Ran> {
  const { services, printed, said } = fakeServices();
  let status: number | null = null;
  let error: string | null = null;
  const program: Command = createProgram(services, (s) => {
    status = s;
  });
  try {
    await program.parseAsync(['node', 'alloc-lens', 'ledger', ...args]);
  } catch (e) {
    if (e instanceof UserError) [status, error] = [e.exitCode, e.message];
    else if (e instanceof CommanderError) [status, error] = [2, e.message];
    else throw e;
  }
  return { status, printed: printed.join('\n'), said, error };
}

/** A workspace with a ledger of four records; gives the file's name. */
async function ledger(): Promise<string> {
  const folder = path.join(base, `w${made++}`);
  const replay = { replay: 'phase-24', title: 'Phase 24: Tiny Class Stats' };
  const file = await appendExperiment(folder, experiment({ ...replay, id: 'p24' }));
  await appendSoak(folder, soak);
  await appendCosts(folder, costs);
  await appendCalibration(folder, calibration);
  return file;
}

describe('ledger list', () => {
  it('as a table with the totals, and as JSON of its schema', async () => {
    const file = await ledger();
    const text = await run('--file', file);
    expect(text).toMatchObject({ status: 0, said: [], error: null });
    expect(text.printed).toMatch(
      /p24 +experiment +GO +\+1\.50% \(\+1\.00% to \+2\.00%\) +random_mixed:mixed, 400 slots +Phase 24/,
    );
    expect(text.printed).toMatch(/soak-1 +soak +passed/);
    expect(text.printed).toContain('4 records');
    expect(text.printed).toContain('engine, random_mixed:mixed, 400 slots: 1 GO change +1.50%');
    expect(text.printed).toContain('5 atomics removed');
    const json = await run('list', '--file', file, '--format', 'json');
    const listing = JSON.parse(json.printed) as LedgerListing;
    expect(schemaProblems('ledger', listing)).toEqual([]);
    expect(listing).toMatchObject({ path: file, problems: [], moreProblems: 0 });
    expect(listing.records.map((r) => r.kind)).toEqual(['experiment', 'soak', 'costs', 'calibration']);
  });

  it('has the candidates of Phase 19, estimated and measured, once one was replayed', async () => {
    const file = await ledger();
    expect((await run('--file', file)).printed).not.toContain('Reduction candidates');
    const more = { replay: 'phase-19a', title: 'Phase 19A', id: 'p19a', effectPercent: 3.5 };
    const lines = await appendExperiment(path.dirname(path.dirname(file)), experiment(more));
    const { printed } = await run('--file', lines);
    expect(printed).toMatch(/A: Remove FastLane layer +-17\.5 +-6\.0 +\+12\.0% +low +\+3\.5% GO \(engine\)/);
    expect(printed).toMatch(/B: ENV snapshot consolidation .* medium +-$/m);
    expect(printed).toContain('combined, A to E (80% efficiency)');
  });

  it('says what cannot be read, on stderr and in the JSON', async () => {
    const file = await ledger();
    appendFileSync(file, '{"v":9}\n{"v":1,');
    const text = await run('list', '--file', file);
    expect(text.status).toBe(0);
    expect(text.said).toHaveLength(2);
    expect(text.said[0]).toBe(
      `${file}:5: written by a later version (schema 9, this one reads 1): update Alloc Lens to see it`,
    );
    expect(text.said[1]).toMatch(/ledger\.jsonl:6: not JSON .* write was interrupted/);
    const listing = JSON.parse(
      (await run('list', '--file', file, '--format', 'json')).printed,
    ) as LedgerListing;
    expect(schemaProblems('ledger', listing)).toEqual([]);
    expect(listing.problems.map((p) => [p.kind, p.line, p.version])).toEqual([
      ['newer', 5, 9],
      ['torn', 6, null],
    ]);
  });

  it('of an empty ledger says so', async () => {
    const file = path.join(base, 'empty.jsonl');
    writeFileSync(file, '');
    expect(await run('--file', file)).toMatchObject({ status: 0, printed: `no record in ${file}` });
  });

  const asFolder = (file: string): void => {
    rmSync(file);
    mkdirSync(file);
  };

  it.each([
    ['missing', (file: string) => rmSync(file), /^--file '.*': no such ledger$/],
    [
      'of 500 MB',
      (file: string) => truncateSync(file, 500_000_000),
      /ledger\.jsonl: 477 MiB long, 128 MiB is the most/,
    ],
    [
      'binary',
      (file: string) => writeFileSync(file, Buffer.alloc(5000, 0)),
      /not a ledger but binary data: move it away/,
    ],
    ['a folder', asFolder, /not a regular file/],
  ])('%s: one clear line and status 2', async (_, change, message) => {
    const file = await ledger();
    change(file);
    const { status, error, printed } = await run('--file', file);
    expect({ status, printed }).toEqual({ status: 2, printed: '' });
    expect(error).toMatch(message);
    expect(error).not.toContain('\n');
  });

  it('without a ledger in this folder says how one begins', async () => {
    const before = process.cwd();
    const folder = path.join(base, 'nothing');
    mkdirSync(folder);
    process.chdir(folder);
    try {
      expect((await run()).error).toMatch(
        /^no ledger in this folder .*the first alloc-lens experiment begins one/,
      );
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      process.chdir(before);
    }
  });

  it.each([
    [['remove'], /expected list, show, export/],
    [['show'], /needs the id/],
    [['list', 'x'], /takes no 'x'/],
    [['--format', 'xml'], /expected text, json/],
  ])('refuses %j', async (args, message) => {
    const { status, error } = await run(...args);
    expect(status).toBe(2);
    expect(error).toMatch(message);
  });
});

describe('ledger show', () => {
  it('a record of each kind, as text and as it stands in the ledger', async () => {
    const file = await ledger();
    const extra = JSON.parse(readFileSync(file, 'utf8').split('\n')[0] ?? '') as Record<string, unknown>;
    appendFileSync(file, `${JSON.stringify({ ...extra, at: '2030-01-01T00:00:00Z', note: 'by hand' })}\n`);
    const text = await run('show', 'p24', '--file', file);
    expect(text.printed).toMatch(/^# Phase 24: Tiny Class Stats — Results/);
    expect(text.said).toEqual(['1 older of the same id']);
    const shown = JSON.parse(
      (await run('show', 'p24', '--file', file, '--format', 'json')).printed,
    ) as unknown;
    expect(shown).toMatchObject({ note: 'by hand', experiment: { id: 'p24' } });
    expect(schemaProblems('ledger-show', shown)).toEqual([]);
    const listing = JSON.parse((await run('--file', file, '--format', 'json')).printed) as LedgerListing;
    const words = {
      soak: /drift 0 of 1: passed/,
      costs: /relaxed add/,
      calibration: /sigma 0\.20%/,
      experiment: /./,
    };
    for (const { id, kind } of listing.records) {
      expect((await run('show', id, '--file', file)).printed).toMatch(words[kind]);
      const record = JSON.parse(
        (await run('show', id, '--file', file, '--format', 'json')).printed,
      ) as unknown;
      expect(schemaProblems('ledger-show', record)).toEqual([]);
      expect(schemaProblems('ledger-show', { ...(record as object), v: 2 })).not.toEqual([]);
    }
  });

  it('an unknown id is bad input', async () => {
    expect(await run('show', 'nope', '--file', await ledger())).toMatchObject({
      status: 2,
      error: expect.stringContaining("no record 'nope'"),
    });
  });
});

describe('ledger export', () => {
  it('writes a document for each experiment and the summary, again and again', async () => {
    const file = await ledger();
    await appendExperiment(path.dirname(path.dirname(file)), experiment({ id: '../Evil id' }));
    const out = path.join(path.dirname(file), 'deep', 'docs');
    for (const round of [1, 2]) {
      const done = await run('export', '--file', file, '--out', out, '--format', 'json');
      expect([round, done.status]).toEqual([round, 0]);
      const result = JSON.parse(done.printed) as LedgerExport;
      expect(schemaProblems('ledger-export', result)).toEqual([]);
      expect(result).toMatchObject({ folder: out, kept: [] });
      expect([...result.written].sort()).toEqual([
        'ATOMIC_PRUNE_CUMULATIVE_SUMMARY.md',
        'PHASE24_TINY_CLASS_STATS_RESULTS.md',
        expect.stringMatching(/^experiment-evil-id_[0-9a-f]{10}\.md$/),
      ]);
      expect(readdirSync(out).sort()).toEqual([...result.written].sort());
    }
    expect(readFileSync(path.join(out, 'PHASE24_TINY_CLASS_STATS_RESULTS.md'), 'utf8')).toContain(
      '✅ GO (+1.50%)',
    );
    const text = await run('export', '--file', file, '--out', out);
    expect(text.printed.split('\n')).toHaveLength(3);
  });

  it('never writes over what a person wrote, and says so', async () => {
    const file = await ledger();
    const out = path.join(path.dirname(file), 'docs');
    mkdirSync(out);
    const own = path.join(out, 'PHASE24_TINY_CLASS_STATS_RESULTS.md');
    writeFileSync(own, '# Mine\n');
    const done = await run('export', '--file', file, '--out', out, '--format', 'json');
    expect(done.status).toBe(2);
    expect(done.said).toEqual([`${own} was not made by an export and stays: move it, or name another --out`]);
    expect(JSON.parse(done.printed)).toMatchObject({
      written: ['ATOMIC_PRUNE_CUMULATIVE_SUMMARY.md'],
      kept: ['PHASE24_TINY_CLASS_STATS_RESULTS.md'],
    });
    expect(readFileSync(own, 'utf8')).toBe('# Mine\n');
  });

  it('into what is no folder is one clear line', async () => {
    const file = await ledger();
    const { status, error } = await run('export', '--file', file, '--out', file);
    expect(status).toBe(2);
    expect(error).toMatch(/^cannot write .*ledger\.jsonl: file already exists$/);
  });
});
