/** A: functions of the hot path that check something and hand everything on. */
import { hotLimit } from '../branches.ts';
import { type Build, displayName } from '../build.ts';
import { inAssertion } from '../naming.ts';
import { type Call, type Func, strip } from '../ir.ts';
import { targetOf } from '../targets.ts';
import { measure } from '../wrappers.ts';
import { type Collector, hotFunctions, isCompiled, place, weigh } from './draft.ts';

/** Whether a function writes anything that is neither its own nor telemetry. */
function writes(build: Build, f: Func): boolean {
  for (const n of build.index.nodes(f)) {
    const x = n.k === 'asg' ? n.left : n.k === 'upd' ? n.x : null;
    if (x === null) continue;
    const t = targetOf(build.index, x);
    if (t?.kind === 'local' && t.decl?.isStatic !== true && t.decl?.isThread !== true) continue;
    const adds = n.k === 'upd' || (n.k === 'asg' && n.op !== '=');
    if (adds && t !== null && build.classifier.verdict(t).class === 'telemetry') continue;
    return true;
  }
  return false;
}

export function layers(build: Build, out: Collector): void {
  const { index, temperatures, guards } = build;
  const entries = new Set(temperatures.entryPoints.map((e) => e.func));
  for (const f of hotFunctions(build)) {
    const names = f.params.map((p) => p.name).filter((p) => p !== '');
    if (names.length === 0 || names.length !== f.params.length) continue;
    const size = measure(f.body);
    if (size.statements > 30 || size.loops > 0 || writes(build, f)) continue;
    // What programs call less often is not where layers cost.
    if ((temperatures.distance.get(f) ?? 0) >= hotLimit) continue;
    const onward = index
      .nodes(f)
      .filter(
        (n): n is Call =>
          n.k === 'call' &&
          temperatures.at(n) === 'hot' &&
          names.every((p) => n.args.some((a) => named(a) === p)) &&
          (n.up?.k === 'return' ||
            (n.up?.k === 'cast' && n.up.up?.k === 'return') ||
            (n.up?.k === 'expr' && f.returns.base === 'void' && f.returns.pointer === 0)) &&
          isCompiled(build, n),
      );
    const call = onward[onward.length - 1];
    const to = call === undefined ? undefined : index.callees(call)[0];
    if (call === undefined || to === undefined || to === f || temperatures.ofFunction(to) !== 'hot') continue;
    // Something that does the work: more than the layer's own tests.
    if (measure(worker(build, to, 0).body).statements < 4) continue;
    // The way on is the usual one, and entries hand on because they must.
    if (temperatures.within(call) > hotLimit || (entries.has(f) && entries.has(to))) continue;
    const tests = index
      .nodes(f)
      .filter(
        (n) =>
          n.k === 'if' &&
          temperatures.at(n) === 'hot' &&
          !inAssertion(n.token) &&
          isCompiled(build, n) &&
          !temperatures.branches.isDeadEnd(n.yes),
      );
    const gates = index
      .nodes(f)
      .filter(
        (n) =>
          n.k === 'call' &&
          temperatures.at(n) === 'hot' &&
          index.callees(n).some((g) => guards.gatesOf(g).length > 0),
      ).length;
    // Forwarding alone costs nothing once it is inlined; across files it is a call.
    const call2 =
      !to.isInline && !to.isStatic && !f.isInline && !f.isStatic && to.file !== f.file && !entries.has(f);
    if (tests.length === 0 && !call2) continue;
    // What works itself before it hands on is no layer.
    const ways = index
      .nodes(f)
      .filter(
        (n) =>
          n.k === 'call' &&
          n !== call &&
          temperatures.within(n) === 0 &&
          index
            .callees(n)
            .some((g) => g !== to && measure(g.body).statements >= 8 && temperatures.ofFunction(g) === 'hot'),
      );
    if (ways.length > 0) continue;
    const lines = [...new Set(tests.map((n) => place(build, n).line))].slice(0, 4);
    const own = tests.reduce((sum, n) => sum + (n.k === 'if' ? weigh(n.test) + 1 : 0), call2 ? 2 : 0);
    out.add({
      letter: 'A',
      at: place(build, call, f),
      title: `Call ${displayName(to)} without the layer ${displayName(f)}`,
      reason:
        tests.length === 0
          ? `${displayName(f)} only hands its arguments on to ${displayName(to)} in ${to.file}, a call of its own unless the linker inlines.`
          : `${displayName(f)} makes ${tests.length} check${tests.length === 1 ? '' : 's'} (line${lines.length === 1 ? '' : 's'} ${lines.join(', ')})${gates > 0 ? `, ${gates} of a gate,` : ''} and then hands its arguments on to ${displayName(to)}.`,
      risk: tests.length === 0 ? 'low' : 'medium',
      experiment: `Build with direct calls of ${displayName(to)} and the checks where they decide; compare both sides.`,
      estimate: { instructions: -own, branches: -tests.length },
    });
  }
}

const named = (a: Call['args'][number]): string | null => {
  const e = strip(a);
  return e.k === 'id' ? e.name : null;
};

/** The function at the end of a chain that only forwards. */
function worker(build: Build, f: Func, depth: number): Func {
  const only = f.body.length === 1 ? f.body[0] : undefined;
  const x = only?.k === 'return' ? only.x : only?.k === 'expr' ? only.x : null;
  const call = x === null ? null : strip(x);
  const to = call?.k === 'call' ? build.index.callees(call)[0] : undefined;
  return to === undefined || depth > 4 ? f : worker(build, to, depth + 1);
}
