/** Operators on two values that a run has already computed: numbers, texts, pointers into tables. */
import { binaryValue } from './condition.ts';
import { Obj, type Value } from './values.ts';

/** The element of a table, by the table and its position. */
export type Elements = (row: NonNullable<Obj['row']>, at: number) => Value;

/** What an operator makes of two values; undefined where that is not known. `&&` and `||` are not among them. */
export function combine(op: string, a: Value, b: Value, elements: Elements): Value {
  if (a instanceof Obj || b instanceof Obj) return pointers(op, a, b, elements);
  if (typeof a === 'string' && typeof b === 'string') {
    if (op === '+') return a + b;
    // Texts that C++ compares; two equal texts in C are a comparison of addresses that nobody writes.
    return op === '==' ? Number(a === b) : op === '!=' ? Number(a !== b) : undefined;
  }
  if (op === '==' || op === '!=') {
    if (typeof a === 'string' && b === 0) return Number(op === '!=');
    if (typeof b === 'string' && a === 0) return Number(op === '!=');
  }
  if (typeof a === 'string' && typeof b === 'number' && op === '+') return a.slice(b);
  if (typeof a !== 'number' || typeof b !== 'number') {
    // `x & 0`, `x * 0` and `0 >> x` need only one side.
    if ((op === '&' || op === '*') && (a === 0 || b === 0)) return 0;
    if ((op === '>>' || op === '<<' || op === '/' || op === '%') && a === 0) return 0;
    return undefined;
  }
  if (op === '/' && b !== 0 && !(Number.isInteger(a) && Number.isInteger(b))) return a / b;
  return binaryValue(op, a, () => b) ?? undefined;
}

function pointers(op: string, a: Value, b: Value, elements: Elements): Value {
  if (a instanceof Obj && b instanceof Obj) {
    if (op === '==') return Number(a.place === b.place);
    if (op === '!=') return Number(a.place !== b.place);
    if (a.row === null || a.row !== b.row) return undefined;
    return binaryValue(op, a.at, () => b.at) ?? undefined;
  }
  const o = a instanceof Obj ? a : b;
  const n = a instanceof Obj ? b : a;
  if (typeof n !== 'number' || !(o instanceof Obj)) return undefined;
  if (n === 0 && (op === '==' || op === '!=')) return Number(op === '!=');
  if (o.row === null || (op !== '+' && op !== '-')) return undefined;
  return elements(o.row, o.at + (op === '+' ? n : -n));
}
