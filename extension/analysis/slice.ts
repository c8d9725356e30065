/** Which names a run that is about one place has to follow. */
import type { Index } from './index.ts';
import { type Decl, type Expr, type Func, type Node, walk } from './ir.ts';

/** Names that what happens around `to` depends on, and those that depend on it: the rest of `f` need not run. */
export function relevantNames(index: Index, f: Func, to: Expr): ReadonlySet<string> {
  const names = new Set<string>();
  const gather = (n: Node): void => {
    walk(n, (m) => {
      if (m.k === 'id' && !(m.up?.k === 'call' && m.up.callee === m)) names.add(m.name);
      else if (m.k === 'mem') names.add(m.field);
      else if (m.k === 'decl') names.add(m.name);
    });
  };
  const around = new Set<Node>([to]);
  for (let n = to.up; n !== null; n = n.up) {
    around.add(n);
    if (n.k === 'expr' || n.k === 'decls' || n.k === 'return') gather(n);
    else if (n.k === 'if' || n.k === 'switch') gather(n.test);
    else if (n.k === 'loop') for (const x of [n.init, n.test, n.step]) if (x !== null) gather(x);
  }
  const simple = index
    .nodes(f)
    .filter(
      (n) =>
        n.k === 'asg' ||
        n.k === 'upd' ||
        (n.k === 'decl' && n.init !== null) ||
        n.k === 'call' ||
        n.k === 'return',
    );
  const choices = index.nodes(f).filter((n) => n.k === 'if' || n.k === 'switch' || n.k === 'loop');
  for (let round = 0; round < 3; round++) {
    for (const n of simple) if (mentionsAny(n, names)) gather(n);
    // What happens under a condition depends on what the condition asks.
    for (const n of choices)
      if (n.test !== null && (around.has(n.test) || mentionsAny(n.test, names))) gather(n);
  }
  return names;
}

function mentionsAny(root: Node, names: ReadonlySet<string>): boolean {
  let hit = false;
  walk(root, (n) => {
    if (hit) return;
    if (n.k === 'id' || n.k === 'decl') hit = names.has(n.name);
    else if (n.k === 'mem') hit = names.has(n.field);
  });
  return hit;
}

/** The one value that a local ever gets, null when there are more or none. */
export function onlyValue(index: Index, d: Decl): Expr | null {
  const writes = index
    .usesOf(d)
    .filter(
      (u) =>
        (u.up?.k === 'asg' && u.up.left === u) || u.up?.k === 'upd' || (u.up?.k === 'un' && u.up.op === '&'),
    );
  const only = writes[0]?.up;
  const x =
    d.init !== null && writes.length === 0
      ? d.init
      : d.init === null && writes.length === 1 && only?.k === 'asg' && only.op === '='
        ? only.right
        : null;
  return x;
}

/** The declaration that a name means inside a lambda at file scope, which belongs to no function. */
export function lambdaLocal(x: Expr, name: string): Decl | null {
  let lambda: Node | null = x;
  while (lambda !== null && lambda.k !== 'lambda') lambda = lambda.up;
  let found: Decl | null = null;
  if (lambda !== null)
    walk(lambda, (n) => {
      if (n.k === 'decl' && n.name === name) found ??= n;
    });
  return found;
}
