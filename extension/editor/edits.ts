/** Positions follow edits until the next analysis arrives. Pure; 1-based lines and columns, as in the model. */

export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Range {
  readonly start: Position;
  readonly end: Position;
}

/** One replacement: the old range and the text that took its place. */
export interface Edit extends Range {
  readonly text: string;
}

const before = (a: Position, b: Position): boolean =>
  a.line < b.line || (a.line === b.line && a.column < b.column);

/** Where the replaced text ends now. */
function newEnd(edit: Edit): Position {
  const lines = edit.text.split('\n');
  const last = lines.at(-1) ?? '';
  return {
    line: edit.start.line + lines.length - 1,
    column: (lines.length === 1 ? edit.start.column : 1) + last.length,
  };
}

function move(p: Position, edit: Edit): Position {
  const to = newEnd(edit);
  return {
    line: p.line + to.line - edit.end.line,
    column: p.line === edit.end.line ? p.column + to.column - edit.end.column : p.column,
  };
}

/**
 * `range` after `edits` in order, or null when one of them changed something inside it: a mark on text that is no
 * longer what was analysed would be wrong until the next answer.
 */
export function shiftRange(range: Range, edits: readonly Edit[]): Range | null {
  let { start, end } = range;
  for (const edit of edits) {
    if (!before(edit.start, end)) continue;
    if (before(start, edit.end)) return null;
    // Text typed exactly at the start stands before the mark.
    start = move(start, edit);
    end = move(end, edit);
  }
  return { start, end };
}

/**
 * `line` after `edits`, or null when it was deleted whole. The line is followed by the point after its first
 * character, so that lines inserted before it push it down and edits inside it do not.
 */
export function shiftLine(line: number, edits: readonly Edit[]): number | null {
  let at = line;
  for (const edit of edits) {
    const mark = { line: at, column: 2 };
    if (!before(edit.start, mark)) continue;
    if (!before(mark, edit.end)) {
      at = move(mark, edit).line;
      continue;
    }
    const fromItsStart = edit.start.line < at || edit.start.column === 1;
    if (fromItsStart && edit.end.line > at) return null;
    at = newEnd(edit).line;
  }
  return at;
}
