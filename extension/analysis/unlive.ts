/** Code that is written but does not run: definitions for other machines, branches that are settled when compiling. */
import type { Index } from './index.ts';
import { type Call, type Expr, type Node, type Stmt, functionOf, walk } from './ir.ts';
import { asserting, copying, filling, harmless, passing, printing, sizing, stopping } from './known.ts';
import { calledName } from './naming.ts';
import { operationOf } from './operations.ts';

/** A function of the language's or the system's own library. */
export const libraryName = (name: string): boolean =>
  operationOf(name) !== null ||
  [printing, copying, filling, sizing, harmless, passing].some((known) => known.test(name));

/** A condition of sizes and numbers only. */
export function isFixed(x: Expr): boolean {
  let sizes = false;
  let values = false;
  walk(x, (n) => {
    if (n.k === 'opaque') sizes = true;
    else if (n.k !== 'num' && n.k !== 'bin' && n.k !== 'un' && n.k !== 'cast') values = true;
  });
  return sizes && !values;
}

export function aborts(s: Stmt): boolean {
  const only = s.k === 'block' && s.body.length === 1 ? s.body[0] : s;
  return only?.k === 'expr' && only.x.k === 'call' && stopping.test(calledName(only.x));
}

/** Whether nothing declares a function that a call names, in the project or outside. */
function undeclared(index: Index, n: Node): boolean {
  if (n.k !== 'call' || n.callee.k !== 'id') return false;
  const { name } = n.callee;
  return (
    !index.byName.has(name) &&
    !index.returns.has(name) &&
    operationOf(name) === null &&
    !printing.test(name) &&
    !harmless.test(name) &&
    !passing.test(name) &&
    !copying.test(name) &&
    !filling.test(name) &&
    !sizing.test(name) &&
    !asserting.test(name) &&
    !/^(__builtin_|abort$|exit$|_exit$)/.test(name) &&
    index.local(functionOf(n), name, n) === null &&
    index.global(name, index.fileOf(n)) === null
  );
}

function names(index: Index, x: Node): boolean {
  let hit = false;
  walk(x, (n) => {
    hit ||= undeclared(index, n);
  });
  return hit;
}

/**
 * One of several definitions of a macro that calls what nothing declares, while another does not: the definition for
 * a machine that is not at hand.
 */
export function phantom(index: Index, x: Node, holder: Node): boolean {
  if (holder.k === 'choice') {
    if (holder.options.length < 2 || !names(index, x)) return false;
    return holder.options.some((o) => o.x !== x && !names(index, o.x));
  }
  if (holder.k !== 'variants' || holder.options.length < 2 || !names(index, x)) return false;
  return holder.options.some((o) => o.macro !== '' && !o.body.some((b) => names(index, b)));
}

/** Whether a call stands in such a definition. */
export function inPhantom(index: Index, call: Call): boolean {
  if (!undeclared(index, call)) return false;
  let child: Node = call;
  for (let p: Node | null = call.up; p !== null; child = p, p = p.up)
    if ((p.k === 'choice' || p.k === 'variants') && phantom(index, child, p)) return true;
  return false;
}
