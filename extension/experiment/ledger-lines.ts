/** A stream of bytes as lines, without ever holding more than one that is longer than a record may be. */

export interface Line {
  /** 1-based. */
  readonly number: number;
  /** Null when it cannot be text; `problem` says why. */
  readonly text: string | null;
  readonly problem: string;
  /** Whether a line end follows. */
  readonly ended: boolean;
}

const newline = 10;

function decode(parts: readonly Uint8Array[], number: number, ended: boolean): Line {
  try {
    const bytes = Buffer.concat(parts);
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: number !== 1 }).decode(bytes);
    return { number, text, problem: '', ended };
  } catch {
    return { number, text: null, problem: 'not UTF-8', ended };
  }
}

/**
 * The lines of a stream.
 *
 * @param limits `record`: bytes that a line may have; longer ones are given without their text. `file`: bytes after which
 * reading ends with an error
 */
export async function* linesOf(
  stream: AsyncIterable<Uint8Array>,
  limits: { readonly record: number; readonly file: number },
): AsyncIterable<Line> {
  let parts: Uint8Array[] = [];
  let length = 0;
  let number = 1;
  let total = 0;
  const tooLong = (ended: boolean): Line => ({
    ...{ number, text: null, ended },
    problem: `longer than ${limits.record} bytes, no record is`,
  });
  for await (const piece of stream) {
    total += piece.length;
    if (total > limits.file) throw new Error(`grew beyond ${limits.file} bytes while it was read`);
    let from = 0;
    for (;;) {
      const end = piece.indexOf(newline, from);
      const part = piece.subarray(from, end < 0 ? piece.length : end);
      length += part.length;
      if (length <= limits.record) parts.push(part);
      else parts = [];
      if (end < 0) break;
      yield length <= limits.record ? decode(parts, number, true) : tooLong(true);
      parts = [];
      length = 0;
      number++;
      from = end + 1;
    }
  }
  if (length > 0) yield length <= limits.record ? decode(parts, number, false) : tooLong(false);
}
