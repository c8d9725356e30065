import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BenchRequest, UserError } from '../../../extension/model.ts';
import { discoverAllocators } from '../../../extension/native/discover.ts';
import { NativeTarget } from '../../../extension/native/target.ts';
import { benchRequest } from '../fixtures/requests.ts';
import { canRunNative, harness, nativeTargets } from './toy.ts';

const able = canRunNative();

const alloc = (size: number): number => size;
const resize = (size: number): number => 0x40000000 + size;
const free = (size: number): number => 0x80000000 + size;

/** The hash of the workloads' definition over the values of the ops. */
function hashOf(values: readonly number[]): string {
  let h = 0xcbf29ce484222325n;
  for (const v of values) h = BigInt.asUintN(64, (h ^ BigInt(v)) * 0x100000001b3n);
  return h.toString(16).padStart(16, '0');
}

/** Thread 0 hands object 1 to thread 1 after a realloc; object 3 stays live. */
const lines = [
  'a 0 100',
  'a 1 7',
  'c 2 5000',
  'r 1 90000',
  'f 0',
  'a 0 0',
  't 1',
  'm 3 48 64',
  'r 1 10',
  'f 1',
  't 0',
  'f 0',
  'f 2',
];
const trace = (
  body: readonly string[],
  header = '# alloc-trace v1 test objects=4 threads=2 ops=11',
): string => `${[header, ...body].join('\n')}\n`;
const sequences = [
  [alloc(100), alloc(7), alloc(5000), resize(90000), free(100), alloc(0), free(0), free(5000)],
  [alloc(48), resize(10), free(10)],
];
const flatSequence = [
  ...[alloc(100), alloc(7), alloc(5000), resize(90000), free(100), alloc(0)],
  ...[alloc(48), resize(10), free(10), free(0), free(5000)],
];

describe.skipIf(!able)('NativeTarget, traces', () => {
  let dir = '';
  let cacheDir = '';
  let system: NativeTarget;
  let toy: NativeTarget;
  let count = 0;

  beforeAll(() => {
    ({ dir, cacheDir, system, toy } = nativeTargets());
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  function request(
    content: string | Buffer,
    flatten: boolean,
    change: Partial<BenchRequest> = {},
  ): BenchRequest {
    count += 1;
    const file = path.join(dir, `t${count}.trace.gz`);
    writeFileSync(file, content);
    return benchRequest({
      ...{ workload: 'trace', variant: 'native', threads: null, passes: 3, verify: true },
      trace: { file, flatten },
      ...change,
    });
  }

  async function refusal(target: NativeTarget, content: string | Buffer, flatten = false): Promise<string> {
    try {
      await target.run(request(content, flatten), {});
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
      const message = error instanceof UserError ? error.message : '';
      expect(message).not.toContain('\n');
      return message;
    }
    throw new Error('it was not refused');
  }

  it('does the ops of each thread in their order, and all of them in the file order when flattened', async () => {
    const compressed = gzipSync(trace(lines));
    const threaded = await system.run(request(compressed, false), {});
    expect(threaded.hash).toEqual(sequences.map(hashOf));
    expect([threaded.threads, threaded.iterations]).toEqual([2, 11]);
    expect(threaded.runs[0]?.passes).toHaveLength(3);
    const flat = await system.run(request(compressed, true), {});
    expect(flat.hash).toEqual([hashOf(flatSequence)]);
    expect([flat.threads, flat.iterations]).toEqual([1, 11]);
    // Live at most at once: 100 + 5000 + 90000, by hand.
    expect(flat.memory.requestedBytes).toBe(95_100);
  });

  it('takes plain text as well, and leaves no text behind', async () => {
    const before = readdirSync(tmpdir()).filter((n) => n.startsWith('alloc-lens-trace-'));
    const plain = await system.run(request(trace(lines), false), {});
    const packed = await system.run(request(gzipSync(trace(lines)), false), {});
    expect(plain.hash).toEqual(packed.hash);
    const after = readdirSync(tmpdir()).filter((n) => n.startsWith('alloc-lens-trace-'));
    expect(after.filter((n) => !before.includes(n))).toEqual([]);
  });

  it('has as many passes as its length asks for', async () => {
    const short = await system.run(request(trace(lines), true, { passes: null }), {});
    expect(short.runs[0]?.passes).toHaveLength(1000);
  });

  it('every installed allocator replays it, contents checked', async () => {
    for (const { name, path: file } of await discoverAllocators()) {
      const target = new NativeTarget({ name, preload: file, cacheDir, harness });
      const result = await target.run(request(trace(lines), false, { passes: 50 }), {});
      expect([name, ...result.hash]).toEqual([name, ...sequences.map(hashOf)]);
    }
  });

  it('waits for the last op of the first thread, not for the allocation', async () => {
    // Many objects, each resized by thread 0 before thread 1 frees it: an early free would be found by the contents.
    const body: string[] = [];
    const objects = 400;
    for (let i = 0; i < objects; i++) body.push(`a ${i} ${8 + (i % 50)}`, `r ${i} ${200 + i}`);
    body.push('t 1');
    for (let i = 0; i < objects; i++) body.push(`f ${i}`);
    const header = `# alloc-trace v1 x objects=${objects} threads=2 ops=${3 * objects}`;
    const result = await system.run(request(trace(body, header), false, { passes: 200 }), {});
    expect(result.iterations).toBe(3 * objects);
  });

  it('notices contents that a realloc lost, and a calloc that does not clear', async () => {
    const body = [...Array.from({ length: 120 }, (_, i) => `a ${i} 40`), 'c 120 64'];
    for (let i = 0; i < 120; i++) body.push(`f ${i}`);
    const text = trace(body, '# alloc-trace v1 x objects=121 threads=1 ops=241');
    const run = (kind: string): Promise<unknown> =>
      toy.run(request(text, false, { env: { TOY_FAULT: kind }, passes: 1 }), {});
    await expect(run('twice')).rejects.toThrow(/wrong contents/);
    await expect(run('dirty')).rejects.toThrow(/not zeroed by calloc/);
    await expect(run('null')).rejects.toThrow(/malloc returned NULL/);
    await expect(run('none')).resolves.toBeDefined();
    const lost = trace(['a 0 64', 'r 0 128', 'f 0'], '# alloc-trace v1 x objects=1 threads=1 ops=3');
    await expect(
      toy.run(request(lost, false, { env: { TOY_FAULT: 'forget' }, passes: 1 }), {}),
    ).rejects.toThrow(/wrong contents/);
  });

  const one = '# alloc-trace v1 x objects=1 threads=1 ops=';
  it.each([
    ['nothing', '', 'it is empty'],
    ['another file', 'hello\n', 'line 1: not the first line of a trace'],
    [
      'another version',
      trace([], '# alloc-trace v2 x objects=1 threads=1 ops=1'),
      'line 1: not the first line',
    ],
    ['no thread', trace(['a 0 1'], '# alloc-trace v1 x objects=1 threads=0 ops=1'), 'line 1: '],
    [
      'too many threads',
      trace(['a 0 1'], '# alloc-trace v1 x objects=1 threads=999 ops=1'),
      'line 1: threads',
    ],
    ['a header that promises the sky', trace(['a 0 1'], `${one}4294967295`), 'more ops than the file has'],
    ['an op too few', trace(['a 0 1', 'f 0'], `${one}3`), 'more ops than'],
    ['an op too many', trace(['a 0 1', 'f 0'], `${one}1`), 'line 3: more ops than the header promises'],
    ['an id too high', trace(['a 1 1', 'f 1'], `${one}2`), "line 2: the id is not one of the header's"],
    ['a live object allocated', trace(['a 0 1', 'a 0 1'], `${one}2`), 'line 3: this object is live already'],
    ['a dead object freed', trace(['a 0 1', 'f 0', 'f 0'], `${one}3`), 'line 4: this object is not live'],
    ['a dead object resized', trace(['a 0 1', 'f 0', 'r 0 9'], `${one}3`), 'line 4: this object is not live'],
    ['realloc to nothing', trace(['a 0 1', 'r 0 0'], `${one}2`), 'line 3: realloc to no bytes'],
    ['an alignment of three', trace(['m 0 1 3'], `${one}1`), 'line 2: the alignment is not a power of two'],
    ['a size of 2^32', trace(['a 0 4294967296'], `${one}1`), 'line 2: the size'],
    ['a negative size', trace(['a 0 -1'], `${one}1`), 'line 2: the size'],
    ['an unknown op', trace(['x 0 1'], `${one}1`), 'line 2: not an op of a trace'],
    ['words behind an op', trace(['a 0 1 1'], `${one}1`), 'line 2: more on the line'],
    ['a line cut in its middle', `${one}1\na 0`, 'line 2: expected a blank'],
    ['a thread that is not there', trace(['t 1', 'a 0 1'], `${one}1`), 'line 2: the thread'],
    [
      'a thread without ops',
      trace(['a 0 1'], '# alloc-trace v1 x objects=1 threads=2 ops=1'),
      'thread 1 has no op',
    ],
    [
      'an id without ops',
      trace(['a 0 1', 'f 0'], '# alloc-trace v1 x objects=2 threads=1 ops=2'),
      'id 1 is never used',
    ],
    [
      'an object handed over and back',
      trace(['a 0 1', 't 1', 'r 0 2', 't 0', 'f 0'], '# alloc-trace v1 x objects=1 threads=2 ops=3'),
      'line 6: an object may be handed over once only',
    ],
    [
      'a reused id handed over',
      trace(['a 0 1', 'f 0', 'a 0 1', 't 1', 'f 0'], '# alloc-trace v1 x objects=1 threads=2 ops=4'),
      'line 6: an object with a reused id',
    ],
    [
      'an id that another thread reuses',
      trace(['a 0 1', 'f 0', 't 1', 'a 0 1'], '# alloc-trace v1 x objects=1 threads=2 ops=3'),
      'line 5: this id was used by another thread before',
    ],
    [
      'an id reused after a hand-over',
      trace(['a 0 1', 't 1', 'f 0', 'a 0 1'], '# alloc-trace v1 x objects=1 threads=2 ops=3'),
      'line 5: this id was handed over',
    ],
  ])('refuses %s', async (_, text, words) => {
    expect(await refusal(system, text)).toContain(words);
  });

  it('refuses what cannot be read or unpacked', async () => {
    const cut = gzipSync(trace(lines)).subarray(0, 40);
    expect(await refusal(system, cut)).toMatch(/cannot be unpacked/);
    const missing = request(trace(lines), false, { trace: { file: path.join(dir, 'no'), flatten: false } });
    await expect(system.run(missing, {})).rejects.toThrow(/cannot be read.*ENOENT/);
    const folder = request(trace(lines), false, { trace: { file: dir, flatten: false } });
    await expect(system.run(folder, {})).rejects.toThrow(/cannot be read/);
  });

  it('is cancelled while it runs', async () => {
    const controller = new AbortController();
    const body = trace(lines);
    const running = system.run(request(body, true, { passes: 1000, runs: 1000 }), {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
  });
});
