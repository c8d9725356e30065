/** Where compile gates are tested in a text. Pure. */
import type { Gate } from '../model.ts';

export interface GateUse {
  readonly gate: Gate;
  /** 0-based, as in a document. */
  readonly start: number;
  readonly end: number;
}

const condition = /^\s*#\s*(?:if|ifdef|ifndef|elif|elifdef|elifndef)\b/;
const identifier = /[A-Za-z_]\w*/g;

/** Compile gates by name: what `gateUsesIn` looks for. */
export const compileGates = (gates: readonly Gate[]): ReadonlyMap<string, Gate> =>
  new Map(gates.flatMap((g) => (g.kind === 'compile' && g.name !== null ? [[g.name, g] as const] : [])));

/** Gates named in a preprocessor condition on this line. */
export function gateUsesIn(lineText: string, gates: ReadonlyMap<string, Gate>): GateUse[] {
  if (gates.size === 0 || !condition.test(lineText)) return [];
  return [...lineText.matchAll(identifier)].flatMap((m) => {
    const gate = gates.get(m[0]);
    return gate === undefined ? [] : [{ gate, start: m.index, end: m.index + m[0].length }];
  });
}
