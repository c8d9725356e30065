/** `--fail-on`: which findings make `analyze` exit with 1, and the baseline that excuses old ones. */
import type { Findings } from '../model.ts';
import { UserError } from '../model.ts';
import { readJson } from './files.ts';
import { parseChoice, quoted } from './values.ts';

export const failRules = ['hot-telemetry', 'hot-telemetry-any', 'hot-getenv'] as const;
export type FailRule = (typeof failRules)[number];

export interface Failure {
  readonly rule: FailRule;
  readonly id: string;
  /** `file:line what`. */
  readonly where: string;
}

/** Comma-separated rule names. */
export function parseFailOn(text: string): FailRule[] {
  return text.split(',').map((part) => parseChoice('--fail-on', part.trim(), failRules));
}

/**
 * Why the rules cannot decide, null when they can: all of them are about the hot path, which starts at the entry points.
 * A check that passes because it found nothing to look at would be worse than none.
 */
export function undecidable(findings: Findings, rules: readonly FailRule[]): string | null {
  if (rules.length === 0 || findings.functions.some((f) => f.temperature === 'hot')) return null;
  const given = findings.configuration.entries;
  return given.length > 0
    ? `--fail-on ${rules.join(',')} cannot decide: no function named ${given.join(', ')} is defined in these sources, so nothing is hot. Check --entry.`
    : `--fail-on ${rules.join(',')} cannot decide: no malloc/free entry point was found, so nothing is hot. Name one with --entry.`;
}

/** Every finding that a rule names, a site at most once per rule. */
export function failures(findings: Findings, rules: readonly FailRule[]): Failure[] {
  const out: Failure[] = [];
  for (const rule of new Set(rules)) {
    if (rule === 'hot-getenv') {
      for (const g of findings.gates) {
        if (g.kind === 'env' && g.hot) {
          out.push({
            rule,
            id: g.id,
            where: `${g.file}:${g.line} getenv ${g.name ?? '(computed name)'} in ${g.function ?? 'file scope'}`,
          });
        }
      }
      continue;
    }
    for (const s of findings.atomics) {
      if (s.class !== 'telemetry' || s.temperature !== 'hot') continue;
      if (rule === 'hot-telemetry' && s.activity.state !== 'active') continue;
      out.push({
        rule,
        id: s.id,
        where: `${s.file}:${s.line} ${s.operation} ${s.target ?? ''} in ${s.function ?? 'file scope'}`,
      });
    }
  }
  return out;
}

/** Ids of the sites and gates in a file that `analyze --format json` printed earlier. */
export function readBaseline(file: string): ReadonlySet<string> {
  const value = readJson(file, '--baseline-file');
  const ids = new Set<string>();
  const wrong = new UserError(
    `--baseline-file ${quoted(file)}: not the output of alloc-lens analyze --format json`,
  );
  if (typeof value !== 'object' || value === null) throw wrong;
  for (const key of ['atomics', 'gates'] as const) {
    const rows: unknown = Reflect.get(value, key);
    if (!Array.isArray(rows)) throw wrong;
    for (const row of rows as readonly unknown[]) {
      const id: unknown = typeof row === 'object' && row !== null ? Reflect.get(row, 'id') : undefined;
      if (typeof id !== 'string') throw wrong;
      ids.add(id);
    }
  }
  return ids;
}
