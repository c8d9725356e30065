/** What the interpreter is told from outside: the environment, macros, conditions, and options in tables. */
import type { Cond } from './condition.ts';
import type { Call, Decl, Func } from './ir.ts';
import type { Value } from './values.ts';

/** A read of the environment as the interpreter needs it. */
export interface Reading {
  readonly name: string | null;
  /** Index of the argument that names the variable. */
  readonly at: number;
  /** The project's function that is called; null when it is the library's. */
  readonly via: Func | null;
  /** The function searches `environ` itself. */
  readonly walker: boolean;
  /** Names are compared without regard to case. */
  readonly caseless: boolean;
  /** It only compares an entry with the name. */
  readonly matches: boolean;
}

export interface Outside {
  /** Value of an environment variable: a string, null when it is not set, undefined when unknown. */
  env(name: string, caseless?: boolean): string | null | undefined;
  /** Value of a name that is a macro, undefined when it is none. */
  macro(name: string): number | undefined;
  /** When the call reads the environment: what is known of it. */
  read(call: Call): Reading | undefined;
  /** Truth of a compile condition. */
  live(cond: Cond | null, file: string): number | null;
  /** Told of `setenv(name, value, overwrite)`; `sure` when the run certainly comes there. */
  set?(name: string, value: string, overwrite: boolean, sure: boolean): void;
}

/** An entry of a table of options: the read that fills it in, and what its parameters are then. */
export interface Option {
  readonly name: string;
  readonly func: Func;
  readonly call: Call;
  readonly bound: ReadonlyMap<Decl, Value>;
}
