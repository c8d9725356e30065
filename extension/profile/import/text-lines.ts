/** Lines of a text stream. */

/** A line that is longer than any that a tool writes is cut off, so that a file without line breaks fills no memory. */
const longest = 1 << 20;

/** Lines without their ends (`\n` or `\r\n`), decoded as UTF-8; the last one also when the text does not end with a break. */
export async function* textLines(
  input: AsyncIterable<Uint8Array>,
  signal?: AbortSignal | undefined,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  let overlong = false;
  const trimmed = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line);
  for await (const chunk of input) {
    signal?.throwIfAborted();
    const parts = decoder.decode(chunk, { stream: true }).split('\n');
    const last = parts.pop() ?? '';
    for (const part of parts) {
      const line = rest + part;
      rest = '';
      yield trimmed(overlong ? line.slice(0, longest) : line);
      overlong = false;
    }
    if (rest.length < longest) rest += last;
    else overlong = true;
  }
  rest += decoder.decode();
  if (rest !== '') yield trimmed(rest.slice(0, longest));
}

/** As many bytes as a format is known by, at most. */
export const headBytes = 64 * 1024;

/** The first lines of a head, the last one left out when the head was cut there. */
export function headLines(head: Uint8Array, most: number): string[] {
  const lines = new TextDecoder().decode(head).split(/\r?\n/);
  if (head.length >= headBytes) lines.pop();
  return lines.slice(0, most);
}

/** Collects what could not be read: how much, and the first of it. */
export class Skipped {
  #count = 0;
  #first = '';

  add(line: string): void {
    if (this.#count++ === 0)
      this.#first = line
        .replace(/\p{Cc}+/gu, ' ')
        .trim()
        .slice(0, 200);
  }

  get count(): number {
    return this.#count;
  }

  /** `; 3 lines were not understood, the first one: ...`, or nothing. */
  get words(): string {
    if (this.#count === 0) return '';
    const lines = this.#count === 1 ? '1 line was' : `${this.#count} lines were`;
    return `; ${lines} not understood${this.#first === '' ? '' : `, the first one: ${this.#first}`}`;
  }

  done(): { readonly count: number; readonly first: string } | null {
    return this.#count === 0 ? null : { count: this.#count, first: this.#first };
  }
}
