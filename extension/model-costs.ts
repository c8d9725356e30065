/** Measured costs in the data model. Plain serialisable types. */
import type { MachineState } from './model-experiment.ts';

export type CostName =
  | 'relaxed add'
  | 'seq_cst add'
  | 'acquire load'
  | 'compare and swap'
  | 'thread-local read'
  | 'environment-gate branch'
  | 'header check'
  | 'wrapper call';

/** What one more of something costs on a malloc hot path, nanoseconds an operation. */
export interface Cost {
  readonly name: CostName;
  readonly contended: boolean;
  readonly ns: number;
  readonly interval: readonly [number, number];
  /** Percent of a malloc and free pair. */
  readonly percent: number;
}

/** What `alloc-lens calibrate` prints. */
export interface CostTable {
  readonly schemaVersion: 1;
  /** `C, gcc 12.2.0` or `wasm, seq_cst`. */
  readonly source: string;
  readonly host: string;
  readonly costs: readonly Cost[];
  /** Nanoseconds of a malloc and free pair in the loop that the items stood in. */
  readonly pairNs?: number;
  /** Fresh processes that the intervals are over. */
  readonly units?: number;
  /** What the figures have to be read with, a sentence each. */
  readonly warnings?: readonly string[];
  readonly machine: MachineState;
  readonly at: string;
}
