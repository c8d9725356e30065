/** Counting for scripts/test.ts: one outcome a stage, their sum on the last line. */

export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** One line for each failure. */
  readonly failures: readonly string[];
}

export const nothing: Outcome = { passed: 0, failed: 0, skipped: 0, failures: [] };

/** A check that is one yes or no. */
export function single(ok: boolean, failure: string): Outcome {
  return ok ? { ...nothing, passed: 1 } : { ...nothing, failed: 1, failures: [failure] };
}

export function sum(outcomes: readonly Outcome[]): Outcome {
  return outcomes.reduce(
    (a, b) => ({
      passed: a.passed + b.passed,
      failed: a.failed + b.failed,
      skipped: a.skipped + b.skipped,
      failures: [...a.failures, ...b.failures],
    }),
    nothing,
  );
}

/** `12 passed, 0 failed` and, when some were, `, 3 skipped`. */
export function summaryLine(o: Outcome): string {
  return `${o.passed} passed, ${o.failed} failed${o.skipped > 0 ? `, ${o.skipped} skipped` : ''}`;
}

interface VitestAssertion {
  readonly fullName: string;
  readonly status: string;
}
interface VitestFile {
  readonly name: string;
  readonly status: string;
  readonly message?: string;
  readonly assertionResults: readonly VitestAssertion[];
}
/** The part of Vitest's JSON report that is read here. */
export interface VitestReport {
  readonly success: boolean;
  readonly testResults: readonly VitestFile[];
}

/**
 * Counts tests. A file that failed without a failed test (it did not load, a hook threw) counts as one failure, and so
 * does a run that failed or found no test at all: no way to break a suite may look like success.
 */
export function vitestOutcome(report: VitestReport, exitCode: number | null): Outcome {
  const outcome = sum(
    report.testResults.map((file) => {
      const of = (...states: readonly string[]): readonly VitestAssertion[] =>
        file.assertionResults.filter((a) => states.includes(a.status));
      const failures = of('failed').map((a) => `${file.name}: ${a.fullName}`);
      if (file.status === 'failed' && failures.length === 0) {
        failures.push(`${file.name}: ${file.message?.split('\n')[0] ?? 'did not run'}`);
      }
      return {
        passed: of('passed').length,
        failed: failures.length,
        skipped: of('pending', 'skipped', 'todo', 'disabled').length,
        failures,
      };
    }),
  );
  if (outcome.failed > 0) return outcome;
  if (outcome.passed + outcome.skipped === 0) return sum([outcome, single(false, 'no test was found')]);
  if (!report.success || exitCode !== 0) {
    return sum([outcome, single(false, 'the run failed outside its tests (an unhandled error?)')]);
  }
  return outcome;
}
