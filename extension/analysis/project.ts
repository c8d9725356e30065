/** The files of a project with their macros and includes: what a use of a macro in a file may mean. */
import path from 'node:path';
import type { Language } from '../model.ts';
import { type Cond, type CondExpr, type CondScope, holds } from './condition.ts';
import type { Func, Lowered } from './ir.ts';
import { lowerFile, typeNames } from './lower.ts';
import { type MacroDef, type MacroView, isArithmetic, liveOnly, visibleAt } from './macros.ts';
import { operationOf } from './operations.ts';
import { type Include, type SourceFile, condAt, preprocess } from './preprocess.ts';
import { configuredScope, derivedScope, platformScope } from './scope.ts';
import { Kind, Token } from './tokens.ts';

export interface Unit {
  readonly source: SourceFile;
  readonly language: Language;
  /** False for headers that are only read for what they define. */
  readonly listed: boolean;
}

const foreignFolders =
  /(^|\/)(aarch64|alpha|arc|arm|armv\w+|csky|hppa|i[3-6]86|ia64|loongarch\w*|m68k|microblaze|mips\w*|nios2|or1k|powerpc\w*|ppc\w*|riscv\w*|s390\w*|sh\d?|sparc\w*|freebsd|netbsd|openbsd|dragonfly|darwin|macos|solaris|fuchsia|mach|hurd|htl|x32|windows|win32)(\/|$)/;

/** Headers of the C library, of POSIX, Linux and Windows that some write in quotes. */
const libraryHeader =
  /^(assert|complex|ctype|errno|fenv|float|inttypes|iso646|limits|locale|math|setjmp|signal|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|tgmath|threads|time|uchar|wchar|wctype|alloca|dlfcn|elf|execinfo|fcntl|link|malloc|memory|poll|pthread|sched|semaphore|syscall|termios|ucontext|unistd|windows|winsock2|(sys|linux|asm|mach|netinet|arpa)\/.+)\.h$/;

function nearness(candidate: string, from: string): number {
  const a = candidate.split('/');
  const b = from.split('/');
  let same = 0;
  while (same < a.length - 1 && same < b.length - 1 && a[same] === b[same]) same++;
  let score = same * 4 - a.length;
  if (/(^|\/)x86_64(\/|$)/.test(candidate)) score += 40;
  else if (/(^|\/)x86(\/|$)/.test(candidate)) score += 30;
  if (/(^|\/)(linux|nptl|pthread)(\/|$)/.test(candidate)) score += 10;
  if (/(^|\/)generic(\/|$)/.test(candidate)) score -= 5;
  if (foreignFolders.test(candidate)) score -= 100;
  return score;
}

/** Names that a compiler or a C library gives a meaning of its own. */
const isSystemName = (name: string): boolean =>
  operationOf(name) !== null || /^_*(secure_)?getenv$/.test(name);

/** `#ifndef X / #define X ...` counts only where nobody else defines X. */
function withoutFallbacks(defs: readonly MacroDef[]): readonly MacroDef[] {
  if (defs.length < 2) return defs;
  const fallback = (d: MacroDef): boolean => {
    for (let c = d.cond; c !== null; c = c.outer) if (asksAbsence(c.expr, d.name)) return true;
    return false;
  };
  const own = defs.filter((d) => !fallback(d));
  return own.length > 0 ? own : defs;
}

/** Whether an expression demands that `name` is not defined. */
export function asksAbsence(e: CondExpr, name: string): boolean {
  if (e.op === 'unary' && e.sign === '!') return e.a.op === 'defined' && e.a.name === name;
  return e.op === 'binary' && e.sign === '&&' && (asksAbsence(e.a, name) || asksAbsence(e.b, name));
}

const none: readonly MacroDef[] = [];

export class Project {
  readonly units = new Map<string, Unit>();
  readonly lowered = new Map<string, Lowered>();
  /** Definitions that each file expanded. */
  readonly usedMacros = new Map<string, Set<MacroDef>>();
  readonly configured = new Set<string>();
  /** Folders that a file's command searches for headers, relative to the root. */
  readonly searched = new Map<string, readonly string[]>();
  macros = new Map<string, MacroDef[]>();
  /** Without those in folders of other systems: what a configuration's conditions are evaluated with. */
  nativeMacros = new Map<string, MacroDef[]>();
  types = new Set<string>();
  private byFile = new Map<string, Map<string, MacroDef[]>>();
  private includes = new Map<string, ReadonlySet<string>>();
  private bySuffix = new Map<string, string[]>();
  private dead = new Set<string>();
  private readonly typesOf = new WeakMap<SourceFile, Set<string>>();
  private readonly resolved = new Map<string, Map<string, string | null>>();
  private readonly arithmetic = new Map<string, boolean>();
  private includers = new Map<string, string[]>();
  private contexts = new Map<string, ReadonlySet<string>>();
  private gaps = new Map<string, boolean>();
  /** What is not defined counts as undefined: only to say which of several definitions is the likeliest. */
  private defaults: Record<Language, CondScope> = { c: platformScope(false), cpp: platformScope(true) };
  private scopes: Record<Language, CondScope> = { c: platformScope(false), cpp: platformScope(true) };

  /** Adds or replaces a file; `link` must follow. */
  add(file: string, text: string, language: Language, listed: boolean, tokens?: readonly Token[]): void {
    if (!this.units.has(file)) this.resolved.clear();
    this.units.set(file, { source: preprocess(file, text, tokens), language, listed });
  }

  /** Where an `#include` of `from` leads, null when it is none of ours. */
  resolve(from: string, name: string, known?: (file: string) => boolean): string | null {
    if (known !== undefined) return this.lookFor(from, name, known);
    let here = this.resolved.get(from);
    if (here === undefined) {
      here = new Map();
      this.resolved.set(from, here);
    }
    let to = here.get(name);
    if (to === undefined) {
      to = this.lookFor(from, name, (f) => this.units.has(f));
      here.set(name, to);
    }
    return to;
  }

  private lookFor(from: string, name: string, known: (file: string) => boolean): string | null {
    const beside = path.posix.normalize(path.posix.join(path.posix.dirname(from), name));
    if (known(beside)) return beside;
    for (const dir of this.searched.get(from) ?? []) {
      const there = path.posix.join(dir, name);
      if (known(there)) return there;
    }
    if (known(name)) return name;
    const base = name.slice(name.lastIndexOf('/') + 1);
    const candidates = (this.bySuffix.get(base) ?? []).filter((f) => f.endsWith(`/${name}`));
    let best: string | null = null;
    let bestScore = Number.NEGATIVE_INFINITY;
    for (const c of candidates) {
      const s = nearness(c, from);
      if (s > bestScore) {
        best = c;
        bestScore = s;
      }
    }
    return best;
  }

  /** Files by their last name, for `resolve`. */
  indexNames(files: Iterable<string>): void {
    this.bySuffix = new Map();
    this.resolved.clear();
    for (const f of files) {
      const base = f.slice(f.lastIndexOf('/') + 1);
      const list = this.bySuffix.get(base);
      if (list === undefined) this.bySuffix.set(base, [f]);
      else list.push(f);
    }
  }

  /** Rebuilds the tables that depend on every file. */
  link(): void {
    this.macros = new Map();
    this.byFile = new Map();
    this.types = new Set();
    this.includes = new Map();
    this.arithmetic.clear();
    this.resolved.clear();
    for (const [file, unit] of this.units) {
      for (const def of unit.source.macros) push(this.macros, def.name, def);
      this.byFile.set(file, byName(unit.source.macros));
      let types = this.typesOf.get(unit.source);
      if (types === undefined) {
        types = new Set();
        typeNames(unit.source, types);
        this.typesOf.set(unit.source, types);
      }
      for (const t of types) this.types.add(t);
    }
    const { macros, configured } = this;
    this.scopes = {
      c: derivedScope({ cpp: false, macros, configured }),
      cpp: derivedScope({ cpp: true, macros, configured }),
    };
    this.nativeMacros = new Map();
    for (const [name, defs] of macros) {
      const native = defs.filter((d) => !foreignFolders.test(d.file));
      if (native.length > 0) this.nativeMacros.set(name, native);
    }
    const plain = { defines: {}, macros: this.nativeMacros, configured: new Set<string>() };
    this.defaults = {
      c: configuredScope({ cpp: false, ...plain }),
      cpp: configuredScope({ cpp: true, ...plain }),
    };
    this.findDead();
  }

  /** Headers that only a foreign branch includes. */
  private findDead(): void {
    const live = new Set<string>();
    const included = new Map<string, string[]>();
    this.includers = included;
    this.contexts = new Map();
    this.gaps = new Map();
    const edges = new Map<string, string[]>();
    for (const [file, unit] of this.units) {
      for (const inc of unit.source.includes) {
        const to = this.resolve(file, inc.name);
        if (to === null || to === file) continue;
        push(included, to, file);
        if (holds(inc.cond, this.scopes[unit.language]) !== 0) push(edges, file, to);
      }
    }
    const visit = (file: string): void => {
      if (live.has(file)) return;
      live.add(file);
      for (const to of edges.get(file) ?? []) visit(to);
    };
    for (const file of this.units.keys())
      if (!included.has(file) || !/\.(h|hpp|hh|hxx|inc|inl)$/i.test(file)) visit(file);
    this.dead = new Set([...this.units.keys()].filter((f) => !live.has(f)));
  }

  /** Files that `file` includes, directly or not, itself among them. */
  closure(file: string): ReadonlySet<string> {
    const known = this.includes.get(file);
    if (known !== undefined) return known;
    const out = new Set<string>();
    const stack = [file];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (out.has(at)) continue;
      out.add(at);
      for (const inc of this.units.get(at)?.source.includes ?? []) {
        const to = this.resolve(at, inc.name);
        if (to !== null && !out.has(to)) stack.push(to);
      }
    }
    this.includes.set(file, out);
    return out;
  }

  /** What may stand before `file`'s text: the files that include it, directly or not, and all that those include. */
  private context(file: string): ReadonlySet<string> {
    const known = this.contexts.get(file);
    if (known !== undefined) return known;
    const out = new Set<string>();
    const above = new Set<string>([file]);
    for (const at of above) {
      for (const f of this.closure(at)) out.add(f);
      for (const by of this.includers.get(at) ?? []) above.add(by);
    }
    this.contexts.set(file, out);
    return out;
  }

  /** Includes by quotes, on branches that may hold, of headers that are neither here nor made from a template here. */
  missingIncludes(file: string): readonly Include[] {
    const unit = this.units.get(file);
    if (unit === undefined) return [];
    const scope = this.scopes[unit.language];
    return unit.source.includes.filter(
      (i) =>
        i.quoted &&
        !libraryHeader.test(i.name) &&
        holds(i.cond, scope) !== 0 &&
        ['', '.in', '.cmake', '.cmake.in', '.cmakein', '.meson'].every(
          (ending) => this.resolve(file, i.name + ending) === null,
        ),
    );
  }

  /** Whether something that stands before or in a file's text includes a file by quotes that is not there. */
  private hasGap(file: string): boolean {
    const known = this.gaps.get(file);
    if (known !== undefined) return known;
    let gap = false;
    for (const f of this.context(file)) {
      const unit = this.units.get(f);
      gap ||= unit?.source.includes.some((i) => i.quoted && this.resolve(f, i.name) === null) === true;
    }
    this.gaps.set(file, gap);
    return gap;
  }

  /** Whether a definition that `file` does not include may still hold there. */
  private mayReach(file: string, def: MacroDef): boolean {
    const header = !/\.(c|cc|cpp|cxx|c\+\+|m|mm)$/i.test(def.file);
    if (this.context(file).has(def.file))
      return header || this.includers.get(file)?.includes(def.file) === true;
    // A template stands for the header that a configure step makes of it, whatever that one is called.
    return header && (/\.(in|cmake|cmakein)$/.test(def.file) || this.hasGap(file));
  }

  /** Whether text under `cond` in a file is for another system or machine. */
  isForeign(file: string, cond: Cond | null): boolean {
    if (this.dead.has(file) || foreignFolders.test(file)) return true;
    return cond !== null && holds(cond, this.scopes[this.units.get(file)?.language ?? 'c']) === 0;
  }

  /** Puts another unit in a file's place until the returned function is called; no tables are made again. */
  lend(file: string, unit: Unit): () => void {
    const before = this.units.get(file);
    const own = this.byFile.get(file);
    this.units.set(file, unit);
    this.byFile.set(file, byName(unit.source.macros));
    return () => {
      if (before !== undefined) this.units.set(file, before);
      if (own !== undefined) this.byFile.set(file, own);
    };
  }

  /** What macros mean in a file. With `record`, the definitions that are expanded become `usedMacros` of it. */
  view(file: string, record = true): MacroView {
    const language = this.units.get(file)?.language ?? 'c';
    const own = this.byFile.get(file);
    const outside = new Map<
      string,
      { readonly defs: readonly MacroDef[]; readonly found: readonly MacroDef[] | null }
    >();
    const used = new Set<MacroDef>();
    if (record) this.usedMacros.set(file, used);
    const scope = this.scopes[language];
    const likely = this.defaults[language];
    const unit = this.units.get(file);
    const deadFile = this.dead.has(file);
    const settle = (defs: readonly MacroDef[]): readonly MacroDef[] | null => {
      const found = withoutFallbacks(liveOnly(defs, scope, (f) => f === file || !this.dead.has(f)));
      const first = found[0];
      if (first === undefined) return defs.length === 0 ? none : null;
      // The name means something without the project: a definition that may not be there does not hide it.
      if (isSystemName(first.name) && found.every((d) => holds(d.cond, scope) !== 1)) return none;
      if (found.length > 1 && holds(first.cond, likely) !== 1) {
        const d = found.find((o) => holds(o.cond, likely) === 1);
        if (d !== undefined) return [d, ...found.filter((o) => o !== d)];
      }
      return found;
    };
    // In a foreign branch every definition is foreign: there, all of them count.
    const foreign = (offset: number): boolean =>
      deadFile || (unit !== undefined && holds(condAt(unit.source, offset), scope) === 0);
    // The same definitions are asked for again and again; what of them is live depends on nothing but them.
    const sole = new Map<MacroDef, readonly MacroDef[] | null>();
    const here = (defs: readonly MacroDef[], offset: number): readonly MacroDef[] => {
      const only = defs.length === 1 ? defs[0] : undefined;
      let found = only === undefined ? undefined : sole.get(only);
      if (found === undefined) {
        found = settle(defs);
        if (only !== undefined) sole.set(only, found);
      }
      return found ?? (foreign(offset) ? defs : none);
    };
    return {
      file,
      known: (name) => this.macros.has(name),
      constant: (name) => isArithmetic(name, this.macros, this.configured, this.arithmetic),
      lookup: (name, offset) => {
        const all = this.macros.get(name);
        if (all === undefined) return none;
        const mine = own?.get(name);
        if (mine !== undefined) {
          const visible = visibleAt(mine, offset);
          if (visible.length > 0) return here(visible, offset);
          // Defined here, but only below or already undefined: another file's definition may still hold.
          if (mine.length === all.length) return none;
        }
        let there = outside.get(name);
        if (there === undefined) {
          const lasting = all.filter((d) => d.file !== file && d.undefinedAt === null);
          const closure = this.closure(file);
          const near = lasting.filter((d) => closure.has(d.file));
          const defs = near.length > 0 ? near : lasting.filter((d) => this.mayReach(file, d));
          there = { defs, found: settle(defs) };
          outside.set(name, there);
        }
        return there.found ?? (foreign(offset) ? there.defs : none);
      },
      used: (def) => {
        used.add(def);
      },
    };
  }

  lower(file: string): Lowered {
    const unit = this.units.get(file);
    if (unit === undefined) throw new Error(`no such unit: ${file}`);
    const done = lowerFile(unit.source, this.view(file), this.types, unit.language === 'cpp');
    this.lowered.set(file, done);
    return done;
  }

  /** A macro's body as a function of its own, for macros that nothing uses; null when it is none. */
  lowerBody(def: MacroDef): readonly Func[] {
    const unit = this.units.get(def.file);
    if (unit === undefined || def.body.length === 0) return [];
    const at = def.body[0] as Token;
    const make = (kind: Token['kind'], text: string): Token => new Token(kind, text, at.start, at.end, null);
    const head = [
      make(Kind.ident, 'void'),
      make(Kind.ident, `macro body ${def.name}`),
      make(Kind.punct, '('),
      make(Kind.punct, ')'),
      make(Kind.punct, '{'),
    ];
    const used = this.usedMacros.get(def.file);
    const view = this.view(def.file);
    if (used !== undefined) this.usedMacros.set(def.file, used);
    const tokens = [...head, ...def.body, make(Kind.punct, ';'), make(Kind.punct, '}')];
    return lowerFile(unit.source, view, this.types, unit.language === 'cpp', tokens).functions;
  }
}

function byName(macros: readonly MacroDef[]): Map<string, MacroDef[]> {
  const out = new Map<string, MacroDef[]>();
  for (const def of macros) push(out, def.name, def);
  return out;
}

export function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
