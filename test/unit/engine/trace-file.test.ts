import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { flatCode, threadCodes } from '../../../engine/host/trace-code.ts';
import { pubFlag, readTrace, waitFlag } from '../../../engine/host/trace-file.ts';
import { UserError } from '../../../extension/model.ts';
import { randomTrace, tinyTrace, traceText, writeTrace } from './traces.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'alloc-lens-trace-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

function reading(text: string): ReturnType<typeof readTrace> {
  return readTrace(writeTrace(folder, `t${files++}`, text));
}

/** A trace of two threads by lines, with the header that fits. */
function two(lines: readonly string[], objects: number): string {
  return traceText(lines, { objects, threads: 2 });
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).exitCode).toBe(2);
    expect((error as UserError).message).not.toContain('\n');
    return (error as UserError).message;
  }
  throw new Error('was accepted');
}

describe('readTrace', () => {
  it('reads every kind of line', async () => {
    const trace = await reading(tinyTrace);
    expect(trace).toMatchObject({ program: 'test', objects: 5, threads: 1, operations: 12 });
    expect([...trace.leftTo]).toEqual([-1, -1, -1, 0, 0]);
    expect([...trace.sizes]).toEqual([0, 100, 4096, 5000, 300, 0, 8, 0, 0, 70000, 0, 0]);
    const { words, left } = flatCode(trace, false);
    expect([...left]).toEqual([3, 4]);
    // a 0 0, and m 3 300 4096 in three words.
    expect([...words.slice(0, 2)]).toEqual([1, 0]);
    expect([...words.slice(8, 11)]).toEqual([(3 << 5) | 4, 300, 4096]);
  });

  it('orders threads by the last operation before a hand-over', async () => {
    const trace = await reading(two(['a 0 8', 'a 1 8', 'r 1 16', 't 1', 'a 2 8', 'r 1 32', 'f 1', 'f 2'], 3));
    const flags = [...trace.meta].map((m) => m & (waitFlag | pubFlag));
    expect(flags).toEqual([0, 0, pubFlag, 0, waitFlag, 0, 0]);
    const [first, second] = threadCodes(trace);
    expect(first?.words.length).toBe(6);
    expect([...(second?.words ?? [])]).toEqual([
      ...[(2 << 5) | 1, 8, (1 << 5) | waitFlag | 2, 32],
      ...[1 << 5, 2 << 5],
    ]);
    expect([...(first?.left ?? [])]).toEqual([0]);
    expect(flatCode(trace, false).words.length).toBe(12);
    // One word more for the change of thread.
    expect(flatCode(trace, true).words.length).toBe(13);
  });

  it('takes a file without its last line end, and generated ones', async () => {
    expect((await reading(tinyTrace.trimEnd())).operations).toBe(12);
    expect((await reading(randomTrace(3, 2000, 7))).threads).toBe(3);
  });

  it.each([
    ['', /the file is empty/],
    ['hello\n', /line 1: expected "# alloc-trace v1/],
    [tinyTrace.replace('v1', 'v2'), /line 1: expected/],
    [tinyTrace.replace('objects=5', 'objects=-5'), /line 1: expected/],
    [tinyTrace.replace('ops=12', 'ops=0'), /line 1: ops=0 has to be from 1/],
    [tinyTrace.replace('ops=12', 'ops=999999999'), /line 1: ops=999999999 has to be from 1 to 50,000,000/],
    [tinyTrace.replace('objects=5', 'objects=13'), /line 1: objects=13 has to be from 1 to 12/],
    [tinyTrace.replace('threads=1', 'threads=65'), /line 1: threads=65 has to be from 1 to 12/],
    [tinyTrace.replaceAll('\n', '\r\n'), /line 1: expected/],
    [tinyTrace.replace('ops=12', 'ops=11'), /line 13: more operations than the header says \(ops=11\)/],
    [tinyTrace.replace('ops=12', 'ops=13'), /it ends after 12 of ops=13 operations/],
    [tinyTrace.replace('objects=5', 'objects=4'), /line 9: id 4, but the header says objects=4/],
    [tinyTrace.replace('objects=5', 'objects=6'), /id 5 is never used/],
    [tinyTrace.replace('a 1 100', 'a 0 100'), /line 3: id 0 is live already/],
    [tinyTrace.replace('r 1 5000', 'r 4 5000'), /line 5: id 4 is not live/],
    [tinyTrace.replace('f 0\nr 2 8', 'f 4\nr 2 8'), /line 7: id 4 is not live/],
    [tinyTrace.replace('r 1 5000', 'r 1 0'), /line 5: a realloc needs a size above 0/],
    [tinyTrace.replace('300 4096', '300 4095'), /line 6: alignment 4095 is no power of two/],
    [tinyTrace.replace('300 4096', '300 0'), /line 6: alignment 0 is no power of two/],
    [tinyTrace.replace('a 1 100', 'a 1 4294967296'), /line 3: 4294967296 is not below 2\^32/],
    [tinyTrace.replace('a 1 100', 'a 1'), /line 3: expected 'a' and 2 numbers/],
    [tinyTrace.replace('a 1 100', 'a 1 100 '), /line 3: expected 'a' and 2 numbers/],
    [tinyTrace.replace('a 1 100', 'a  1 100'), /line 3: expected 'a' and 2 numbers/],
    [tinyTrace.replace('a 1 100', 'a 1 -100'), /line 3: expected 'a' and 2 numbers/],
    [tinyTrace.replace('a 1 100', 'a 1 1e2'), /line 3: expected 'a' and 2 numbers/],
    [tinyTrace.replace('f 2', 'f 2 7'), /line 10: expected 'f' and a number/],
    [tinyTrace.replace('a 1 100', 'x 1 100'), /line 3: expected a, c, m, r, f or t/],
    [tinyTrace.replace('a 1 100', ''), /line 3: expected a, c, m, r, f or t/],
    [tinyTrace.replace('a 1 100', 't 1\na 1 100'), /line 3: thread 1, but the header says threads=1/],
    [tinyTrace.replace('a 1 100', 't 0\n'.repeat(20)), /line 16: more thread lines than operations/],
    [tinyTrace.replace('a 1 100', `a 1 ${'1'.repeat(300)}`), /line 3: longer than 200 bytes/],
    [`${tinyTrace}${'f'.repeat(100_000)}`, /line 14: longer than 200 bytes/],
    [tinyTrace.replace('threads=1', 'threads=2'), /thread 1 has no operations/],
    [two(['a 0 1', 't 1', 'r 0 2', 't 0', 'f 0'], 1), /line 6: id 0 is handed over a second time/],
    [two(['a 0 1', 't 1', 'f 0', 't 0', 'a 0 1'], 1), /line 6: id 0 was handed from thread to thread/],
    [
      two(['a 0 1', 'f 0', 'a 0 1', 't 1', 'f 0'], 1),
      /line 6: id 0 is handed .* used for another object before/,
    ],
    [
      two(['a 0 1', 'f 0', 't 1', 'a 0 1'], 1),
      /line 5: id 0 was used by thread 0 and may not be used by thread 1/,
    ],
    [two(['a 0 1', 'a 2 1', 't 1', 'a 1 1'], 3), /ids that thread 0 keeps to itself are not one contiguous/],
  ])('refuses %#: %j', async (text, message) => {
    expect(await refusal(reading(text))).toMatch(message);
  });

  it('says what is wrong with the file itself', async () => {
    const whole = gzipSync(randomTrace(1, 3000, 5));
    const file = (name: string, bytes: Uint8Array): string => {
      const at = path.join(folder, name);
      writeFileSync(at, bytes);
      return at;
    };
    const cut = file('cut.trace.gz', whole.subarray(0, whole.length >> 1));
    expect(await refusal(readTrace(cut))).toMatch(/cut\.trace\.gz: the gzip data is cut short/);
    const broken = Buffer.from(whole);
    broken[broken.length - 6] = (broken[broken.length - 6] ?? 0) ^ 255;
    expect(await refusal(readTrace(file('crc.trace.gz', broken)))).toMatch(/not sound gzip data/);
    expect(await refusal(readTrace(file('plain', Buffer.from(tinyTrace))))).toMatch(/not sound gzip data/);
    expect(await refusal(readTrace(path.join(folder, 'missing')))).toMatch(/no such file/);
    expect(await refusal(readTrace(folder))).toMatch(/is a folder/);
  });

  it('stops unpacking what goes on after the promised operations', async () => {
    const bomb = gzipSync(Buffer.concat([Buffer.from(tinyTrace), Buffer.alloc(2 ** 28, 'f 1\n')]));
    writeFileSync(path.join(folder, 'bomb.trace.gz'), bomb);
    expect(await refusal(readTrace(path.join(folder, 'bomb.trace.gz')))).toMatch(/line 14: more operations/);
  });

  it('refuses alignments that the engine does not have', async () => {
    const trace = await reading(tinyTrace.replace('300 4096', '300 131072'));
    expect(() => flatCode(trace, false)).toThrow(/alignment of 131072 bytes: the engine's go up to 65536/);
  });
});
