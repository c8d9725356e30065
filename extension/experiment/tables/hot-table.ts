/** Functions by self time as the documents list them: linker's suffixes stripped, each with its category. */
import type { HotTableRow } from '../../model-experiment.ts';
import type { FunctionCategory } from '../../model.ts';
import { categoryOfBox } from '../../profile/category.ts';

const suffix = /\.(?:lto_priv|constprop|part|isra|cold)(?:\.\d+)?$/;

/** `hak_super_lookup.part.0.lto_priv.4.lto_priv.0` is `hak_super_lookup`; ` (kernel)` and ` (libc)` go as well. */
export function plainName(symbol: string): string {
  let name = symbol.trim().replace(/ \((?:kernel|libc)\)$/, '');
  while (suffix.test(name)) name = name.replace(suffix, '');
  return name;
}

function categoryOf(symbol: string): FunctionCategory {
  return / \(kernel\)$/.test(symbol.trim()) ? 'kernel' : categoryOfBox(plainName(symbol));
}

/** In falling share; parts of one function that a compiler split are one row. */
export function hotTable(
  functions: readonly { readonly name: string; readonly selfPercent: number }[],
): HotTableRow[] {
  const rows = new Map<string, { selfPercent: number; category: FunctionCategory }>();
  for (const f of functions) {
    const name = plainName(f.name);
    const selfPercent = (rows.get(name)?.selfPercent ?? 0) + f.selfPercent;
    rows.set(name, { selfPercent, category: categoryOf(f.name) });
  }
  return [...rows]
    .sort(([, a], [, b]) => b.selfPercent - a.selfPercent)
    .map(([name, row], i) => ({ rank: i + 1, name, ...row }));
}

/** Percent of self time by category; what no function of the list has is missing from the sum. */
export function shareByCategory(
  rows: readonly Pick<HotTableRow, 'selfPercent' | 'category'>[],
): ReadonlyMap<FunctionCategory, number> {
  const out = new Map<FunctionCategory, number>();
  for (const { category, selfPercent } of rows) out.set(category, (out.get(category) ?? 0) + selfPercent);
  return out;
}
