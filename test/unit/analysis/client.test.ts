/** The client with its worker: analysis, edits of unsaved text, errors and cancellation across the thread. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AnalysisClient } from '../../../extension/analysis/client.ts';
import { UserError } from '../../../extension/model.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const workerPath = path.join(root, 'dist/analysis-worker.js');
const config = { defines: {}, env: {}, entries: [] };

describe.skipIf(!existsSync(workerPath))('the analysis client', () => {
  let dir: string;
  let client: AnalysisClient;

  beforeAll(() => {
    dir = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-client-'));
    cpSync(path.join(root, 'samples/hakmem/core'), path.join(dir, 'core'), { recursive: true });
    client = new AnalysisClient({ workerPath, grammarDir: path.join(root, 'dist/grammars') });
  });
  afterAll(() => {
    client.dispose();
    rmSync(dir, { recursive: true, force: true });
  });

  it('analyses a folder and says how far it is', async () => {
    const seen: number[] = [];
    const f = await client.analyze(dir, config, { onProgress: (p) => seen.push(p.fraction) });
    expect(f.atomics.length).toBeGreaterThan(100);
    expect(seen.length).toBeGreaterThan(0);
    expect([...seen].sort((a, b) => a - b)).toEqual(seen);
  });

  it('takes unsaved text, keeps the ids of what did not change, and shifts the lines', async () => {
    const file = 'core/hakmem_tiny_bg_spill.c';
    const before = await client.analyze(dir, config, {});
    const text = readFileSync(path.join(dir, file), 'utf8');
    const at = (file: string, f: { readonly atomics: typeof before.atomics }): unknown[] =>
      f.atomics.filter((a) => a.file === file).map((a) => [a.id, a.line, a.column, a.endLine, a.class]);
    const quick = await client.update(dir, file, `\n\n${text}`);
    const after = await client.settle(dir);
    // What came at once is what the whole analysis says of the file.
    expect(at(file, quick)).toEqual(at(file, after));
    const ids = (f: typeof before): string[] => f.atomics.map((a) => a.id);
    expect(ids(after)).toEqual(ids(before));
    const moved = after.atomics.filter((a) => a.file === file);
    expect(moved.length).toBeGreaterThan(0);
    for (const a of moved) expect(a.line).toBe((before.atomics.find((b) => b.id === a.id)?.line ?? 0) + 2);
    const other = after.atomics.filter((a) => a.file !== file);
    for (const a of other) expect(a.line).toBe(before.atomics.find((b) => b.id === a.id)?.line);
    // The file on disk is as it was, and another analysis reads it again.
    const again = await client.analyze(dir, config, {});
    expect(again.atomics.map((a) => [a.id, a.line])).toEqual(before.atomics.map((a) => [a.id, a.line]));
  });

  it('sees a new site while it is typed', async () => {
    const file = 'core/hakmem_tiny_bg_spill.c';
    const before = await client.analyze(dir, config, {});
    const text = readFileSync(path.join(dir, file), 'utf8');
    const added = `${text}\nstatic _Atomic(int) typed;\nvoid typing(void) { atomic_fetch_add(&typed, 1); }\n`;
    const settled = new Promise<typeof before>((resolve) => client.whenSettled((_, f) => resolve(f)));
    const quick = await client.update(dir, file, added);
    expect(quick.atomics.find((a) => a.function === 'typing')).toMatchObject({ operation: 'fetch_add' });
    // Nobody asks: the findings follow when the typing rests.
    const after = await settled;
    expect(after.atomics.length).toBe(before.atomics.length + 1);
    expect(after.atomics.find((a) => a.function === 'typing')).toMatchObject({
      operation: 'fetch_add',
      order: 'seq_cst',
      class: 'telemetry',
    });
  });

  it('passes a user error on as one', async () => {
    await expect(client.analyze(path.join(dir, 'nowhere'), config, {})).rejects.toBeInstanceOf(UserError);
  });

  it('stops when asked to', async () => {
    writeFileSync(path.join(dir, 'big.c'), 'int f(int x) { return x + 1; }\n'.repeat(20_000));
    const abort = new AbortController();
    const running = client.analyze(dir, config, { signal: abort.signal, onProgress: () => abort.abort() });
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    rmSync(path.join(dir, 'big.c'));
    expect((await client.analyze(dir, config, {})).atomics.length).toBeGreaterThan(100);
  });
});
