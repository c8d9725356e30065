/** Values of names in `#if` conditions: under the platform alone, or under a whole configuration. */
import { type CondScope, evaluate, holds, integer, namesIn, parseCondition } from './condition.ts';
import { lex } from './lex.ts';
import type { MacroDef } from './macros.ts';
import { platformValue } from './platform.ts';

/** Knows only the platform: whatever the project decides stays unknown. */
export function platformScope(cpp: boolean): CondScope {
  return {
    value: (name) => {
      const p = platformValue(name, cpp);
      return p === null ? null : p.value;
    },
    defined: (name) => platformValue(name, cpp)?.defined ?? null,
  };
}

export interface ScopeInput {
  readonly cpp: boolean;
  readonly defines: Readonly<Record<string, string>>;
  /** Names that the configuration undefines: nobody but the project's own text defines them. */
  readonly undefined?: ReadonlySet<string>;
  /** Names that one part of the build defines and another does not, or differently. */
  readonly unknown?: ReadonlySet<string>;
  /** Object-like and function-like definitions by name. */
  readonly macros: ReadonlyMap<string, readonly MacroDef[]>;
  /** Names that a configure step decides. */
  readonly configured: ReadonlySet<string>;
}

/**
 * The configuration's scope: given defines first, then the platform, then the project's own definitions as far as
 * their conditions hold (so `#ifndef X / #define X 0` is X's default), then undefined. Names that a configure
 * template mentions are unknown.
 */
export function configuredScope(input: ScopeInput): CondScope {
  const values = new Map<string, number | null>();
  const known = new Map<string, boolean | null>();
  const busy = new Set<string>();
  const open = (name: string): boolean => input.configured.has(name) && input.undefined?.has(name) !== true;
  const scope: CondScope = {
    defined(name) {
      const given = input.defines[name];
      if (given !== undefined) return true;
      if (input.unknown?.has(name) === true) return null;
      const platform = input.undefined?.has(name) === true ? null : platformValue(name, input.cpp);
      if (platform !== null) return platform.defined;
      const cached = known.get(name);
      if (cached !== undefined) return cached;
      const key = `d:${name}`;
      // While its own definition is being looked at (`#ifndef X / #define X`), a name is not defined yet.
      if (busy.has(key)) return false;
      const defs = input.macros.get(name);
      let result: boolean | null = open(name) ? null : false;
      if (defs !== undefined) {
        busy.add(key);
        for (const d of defs) {
          const h = holds(d.cond, scope);
          if (h === 1) {
            result = true;
            break;
          }
          if (h === null) result = null;
        }
        busy.delete(key);
      }
      if (busy.size === 0) known.set(name, result);
      return result;
    },
    value(name) {
      const given = input.defines[name];
      if (given !== undefined) {
        const n = integer(given.trim());
        return Number.isNaN(n) ? evaluate(parseCondition(lex(given, 0, given.length, false)), scope) : n;
      }
      if (input.unknown?.has(name) === true) return null;
      const platform = input.undefined?.has(name) === true ? null : platformValue(name, input.cpp);
      if (platform !== null) return platform.value;
      const cached = values.get(name);
      if (cached !== undefined) return cached;
      const key = `v:${name}`;
      if (busy.has(key)) return null;
      const defs = input.macros.get(name);
      let result: number | null = open(name) ? null : 0;
      if (defs !== undefined && defs.length > 0) {
        busy.add(key);
        busy.add(`d:${name}`);
        const found = new Set<number | null>();
        let sure: number | null | undefined;
        for (const d of defs) {
          const h = holds(d.cond, scope);
          if (h === 0) continue;
          const v = d.params === null ? evaluate(parseCondition(d.body), scope) : null;
          if (h === 1 && sure === undefined) sure = v;
          found.add(v);
        }
        busy.delete(key);
        busy.delete(`d:${name}`);
        if (sure !== undefined) result = sure;
        else if (found.size === 1) result = [...found][0] ?? null;
        else if (found.size > 1) result = null;
      }
      if (busy.size === 0) values.set(name, result);
      return result;
    },
  };
  return scope;
}

/** A definition in a source file, or a name that builds are asked to choose, says nothing about other files. */
const chosen = /^_*(HAVE|ENABLE|DISABLE|WITH|WITHOUT|CONFIG|NO)_|DEBUG|ASSERT|^TEST/;

/**
 * The platform, and the names that headers derive from it: `#if defined(__x86_64__) / #define ARCH_X86 1` makes
 * ARCH_X86 as sure as the platform itself, and `#ifdef _WIN32 / #define USE_WINTHREAD 1` makes that one surely absent.
 * Everything else that a project decides stays unknown.
 */
export function derivedScope(input: Omit<ScopeInput, 'defines'>): CondScope {
  const { cpp, macros, configured } = input;
  const platform = platformScope(cpp);
  const facts = new Map<string, { readonly defined: boolean | null; readonly value: number | null }>();
  const unknown = { defined: null, value: null };
  const busy = new Set<string>();
  const fact = (name: string): { readonly defined: boolean | null; readonly value: number | null } => {
    const known = facts.get(name);
    if (known !== undefined) return known;
    if (busy.has(name) || busy.size > 40) return unknown;
    busy.add(name);
    const result = derive(name);
    busy.delete(name);
    // What was asked while another name was open may have met it: only the outermost answer is whole.
    if (busy.size === 0 || result !== unknown) facts.set(name, result);
    return result;
  };
  const scope: CondScope = {
    defined: (name) => platform.defined(name) ?? fact(name).defined,
    value: (name) => (platformValue(name, cpp) === null ? fact(name).value : platform.value(name)),
  };
  const rests = (name: string): boolean =>
    platformValue(name, cpp) !== null || (macros.has(name) && fact(name).defined !== null);
  const derive = (name: string): { readonly defined: boolean | null; readonly value: number | null } => {
    const defs = macros.get(name);
    if (defs === undefined || configured.has(name) || chosen.test(name)) return unknown;
    let sure: MacroDef | null = null;
    for (const d of defs) {
      if (d.params !== null || !/\.(h|hpp|hh|hxx|inc|inl)$/i.test(d.file)) return unknown;
      let platformBound = false;
      for (let c = d.cond; c !== null; c = c.outer) if (namesIn(c.expr).some(rests)) platformBound = true;
      const h = holds(d.cond, scope);
      if (!platformBound || h === null) return unknown;
      if (h === 1) {
        if (sure !== null) return { defined: true, value: null };
        sure = d;
      }
    }
    if (sure === null) return { defined: false, value: 0 };
    return { defined: true, value: evaluate(parseCondition(sure.body), scope) };
  };
  return scope;
}
