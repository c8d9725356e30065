/** From a linked workspace and a configuration to findings. */
import type { AnalysisDiagnostic, AtomicSite, Configuration, Findings, Variable } from '../model.ts';
import { schemaVersion } from '../model.ts';
import { Build, type Options } from './build.ts';
import { candidates } from './candidates.ts';
import type { Access } from './access.ts';
import type { Verdict } from './classify.ts';
import { counters } from './counters.ts';
import { attachGuards, functionRows } from './function-rows.ts';
import { Gates } from './gates.ts';
import type { TypeRef } from './ir.ts';
import { Modes } from './modes.ts';
import { configuredScope } from './scope.ts';
import { drafts, judgeAll, siteRow, variableId } from './site-rows.ts';
import { type Target, cellField, fieldTarget, globalTarget } from './targets.ts';
import type { Workspace } from './workspace.ts';

const siteReasons = 12;

/** A site shows first what it does itself; the variable shows all. */
function ofSite(v: Verdict, site: Access): Verdict['reasons'] {
  if (v.reasons.length <= siteReasons) return v.reasons;
  const at = v.reasons.findIndex((r) => r.file === site.file && r.token.start === site.token.start);
  const from = Math.max(0, Math.min(at, v.reasons.length - siteReasons));
  return v.reasons.slice(from, from + siteReasons);
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
  const found = new Map<string, Set<number>>();
  const usedFlags = new Set<string>();
  const verdicts = new Map<string, Verdict>();
  const targets = new Map<string, Target>();
  const all = drafts(build, build.index.functions);
  for (const d of all)
    for (const a of d.all)
      if (a.target !== null && a.target.kind !== 'param') targets.set(a.target.key, a.target);
  for (const t of declaredObjects(build)) if (!targets.has(t.key)) targets.set(t.key, t);
  for (const t of build.classifier.implicitObjects())
    if (build.listed(t.file) && !targets.has(t.key)) targets.set(t.key, t);
  for (const [key, t] of targets) verdicts.set(key, build.classifier.verdict(t));
  const rows: AtomicSite[] = [];
  const numbers = new Map<string, number>();
  for (const j of judgeAll(build, all)) {
    const places = found.get(j.file) ?? new Set<number>();
    for (const s of j.all) places.add(s.token.start);
    found.set(j.file, places);
    for (const g of j.guards) if (g.kind === 'compile' && build.guards.isFlag(g.name)) usedFlags.add(g.name);
    const target = j.site.target !== null && j.site.target.kind !== 'param' ? j.site.target : null;
    const verdict = build.classifier.site(
      j.site,
      target === null ? null : (verdicts.get(target.key) ?? null),
    );
    const declared =
      target ?? (j.site.targetExpr === null ? null : cellField(build.index, j.site.targetExpr));
    if (target === null && declared !== null) {
      // A field that is reached through a parameter.
      targets.set(declared.key, declared);
      if (!verdicts.has(declared.key)) verdicts.set(declared.key, build.classifier.verdict(declared));
    }
    rows.push(
      siteRow(build, j, numbers, declared === null ? null : variableId(declared), {
        class: verdict.class,
        role: verdict.role,
        evidence: ofSite(verdict, j.site).map((r) => build.evidence(r.file, r.token, r.reason)),
      }),
    );
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
  const gateRows = new Gates(project, build.env, build.defaults, new Modes(build.index, build.temperatures));
  const counterRows = counters(build, (guards) => {
    for (const g of guards) if (g.kind === 'compile' && build.guards.isFlag(g.name)) usedFlags.add(g.name);
  });
  const functions = functionRows(build);
  const gates = attachGuards(
    build,
    gateRows.rows(
      configuredScope({
        cpp: false,
        defines: {},
        macros: project.nativeMacros,
        configured: project.configured,
      }),
      usedFlags,
    ),
    rows,
    functions,
  );
  const diagnostics = [
    ...extra,
    ...workspace.diagnostics(found, (name) => build.index.byName.has(name) || project.macros.has(name)),
  ];
  for (const name of build.unknownEntries) {
    diagnostics.push({
      code: 'unknown-entry',
      severity: 'warning',
      file: '',
      line: 1,
      message: `No function ${name} is defined in these sources: check --entry (a method is Class::method).`,
    });
  }
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
  const configuration: Configuration = {
    defines: { ...build.configurations.shared(), ...options.defines },
    env: options.env,
    entries: build.entries,
  };
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
    candidates: candidates(build, rows, counterRows, gates, variables),
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
