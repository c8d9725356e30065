/** What a variable is for, once it is known whether it decides anything. Names break ties only. */
import type { AtomicClass, Role } from '../model.ts';
import type { Access } from './access.ts';
import type { EnvReads } from './env.ts';
import type { Finding } from './values.ts';
import type { Index } from './index.ts';
import { type Expr, type Node, functionOf, print, strip, walk } from './ir.ts';
import type { Target } from './targets.ts';
import { type Temperatures, likelihood } from './temperature.ts';

export interface RoleContext {
  readonly index: Index;
  readonly temperatures: Temperatures;
  readonly env: EnvReads;
}

const constant = (x: Expr | null): boolean => {
  if (x === null) return false;
  const e = strip(x);
  return e.k === 'num' || (e.k === 'id' && /^(true|false|NULL|nullptr|[A-Z][A-Z0-9_]*)$/.test(e.name));
};

/** Clock reads, by the names that systems give them. */
const clock =
  /(clock|rdtsc|gettimeofday|nanotime|timestamp|(^|_)time(_|$)|ticks|cycles|(^|_)now(_|$)|usec|nsec)/i;

function inLoop(node: Node): boolean {
  for (let p: Node | null = node.up; p !== null && p.k !== 'func'; p = p.up) if (p.k === 'loop') return true;
  return false;
}

/** `(++n & mask) == 0`: one in so many. */
function sampler(test: Expr): boolean {
  let hit = false;
  walk(test, (n) => {
    if (n.k === 'bin' && (n.op === '&' || n.op === '%') && strip(n.left).k === 'upd') hit = true;
  });
  return hit;
}

function discarded(node: Node): boolean {
  let p = node.up;
  while (p !== null && (p.k === 'comma' || p.k === 'choice' || (p.k === 'cast' && p.type.base === 'void')))
    p = p.up;
  return p === null || p.k === 'expr';
}

function compared(node: Node): boolean {
  let p: Node | null = node.up;
  while (p !== null && (p.k === 'cast' || p.k === 'bin' || p.k === 'un' || p.k === 'cond')) {
    if (p.k === 'bin' && /^[=!]=$/.test(p.op)) return true;
    p = p.up;
  }
  return false;
}

function timed(x: Expr | null, context: RoleContext): boolean {
  if (x === null) return false;
  let hit = false;
  const look = (e: Expr, depth: number): void => {
    walk(e, (n) => {
      if (n.k === 'call' && n.callee.k === 'id' && clock.test(n.callee.name)) hit = true;
      if (n.k === 'id' && depth < 3) {
        const d = context.index.local(functionOf(n), n.name, n);
        if (d?.init != null) look(d.init, depth + 1);
      }
    });
  };
  look(x, 0);
  return hit;
}

function initialText(t: Target): string {
  const init = t.decl?.init ?? null;
  if (init === null) return '0';
  const only = init.k === 'init' ? init.items[0]?.x : init;
  return only === undefined ? '0' : print(strip(only));
}

export function roleOf(
  c: AtomicClass,
  t: Target,
  accesses: readonly Access[],
  found: readonly Finding[],
  context: RoleContext,
): Role | null {
  if (c === 'unknown') return null;
  const has = (...ops: readonly string[]): boolean => accesses.some((a) => ops.includes(a.operation));
  if (c === 'telemetry') {
    if (
      accesses.some((a) => timed(a.value, context)) ||
      /(cycles|(^|_)ns(_|$)|usec|time|latency|duration)/i.test(t.name)
    )
      return 'timing';
    const cas = accesses.some(
      (a) => a.operation === 'compare_exchange' && (inLoop(a.node) || a.wrapper !== null),
    );
    const guarded = accesses.some(
      (a) =>
        a.operation === 'store' &&
        ((): boolean => {
          for (let p: Node | null = a.node.up; p !== null && p.k !== 'func'; p = p.up)
            if (p.k === 'if') return true;
          return false;
        })(),
    );
    if (cas || (guarded && has('load') && !has('fetch_add', 'fetch_sub'))) return 'peak';
    const updates = accesses.filter((a) => a.operation !== 'load' && a.operation !== 'store');
    const rare = (a: Access): boolean => {
      for (let p: Node | null = a.node.up; p !== null && p.k !== 'func'; p = p.up)
        if (p.k === 'if' && likelihood(p.test) === 'unlikely' && !sampler(p.test)) return true;
      return false;
    };
    // An update whose own result is tested limits a log.
    const tested = updates.some((a) => !discarded(a.node)) && found.some((f) => f.hint === 'condition');
    const odd = /fail|err|mismatch|bad|log|dbg|debug|diag|unknown|corrupt|invalid|meta/i.test(t.name);
    if (updates.length > 0 && ((odd && updates.every(rare)) || tested)) return 'diagnostic';
    return 'counter';
  }
  const hints = new Set(found.filter((f) => f.level === 'decide').map((f) => f.hint));
  const pointer = t.type.pointer > 0 || t.type.args.includes('*') || hints.has('address');
  const swaps = accesses.filter((a) => a.operation === 'compare_exchange' || a.operation === 'exchange');
  const constantSwap = swaps.length > 0 && swaps.every((a) => constant(a.value));
  const stores = accesses.filter((a) => a.operation === 'store' || a.operation === 'clear');
  // Going back to where it started frees it; a state that is never left again is a once.
  const first = initialText(t);
  const reset = stores.some(
    (a) =>
      a.value === null ||
      (constant(a.value) && ['0', 'false', 'NULL', first].includes(print(strip(a.value)))),
  );
  const tried = swaps.length > 0 && swaps.every((a) => a.operation === 'compare_exchange');
  if (constantSwap && !reset && tried && !pointer && t.kind !== 'field') return 'once';
  if (hints.has('wait') || has('test_and_set')) return 'lock';
  if (constantSwap && reset && !pointer) return 'lock';
  if (constantSwap && !reset && !pointer && !has('fetch_add', 'fetch_sub')) return 'once';
  if (swaps.length > 0 && (pointer || swaps.some((a) => inLoop(a.node)))) return 'lock-free';
  if (accesses.some((a) => a.operation === 'fetch_sub' && compared(a.node))) return 'refcount';
  if (
    has('fetch_add') &&
    accesses.some((a) => a.operation === 'fetch_add' && a.node.up?.k !== 'expr') &&
    !has('fetch_sub')
  )
    return 'id';
  if (pointer && has('store', 'exchange', 'compare_exchange'))
    return swaps.length > 0 ? 'lock-free' : 'publication';
  if (swaps.length > 0) return 'lock-free';
  if (stores.length > 0 && !has('fetch_add', 'fetch_sub', 'fetch_or', 'fetch_and')) {
    const readsEnv = stores.some((a) => a.func !== null && context.env.reads.some((r) => r.func === a.func));
    const atStart = stores.every(
      (a) => a.func !== null && context.temperatures.distance.get(a.func) === undefined,
    );
    if (readsEnv || (atStart && stores.every((a) => a.order === 'relaxed'))) return 'config';
    const released = stores.some((a) => a.order === 'release' || a.order === 'seq_cst');
    if (released && accesses.some((a) => a.operation === 'load' && a.order !== 'relaxed'))
      return 'publication';
  }
  return 'flow-control';
}
