/** D: the same check of the same data by a function of the hot path and by one that it calls. */
import { leaves } from '../branches.ts';
import { type Build, displayName } from '../build.ts';
import { type Expr, type Func, type Stmt, functionOf, strip } from '../ir.ts';
import { type Collector, hotFunctions, isCompiled, onOnePath, place, shortPlace, weigh } from './draft.ts';

/** A condition with locals and small accessors replaced by what they stand for, so that two functions' can be compared. */
function canonical(build: Build, x: Expr, bound: ReadonlyMap<string, string>, depth = 0): string | null {
  if (depth > 12) return null;
  const go = (e: Expr): string | null => canonical(build, e, bound, depth + 1);
  switch (x.k) {
    case 'num':
      return x.text.replace(/[uUlL]+$/, '');
    case 'id': {
      const given = bound.get(x.name);
      if (given !== undefined) return given;
      const f = functionOf(x);
      const d = build.index.local(f, x.name, x);
      if (d === null) return x.name;
      if (f?.params.includes(d) === true) return null;
      const changed =
        f === null ||
        build.index.usesOf(d).some((u) => (u.up?.k === 'asg' && u.up.left === u) || u.up?.k === 'upd');
      return d.init === null || changed ? null : go(d.init);
    }
    case 'mem': {
      const o = go(x.object);
      return o === null ? null : `${o}.${x.field}`;
    }
    case 'idx': {
      const o = go(x.object);
      const i = go(x.index);
      return o === null || i === null ? null : `*(${o}+${i})`;
    }
    case 'cast':
      return go(x.x);
    case 'un': {
      const v = go(x.x);
      return v === null ? null : `${x.op}(${v})`;
    }
    case 'bin': {
      const a = go(x.left);
      const b = go(x.right);
      return a === null || b === null ? null : `(${a}${x.op}${b})`;
    }
    case 'call': {
      if (x.callee.k === 'id' && x.callee.name === '__builtin_expect' && x.args[0] !== undefined)
        return go(x.args[0]);
      const f = build.index.callees(x)[0];
      const only = f?.body.length === 1 ? f.body[0] : undefined;
      if (f === undefined || only?.k !== 'return' || only.x === null) return null;
      const inner = new Map<string, string>();
      for (const [i, p] of f.params.entries()) {
        const arg = x.args[i];
        const v = arg === undefined ? null : go(arg);
        if (v === null) return null;
        inner.set(p.name, v);
      }
      return canonical(build, only.x, inner, depth + 1);
    }
    default:
      return null;
  }
}

/** Tests on memory at the start of a function, each as canonical text of what is compared. */
function tests(build: Build, f: Func, bound: ReadonlyMap<string, string>): { text: string; at: Expr }[] {
  const out: { text: string; at: Expr }[] = [];
  const atoms = (x: Expr): void => {
    const e = strip(x);
    if (e.k === 'bin' && (e.op === '&&' || e.op === '||')) {
      atoms(e.left);
      atoms(e.right);
    } else if (e.k === 'un' && e.op === '!') atoms(e.x);
    else if (e.k === 'bin' && /^([=!]=|[<>]=?)$/.test(e.op)) {
      const a = canonical(build, e.left, bound);
      const b = canonical(build, e.right, bound);
      // Without a load there is nothing to save.
      if (a !== null && b !== null && a.includes('*(')) out.push({ text: `${a}|${b}`, at: e });
    } else {
      const a = canonical(build, e, bound);
      if (a?.includes('*(') === true) out.push({ text: a, at: e });
    }
  };
  const visit = (list: readonly Stmt[]): void => {
    for (const s of list) {
      if (s.k === 'if') {
        atoms(s.test);
        if (!leaves(s.yes)) visit([s.yes]);
      } else if (s.k === 'block') visit(s.body);
      else if (s.k === 'variants') for (const o of s.options) visit(o.body);
    }
  };
  visit(f.body);
  return out;
}

/** Whether something that a test reads is written between two places of a function. */
function changed(
  build: Build,
  f: Func,
  text: string,
  from: Expr,
  to: Expr,
  named: ReadonlyMap<string, string>,
): boolean {
  return build.index.nodes(f).some((n) => {
    if (n.token.start <= from.token.end || n.token.start >= to.token.start) return false;
    const x = n.k === 'asg' ? n.left : n.k === 'upd' ? n.x : null;
    if (x === null) return false;
    const left = canonical(build, x, named);
    return left !== null && text.includes(left);
  });
}

/** Rows for checks of a callee that its hot caller has made on the same data before the call. */
export function repeatedChecks(build: Build, out: Collector): void {
  const { index, temperatures } = build;
  const seen = new Set<Expr>();
  for (const f of hotFunctions(build)) {
    const named = new Map(f.params.map((p) => [p.name, `<${p.name}>`]));
    const own = tests(build, f, named).filter((t) => isCompiled(build, t.at));
    if (own.length === 0) continue;
    const into = (
      call: Extract<Expr, { k: 'call' }>,
      bound: ReadonlyMap<string, string>,
      at: Expr,
      depth: number,
    ): void => {
      for (const g of index.callees(call)) {
        if (g === f || !build.listed(g.file) || temperatures.ofFunction(g) !== 'hot') continue;
        const inner = new Map<string, string>();
        for (const [i, p] of g.params.entries()) {
          const arg = call.args[i];
          const v = arg === undefined ? null : canonical(build, arg, bound);
          if (v !== null) inner.set(p.name, v);
        }
        if (inner.size === 0) continue;
        for (const t of tests(build, g, inner)) {
          if (seen.has(t.at) || temperatures.at(t.at) !== 'hot' || !isCompiled(build, t.at)) continue;
          const first = own.find(
            (o) =>
              o.text === t.text &&
              o.at.token.start < at.token.start &&
              o.at.token.start !== t.at.token.start &&
              onOnePath(o.at, at) &&
              !changed(build, f, t.text, o.at, at, named),
          );
          if (first === undefined) continue;
          seen.add(t.at);
          out.add({
            letter: 'D',
            at: place(build, t.at, g),
            title: `Trust the check of ${displayName(f)}`,
            reason: `${displayName(g)} repeats the check that ${displayName(f)} has made on the same data at ${shortPlace(build, first.at, g.file)}, before the call at ${shortPlace(build, at, g.file)}.`,
            risk: 'medium',
            experiment: `Give ${displayName(g)} a variant without it for callers that have checked; compare both sides.`,
            estimate: { instructions: -(weigh(t.at) + 1), branches: -1 },
          });
        }
        if (depth < 2)
          for (const n of index.nodes(g))
            if (n.k === 'call' && temperatures.at(n) === 'hot') into(n, inner, at, depth + 1);
      }
    };
    for (const n of index.nodes(f)) if (n.k === 'call' && temperatures.at(n) === 'hot') into(n, named, n, 1);
  }
}
