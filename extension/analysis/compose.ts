/** Names of variables that the program composes: from a prefix and a table's entries, or inside a wrapper. */
import type { Composed, EnvRead, EnvReads } from './env.ts';
import type { Index } from './index.ts';
import type { Interpreter } from './interpret.ts';
import type { Option } from './outside.ts';
import { type Decl, type Func, functionOf } from './ir.ts';
import { globalTarget } from './targets.ts';
import { Obj, type Value } from './values.ts';

const maxNames = 400;

/** Fills in `name` and `names` of every read whose name is no literal, by running the code that composes it. */
export function composeNames(env: EnvReads, index: Index, machine: Interpreter): void {
  for (const read of env.reads) {
    if (read.name !== null) {
      if (read.caseless) read.names = bothCases([{ name: read.name, bound: new Map() }]);
      continue;
    }
    const f = read.func;
    // Inside a wrapper the name is a parameter: its callers have it.
    if (f === null || env.wrappers.has(f)) continue;
    const found = runs(f, read, index, machine);
    const all = read.caseless ? bothCases(found) : found;
    read.names = all;
    const first = all[0];
    if (first !== undefined && all.length === 1) read.name = first.name;
  }
}

/** A reader that does not mind the case finds a variable in either. */
function bothCases(names: readonly Composed[]): Composed[] {
  const out = [...names];
  for (const n of names) {
    const upper = n.name.toUpperCase();
    if (upper !== n.name && !out.some((o) => o.name === upper)) out.push({ ...n, name: upper });
  }
  return out;
}

function runs(f: Func, read: EnvRead, index: Index, machine: Interpreter): Composed[] {
  const out: Composed[] = [];
  const run = (bound: ReadonlyMap<Decl, Value>): void => {
    machine.lead(f, read.call, bound, (call, name) => {
      if (call === read.call && out.length < maxNames && name !== '' && !out.some((o) => o.name === name))
        out.push({ name, bound });
    });
  };
  run(new Map());
  if (out.length > 0) return out;
  for (const p of f.params) {
    for (const v of candidates(f, p, index, machine)) {
      if (out.length >= maxNames) break;
      run(new Map([[p, v]]));
    }
    if (out.length > 0) break;
  }
  return out;
}

/** What a parameter may be: the entries of the tables of its type, or the constants that callers pass. */
function candidates(f: Func, p: Decl, index: Index, machine: Interpreter): Value[] {
  const out: Value[] = [];
  const struct = p.type.pointer > 0 || p.type.text.includes('&') ? index.structOf(p.type) : null;
  if (struct !== null) {
    for (const [d] of index.fileOfGlobal) {
      if (d.init?.k !== 'init' || d.type.array === 0 || d.type.pointer > 0) continue;
      if (index.structOf(d.type) !== struct) continue;
      const table = machine.aggregate(globalTarget(index, d).key, d);
      if (table?.row == null) continue;
      for (let i = 0; i < table.row.items.length; i++)
        out.push(machine.frozen(machine.element(table.row, i)));
    }
    return out;
  }
  const at = f.params.indexOf(p);
  const seen = new Set<Value>();
  const add = (v: Value): void => {
    if (v !== undefined && !(v instanceof Obj) && !seen.has(v)) {
      seen.add(v);
      out.push(v);
    }
  };
  for (const call of index.calls.get(f.name) ?? []) {
    const arg = call.args[at];
    if (arg !== undefined && functionOf(call) !== f && index.callees(call).includes(f))
      add(machine.value(arg));
  }
  // An index: as far as the longest table goes.
  if (out.length === 0 && p.type.pointer === 0) for (let i = 0; i < 128; i++) add(i);
  return out;
}

/** The table entry behind each composed name: where a run finds the option's value. */
export function optionsOf(env: EnvReads): Map<string, Option> {
  const out = new Map<string, Option>();
  for (const read of env.reads) {
    if (read.func === null) continue;
    for (const { name, bound } of read.names)
      for (const v of bound.values())
        if (v instanceof Obj && v.row !== null && !out.has(v.place))
          out.set(v.place, { name, func: read.func, call: read.call, bound });
  }
  return out;
}

/** Given variables under the spelling that the program's table has, where the reader does not mind the case. */
export function spelled(
  env: EnvReads,
  given: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const out: Record<string, string> = { ...given };
  const byLower = new Map(Object.entries(given).map(([n, v]) => [n.toLowerCase(), v]));
  if (byLower.size === 0) return given;
  for (const read of env.reads) {
    if (!read.caseless) continue;
    for (const { name } of read.names) {
      const v = byLower.get(name.toLowerCase());
      if (v !== undefined) out[name] ??= v;
    }
  }
  return out;
}
