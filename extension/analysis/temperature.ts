/**
 * Hot, warm, cold: how far a function or a statement lies from the allocator's entry points, counted in reasons not
 * to be taken (an unlikely branch, a cold attribute, a system call, a one-time initialisation). A static guess;
 * measurement wins wherever a profile is loaded.
 */
import type { Temperature } from '../model.ts';
import { Branches, cost, farther, hotLimit, warmLimit } from './branches.ts';
import type { CallGraph } from './call-graph.ts';
import type { Entry } from './entries.ts';
import type { Index } from './index.ts';
import { type Call, type Func, type Node, functionOf, strip } from './ir.ts';

const printers = new Set([
  'fprintf',
  'printf',
  'vfprintf',
  'vprintf',
  'dprintf',
  'vdprintf',
  'vsnprintf',
  'perror',
  'abort',
  'exit',
  '_exit',
  'fputs',
  'puts',
  'backtrace',
  'syslog',
  'OutputDebugStringA',
]);
const slowName =
  /(^|_)(slow|cold|fallback|fail(ed|ure)?|error|oom|panic|init|initialize|setup|destroy|fini|teardown|report|print|dump|log|debug|trace|warn)(_|$|path)|(^|[a-z])(Slow|Init|Initialize|Fallback|Failed|Dump|Print|Report)($|[A-Z])/;
const warmName =
  /(^|_)(refill|fill|flush|drain|reclaim|grow|extend|carve|prefill|collect|consolidate|coalesce|purge|trim|hard|generic|batch)(_|$)|(Refill|Flush|Drain|Reclaim|Grow|Carve|Populate|Scavenge|Purge)/;

const isDirect = (n: Call): boolean => n.callee.k === 'id' && printers.has(n.callee.name);

/** What a system call in a function adds to its distance. */
const systemStep = 6;
const far = 60;

export function temperatureOf(distance: number | undefined): Temperature {
  if (distance === undefined) return 'unreached';
  return distance <= hotLimit ? 'hot' : distance <= warmLimit ? 'warm' : 'cold';
}

/** Distance by ordinary branches alone, and the caller on that way. */
export type PlainWays = ReadonlyMap<Func, { readonly distance: number; readonly from: Func | null }>;

interface Toll {
  readonly least: number;
  readonly add: number;
  readonly floor: number;
}

interface Edge {
  readonly call: Call;
  readonly to: Func;
  readonly cost: number;
  readonly add: number;
  readonly floor: number;
}

export class Temperatures {
  /** Cost from the nearest entry point. */
  readonly distance = new Map<Func, number>();
  /** Functions of a newer text, by the ones in whose place they stand. */
  private readonly adopted = new Map<Func, Func>();
  /** Names of the functions that are entry points. */
  readonly entries: readonly string[];
  readonly branches: Branches;
  /** The caller through which a function is nearest. */
  readonly nearest = new Map<Func, Func>();
  private readonly inside = new Map<Node, number>();
  private readonly edges = new Map<Func, readonly Edge[]>();
  private readonly tolls = new Map<Func, Toll>();
  private readonly printing = new Map<Func, boolean>();

  constructor(
    private readonly index: Index,
    readonly graph: CallGraph,
    readonly entryPoints: readonly Entry[],
  ) {
    this.branches = new Branches(index, graph);
    this.entries = [...new Set(entryPoints.map((e) => e.func.name))];
    this.spread();
  }

  /** Makes a system call itself, and not only where a check fails. */
  isSystem(f: Func): boolean {
    return this.graph.system.get(f)?.some((c) => this.within(c) < cost.never) === true;
  }
  get callersOf(): ReadonlyMap<Func, Call[]> {
    return this.graph.callersOf;
  }
  get addressTaken(): ReadonlySet<Func> {
    return this.graph.addressTaken;
  }

  /** What a call adds, and the distance that the callee has at least. */
  private callCost(f: Func): Toll {
    const known = this.tolls.get(f);
    if (known !== undefined) return known;
    const toll = this.tollOf(f);
    this.tolls.set(f, toll);
    return toll;
  }

  private tollOf(f: Func): Toll {
    const attributes = this.index.attributes.get(f.name);
    const has = (name: string): boolean => f.attributes.has(name) || attributes?.has(name) === true;
    // An attribute says what the branch around the call says too: the stronger of the two counts.
    let least = 0;
    if (
      has('constructor') ||
      has('destructor') ||
      this.branches.neverReturns(f) ||
      this.isPrinter(f) ||
      this.branches.checks(f)
    )
      least = cost.never;
    else if (has('cold')) least = cost.hint;
    else if (has('noinline')) least = cost.plain;
    const add = this.isSystem(f) ? systemStep : 0;
    // Names break ties: they never make a far function farther.
    const floor = has('hot')
      ? 0
      : slowName.test(f.name)
        ? hotLimit + 3
        : warmName.test(f.name)
          ? hotLimit + 1
          : 0;
    return { least, add, floor };
  }

  private edgesOf(f: Func): readonly Edge[] {
    const known = this.edges.get(f);
    if (known !== undefined) return known;
    const list: Edge[] = [];
    this.edges.set(f, list);
    for (const n of this.index.callsIn(f)) {
      const targets = this.graph.reached(n);
      if (targets.length === 0) continue;
      const within = this.within(n) + (this.branches.tells(n) ? cost.never : 0);
      for (const { to, once } of targets) {
        const { least, add, floor } = this.callCost(to);
        list.push({ call: n, to, cost: Math.max(within, least) + (once ? cost.never : 0), add, floor });
      }
    }
    return list;
  }

  private spread(): void {
    // Costs are small integers: buckets instead of a heap.
    const buckets: Func[][] = [];
    const put = (f: Func, d: number, from: Func | null): void => {
      const bounded = Math.min(d, far);
      const known = this.distance.get(f);
      if (known !== undefined && known <= bounded) return;
      this.distance.set(f, bounded);
      if (from !== null) this.nearest.set(f, from);
      const bucket = buckets[bounded];
      if (bucket === undefined) buckets[bounded] = [f];
      else bucket.push(f);
    };
    // What programs call less often is hot itself, with nothing to spare: what it alone leads to is not.
    const seldom = new Set(this.entryPoints.flatMap((e) => (e.main ? [] : [e.func])));
    for (const e of this.entryPoints) put(e.func, e.main ? 0 : hotLimit, null);
    for (let d = 0; d <= far; d++) {
      const bucket = buckets[d];
      if (bucket === undefined) continue;
      for (let i = 0; i < bucket.length; i++) {
        const f = bucket[i];
        if (f === undefined || this.distance.get(f) !== d) continue;
        const from = d === hotLimit && seldom.has(f) ? d + 1 : d;
        for (const e of this.edgesOf(f)) put(e.to, Math.max(farther(from, e.cost) + e.add, e.floor), f);
      }
    }
  }

  /** A function that stands in another's place is as far as that was. */
  adopt(f: Func, old: Func): void {
    const distance = this.distance.get(old);
    if (distance !== undefined) this.distance.set(f, distance);
    this.adopted.set(f, this.adopted.get(old) ?? old);
  }

  /**
   * Functions that the hot path reaches by ordinary branches alone, whatever system calls they make: no hint, failed
   * try, first time or slow name lies on the way, and every call on it is one that `accept` takes.
   */
  plainWays(accept: (call: Call) => boolean): PlainWays {
    const ways = new Map<Func, { distance: number; from: Func | null }>();
    const queue: Func[][] = [];
    const put = (f: Func, distance: number, from: Func | null): void => {
      const known = ways.get(f);
      if (distance > hotLimit || (known !== undefined && known.distance <= distance)) return;
      ways.set(f, { distance, from });
      const bucket = queue[distance];
      if (bucket === undefined) queue[distance] = [f];
      else bucket.push(f);
    };
    for (const e of this.entryPoints) if (e.main) put(e.func, 0, null);
    for (let d = 0; d <= hotLimit; d++) {
      const bucket = queue[d] ?? [];
      for (let i = 0; i < bucket.length; i++) {
        const f = bucket[i];
        if (f === undefined || ways.get(f)?.distance !== d) continue;
        for (const e of this.edgesOf(f)) {
          const to = Math.max(farther(d, e.cost), e.floor);
          if (to <= hotLimit && (ways.get(e.to)?.distance ?? far) > to && accept(e.call)) put(e.to, to, f);
        }
      }
    }
    return ways;
  }

  ofFunction(f: Func): Temperature {
    return temperatureOf(this.distance.get(f));
  }

  /** The cost of reaching a node inside its function. */
  within(node: Node): number {
    const known = this.inside.get(node);
    if (known !== undefined) return known;
    const v = this.branches.within(node);
    this.inside.set(node, v);
    return v;
  }

  /** Temperature of a statement or expression: its function's, and what it takes to get there inside. */
  at(node: Node): Temperature {
    const f = functionOf(node);
    if (f === null) return 'unreached';
    const d = this.distance.get(f);
    if (d === undefined) return 'unreached';
    const here = farther(d, this.within(node));
    // What an entry point does itself, under no branch, is one early return away from every call.
    return temperatureOf(
      d === 0 && here <= warmLimit && this.isStraight(node) ? Math.min(here, hotLimit) : here,
    );
  }

  private isStraight(node: Node): boolean {
    const own = functionOf(node);
    const f = own === null ? null : (this.adopted.get(own) ?? own);
    if (f === null || !this.entryPoints.some((e) => e.func === f)) return false;
    let child: Node = node;
    for (let p = node.up; p !== null && p.k !== 'func'; child = p, p = p.up) {
      if (p.k === 'loop' || p.k === 'switch' || p.k === 'lambda' || p.k === 'cond') return false;
      if (p.k === 'if' && child !== p.test) return false;
      if (p.k === 'bin' && (p.op === '&&' || p.op === '||') && child === p.right) return false;
    }
    return true;
  }

  /** Prints, or formats for printing, whenever it is called. */
  isPrinter(f: Func): boolean {
    const known = this.printing.get(f);
    if (known !== undefined) return known;
    this.printing.set(f, false);
    const calls = this.index.callsIn(f).filter((n) => n.callee.k === 'id');
    // Where in the function a call stands costs more to ask than all else, so that comes last.
    const certain = (n: Call): boolean => this.within(n) < cost.hint;
    const telling = calls.filter((n) => this.branches.tells(n));
    const handsOn = (n: Call): boolean =>
      n.args.length > 0 &&
      !n.args.some((a) => strip(a).k === 'str') &&
      this.index.callees(n).some((g) => g !== f && this.isPrinter(g)) &&
      this.within(n) === 0;
    const result =
      (f.params.some((p) => /va_list/.test(p.type.base)) && f.params.some((p) => p.type.base === 'char')) ||
      calls.some((n) => isDirect(n) && this.index.callees(n).length === 0 && certain(n)) ||
      (telling.length > 2 && telling.filter(certain).length > 2) ||
      calls.some(handsOn);
    this.printing.set(f, result);
    return result;
  }
}
