/** Interleaved rounds of fresh processes: every arm's figures of a work, disturbed runs repeated and marked. */
import type { BenchResult } from '../extension/model.ts';
import { type Arm, isParallel, type RequestOptions, requestOf, type Work } from './arms/arm.ts';
import { othersBetween, parallelLimit, readCpu, singleLimit, waitForQuiet } from './quiet.ts';

/** One fresh process. */
export interface Sample {
  /** Operations per second: median pass, first pass. */
  readonly median: number;
  readonly first: number;
  readonly peakBytes: number | null;
  readonly latency: BenchResult['latency'];
  /** Cores that others kept busy meanwhile; more than the work allows makes it disturbed. */
  readonly others: number;
  readonly disturbed: boolean;
}

/** Samples of an arm by round; undefined where it failed. */
export type Samples = (Sample | undefined)[];
/** Work's name -> arm's label -> samples. */
export type Table = Map<string, Map<string, Samples>>;

export interface MeasureOptions extends RequestOptions {
  readonly rounds: number;
  /** Longest wait for a quiet machine before a parallel run, seconds; 0 does not wait. */
  readonly patience: number;
  readonly log: (line: string) => void;
}

const mostTries = 3;
/** Seconds to wait once a whole wait was in vain. */
const shortPatience = 10;

export class Measurement {
  readonly table: Table = new Map();
  /** Engine module's SHA-256 by arm. */
  readonly modules = new Map<string, string>();
  readonly #failures: string[] = [];
  #quiet = true;

  get failures(): readonly string[] {
    return this.#failures;
  }

  /** All rounds of one work; the order of the arms is reversed every other round. */
  async work(work: Work, arms: readonly Arm[], options: MeasureOptions): Promise<Map<string, Samples>> {
    const able = arms.filter((a) => a.can(work));
    const rows = new Map<string, Samples>(able.map((a) => [a.label, []]));
    const broken = new Set<string>();
    const hashes = new Map<string, string>();
    for (let round = 0; round < options.rounds; round++) {
      for (const arm of round % 2 === 0 ? able : [...able].reverse()) {
        if (broken.has(arm.label)) continue;
        try {
          const { sample, result } = await this.#sample(work, arm, options);
          const row = rows.get(arm.label);
          if (row !== undefined) row[round] = sample;
          if (result.hash.length > 0) hashes.set(arm.label, result.hash.join(' '));
          if (arm.family === 'engine' && result.moduleSha256 !== null) {
            this.modules.set(arm.label, result.moduleSha256);
          }
        } catch (error) {
          broken.add(arm.label);
          this.#fail(
            `${arm.label}, ${work.name}: ${error instanceof Error ? error.message : String(error)}`,
            options,
          );
        }
      }
    }
    if (new Set(hashes.values()).size > 1) {
      const all = [...hashes].map(([label, hash]) => `${label} ${hash}`).join(', ');
      this.#fail(`${work.name}: the arms did different operations: ${all}`, options);
    }
    this.table.set(work.name, rows);
    return rows;
  }

  #fail(line: string, options: MeasureOptions): void {
    this.#failures.push(line);
    options.log(`FAILED ${line}`);
  }

  async #sample(
    work: Work,
    arm: Arm,
    options: MeasureOptions,
  ): Promise<{ sample: Sample; result: BenchResult }> {
    const limit = isParallel(work) ? parallelLimit : singleLimit;
    let best: { sample: Sample; result: BenchResult } | null = null;
    for (let attempt = 0; attempt < (options.patience > 0 ? mostTries : 1); attempt++) {
      if (isParallel(work) && options.patience > 0) {
        // A machine that was not quiet in all that time will not be for the next run either.
        this.#quiet = await waitForQuiet(this.#quiet ? options.patience : shortPatience, options.log);
      }
      const before = readCpu();
      const result = await arm.run(requestOf(work, options));
      const after = readCpu();
      const others = before === null || after === null ? 0 : othersBetween(before, after);
      const sample: Sample = {
        ...{ median: result.median, first: result.firstOpsPerSecond, latency: result.latency, others },
        ...{ peakBytes: result.memory.peakBytes, disturbed: others > limit },
      };
      if (best === null || others < best.sample.others) best = { sample, result };
      if (!best.sample.disturbed) break;
    }
    if (best === null) throw new Error('no attempt was made');
    return best;
  }
}
