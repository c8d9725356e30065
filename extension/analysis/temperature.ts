/**
 * Hot, warm, cold: how far a function or a statement lies from the allocator's entry points, counted in reasons not
 * to be taken (an unlikely branch, a cold attribute, a system call, a one-time initialisation). A static guess;
 * measurement wins wherever a profile is loaded.
 */
import type { Temperature } from '../model.ts';
import type { Index } from './index.ts';
import { type Call, type Expr, type Func, type Node, type Stmt, functionOf, strip } from './ir.ts';
import { type Project, push } from './project.ts';

const apis = ['malloc', 'calloc', 'realloc', 'free'] as const;
const more = [
  'memalign',
  'aligned_alloc',
  'posix_memalign',
  'valloc',
  'pvalloc',
  'cfree',
  'reallocarray',
  'malloc_usable_size',
  'usable_size',
  'mallocx',
  'rallocx',
  'dallocx',
  'sdallocx',
  'malloc_aligned',
  'realloc_aligned',
  'calloc_aligned',
  'new',
  'new_nothrow',
  'delete',
  'zalloc',
  'free_sized',
];
const systemCalls = new Set([
  'mmap',
  'mmap64',
  'munmap',
  'madvise',
  'mprotect',
  'mremap',
  'sbrk',
  'brk',
  'VirtualAlloc',
  'VirtualFree',
  'pthread_create',
  'syscall',
  'open',
  'read',
  'write',
  'close',
  'fopen',
  'sysconf',
  'getpagesize',
  'mlock',
  'msync',
  'nanosleep',
  'usleep',
]);
const printers = new Set([
  'fprintf',
  'printf',
  'vfprintf',
  'perror',
  'abort',
  'exit',
  '_exit',
  'fputs',
  'puts',
  'backtrace',
]);
const slowName =
  /(^|_)(slow|cold|fallback|fail(ed|ure)?|error|oom|panic|init|initialize|setup|destroy|fini|teardown|report|print|dump|log|debug|trace|warn)(_|$|path)/i;
const warmName = /(^|_)(refill|flush|drain|reclaim|grow|extend|carve|prefill|collect|purge|trim)(_|$)/i;

/** A C library's name: a project that defines it stands in for the library, so programs call it. */
export const isSystemCall = (name: string): boolean => systemCalls.has(name);

export const steps = { hot: 3, warm: 10 } as const;

export function temperatureOf(distance: number | undefined): Temperature {
  if (distance === undefined) return 'unreached';
  return distance <= steps.hot ? 'hot' : distance <= steps.warm ? 'warm' : 'cold';
}

/**
 * Entry points: C's own allocation API, any part of it, and the same under every prefix that has at least `malloc` and
 * `free`; where there is neither, under a prefix that has `malloc` alone.
 */
export function findEntries(index: Index, project: Project): string[] {
  const prefixes = new Map<string, Set<string>>();
  const defined = (name: string): boolean =>
    index.byName.get(name)?.some((f) => !f.isStatic && f.owner === null) === true;
  const names = new Set<string>(index.byName.keys());
  void project;
  for (const name of names) {
    for (const api of apis) {
      if (!name.endsWith(api)) continue;
      const prefix = name.slice(0, -api.length);
      if (prefix.length > 14 || !/^(|[A-Za-z0-9]+_|__[a-z0-9]+_|_+|[a-z]{1,4})$/.test(prefix)) continue;
      if (!defined(name)) continue;
      const set = prefixes.get(prefix) ?? new Set<string>();
      set.add(api);
      prefixes.set(prefix, set);
    }
  }
  const out = new Set<string>();
  const take = (prefix: string): void => {
    for (const api of [...apis, ...more]) if (defined(prefix + api)) out.add(prefix + api);
  };
  for (const [prefix, set] of prefixes) {
    if (prefix === '' || (set.has('malloc') && set.has('free'))) take(prefix);
  }
  if (out.size === 0) for (const [prefix, set] of prefixes) if (set.has('malloc')) take(prefix);
  return [...out].sort();
}

/** `likely`, `unlikely` or neither, from `__builtin_expect`, attributes' macros and their usual names. */
export function likelihood(test: Expr): 'likely' | 'unlikely' | null {
  const e = test.k === 'cast' ? test.x : test;
  if (e.k === 'call' && e.callee.k === 'id') {
    const name = e.callee.name;
    if (name === '__builtin_expect' || name === '__builtin_expect_with_probability') {
      const want = e.args[1] === undefined ? null : strip(e.args[1]);
      const text = want?.k === 'num' ? want.text : want?.k === 'id' ? want.name : '';
      return /^(0|false)$/.test(text) ? 'unlikely' : /^(1|true)$/.test(text) ? 'likely' : null;
    }
    if (/unlikely$/i.test(name)) return 'unlikely';
    if (/likely$/i.test(name)) return 'likely';
  }
  if (e.k === 'un' && e.op === '!') {
    const inner = likelihood(e.x);
    return inner === 'likely' ? 'unlikely' : inner === 'unlikely' ? 'likely' : null;
  }
  if (e.k === 'bin' && (e.op === '&&' || e.op === '||')) {
    const a = likelihood(e.left);
    const b = likelihood(e.right);
    if (e.op === '&&')
      return a === 'unlikely' || b === 'unlikely'
        ? 'unlikely'
        : a === 'likely' && b === 'likely'
          ? 'likely'
          : null;
    return a === 'likely' || b === 'likely'
      ? 'likely'
      : a === 'unlikely' && b === 'unlikely'
        ? 'unlikely'
        : null;
  }
  return null;
}

/** Whether every path through a statement leaves the function or the loop. */
export function leaves(s: Stmt): boolean {
  switch (s.k) {
    case 'return':
    case 'jump':
      return true;
    case 'block': {
      const last = s.body[s.body.length - 1];
      return last !== undefined && leaves(last);
    }
    case 'if':
      return s.no !== null && leaves(s.yes) && leaves(s.no);
    case 'variants':
      return (
        s.options.length > 0 &&
        s.options.every((o) => o.body.length > 0 && leaves(o.body[o.body.length - 1] as Stmt))
      );
    default:
      return false;
  }
}

/** A test that is true once: of a static against 0, -1 or null, with that static written in the branch. */
function firstTime(index: Index, test: Expr, branch: Stmt): boolean {
  const names = new Set<string>();
  const visit = (x: Expr): void => {
    const e = strip(x);
    if (e.k === 'id') names.add(e.name);
    else if (e.k === 'mem') names.add(e.field);
    else if (e.k === 'un') visit(e.x);
    else if (e.k === 'bin') {
      visit(e.left);
      visit(e.right);
    } else if (e.k === 'call') for (const a of e.args) visit(a);
  };
  visit(test);
  const f = functionOf(test);
  let hit = false;
  const look = (n: Node): void => {
    if (hit) return;
    if (n.k === 'asg' && n.left.k === 'id' && names.has(n.left.name)) {
      const local = index.local(f, n.left.name, n.left);
      if (local === null || local.isStatic || local.isThread) hit = true;
    }
    if (n.k === 'call' && n.callee.k === 'id' && /store|init/.test(n.callee.name)) {
      for (const a of n.args) {
        const e = strip(a);
        if (e.k === 'un' && e.op === '&' && e.x.k === 'id' && names.has(e.x.name)) hit = true;
      }
    }
    if (n.k === 'block') n.body.forEach(look);
    else if (n.k === 'expr') look(n.x);
    else if (n.k === 'if') {
      look(n.yes);
      if (n.no !== null) look(n.no);
    } else if (n.k === 'variants') for (const o of n.options) o.body.forEach(look);
  };
  look(branch);
  return hit;
}

/** The cost of reaching a node inside its function. */
export function costWithin(index: Index, node: Node): number {
  let cost = 0;
  let child: Node = node;
  for (let p = node.up; p !== null && p.k !== 'func'; child = p, p = p.up) {
    if (p.k === 'if' && child !== p.test) {
      const l = likelihood(p.test);
      const yes = child === p.yes;
      if (l === 'unlikely' && yes) cost += 5;
      else if (l === 'likely' && !yes) cost += 5;
      else if (l === null) cost += yes && firstTime(index, p.test, p.yes) ? 5 : 1;
    } else if (p.k === 'cond' && child !== p.test) {
      const l = likelihood(p.test);
      if ((l === 'unlikely' && child === p.yes) || (l === 'likely' && child === p.no)) cost += 5;
    } else if (p.k === 'bin' && (p.op === '&&' || p.op === '||') && child === p.right) {
      const l = likelihood(p.left);
      if (p.op === '&&' && l === 'unlikely') cost += 4;
    }
    const body =
      p.k === 'block'
        ? p.body
        : p.k === 'variants'
          ? p.options.find((o) => o.body.includes(child as Stmt))?.body
          : null;
    if (body !== null && body !== undefined) cost += passedExits(body, child);
  }
  const top = functionOf(node);
  if (top !== null) cost += passedExits(top.body, child);
  return cost;
}

/** What it says about a statement that likely early returns stand before it. */
function passedExits(body: readonly Stmt[], child: Node): number {
  const at = body.indexOf(child as Stmt);
  let cost = 0;
  for (let i = 0; i < at; i++) {
    const s = body[i];
    if (s?.k !== 'if' || s.no !== null || !leaves(s.yes)) continue;
    const l = likelihood(s.test);
    if (l === 'likely') cost += 5;
  }
  return cost;
}

export class Temperatures {
  /** Cost from the nearest entry point. */
  readonly distance = new Map<Func, number>();
  /** Functions stored in a field, by the field's name. */
  private readonly stored = new Map<string, Func[]>();
  readonly system = new Set<Func>();
  readonly callersOf = new Map<Func, Call[]>();
  readonly addressTaken = new Set<Func>();

  constructor(
    private readonly index: Index,
    readonly entries: readonly string[],
  ) {
    for (const f of index.functions) {
      for (const n of index.nodes(f)) {
        if (n.k === 'call') {
          if (n.callee.k === 'id' && systemCalls.has(n.callee.name) && index.callees(n).length === 0)
            this.system.add(f);
          for (const g of index.callees(n)) push(this.callersOf, g, n);
        }
      }
    }
    this.findPointers();
    this.spread();
  }

  private functionNamed(x: Expr): readonly Func[] {
    const e = strip(x.k === 'un' && x.op === '&' ? x.x : x);
    if (e.k !== 'id' || this.index.local(functionOf(e), e.name, e) !== null) return [];
    return this.index.byName.get(e.name) ?? [];
  }

  private findPointers(): void {
    const note = (field: string, x: Expr): void => {
      for (const f of this.functionNamed(x)) {
        this.addressTaken.add(f);
        const list = this.stored.get(field);
        if (list === undefined) this.stored.set(field, [f]);
        else if (!list.includes(f)) list.push(f);
      }
    };
    for (const [name, ids] of this.index.uses) {
      const funcs = this.index.byName.get(name);
      if (funcs === undefined) continue;
      for (const id of ids) {
        let x: Expr = id;
        while (x.up?.k === 'cast' || (x.up?.k === 'un' && x.up.op === '&')) x = x.up as Expr;
        const p = x.up;
        if (p === null || (p.k === 'call' && p.callee === x)) continue;
        if (p.k === 'asg' && p.right === x) {
          const left = strip(p.left);
          if (left.k === 'mem') note(left.field, id);
          else if (left.k === 'id') note(left.name, id);
          else if (left.k === 'idx' && left.object.k === 'id') note(left.object.name, id);
          for (const f of funcs) this.addressTaken.add(f);
        } else if (p.k === 'init') {
          const item = p.items.find((i) => i.x === x);
          if (item?.field != null) note(item.field, id);
          else {
            const owner = this.initType(p);
            const field = owner?.fields[p.items.findIndex((i) => i.x === x)];
            if (field !== undefined) note(field.name, id);
            else note('[]', id);
          }
        } else if (p.k === 'decl') note(p.name, id);
        else if (p.k === 'call') for (const f of funcs) this.addressTaken.add(f);
      }
    }
  }

  private initType(init: Node): ReturnType<Index['structOf']> {
    let n: Node | null = init.up;
    while (n !== null && n.k === 'init') n = n.up;
    return n?.k === 'decl' ? this.index.structOf(n.type) : null;
  }

  /** Functions that a node may enter: direct calls, stored pointers, functions handed over as arguments. */
  private reached(n: Call): readonly Func[] {
    const direct = this.index.callees(n);
    const out: Func[] = [...direct];
    if (direct.length === 0) {
      const c = strip(n.callee);
      const name =
        c.k === 'mem'
          ? c.field
          : c.k === 'id'
            ? c.name
            : c.k === 'un' && c.x.k === 'id'
              ? c.x.name
              : c.k === 'idx' && c.object.k === 'id'
                ? c.object.name
                : null;
      if (name !== null) out.push(...(this.stored.get(name) ?? []));
    }
    for (const a of n.args)
      if (a.k === 'id' || (a.k === 'un' && a.op === '&')) out.push(...this.functionNamed(a));
    return out;
  }

  /** What a call adds, and the distance that the callee has at least. */
  private callCost(f: Func): { add: number; floor: number } {
    const attributes = this.index.attributes.get(f.name);
    const has = (name: string): boolean => f.attributes.has(name) || attributes?.has(name) === true;
    let add = 0;
    if (has('cold') || has('constructor') || has('destructor')) add += 8;
    else if (has('noinline')) add += 1;
    if (this.system.has(f)) add += 4;
    // Names break ties: they never make a far function farther.
    const floor = slowName.test(f.name) ? steps.hot + 3 : warmName.test(f.name) ? steps.hot + 1 : 0;
    return { add, floor };
  }

  private spread(): void {
    const queue: { f: Func; d: number }[] = [];
    for (const name of this.entries) {
      for (const f of this.index.byName.get(name) ?? []) queue.push({ f, d: 0 });
    }
    const edges = new Map<Func, { to: Func; cost: number; floor: number }[]>();
    const out = (f: Func): { to: Func; cost: number; floor: number }[] => {
      const known = edges.get(f);
      if (known !== undefined) return known;
      const list: { to: Func; cost: number; floor: number }[] = [];
      for (const n of this.index.nodes(f)) {
        if (n.k !== 'call') continue;
        const targets = this.reached(n);
        if (targets.length === 0) continue;
        const within = costWithin(this.index, n);
        for (const to of targets) {
          const { add, floor } = this.callCost(to);
          list.push({ to, cost: within + add, floor });
        }
      }
      edges.set(f, list);
      return list;
    };
    // Costs are small integers: buckets instead of a heap.
    const buckets: Func[][] = [];
    const put = (f: Func, d: number): void => {
      const bounded = Math.min(d, 60);
      const known = this.distance.get(f);
      if (known !== undefined && known <= bounded) return;
      this.distance.set(f, bounded);
      const bucket = buckets[bounded];
      if (bucket === undefined) buckets[bounded] = [f];
      else bucket.push(f);
    };
    for (const q of queue) put(q.f, q.d);
    for (let d = 0; d <= 60; d++) {
      const bucket = buckets[d];
      if (bucket === undefined) continue;
      for (let i = 0; i < bucket.length; i++) {
        const f = bucket[i];
        if (f === undefined || this.distance.get(f) !== d) continue;
        for (const e of out(f)) put(e.to, Math.max(d + e.cost, e.floor));
      }
    }
  }

  /** A function that stands in another's place is as far as that was. */
  adopt(f: Func, old: Func): void {
    const distance = this.distance.get(old);
    if (distance !== undefined) this.distance.set(f, distance);
  }

  ofFunction(f: Func): Temperature {
    return temperatureOf(this.distance.get(f));
  }

  /** Temperature of a statement or expression: its function's, and what it takes to get there inside. */
  at(node: Node): Temperature {
    const f = functionOf(node);
    if (f === null) return 'unreached';
    const d = this.distance.get(f);
    return d === undefined ? 'unreached' : temperatureOf(d + costWithin(this.index, node));
  }

  isPrinter(f: Func): boolean {
    return this.index
      .nodes(f)
      .some((n) => n.k === 'call' && n.callee.k === 'id' && printers.has(n.callee.name));
  }
}
