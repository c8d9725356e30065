/** What a variable is for, once it is known whether it decides anything. Names break ties only. */
import type { AtomicClass, Role } from '../model.ts';
import type { Access } from './access.ts';
import type { EnvReads } from './env.ts';
import type { Finding } from './value-graph.ts';
import type { Index } from './index.ts';
import { type Expr, type Node, functionOf, print, strip, walk } from './ir.ts';
import type { Target } from './targets.ts';
import { likelihood } from './branches.ts';
import type { Temperatures } from './temperature.ts';

export interface RoleContext {
  readonly index: Index;
  readonly temperatures: Temperatures;
  readonly env: EnvReads;
}

const constant = (x: Expr | null): boolean => {
  if (x === null) return false;
  const e = strip(x);
  return (
    e.k === 'num' || (e.k === 'id' && /^(true|false|NULL|nullptr|[A-Z][A-Z0-9_]*|k[A-Z]\w*)$/.test(e.name))
  );
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
        !constant(a.value) &&
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
    // An update whose own result is tested limits a log; a flag that is only stored and tested gates one.
    const flags = updates.length === 0 && found.some((f) => f.hint === 'condition');
    const unread = updates.length === 0 && found.every((f) => f.hint === 'discarded');
    const odd = /fail|err|mismatch|bad|log|dbg|debug|diag|unknown|corrupt|invalid|meta/i.test(t.name);
    if (
      (updates.length > 0 && ((odd && updates.every(rare)) || updates.some((a) => testedHere(a.node)))) ||
      flags ||
      unread
    )
      return 'diagnostic';
    return 'counter';
  }
  return steering(t, accesses, found, context);
}

/** The result stands in a condition itself, not by way of a local. */
function testedHere(node: Node): boolean {
  let n: Node = node;
  for (let p = node.up; p !== null; n = p, p = p.up) {
    if (p.k === 'if' || p.k === 'loop') return p.test === n;
    if (
      p.k !== 'bin' &&
      p.k !== 'un' &&
      p.k !== 'cast' &&
      p.k !== 'choice' &&
      p.k !== 'comma' &&
      p.k !== 'stmtx' &&
      p.k !== 'expr'
    )
      return false;
  }
  return false;
}

/** What an operation writes is a fixed state: a constant, or for inline assembly constants alone. */
function fixedState(a: Access): boolean {
  if (a.node.k !== 'asm') return constant(a.value);
  return a.node.inputs.every(
    (x) => constant(x) || (a.targetExpr !== null && print(strip(x)) === print(strip(a.targetExpr))),
  );
}

/** A compare-exchange that only counts: the new value is the old one plus or minus a number. */
function counts(a: Access): boolean {
  if (a.operation !== 'compare_exchange') return false;
  const step = (x: Expr): boolean => {
    const e = strip(x);
    return e.k === 'bin' && (e.op === '+' || e.op === '-') && strip(e.right).k === 'num';
  };
  return a.node.k === 'asm' ? a.node.inputs.some(step) : a.value !== null && step(a.value);
}

function steering(
  t: Target,
  accesses: readonly Access[],
  found: readonly Finding[],
  context: RoleContext,
): Role {
  const has = (...ops: readonly string[]): boolean => accesses.some((a) => ops.includes(a.operation));
  const hints = new Set(found.filter((f) => f.level === 'decide').map((f) => f.hint));
  const r = context.index.resolve(t.type);
  const pointing = t.type.pointer > 0 || r.pointer > 0 || t.type.args.includes('*') || r.args.includes('*');
  const pointer = pointing || hints.has('called') || hints.has('handed') || hints.has('address');
  const swaps = accesses.filter((a) => a.operation === 'compare_exchange' || a.operation === 'exchange');
  const fixed = swaps.length > 0 && swaps.every(fixedState);
  const stores = accesses.filter((a) => a.operation === 'store' || a.operation === 'clear');
  // Going back to where it started frees it; a state that is never left again is a once.
  const first = initialText(t);
  const back = (a: Access): boolean =>
    a.value === null || (constant(a.value) && ['0', 'false', 'NULL', first].includes(print(strip(a.value))));
  const reset =
    stores.some(back) ||
    (swaps.some((a) => a.operation === 'compare_exchange') &&
      swaps.some((a) => a.operation === 'exchange')) ||
    has('fetch_sub', 'fetch_and');
  const plain = !pointing;
  if (has('test_and_set') && plain) return 'lock';
  if (fixed && plain) {
    const tried = swaps.every((a) => a.operation === 'compare_exchange');
    if (reset) return 'lock';
    if (tried && t.kind !== 'field' && !has('fetch_add', 'fetch_sub')) return 'once';
    if (hints.has('wait')) return 'lock';
    if (!has('fetch_add', 'fetch_sub')) return tried ? 'lock' : 'once';
  }
  const changing = swaps.filter((a) => !counts(a));
  if (changing.length > 0 && changing.some((a) => pointer || inLoop(a.node) || a.operation === 'exchange'))
    return 'lock-free';
  if (has('fetch_or', 'fetch_and') && accesses.some((a) => /^fetch_(or|and)$/.test(a.operation) && used(a)))
    return 'lock-free';
  if (hints.has('wait') && swaps.length === 0 && has('fetch_add', 'fetch_sub', 'exchange')) return 'lock';
  if (accesses.some((a) => a.operation === 'fetch_sub' && compared(a.node))) return 'refcount';
  if (!has('fetch_sub') && accesses.some((a) => a.operation === 'fetch_add' && used(a))) return 'id';
  if (changing.length > 0 && changing.some(used)) return 'lock-free';
  if (has('fetch_add', 'fetch_sub', 'fetch_or', 'fetch_and') || swaps.length > 0) return 'flow-control';
  const address = (x: Expr): boolean => {
    const e = strip(x);
    const local = e.k === 'id' ? context.index.local(functionOf(e), e.name, e) : null;
    const from = local?.init ?? null;
    const type = context.index.typeOf(from === null ? e : strip(from));
    return type !== null && (type.pointer > 0 || context.index.resolve(type).pointer > 0);
  };
  if (pointer || stores.some((a) => a.value !== null && !constant(a.value) && address(a.value)))
    return 'publication';
  if (stores.length > 0) {
    const cold = stores.every((a) => a.func === null || context.temperatures.ofFunction(a.func) !== 'hot');
    const readsEnv = stores.some((a) => a.func !== null && context.env.reads.some((e) => e.func === a.func));
    const given = stores.some((a) => a.value !== null && !constant(a.value) && isGiven(a.value));
    if (readsEnv || (t.kind !== 'field' && cold && given && !hints.has('index') && !hints.has('wait')))
      return 'config';
    const paired =
      stores.some((a) => a.order === 'release' || a.order === 'seq_cst') &&
      accesses.some((a) => a.operation === 'load' && a.order !== 'relaxed');
    if (paired && (hints.has('index') || hints.has('size') || hints.has('identity'))) return 'publication';
  }
  return hints.has('index') && stores.length === 0 && accesses.length === 0 ? 'publication' : 'flow-control';
}

/** Somebody takes the result; inline assembly hands it out beside the object. */
function used(a: Access): boolean {
  if (a.node.k !== 'asm') return !discarded(a.node);
  const object = a.targetExpr === null ? '' : print(strip(a.targetExpr));
  return a.node.outputs.some((x) => print(strip(x)) !== object);
}

/** A value that came from outside: a parameter, an option, a setting. */
function isGiven(x: Expr): boolean {
  const e = strip(x);
  if (e.k === 'id') {
    const f = functionOf(e);
    return f === null || f.params.some((p) => p.name === e.name);
  }
  return e.k === 'call' && e.args.length === 1 && e.args[0] !== undefined && isGiven(e.args[0]);
}
