/** Terminal emphasis as plain functions, so that text without colour is the same code path. */

export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  /** What wants attention. */
  readonly warn: (text: string) => string;
}

const same = (text: string): string => text;
export const plain: Style = { bold: same, dim: same, warn: same };

const wrap =
  (on: number, off: number) =>
  (text: string): string =>
    `\u001b[${on}m${text}\u001b[${off}m`;
export const ansi: Style = { bold: wrap(1, 22), dim: wrap(2, 22), warn: wrap(33, 39) };
