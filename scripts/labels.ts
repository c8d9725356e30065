/** Hand-made labels (test/fixtures/classification) beside the analysis's variables: which row a label means. */
import { readFileSync } from 'node:fs';
import type { Variable } from '../extension/model.ts';

export interface Label {
  readonly id: string;
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly alsoAt?: readonly string[];
  readonly class: string;
  readonly role: string;
  readonly alsoRole?: readonly string[];
  readonly deciding: { readonly file: string; readonly line: number; readonly text: string };
}

export interface Judged {
  readonly label: Label;
  readonly row: Variable | undefined;
}

/** The labels of a file, each with the row of its name at one of its places. */
export function judge(file: string, variables: readonly Variable[]): Judged[] {
  return (JSON.parse(readFileSync(file, 'utf8')) as readonly Label[]).map((label) => {
    const places = new Set([`${label.file}:${label.line}`, ...(label.alsoAt ?? [])]);
    return {
      label,
      row: variables.find((v) => v.name === label.name && places.has(`${v.file}:${v.line}`)),
    };
  });
}

export const isRight = ({ label, row }: Judged): boolean => row?.class === label.class;

/** A row with a role that the label names, as its own or as another that is as defensible. */
export const hasRole = ({ label, row }: Judged): boolean =>
  row !== undefined && (row.role === label.role || label.alsoRole?.includes(row.role ?? '') === true);
