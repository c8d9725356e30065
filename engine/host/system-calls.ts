/** What an engine's heap would have asked a system for: growth of its memory, and pages given back. */
import type { EngineInstance } from './instantiate.ts';

/** Cells of engine/allocator/stats.ts: g_ss_os_alloc_calls, g_ss_os_madvise_calls. */
const allocCalls = 263;
const madviseCalls = 264;
/** The memory grows by this many bytes at least (engine/allocator/ss_os_acquire_box.ts), but for its very end. */
const stepBytes = 4 * 2 ** 20;

/**
 * Counted where the calls are made when the module was built with HAKMEM_SS_OS_STATS_COMPILED. Otherwise by what `look`
 * sees from outside: growth as the most calls that it can have taken, a call for every step, and a call for every look
 * that finds another number of pages given back than the look before. What was given back and taken again between two
 * looks is not seen.
 */
export class SystemCalls {
  readonly #engine: EngineInstance;
  readonly #counted: boolean;
  #seen = 0;
  #bytes: number;
  #decommitted: number;

  constructor(engine: EngineInstance, counted: boolean) {
    this.#engine = engine;
    this.#counted = counted;
    this.#bytes = engine.memory.buffer.byteLength;
    this.#decommitted = engine.exports.engine_decommitted_pages();
  }

  look(): void {
    if (this.#counted) return;
    const { exports, memory } = this.#engine;
    const bytes = memory.buffer.byteLength;
    if (bytes !== this.#bytes) {
      this.#seen += Math.ceil((bytes - this.#bytes) / stepBytes);
      this.#bytes = bytes;
    }
    const decommitted = exports.engine_decommitted_pages();
    if (decommitted !== this.#decommitted) {
      this.#seen++;
      this.#decommitted = decommitted;
    }
  }

  /** Since the heap's beginning. */
  total(): number {
    if (!this.#counted) return this.#seen;
    const { exports } = this.#engine;
    return (exports.stat_read(allocCalls) >>> 0) + (exports.stat_read(madviseCalls) >>> 0);
  }
}
