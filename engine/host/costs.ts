/** The engine's side of cost calibration, where no C compiler is: one child process for each unit. */
import path from 'node:path';
import { type RunHooks, UserError } from '../../extension/model.ts';
import {
  type CostMeasurement,
  type CostRunner,
  type CostUnit,
  costRow,
} from '../../extension/profile/cost-measurement.ts';
import { type ChildOptions, probeFlags, runJob } from './child.ts';
import { readManifest } from './manifest.ts';

export interface EngineCostsOptions {
  readonly distDir: string;
  /** Default: the running executable. */
  readonly nodePath?: string;
  readonly extraEnv?: Readonly<Record<string, string>>;
  /** Nanoseconds of a batch; default 1 ms. Tests take less. */
  readonly batchNs?: number;
  /** Fresh processes; default 12. */
  readonly units?: number;
}

const defaultUnits = 12;

/** Measures in WebAssembly. */
export class EngineCosts implements CostRunner {
  readonly #options: EngineCostsOptions;

  constructor(options: EngineCostsOptions) {
    this.#options = options;
  }

  async unavailable(): Promise<string | null> {
    return null;
  }

  async measure(seconds: number, hooks: RunHooks): Promise<CostMeasurement> {
    const { distDir } = this.#options;
    const module = path.join(distDir, 'engine', readManifest(distDir).costs.file);
    const base: Omit<ChildOptions, 'nodeFlags'> = {
      distDir,
      nodePath: this.#options.nodePath ?? process.execPath,
      extraEnv: this.#options.extraEnv ?? {},
    };
    const flags = await probeFlags(base);
    const count = this.#options.units ?? defaultUnits * Math.max(1, Math.round(seconds / 60));
    const units: CostUnit[] = [];
    for (let i = 0; i < count; i++) {
      hooks.onProgress?.({
        message: `costs on the engine: process ${i + 1} of ${count}`,
        fraction: i / count,
      });
      const result = await runJob(
        {
          ...{ kind: 'costs', module, seed: 12345 + i * 7919 },
          milliseconds: Math.max(1, Math.round((seconds * 1000) / count)),
          batchNs: this.#options.batchNs ?? 1_000_000,
        },
        { ...base, nodeFlags: flags },
        { onProgress: () => {}, signal: hooks.signal },
      );
      if (result.kind !== 'costs') throw new Error('the child answered another question');
      if (result.unit.rows.some((row) => costRow(row) === null)) {
        throw new UserError('the cost module gave times that cannot be: run it again', 3);
      }
      units.push(result.unit);
    }
    hooks.onProgress?.({ message: 'done', fraction: 1 });
    const alone = units.every((u) => u.rows.every((r) => !r.contended));
    return {
      source: 'wasm, seq_cst',
      flags,
      units,
      notes: [
        'Atomics of WebAssembly are all sequentially consistent: a relaxed add would cost what the seq_cst add does, so it has no row.',
        ...(alone ? ['Contended costs were not measured: only one core may be used.'] : []),
      ],
    };
  }
}
