/** Which reader a file goes to, and what is asked of it. */
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { profileExporter, recordingReader } from '../../../extension/editor/recordings.ts';
import { UserError } from '../../../extension/model.ts';
import { profileFromJson } from '../../../extension/profile/profile-json.ts';
import type { ImportRequest } from '../../../extension/profile/import/protocol.ts';
import * as mocked from '../mocks/vscode.ts';
import { native } from './native.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-recordings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let asked: [string, ImportRequest][] = [];
beforeEach(() => {
  mocked.resetMock();
  asked = [];
});

const askedAs = (name: string) => ({
  import: async (request: ImportRequest) => {
    asked.push([name, request]);
    return native();
  },
});
const reader = recordingReader({ client: askedAs('worker'), perfClient: askedAs('perf') });
const options = { event: 'cycles', signal: new AbortController().signal, onProgress: () => {} };

function written(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  utimesSync(file, new Date('2026-11-20T10:00:00Z'), new Date('2026-11-20T10:00:00Z'));
  return file;
}

describe('a recording', () => {
  it('goes to the worker, as imported and as old as its file', async () => {
    const file = written('a.folded', 'main;malloc 3\n');
    await reader(file, options);
    expect(asked).toEqual([
      [
        'worker',
        {
          source: { path: file },
          event: 'cycles',
          thread: null,
          build: {
            target: { kind: 'imported', name: 'a.folded', variant: null, sha256: null },
            workload: 'recording',
            recordedAt: '2026-11-20T10:00:00.000Z',
          },
        },
      ],
    ]);
  });

  it('of perf itself, by its content, goes to perf, and only where programs may be started', async () => {
    const file = written('anything.bin', 'PERFILE2 and more');
    await reader(file, options);
    expect(asked.map(([to]) => to)).toEqual(['perf']);
    mocked.mock.state.trusted = false;
    await expect(reader(file, options)).rejects.toThrow(UserError);
    expect(asked).toHaveLength(1);
    await reader(written('b.folded', 'main 1\n'), options);
    expect(asked.map(([to]) => to)).toEqual(['perf', 'worker']);
  });

  it('that is not there, or no file, is one clear line', async () => {
    await expect(reader(path.join(folder, 'none'), options)).rejects.toThrow(
      /none cannot be read \(ENOENT\)/,
    );
    await expect(reader(folder, options)).rejects.toThrow(UserError);
  });
});

describe('an exported profile', () => {
  const exporter = profileExporter('Alloc Lens 1.2.3');
  const text = (format: 'speedscope' | 'alloc-lens'): string =>
    new TextDecoder().decode(exporter(native(), format).file);

  it('is speedscope’s JSON, gzip for pprof, or our own JSON with everything', () => {
    const speedscope = JSON.parse(text('speedscope')) as { $schema: string; exporter: string };
    expect(speedscope).toMatchObject({
      $schema: 'https://www.speedscope.app/file-format-schema.json',
      exporter: 'Alloc Lens 1.2.3',
    });
    expect([...exporter(native(), 'pprof').file.subarray(0, 2)]).toEqual([0x1f, 0x8b]);
    expect(profileFromJson(JSON.parse(text('alloc-lens')), '')).toMatchObject({
      lines: native().lines,
      samples: 12_345,
    });
  });
});
