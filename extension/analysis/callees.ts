/** Which functions a written call may reach. */
import type { Index } from './index.ts';
import { type Call, type Func, functionOf, noType } from './ir.ts';

/** Functions that a call may reach, by name, owner, file, visibility and arguments. */
export function findCallees(index: Index, call: Call): readonly Func[] {
  const { callee } = call;
  const name = callee.k === 'id' ? callee.name : callee.k === 'mem' ? callee.field : null;
  if (name === null) return [];
  const every = index.byName.get(name);
  if (every === undefined) return [];
  const all = every.length === 1 ? every : native(index, every);
  if (callee.k === 'id' && index.local(functionOf(call), name) !== null) return [];
  if (all.length === 1 && all[0]?.owner === null && callee.k === 'id') return all;
  return narrow(index, all, call);
}

/** Without the definitions for other systems, as long as one is left. */
function native(index: Index, all: readonly Func[]): readonly Func[] {
  const list = all.filter((f) => !index.project.isForeign(f.file, f.cond));
  const some = list.length > 0 ? list : all;
  const live = some.length > 1 ? some.filter((f) => !index.isOut(f.file, f.cond)) : some;
  return live.length > 0 ? live : some;
}

function narrow(index: Index, all: readonly Func[], call: Call): readonly Func[] {
  const { callee } = call;
  const file = index.fileOf(call);
  let list = all;
  if (callee.k === 'mem') {
    const type = index.structOf(index.typeOf(callee.object));
    list = all.filter((f) => f.owner !== null && (type === null || index.isA(type, f.owner)));
  } else if (callee.k === 'id' && callee.scope !== null && callee.scope !== '') {
    const scope = callee.scope.slice(callee.scope.lastIndexOf(':') + 1);
    // `using cell = pointer_cell<T>;  cell::store(x)`
    const named = index.resolve({ ...noType, base: scope }).base;
    const owned = all.filter((f) => f.owner === scope || f.owner === named);
    list = owned.length > 0 ? owned : all.filter((f) => f.owner === null);
  } else {
    const owner = functionOf(call)?.owner ?? null;
    const owned = owner === null ? [] : all.filter((f) => f.owner === owner);
    const free = all.filter((f) => f.owner === null);
    list = owned.length > 0 ? owned : free;
  }
  const here = list.filter((f) => f.file === file);
  if (here.length > 0 && here.some((f) => f.isStatic || f.owner !== null)) return here;
  const visible = list.filter(
    (f) => !f.isStatic || /\.(h|hpp|hh|hxx|inc|inl)$/i.test(f.file) || f.file === file,
  );
  const sameArity = fitting(index, visible, call);
  if (callee.k === 'mem' || visible.some((f) => f.owner !== null))
    return sameArity.length > 0 ? sameArity : visible;
  // Of functions with one name in several files, what the caller's file includes.
  const near = file === null ? [] : visible.filter((f) => index.project.closure(file).has(f.file));
  const reachable = near.length > 0 ? near : visible;
  const fits = fitting(index, reachable, call);
  if (fits.length > 0) return fits;
  return reachable.length > 0 ? reachable : list;
}

/** Overloads that take as many arguments, an atomic object only where one is given. */
function fitting(index: Index, list: readonly Func[], call: Call): readonly Func[] {
  const arity = list.filter((f) => f.params.length === call.args.length);
  if (arity.length < 2) return arity;
  const given = call.args.map((a) => {
    const t = index.typeOf(a);
    return t === null || t.base === '' ? null : index.resolve(t).atomic;
  });
  const takes = arity.map((f) => f.params.map((p) => index.resolve(p.type).atomic));
  const possible = arity.filter((_, n) => given.every((g, i) => g !== false || takes[n]?.[i] !== true));
  const exact = arity.filter((_, n) => given.every((g, i) => g !== true || takes[n]?.[i] === true));
  const both = possible.filter((f) => exact.includes(f));
  return both.length > 0 ? both : possible;
}
