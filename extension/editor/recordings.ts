/** Files of recordings to profiles and back: readers and writers as the editor's commands want them. */
import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Profile, type TargetIdentity, UserError } from '../model.ts';
import { toPprof } from '../profile/export/pprof.ts';
import { toSpeedscope } from '../profile/export/speedscope.ts';
import type { ImportClient } from '../profile/import/client.ts';
import { isPerfData } from '../profile/import/detect.ts';
import { requireTrust } from './measuring.ts';
import type { ExportProfile } from './profile-commands.ts';
import type { ReadRecording } from './profile-import.ts';

export interface ReaderDeps {
  /** Reads every format but perf.data. */
  readonly client: Pick<ImportClient, 'import'>;
  /** Reads perf.data, which takes perf itself. */
  readonly perfClient: Pick<ImportClient, 'import'>;
}

async function head(file: string): Promise<Uint8Array> {
  const handle = await open(file, 'r').catch((error: unknown) => {
    const why = error instanceof Error ? String(Reflect.get(error, 'code') ?? error.message) : String(error);
    throw new UserError(`${file} cannot be read (${why}).`);
  });
  try {
    if (!(await handle.stat()).isFile()) throw new UserError(`${file} is no file.`);
    const { buffer, bytesRead } = await handle.read(new Uint8Array(64), 0, 64, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Reads in workers, so that the editor goes on; perf.data starts a program, so it needs trust. */
export function recordingReader({ client, perfClient }: ReaderDeps): ReadRecording {
  return async (file, { event, signal, onProgress }) => {
    const target: TargetIdentity = {
      kind: 'imported',
      name: path.basename(file),
      variant: null,
      sha256: null,
    };
    const perfData = isPerfData(await head(file));
    if (perfData) requireTrust('Importing perf.data starts perf, which');
    const recordedAt = (await stat(file)).mtime.toISOString();
    const build = { target, workload: 'recording', recordedAt };
    return (perfData ? perfClient : client).import(
      { source: { path: file }, event, thread: null, build },
      { signal, onProgress: ({ fraction }) => onProgress(fraction) },
    );
  };
}

const gzipped = ({ file, notes }: ReturnType<typeof toPprof>): ReturnType<ExportProfile> => ({
  file: gzipSync(file),
  notes,
});

/** @param exporter name and version of this extension, which formats carry */
export function profileExporter(exporter: string): ExportProfile {
  const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value)}\n`);
  return (profile: Profile, format) => {
    switch (format) {
      case 'pprof':
        // As every tool that reads pprof expects it.
        return gzipped(toPprof(profile));
      case 'speedscope': {
        const { file, notes } = toSpeedscope(profile, exporter);
        return { file: bytes(file), notes };
      }
      case 'alloc-lens':
        return { file: bytes(profile), notes: [] };
    }
  };
}
