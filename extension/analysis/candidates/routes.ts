/** E: a way chosen on each call from what is fixed after start-up. */
import { type Build, displayName } from '../build.ts';
import { inAssertion } from '../naming.ts';
import { type Expr, type Func, type Node, functionOf, strip } from '../ir.ts';
import { type Target, targetOf } from '../targets.ts';
import { measure } from '../wrappers.ts';
import { type Collector, hotFunctions, isCompiled, place } from './draft.ts';

/** Every write of an object lies where it is cold or out of reach, and there is one. */
function isFixed(build: Build, t: Target, known: Map<string, boolean>): boolean {
  const found = known.get(t.key);
  if (found !== undefined) return found;
  known.set(t.key, false);
  let writes = 0;
  let result = t.type.constant ? false : !(t.type.pointer > 0);
  for (const u of build.classifier.plainUses(t)) {
    let e: Expr = u;
    while ((e.up?.k === 'idx' && e.up.object === e) || (e.up?.k === 'mem' && e.up.object === e)) e = e.up;
    const written =
      (e.up?.k === 'asg' && e.up.left === e) ||
      e.up?.k === 'upd' ||
      (e.up?.k === 'un' && e.up.op === '&' && e.up.up?.k === 'call');
    if (!written) continue;
    writes++;
    if (/hot|warm/.test(build.temperatures.at(e))) result = false;
  }
  for (const a of build.classifier.accessesOf(t.key)) {
    if (a.operation === 'load') continue;
    writes++;
    if (/hot|warm/.test(build.temperatures.at(a.node))) result = false;
  }
  known.set(t.key, result && writes > 0);
  return result && writes > 0;
}

interface Sources {
  /** What is fixed after start-up, by name. */
  readonly fixed: Set<string>;
  /** A table among it, read by index. */
  table: boolean;
  /** Something else is read: the answer may change. */
  other: boolean;
  loads: number;
  /** A condition asks something fixed: not only the argument decides. */
  asks: boolean;
}

/** What an answer is made of, through small functions. */
function gather(build: Build, f: Func, into: Sources, known: Map<string, boolean>, depth: number): void {
  const { index, guards } = build;
  for (const n of index.nodes(f)) {
    if (into.other) return;
    if (
      n.k !== 'asg' &&
      n.k !== 'upd' &&
      n.k !== 'call' &&
      n.k !== 'id' &&
      n.k !== 'mem' &&
      n.k !== 'asm' &&
      n.k !== 'loop'
    )
      continue;
    if (!isCompiled(build, n)) continue;
    if (n.k === 'asg' || n.k === 'upd') {
      // Filling a cache once is no part of the answer; anything else is work.
      if (build.temperatures.within(n) < 16) {
        const x = n.k === 'asg' ? n.left : n.x;
        const local = x.k === 'id' ? index.local(f, x.name, x) : null;
        if (local === null || local.isStatic || local.isThread) into.other = true;
      }
      continue;
    }
    if (n.k === 'asm' || n.k === 'loop') into.other = true;
    else if (n.k === 'call') {
      if (n.callee.k === 'id' && /^__builtin_/.test(n.callee.name)) continue;
      if (build.temperatures.within(n) >= 16 || inAssertion(n.token)) continue;
      const to = index.callees(n);
      const gate = to.length > 0 && to.every((g) => guards.gatesOf(g).length > 0);
      if (gate) {
        for (const g of to) for (const name of guards.gatesOf(g)) into.fixed.add(name);
        if (isTested(n)) into.asks = true;
      } else if (
        to.length === 1 &&
        to[0] !== undefined &&
        to[0] !== f &&
        depth < 6 &&
        measure(to[0].body).statements <= 14
      ) {
        const asked = into.loads;
        gather(build, to[0], into, known, depth + 1);
        if (isTested(n) && into.loads > asked) into.asks = true;
      } else into.other = true;
    } else if (n.k === 'id' || n.k === 'mem') {
      if (n.up?.k === 'mem' && n.up.object === n) continue;
      if (n.up?.k === 'call' && n.up.callee === n) continue;
      const t = targetOf(index, n);
      if (t === null || t.kind === 'param') continue;
      if (t.kind === 'local' && t.decl?.isStatic !== true && t.decl?.isThread !== true) continue;
      if (build.temperatures.within(n) >= 16) continue;
      if (t.type.constant) continue;
      if (!isFixed(build, t, known)) into.other = true;
      else {
        into.fixed.add(t.owner === null ? t.name : `${t.owner}.${t.name}`);
        into.loads++;
        if (isTested(n)) into.asks = true;
        if (n.up?.k === 'idx' && n.up.object === n) into.table = true;
      }
    }
  }
}

function isTested(n: Expr): boolean {
  let child: Node = n;
  for (let p = n.up; p !== null; child = p, p = p.up) {
    if (p.k === 'if' || p.k === 'cond' || p.k === 'switch') return p.test === child;
    if (p.k === 'block' || p.k === 'func' || p.k === 'return' || p.k === 'idx') return false;
  }
  return false;
}

export function routes(build: Build, out: Collector): void {
  const { index, temperatures, guards } = build;
  const known = new Map<string, boolean>();
  const found: { f: Func; sources: Sources; branches: number }[] = [];
  const entries = new Set(temperatures.entryPoints.map((e) => e.func));
  for (const f of hotFunctions(build)) {
    if (f.params.length === 0 || f.params.length > 2 || entries.has(f)) continue;
    if (f.returns.pointer > 0 || f.returns.base === 'void' || guards.gatesOf(f).length > 3) continue;
    if (measure(f.body).statements > 12) continue;
    // It chooses between ways to answer on each call.
    const answers = index.nodes(f).filter((n) => n.k === 'return' && n.x !== null && isCompiled(build, n));
    const chooses = index
      .nodes(f)
      .filter((n) => (n.k === 'if' || n.k === 'switch' || n.k === 'cond') && !inAssertion(n.token));
    if (
      answers.length < 2 &&
      !answers.some((n) => n.k === 'return' && n.x !== null && strip(n.x).k === 'cond')
    )
      continue;
    if (chooses.length === 0) continue;
    const sources: Sources = { fixed: new Set(), table: false, other: false, loads: 0, asks: false };
    gather(build, f, sources, known, 0);
    if (sources.other || sources.fixed.size === 0 || !sources.asks) continue;
    // One test of one flag is as cheap as its table would be.
    if (sources.fixed.size < 2 && !sources.table) continue;
    found.push({ f, sources, branches: chooses.length });
  }
  const all = new Set(found.map((x) => x.f));
  for (const { f, sources, branches } of found) {
    // The outermost answer holds the ones that it asks for.
    if (
      (temperatures.callersOf.get(f) ?? []).some((c) => {
        const by = functionOf(c);
        return by !== null && by !== f && all.has(by);
      })
    )
      continue;
    const names = [...sources.fixed].slice(0, 3);
    out.add({
      letter: 'E',
      at: place(build, f, f),
      title: `Precompute the answer of ${displayName(f)}`,
      reason: `${displayName(f)} works out on each call, from its argument, what ${names.join(', ')}${sources.fixed.size > 3 ? ' and others' : ''} decide; nothing on a hot or warm path writes ${names.length === 1 ? 'it' : 'them'} after start-up.`,
      risk: 'low',
      experiment:
        'Keep the answer as one bit or byte for each argument, filled at start-up; compare both sides.',
      estimate: { instructions: sources.loads > 1 ? -(sources.loads - 1) : null, branches: -branches },
    });
  }
}
