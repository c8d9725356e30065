/**
 * Raw times of a cost calibration, from whoever measures (C compiled here, or the engine), for the statistics of
 * extension/experiment/costs.ts. Nanoseconds of whole batches; nothing is averaged yet.
 */
import type { RunHooks } from '../model.ts';
import type { CostName } from '../model-costs.ts';

/** In the order of a table: what a hot path has most of first. */
export const costNames: readonly CostName[] = [
  'relaxed add',
  'seq_cst add',
  'acquire load',
  'compare and swap',
  'thread-local read',
  'environment-gate branch',
  'header check',
  'wrapper call',
];

/** Batches in the order base, item, item, base, all of the same operations on the same seed. */
export type CostBlock = readonly [number, number, number, number];

/** One item, so many times in malloc and as often in free, against the same loop without it. */
export interface CostRow {
  readonly name: CostName;
  readonly count: number;
  /** Another thread wrote to the item's cache lines all the time. */
  readonly contended: boolean;
  /** Of each batch; an operation is a malloc or a free. */
  readonly operations: number;
  readonly blocks: readonly CostBlock[];
}

/** One fresh process: the unit of replication. */
export interface CostUnit {
  /** Of the code in it; what other places cost is part of the interval. */
  readonly layout: string;
  /** Nanoseconds that the clock steps by. */
  readonly clockNs: number;
  /** Null where the processes were not pinned. */
  readonly pinned: readonly number[] | null;
  readonly rows: readonly CostRow[];
}

export interface CostMeasurement {
  /** `C, gcc 12.2.0` or `wasm, seq_cst`. */
  readonly source: string;
  /** V8's flags; empty for C. */
  readonly flags: readonly string[];
  readonly units: readonly CostUnit[];
  /** What a reader has to know of this measurement, a sentence each. */
  readonly notes: readonly string[];
}

/** Measures; native code and the engine implement it. Rejects with `UserError` or an AbortError. */
export interface CostRunner {
  /** Why it cannot measure here (one sentence), null when it can. */
  unavailable(signal: AbortSignal | undefined): Promise<string | null>;
  /** @param seconds of measuring in all, besides what compiling and starting take */
  measure(seconds: number, hooks: RunHooks): Promise<CostMeasurement>;
}

const knownNames: ReadonlySet<string> = new Set(costNames);

function blockOf(value: unknown): CostBlock | null {
  if (!Array.isArray(value) || value.length !== 4) return null;
  const all: unknown[] = value;
  if (!all.every((v) => typeof v === 'number' && Number.isFinite(v) && v > 0)) return null;
  return all as unknown as CostBlock;
}

/** A row that came from another process, checked; null when it is none. */
export function costRow(value: unknown): CostRow | null {
  if (typeof value !== 'object' || value === null) return null;
  const row = value as Partial<Record<keyof CostRow, unknown>>;
  const { name, count, contended, operations, blocks } = row;
  if (typeof name !== 'string' || !knownNames.has(name)) return null;
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 1 || count > 64) return null;
  if (typeof operations !== 'number' || !(operations >= 1) || !Number.isFinite(operations)) return null;
  if (typeof contended !== 'boolean' || !Array.isArray(blocks) || blocks.length === 0) return null;
  const checked = (blocks as unknown[]).map(blockOf);
  if (checked.includes(null)) return null;
  return {
    ...{ name: name as CostName, count, contended, operations },
    blocks: checked.filter((b): b is CostBlock => b !== null),
  };
}
