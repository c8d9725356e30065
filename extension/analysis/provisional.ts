/**
 * The rows of a file that is being typed in, within a keystroke: everything is moved to where it stands now, and the
 * function that changed is read again against the last settled project. What needs the whole project (classes, what
 * is reached from where) stays as it was until that is settled again.
 */
import type { AtomicSite, Evidence, FileUpdate, Findings, Language, Variable } from '../model.ts';
import { type Build, isMacroBody } from './build.ts';
import { changeOf } from './edit.ts';
import type { Func, Lowered } from './ir.ts';
import { lowerFile } from './lower.ts';
import { type SourceFile, preprocess } from './preprocess.ts';
import { cellField } from './targets.ts';
import { drafts, judgeAll, siteRow, variableId } from './site-rows.ts';
import { TextMap } from './text-map.ts';
import type { Token } from './tokens.ts';

/** Tokens of a file that are read again within a keystroke. */
const readAtOnce = 6000;

interface Settled {
  readonly source: SourceFile;
  readonly lowered: Lowered;
}

export class Provisional {
  /** Edited files as they were when the project was settled. */
  private readonly before = new Map<string, Settled>();
  private readonly variables: ReadonlyMap<string, Variable>;

  constructor(
    private readonly build: Build,
    private readonly findings: Findings,
  ) {
    this.variables = new Map(findings.variables.map((v) => [v.id, v]));
  }

  /** The rows of `file` for another text of it; null for a file that the settled project does not have. */
  update(file: string, text: string, language: Language, tokens?: readonly Token[]): FileUpdate | null {
    const { project } = this.build.workspace;
    const unit = project.units.get(file);
    let settled = this.before.get(file);
    if (settled === undefined) {
      const lowered = project.lowered.get(file);
      if (unit === undefined || lowered === undefined || !unit.listed) return null;
      settled = { source: unit.source, lowered };
      this.before.set(file, settled);
    }
    if (unit === undefined) return null;
    const source = preprocess(file, text, tokens);
    const map = new TextMap(settled.source.text, settled.source.lines, text, source.lines);
    // Positions and conditions are asked of the project, which is settled later: it sees this text only meanwhile.
    const restore = project.lend(file, { source, language, listed: true });
    try {
      const { again, gone } = this.readAgain(settled, source, language);
      return this.rows(file, settled, map, again, gone);
    } finally {
      restore();
    }
  }

  /** Functions of the new text that have to be looked at, and which rows of the old text they replace. */
  private readAgain(
    settled: Settled,
    source: SourceFile,
    language: Language,
  ): { again: readonly Func[]; gone: (at: number) => boolean } {
    const { project } = this.build.workspace;
    const change = changeOf(settled.source, source, settled.lowered);
    if (change.kind === 'nothing') return { again: [], gone: () => false };
    const lower = (tokens?: readonly Token[]): Lowered =>
      lowerFile(source, project.view(source.path, false), project.types, language === 'cpp', tokens);
    if (change.kind === 'function') {
      const { func } = change;
      const fresh = lower(change.tokens);
      const only = fresh.functions[0];
      const alone = fresh.functions.length === 1 && fresh.structs.length + fresh.typedefs.length === 0;
      if (alone && only?.name === func.name && only.owner === func.owner) {
        this.build.adopt(only, func);
        return { again: [only], gone: (at) => func.start <= at && at < func.end };
      }
    }
    // More than one function changed, or what is between them, or a bracket is open: a small file is read again, the
    // rows of a large one only move until the project is settled.
    if (source.tokens.length > readAtOnce) return { again: [], gone: () => false };
    const again = lower().functions;
    const old = new Map(settled.lowered.functions.map((f) => [`${f.owner}:${f.name}`, f]));
    for (const f of again) this.build.adopt(f, old.get(`${f.owner}:${f.name}`) ?? null);
    const bodies = settled.lowered.functions.filter(isMacroBody);
    return { again, gone: (at) => !bodies.some((f) => f.start <= at && at < f.end) };
  }

  private rows(
    file: string,
    settled: Settled,
    map: TextMap,
    again: readonly Func[],
    gone: (at: number) => boolean,
  ): FileUpdate {
    const { findings } = this;
    const lines = settled.source.lines;
    const offset = (r: { line: number; column: number }): number => (lines[r.line - 1] ?? 0) + r.column - 1;
    const here = <T extends { readonly file: string }>(list: readonly T[]): T[] =>
      list.filter((r) => r.file === file);
    const evidence = (list: readonly Evidence[]): readonly Evidence[] =>
      list.some((e) => e.file === file)
        ? list.map((e) => (e.file === file ? { ...e, ...map.place(e.line, e.column) } : e))
        : list;
    const onLine = <T extends { readonly line: number }>(r: T): T => ({ ...r, line: map.line(r.line) });
    const sites = here(findings.atomics);
    const kept = sites
      .filter((s) => !gone(offset(s)))
      .map((s): AtomicSite => {
        const end = map.place(s.endLine, s.endColumn);
        return {
          ...s,
          ...map.place(s.line, s.column),
          endLine: end.line,
          endColumn: end.column,
          via: s.via.map((v) => (v.file === file && v.line !== null ? { ...v, line: map.line(v.line) } : v)),
          evidence: evidence(s.evidence),
        };
      });
    const atomics = [...kept, ...this.fresh(again, kept, new Map(sites.map((s) => [s.id, s])), evidence)];
    atomics.sort((a, b) => a.line - b.line || a.column - b.column);
    return {
      file,
      atomics,
      diagnostics: here(findings.diagnostics).map(onLine),
      counters: here(findings.counters).map(onLine),
      gates: here(findings.gates).map((g) => ({ ...g, ...map.place(g.line, g.column) })),
      variables: here(findings.variables).map((v) => ({ ...onLine(v), evidence: evidence(v.evidence) })),
      functions: here(findings.functions).map((f) => ({ ...onLine(f), endLine: map.line(f.endLine) })),
      candidates: here(findings.candidates).map(onLine),
    };
  }

  private fresh(
    functions: readonly Func[],
    kept: readonly AtomicSite[],
    known: ReadonlyMap<string, AtomicSite>,
    evidence: (list: readonly Evidence[]) => readonly Evidence[],
  ): AtomicSite[] {
    const { build } = this;
    const numbers = new Map<string, number>();
    for (const s of kept) {
      const base = s.id.slice(0, s.id.lastIndexOf(':'));
      numbers.set(base, (numbers.get(base) ?? 0) + 1);
    }
    return judgeAll(build, drafts(build, functions)).map((j) => {
      const { target: t, targetExpr } = j.site;
      const declared =
        t !== null && t.kind !== 'param'
          ? t
          : targetExpr === null
            ? null
            : cellField(build.index, targetExpr);
      const variable = declared === null ? null : variableId(declared);
      const row = siteRow(build, j, numbers, variable, { class: 'unknown', role: null, evidence: [] });
      const before = known.get(row.id) ?? (variable === null ? undefined : this.variables.get(variable));
      if (before !== undefined)
        return { ...row, class: before.class, role: before.role, evidence: evidence(before.evidence) };
      const reason = 'Just typed: what it is for is known once the project has been read again.';
      return { ...row, evidence: [build.evidence(row.file, j.site.token, reason)] };
    });
  }
}

/** Findings with one file's rows replaced. */
export function withUpdate(findings: Findings, u: FileUpdate): Findings {
  const replace = <T extends { readonly file: string; readonly line: number }>(
    all: readonly T[],
    rows: readonly T[],
  ): T[] => {
    const out: T[] = [];
    let placed = false;
    for (const r of all) {
      // Rows are sorted by file: the new ones take the old ones' place.
      if (!placed && r.file >= u.file) {
        out.push(...rows);
        placed = true;
      }
      if (r.file !== u.file) out.push(r);
    }
    if (!placed) out.push(...rows);
    return out;
  };
  return {
    ...findings,
    diagnostics: replace(findings.diagnostics, u.diagnostics),
    atomics: replace(findings.atomics, u.atomics),
    counters: replace(findings.counters, u.counters),
    gates: findings.gates.map((g) => u.gates.find((n) => n.id === g.id) ?? g),
    variables: replace(findings.variables, u.variables),
    functions: replace(findings.functions, u.functions),
    candidates: findings.candidates.map((c) => u.candidates.find((n) => n.id === c.id) ?? c),
  };
}
