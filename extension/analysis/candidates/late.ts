/** I: work done before the gate that would have saved it. */
import { leaves } from '../branches.ts';
import { type Build, displayName } from '../build.ts';
import { inAssertion } from '../naming.ts';
import { type Decl, type Expr, type Func, type Node, type Stmt, print, strip, walk } from '../ir.ts';
import { targetOf } from '../targets.ts';
import { type Collector, hotFunctions, isCompiled, place } from './draft.ts';

const clocks =
  /^(clock_gettime|gettimeofday|time|clock|times|rdtsc|rdtscp|__rdtscp?|__builtin_ia32_rdtscp?|__builtin_readcyclecounter|mach_absolute_time|QueryPerformanceCounter|GetTickCount(64)?|now)$/;
const lookups =
  /^(pthread_getspecific|pthread_self|tss_get|TlsGetValue|FlsGetValue|sched_getcpu|getcpu|gettid|getpid|getenv|secure_getenv|GetCurrentThreadId)$/;
const formats = /^(v?s?n?printf|strlen|backtrace|__builtin_return_address|memset|memcpy|strftime)$/;

/** What a statement's expression costs in the eyes of a hot path, null when nothing worth naming. */
function costOf(build: Build, x: Expr, depth = 0): string | null {
  let found: string | null = null;
  walk(x, (n) => {
    if (found !== null || n.k !== 'call') return;
    const name = n.callee.k === 'id' ? n.callee.name : n.callee.k === 'mem' ? n.callee.field : '';
    const to = build.index.callees(n);
    if (to.length === 0) {
      if (clocks.test(name)) found = `a clock read (${name})`;
      else if (lookups.test(name)) found = `a look-up (${name})`;
      else if (formats.test(name) && name !== 'memcpy' && name !== 'memset') found = `formatting (${name})`;
    } else if (depth < 2 && to.length === 1 && to[0] !== undefined && to[0].body.length <= 3) {
      // A small function around one of them; a gate of its own would save it already.
      const inner = to[0];
      if (!build.index.nodes(inner).some((m) => m.k === 'if' || m.k === 'cond'))
        for (const s of inner.body) {
          const e = s.k === 'return' ? s.x : s.k === 'expr' ? s.x : null;
          if (e !== null && found === null) found = costOf(build, e, depth + 1);
        }
    }
  });
  return found;
}

const updates = /^(fetch_|exchange|compare_exchange|test_and_set)/;

/** A test that switches something on or off: an environment gate, or one flag that lasts. */
function isGate(build: Build, test: Expr): boolean {
  if (build.guards.gateNames(test).length > 0) return true;
  const e = strip(test);
  const flag = e.k === 'un' && e.op === '!' ? strip(e.x) : e;
  const at =
    flag.k === 'call' && flag.callee.k === 'mem' && flag.callee.field === 'load'
      ? strip(flag.callee.object)
      : flag;
  const inner =
    at.k === 'call' && at.args.length > 0 && at.args[0] !== undefined && build.index.callees(at).length === 0
      ? strip(at.args[0])
      : at;
  const x = inner.k === 'un' && inner.op === '&' ? inner.x : inner;
  if (x.k !== 'id' && x.k !== 'mem') return false;
  const t = targetOf(build.index, x);
  if (t === null || t.type.pointer > 0 || t.type.array > 0) return false;
  const lasts =
    t.kind === 'global' || t.decl?.isStatic === true || (t.kind === 'field' && x.k === 'mem' && !x.arrow);
  if (!lasts) return false;
  // Not something that the hot path itself moves.
  const written = build.classifier.plainUses(t).some((u) => {
    const p = u.up;
    const w = (p?.k === 'asg' && p.left === u) || p?.k === 'upd';
    return w && /hot|warm/.test(build.temperatures.at(u));
  });
  const moved = build.classifier
    .accessesOf(t.key)
    .some((a) => a.operation !== 'load' && /hot|warm/.test(build.temperatures.at(a.node)));
  return !written && !moved;
}

interface Spent {
  readonly at: Node;
  readonly what: string;
}

/** Costs in one statement that only what lies behind the gate makes use of. */
function spent(
  build: Build,
  f: Func,
  s: Stmt,
  gate: Extract<Stmt, { k: 'if' }>,
  exits: boolean,
): Spent | null {
  const { index } = build;
  const inGate = (n: Node): boolean => {
    for (let p: Node | null = n; p !== null; p = p.up) if (p === gate) return true;
    return false;
  };
  // After a gate that leaves; inside one that holds what it saves.
  const behind = (n: Node): boolean =>
    exits
      ? !inGate(n) && n.token.start > gate.token.start
      : (() => {
          for (let p: Node | null = n; p !== null; p = p.up) if (p === gate.yes) return true;
          return false;
        })();
  const onlyBehind = (d: Decl): boolean => {
    const uses = index.usesOf(d).filter((u) => !inAssertion(u.token));
    return uses.length > 0 && uses.every((u) => u.token.start === d.token.start || behind(u));
  };
  if (s.k === 'decls') {
    for (const d of s.decls) {
      if (d.init === null || d.isStatic || d.isThread || !onlyBehind(d)) continue;
      const what = costOf(build, d.init) ?? rmwIn(build, f, d.init);
      if (what !== null) return { at: d, what };
    }
    return null;
  }
  if (s.k !== 'expr') return null;
  const x = strip(s.x);
  if (x.k === 'asg' && x.left.k === 'id') {
    const d = index.local(f, x.left.name, x.left);
    if (d === null || d.isStatic || d.isThread) return null;
    const uses = index.usesOf(d).filter((u) => u !== x.left && !inAssertion(u.token));
    if (uses.length === 0 || !uses.every((u) => behind(u))) return null;
    const what = costOf(build, x.right);
    return what === null ? null : { at: x, what };
  }
  if (x.k === 'call') {
    // `clock_gettime(CLOCK, &ts)`, `snprintf(line, ...)`: what it fills is used behind the gate alone.
    const what = costOf(build, x);
    if (what !== null) {
      const filled = x.args
        .map((a) => strip(a))
        .map((a) => (a.k === 'un' && a.op === '&' ? strip(a.x) : a))
        .map((a) => (a.k === 'id' ? index.local(f, a.name, a) : null))
        .filter((d): d is Decl => d !== null && !f.params.includes(d));
      if (filled.length > 0 && filled.every((d) => index.usesOf(d).every((u) => within(u, s) || behind(u))))
        return { at: x, what };
    }
  }
  // An update of telemetry in a function that is there to observe.
  const a = build.wrappers.accesses(f).find((w) => within(w.node, s) && updates.test(w.operation));
  if (
    a?.target != null &&
    a.target.kind !== 'param' &&
    build.classifier.verdict(a.target).class === 'telemetry'
  ) {
    if (restIsTelemetry(build, f, gate) && build.guards.of(s).every((g) => g.kind !== 'env' || !g.own))
      return { at: a.node, what: `the update of ${a.target.name}` };
  }
  return null;
}

function within(n: Node, root: Node): boolean {
  for (let p: Node | null = n; p !== null; p = p.up) if (p === root) return true;
  return false;
}

function rmwIn(build: Build, f: Func, x: Expr): string | null {
  const a = build.wrappers.accesses(f).find((w) => updates.test(w.operation) && within(w.node, x));
  return a === undefined
    ? null
    : `the ${a.operation} of ${a.targetExpr === null ? 'an atomic' : print(strip(a.targetExpr)).replace(/^&/, '')}`;
}

/** The gate is one of statistics: what it saves are updates and reports too. */
function restIsTelemetry(build: Build, f: Func, gate: Extract<Stmt, { k: 'if' }>): boolean {
  const all = build.wrappers
    .accesses(f)
    .filter((a) => updates.test(a.operation) && a.token.start > gate.token.start);
  const told = build.classifier.observes(f);
  return (
    told ||
    (all.length > 0 &&
      all.every(
        (a) =>
          a.target !== null &&
          a.target.kind !== 'param' &&
          build.classifier.verdict(a.target).class === 'telemetry',
      ) &&
      !leaves(gate.yes))
  );
}

export function lateGates(build: Build, out: Collector): void {
  for (const f of hotFunctions(build)) {
    for (const n of build.index.nodes(f)) {
      if (n.k !== 'if' || n.no !== null || inAssertion(n.token)) continue;
      const holder = n.up;
      const body =
        holder?.k === 'block' || holder?.k === 'func'
          ? holder.body
          : holder?.k === 'variants'
            ? holder.options.find((o) => o.body.includes(n))?.body
            : undefined;
      if (body === undefined) continue;
      const at = body.indexOf(n);
      if (at <= 0 || build.temperatures.at(n) !== 'hot' || !isCompiled(build, n)) continue;
      const exits = leaves(n.yes);
      if (!isGate(build, n.test)) continue;
      for (let i = at - 1; i >= Math.max(0, at - 8); i--) {
        const s = body[i] as Stmt;
        if (s.k !== 'decls' && s.k !== 'expr') continue;
        if (inAssertion(s.token) || !isCompiled(build, s)) continue;
        const found = spent(build, f, s, n, exits);
        if (found === null) continue;
        const gate = place(build, n, f);
        out.add({
          letter: 'I',
          at: place(build, found.at, f),
          title: `Check ${print(strip(n.test)).slice(0, 60)} first`,
          reason: `${displayName(f)} pays for ${found.what} before the gate at line ${gate.line}, and only what lies behind that gate makes use of it.`,
          risk: 'low',
          experiment: 'Move it behind the gate and compare both sides with the gate off.',
          estimate: { instructions: null, branches: 0 },
        });
      }
    }
  }
}
