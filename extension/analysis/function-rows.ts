/** Rows of `functions[]`, and which functions and sites each gate guards. */
import type { AtomicSite, FunctionInfo, Gate } from '../model.ts';
import { type Build, displayName, isMacroBody } from './build.ts';
import { categories } from './categories.ts';
import type { Func } from './ir.ts';

export interface FunctionRow {
  readonly row: FunctionInfo;
  readonly func: Func;
}

export function functionRows(build: Build): FunctionRow[] {
  const category = categories(build);
  const seen = new Set<string>();
  const ordinals = new Map<string, number>();
  const out: FunctionRow[] = [];
  for (const f of build.index.functions) {
    if (!build.listed(f.file) || isMacroBody(f)) continue;
    const place = `${f.file}:${f.start}:${f.name}`;
    if (seen.has(place)) continue;
    seen.add(place);
    const name = displayName(f);
    const base = `fn:${f.file}:${name}`;
    const n = ordinals.get(base) ?? 0;
    ordinals.set(base, n + 1);
    out.push({
      func: f,
      row: {
        id: `${base}:${n}`,
        name,
        file: f.file,
        line: build.position(f.file, f.token.start).line,
        endLine: build.position(f.file, Math.max(f.end - 1, f.token.start)).line,
        temperature: build.temperatures.ofFunction(f),
        category: category(f),
        selfPercent: null,
      },
    });
  }
  return out.sort((a, b) =>
    a.row.file === b.row.file ? a.row.line - b.row.line : a.row.file < b.row.file ? -1 : 1,
  );
}

export function attachGuards(
  build: Build,
  gates: readonly Omit<Gate, 'guards'>[],
  sites: readonly AtomicSite[],
  functions: readonly FunctionRow[],
): Gate[] {
  const byName = new Map<string, string[]>();
  const add = (name: string, id: string): void => {
    const list = byName.get(name);
    if (list === undefined) byName.set(name, [id]);
    else if (!list.includes(id)) list.push(id);
  };
  for (const { func, row } of functions) for (const g of build.guards.intoFunction(func)) add(g.name, row.id);
  for (const s of sites) for (const g of s.gates) add(g, s.id);
  return gates.map((g) => ({ ...g, guards: g.name === null ? [] : (byName.get(g.name) ?? []) }));
}
