/** One file's preprocessor lines: macro definitions, includes, and the condition of every stretch of text. */
import { type Cond, type CondExpr, both, not, parseCondition } from './condition.ts';
import { lex } from './lex.ts';
import type { MacroDef } from './macros.ts';
import { Kind, type Token, lineOf, lineStarts } from './tokens.ts';

export interface Include {
  readonly name: string;
  /** `"name"`, not `<name>`. */
  readonly quoted: boolean;
  readonly line: number;
  readonly cond: Cond | null;
}

/** A stretch `[start, end)` of the text under one condition. */
export interface Region {
  readonly start: number;
  readonly end: number;
  readonly cond: Cond | null;
}

/** What one file's text says before any macro is expanded; depends on nothing but the text and its path. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly lines: Uint32Array;
  /** Tokens, with only the conditional directives left among them. */
  readonly tokens: readonly Token[];
  readonly macros: readonly MacroDef[];
  readonly includes: readonly Include[];
  readonly regions: readonly Region[];
  /** Names that the text undefines or leaves to a configure step. */
  readonly undefined: readonly string[];
  /** Directives without a partner. */
  readonly unbalanced: readonly number[];
  readonly idents: ReadonlySet<string>;
}

function macroOf(file: string, directive: Token, lines: Uint32Array, cond: Cond | null): MacroDef | null {
  const rest = directive.directive?.rest ?? [];
  const name = rest[0];
  if (name === undefined || name.kind !== Kind.ident) return null;
  let params: string[] | null = null;
  let variadic: string | null = null;
  let i = 1;
  const open = rest[1];
  if (open !== undefined && open.text === '(' && open.start === name.end) {
    params = [];
    i = 2;
    while (i < rest.length && rest[i]?.text !== ')') {
      const p = rest[i];
      if (p?.text === '...') {
        const before = rest[i - 1];
        if (before?.kind === Kind.ident) {
          params.pop();
          variadic = before.text;
        } else variadic = '__VA_ARGS__';
      } else if (p?.kind === Kind.ident) params.push(p.text);
      i++;
    }
    i++;
  }
  return {
    name: name.text,
    params,
    variadic,
    body: rest.slice(i),
    file,
    start: directive.start,
    end: directive.end,
    line: lineOf(lines, name.start) + 1,
    cond,
    undefinedAt: null,
  };
}

/** The name that a file's include guard tests, null when it has none. */
function guardOf(tokens: readonly Token[]): string | null {
  const start = tokens.findIndex((t) => t.text !== 'pragma' || t.kind !== Kind.directive);
  const first = tokens[start];
  if (first?.kind !== Kind.directive || first.directive === null) return null;
  const { rest } = first.directive;
  const negated = first.text === 'if' && rest[0]?.text === '!' && rest[1]?.text === 'defined';
  if (first.text !== 'ifndef' && !negated) return null;
  const name = (negated ? rest.find((t, i) => i > 1 && t.kind === Kind.ident) : rest[0])?.text ?? null;
  let depth = 0;
  let defined = false;
  let valued = false;
  for (let i = start; i < tokens.length; i++) {
    const t = tokens[i];
    if (t?.kind !== Kind.directive || t.directive === null) continue;
    if (t.text.startsWith('if')) depth++;
    else if (t.text === 'endif' && --depth === 0) {
      // The guard's group is the whole file; a default (`#ifndef X / #define X 0`) ends before it.
      const slack = tokens.length > 60 && !valued ? 4 : 0;
      return defined && i >= tokens.length - 1 - slack && (!valued || tokens.length > 20) ? name : null;
    } else if (t.text.startsWith('el') && depth === 1) return null;
    else if (t.text === 'define' && depth === 1 && !defined) {
      if (t.directive.rest[0]?.text === name) {
        if (t.directive.rest.length > 2) return null;
        defined = true;
        valued = t.directive.rest.length === 2;
      }
    }
  }
  return defined && !valued ? name : null;
}

/** `raw` are the text's tokens, where they are at hand. */
export function preprocess(path: string, text: string, raw: readonly Token[] = lex(text)): SourceFile {
  const lines = lineStarts(text);
  const guard = guardOf(raw);
  const tokens: Token[] = [];
  const macros: MacroDef[] = [];
  const includes: Include[] = [];
  const regions: Region[] = [];
  const undefinedNames: string[] = [];
  const unbalanced: number[] = [];
  const idents = new Set<string>();
  const stack: { outer: Cond | null; earlier: CondExpr; open: number }[] = [];
  const last = new Map<string, MacroDef[]>();
  let cond: Cond | null = null;
  let from = 0;
  let guarded = false;
  const switchTo = (next: Cond | null, at: number): void => {
    if (at > from) regions.push({ start: from, end: at, cond });
    cond = next;
    from = at;
  };
  const branch = (t: Token, outer: Cond | null, expr: CondExpr): void => {
    switchTo({ expr, outer, depth: (outer?.depth ?? 0) + 1 }, t.start);
    if (t.directive !== null) t.directive.cond = cond;
    tokens.push(t);
  };
  for (const t of raw) {
    if (t.kind !== Kind.directive || t.directive === null) {
      if (t.kind === Kind.ident) idents.add(t.text);
      tokens.push(t);
      continue;
    }
    const rest = t.directive.rest;
    switch (t.text) {
      case 'if':
      case 'ifdef':
      case 'ifndef': {
        const name = rest[0]?.text ?? '';
        let expr: CondExpr;
        const guards = guard !== null && stack.length === 0 && !guarded && rest.some((r) => r.text === guard);
        if (guards) {
          guarded = true;
          expr = { op: 'num', value: 1 };
        } else if (t.text === 'if') expr = parseCondition(rest);
        else if (t.text === 'ifdef') expr = { op: 'defined', name };
        else expr = not({ op: 'defined', name });
        stack.push({ outer: cond, earlier: not(expr), open: t.start });
        branch(t, cond, expr);
        break;
      }
      case 'elif':
      case 'elifdef':
      case 'elifndef':
      case 'else': {
        const top = stack[stack.length - 1];
        if (top === undefined) {
          unbalanced.push(t.start);
          break;
        }
        const name = rest[0]?.text ?? '';
        if (t.text === 'else') branch(t, top.outer, top.earlier);
        else {
          const own: CondExpr =
            t.text === 'elif'
              ? parseCondition(rest)
              : t.text === 'elifdef'
                ? { op: 'defined', name }
                : not({ op: 'defined', name });
          branch(t, top.outer, both(top.earlier, own));
          top.earlier = both(top.earlier, not(own));
        }
        break;
      }
      case 'endif': {
        const top = stack.pop();
        if (top === undefined) {
          unbalanced.push(t.start);
          break;
        }
        switchTo(top.outer, t.end);
        tokens.push(t);
        break;
      }
      case 'define': {
        const def = macroOf(path, t, lines, cond);
        if (def !== null) {
          macros.push(def);
          const same = last.get(def.name);
          if (same === undefined) last.set(def.name, [def]);
          else same.push(def);
          for (const b of def.body) if (b.kind === Kind.ident) idents.add(b.text);
        }
        break;
      }
      case 'undef': {
        const name = rest[0]?.text ?? '';
        undefinedNames.push(name);
        for (const def of last.get(name) ?? []) def.undefinedAt ??= t.start;
        break;
      }
      case 'include':
      case 'include_next': {
        const first = rest[0];
        if (first?.kind === Kind.string)
          includes.push({
            name: first.text.slice(1, -1),
            quoted: true,
            line: lineOf(lines, t.start) + 1,
            cond,
          });
        else if (first?.text === '<') {
          const close = rest.findIndex((r) => r.text === '>');
          const end = rest[close];
          if (end !== undefined)
            includes.push({
              name: text.slice(first.end, end.start),
              quoted: false,
              line: lineOf(lines, t.start) + 1,
              cond,
            });
        }
        break;
      }
      case 'cmakedefine':
      case 'mesondefine':
        undefinedNames.push(rest[0]?.text ?? '');
        break;
      default:
    }
  }
  for (const open of stack) unbalanced.push(open.open);
  switchTo(null, text.length);
  return {
    path,
    text,
    lines,
    tokens,
    macros,
    includes,
    regions,
    undefined: undefinedNames,
    unbalanced,
    idents,
  };
}

/** Condition of the text at `offset`. */
export function condAt(file: SourceFile, offset: number): Cond | null {
  const { regions } = file;
  let lo = 0;
  let hi = regions.length - 1;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if ((regions[mid]?.end ?? 0) <= offset) lo = mid + 1;
    else hi = mid;
  }
  return regions[lo]?.cond ?? null;
}
