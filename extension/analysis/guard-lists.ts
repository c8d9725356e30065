/** Lists of guards: what two ways share, and one entry for each gate. */
import type { Guard } from './guards.ts';

/** What two ways have in common: the same gates; a way is closed only if both are. */
export function join(a: readonly Guard[], b: readonly Guard[]): Guard[] {
  const aClosed = a.find((g) => g.holds === false);
  const bClosed = b.find((g) => g.holds === false);
  if (aClosed !== undefined && bClosed !== undefined) {
    const names = new Set(b.map((g) => g.name));
    const common = a.filter((g) => names.has(g.name));
    return common.some((g) => g.holds === false) ? common : [...common, aClosed];
  }
  const out: Guard[] = [];
  for (const g of a) {
    const other = b.find((h) => h.name === g.name);
    if (other === undefined) continue;
    out.push({
      ...g,
      holds:
        g.holds === true || other.holds === true
          ? true
          : g.holds === null || other.holds === null
            ? null
            : false,
    });
  }
  return out;
}

/** One entry a gate: the one that closes, else the one that is open. */
export function dedupe(list: readonly Guard[]): Guard[] {
  const out: Guard[] = [];
  for (const g of list) {
    const at = out.findIndex((h) => h.name === g.name && h.kind === g.kind);
    const old = out[at];
    if (old === undefined) out.push(g);
    else if (old.holds !== false && g.holds === false) out[at] = g;
    else if (old.holds === true && g.holds === null) out[at] = g;
  }
  return out;
}
