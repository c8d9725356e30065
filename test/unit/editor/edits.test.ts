import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Edit, type Range, shiftLine, shiftRange } from '../../../extension/editor/edits.ts';

const edit = (l1: number, c1: number, l2: number, c2: number, text: string): Edit => ({
  start: { line: l1, column: c1 },
  end: { line: l2, column: c2 },
  text,
});
const range = (l1: number, c1: number, l2: number, c2: number): Range => edit(l1, c1, l2, c2, '');
const plain = (r: Range | null): number[] | null =>
  r === null ? null : [r.start.line, r.start.column, r.end.line, r.end.column];

/** Applies an edit to real text: the oracle of these tests. */
function apply(text: string, e: Edit): string {
  const at = (line: number, column: number): number =>
    text
      .split('\n')
      .slice(0, line - 1)
      .reduce((n, l) => n + l.length + 1, 0) +
    column -
    1;
  return text.slice(0, at(e.start.line, e.start.column)) + e.text + text.slice(at(e.end.line, e.end.column));
}

describe('a marked range', () => {
  it.each([
    ['typed before, same line', edit(5, 1, 5, 1, 'ab'), [5, 12, 5, 22]],
    ['typed at its start', edit(5, 10, 5, 10, 'x'), [5, 11, 5, 21]],
    ['typed at its end', edit(5, 20, 5, 20, 'x'), [5, 10, 5, 20]],
    ['line inserted above', edit(2, 1, 2, 1, 'a\n'), [6, 10, 6, 20]],
    ['line broken before it', edit(5, 5, 5, 5, '\n'), [6, 6, 6, 16]],
    ['lines removed above', edit(2, 1, 4, 1, ''), [3, 10, 3, 20]],
    ['joined with the line above', edit(4, 8, 5, 1, ''), [4, 17, 4, 27]],
    ['changed below', edit(6, 1, 9, 1, 'zzz'), [5, 10, 5, 20]],
    ['typed inside', edit(5, 12, 5, 12, 'x'), null],
    ['replaced', edit(5, 10, 5, 20, 'x'), null],
    ['its line deleted', edit(5, 1, 6, 1, ''), null],
  ])('%s', (_name, e, expected) => {
    expect(plain(shiftRange(range(5, 10, 5, 20), [e]))).toEqual(expected);
  });

  it('covers the same text after any edits outside it', () => {
    const line = fc.stringMatching(/^[a-z ]{0,8}$/);
    const inserted = fc.stringMatching(/^[a-z\n]{0,6}$/);
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 5 }),
        line,
        fc.array(fc.tuple(fc.nat(30), fc.nat(10), inserted), { maxLength: 6 }),
        (above, indent, changes) => {
          let text = [...above, `${indent}MARK;`, 'below'].join('\n');
          const edits: Edit[] = [];
          for (const [from, length, replacement] of changes) {
            const mark = text.indexOf('MARK');
            const start = Math.min(from, mark);
            const end = Math.min(start + length, mark);
            const point = (offset: number): { line: number; column: number } => {
              const lines = text.slice(0, offset).split('\n');
              return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
            };
            const e = { start: point(start), end: point(end), text: replacement };
            edits.push(e);
            text = apply(text, e);
          }
          const startLine = above.length + 1;
          const got = shiftRange(range(startLine, indent.length + 1, startLine, indent.length + 5), edits);
          const now = text.split('\n')[(got?.start.line ?? 0) - 1] ?? '';
          expect(now.slice((got?.start.column ?? 1) - 1, (got?.end.column ?? 1) - 1)).toBe('MARK');
        },
      ),
    );
  });
});

describe('a marked line', () => {
  it.each([
    ['line inserted above', edit(3, 1, 3, 1, 'a\nb\n'), 7],
    ['line inserted exactly before it', edit(5, 1, 5, 1, '\n'), 6],
    ['typed at its start', edit(5, 1, 5, 1, 'static '), 5],
    ['typed inside it', edit(5, 9, 5, 9, 'x'), 5],
    ['broken in the middle', edit(5, 9, 5, 9, '\n'), 5],
    ['first word replaced', edit(5, 1, 5, 6, 'int'), 5],
    ['lines above removed', edit(2, 1, 5, 1, ''), 2],
    ['line above joined', edit(4, 3, 5, 1, ''), 4],
    ['deleted', edit(5, 1, 6, 1, ''), null],
    ['deleted with its neighbours', edit(4, 2, 6, 2, ''), null],
    ['everything below replaced', edit(6, 1, 20, 1, ''), 5],
  ])('%s', (_name, e, expected) => {
    expect(shiftLine(5, [e])).toBe(expected);
  });
});
