/** Where programs enter an allocator: C's allocation API under any prefix, aliases, operators, hooks, classes. */
import type { CallGraph } from './call-graph.ts';
import type { Index } from './index.ts';
import { type Func, functionOf } from './ir.ts';
import type { Project } from './project.ts';

const apis = ['malloc', 'calloc', 'realloc', 'free'] as const;
/** As often called as the four, by programs that use them. */
const often = ['new', 'new_nothrow', 'delete', 'delete_sized', 'zalloc', 'free_sized', 'sdallocx'];
const more = [
  'memalign',
  'aligned_alloc',
  'posix_memalign',
  'valloc',
  'pvalloc',
  'cfree',
  'reallocarray',
  'malloc_usable_size',
  'usable_size',
  'mallocx',
  'rallocx',
  'dallocx',
  'malloc_aligned',
  'realloc_aligned',
  'calloc_aligned',
];
const pairs: readonly (readonly [string, string])[] = [
  ['alloc', 'free'],
  ['alloc', 'dealloc'],
  ['allocate', 'deallocate'],
  ['Malloc', 'Free'],
  ['Alloc', 'Free'],
  ['Allocate', 'Deallocate'],
  ['Alloc', 'Dealloc'],
  ['Allocate', 'Free'],
];
const methods: readonly (readonly [string, string])[] = [
  ...pairs,
  ['malloc', 'free'],
  ['do_allocate', 'do_deallocate'],
  ['acquire', 'release'],
];

const aside =
  /(^|\/)(tests?|testing|unittests?|bench|benches|benchmarks?|examples?|fuzz|fuzzing)\/|(^|\/)(tst|test|bench)[-_][^/]*$|[-_](test|tests|unittest|bench|benchmark)\.\w+$/i;

export interface Entry {
  readonly name: string;
  readonly func: Func;
  /** One of the four, or as often called. */
  readonly main: boolean;
}

/** Name of an overloaded allocation operator (`operator new[]`), null for anything else. */
function allocationOperator(project: Project, f: Func): string | null {
  if (f.name !== 'operator' && !f.name.startsWith('operator ')) return null;
  const unit = project.units.get(f.file);
  const found = /^operator\s*(new|delete)\s*(\[\s*\])?/.exec(
    unit?.source.text.slice(f.token.start, f.token.start + 40) ?? '',
  );
  return found === null ? null : `operator ${found[1] ?? ''}${found[2] === undefined ? '' : '[]'}`;
}

/**
 * Entry points of a project. Hooks, classes and pairs such as `x_alloc`/`x_free` count only where nothing has the
 * standard names.
 */
export function findEntries(index: Index, project: Project, graph: CallGraph): Entry[] {
  const out = new Map<Func, Entry>();
  const add = (name: string, func: Func, main: boolean): void => {
    if (!out.has(func)) out.set(func, { name, func, main });
  };
  // Tests and examples bring allocators of their own; they are entries only where nothing else is.
  const main = [...index.functions].some((f) => !aside.test(f.file) && apis.some((a) => f.name.endsWith(a)));
  const foreign = (f: Func): boolean => project.isForeign(f.file, f.cond) || (main && aside.test(f.file));
  // An inline function of C++ is no symbol that a program binds to, if there are others.
  const bound = (f: Func): boolean =>
    !(f.isInline && project.units.get(f.file)?.language === 'cpp' && !f.returns.text.includes('"C"'));
  const definitions = (name: string): readonly Func[] => {
    const own = (index.byName.get(name) ?? []).filter((f) => !f.isStatic && f.owner === null && !foreign(f));
    if (own.length > 0) return own;
    return (graph.aliases.get(name) ?? []).filter((f) => f.owner === null && !foreign(f));
  };
  const names = new Set<string>([...index.byName.keys(), ...graph.aliases.keys()]);
  const collect = (accept: (f: Func) => boolean, shape: RegExp): Map<string, Set<string>> => {
    const prefixes = new Map<string, Set<string>>();
    for (const name of names) {
      for (const api of apis) {
        if (!name.endsWith(api)) continue;
        const prefix = name.slice(0, -api.length);
        if (prefix.length > 20 || !shape.test(prefix)) continue;
        if (!definitions(name).some(accept)) continue;
        const set = prefixes.get(prefix) ?? new Set<string>();
        set.add(api);
        prefixes.set(prefix, set);
      }
    }
    return prefixes;
  };
  const take = (prefix: string, accept: (f: Func) => boolean): void => {
    for (const api of [...apis, ...often, ...more])
      for (const f of definitions(prefix + api).filter(accept)) add(prefix + api, f, !more.includes(api));
  };
  // A prefix is short and one word; only where that finds nothing may it be anything.
  const one = /^(|[A-Za-z0-9]+_|__[a-z0-9]+_|_+|[a-z]{1,4})$/;
  const any = /^\w+_$/;
  const tries: readonly (readonly [(f: Func) => boolean, RegExp])[] = [
    [bound, one],
    [bound, any],
    [() => true, one],
    [() => true, any],
  ];
  for (const [accept, shape] of tries) {
    const prefixes = collect(accept, shape);
    for (const [prefix, set] of prefixes)
      if (prefix === '' || (set.has('malloc') && set.has('free'))) take(prefix, accept);
    if (out.size === 0) for (const [prefix, set] of prefixes) if (set.has('malloc')) take(prefix, accept);
    if (out.size > 0) break;
  }
  for (const f of index.functions) {
    const name = f.owner === null && !foreign(f) ? allocationOperator(project, f) : null;
    if (name !== null) add(name, f, true);
  }
  if (out.size === 0) hooks(graph, add);
  if (out.size === 0) classes(index, graph, foreign, add);
  if (out.size === 0) {
    for (const [get, put] of pairs) {
      for (const name of names) {
        if (!name.endsWith(get)) continue;
        const prefix = name.slice(0, -get.length);
        if (prefix.length > 20) continue;
        const both = [definitions(name), definitions(prefix + put)];
        if (both.some((d) => d.length === 0)) continue;
        for (const f of both[0] ?? []) add(name, f, true);
        for (const f of both[1] ?? []) add(prefix + put, f, true);
      }
    }
  }
  return [...out.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

type Add = (name: string, func: Func, main: boolean) => void;

/** A table or a variable that the C library or the program calls through: `{ .malloc = f, .free = g }`. */
function hooks(graph: CallGraph, add: Add): void {
  const found = (api: string): readonly Func[] => [
    ...graph.storedUnder(api),
    ...graph.storedUnder(`__${api}_hook`),
    ...graph.storedUnder(`${api}_hook`),
    ...graph.storedUnder(`${api}_fn`),
    ...graph.storedUnder(`${api}_func`),
  ];
  if (found('malloc').length === 0) return;
  for (const api of apis) for (const f of found(api)) add(f.name, f, true);
  for (const api of ['memalign', 'valloc', 'free_definite_size'])
    for (const f of found(api)) add(f.name, f, false);
}

/** Classes with a method to get and one to give back, those that no other of them calls. */
function classes(index: Index, graph: CallGraph, foreign: (f: Func) => boolean, add: Add): void {
  const of = new Map<string, Func[]>();
  for (const f of index.functions) {
    if (f.owner === null || foreign(f)) continue;
    const list = of.get(f.owner);
    if (list === undefined) of.set(f.owner, [f]);
    else list.push(f);
  }
  const chosen: Func[][] = [];
  for (const list of of.values()) {
    const pair = methods.find(([get, put]) => [get, put].every((name) => list.some((f) => f.name === name)));
    if (pair !== undefined) chosen.push(list.filter((f) => pair.includes(f.name)));
  }
  const owners = new Set(chosen.flat().map((f) => f.owner));
  const called = (f: Func): boolean =>
    (graph.callersOf.get(f) ?? []).some((c) => {
      const from = functionOf(c)?.owner ?? null;
      return from !== null && from !== f.owner && owners.has(from);
    });
  const top = chosen.filter((list) => !list.some(called));
  for (const f of (top.length > 0 ? top : chosen).flat()) add(`${f.owner ?? ''}::${f.name}`, f, true);
}

/** Entry points by the names that a user gave (`f`, `C::f`); a name that the project does not define has none. */
export function namedEntries(
  index: Index,
  graph: CallGraph,
  project: Project,
  given: readonly string[],
): Entry[] {
  const out: Entry[] = [];
  for (const name of new Set(given)) {
    const at = name.lastIndexOf('::');
    const last = at < 0 ? name : name.slice(at + 2);
    const owner = at < 0 ? null : (/(\w+)$/.exec(name.slice(0, at))?.[1] ?? null);
    const all = index.byName.get(last) ?? graph.aliases.get(last) ?? [];
    const owned = owner === null ? all : all.filter((f) => f.owner === owner);
    // A namespace is no owner.
    const free = owner === null || owned.length > 0 ? owned : all.filter((f) => f.owner === null);
    for (const func of free) out.push({ name, func, main: true });
    if (free.length === 0)
      for (const func of index.functions)
        if (allocationOperator(project, func) === name) out.push({ name, func, main: true });
  }
  return out;
}
