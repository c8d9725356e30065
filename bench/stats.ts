/** Order statistics for the benchmark tables. */

/** Lowest and highest. */
export function range(values: readonly number[]): [number, number] {
  return [Math.min(...values), Math.max(...values)];
}

/** Ranks from 1; equal values share the mean of theirs. */
function ranks(values: readonly number[]): number[] {
  const order = values.map((v, i) => ({ v, i })).sort((a, b) => a.v - b.v);
  const out = new Array<number>(values.length).fill(0);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && order[to]?.v === order[from]?.v) to++;
    for (let k = from; k < to; k++) out[order[k]?.i ?? 0] = (from + to + 1) / 2;
    from = to;
  }
  return out;
}

/** Spearman's rank correlation: Pearson's of the ranks, which is right with ties. NaN where one side does not vary. */
export function spearman(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (a.length + 1) / 2;
  const sum = (of: (i: number) => number): number => x.reduce((s, _, i) => s + of(i), 0);
  const [dx, dy] = [(i: number) => (x[i] ?? 0) - mean, (i: number) => (y[i] ?? 0) - mean];
  return sum((i) => dx(i) * dy(i)) / Math.sqrt(sum((i) => dx(i) ** 2) * sum((i) => dy(i) ** 2));
}
