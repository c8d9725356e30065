/** The machine that costs are measured on, by name. */
import os from 'node:os';

export interface CostHost {
  readonly name: string;
  readonly cpu: string;
  readonly cores: number;
}

/** What tells one machine from another where they share a home folder. */
export function thisHost(): CostHost {
  return {
    name: os.hostname(),
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
  };
}
