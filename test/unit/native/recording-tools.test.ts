/** What recordings rest on: what the machine can do, symbols, machine code, counters, object files. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callgrindCounters, callgrindTotals } from '../../../extension/native/callgrind-run.ts';
import { parseStat, perfStat, statCounters } from '../../../extension/native/counters.ts';
import {
  disassemble,
  instructionsAt,
  ListingReader,
  piecesOf,
} from '../../../extension/native/disassemble.ts';
import { harnessBinary } from '../../../extension/native/harness.ts';
import { addressOfOffset, readFunctions, readObject } from '../../../extension/native/object-file.ts';
import { preflight, requireRecorder } from '../../../extension/native/preflight.ts';
import {
  AddressAnswers,
  parseJsonAnswer,
  SymbolCache,
  symbolize,
} from '../../../extension/native/symbolize.ts';
import { compileProfiled, harness, lacking, markedLine, refusal } from './profile-fixtures.ts';

const missing = lacking('cc', 'objdump', 'addr2line', 'readelf');
if (missing.length > 0) console.log(`skipped: object files need ${missing.join(', ')}`);

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'alloc-lens-tools-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('preflight', () => {
  let n = 0;
  /** A machine: programs of its PATH as shell scripts, and files below its root. */
  function machine(programs: Readonly<Record<string, string>>, files: Readonly<Record<string, string>> = {}) {
    const place = path.join(dir, `machine-${n++}`);
    const bin = path.join(place, 'bin');
    mkdirSync(bin, { recursive: true });
    for (const tool of ['sh', 'true', 'cat']) symlinkSync(`/bin/${tool}`, path.join(bin, tool));
    for (const [name, script] of Object.entries(programs)) {
      writeFileSync(path.join(bin, name), `#!/bin/sh\n${script}\n`);
      chmodSync(path.join(bin, name), 0o755);
    }
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(place, name)), { recursive: true });
      writeFileSync(path.join(place, name), text);
    }
    return preflight({ env: { PATH: bin }, root: place });
  }
  const version = 'case "$1" in --version) echo "perf version 6.9.1";;';
  const perf = (stat: string, record: string): string =>
    `${version} stat) ${stat};; record) ${record};; esac`;
  const counted = 'echo "123456,,cycles,1,100.00,," >&2';
  const unsupported = 'echo "<not supported>,,cycles,0,100.00,," >&2';
  const valgrind = 'echo valgrind-3.22.0';
  const paranoid = (value: number) => ({ 'proc/sys/kernel/perf_event_paranoid': `${value}\n` });

  it('cycles where they are counted, without a word about it', async () => {
    const found = await machine({ perf: perf(counted, 'exit 0'), valgrind }, paranoid(1));
    expect(found).toMatchObject({
      perf: '6.9.1',
      valgrind: '3.22.0',
      paranoid: 1,
      cycles: true,
      cpuClock: true,
    });
    expect(requireRecorder(found)).toEqual({ tool: 'perf', event: 'cycles' });
    expect([found.lacks, found.notes]).toEqual([[], []]);
  });

  it('the clock in a virtual machine, with the reason', async () => {
    const found = await machine({ perf: perf(unsupported, 'exit 0'), valgrind });
    expect(requireRecorder(found)).toEqual({ tool: 'perf', event: 'cpu-clock' });
    expect(found.notes).toHaveLength(1);
    expect(found.notes[0]).toMatch(/cpu-clock.*virtual machine without a PMU.*pmu=on/);
  });

  it.each([
    [
      'a strict kernel',
      {},
      paranoid(4),
      /perf_event_paranoid is 4.*`sudo sysctl kernel.perf_event_paranoid=1`/,
    ],
    ['a container', { '.dockerenv': '' }, paranoid(2), /container \(Docker\).*--cap-add PERFMON/],
    ['something else', {}, paranoid(1), /perf cannot record here: No permission.*sysctl/],
  ])('callgrind where perf may not record: %s', async (_, files, level, expected) => {
    const refuse = 'echo "No permission to enable cpu-clock event." >&2; exit 255';
    const found = await machine({ perf: perf(counted, refuse), valgrind }, { ...files, ...level });
    expect(requireRecorder(found)).toEqual({ tool: 'callgrind', event: 'Ir' });
    expect(found.cycles).toBe(false);
    expect(found.notes.join(' ')).toMatch(expected);
  });

  it('tells a perf that does not fit the kernel from none, and WSL', async () => {
    const wrapper = 'echo "WARNING: perf not found for kernel 6.1" >&2; exit 2';
    const found = await machine({ perf: wrapper, valgrind }, { 'proc/version': 'Linux 5.15 Microsoft' });
    expect(found.wsl).toBe(true);
    expect(found.lacks[0]?.what).toMatch(/does not run for this kernel/);
    expect(found.lacks[0]?.remedy).toMatch(/WSL/);
  });

  it('says all that is missing where nothing can record', async () => {
    const found = await machine({});
    expect(found.choice).toBeNull();
    await expect((async () => requireRecorder(found))()).rejects.toThrow(
      /perf is not installed.*valgrind is not installed/,
    );
  });

  it('mentions hidden kernel symbols', async () => {
    const hidden = { 'proc/sys/kernel/kptr_restrict': '1\n', ...paranoid(1) };
    const found = await machine({ perf: perf(counted, 'exit 0') }, hidden);
    expect(found.notes.join()).toMatch(/kptr_restrict=0/);
  });
});

describe.skipIf(missing.length > 0)('object files', () => {
  let program = '';
  beforeAll(() => {
    program = path.join(dir, 'profiled');
    compileProfiled(program);
  });

  it('build id, segments and functions are those of readelf', async () => {
    const object = await readObject(program);
    const notes = execFileSync('readelf', ['-n', program], { encoding: 'utf8' });
    expect(object?.buildId).toBe(/Build ID: ([0-9a-f]+)/.exec(notes)?.[1]);
    expect(object?.debug).toBe(true);
    const symbols = execFileSync('readelf', ['-sW', program], { encoding: 'utf8' });
    const [, address = '', size = ''] =
      /: ([0-9a-f]{16})\s+(\d+) FUNC\s+\S+\s+\S+\s+\S+ work$/m.exec(symbols) ?? [];
    const functions = await readFunctions(program);
    expect(functions.find((f) => f.name === 'work')).toEqual({
      name: 'work',
      address: Number.parseInt(address, 16),
      size: Number(size),
    });
    const text = object?.segments.find(
      (s) => s.address <= 0x1000 + 0x100 && s.address + s.fileSize > 0x1000 + 0x100,
    );
    if (object === null || text === undefined) throw new Error('no segment');
    expect(addressOfOffset(object, text.offset + 5)).toBe(text.address + 5);
    expect(addressOfOffset(object, 2 ** 40)).toBeNull();
  });

  it('stripped, truncated, damaged and other files are no trouble', async () => {
    const stripped = path.join(dir, 'stripped');
    compileProfiled(stripped, '-s');
    expect((await readObject(stripped))?.debug).toBe(false);
    expect((await readFunctions(stripped)).some((f) => f.name === 'work')).toBe(false);
    const whole = readFileSync(program);
    const bad = path.join(dir, 'bad');
    for (const cut of [0, 3, 16, 63, 64, 200, Math.floor(whole.length / 2), whole.length - 1]) {
      writeFileSync(bad, whole.subarray(0, cut));
      await readObject(bad);
      expect(Array.isArray(await readFunctions(bad))).toBe(true);
    }
    for (let i = 0; i < 64; i++) {
      const damaged = Buffer.from(whole);
      damaged[i] = 0xff;
      writeFileSync(bad, damaged);
      await readObject(bad);
      await readFunctions(bad);
    }
    for (const other of [dir, path.join(dir, 'nothing'), '/dev/null']) {
      expect(await readObject(other)).toBeNull();
      expect(await readFunctions(other)).toEqual([]);
    }
  });

  it('symbols: both tools say the same of every instruction, what is known is not asked again', async () => {
    const object = await readObject(program);
    if (object === null) throw new Error('no object');
    const work = (await readFunctions(program)).find((f) => f.name === 'work');
    const listing = (await disassemble(program, 'work')).rows;
    const addresses = listing.map((r) => Number.parseInt(r.address, 16));
    expect(addresses[0]).toBe(work?.address);
    const cache = new SymbolCache();
    const one = await symbolize('addr2line', object, addresses, {});
    const line = markedLine('MIX');
    const mix = [...one].filter(([, frames]) => frames[0]?.line === line);
    expect(mix.length).toBeGreaterThan(5);
    for (const [, frames] of mix) {
      expect(frames.map((f) => f.function)).toEqual(['mix', 'work']);
      expect(frames[1]?.line).toBe(markedLine('CALL'));
    }
    for (const row of listing)
      expect(one.get(Number.parseInt(row.address, 16))?.[0]?.line ?? null).toBe(row.line);
    if (lacking('llvm-symbolizer').length === 0) {
      const other = await symbolize('llvm-symbolizer', object, addresses, { cache });
      for (const [address, frames] of one) {
        expect(other.get(address)?.map(({ function: f, file, line: l }) => [f, file, l])).toEqual(
          frames.map(({ function: f, file, line: l }) => [f, file, l]),
        );
      }
      expect(other.get(addresses.at(-1) ?? 0)?.at(-1)?.definedAt).toBeGreaterThan(line);
      // Nobody is asked: there is nobody on this PATH.
      const again = await symbolize('llvm-symbolizer', object, addresses, { cache, env: { PATH: dir } });
      expect(again).toEqual(other);
    }
    expect(await symbolize('addr2line', object, [2 ** 40], {})).toEqual(new Map());
  });

  it('answers of the tools, and what is none', () => {
    expect(parseJsonAnswer('nonsense')).toBeNull();
    expect(parseJsonAnswer('[]')).toBeNull();
    expect(
      parseJsonAnswer('{"Address":"0x10","Symbol":[{"FunctionName":"f","FileName":"/a/b/../c.c","Line":0}]}'),
    ).toEqual([16, [{ function: 'f', file: '/a/c.c', line: null, definedAt: null }]]);
    const reader = new AddressAnswers();
    const lines = [
      '0x10',
      'inner',
      '/a/b/../c.c:7 (discriminator 3)',
      'outer',
      '/a/d.c:?',
      '0x20',
      '??',
      '??:0',
    ];
    const answers = [...lines.map((l) => reader.line(l)), reader.end()].filter((a) => a !== null);
    expect(answers).toEqual([
      [
        16,
        [
          { function: 'inner', file: '/a/c.c', line: 7, definedAt: null },
          { function: 'outer', file: '/a/d.c', line: null, definedAt: null },
        ],
      ],
      [32, [{ function: null, file: null, line: null, definedAt: null }]],
    ]);
  });

  it('a function whole, with shares; hostile names; what is not there', async () => {
    const { rows } = await disassemble(program, 'work', undefined, {
      addresses: {
        object: program,
        buildId: null,
        points: [[Number.parseInt((await disassemble(program, 'work')).rows[3]?.address ?? '0', 16), 42]],
      },
    });
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.map((r) => r.percent).filter((p) => p !== 0)).toEqual([42]);
    expect(rows[3]?.percent).toBe(42);
    expect(rows.some((r) => r.line === markedLine('MIX') && r.file?.endsWith('profiled.c') === true)).toBe(
      true,
    );
    for (const r of rows) expect(r.text).not.toMatch(/\s{2}|\t/);
    expect((await disassemble(program, 'main')).rows.every((r) => r.percent === null)).toBe(true);
    for (const name of ['mix', 'nothing', '--help', '$(touch pwned)', 'a\nb']) {
      expect(await refusal(disassemble(program, name))).toMatch(
        /inlined everywhere, or the symbols are stripped/,
      );
    }
    expect(await refusal(disassemble(path.join(dir, '-d'), 'main'))).toMatch(/no function main/);
    const env = { PATH: dir };
    expect(await refusal(disassemble(program, 'work', undefined, { env }))).toMatch(/install binutils/);
    const controller = new AbortController();
    controller.abort();
    await expect(disassemble(program, 'work', controller.signal)).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  it('pieces of a function that the compiler made', () => {
    const symbol = (name: string, address: number, size = 8) => ({ name, address, size });
    const all = [
      symbol('f', 0x10),
      symbol('f.cold', 0x5),
      symbol('f.part.0', 0x30),
      symbol('f.constprop.0.isra.1', 0x40),
      symbol('f.other', 0x50),
      symbol('ff', 0x60),
      symbol('f.part.0', 0x30),
      symbol('f.localalias', 0x70, 0),
    ];
    expect(piecesOf(all, 'f').map((s) => s.address)).toEqual([0x10, 0x30, 0x40, 0x5]);
  });

  it('instructions by address, far apart and together', async () => {
    const rows = (await disassemble(program, 'work')).rows.concat((await disassemble(program, 'main')).rows);
    const addresses = rows.filter((_, i) => i % 3 === 0).map((r) => Number.parseInt(r.address, 16));
    const texts = await instructionsAt(program, addresses, {});
    expect(texts.size).toBe(new Set(addresses).size);
    for (const row of rows) {
      const text = texts.get(Number.parseInt(row.address, 16));
      if (text !== undefined) expect(text).toBe(row.text);
    }
  });

  it('a listing says nothing of lines that it does not know', () => {
    const reader = new ListingReader();
    const lines = [
      '0000000000001180 <f>:',
      'f():',
      '/a/b.c:3',
      '    1180:\tpush   %rbp',
      '/a/b.c:4 (discriminator 2)',
      '    1181:\tlock addq $0x1,0x2d3c(%rip)        # 3ec0 <g>',
      '0000000000001190 <g>:',
      '    1190:\tret',
    ];
    for (const line of lines) reader.line(line);
    expect(reader.rows.map((r) => [r.address, r.text, r.line])).toEqual([
      ['1180', 'push %rbp', 3],
      ['1181', 'lock addq $0x1,0x2d3c(%rip) # 3ec0 <g>', 4],
      ['1190', 'ret', null],
    ]);
  });
});

describe('counters', () => {
  it('of perf stat: only what was counted, all the time', () => {
    const text =
      '# started\n\n1000,,cycles,5,100.00,,\n2500,,instructions:u,5,100.00,2.5,insn per cycle\n<not supported>,,branches,0,100.00,,\n77,,cache-misses,5,43.10,,\n<not counted>,,branch-misses,0,0.00,,\n';
    expect([...parseStat(text)]).toEqual([
      ['cycles', 1000],
      ['instructions', 2500],
    ]);
    expect(statCounters(parseStat(text), 100)).toEqual({
      source: 'perf stat',
      cyclesPerOp: 10,
      instructionsPerOp: 25,
      branchesPerOp: null,
      branchMissesPerOp: null,
      cacheMissesPerOp: null,
    });
    expect(statCounters(new Map([['branches', 5]]), 100)).toBeNull();
    expect(parseStat('').size).toBe(0);
  });

  it("of callgrind: the last level's misses, the file's own totals", async () => {
    const file = path.join(dir, 'callgrind.out.1');
    writeFileSync(
      file,
      'version: 1\nevents: Ir Dr Dw ILmr DLmr DLmw Bc Bcm Bi Bim\nsummary: 1\nfn=f\n1 100\n\ntotals: 1000 200 100 1 2 3 50 5 10 1\n',
    );
    const { counters, memoryOpsPerOp } = callgrindCounters(await callgrindTotals(file), 10);
    expect(counters).toEqual({
      source: 'callgrind',
      cyclesPerOp: null,
      instructionsPerOp: 100,
      branchesPerOp: 6,
      branchMissesPerOp: 0.6,
      cacheMissesPerOp: 0.6,
    });
    expect(memoryOpsPerOp).toBe(30);
    expect(callgrindCounters(new Map([['Ir', 10]]), 0).counters.instructionsPerOp).toBeNull();
  });

  it.skipIf(lacking('cc', 'perf').length > 0)(
    'the harness is counted in its timed passes alone',
    async () => {
      const binary = await harnessBinary({
        source: harness,
        cacheDir: path.join(dir, 'cache'),
        compiler: 'cc',
      });
      const folder = mkdtempSync(path.join(dir, 'stat-'));
      const control = { commands: path.join(folder, 'commands'), answers: path.join(folder, 'answers') };
      execFileSync('mkfifo', [control.commands, control.answers]);
      const { outcome, counts } = await perfStat({
        command: [binary, 'floor', 'iterations=1000', 'passes=3', `control=${folder}`],
        programEnv: {},
        ...{ folder, control },
        events: ['page-faults', 'task-clock'],
      });
      expect(outcome.status).toBe(0);
      expect(counts.get('task-clock')).toBeGreaterThan(0);
      // Loading the program and its libraries takes some hundred; passes of `floor` touch what is there already.
      expect(counts.get('page-faults')).toBeLessThan(20);
    },
  );
});
