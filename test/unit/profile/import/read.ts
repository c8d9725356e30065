/** Reading recordings in tests. */
import { importRecording } from '../../../../extension/profile/import/detect.ts';
import { buildProfile } from '../../../../extension/profile/import/build-profile.ts';
import type { ImportOptions } from '../../../../extension/profile/import/types.ts';
import type { Profile } from '../../../../extension/model.ts';
import { UserError } from '../../../../extension/model.ts';
import type { RawProfile } from '../../../../extension/model-profile.ts';

export const bytesOf = (content: string | Uint8Array): Uint8Array =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content;

/** The content in pieces of `size` bytes. */
export async function* chunked(content: string | Uint8Array, size = 65_536): AsyncGenerator<Uint8Array> {
  const bytes = bytesOf(content);
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

export interface ReadOptions extends Partial<ImportOptions> {
  readonly name?: string;
  readonly chunk?: number;
}

export function read(content: string | Uint8Array, options: ReadOptions = {}): Promise<RawProfile> {
  const { name = '', chunk, ...rest } = options;
  return importRecording(chunked(content, chunk), name, { event: null, thread: null, ...rest });
}

export function profileOf(raw: RawProfile, target = 'recording'): Profile {
  return buildProfile(raw, {
    target: { kind: 'imported', name: target, variant: null, sha256: null },
    workload: '',
    recordedAt: '2026-01-01T00:00:00.000Z',
  });
}

/** A recording's stacks as text, `outer;inner` to weight; for comparisons. */
export function stacksOf(raw: RawProfile): Record<string, number> {
  const out: Record<string, number> = Object.create(null);
  const paths: string[] = [''];
  for (let node = 1; node < raw.nodes.parent.length; node++) {
    const above = paths[raw.nodes.parent[node] ?? 0] ?? '';
    const name = raw.frames[raw.nodes.frame[node] ?? 0]?.name ?? '?';
    paths[node] = above === '' ? name : `${above};${name}`;
    const self = raw.nodes.self[node] ?? 0;
    const key = paths[node] ?? '';
    if (self !== 0) out[key] = (out[key] ?? 0) + self;
  }
  return out;
}

export const selfOf = (profile: Profile, name: string): number =>
  profile.functions.filter((f) => f.name === name).reduce((sum, f) => sum + f.selfPercent, 0);

/** What is wrong with the answer to a damaged file; null when it is a result or one clear line. */
export async function problemWith(content: Uint8Array, name: string): Promise<string | null> {
  try {
    const profile = profileOf(await read(content, { name }));
    const sum = profile.functions.reduce((s, f) => s + f.selfPercent, 0);
    return Math.abs(sum - 100) < 1e-6 ? null : `shares sum to ${sum}`;
  } catch (error) {
    if (!(error instanceof UserError)) return `not for a user: ${String(error)}`;
    if (error.message.includes('\n') || error.message.length > 600) return `not one line: ${error.message}`;
    return null;
  }
}

/** Problems with the file cut off at every `step`th byte. */
export async function cutProblems(content: Uint8Array, name: string, step: number): Promise<string[]> {
  const out: string[] = [];
  for (let end = step; end < content.length; end += step) {
    const problem = await problemWith(content.subarray(0, end), name);
    if (problem !== null) out.push(`${end}: ${problem}`);
  }
  return out;
}
