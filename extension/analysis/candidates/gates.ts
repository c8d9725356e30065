/** B: the same gate or shared snapshot read more than once along one path. */
import { type Build, displayName } from '../build.ts';
import type { Call, Expr, Func } from '../ir.ts';
import { type Collector, hotFunctions, inLoop, isCompiled, onOnePath, place, shortPlace } from './draft.ts';

interface Read {
  readonly at: Expr;
  /** The gate's function, or null for a load of the object itself. */
  readonly through: Func | null;
}
type Reads = ReadonlyMap<string, readonly Read[]>;

const libraryGetters =
  /^(pthread_getspecific|pthread_self|tss_get|TlsGetValue|FlsGetValue|sched_getcpu|getcpu|gettid|getpid|GetCurrentThreadId)$/;

class Asked {
  private readonly known = new Map<Func, Reads>();

  constructor(private readonly build: Build) {}

  /** What a function asks on its own hot path. */
  of(f: Func): Reads {
    const found = this.known.get(f);
    if (found !== undefined) return found;
    const out = new Map<string, Read[]>();
    this.known.set(f, out);
    const { index, guards, temperatures, classifier, wrappers } = this.build;
    const add = (key: string, at: Expr, through: Func | null): void => {
      if (temperatures.at(at) !== 'hot' || !isCompiled(this.build, at)) return;
      const list = out.get(key);
      if (list === undefined) out.set(key, [{ at, through }]);
      else if (!list.some((r) => r.at === at || r.at.token.start === at.token.start))
        list.push({ at, through });
    };
    for (const n of index.callsIn(f)) {
      for (const g of index.callees(n)) {
        if (g.params.length > 1) continue;
        for (const name of guards.gatesOf(g)) add(name, n, g);
      }
      if (n.callee.k === 'id' && libraryGetters.test(n.callee.name) && index.callees(n).length === 0)
        add(`${n.callee.name}(${n.args[0]?.k === 'id' ? n.args[0].name : ''})`, n, null);
    }
    for (const a of wrappers.accesses(f)) {
      // A shared scalar that nothing near writes: a version, a mode, a snapshot's pointer.
      if (a.operation !== 'load' || a.target === null || a.targetExpr === null) continue;
      if (a.target.kind !== 'global' || a.target.type.array > 0 || inLoop(a.node)) continue;
      if (a.target.decl?.isThread === true) continue;
      const writers = classifier.accessesOf(a.target.key).filter((w) => w.operation !== 'load');
      if (writers.some((w) => temperatures.at(w.node) === 'hot')) continue;
      if (classifier.verdict(a.target).class === 'telemetry') continue;
      add(a.target.name, a.node, null);
    }
    return out;
  }
}

export function repeatedGates(build: Build, out: Collector): void {
  const { index, temperatures } = build;
  const asked = new Asked(build);
  const done = new Set<string>();
  for (const f of hotFunctions(build)) {
    for (const [name, reads] of asked.of(f)) {
      const first = reads[0];
      if (first === undefined) continue;
      const again = reads.slice(1).filter((r) => onOnePath(first.at, r.at));
      // Further down the same path, through functions that it calls.
      const below: { at: Expr; func: Func; call: Call }[] = [];
      const seen = new Set<Func>([f]);
      const into = (g: Func, call: Call, depth: number): void => {
        if (seen.has(g) || temperatures.ofFunction(g) !== 'hot') return;
        seen.add(g);
        const inner = asked.of(g).get(name)?.[0];
        if (inner !== undefined && reads.every((r) => r.through !== g))
          below.push({ at: inner.at, func: g, call });
        if (depth >= 3) return;
        for (const n of index.nodes(g))
          if (n.k === 'call' && temperatures.at(n) === 'hot')
            for (const h of index.callees(n)) into(h, call, depth + 1);
      };
      const gates = new Set(reads.map((r) => r.through));
      for (const n of index.nodes(f)) {
        if (n.k !== 'call' || temperatures.at(n) !== 'hot' || reads.some((r) => r.at === n)) continue;
        if (!onOnePath(first.at, n) || !isCompiled(build, n)) continue;
        for (const g of index.callees(n)) if (!gates.has(g)) into(g, n, 1);
      }
      const others = below;
      const total = 1 + again.length + others.length;
      if (total < 2) continue;
      // Once for each pair of places, at the outermost.
      const key = `${name}:${place(build, again[0]?.at ?? others[0]?.at ?? first.at).file}:${(again[0]?.at ?? others[0]?.at ?? first.at).token.start}`;
      if (done.has(key)) continue;
      done.add(key);
      const at = place(build, first.at, f);
      const rest = [
        ...again.map((r) => shortPlace(build, r.at, at.file)),
        ...others.map((o) => `${shortPlace(build, o.at, at.file)} (${displayName(o.func)})`),
      ];
      out.add({
        letter: 'B',
        at,
        title: `Ask ${name} once`,
        reason: `${displayName(f)} reads ${name} here, and it is read again on the same path: ${rest.slice(0, 4).join(', ')}.`,
        risk: 'medium',
        experiment: `Read ${name} once in ${displayName(f)} and hand the answer down; compare both sides.`,
        estimate: { instructions: -2 * (total - 1), branches: first.through === null ? null : -(total - 1) },
      });
    }
  }
}
