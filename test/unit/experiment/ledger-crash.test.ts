/** Processes that write to one ledger at once, and are killed at any moment: no finished record is lost. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ledger, readLedger } from '../../../extension/experiment/ledger.ts';
import { nodeLedger } from '../../../extension/experiment/ledger-files.ts';
import { appendExperiment } from './append.ts';
import { experiment } from './lab-records.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-crash-'));
const writer = path.join(folder, 'writer.mjs');

beforeAll(async () => {
  await build({
    entryPoints: [path.join(import.meta.dirname, 'ledger-writer.ts')],
    outfile: writer,
    ...{ bundle: true, platform: 'node', format: 'esm', logLevel: 'error' },
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly finished: readonly string[];
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Ids that a writer said were finished. It is killed up to 40 ms after it has finished so many, which is anywhere in its
 * next ones; null lets it end.
 */
function write(file: string, name: string, count: number, killAfter: number | null): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [writer, file, name, String(count)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    let doomed = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (!doomed && killAfter !== null && said.split('\n').length - 2 >= killAfter) {
        doomed = true;
        setTimeout(() => child.kill('SIGKILL'), Math.random() * 40);
      }
    });
    child.on('error', reject);
    child.on('close', (status, signal) => {
      // A line that the kill cut is none.
      const finished = said.slice(0, said.lastIndexOf('\n') + 1).split('\n');
      resolve({ finished: finished.filter((l) => l !== '' && l !== 'ready'), status, signal });
    });
  });
}

function ids(ledger: Ledger): string[] {
  return ledger.entries.map(({ record }) => {
    if (record.kind !== 'experiment') throw new Error(`a ${record.kind}`);
    const { id, reason } = record.experiment;
    expect(reason.endsWith(`.${id}`)).toBe(true);
    return id;
  });
}

describe('a ledger', () => {
  it('loses no finished record to 200 kills in the middle of its writers', { timeout: 300_000 }, async () => {
    const finished: string[] = [];
    const problems = new Set<string>();
    let kills = 0;
    const records: string[] = [];
    // Ten ledgers, so that none grows beyond what is quickly read; in each, four writers at a time, killed 20 times.
    for (let round = 0; round < 10; round++) {
      const file = path.join(folder, `kill-${round}`, 'ledger.jsonl');
      const lane = async (side: string): Promise<void> => {
        for (let i = 0; i < 5; i++) {
          const ended = await write(file, `${round}${side}${i}`, 1_000_000, i % 3);
          if (ended.signal === 'SIGKILL') kills++;
          finished.push(...ended.finished);
        }
      };
      await Promise.all(['a', 'b', 'c', 'd'].map(lane));
      // The lock of the last one killed, its half line: nothing of that stands in the way.
      await appendExperiment(nodeLedger(file), experiment({ id: `end-${round}`, reason: `.end-${round}` }));
      finished.push(`end-${round}`);
      const ledger = await readLedger(nodeLedger(file));
      records.push(...ids(ledger));
      for (const problem of ledger.problems) problems.add(problem.kind);
      rmSync(path.dirname(file), { recursive: true });
    }
    expect(kills).toBe(200);
    expect(finished.length).toBeGreaterThan(160);
    const there = new Set(records);
    expect(finished.filter((id) => !there.has(id))).toEqual([]);
    expect(records.length).toBe(there.size);
    // What a kill cut is a line that cannot be read, followed by others; never anything else.
    expect([...problems].filter((kind) => kind !== 'invalid')).toEqual([]);
  });

  it('loses none of four writers at once', { timeout: 120_000 }, async () => {
    const file = path.join(folder, 'many', 'ledger.jsonl');
    const ended = await Promise.all(['a', 'b', 'c', 'd'].map((name) => write(file, name, 25, null)));
    expect(ended.map((e) => e.status)).toEqual([0, 0, 0, 0]);
    const ledger = await readLedger(nodeLedger(file));
    expect(ledger.problems).toEqual([]);
    expect(ids(ledger).sort()).toEqual(ended.flatMap((e) => e.finished).sort());
    expect(ledger.entries).toHaveLength(100);
  });
});
