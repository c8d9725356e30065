/** Which kind of work a function does, as the seeds' tables name it. */
import type { FunctionCategory } from '../model.ts';
import type { Build } from './build.ts';
import type { Expr, Func } from './ir.ts';
import { targetOf } from './targets.ts';
import { measure } from './wrappers.ts';

/** Returns the function that answers for one build. */
export function categories(build: Build): (f: Func) => FunctionCategory {
  const { index, temperatures, env, classifier } = build;
  const readsEnv = new Set(env.reads.map((r) => r.func));
  const entries = new Set(temperatures.entryPoints.map((e) => e.func));
  return (f) => {
    if (f.name === 'main' || /(^|\/)bench/.test(f.file)) return 'benchmark';
    if (readsEnv.has(f) || (f.params.length === 0 && build.guards.gatesOf(f).length > 0)) return 'env';
    if (temperatures.isSystem(f)) return 'kernel';
    const size = measure(f.body);
    const calls = index.nodes(f).filter((n) => n.k === 'call' && index.callees(n).length > 0);
    // What outlives the call and is telemetry: a loop's own index is none.
    const counts = (x: Expr): boolean => {
      const t = targetOf(index, x);
      if (t === null || t.kind === 'param') return false;
      if (t.kind === 'local' && t.decl?.isStatic !== true && t.decl?.isThread !== true) return false;
      return classifier.verdict(t).class === 'telemetry';
    };
    const atomics = build.wrappers.accesses(f).filter((a) => a.operation !== 'load');
    const plain = index
      .nodes(f)
      .map((n) => (n.k === 'upd' ? n.x : n.k === 'asg' && n.op !== '=' ? n.left : null))
      .filter((x): x is Expr => x !== null);
    const updates = atomics.length > 0 || plain.length > 0;
    const observes =
      atomics.some((a) => a.targetExpr !== null && counts(a.targetExpr)) ||
      plain.some(counts) ||
      temperatures.isPrinter(f);
    if (observes && size.statements > 0 && classifier.observes(f)) return 'stats';
    // Atomic operations under another name.
    if (atomics.length > 0 && size.statements <= 5 && atomics.every((a) => a.target?.kind === 'param'))
      return 'wrapper';
    if (entries.has(f)) return 'wrapper';
    // Little of its own: it tests, and hands its work on.
    if (size.statements <= 3 && size.loops === 0 && calls.length === 1 && !updates) return 'wrapper';
    return 'core';
  };
}
