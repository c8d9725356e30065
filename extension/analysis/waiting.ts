/** Loops that wait: no round brings a new value of their own, so they go on until another thread acts. */
import type { Access } from './access.ts';
import { type Expr, type If, type Loop, type Node, type Stmt, strip, walk } from './ir.ts';

type AccessAt = (n: Node) => Access | undefined;

const isConstant = (x: Expr | null): boolean => {
  if (x === null) return false;
  const e = strip(x);
  return e.k === 'num' || (e.k === 'id' && /^(true|false|[A-Z][A-Z0-9_]*|k[A-Z]\w*)$/.test(e.name));
};

/** The variable at the bottom of `p->x[i].y`, '' without. */
function root(x: Expr): string {
  let e = x;
  for (;;) {
    if (e.k === 'mem' || e.k === 'idx') e = e.object;
    else if (e.k === 'cast' || (e.k === 'un' && (e.op === '*' || e.op === '&'))) e = e.x;
    else return e.k === 'id' ? e.name : '';
  }
}

function namesIn(x: Node): Set<string> {
  const out = new Set<string>();
  walk(x, (n) => {
    if (n.k === 'id') out.add(n.name);
  });
  return out;
}

/** Whether a loop that goes on while `test` says so makes no progress by itself. */
export function waits(accessAt: AccessAt, loop: Loop, test: Expr): boolean {
  const parts: Node[] = [loop.body];
  if (loop.test !== null) parts.push(loop.test);
  if (loop.step !== null) parts.push(loop.step);
  const changes: { name: string; from: Node | null }[] = [];
  let retries = false;
  for (const part of parts)
    walk(part, (n) => {
      const a = accessAt(n);
      // An update of its own: the next round is a new attempt. Taking a lock with a constant is none.
      if (a !== undefined && a.operation === 'compare_exchange' && !isConstant(a.value)) retries = true;
      if (n.k === 'asg')
        changes.push({ name: root(n.left), from: n.op === '=' && n.left.k === 'id' ? n.right : null });
      else if (n.k === 'upd') changes.push({ name: root(n.x), from: null });
      else if (n.k === 'decl' && n.init !== null) changes.push({ name: n.name, from: n.init });
      else if (n.k === 'call' && a === undefined)
        for (const arg of n.args)
          if (arg.k === 'un' && arg.op === '&') changes.push({ name: root(arg), from: null });
    });
  if (retries) return false;
  const moving = new Set(changes.map((c) => c.name).filter((n) => n !== ''));
  const tested = namesIn(test);
  return (
    !changes.some((c) => {
      if (!tested.has(c.name)) return false;
      if (c.from === null) return true;
      // Read anew from the same place each round is no progress; from a place that moves on it is.
      for (const n of namesIn(c.from))
        if (n !== c.name ? moving.has(n) : !reads(accessAt, c.from)) return true;
      return false;
    }) && !movingObject(accessAt, test, moving)
  );
}

/** `while (load(&a[i]) == 0) i++;` walks on. */
function movingObject(accessAt: AccessAt, test: Expr, moving: ReadonlySet<string>): boolean {
  let hit = false;
  walk(test, (n) => {
    const a = accessAt(n);
    if (a === undefined || a.targetExpr === null) return;
    for (const name of namesIn(a.targetExpr)) if (moving.has(name)) hit = true;
  });
  return hit;
}

function reads(accessAt: AccessAt, x: Node): boolean {
  let hit = false;
  walk(x, (n) => {
    hit ||= accessAt(n) !== undefined;
  });
  return hit;
}

const isEndless = (loop: Loop): boolean =>
  loop.test === null || (isConstant(loop.test) && !/^(0|false)$/.test(loop.test.token.text));

/** Whether nothing leads out of a loop: who enters it stays. */
export function traps(loop: Loop): boolean {
  let out = false;
  walk(loop.body, (n) => {
    if (n.k === 'return' || (n.k === 'jump' && n.kind !== 'continue')) out = true;
  });
  return !out && isEndless(loop);
}

/** The loop that an `if` keeps going or ends, null when it does neither. */
export function loopOf(p: If): Loop | null {
  let loop: Loop | null = null;
  for (let n: Node | null = p.up; n !== null && n.k !== 'func' && n.k !== 'lambda'; n = n.up) {
    if (n.k !== 'loop') continue;
    loop = n;
    break;
  }
  if (loop === null) return null;
  return isEndless(loop) || leaves(p.yes) || (p.no !== null && leaves(p.no)) ? loop : null;
}

function leaves(s: Stmt): boolean {
  let hit = false;
  walk(s, (n) => {
    if (n.k === 'return' || (n.k === 'jump' && n.kind === 'break')) hit = true;
  });
  return hit;
}

/** `again: if (...) goto again;`, nothing in between being an update. */
export function jumpsBack(accessAt: AccessAt, p: If, root_: Node): boolean {
  const targets = new Set<string>();
  walk(p, (n) => {
    if (n.k === 'jump' && n.kind === 'goto' && n.label !== null) targets.add(n.label);
  });
  if (targets.size === 0) return false;
  let from = -1;
  walk(root_, (n) => {
    if (n.k === 'label' && n.name !== null && targets.has(n.name) && n.token.start < p.token.start)
      from = n.token.start;
  });
  if (from < 0) return false;
  let updates = false;
  walk(root_, (n) => {
    if (n.token.start < from || n.token.start > p.token.start + 1) return;
    const a = accessAt(n);
    if (n.k === 'upd' || (n.k === 'asg' && n.op !== '=')) updates = true;
    if (a !== undefined && a.operation === 'compare_exchange' && !isConstant(a.value)) updates = true;
  });
  walk(p.test, (n) => {
    const a = accessAt(n);
    if (a !== undefined && a.operation === 'compare_exchange' && !isConstant(a.value)) updates = true;
  });
  return !updates;
}
