/** The sources under analysis, kept lowered; an edit re-reads one file and what depends on it. */
import type { SyntaxParser } from '../../grammars/syntax.ts';
import type { AnalysisDiagnostic, AnalyzedFile, Language } from '../model.ts';
import { type Cond, namesIn } from './condition.ts';
import type { Lowered } from './ir.ts';
import type { MacroDef } from './macros.ts';
import { operationOf } from './operations.ts';
import { type Outline, outlineOf, parseTimeoutMs } from './outline.ts';
import type { SourceFile } from './preprocess.ts';
import { Project } from './project.ts';
import { Kind, type Token, lineOf, textOf } from './tokens.ts';

export class Workspace {
  readonly project = new Project();
  readonly outlines = new Map<string, Outline>();
  readonly files = new Map<string, AnalyzedFile>();
  parseMs = 0;
  extractMs = 0;
  linkMs = 0;

  /** Without a parser, the outlines are given by `setOutline`. */
  constructor(
    readonly root: string,
    private readonly parser: SyntaxParser | null,
  ) {}

  /** Reads one file's text; `linkAll` or `relink` must follow. */
  add(file: string, text: string, language: Language, listed: boolean, tokens?: readonly Token[]): void {
    const t0 = performance.now();
    const outline = listed && this.parser !== null ? outlineOf(this.parser, text, language) : null;
    const t1 = performance.now();
    this.project.add(file, text, language, listed, tokens);
    if (listed) {
      const unit = this.project.units.get(file);
      this.files.set(file, {
        path: file,
        language,
        lines: text === '' ? 0 : (unit?.source.lines.length ?? 0) - (text.endsWith('\n') ? 1 : 0),
        bytes: Buffer.byteLength(text),
        parseErrors: this.files.get(file)?.parseErrors ?? 0,
      });
      if (outline !== null) this.setOutline(file, outline);
    }
    this.parseMs += t1 - t0;
    this.extractMs += performance.now() - t1;
  }

  /** What the syntax tree of a listed file says; not before the file was added. */
  setOutline(file: string, outline: Outline): void {
    this.outlines.set(file, outline);
    const row = this.files.get(file);
    if (row !== undefined) this.files.set(file, { ...row, parseErrors: outline.errors });
  }

  /** Lowers every file. */
  linkAll(onFile?: (done: number, total: number) => void): void {
    const t0 = performance.now();
    this.project.indexNames(this.project.units.keys());
    this.project.link();
    let done = 0;
    const total = this.project.units.size;
    for (const file of this.project.units.keys()) {
      this.project.lower(file);
      onFile?.(++done, total);
    }
    this.extractMs += performance.now() - t0;
  }

  /** Replaces one file's text and lowers again what its change can reach. */
  update(file: string, text: string, language: Language, tokens?: readonly Token[]): void {
    const before = this.project.units.get(file)?.source;
    const typesBefore = this.project.types;
    this.add(file, text, language, true, tokens);
    const t0 = performance.now();
    this.project.indexNames(this.project.units.keys());
    this.project.link();
    const after = this.project.units.get(file)?.source;
    for (const f of this.dependents(file, before, after, typesBefore)) this.project.lower(f);
    this.extractMs += performance.now() - t0;
  }

  private dependents(
    file: string,
    before: SourceFile | undefined,
    after: SourceFile | undefined,
    typesBefore: ReadonlySet<string>,
  ): string[] {
    const all = [...this.project.units.keys()];
    if (before === undefined || after === undefined) return all;
    const includes = (s: SourceFile): string =>
      s.includes.map((i) => `${i.name}${i.cond === null ? '' : JSON.stringify(i.cond)}`).join('\n');
    if (includes(before) !== includes(after)) return all;
    const out = new Set([file]);
    const changedTypes = [...this.project.types]
      .filter((t) => !typesBefore.has(t))
      .concat([...typesBefore].filter((t) => !this.project.types.has(t)));
    const describe = (d: MacroDef): string =>
      `${d.name}|${d.params?.join(',')}|${d.variadic}|${textOf(d.body)}|${d.line}|${JSON.stringify(d.cond)}|${d.undefinedAt === null}`;
    const old = new Map(before.macros.map((d) => [describe(d), d]));
    const now = new Set(after.macros.map(describe));
    const changed = new Set<string>();
    for (const [key, d] of old) if (!now.has(key)) changed.add(d.name);
    for (const d of after.macros) if (!old.has(describe(d))) changed.add(d.name);
    // What conditions ask about decides which definitions count, anywhere.
    const meaning = (s: SourceFile): Map<string, string> => {
      const of = new Map<string, string>();
      for (const d of s.macros)
        of.set(
          d.name,
          `${of.get(d.name) ?? ''}|${textOf(d.body)}|${JSON.stringify(d.cond)}|${d.undefinedAt === null}`,
        );
      return of;
    };
    if (changed.size > 0) {
      const [was, is] = [meaning(before), meaning(after)];
      const turned = new Set([...changed].filter((name) => was.get(name) !== is.get(name)));
      if (turned.size > 0 && this.asked(turned)) return all;
    }
    for (const [f, unit] of this.project.units) {
      if (f === file) continue;
      const used = this.project.usedMacros.get(f);
      const touches = (name: string): boolean => unit.source.idents.has(name);
      if (changedTypes.some(touches) || [...changed].some(touches)) out.add(f);
      else if (used !== undefined && changed.size > 0)
        for (const d of used) if (d.file === file && changed.has(d.name)) out.add(f);
    }
    return [...out];
  }

  /** Whether the condition of a definition or an include asks for one of the names. */
  private asked(names: ReadonlySet<string>): boolean {
    const seen = new Set<Cond>();
    const asks = (cond: Cond | null): boolean => {
      for (let c = cond; c !== null && !seen.has(c); c = c.outer) {
        seen.add(c);
        if (namesIn(c.expr).some((n) => names.has(n))) return true;
      }
      return false;
    };
    for (const { source } of this.project.units.values())
      if (source.macros.some((d) => asks(d.cond)) || source.includes.some((i) => asks(i.cond))) return true;
    return false;
  }

  /** Lowered files with the bodies of macros that nothing uses. */
  unusedBodies(): Lowered[] {
    const used = new Set<MacroDef>();
    for (const set of this.project.usedMacros.values()) for (const d of set) used.add(d);
    const out: Lowered[] = [];
    for (const [file, unit] of this.project.units) {
      if (!unit.listed) continue;
      for (const def of unit.source.macros) {
        if (used.has(def) || def.params === null) continue;
        if (
          !def.body.some(
            (t) =>
              t.kind === Kind.ident &&
              (operationOf(t.text) !== null || /asm/.test(t.text) || /^(getenv|secure_getenv)$/.test(t.text)),
          )
        )
          continue;
        const functions = this.project.lowerBody(def);
        if (functions.length > 0)
          out.push({
            file,
            functions,
            globals: [],
            structs: [],
            typedefs: [],
            prototypes: [],
            bounded: false,
          });
      }
    }
    return out;
  }

  /** What the trees and the texts themselves have to report. */
  diagnostics(
    sites: ReadonlyMap<string, ReadonlySet<number>>,
    defined: (name: string) => boolean,
  ): AnalysisDiagnostic[] {
    const out: AnalysisDiagnostic[] = [];
    for (const [file, outline] of this.outlines) {
      const unit = this.project.units.get(file);
      if (unit === undefined) continue;
      const line = (offset: number): number => lineOf(unit.source.lines, offset) + 1;
      if (outline.timedOut) {
        out.push({
          code: 'parse-timeout',
          severity: 'warning',
          file,
          line: 1,
          message: `The syntax tree was not finished within ${parseTimeoutMs / 1000} s; findings come from the token scan alone.`,
        });
      } else if (outline.errors > 0 && outline.firstError !== null) {
        out.push({
          code: 'parse-errors',
          severity: 'information',
          file,
          line: line(outline.firstError),
          message: `${outline.errors} place${outline.errors === 1 ? '' : 's'} that the grammar cannot parse (macros, mostly); what is inside is still analysed.`,
        });
      }
      for (const offset of unit.source.unbalanced) {
        out.push({
          code: 'unbalanced-conditional',
          severity: 'warning',
          file,
          line: line(offset),
          message: 'This conditional has no partner: the conditions after it are guesses.',
        });
      }
      if (this.project.lowered.get(file)?.bounded === true) {
        out.push({
          code: 'expansion-bound',
          severity: 'warning',
          file,
          line: 1,
          message: 'Macro expansion reached its bound; the rest of the file was read as written.',
        });
      }
      const missing = this.project.missingIncludes(file);
      const first = missing[0];
      if (first !== undefined) {
        const names = [...new Set(missing.map((i) => `"${i.name}"`))];
        const shown =
          names.slice(0, 6).join(', ') + (names.length > 6 ? `, and ${names.length - 6} more` : '');
        out.push({
          code: 'missing-include',
          severity: 'information',
          file,
          line: first.line,
          message: `Not found below the root: ${shown}. The macros and types defined there are unknown here; analyse a folder that holds them, or give one with --root.`,
        });
      }
      out.push(...this.missedFunctions(file, unit.source, outline));
      out.push(...this.crossCheck(file, unit.source, outline, sites.get(file) ?? new Set(), defined));
    }
    return out;
  }

  /** Functions that the grammar sees and the scan of declarations does not: what they do is not in the findings. */
  private missedFunctions(file: string, source: SourceFile, outline: Outline): AnalysisDiagnostic[] {
    const lowered = this.project.lowered.get(file)?.functions ?? [];
    const starts = new Set(lowered.map((f) => f.bodyStart));
    const inside = (at: number): boolean => lowered.some((f) => f.start <= at && at < f.end);
    return outline.bodies
      .filter((b) => !starts.has(b) && !inside(b))
      .map((b) => ({
        code: 'function-mismatch',
        severity: 'warning' as const,
        file,
        line: lineOf(source.lines, b) + 1,
        message:
          'The grammar sees a function here that the analysis did not read; what it does is not in the findings.',
      }));
  }

  /** Every spelled operation must have become a site: in the token scan, and among the tree's calls. */
  private crossCheck(
    file: string,
    source: SourceFile,
    outline: Outline,
    found: ReadonlySet<number>,
    defined: (name: string) => boolean,
  ): AnalysisDiagnostic[] {
    const missing = new Map<number, string>();
    const { tokens } = source;
    for (let i = 0; i + 1 < tokens.length; i++) {
      const t = tokens[i];
      if (t === undefined || t.kind !== Kind.ident || tokens[i + 1]?.text !== '(') continue;
      if (operationOf(t.text) === null || defined(t.text) || found.has(t.start)) continue;
      const before = tokens[i - 1];
      // A declaration of it, not a use.
      if (
        before !== undefined &&
        (before.text === '*' ||
          (before.kind === Kind.ident &&
            before.text !== 'return' &&
            before.text !== 'else' &&
            before.text !== 'do')) &&
        /^\)?\s*[;{]/.test(source.text.slice(t.end).replace(/^\s*\([^()]*\)?/, ''))
      )
        continue;
      missing.set(t.start, t.text);
    }
    for (const start of outline.calls) {
      const name = /^\w+/.exec(source.text.slice(start, start + 80))?.[0] ?? '';
      // The tree shows a macro's body only by mistake; a body counts where the macro is used.
      const inMacro = source.macros.some((m) => m.start <= start && start < m.end);
      if (!found.has(start) && !defined(name) && !inMacro) missing.set(start, name);
    }
    return [...missing].map(([start, name]) => ({
      code: 'site-mismatch',
      severity: 'warning' as const,
      file,
      line: lineOf(source.lines, start) + 1,
      message: `${name} is written here, but the analysis could not place it as an operation; the audit of this file is incomplete.`,
    }));
  }
}

/** A file's text, read once, without a byte-order mark. */
export function decode(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}
