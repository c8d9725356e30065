/** Rows of `candidates[]`: places where a hot path could do less, each with its reason and its risk. */
import type { AtomicSite, Candidate, Counter, Gate, Variable } from '../model.ts';
import type { Build } from './build.ts';
import { repeatedChecks } from './candidates/checks.ts';
import { Collector } from './candidates/draft.ts';
import { repeatedGates } from './candidates/gates.ts';
import { lateGates } from './candidates/late.ts';
import { layers } from './candidates/layers.ts';
import { sharedLines } from './candidates/lines.ts';
import { locksAndCalls } from './candidates/locks.ts';
import { routes } from './candidates/routes.ts';
import { type SiteFacts, telemetry } from './candidates/telemetry.ts';
import { targetOf } from './targets.ts';
import { type Access, isAtomicObject } from './access.ts';
import { type Expr, print, strip, walk } from './ir.ts';

/** What the accesses say that their rows do not: merges of statistics, and wrappers that are relaxed in one branch. */
function factsOf(build: Build): SiteFacts {
  const merges = new Set<string>();
  const relaxed = new Set<string>();
  const key = (file: string, line: number): string => `${file}:${line}`;
  for (const f of build.index.functions) {
    for (const a of build.wrappers.accesses(f)) {
      if (a.operation === 'load' || a.target === null) continue;
      const at = key(a.file, build.position(a.file, a.token.start).line);
      const within = a.wrapper === null ? [] : build.wrappers.accesses(a.wrapper.func);
      if (within.some((w) => w.operation === a.operation && w.order === 'relaxed')) relaxed.add(at);
      // An operator on what another configuration declares without atomic: it may be written for that one.
      if ([a, ...within].some((w) => isPlainElsewhere(build, w))) relaxed.add(at);
      // A reset counts nothing.
      if (a.operation === 'store' && a.value !== null && strip(a.value).k === 'num') merges.add(at);
      if (carries(build, a)) merges.add(at);
    }
  }
  return {
    isMerge: (x) => merges.has(key(x.file, x.line)),
    isRelaxed: (x) => relaxed.has(key(x.file, x.line)),
  };
}

/** An operator on a member that has two declarations, one of them plain. */
function isPlainElsewhere(build: Build, a: Access): boolean {
  if (a.node.k === 'call' || a.targetExpr === null) return false;
  const x = strip(a.targetExpr);
  const member = x.k === 'mem' ? build.index.memberField(x) : null;
  if (member === null) return false;
  const { name, file } = member.struct;
  return [...(build.index.structs.get(name) ?? [])]
    .filter((s) => s.file === file)
    .flatMap((s) => s.fields.filter((f) => f.name === member.field.name))
    .some((f) => !isAtomicObject(build.index, f.type));
}

/** Whether an update takes its value from another object of telemetry: `sum->hits += each->hits`. */
function carries(build: Build, a: Access): boolean {
  if (a.target === null || (a.target.kind !== 'field' && a.target.kind !== 'param')) return false;
  const own = a.targetExpr === null ? '' : shown(a.targetExpr);
  let reads = false;
  const look = (x: Expr): void =>
    walk(x, (n) => {
      if (reads || (n.k !== 'id' && n.k !== 'mem') || (n.up?.k === 'mem' && n.up.object === n)) return;
      let t = targetOf(build.index, n);
      if (t?.kind === 'local' && t.decl?.init != null && n.up?.k !== 'un') {
        const { init } = t.decl;
        const inner = init.k === 'call' ? init.args[0] : init;
        t = inner === undefined ? null : targetOf(build.index, inner);
        if (inner !== undefined && shown(inner) === own) return;
      } else if (shown(n) === own) return;
      if (t === null || t.kind !== 'field') return;
      const same = t.key === a.target?.key;
      if (
        same ||
        (build.classifier.accessesOf(t.key).length > 0 && build.classifier.verdict(t).class === 'telemetry')
      )
        reads = true;
    });
  if (a.value !== null) look(a.value);
  if (a.node.k === 'call')
    for (const arg of a.node.args) if (a.targetExpr === null || shown(arg) !== own) look(arg);
  return reads;
}

const shown = (x: Expr): string => print(strip(x)).replace(/^&/, '');

export function candidates(
  build: Build,
  sites: readonly AtomicSite[],
  counters: readonly Counter[],
  gates: readonly Gate[],
  variables: readonly Variable[],
): Candidate[] {
  const out = new Collector();
  layers(build, out);
  repeatedGates(build, out);
  const variablesOfEnv = new Set(gates.filter((g) => g.kind === 'env').map((g) => g.name ?? ''));
  telemetry(sites, counters, variables, variablesOfEnv, factsOf(build), out);
  repeatedChecks(build, out);
  routes(build, out);
  sharedLines(build, out);
  locksAndCalls(build, gates, out);
  lateGates(build, out);
  return out.rows.sort((a, b) =>
    a.letter === b.letter
      ? a.file === b.file
        ? a.line - b.line
        : a.file < b.file
          ? -1
          : 1
      : a.letter < b.letter
        ? -1
        : 1,
  );
}
