/** From a linked workspace and a configuration to findings. */
import type {
  Activity,
  ActivityState,
  AnalysisDiagnostic,
  AtomicSite,
  Configuration,
  Findings,
  Variable,
  ViaStep,
} from '../model.ts';
import { schemaVersion } from '../model.ts';
import type { Access } from './access.ts';
import { candidates } from './candidates.ts';
import { Build, type Options, displayName, isMacroBody } from './build.ts';
import type { Verdict } from './classify.ts';
import { attachGuards, functionRows } from './function-rows.ts';
import { counters } from './counters.ts';
import { Gates } from './gates.ts';
import { type Guard, activityOf } from './guards.ts';
import { type TypeRef, print, strip } from './ir.ts';
import { configuredScope } from './scope.ts';
import { type Target, cellField, fieldTarget, globalTarget } from './targets.ts';
import type { Via } from './tokens.ts';
import type { Workspace } from './workspace.ts';

interface Draft {
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

function drafts(build: Build): Draft[] {
  const seen = new Map<string, Draft>();
  for (const f of build.index.functions) {
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

const siteReasons = 12;

/** A site shows first what it does itself; the variable shows all. */
function ofSite(v: Verdict, site: Access): Verdict['reasons'] {
  if (v.reasons.length <= siteReasons) return v.reasons;
  const at = v.reasons.findIndex((r) => r.file === site.file && r.token.start === site.token.start);
  const from = Math.max(0, Math.min(at, v.reasons.length - siteReasons));
  return v.reasons.slice(from, from + siteReasons);
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

/** Atomic objects by declaration, used in place or not. */
function declaredObjects(build: Build): Target[] {
  const { index } = build;
  const atomic = (type: TypeRef): boolean => {
    const r = index.resolve(type);
    return r.atomic && r.pointer === 0 && !r.callable;
  };
  const out: Target[] = [];
  for (const [d, file] of index.fileOfGlobal) {
    if (build.listed(file) && !d.isExtern && atomic(d.type)) out.push(globalTarget(index, d));
  }
  for (const list of index.structs.values()) {
    for (const struct of list) {
      if (!build.listed(struct.file)) continue;
      for (const f of struct.fields) if (atomic(f.type)) out.push(fieldTarget(index, struct, f));
    }
  }
  return out;
}

/** Where a variable's name is written: in the body of the macro that declares it, if it is not an argument of its use. */
function declaredAt(build: Build, t: Target): { file: string; line: number } {
  for (let v = t.token?.via ?? null; v !== null; v = v.parent) {
    const written = v.def.body.find((b) => b.text === t.name);
    if (written !== undefined)
      return { file: v.def.file, line: build.position(v.def.file, written.start).line };
  }
  return { file: t.file, line: t.token === null ? 1 : build.position(t.file, t.token.start).line };
}

const variableId = (t: Target): string => `var:${t.key}`;

export interface Result {
  readonly findings: Findings;
  readonly build: Build;
}

export function findingsOf(
  workspace: Workspace,
  options: Options,
  extra: readonly AnalysisDiagnostic[],
): Result {
  const t0 = performance.now();
  const build = new Build(workspace, options);
  const t1 = performance.now();
  const { project } = workspace;
  const { env } = options;
  const rows: AtomicSite[] = [];
  const found = new Map<string, Set<number>>();
  const ordinals = new Map<string, number>();
  const usedFlags = new Set<string>();
  const verdicts = new Map<string, Verdict>();
  const targets = new Map<string, Target>();
  const all = drafts(build);
  for (const d of all)
    for (const a of d.all)
      if (a.target !== null && a.target.kind !== 'param') targets.set(a.target.key, a.target);
  for (const t of declaredObjects(build)) if (!targets.has(t.key)) targets.set(t.key, t);
  for (const t of build.classifier.implicitObjects())
    if (build.listed(t.file) && !targets.has(t.key)) targets.set(t.key, t);
  for (const [key, t] of targets) verdicts.set(key, build.classifier.verdict(t));
  const judged = all.map((d) => ({ d, best: bestOf(build, d, env) }));
  // A macro with several definitions is one written use: what the live one does hides what the others would.
  const reached = new Map<string, number>();
  for (const { d, best } of judged) {
    const key = `${d.access.file}:${d.access.token.start}`;
    reached.set(key, Math.min(reached.get(key) ?? 2, best.rank));
  }
  for (const { d, best } of judged) {
    const a = d.access;
    const same = d.all;
    if (a.token.via !== null && best.rank > (reached.get(`${a.file}:${a.token.start}`) ?? 2)) continue;
    if (a.token.via !== null && overridden(build, best)) continue;
    const site = best.s;
    const body = isMacroBody(site.func);
    const name = site.func === null || body ? null : displayName(site.func);
    const p = build.position(a.file, site.token.start);
    const end = build.position(a.file, Math.max(site.end, site.token.end));
    const places = found.get(a.file) ?? new Set<number>();
    places.add(site.token.start);
    for (const s of same) places.add(s.token.start);
    found.set(a.file, places);
    const shown = site.targetExpr === null ? null : shownTarget(site.targetExpr);
    const base = `site:${a.file}:${name ?? ''}:${site.operation}:${shown ?? ''}`;
    const ordinal = ordinals.get(base) ?? 0;
    ordinals.set(base, ordinal + 1);
    const gates = best.guards.filter((g) => g.name !== '#if').map((g) => g.name);
    for (const g of best.guards)
      if (g.kind === 'compile' && build.guards.isFlag(g.name)) usedFlags.add(g.name);
    const target = site.target !== null && site.target.kind !== 'param' ? site.target : null;
    const verdict = build.classifier.site(site, target === null ? null : (verdicts.get(target.key) ?? null));
    const declared = target ?? (site.targetExpr === null ? null : cellField(build.index, site.targetExpr));
    if (target === null && declared !== null) {
      // A field that is reached through a parameter.
      targets.set(declared.key, declared);
      if (!verdicts.has(declared.key)) verdicts.set(declared.key, build.classifier.verdict(declared));
    }
    rows.push({
      id: `${base}:${ordinal}`,
      kind: site.kind,
      file: a.file,
      ...p,
      endLine: end.line,
      endColumn: end.column,
      function: name,
      operation: site.operation,
      order: site.order,
      target: shown,
      variable: declared === null ? null : variableId(declared),
      via: viaOf(build, site),
      class: verdict.class,
      role: verdict.role,
      temperature: body ? 'unreached' : build.temperatures.at(site.node),
      activity: best.activity,
      gates: [...new Set(gates)],
      evidence: ofSite(verdict, site).map((r) => build.evidence(r.file, r.token, r.reason)),
    });
  }
  const variables: Variable[] = [...targets.values()]
    .map((t) => {
      const v = verdicts.get(t.key);
      return {
        id: variableId(t),
        name: t.name,
        owner: t.owner,
        ...declaredAt(build, t),
        type: t.type.text,
        class: v?.class ?? ('unknown' as const),
        role: v?.role ?? null,
        evidence: (v?.reasons ?? []).map((r) => build.evidence(r.file, r.token, r.reason)),
      };
    })
    .sort((x, y) => (x.file === y.file ? x.line - y.line : x.file < y.file ? -1 : 1));
  const gateRows = new Gates(project, build.index, build.env, build.unset, build.temperatures);
  const counterRows = counters(build, (guards) => {
    for (const g of guards) if (g.kind === 'compile' && build.guards.isFlag(g.name)) usedFlags.add(g.name);
  });
  const functions = functionRows(build);
  const gates = attachGuards(
    build,
    gateRows.rows(
      configuredScope({ cpp: false, defines: {}, macros: project.macros, configured: project.configured }),
      usedFlags,
    ),
    rows,
    functions,
  );
  const diagnostics = [
    ...extra,
    ...workspace.diagnostics(found, (name) => build.index.byName.has(name) || project.macros.has(name)),
  ];
  if (rows.length === 0 && build.entries.length === 0 && workspace.files.size > 0) {
    diagnostics.push({
      code: 'no-allocator',
      severity: 'information',
      file: '',
      line: 1,
      message:
        'No atomic operation and no malloc/free entry point was found: is this an allocator? Name its entry points with --entry.',
    });
  } else if (build.entries.length === 0 && workspace.files.size > 0) {
    diagnostics.push({
      code: 'no-entry',
      severity: 'information',
      file: '',
      line: 1,
      message: 'No malloc/free entry point was found, so nothing is hot: name one with --entry.',
    });
  }
  const configuration: Configuration = { defines: options.defines, env: options.env, entries: build.entries };
  const t2 = performance.now();
  const findings: Findings = {
    schemaVersion,
    root: workspace.root,
    configuration,
    files: [...workspace.files.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
    diagnostics: diagnostics.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1)),
    atomics: rows,
    counters: counterRows,
    gates,
    variables,
    functions: functions.map((f) => f.row),
    candidates: candidates(build, rows, counterRows, gates),
    timing: {
      parseMs: round(workspace.parseMs),
      extractMs: round(workspace.extractMs),
      linkMs: round(t1 - t0),
      classifyMs: round(t2 - t1),
      totalMs: round(workspace.parseMs + workspace.extractMs + t2 - t0),
    },
  };
  return { findings, build };
}

const round = (ms: number): number => Math.round(ms * 10) / 10;

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
