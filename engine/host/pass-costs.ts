/** What passes cost the system: page faults, and what the engine's heap would have asked it for. */
import type { EngineInstance } from './instantiate.ts';
import { SystemCalls } from './system-calls.ts';

function faults(): number {
  const { minorPageFault, majorPageFault } = process.resourceUsage();
  return minorPageFault + majorPageFault;
}

/** Made before the first pass; `look` after each. */
export class PassCosts {
  readonly #calls: SystemCalls;
  readonly #callsBefore: number;
  readonly #faultsBefore: number;
  #faults = 0;

  constructor(engine: EngineInstance) {
    this.#calls = new SystemCalls(engine, false);
    this.#callsBefore = this.#calls.total();
    this.#faultsBefore = faults();
  }

  look(): void {
    this.#calls.look();
    this.#faults = faults() - this.#faultsBefore;
  }

  /** Of all passes so far. */
  sums(): { readonly pageFaults: number; readonly systemCalls: number } {
    return { pageFaults: this.#faults, systemCalls: this.#calls.total() - this.#callsBefore };
  }
}
