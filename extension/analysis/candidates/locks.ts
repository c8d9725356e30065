/** H: a lock or a system call that the hot path reaches with no unlikely branch before it, or a getenv per call. */
import type { Gate } from '../../model.ts';
import { type Build, displayName } from '../build.ts';
import { entersSystem } from '../call-graph.ts';
import { farther, hotLimit } from '../branches.ts';
import { inAssertion } from '../naming.ts';
import type { PlainWays } from '../temperature.ts';
import { type Func, type Node, functionOf } from '../ir.ts';
import { measure } from '../wrappers.ts';
import { type Collector, isCompiled, isOurs, place } from './draft.ts';

const locking =
  /^_*(pthread_(mutex|spin)_lock|pthread_rwlock_(rd|wr)lock|mtx_lock|EnterCriticalSection|AcquireSRWLock(Exclusive|Shared)|os_unfair_lock_lock|OSSpinLockLock|sem_wait|flockfile)$/;
const unlocking =
  /^_*(pthread_(mutex|spin|rwlock)_unlock|mtx_unlock|LeaveCriticalSection|ReleaseSRWLock(Exclusive|Shared)|os_unfair_lock_unlock|OSSpinLockUnlock|sem_post|funlockfile)$/;
const guardClass = /^(lock_guard|unique_lock|scoped_lock|shared_lock)$/;
const waits =
  /^(sched_yield|futex|getpid|getrusage|select|poll|sleep|__ulock_wait|WaitOnAddress|SwitchToThread|Sleep)$/;

interface Taken {
  readonly at: Node;
  readonly what: string;
}

class Locks {
  private readonly known = new Map<Func, Taken[]>();
  private readonly wrapping = new Map<Func, string | null>();

  constructor(private readonly build: Build) {}

  /** Locks that a function's own text takes: library calls, guards, atomics that are locks. */
  own(f: Func): Taken[] {
    const found = this.known.get(f);
    if (found !== undefined) return found;
    const out: Taken[] = [];
    this.known.set(f, out);
    const { index, wrappers, classifier } = this.build;
    for (const n of index.nodes(f)) {
      if (n.k === 'call' && index.callees(n).length === 0) {
        const name = n.callee.k === 'id' ? n.callee.name : n.callee.k === 'mem' ? n.callee.field : '';
        if (n.callee.k === 'id' && locking.test(name)) out.push({ at: n, what: name });
        else if (n.callee.k === 'mem' && /^(lock|lock_shared)$/.test(name)) {
          const type = index.typeOf(n.callee.object);
          if (type !== null && /mutex|spin|lock/i.test(index.resolve(type).base))
            out.push({ at: n, what: `${type.base}::${name}` });
        }
      } else if (n.k === 'decl' && guardClass.test(n.type.base)) out.push({ at: n, what: n.type.base });
    }
    for (const a of wrappers.accesses(f)) {
      if (!/^(exchange|compare_exchange|test_and_set|fetch_or)$/.test(a.operation)) continue;
      if (a.target === null || a.target.kind === 'param' || inAssertion(a.token)) continue;
      if (classifier.verdict(a.target).role === 'lock')
        out.push({ at: a.node, what: `the lock ${a.target.name}` });
    }
    return out;
  }

  /** A function that is there to take a lock, and the lock's name; null for any other. */
  wrapper(f: Func, depth = 0): string | null {
    const found = this.wrapping.get(f);
    if (found !== undefined) return found;
    this.wrapping.set(f, null);
    const { index } = this.build;
    let result: string | null = null;
    if (measure(f.body).statements <= 14 && !/try/i.test(f.name)) {
      const releases = index
        .nodes(f)
        .some(
          (n) =>
            n.k === 'call' &&
            ((n.callee.k === 'id' && unlocking.test(n.callee.name)) ||
              (n.callee.k === 'mem' && /^unlock/.test(n.callee.field))),
        );
      if (!releases && /lock|acquire|enter|mutex/i.test(f.name)) {
        const own = this.own(f)[0];
        if (own !== undefined && own.at.k !== 'decl') result = own.what;
        else if (depth < 3)
          for (const n of index.nodes(f)) {
            if (result !== null || n.k !== 'call') continue;
            for (const g of index.callees(n)) result ??= g === f ? null : this.wrapper(g, depth + 1);
          }
        // A lock on a parameter: an atomic exchange or test in a function of that name.
        if (result === null && !/un_?lock|release|leave/i.test(f.name)) {
          const spins = this.build.wrappers
            .accesses(f)
            .some(
              (a) =>
                /^(exchange|compare_exchange|test_and_set)$/.test(a.operation) &&
                (a.target === null || a.target.kind === 'param' || a.target.kind === 'field'),
            );
          if (spins && /lock/i.test(f.name)) result = displayName(f);
        }
      }
    }
    this.wrapping.set(f, result);
    return result;
  }

  /** A class whose constructor takes a lock. */
  guard(base: string): string | null {
    for (const f of this.build.index.byName.get(base) ?? []) {
      if (f.owner !== base || f.name.startsWith('~')) continue;
      const own = this.own(f)[0];
      if (own !== undefined) return own.what;
      for (const n of this.build.index.callsIn(f)) {
        for (const g of this.build.index.callees(n)) {
          const w = this.wrapper(g);
          if (w !== null) return w;
        }
        if (n.callee.k === 'mem' && /^lock$/i.test(n.callee.field)) return `${base}'s lock`;
      }
    }
    return null;
  }
}

export function locksAndCalls(build: Build, gates: readonly Gate[], out: Collector): void {
  const { index, temperatures } = build;
  const locks = new Locks(build);
  const ways = temperatures.plainWays((call) => isCompiled(build, call));
  const isPlainly = (n: Node): boolean => {
    const f = functionOf(n);
    const at = f === null ? undefined : ways.get(f);
    return at !== undefined && farther(at.distance, temperatures.within(n)) <= hotLimit;
  };
  for (const g of gates) {
    if (g.kind !== 'env' || !g.hot) continue;
    out.add({
      letter: 'H',
      at: { file: g.file, line: g.line, function: g.function },
      title: `Read ${g.name ?? 'the variable'} once`,
      reason: `The environment is searched on every call of ${g.function ?? 'a hot function'}, string by string.`,
      risk: 'low',
      experiment: 'Keep the answer in a static that is filled once; compare both sides.',
    });
  }
  for (const f of index.functions) {
    if (!ways.has(f) || !isOurs(build, f)) continue;
    if (locks.wrapper(f) !== null) continue;
    const found: Taken[] = [...locks.own(f)];
    const calls: Taken[] = [];
    for (const n of index.nodes(f)) {
      if (n.k === 'call') {
        const to = index.callees(n);
        for (const g of to) {
          const w = locks.wrapper(g);
          if (w !== null && !found.some((t) => t.at === n))
            found.push({ at: n, what: locking.test(w) ? `${displayName(g)} (${w})` : displayName(g) });
        }
        if (
          n.callee.k === 'id' &&
          to.length === 0 &&
          (entersSystem(n.callee.name) || waits.test(n.callee.name))
        )
          calls.push({ at: n, what: n.callee.name });
      } else if (
        n.k === 'decl' &&
        !guardClass.test(n.type.base) &&
        n.type.pointer === 0 &&
        /lock|guard|mutex/i.test(n.type.base)
      ) {
        const w = locks.guard(index.resolve(n.type).base);
        if (w !== null) found.push({ at: n, what: `${n.type.base} (${w})` });
      }
    }
    const plain = (t: Taken): boolean =>
      functionOf(t.at) === f && isPlainly(t.at) && isCompiled(build, t.at) && !inAssertion(t.at.token);
    const lock = found.filter(plain)[0];
    if (lock !== undefined) {
      out.add({
        letter: 'H',
        at: place(build, lock.at, f),
        title: `Take ${lock.what} off the hot path`,
        reason: `${displayName(f)} takes ${lock.what} here, ${way(ways, f)} with no unlikely branch before it: a locked instruction when nobody else wants it, a wait when somebody does.`,
        risk: 'high',
        experiment:
          'Serve the common case from what the thread owns, and batch the work under the lock; compare with one and with many threads.',
      });
    }
    const seen = new Set<string>();
    for (const c of calls.filter(plain)) {
      if (seen.has(c.what)) continue;
      seen.add(c.what);
      out.add({
        letter: 'H',
        at: place(build, c.at, f),
        title: `Keep ${c.what} off the hot path`,
        reason: `${displayName(f)} calls ${c.what} here, ${way(ways, f)} with no unlikely branch before it: hundreds of cycles each time.`,
        risk: 'high',
        experiment:
          'Mark the branch unlikely if it is, or keep what it answers; count how often it runs and compare.',
      });
    }
  }
}

/** The way from the entry point, for the reason. */
function way(ways: PlainWays, f: Func): string {
  const names: string[] = [];
  for (let g: Func | undefined = f; g !== undefined && names.length < 6; g = ways.get(g)?.from ?? undefined)
    names.unshift(displayName(g));
  return names.length > 1 ? `on ${names.join(' → ')},` : 'in an entry point,';
}
