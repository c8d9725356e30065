import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ImportClient } from '../../../../extension/profile/import/client.ts';
import type { ImportRequest, ImportSource } from '../../../../extension/profile/import/protocol.ts';
import type { BenchProgress } from '../../../../extension/model.ts';
import { profileOf, read } from './read.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../..');
const workerPath = path.join(root, 'dist/import-worker.js');
const stacks = 'main;work;malloc 12\nmain;work 3\n';
const build: ImportRequest['build'] = {
  target: { kind: 'imported', name: 'recording', variant: null, sha256: null },
  workload: '',
  recordedAt: '2026-01-01T00:00:00.000Z',
};
const request = (source: ImportSource): ImportRequest => ({ source, event: null, thread: null, build });

describe('the import worker (npm run build makes it)', () => {
  let folder = '';
  const client = new ImportClient({ workerPath });
  beforeAll(() => {
    expect(existsSync(workerPath)).toBe(true);
    folder = mkdtempSync(path.join(tmpdir(), 'alloc-lens-client-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('reads a file where it lies', async () => {
    const file = path.join(folder, 'a;b $(x).folded');
    writeFileSync(file, stacks);
    expect(await client.import(request({ path: file }))).toEqual(profileOf(await read(stacks)));
  });

  test('reads bytes, which move', async () => {
    const bytes = new TextEncoder().encode(stacks);
    const profile = await client.import(request({ name: 'x', bytes }));
    expect(profile.functions[0]?.name).toBe('malloc');
    expect(bytes.length).toBe(0);
  });

  test('a part of a buffer is copied, the rest stays', async () => {
    const whole = new TextEncoder().encode(`${stacks}rest`);
    const profile = await client.import(request({ name: 'x', bytes: whole.subarray(0, stacks.length) }));
    expect(profile.samples).toBe(15);
    expect(whole.length).toBe(stacks.length + 4);
  });

  test('what is wrong with the file is a UserError of one line', async () => {
    const missing = client.import(request({ path: path.join(folder, 'missing.perf') }));
    await expect(missing).rejects.toMatchObject({
      name: 'UserError',
      exitCode: 2,
      message: expect.stringMatching(/^missing\.perf: Cannot be read: ENOENT[^\n]*$/),
    });
    await expect(client.import(request({ path: folder }))).rejects.toThrow(/EISDIR/);
    const empty = client.import(request({ name: 'x.txt', bytes: new Uint8Array(0) }));
    await expect(empty).rejects.toThrow('x.txt: The file is empty.');
  });

  test('cancelled, it ends at once with an AbortError', async () => {
    const before = new AbortController();
    before.abort();
    await expect(
      client.import(request({ path: '/dev/zero' }), { signal: before.signal }),
    ).rejects.toMatchObject({ name: 'AbortError' });
    const abort = new AbortController();
    const running = client.import(request({ path: '/dev/zero' }), { signal: abort.signal });
    abort.abort();
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('tells how far it is', async () => {
    const file = path.join(folder, 'long.folded');
    writeFileSync(file, 'main;work;malloc 12\n'.repeat(2_000_000));
    const seen: BenchProgress[] = [];
    const profile = await client.import(request({ path: file }), { onProgress: (p) => seen.push(p) });
    expect(profile.samples).toBe(24_000_000);
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.every((p) => p.message === 'Reading long.folded' && p.fraction > 0 && p.fraction <= 1)).toBe(
      true,
    );
  });

  test('out of memory, it says so and nothing else ends', async () => {
    const small = new ImportClient({ workerPath, memoryMegabytes: 24 });
    const file = path.join(folder, 'many.folded');
    // Every function is another one.
    const lines = Array.from({ length: 400_000 }, (_, i) => `main;function_with_a_long_name_${i} 1`);
    writeFileSync(file, lines.join('\n'));
    await expect(small.import(request({ path: file }))).rejects.toMatchObject({
      name: 'UserError',
      exitCode: 3,
      message: 'many.folded: needs more than 24 MiB of memory. Import one thread or a shorter recording.',
    });
  });

  test('a worker that dies or is not there is a UserError', async () => {
    const broken = path.join(folder, 'broken.mjs');
    writeFileSync(broken, 'throw new Error("broken on purpose")');
    await expect(
      new ImportClient({ workerPath: broken }).import(request({ path: 'x' })),
    ).rejects.toMatchObject({
      name: 'UserError',
      message: 'x: The import stopped: broken on purpose',
    });
    writeFileSync(broken, 'process.exit(3)');
    await expect(new ImportClient({ workerPath: broken }).import(request({ path: 'x' }))).rejects.toThrow(
      /stopped before it answered/,
    );
    const gone = new ImportClient({ workerPath: path.join(folder, 'gone.js') });
    await expect(gone.import(request({ path: 'x' }))).rejects.toMatchObject({ name: 'UserError' });
  });
});
