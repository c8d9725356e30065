/** What one operation is classed as: its variable's class, or what the objects of its callers agree on. */
import type { AtomicClass } from '../model.ts';
import type { Access } from './access.ts';
import type { Verdict } from './classify.ts';
import type { Reason } from './evidence.ts';
import type { Index } from './index.ts';
import { type Target, targetOf } from './targets.ts';

/** A site's class: its variable's, or for an operation on a parameter what its callers' objects agree on. */
export function siteVerdict(
  index: Index,
  of: (t: Target) => Verdict,
  a: Access,
  verdict: Verdict | null,
): Verdict {
  if (a.operation === 'fence')
    return {
      class: 'correctness',
      role: 'publication',
      reasons: [{ file: a.file, token: a.token, reason: 'A fence orders other accesses.' }],
    };
  if (verdict !== null) return verdict;
  const t = a.target;
  if (t === null || t.kind !== 'param' || t.func === null) {
    return {
      class: 'unknown',
      role: null,
      reasons: [
        {
          file: a.file,
          token: a.token,
          reason: 'The object could not be named, so its other uses were not followed.',
        },
      ],
    };
  }
  return shared(index, of, t, a, new Set());
}

function shared(index: Index, of: (t: Target) => Verdict, t: Target, a: Access, seen: Set<string>): Verdict {
  if (seen.has(t.key) || t.func === null) return { class: 'unknown', role: null, reasons: [] };
  seen.add(t.key);
  const { func } = t;
  const classes = new Map<AtomicClass, Verdict>();
  const calls = (index.calls.get(func.name) ?? []).filter((c) => index.callees(c).includes(func));
  for (const c of calls) {
    const arg = c.args[t.param];
    const to = arg === undefined ? null : targetOf(index, arg);
    const v =
      to === null
        ? null
        : to.kind === 'param'
          ? to.func === func
            ? null
            : shared(index, of, to, a, seen)
          : of(to);
    if (v !== null && !classes.has(v.class)) classes.set(v.class, v);
    if (to === null) classes.set('unknown', { class: 'unknown', role: null, reasons: [] });
  }
  const why = (reason: string): Reason[] => [{ file: a.file, token: a.token, reason }];
  if (calls.length === 0)
    return { class: 'unknown', role: null, reasons: why(`Nothing in the project calls ${func.name}.`) };
  const correctness = classes.get('correctness');
  if (correctness !== undefined)
    return {
      ...correctness,
      reasons: [
        ...why(`${func.name} is called on objects of which at least one steers the allocator.`),
        ...correctness.reasons.slice(0, 4),
      ],
    };
  const unknown = classes.get('unknown');
  if (unknown !== undefined)
    return {
      class: 'unknown',
      role: null,
      reasons: why(`${func.name} is called on objects of which at least one is not known.`),
    };
  const telemetry = classes.get('telemetry');
  if (telemetry !== undefined)
    return {
      ...telemetry,
      reasons: [...why(`${func.name} is called on telemetry only.`), ...telemetry.reasons.slice(0, 4)],
    };
  return { class: 'unknown', role: null, reasons: why('Its callers could not be followed.') };
}
