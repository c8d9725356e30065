/** How often a read of the environment runs, and whether it does so on a hot path. */
import type { GateRead } from '../model.ts';
import type { EnvRead } from './env.ts';
import type { Index } from './index.ts';
import { type Call, type Expr, type Func, type Node, functionOf, strip, walk } from './ir.ts';
import { type Target, targetOf } from './targets.ts';
import { leaves } from './branches.ts';
import type { Temperatures } from './temperature.ts';

interface Way {
  readonly mode: GateRead;
  readonly hot: boolean;
}

const maxUp = 8;

export class Modes {
  private readonly writes = new Map<Func, ReadonlyMap<string, Target>>();
  private news: Map<string, Call[]> | null = null;

  constructor(
    private readonly index: Index,
    private readonly temperatures: Temperatures,
  ) {}

  of(read: EnvRead): Way {
    if (read.func === null) return { mode: 'constructor', hot: false };
    return this.way(read.call, read.func, new Map(), [], 0);
  }

  /** Objects of static duration, fields included, that a function writes. */
  private written(f: Func): ReadonlyMap<string, Target> {
    const known = this.writes.get(f);
    if (known !== undefined) return known;
    const out = new Map<string, Target>();
    const add = (x: Expr): void => {
      const t = targetOf(this.index, x);
      if (t === null || t.kind === 'param') return;
      if (t.kind === 'local' && t.decl?.isStatic !== true && t.decl?.isThread !== true) return;
      out.set(t.key, t);
    };
    for (const n of this.index.nodes(f)) {
      if (n.k === 'asg') add(n.left);
      else if (n.k === 'upd') add(n.x);
      else if (n.k === 'call' && n.callee.k === 'id' && n.args[0] !== undefined) {
        if (/store|exchange|compare|test_and_set|fetch|increment/i.test(n.callee.name)) add(n.args[0]);
        else
          // A buffer that a call fills in: `lookup("NAME", cached_name)`.
          for (const a of n.args) {
            const e = strip(a);
            const d = e.k === 'id' ? this.index.local(f, e.name, e) : null;
            if (d?.isStatic === true && d.type.array > 0) add(e);
          }
      } else if (n.k === 'call' && n.callee.k === 'mem' && /^(store|exchange|compare_exchange\w*|test_and_set|fetch_\w+)$/.test(n.callee.field)) add(n.callee.object); // biome-ignore format: one test
    }
    this.writes.set(f, out);
    return out;
  }

  /** What a condition says when it asks an object that the code behind it fills in. */
  private cached(test: Expr, written: ReadonlyMap<string, Target>): GateRead | null {
    let mode: GateRead | null = null;
    walk(test, (n) => {
      if (n.k !== 'id' && n.k !== 'mem') return;
      let t = targetOf(this.index, n);
      const d = t?.kind === 'local' ? t.decl : null;
      if (d !== null && !d.isStatic && !d.isThread && d.init !== null) {
        // A copy of the cache: `int v = atomic_load(&g);`
        walk(d.init, (m) => {
          const inner = m.k === 'id' || m.k === 'mem' ? targetOf(this.index, m) : null;
          if (inner !== null && written.has(inner.key)) t = inner;
        });
      }
      if (t === null || !written.has(t.key)) return;
      if (t.decl?.isThread === true) mode = 'per-thread';
      else mode ??= 'once';
    });
    return mode;
  }

  private way(
    at: Node,
    f: Func,
    above: ReadonlyMap<string, Target>,
    path: readonly Func[],
    depth: number,
  ): Way {
    const settled = (mode: GateRead): Way => ({ mode, hot: false });
    if (f.attributes.has('constructor')) return settled('constructor');
    if (f.attributes.has('destructor')) return settled('once');
    const written = new Map([...above, ...this.written(f)]);
    let child: Node = at;
    for (let p = at.up; p !== null; child = p, p = p.up) {
      if ((p.k === 'if' || p.k === 'cond') && child !== p.test) {
        const m = this.cached(p.test, written);
        if (m !== null) return settled(m);
      }
      if (p.k === 'bin' && (p.op === '&&' || p.op === '||') && child === p.right) {
        const m = this.cached(p.left, written);
        if (m !== null) return settled(m);
      }
      if (p.k === 'decl' && p.isThread) return settled('per-thread');
      if (p.k === 'decl' && p.isStatic) return settled('once');
      // Under `call_once(flag, [] { ... })`.
      if (p.k === 'call' && isOnce(p) && child.k === 'lambda') return settled('once');
      const body = p.k === 'func' || p.k === 'block' || p.k === 'lambda' ? p.body : null;
      if (body === null) continue;
      for (const s of body) {
        if (s === child) break;
        if (s.k === 'if' && leaves(s.yes)) {
          const m = this.cached(s.test, written);
          if (m !== null) return settled(m);
        }
      }
    }
    if (this.isDestructor(f) && f.owner !== null && this.isStaticObject(f.owner)) return settled('once');
    if (f.owner === f.name && f.owner !== null && this.isStaticObject(f.owner)) return settled('constructor');
    if (this.onceCallback(f)) return settled('once');
    if (this.initialises(f)) return settled('constructor');
    const here: Way = { mode: 'per-call', hot: this.temperatures.at(at) === 'hot' };
    if (depth >= maxUp || path.includes(f)) return here;
    const calls = this.callsOf(f);
    if (calls.length === 0 || calls.length > 300) {
      // Nothing calls it from the allocator's paths, and it fills in what others read: an initialiser.
      const fills = this.written(f).size > 0 && this.temperatures.distance.get(f) === undefined;
      return depth === 0 && fills && calls.length === 0 ? settled('once') : here;
    }
    const modes = new Set<GateRead>();
    let hot = false;
    for (const c of calls) {
      const caller = functionOf(c);
      if (caller === null) {
        modes.add('constructor');
        continue;
      }
      const w = this.way(c, caller, written, [...path, f], depth + 1);
      modes.add(w.mode);
      if (w.hot) hot = true;
      if (hot && modes.has('per-call')) break;
    }
    if (modes.has('per-call')) return { mode: 'per-call', hot: hot && here.hot };
    if (modes.has('per-thread')) return settled('per-thread');
    return settled(modes.has('once') ? 'once' : 'constructor');
  }

  private callsOf(f: Func): Node[] {
    const calls: Node[] = (this.temperatures.callersOf.get(f) ?? []).filter((c) => functionOf(c) !== f);
    if (f.owner !== null && f.owner === f.name) calls.push(...(this.allocations().get(f.owner) ?? []));
    return calls;
  }

  /** `new Class(...)`: the class stands behind the keyword. */
  private allocations(): Map<string, Call[]> {
    if (this.news !== null) return this.news;
    const out = new Map<string, Call[]>();
    for (const call of this.index.calls.get('new') ?? []) {
      const file = this.index.fileOf(call);
      const source = file === null ? undefined : this.index.project.units.get(file)?.source;
      const text = source?.text.slice(call.token.start, call.token.start + 160) ?? '';
      const name = /^new\s*(?:\([^()]*(?:\([^()]*\))?[^()]*\)\s*)?(?:\w+\s*::\s*)*(\w+)/.exec(text)?.[1];
      if (name === undefined) continue;
      const list = out.get(name);
      if (list === undefined) out.set(name, [call]);
      else list.push(call);
    }
    this.news = out;
    return out;
  }

  private isDestructor(f: Func): boolean {
    if (f.name.startsWith('~')) return true;
    const text = this.index.project.units.get(f.file)?.source.text ?? '';
    return f.owner === f.name && /~\s*$/.test(text.slice(Math.max(0, f.token.start - 4), f.token.start));
  }

  private isStaticObject(owner: string): boolean {
    for (const [d] of this.index.fileOfGlobal)
      if (d.type.base === owner && d.type.pointer === 0 && !d.isThread) return true;
    return false;
  }

  /** Handed to `pthread_once`, `std::call_once` and the like. */
  private onceCallback(f: Func): boolean {
    return (this.index.uses.get(f.name) ?? []).some((u) => {
      let p: Node | null = u.up;
      while (p?.k === 'un' || p?.k === 'cast') p = p.up;
      return p?.k === 'call' && isOnce(p);
    });
  }

  /** Handed to a static object's constructor, or named in a section of initialisers. */
  private initialises(f: Func): boolean {
    return (this.index.uses.get(f.name) ?? []).some((u) => {
      if (functionOf(u) !== null) return false;
      let n: Node = u;
      while (n.up !== null && n.k !== 'decl') n = n.up;
      if (n.k !== 'decl') return false;
      const classes = this.index.byName.get(n.type.base) ?? [];
      if (classes.some((g) => g.owner === n.type.base)) return true;
      const file = this.index.fileOfGlobal.get(n);
      const source = file === undefined ? undefined : this.index.project.units.get(file)?.source;
      const line = source?.text.slice(Math.max(0, n.token.start - 160), n.token.start + 120) ?? '';
      return /section\s*\(\s*"\.(init|preinit|CRT|ctors)/.test(line);
    });
  }
}

const isOnce = (call: Call): boolean => call.callee.k === 'id' && /once/i.test(call.callee.name);
