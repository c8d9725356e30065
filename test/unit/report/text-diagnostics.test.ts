import { expect, it } from 'vitest';
import type { AnalysisDiagnostic } from '../../../extension/model.ts';
import { findingsText } from '../../../extension/report/text-findings.ts';
import { findings } from './fixtures.ts';

const note = (i: number): AnalysisDiagnostic => ({
  ...{ code: 'parse-errors', severity: 'information', file: `f${i}.c`, line: i, message: '1 place.' },
});

it('spells few notes, folds many of one code into a line, and never folds a warning', () => {
  const diagnostics = Array.from({ length: 7 }, (_, i) => note(i + 1));
  const warnings = diagnostics.map((d) => ({ ...d, code: 'cross-check', severity: 'warning' as const }));
  const text = (list: readonly AnalysisDiagnostic[]): string => findingsText(findings({ diagnostics: list }));
  expect(text(diagnostics.slice(0, 5)).match(/\[parse-errors\]/g)).toHaveLength(5);
  const folded = text([...diagnostics, ...warnings]);
  expect(folded).toContain('f1.c:1: information: 1 place. [parse-errors] … and in 6 more files');
  expect(folded.match(/\[parse-errors\]/g)).toHaveLength(1);
  expect(folded.match(/warning: 1 place\. \[cross-check\]/g)).toHaveLength(7);
});
