/** What the interpreter computes with: numbers, strings, and objects that it can name. */
import type { Expr, Func, Init, TypeRef } from './ir.ts';

/** An array with the initialisers of its elements, as far as the configuration has them. */
export interface Row {
  readonly key: string;
  readonly items: readonly Expr[];
  readonly type: TypeRef;
  /** Nothing writes it, or the run is about what it holds at the start. */
  readonly fixed: boolean;
}

/** An object by its place: an element of a table, a struct with an initialiser, a variable whose address was taken. */
export class Obj {
  constructor(
    /** Key of its values in a frame's state. */
    readonly place: string,
    readonly type: TypeRef | null,
    readonly init: Expr | null,
    readonly row: Row | null,
    readonly at: number,
    /** The variable behind `&variable`. */
    readonly ref: Expr | null,
    readonly fixed: boolean,
    readonly func: Func | null,
  ) {}
}

/** A number (null pointers are 0), a string, an object, or unknown. */
export type Value = number | string | Obj | undefined;

/** Truth as `binaryValue` takes it: null when unknown. */
export const truth = (v: Value): number | null => (v === undefined ? null : typeof v === 'number' ? v : 1);

/** The item of an initialiser that a field gets: by its name, else by its position. */
export function fieldItem(init: Init, name: string, names: readonly string[]): Expr | null {
  const designated = init.items.find((i) => i.field === name);
  if (designated !== undefined) return designated.x;
  if (init.items.some((i) => i.field !== null)) return null;
  return init.items[names.indexOf(name)]?.x ?? null;
}
