/** Rows of `atomics[]`: written uses grouped, the most alive of their expansions chosen, each put into its row. */
import type { Activity, ActivityState, AtomicSite, ViaStep } from '../model.ts';
import type { Access } from './access.ts';
import { type Build, displayName, isMacroBody } from './build.ts';
import { type Guard, activityOf } from './guards.ts';
import { type Func, print, strip } from './ir.ts';
import { condAt } from './preprocess.ts';
import type { Target } from './targets.ts';
import type { Via } from './tokens.ts';

export interface Draft {
  readonly access: Access;
  readonly all: Access[];
}

function viaOf(build: Build, a: Access): ViaStep[] {
  const steps: ViaStep[] = [];
  const macros: Via[] = [];
  for (let v = a.token.via; v !== null; v = v.parent) macros.unshift(v);
  for (const m of macros) {
    steps.push({ name: m.name, kind: 'macro', file: m.def.file, line: m.def.line });
    for (const other of build.workspace.project.macros.get(m.name) ?? []) {
      if (other !== m.def && other.file !== m.def.file && steps.length < 12 && macros.length === 1)
        steps.push({ name: m.name, kind: 'macro', file: other.file, line: other.line });
    }
  }
  let w = a.wrapper;
  for (let n = 0; w !== null && n < 8; n++) {
    const p = build.position(w.func.file, w.func.token.start);
    steps.push({ name: displayName(w.func), kind: 'function', file: w.func.file, line: p.line });
    const inner = w.inner[0];
    if (inner === undefined) break;
    for (let v = inner.token.via, m: Via[] = []; v !== null || m.length > 0; v = v?.parent ?? null) {
      if (v !== null) m.unshift(v);
      if (v === null || v.parent === null) {
        for (const s of m) steps.push({ name: s.name, kind: 'macro', file: s.def.file, line: s.def.line });
        m = [];
        break;
      }
    }
    w = inner.wrapper;
  }
  if (
    a.builtin !== '' &&
    !a.builtin.startsWith('operator') &&
    a.builtin !== 'implicit load' &&
    a.builtin !== 'asm'
  ) {
    if (steps.length > 0) steps.push({ name: a.builtin, kind: 'builtin', file: null, line: null });
  }
  return steps;
}

/** The accesses of `functions` by place, operation and object, in the order of file and text. */
export function drafts(build: Build, functions: readonly Func[]): Draft[] {
  const seen = new Map<string, Draft>();
  for (const f of functions) {
    if (!build.listed(f.file)) continue;
    for (const a of build.wrappers.accesses(f)) {
      const key = `${a.file}:${a.token.start}:${a.operation === 'fence' ? 'fence' : a.operation}:${a.target?.key ?? (a.targetExpr === null ? '' : print(a.targetExpr))}`;
      const known = seen.get(key);
      if (known === undefined) seen.set(key, { access: a, all: [a] });
      else known.all.push(a);
    }
  }
  return [...seen.values()].sort((x, y) =>
    x.access.file === y.access.file
      ? x.access.token.start - y.access.token.start
      : x.access.file < y.access.file
        ? -1
        : 1,
  );
}

interface Best {
  readonly s: Access;
  readonly guards: readonly Guard[];
  readonly activity: Activity;
  /** 0 active, 1 conditional, 2 inactive. */
  readonly rank: number;
}

const ranks: Readonly<Record<ActivityState, number>> = { active: 0, conditional: 1, inactive: 2 };

/** The most alive of the expansions that put an operation at one place. */
function bestOf(build: Build, d: Draft, env: Readonly<Record<string, string>>): Best {
  let best: Best | null = null;
  for (const s of d.all) {
    const guards = build.guards.of(s.node);
    const activity = activityOf(guards, env);
    const rank = ranks[activity.state];
    if (best === null || rank < best.rank) best = { s, guards, activity, rank };
  }
  return best ?? { s: d.access, guards: [], activity: { state: 'active', decidedBy: null }, rank: 0 };
}

/** Closed by another definition of a function-like macro: not a choice that a configuration makes. */
function overridden(build: Build, best: Best): boolean {
  if (best.activity.state !== 'inactive') return false;
  const closed = best.guards.find((g) => g.holds === false && g.own && g.name === best.activity.decidedBy);
  if (closed === undefined) return false;
  return build.workspace.project.macros.get(closed.name)?.some((d) => d.params !== null) === true;
}

/**
 * Out of a macro around a function of its own name (`#define malloc(x) ({ count++; malloc(x); })`) that the
 * configuration leaves out, where the use itself is left in: it is a call of that function and nothing more.
 */
function replaced(build: Build, a: Access): boolean {
  const { index, workspace } = build;
  let via = a.token.via;
  while (via?.parent != null) via = via.parent;
  if (via === null || !index.isOut(via.def.file, via.def.cond)) return false;
  const unit = workspace.project.units.get(a.file);
  if (unit === undefined || index.isOut(a.file, condAt(unit.source, a.token.start))) return false;
  const { def } = via;
  const others = workspace.project.macros.get(def.name) ?? [];
  return def.body.some((t) => t.text === def.name) && others.every((d) => index.isOut(d.file, d.cond));
}

/** One written use: the access that its row shows, and every access that an expansion put at its place. */
export interface Judged {
  readonly file: string;
  readonly site: Access;
  readonly all: readonly Access[];
  readonly guards: readonly Guard[];
  readonly activity: Activity;
}

export const variableId = (t: Target): string => `var:${t.key}`;

/** The uses that get rows, in the order of `drafts`. */
export function judgeAll(build: Build, list: readonly Draft[]): Judged[] {
  const judged = list.map((d) => ({ d, best: bestOf(build, d, build.environment) }));
  // A macro with several definitions is one written use: what the live one does hides what the others would.
  const reached = new Map<string, number>();
  for (const { d, best } of judged) {
    const key = `${d.access.file}:${d.access.token.start}`;
    reached.set(key, Math.min(reached.get(key) ?? 2, best.rank));
  }
  const out: Judged[] = [];
  for (const { d, best } of judged) {
    const a = d.access;
    if (a.token.via !== null && best.rank > (reached.get(`${a.file}:${a.token.start}`) ?? 2)) continue;
    if (a.token.via !== null && (overridden(build, best) || (best.rank === 2 && replaced(build, best.s))))
      continue;
    out.push({ file: a.file, site: best.s, all: d.all, guards: best.guards, activity: best.activity });
  }
  return out;
}

/** The row of one use; `numbers` counts the rows of the same description, so that ids stay apart. */
export function siteRow(
  build: Build,
  j: Judged,
  numbers: Map<string, number>,
  variable: string | null,
  verdict: Pick<AtomicSite, 'class' | 'role' | 'evidence'>,
): AtomicSite {
  const { site, file } = j;
  const body = isMacroBody(site.func);
  const name = site.func === null || body ? null : displayName(site.func);
  const end = build.position(file, Math.max(site.end, site.token.end));
  const shown = site.targetExpr === null ? null : shownTarget(site.targetExpr);
  const base = `site:${file}:${name ?? ''}:${site.operation}:${shown ?? ''}`;
  const number = numbers.get(base) ?? 0;
  numbers.set(base, number + 1);
  return {
    id: `${base}:${number}`,
    kind: site.kind,
    file,
    ...build.position(file, site.token.start),
    endLine: end.line,
    endColumn: end.column,
    function: name,
    operation: site.operation,
    order: site.order,
    target: shown,
    variable,
    via: viaOf(build, site),
    class: verdict.class,
    role: verdict.role,
    temperature: body ? 'unreached' : build.temperatures.at(site.node),
    activity: j.activity,
    gates: [...new Set(j.guards.filter((g) => g.name !== '#if').map((g) => g.name))],
    evidence: verdict.evidence,
  };
}

function shownTarget(x: Parameters<typeof print>[0]): string {
  let e = x;
  while (
    (e.k === 'un' && e.op === '&') ||
    e.k === 'cast' ||
    (e.k === 'un' && e.op === '*' && strip(e.x).k === 'un')
  )
    e = e.x;
  const text = print(e);
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}
