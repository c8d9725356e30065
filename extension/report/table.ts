/** Plain-text and Markdown tables from the same columns. */
import { printable } from './format.ts';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  readonly align?: 'left' | 'right';
}

function pad(text: string, width: number, align: 'left' | 'right' | undefined): string {
  return align === 'right' ? text.padStart(width) : text.padEnd(width);
}

/** Lines of an aligned table, title line first; the last column is never padded. Cells lose control characters. */
export function textTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] {
  const cells = rows.map((row) => columns.map((c) => printable(c.cell(row))));
  const widths = columns.map((c, i) =>
    cells.reduce((w, row) => Math.max(w, (row[i] ?? '').length), c.title.length),
  );
  const line = (values: readonly string[]): string =>
    values
      .map((v, i) => pad(v, widths[i] ?? 0, columns[i]?.align))
      .join('  ')
      .trimEnd();
  return [line(columns.map((c) => c.title)), ...cells.map(line)];
}

/**
 * Text for a Markdown table cell: pipes, markup and line ends cannot leave the cell or start an element. An underscore
 * inside a word is not markup and stays, so that symbols read as written.
 */
export function markdownCell(text: string): string {
  return printable(text)
    .replace(/[\\`*[\]<>|~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, '\\$&')
    .trim();
}

/** A code span that may hold any text, backticks included; safe inside a table cell. */
export function markdownCode(text: string): string {
  const clean = printable(text).trim().replaceAll('|', '\\|');
  if (clean === '') return '';
  const longest = Math.max(0, ...[...clean.matchAll(/`+/g)].map((m) => m[0].length));
  const fence = '`'.repeat(longest + 1);
  return longest === 0 ? `\`${clean}\`` : `${fence} ${clean} ${fence}`;
}

/** Lines of a Markdown table; `cell` has to return finished Markdown (see `markdownCell`). */
export function markdownTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] {
  const line = (values: readonly string[]): string => `| ${values.join(' | ')} |`;
  return [
    line(columns.map((c) => c.title)),
    `|${columns.map((c) => (c.align === 'right' ? '---:' : '---')).join('|')}|`,
    ...rows.map((row) => line(columns.map((c) => c.cell(row)))),
  ];
}

/** A section of a Markdown document that is a table under a note (finished Markdown, or empty); none without rows. */
export function markdownSection<Row>(
  title: string,
  note: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): string[] {
  if (rows.length === 0) return [];
  return ['', `## ${title}`, '', ...(note === '' ? [] : [note, '']), ...markdownTable(columns, rows)];
}
