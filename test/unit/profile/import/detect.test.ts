import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { detectFormat, importRecording } from '../../../../extension/profile/import/detect.ts';
import { gunzip } from '../../../../extension/profile/import/gunzip.ts';
import { importers } from '../../../../extension/profile/import/importers.ts';
import type { Importer } from '../../../../extension/profile/import/types.ts';
import { chunked, read, stacksOf } from './read.ts';

const stacks = 'main;work;malloc 12\nmain;work 3\n';
const options = { event: null, thread: null };

describe('what a file is', () => {
  test('empty files, packed ones too', async () => {
    await expect(read('', { name: 'dir/x.txt' })).rejects.toThrow('x.txt: The file is empty.');
    await expect(read(gzipSync(''), { name: 'x.gz' })).rejects.toThrow('x.gz: The file is empty.');
    await expect(read('')).rejects.toThrow('The recording: The file is empty.');
  });

  test('unknown ones are told what is known', async () => {
    await expect(read('int main(void) { return 0; }\n', { name: 't.c' })).rejects.toThrow(
      /^t\.c: Not a recording that is known here\. Known are perf\.data, .*perf script text.*folded stacks/,
    );
  });

  test('JSON in one line is no perf script text, whatever stands in it', () => {
    const profile =
      '{"schemaVersion":1,"target":{"kind":"native"},"workload":"prof 0 3 9000000","functions":[{"name":"mix","selfPercent":94.9}]}\n';
    expect(detectFormat(new TextEncoder().encode(profile), 'pr.json')).toBe('alloc-lens');
    expect(detectFormat(new TextEncoder().encode(`${profile.trim()} 5 6 7: 8 main\n`), '')).toBe(
      'alloc-lens',
    );
  });

  test('perf.data needs perf', async () => {
    const data = new TextEncoder().encode('PERFILE2\0\0\0\0');
    expect(detectFormat(data, '')).toBe('perf.data');
    await expect(read(data, { name: 'perf.data' })).rejects.toThrow(
      /only perf can read.*`perf script -i FILE`/,
    );
  });

  test('two formats that both fit are named, unless the name decides', async () => {
    const like = (title: string, end: string): Importer => ({
      format: 'folded',
      title,
      sniff: (_, name) => name === '' || name.endsWith(end),
      read: () => Promise.reject(new Error(`read as ${title}`)),
    });
    const all = [like('one', '.a'), like('two', '.b')];
    await expect(importRecording(chunked('x'), 'x.c', options, all)).rejects.toThrow(
      /x\.c: Could be one or two/,
    );
    await expect(importRecording(chunked('x'), 'x.b', options, all)).rejects.toThrow(
      /Cannot be read as two: read as two/,
    );
    expect(detectFormat(new Uint8Array(1), '', all)).toBeNull();
  });

  test('only what the content says counts', async () => {
    expect(await read(stacks, { name: 'x.cpuprofile' })).toEqual(await read(stacks));
  });
});

describe('gzip', () => {
  test('is taken off', async () => {
    expect(await read(gzipSync(stacks), { name: 'x', chunk: 5 })).toEqual(await read(stacks));
  });

  test('cut short or damaged it is one line', async () => {
    const packed = gzipSync(stacks.repeat(1000));
    await expect(read(packed.subarray(0, packed.length - 12), { name: 'x.gz' })).rejects.toThrow(
      'x.gz: Its gzip data is damaged or cut short. Copy the file again.',
    );
    const damaged = Uint8Array.from(packed, (b, i) => (i > 20 && i < 40 ? 0 : b));
    await expect(read(damaged)).rejects.toThrow(/Its gzip data is damaged or cut short/);
    await expect(read(packed.subarray(0, 5))).rejects.toThrow(/damaged or cut short|empty/);
  });

  test('that unpacks without end is stopped, with ratio and size', async () => {
    const bomb = gzipSync('main;work 1\n'.repeat(6 << 20));
    await expect(read(bomb, { name: 'x.gz' })).rejects.toThrow(
      /^x\.gz: Unpacks from \d+ bytes to more than \d+ MiB, over 250 times its size/,
    );
  });

  test('whoever leaves early stops the reading', async () => {
    let closed = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        const packed = gzipSync(Buffer.from(stacks.repeat(100_000)), { level: 0 });
        for (let at = 0; at < packed.length; at += 1000) yield packed.subarray(at, at + 1000);
      } finally {
        closed = true;
      }
    }
    for await (const chunk of gunzip(source())) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(closed).toBe(true);
  });
});

describe('reading', () => {
  test('errors of the source are told with the name', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield new TextEncoder().encode(stacks);
      throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
    }
    await expect(importRecording(broken(), '/a/b.txt', options)).rejects.toThrow(
      'b.txt: Cannot be read: EIO: i/o error, read.',
    );
    async function* missing(): AsyncGenerator<Uint8Array> {
      yield gzipSync(stacks).subarray(0, 20);
      throw Object.assign(new Error('EIO'), { code: 'EIO' });
    }
    await expect(importRecording(missing(), '', options)).rejects.toThrow(
      'The recording: Cannot be read: EIO.',
    );
  });

  test('stops on the signal, with its reason, and closes the source', async () => {
    const abort = new AbortController();
    let closed = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (let i = 0; i < 100; i++) {
          if (i === 70) abort.abort();
          yield new TextEncoder().encode(stacks.repeat(50));
        }
      } finally {
        closed = true;
      }
    }
    await expect(importRecording(source(), '', { ...options, signal: abort.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(closed).toBe(true);
  });

  test.each(importers.map((i) => [i.format, i] as const))(
    '%s stops when asked by itself too',
    async (_, importer) => {
      const signal = AbortSignal.abort();
      await expect(importer.read(chunked(stacks), { ...options, signal })).rejects.toMatchObject({
        name: 'AbortError',
      });
    },
  );

  test('tells the bytes read, packed ones', async () => {
    const seen: number[] = [];
    const packed = gzipSync(stacks);
    const raw = await read(packed, { chunk: 10, onProgress: (bytes) => seen.push(bytes) });
    expect(seen.at(-1)).toBe(packed.length);
    expect(seen[0]).toBe(10);
    expect(stacksOf(raw)).toEqual({ 'main;work;malloc': 12, 'main;work': 3 });
  });
});

test('the readers run in a browser: nothing of Node is in their bundle', async () => {
  const folder = fileURLToPath(new URL('../../../../extension/profile/import', import.meta.url));
  const bundle = await build({
    entryPoints: [path.join(folder, 'detect.ts'), path.join(folder, 'build-profile.ts')],
    ...{
      bundle: true,
      write: false,
      outdir: 'unused',
      platform: 'browser',
      format: 'esm',
      logLevel: 'silent',
    },
  });
  expect(bundle.outputFiles).toHaveLength(2);
});
