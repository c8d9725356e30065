/** Which kind of work a function does, as the seeds' tables name it. */
import type { FunctionCategory } from '../model.ts';
import type { Build } from './build.ts';
import type { Func } from './ir.ts';
import { measure } from './wrappers.ts';

/** Returns the function that answers for one build. */
export function categories(build: Build): (f: Func) => FunctionCategory {
  const { index, temperatures, env, classifier } = build;
  const readsEnv = new Set(env.reads.map((r) => r.func));
  const entries = new Set(temperatures.entryPoints.map((e) => e.func));
  return (f) => {
    if (f.name === 'main' || /(^|\/)bench/.test(f.file)) return 'benchmark';
    if (readsEnv.has(f) || (f.params.length === 0 && build.guards.gatesOf(f).length > 0)) return 'env';
    if (temperatures.system.has(f)) return 'kernel';
    const size = measure(f.body);
    const calls = index.nodes(f).filter((n) => n.k === 'call' && index.callees(n).length > 0);
    const updates =
      build.wrappers.accesses(f).some((a) => a.operation !== 'load') ||
      index.nodes(f).some((n) => n.k === 'upd');
    if ((updates || temperatures.isPrinter(f)) && size.statements > 0 && classifier.observes(f))
      return 'stats';
    if (entries.has(f)) return 'wrapper';
    // Little of its own: it tests, and hands its work on.
    if (size.statements <= 3 && size.loops === 0 && calls.length === 1 && !updates) return 'wrapper';
    return 'core';
  };
}
