import { describe, expect, test } from 'vitest';
import { nothing, single, sum, summaryLine, vitestOutcome } from '../../../scripts/test-summary.ts';

const file = (status: string, tests: readonly string[], message = ''): never | object => ({
  name: 'a.test.ts',
  status,
  message,
  assertionResults: tests.map((t, i) => ({ fullName: `t${i}`, status: t })),
});
const report = (success: boolean, ...files: readonly object[]): Parameters<typeof vitestOutcome>[0] =>
  ({ success, testResults: files }) as unknown as Parameters<typeof vitestOutcome>[0];

describe('no way to break a suite looks like success', () => {
  test('a failed test', () => {
    const o = vitestOutcome(report(false, file('failed', ['passed', 'failed', 'skipped'])), 1);
    expect(o).toEqual({ passed: 1, failed: 1, skipped: 1, failures: ['a.test.ts: t1'] });
  });
  test('a file that does not load', () => {
    const o = vitestOutcome(report(false, file('failed', [], 'SyntaxError: x\n  at y')), 1);
    expect(o.failed).toBe(1);
    expect(o.failures).toEqual(['a.test.ts: SyntaxError: x']);
  });
  test('no tests at all', () => {
    expect(vitestOutcome(report(true), 0).failed).toBe(1);
  });
  test('an unhandled error beside passing tests', () => {
    expect(vitestOutcome(report(true, file('passed', ['passed'])), 1).failed).toBe(1);
    expect(vitestOutcome(report(false, file('passed', ['passed'])), 0).failed).toBe(1);
  });
  test('a killed run', () => {
    expect(vitestOutcome(report(true, file('passed', ['passed'])), null).failed).toBe(1);
  });
});

test('a good run counts its tests', () => {
  const o = vitestOutcome(report(true, file('passed', ['passed', 'passed', 'pending', 'todo'])), 0);
  expect(o).toEqual({ passed: 2, failed: 0, skipped: 2, failures: [] });
});

test('the last line', () => {
  expect(summaryLine(sum([nothing, single(true, 'x'), single(false, 'why')]))).toBe('1 passed, 1 failed');
  expect(summaryLine({ ...nothing, passed: 3, skipped: 2 })).toBe('3 passed, 0 failed, 2 skipped');
});
