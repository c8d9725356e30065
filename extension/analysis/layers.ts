/** Candidates that come from looking at two functions of one hot path together: layers, repeated checks, routes. */
import type { Build } from './build.ts';
import { type Call, type Expr, type Func, type Stmt, functionOf, strip } from './ir.ts';
import { targetOf } from './targets.ts';
import { leaves } from './branches.ts';
import { measure } from './wrappers.ts';

export interface Layer {
  readonly func: Func;
  readonly call: Call;
  readonly to: Func;
  /** Gates that the layer asks before it hands on. */
  readonly gates: number;
}

/** Whether a function writes anything that is not its own. */
function writes(build: Build, f: Func): boolean {
  for (const n of build.index.nodes(f)) {
    const x = n.k === 'asg' ? n.left : n.k === 'upd' ? n.x : null;
    if (x === null) continue;
    const t = targetOf(build.index, x);
    if (t?.kind === 'local' && t.decl?.isStatic !== true && t.decl?.isThread !== true) continue;
    if (t !== null && build.classifier.verdict(t).class === 'telemetry') continue;
    return true;
  }
  return false;
}

/** Hot functions that check something and hand their own arguments and result on to one other function. */
export function findLayers(build: Build): Layer[] {
  const { index, temperatures, guards } = build;
  const out: Layer[] = [];
  for (const f of index.functions) {
    if (!build.listed(f.file) || temperatures.ofFunction(f) !== 'hot' || f.params.length === 0) continue;
    const size = measure(f.body);
    if (size.statements > 30 || size.loops > 0 || writes(build, f)) continue;
    const names = f.params.map((p) => p.name).filter((p) => p !== '');
    const onward = index
      .nodes(f)
      .filter((n): n is Call => n.k === 'call' && temperatures.at(n) === 'hot')
      .filter(
        (n) =>
          names.length > 0 &&
          names.every((p) =>
            n.args.some((a) => strip(a).k === 'id' && (strip(a) as { name: string }).name === p),
          ),
      )
      .filter(
        (n) =>
          n.up?.k === 'return' ||
          (n.up?.k === 'cast' && n.up.up?.k === 'return') ||
          (n.up?.k === 'expr' && f.returns.base === 'void'),
      );
    const call = onward[onward.length - 1];
    const to = call === undefined ? undefined : index.callees(call)[0];
    if (call === undefined || to === undefined || to === f || temperatures.ofFunction(to) !== 'hot') continue;
    // Something that does the work: more than the layer's own tests.
    if (measure(to.body).statements < 4) continue;
    const gates = index
      .nodes(f)
      .filter((n) => n.k === 'call' && index.callees(n).some((g) => guards.gatesOf(g).length > 0)).length;
    out.push({ func: f, call, to, gates });
  }
  return out;
}

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

export interface Repeated {
  readonly caller: Func;
  readonly callee: Func;
  readonly at: Expr;
}

/** Checks of a hot function that its hot caller has made on the same data just before. */
export function findRepeatedChecks(build: Build): Repeated[] {
  const { index, temperatures } = build;
  const out: Repeated[] = [];
  const seen = new Set<Expr>();
  for (const f of index.functions) {
    if (!build.listed(f.file) || temperatures.ofFunction(f) !== 'hot') continue;
    const named = new Map(f.params.map((p) => [p.name, `<${p.name}>`]));
    const own = tests(build, f, named);
    if (own.length === 0) continue;
    for (const n of index.nodes(f)) {
      if (n.k !== 'call') continue;
      for (const g of index.callees(n)) {
        if (g === f || !build.listed(g.file) || temperatures.ofFunction(g) !== 'hot') continue;
        const bound = new Map<string, string>();
        for (const [i, p] of g.params.entries()) {
          const arg = n.args[i];
          const v = arg === undefined ? null : canonical(build, arg, named);
          if (v !== null) bound.set(p.name, v);
        }
        for (const t of tests(build, g, bound)) {
          if (seen.has(t.at) || !own.some((o) => o.text === t.text && o.at.token.start !== t.at.token.start))
            continue;
          seen.add(t.at);
          out.push({ caller: f, callee: g, at: t.at });
        }
      }
    }
  }
  return out;
}

/** Hot functions whose answer, by their argument, comes out of a table that nothing on a hot or warm path writes. */
export function findRoutes(build: Build): { func: Func; table: string }[] {
  const { index, temperatures, classifier } = build;
  const out: { func: Func; table: string }[] = [];
  for (const f of index.functions) {
    if (!build.listed(f.file) || temperatures.ofFunction(f) !== 'hot' || f.params.length === 0) continue;
    if (measure(f.body).statements > 6) continue;
    // It chooses between ways to answer on each call.
    const results = index.nodes(f).filter((n) => n.k === 'return' && n.x !== null);
    if (results.length < 2) continue;
    for (const n of results) {
      if (n.k !== 'return' || n.x === null) continue;
      const table = tableBehind(build, n.x, 0);
      if (table === null) continue;
      const t = targetOf(index, table);
      if (t === null || t.type.constant || (t.kind !== 'global' && t.kind !== 'field')) continue;
      const writers = classifier.plainUses(t).filter((u) => {
        let e: Expr = u;
        while (e.up?.k === 'idx' && e.up.object === e) e = e.up;
        return (e.up?.k === 'asg' && e.up.left === e) || e.up?.k === 'upd';
      });
      if (writers.length === 0 || writers.some((w) => /hot|warm/.test(temperatures.at(w)))) continue;
      out.push({ func: f, table: t.owner === null ? t.name : `${t.owner}.${t.name}` });
      break;
    }
  }
  return out;
}

/** The table that an indexed read takes from, through a small accessor. */
function tableBehind(build: Build, x: Expr, depth: number): Expr | null {
  const e = strip(x);
  if (e.k === 'idx') return e.object;
  if (e.k !== 'call' || depth > 2) return null;
  const g = build.index.callees(e)[0];
  const only = g?.body.length === 1 ? g.body[0] : undefined;
  return only?.k === 'return' && only.x !== null ? tableBehind(build, only.x, depth + 1) : null;
}
