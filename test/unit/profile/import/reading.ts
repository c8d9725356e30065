/** Recordings through the same door as the program's: detection, gzip and all. */
import type { ProfileFormat, RawProfile } from '../../../../extension/model-profile.ts';
import { UserError } from '../../../../extension/model.ts';
import { detectFormat, importRecording } from '../../../../extension/profile/import/detect.ts';
import type { ImportOptions } from '../../../../extension/profile/import/types.ts';

export const anyOptions: ImportOptions = { event: null, thread: null };

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export const bytesOf = (content: string | Uint8Array): Uint8Array =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content;

/** @param size of the pieces that the content comes in */
export function read(
  content: string | Uint8Array,
  name = '',
  options: Partial<ImportOptions> = {},
  size = 1000,
): Promise<RawProfile> {
  return importRecording(pieces(bytesOf(content), size), name, { ...anyOptions, ...options });
}

export const formatOf = (content: string | Uint8Array, name = ''): ProfileFormat | null =>
  detectFormat(bytesOf(content).subarray(0, 64 * 1024), name);

/** The one line that a bad recording is refused with; fails when it is not refused, or with anything but a UserError. */
export async function refusal(
  content: string | Uint8Array,
  options: Partial<ImportOptions> = {},
): Promise<string> {
  try {
    await read(content, 'file', options);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (/\n/.test(error.message)) throw new Error(`more than one line: ${error.message}`);
    return error.message;
  }
  throw new Error('it was not refused');
}

/** Self weight by function name. */
export function selfOf(raw: RawProfile): Record<string, number> {
  const out: Record<string, number> = {};
  for (let i = 1; i < raw.nodes.parent.length; i++) {
    const weight = raw.nodes.self[i] ?? 0;
    const name = raw.frames[raw.nodes.frame[i] ?? 0]?.name ?? '';
    if (weight !== 0) out[name] = (out[name] ?? 0) + weight;
  }
  return out;
}

/** Weight by `outermost;...;innermost` stack, a frame as `name` or `name:line`. */
export function stacksOf(raw: RawProfile, lines = false): Record<string, number> {
  const out: Record<string, number> = {};
  for (let i = 1; i < raw.nodes.parent.length; i++) {
    const weight = raw.nodes.self[i] ?? 0;
    if (weight === 0) continue;
    const names: string[] = [];
    for (let at = i; at > 0; at = raw.nodes.parent[at] ?? 0) {
      const frame = raw.frames[raw.nodes.frame[at] ?? 0];
      names.push(lines && frame?.line != null ? `${frame.name}:${frame.line}` : (frame?.name ?? ''));
    }
    const key = names.reverse().join(';');
    out[key] = (out[key] ?? 0) + weight;
  }
  return out;
}
