/** Where the places of a text went when a part of it was replaced. */
import { lineOf } from './tokens.ts';

export class TextMap {
  /** The part that differs: `[start, oldEnd)` became `[start, newEnd)`. */
  readonly start: number;
  readonly oldEnd: number;
  readonly newEnd: number;
  private readonly firstLine: number;
  private readonly lastLine: number;
  private readonly lastLineNow: number;

  constructor(
    before: string,
    private readonly beforeLines: Uint32Array,
    after: string,
    private readonly afterLines: Uint32Array,
  ) {
    const shorter = Math.min(before.length, after.length);
    let start = 0;
    while (start < shorter && before.charCodeAt(start) === after.charCodeAt(start)) start++;
    let tail = 0;
    while (
      tail < shorter - start &&
      before.charCodeAt(before.length - 1 - tail) === after.charCodeAt(after.length - 1 - tail)
    )
      tail++;
    this.start = start;
    this.oldEnd = before.length - tail;
    this.newEnd = after.length - tail;
    this.firstLine = lineOf(beforeLines, start);
    this.lastLine = lineOf(beforeLines, this.oldEnd);
    this.lastLineNow = lineOf(afterLines, this.newEnd);
  }

  /** Where an offset is now; what was in the replaced part is at its end. */
  offset(at: number): number {
    if (at < this.start) return at;
    return at >= this.oldEnd ? at + this.newEnd - this.oldEnd : this.newEnd;
  }

  /** Where a 1-based line is now. */
  line(line: number): number {
    if (line - 1 <= this.firstLine) return line;
    if (line - 1 > this.lastLine) return line + this.lastLineNow - this.lastLine;
    return Math.min(line, this.lastLineNow + 1);
  }

  /** Where a 1-based place is now. */
  place(line: number, column: number): { readonly line: number; readonly column: number } {
    if (line - 1 < this.firstLine) return { line, column };
    if (line - 1 > this.lastLine) return { line: this.line(line), column };
    const now = this.offset((this.beforeLines[line - 1] ?? 0) + column - 1);
    const at = lineOf(this.afterLines, now);
    return { line: at + 1, column: now - (this.afterLines[at] ?? 0) + 1 };
  }
}
