/** Results of looking a variable up, by the reader that was called. */
import type { Evaluator } from './evaluate.ts';
import { type Call, type Expr, strip } from './ir.ts';
import type { Reading } from './outside.ts';
import type { Value } from './values.ts';

/** The result of a lookup, with what it puts into its out-parameters. */
export function lookedUp(frame: Evaluator, x: Call, read: Reading, set: string | null | undefined): Value {
  const name = x.callee.k === 'id' ? x.callee.name : '';
  const out = (at: number): Expr | null => {
    const a = x.args[at];
    if (a === undefined) return null;
    const e = strip(a);
    return e.k === 'un' && e.op === '&' ? e.x : e;
  };
  const put = (at: number, v: Value): void => {
    const to = out(at);
    if (to !== null && to.k !== 'num') frame.store(to, v);
  };
  const size = set === undefined ? undefined : set === null ? 0 : set.length;
  if (read.via === null) {
    if (/^_w?dupenv_s$/.test(name)) {
      put(0, set === null ? 0 : set);
      put(1, size === undefined || size === 0 ? size : size + 1);
      return 0;
    }
    if (/^_?w?getenv_s$/.test(name)) {
      put(0, size === undefined || set === null ? size : size + 1);
      put(1, set ?? undefined);
      return 0;
    }
    if (name.startsWith('GetEnvironmentVariable')) {
      if (set !== null) put(1, set);
      return size;
    }
    return set === null ? 0 : set;
  }
  if (read.via.returns.pointer > 0) return set === null ? 0 : set;
  if (!/^(bool|_Bool|int|unsigned|long|size_t|ssize_t)$/.test(read.via.returns.base)) return undefined;
  // `found = lookup(name, buffer, size)`.
  if (set === null) return 0;
  const at = read.via.params.findIndex(
    (p, i) => i !== read.at && p.type.pointer > 0 && p.type.base === 'char',
  );
  if (at < 0 || set === undefined) return undefined;
  put(at, set);
  return 1;
}
