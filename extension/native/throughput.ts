/** The throughput of a program of the user's own, read from what it prints by a regular expression of the user's own. */
import vm from 'node:vm';
import type { ThroughputRule } from '../model-profile.ts';
import { UserError } from '../model.ts';

const mostPattern = 500;
/** A pattern that needs longer on this much text would need for ever on a little more. */
const timeLimitMs = 500;
const mostText = 1 << 20;
const mostMatches = 1000;

/** What is wrong with a rule, null when nothing is. */
export function checkRule(
  rule: ThroughputRule,
): { readonly field: 'pattern' | 'operations'; readonly text: string } | null {
  if (rule.pattern.length > mostPattern) {
    return { field: 'pattern', text: `it is longer than ${mostPattern} characters` };
  }
  let groups: number;
  try {
    // The empty alternative matches at once and tells how many groups there are.
    groups = (new RegExp(`|${rule.pattern}`, 'm').exec('')?.length ?? 1) - 1;
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : '';
    return { field: 'pattern', text: `it is no regular expression (${why.slice(0, 160)})` };
  }
  if (groups !== 1) {
    return {
      field: 'pattern',
      text: `one group has to hold the number, not ${groups}; write others as (?:...)`,
    };
  }
  if (rule.unit === 'seconds' && rule.operations === null) {
    return { field: 'operations', text: 'seconds say nothing without the number of operations of a run' };
  }
  return null;
}

/** `1234.5`, `1.2e6`, `1,234,567`. */
function numberOf(text: string): number | null {
  const plain = /^\d{1,3}(?:[,_' ]\d{3})+(?:\.\d+)?$/.test(text.trim())
    ? text.replace(/[,_' ]/g, '')
    : text.trim();
  const value = /^[+]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(plain) ? Number(plain) : Number.NaN;
  return Number.isFinite(value) && value > 0 ? value : null;
}

function opsPerSecond(value: number, rule: ThroughputRule): number {
  switch (rule.unit) {
    case 'ops/s':
      return value;
    case 'Kops/s':
      return value * 1e3;
    case 'Mops/s':
      return value * 1e6;
    case 'ns/op':
      return 1e9 / value;
    case 'us/op':
      return 1e6 / value;
    case 'seconds':
      return (rule.operations ?? Number.NaN) / value;
  }
}

/** All texts of the group; the engine ends a search that takes too long, however the pattern is made. */
function matchesOf(pattern: string, text: string): readonly string[] {
  const sandbox: Record<string, unknown> = Object.assign(Object.create(null), {
    pattern,
    text,
    most: mostMatches,
  });
  const script = `const out = []; const r = new RegExp(pattern, 'gm');
    for (const m of text.matchAll(r)) { out.push(m[1] ?? ''); if (out.length > most) break; }
    JSON.stringify(out)`;
  try {
    const found: unknown = vm.runInNewContext(script, sandbox, { timeout: timeLimitMs });
    const list: unknown = JSON.parse(String(found));
    return Array.isArray(list) ? list.map(String) : [];
  } catch (error) {
    const code: unknown =
      typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
    if (code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    throw new UserError(
      `throughput.pattern took longer than ${timeLimitMs} ms on the output: make it simpler, nested repetitions take for ever`,
    );
  }
}

/**
 * Operations per second of each place where the rule matches, in order: a program may print one line a pass.
 *
 * @throws UserError when nothing matches, or what does is no number above 0
 */
export function readThroughput(output: string, rule: ThroughputRule, name: string): readonly number[] {
  if (output.length >= mostText) {
    throw new UserError(
      `${name} printed more than ${mostText >> 20} MiB: its throughput line is not searched in that`,
      3,
    );
  }
  const found = matchesOf(rule.pattern, output);
  if (found.length === 0) {
    const last = output.trimEnd().split('\n').at(-1)?.trim().slice(0, 120) ?? '';
    const printed = last === '' ? 'it printed nothing' : `its last line was: ${last}`;
    throw new UserError(`${name}: throughput.pattern matches nothing that it printed; ${printed}`, 3);
  }
  if (found.length > mostMatches) {
    throw new UserError(
      `${name}: throughput.pattern matches more than ${mostMatches} times: make it more exact`,
      3,
    );
  }
  return found.map((text) => {
    const value = numberOf(text);
    if (value === null) {
      throw new UserError(
        `${name}: throughput.pattern gave '${text.slice(0, 60)}', which is no number above 0`,
        3,
      );
    }
    return opsPerSecond(value, rule);
  });
}
