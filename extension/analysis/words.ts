/**
 * Objects that are atomic without saying so in their type: instances of a class around one atomic word, and words that
 * are only ever touched through functions over a pointer to volatile, the way of writing atomics before there were any.
 */
import type { Index } from './index.ts';
import { type Call, type Func, type Struct, type TypeRef, functionOf, noType } from './ir.ts';
import { copying, filling, harmless, indifferent, isTestFile, passing, printing, sizing } from './known.ts';
import { operationOf } from './operations.ts';
import { type Target, fieldTarget, globalTarget, isCell, targetOf } from './targets.ts';
import { measure } from './wrappers.ts';

/** The struct that objects of a type hold directly: no pointer to it. */
function heldStruct(index: Index, type: TypeRef): Struct | null {
  const r = index.resolve(type);
  return r.pointer > 0 || r.callable || type.text.includes('&') ? null : index.structOf(r);
}

/** Whether a class is a shell around one word that is operated on atomically. */
function isShell(index: Index, struct: Struct, operated: (key: string) => boolean, depth = 0): boolean {
  if (depth > 4 || !isCell(index, struct)) return false;
  return struct.fields.some((f) => {
    const r = index.resolve(f.type);
    if (r.pointer > 0) return operated(fieldTarget(index, struct, f).key) && r.atomic;
    if (r.atomic || operated(fieldTarget(index, struct, f).key)) return true;
    const inner = index.structOf(r);
    return inner !== null && isShell(index, inner, operated, depth + 1);
  });
}

/** Globals and fields that are instances of such classes. `operated` says whether a field has atomic operations. */
export function shellObjects(index: Index, operated: (key: string) => boolean): Target[] {
  const known = new Map<Struct, boolean>();
  const shell = (type: TypeRef): boolean => {
    const struct = heldStruct(index, type);
    if (struct === null || struct.kind === 'enum') return false;
    let is = known.get(struct);
    if (is === undefined) {
      is = isShell(index, struct, operated);
      known.set(struct, is);
    }
    return is;
  };
  const out: Target[] = [];
  for (const d of index.fileOfGlobal.keys())
    if (!d.isExtern && shell(d.type)) out.push(globalTarget(index, d));
  for (const list of index.structs.values())
    for (const struct of list)
      for (const f of struct.fields) if (shell(f.type)) out.push(fieldTarget(index, struct, f));
  return out;
}

/** Parameters that a small function reads or writes through a pointer to volatile. */
function volatileParams(index: Index, f: Func): number[] {
  const candidates = f.params.flatMap((p, i) =>
    p.type.volatile && p.type.pointer === 1 && !p.type.callable ? [i] : [],
  );
  if (candidates.length === 0) return [];
  const size = measure(f.body);
  if (size.statements > 4 || size.loops > 0) return [];
  return candidates.filter((i) => {
    const p = f.params[i];
    return p !== undefined && index.usesOf(p).some((u) => u.up?.k === 'un' && u.up.op === '*');
  });
}

/** Objects whose address goes to such functions. */
export function volatileWords(index: Index): Target[] {
  const out = new Map<string, Target>();
  for (const f of index.functions) {
    const params = volatileParams(index, f);
    if (params.length === 0) continue;
    for (const call of index.calls.get(f.name) ?? []) {
      if (!index.callees(call).includes(f)) continue;
      for (const i of params) {
        const t = objectOfArgument(index, call, i);
        if (t !== null && !out.has(t.key)) out.set(t.key, t);
      }
    }
  }
  return [...out.values()];
}

function objectOfArgument(index: Index, call: Call, at: number): Target | null {
  const arg = call.args[at];
  const t = arg === undefined ? null : targetOf(index, arg);
  if (t === null || t.kind === 'param' || t.key.startsWith('?.')) return null;
  if (t.kind === 'local' && t.decl?.isStatic !== true && t.decl?.isThread !== true) return null;
  const r = index.resolve(t.type);
  return r.pointer > 0 || index.structOf({ ...noType, base: r.base }) !== null ? null : t;
}

/** Functions that take a struct's address and read nothing of what it counts. */
const blind =
  /^(free|sizeof|qsort|bsearch|atexit|__cxa_\w+|pthread_\w+|sem_\w+|sig\w+|(Fls|Tls)SetValue|Initialize\w*|Enter\w+|Leave\w+|Acquire\w+|Release\w+|\w*_?assert\w*)$/i;

/** Structs of which one is handed, by its address, to a function outside the project: it may read every field. */
export function structsHandedOut(index: Index): ReadonlyMap<string, Call> {
  const out = new Map<string, Call>();
  for (const [name, calls] of index.calls) {
    if (index.byName.has(name) || isKnown(name) || blind.test(name) || index.project.macros.has(name))
      continue;
    for (const call of calls) {
      if (call.callee.k !== 'id' || isTestFile(index.fileOf(call) ?? '')) continue;
      for (const arg of call.args) {
        let e = arg;
        while (e.k === 'cast') e = e.x;
        if (e.k !== 'un' || e.op !== '&') continue;
        const type = index.typeOf(e.x);
        const struct = type === null ? null : heldStruct(index, type);
        if (struct === null || struct.fields.length < 2 || out.has(index.title(struct))) continue;
        if (
          index.local(functionOf(call), name, call) === null &&
          index.global(name, index.fileOf(call)) === null
        )
          out.set(index.title(struct), call);
      }
    }
  }
  return out;
}

const isKnown = (name: string): boolean =>
  operationOf(name) !== null ||
  [printing, copying, filling, indifferent, sizing, harmless, passing].some((known) => known.test(name));
