/** The ledger's files: what is appended is read back, whatever a crash, a hand or a later version left between. */
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { appendRecord, idOf, ledgerOf, readLedger } from '../../../extension/experiment/ledger.ts';
import { type LedgerFiles, nodeLedger } from '../../../extension/experiment/ledger-files.ts';
import { withLock } from '../../../extension/experiment/ledger-lock.ts';
import { readRecord } from '../../../extension/experiment/ledger-record.ts';
import { findRecord, ledgerListing } from '../../../extension/experiment/ledger-rows.ts';
import type { LedgerRecord } from '../../../extension/model-ledger.ts';
import { appendCalibration, appendCosts, appendExperiment, appendSoak } from './append.ts';
import { calibration, costs, experiment, soak } from './lab-records.ts';

const base = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-ledger-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));
let made = 0;

/** A workspace of its own, and where its ledger is. */
function workspace(content?: string | Buffer): { folder: string; file: string } {
  const folder = path.join(base, `w${made++}`);
  const file = path.join(folder, '.alloc-lens', 'ledger.jsonl');
  mkdirSync(content === undefined ? folder : path.dirname(file), { recursive: true });
  if (content !== undefined) writeFileSync(file, content);
  return { folder, file };
}

const record = (id: string, at = '2026-01-01T00:00:00.000Z'): LedgerRecord => ({
  ...{ v: 1, kind: 'experiment', at },
  experiment: experiment({ id }),
});
const lineOf = (id: string): string => `${JSON.stringify(record(id))}\n`;

async function idsIn(file: string): Promise<string[]> {
  return (await readLedger(nodeLedger(file))).entries.map((e) => idOf(e.record));
}

describe('append and read', () => {
  it('one line a record of every kind, in a folder that it makes', async () => {
    const { folder, file } = workspace();
    expect((await readLedger(ledgerOf(folder))).present).toBe(false);
    expect(await appendExperiment(folder, experiment())).toBe(file);
    await appendSoak(folder, soak);
    await appendCosts(folder, costs);
    await appendCalibration(folder, calibration);
    const ledger = await readLedger(ledgerOf(folder));
    expect(ledger.problems).toEqual([]);
    expect(ledger.entries.map((e) => [e.record.kind, e.line])).toEqual([
      ['experiment', 1],
      ['soak', 2],
      ['costs', 3],
      ['calibration', 4],
    ]);
    expect(ledger.entries[0]?.record).toMatchObject({ v: 1, experiment: experiment() });
    expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(5);
    expect(readdirSync(path.dirname(file))).toEqual(['ledger.jsonl']);
    const rows = ledgerListing(ledger).records;
    expect(rows[0]).toMatchObject({ id: 'exp-1', verdict: 'GO', passed: null, effectPercent: 1.5, line: 1 });
    expect(rows[1]).toMatchObject({ id: 'soak-1', verdict: null, passed: true, title: '10 min of balanced' });
    expect(rows[3]?.id).toMatch(/^calibration-20/);
  });

  it('refuses a record that could not be read back, and writes nothing of it', async () => {
    const { folder, file } = workspace();
    await expect(appendExperiment(folder, experiment({ threshold: Number.NaN }))).rejects.toThrow(
      /could not be read back: experiment.threshold is null/,
    );
    await appendExperiment(folder, experiment());
    expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toHaveLength(1);
  });

  it('the newest of an id is found, the older ones are counted', async () => {
    const { folder } = workspace();
    await appendRecord(ledgerOf(folder), record('a', '2026-01-02T00:00:00Z'));
    await appendRecord(ledgerOf(folder), record('a', '2026-01-01T00:00:00Z'));
    const ledger = await readLedger(ledgerOf(folder));
    expect(findRecord(ledger, 'a')).toMatchObject({
      older: 1,
      entry: { record: { at: '2026-01-02T00:00:00Z' } },
    });
    expect(findRecord(ledger, 'b')).toBeNull();
  });
});

describe('a crash at any byte', () => {
  it('of the last record costs that record alone, is reported, and the next record is whole', async () => {
    const last = Buffer.from(lineOf('torn'));
    const before = lineOf('first');
    const { file } = workspace('');
    const pieces = nodeLedger(file);
    for (let kept = 0; kept <= last.length; kept++) {
      const content = Buffer.concat([Buffer.from(before), last.subarray(0, kept)]);
      const ledger = await readLedger({
        ...pieces,
        size: async () => content.length,
        read: async function* () {
          // Lines do not end where pieces do.
          for (let at = 0; at < content.length; at += 1000) yield content.subarray(at, at + 1000);
        },
      });
      const finished = kept >= last.length - 1;
      expect(
        ledger.entries.map((e) => idOf(e.record)),
        `cut at ${kept}`,
      ).toEqual(finished ? ['first', 'torn'] : ['first']);
      expect(ledger.problems.map((p) => [p.kind, p.line])).toEqual(
        finished || kept === 0 ? [] : [['torn', 2]],
      );
    }
    // Appending costs a sync each: every 37th byte, and the last ones.
    for (let kept = 0; kept <= last.length; kept += kept < last.length - 3 ? 37 : 1) {
      writeFileSync(file, Buffer.concat([Buffer.from(before), last.subarray(0, kept)]));
      await appendRecord(nodeLedger(file), record('next'));
      const finished = kept >= last.length - 1;
      const ledger = await readLedger(nodeLedger(file));
      expect(
        ledger.entries.map((e) => idOf(e.record)),
        `cut at ${kept}`,
      ).toEqual(finished ? ['first', 'torn', 'next'] : ['first', 'next']);
      // What was there is still there, byte for byte.
      const tail = last.subarray(0, kept);
      expect(
        readFileSync(file)
          .subarray(before.length, before.length + kept)
          .equals(tail),
      ).toBe(true);
      expect(ledger.problems.map((p) => [p.kind, p.line])).toEqual(
        finished || kept === 0 ? [] : [['invalid', 2]],
      );
    }
  });

  it('zeros that a loss of power leaves are one bad line', async () => {
    const { file } = workspace(Buffer.concat([Buffer.from(lineOf('a')), Buffer.alloc(300)]));
    await appendRecord(nodeLedger(file), record('b'));
    const ledger = await readLedger(nodeLedger(file));
    expect(ledger.entries.map((e) => idOf(e.record))).toEqual(['a', 'b']);
    expect(ledger.problems).toMatchObject([{ kind: 'invalid', line: 2 }]);
    // Also where they are all that the first write left.
    writeFileSync(file, Buffer.alloc(300));
    await appendRecord(nodeLedger(file), record('c'));
    expect(await idsIn(file)).toEqual(['c']);
  });
});

describe('hand edits', () => {
  const good = JSON.parse(lineOf('x')) as { experiment: Record<string, unknown> } & Record<string, unknown>;
  const edited = (name: string, value: unknown): string =>
    JSON.stringify({ ...good, experiment: { ...good.experiment, [name]: value } });

  it.each([
    ['a word', 'hello', /^not JSON/],
    ['two records in a line', lineOf('a').trim() + lineOf('b').trim(), /^not JSON/],
    ['a number', '42', /not a record/],
    ['no version', '{"kind":"experiment"}', /v, the version/],
    ['version text', '{"v":"1"}', /v, the version/],
    ['an unknown kind', '{"v":1,"kind":"party"}', /kind is 'party', not one of experiment/],
    ['a kind of every object', '{"v":1,"kind":"constructor"}', /kind is 'constructor'/],
    ['no time', JSON.stringify({ ...good, at: 'yesterday' }), /^at is not a time/],
    ['a figure as text', edited('threshold', '0.5'), /^experiment.threshold is a string, not a number/],
    [
      'infinity',
      edited('threshold', 0).replace('"threshold":0', '"threshold":1e999'),
      /threshold is not finite/,
    ],
    ['an unknown verdict', edited('verdict', 'MAYBE'), /verdict is 'MAYBE'/],
    ['a side without runs', edited('baseline', { label: 'x' }), /^experiment.baseline.spec is missing/],
    ['a bad unit', edited('units', [{}]), /^experiment.units\[0\].index is missing/],
    ['reversed bounds', edited('interval', [2, 1]), /interval has its bounds reversed/],
    [
      'an environment of numbers',
      edited('treatment', {
        ...experiment().treatment,
        spec: { target: 'engine', variant: 'v', preset: null, flags: {}, env: { A: 1 } },
      }),
      /spec.env.A is a number, not text/,
    ],
    [
      'deep nesting',
      edited('extra', 0).replace('"extra":0', `"extra":${'['.repeat(5000)}${']'.repeat(5000)}`),
      /nested deeper/,
    ],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), /^not UTF-8/],
  ])('%s is reported with its line, and the others stay', async (_, line, reason) => {
    const content = Buffer.concat([
      Buffer.from(lineOf('a')),
      Buffer.from(line),
      Buffer.from(`\n${lineOf('b')}`),
    ]);
    const { file } = workspace(content);
    const ledger = await readLedger(nodeLedger(file));
    expect(ledger.entries.map((e) => [idOf(e.record), e.line])).toEqual([
      ['a', 1],
      ['b', 3],
    ]);
    expect(ledger.problems).toHaveLength(1);
    expect(ledger.problems[0]).toMatchObject({ kind: 'invalid', file, line: 2 });
    expect(ledger.problems[0]?.reason).toMatch(reason);
    await appendRecord(nodeLedger(file), record('c'));
    expect(readFileSync(file).subarray(0, content.length).equals(content)).toBe(true);
  });

  it('a later version is named and not lost', async () => {
    const { file } = workspace(`${lineOf('a')}{"v":7,"kind":"hologram"}\n`);
    const { problems } = await readLedger(nodeLedger(file));
    expect(problems).toMatchObject([{ kind: 'newer', version: 7, line: 2 }]);
    expect(problems[0]?.reason).toMatch(/schema 7, this one reads 1/);
  });

  it('unknown properties, blank lines, CRLF, a byte order mark and a missing last line end are fine', async () => {
    const extra = edited('note', 'mine');
    const { file } = workspace(`\ufeff${lineOf('a').trim()}\r\n\r\n  \n${extra}`);
    const ledger = await readLedger(nodeLedger(file));
    expect(ledger.problems).toEqual([]);
    expect(ledger.entries.map((e) => e.line)).toEqual([1, 4]);
    expect(ledger.entries[1]?.record).toHaveProperty('experiment.note', 'mine');
    await appendRecord(nodeLedger(file), record('b'));
    expect(await idsIn(file)).toEqual(['a', 'x', 'b']);
  });

  it('names of prototypes are ordinary names', async () => {
    const { file } = workspace(edited('id', '__proto__').replace('"v":1', '"__proto__":{"v":2},"v":1'));
    expect(await idsIn(file)).toEqual(['__proto__']);
  });
});

/** Every place inside a value, as a path. */
function* places(value: unknown, at: readonly (string | number)[] = []): Generator<(string | number)[]> {
  if (typeof value !== 'object' || value === null) return;
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  for (const key of keys) {
    const inner = [...at, key];
    yield inner;
    yield* places(Reflect.get(value, key), inner);
  }
}

describe('the check of records', () => {
  const all: readonly LedgerRecord[] = [
    record('x'),
    { v: 1, kind: 'soak', at: '2026-01-01T00:00:00Z', soak },
    { v: 1, kind: 'costs', at: '2026-01-01T00:00:00Z', costs },
    { v: 1, kind: 'calibration', at: '2026-01-01T00:00:00Z', calibration },
  ];

  it.each(all.map((r) => [r.kind, r] as const))(
    '%s: no property may be missing or of another type',
    (_, good) => {
      expect(readRecord(structuredClone(good))).toHaveProperty('record');
      let tried = 0;
      for (const at of places(good)) {
        const key = at.at(-1) ?? '';
        const inMap = ['flags', 'env'].includes(String(at.at(-2))) && at.at(-3) === 'spec';
        for (const wrong of [undefined, Symbol.iterator, { strange: true }, [[[]]]]) {
          // A list may be shorter, a map of settings smaller.
          if (wrong === undefined && (typeof key === 'number' || inMap)) continue;
          const copy: unknown = structuredClone(good);
          const holder = at
            .slice(0, -1)
            .reduce<unknown>((v, k) => Reflect.get(v as object, k), copy) as object;
          if (wrong === undefined) Reflect.deleteProperty(holder, key);
          else Reflect.set(holder, key, wrong);
          expect(readRecord(copy), `${at.join('.')} ${String(wrong)}`).toHaveProperty('problem');
          tried++;
        }
      }
      expect(tried).toBeGreaterThan(30);
    },
  );
});

describe('files that are no ledger', () => {
  it('500 MB are not read, the next record goes into a file of its own, and is read', async () => {
    const { folder, file } = workspace(lineOf('a'));
    truncateSync(file, 500 * 1000 * 1000);
    const written = await appendExperiment(folder, experiment({ id: 'late' }));
    expect(path.dirname(written)).toBe(path.join(folder, '.alloc-lens', 'ledger'));
    const ledger = await readLedger(ledgerOf(folder));
    expect(ledger.entries.map((e) => idOf(e.record))).toEqual(['late']);
    expect(ledger.problems).toMatchObject([{ kind: 'file', file, line: 0 }]);
    expect(ledger.problems[0]?.reason).toMatch(/477 MiB long, 128 MiB is the most/);
  });

  it('binary data is one problem', async () => {
    const { file } = workspace(Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * 7919) & 255)));
    const { entries, problems, moreProblems } = await readLedger(nodeLedger(file));
    expect({ entries, moreProblems }).toEqual({ entries: [], moreProblems: 0 });
    expect(problems).toMatchObject([{ kind: 'file' }]);
    expect(problems[0]?.reason).toMatch(/binary data/);
  });

  it('an endless line is skipped without being held', async () => {
    const { file } = workspace(`${lineOf('a')}${'x'.repeat(3_000_000)}\n${lineOf('b')}`);
    const limits = { file: 1 << 24, record: 1 << 20, files: 10, problems: 10 };
    const ledger = await readLedger(nodeLedger(file), limits);
    expect(ledger.entries.map((e) => [idOf(e.record), e.line])).toEqual([
      ['a', 1],
      ['b', 3],
    ]);
    expect(ledger.problems[0]?.reason).toMatch(/longer than 1048576 bytes/);
  });

  it('many problems are counted, not all listed', async () => {
    const { file } = workspace('bad\n'.repeat(250));
    const { problems, moreProblems } = await readLedger(nodeLedger(file));
    expect([problems.length, moreProblems]).toEqual([100, 150]);
  });

  it('a folder, a device or a part of the path that is a file are named', async () => {
    const { folder, file } = workspace();
    mkdirSync(file, { recursive: true });
    const ledger = await readLedger(ledgerOf(folder));
    expect(ledger.problems[0]?.reason).toMatch(/not a regular file/);
    // The lines cannot be appended to: the record has a file of its own.
    expect(path.dirname(await appendExperiment(folder, experiment()))).toMatch(/ledger$/);
    const device = path.join(folder, 'zero.jsonl');
    symlinkSync('/dev/zero', device);
    expect((await readLedger(nodeLedger(device))).problems[0]?.reason).toMatch(/not a regular file/);
    const blocked = path.join(base, `w${made++}`);
    mkdirSync(blocked);
    writeFileSync(path.join(blocked, '.alloc-lens'), '');
    await expect(appendExperiment(blocked, experiment())).rejects.toThrow(/^cannot write .*\.alloc-lens/);
  });
});

describe('one file a record', () => {
  /** A workspace that can only write whole files. */
  function wholeFiles(content: Map<string, Uint8Array>): LedgerFiles {
    return {
      path: '/ws/.alloc-lens/ledger.jsonl',
      recordsPath: '/ws/.alloc-lens/ledger',
      size: async () => null,
      read: async function* () {},
      append: null,
      recordNames: async () => [...content.keys()],
      readRecord: async (name) => content.get(name) ?? Buffer.alloc(0),
      createRecord: async (name, bytes) => {
        if (content.has(name)) return false;
        content.set(name, bytes);
        return true;
      },
    };
  }

  it('where the workspace cannot append; names are safe and never the same', async () => {
    const content = new Map<string, Uint8Array>();
    const files = wholeFiles(content);
    for (const id of ['a', 'a', 'A', '../../etc/passwd', 'CON', '名前'])
      await appendExperiment(files, experiment({ id }));
    content.set('broken.json', Buffer.from('{"v":1'));
    content.set('.hidden.json', Buffer.from('x'));
    content.set('readme.txt', Buffer.from('x'));
    const ledger = await readLedger(files);
    expect(ledger.entries.map((e) => idOf(e.record)).sort()).toEqual(
      ['../../etc/passwd', 'A', 'CON', 'a', 'a', '名前'].sort(),
    );
    for (const name of [...content.keys()].slice(0, 6)) expect(name).toMatch(/^[a-z0-9][a-z0-9-]*\.json$/);
    expect(ledger.problems).toMatchObject([
      { kind: 'invalid', file: '/ws/.alloc-lens/ledger/broken.json', line: 1 },
    ]);
  });

  it('is read together with the lines, by time, and leaves no other file', async () => {
    const { folder, file } = workspace();
    await appendRecord(ledgerOf(folder), record('line', '2026-01-02T00:00:00Z'));
    const whole = { ...ledgerOf(folder), append: null };
    await appendRecord(whole, record('own', '2026-01-01T00:00:00Z'));
    expect(await idsIn(file)).toEqual(['own', 'line']);
    expect(readdirSync(path.join(folder, '.alloc-lens', 'ledger'))).toHaveLength(1);
  });
});

describe('the lock', () => {
  const quick = { patience: 150, limit: 3000 };

  it('of a dead process is taken over at once, of another machine after patience', async () => {
    const { folder } = workspace();
    const lock = path.join(folder, 'x.lock');
    let token = '';
    await withLock(lock, async () => {
      const { readlinkSync } = await import('node:fs');
      token = readlinkSync(lock);
    });
    expect(token).toMatch(/^[0-9a-f]{16}-\d+-[0-9a-f]{12}$/);
    // No process has this number: it is above the largest that Linux gives.
    symlinkSync(token.replace(/-\d+-/, '-4194999-'), lock);
    await withLock(lock, async () => {}, { patience: 60_000, limit: 2000 });
    for (const foreign of [token.replace(/^./, (c) => (c === '0' ? '1' : '0')), 'nonsense', token]) {
      symlinkSync(foreign, lock);
      await expect(withLock(lock, async () => {}, { patience: 60_000, limit: 100 })).rejects.toThrow(
        /held by another/,
      );
      await withLock(lock, async () => {}, quick);
    }
    // As a file, where links cannot be made; an empty one was killed before it had its owner.
    writeFileSync(lock, '');
    await withLock(lock, async () => {}, quick);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('left beside a lock by a process that died while taking it over is no obstacle', async () => {
    const { folder } = workspace();
    const lock = path.join(folder, 'x.lock');
    symlinkSync('foreign', lock);
    symlinkSync('foreign', `${lock}.steal`);
    await withLock(lock, async () => {}, quick);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('lets one at a time in', async () => {
    const { folder } = workspace();
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      await new Promise((r) => setTimeout(r, 2));
      inside--;
    };
    await Promise.all(Array.from({ length: 12 }, () => withLock(path.join(folder, 'x.lock'), work)));
    expect(most).toBe(1);
  });

  it('is free again after work that failed', async () => {
    const { folder } = workspace();
    const fail = withLock(path.join(folder, 'x.lock'), async () => {
      throw new Error('no');
    });
    await expect(fail).rejects.toThrow('no');
    expect(readdirSync(folder)).toEqual([]);
  });
});

it('appends of one process at the same time are all kept', async () => {
  const { folder, file } = workspace();
  await Promise.all(
    Array.from({ length: 20 }, (_, i) => appendExperiment(folder, experiment({ id: `e${i}` }))),
  );
  expect((await idsIn(file)).sort()).toEqual(Array.from({ length: 20 }, (_, i) => `e${i}`).sort());
  appendFileSync(file, 'x');
  expect((await readLedger(nodeLedger(file))).problems).toHaveLength(1);
});
