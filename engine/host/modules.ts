/** From a requested variant, flags and gates to the module file that answers the request. */
import path from 'node:path';
import { UserError } from '../../extension/model.ts';
import { compileSettings } from './flavours.ts';
import type { Manifest } from './manifest.ts';
import type { CompileJob, JobResult } from './protocol.ts';
import { envGates, flagsOf, readsEnvironment, type Variant, variants } from './variants.ts';

export interface ResolvedModule {
  readonly file: string;
  readonly sha256: string;
}

function checkGates(
  env: Readonly<Record<string, string>>,
  variant: string,
  flags: Readonly<Record<string, number>>,
): void {
  for (const name of Object.keys(env)) {
    if (!envGates.includes(name)) {
      throw new UserError(`unknown environment gate ${name}: the engine reads ${envGates.join(', ')}`);
    }
    if (!readsEnvironment(flags)) {
      throw new UserError(
        `${variant} has its gates fixed at compile time, so ${name} has no effect: use --variant standard`,
      );
    }
  }
}

/** `counted` is `fast`, instrumented by the runner. */
export function moduleVariant(variant: string): string {
  return variant === 'counted' ? 'fast' : variant;
}

/** Finds modules, and compiles those that were not shipped (kept in dist/engine-cache until the sources change). */
export class Modules {
  readonly #distDir: string;
  readonly #run: (job: CompileJob) => Promise<JobResult>;

  /** `run` runs a job in a child process. */
  constructor(distDir: string, run: (job: CompileJob) => Promise<JobResult>) {
    this.#distDir = distDir;
    this.#run = run;
  }

  /** Throws `UserError` for unknown variants, flags and gates, and when a combination cannot be compiled here. */
  async resolve(
    manifest: Manifest,
    variantName: string,
    flagTexts: Readonly<Record<string, string>>,
    env: Readonly<Record<string, string>>,
  ): Promise<ResolvedModule> {
    const name = moduleVariant(variantName);
    const variant = variants.find((v) => v.name === name);
    const entry = manifest.modules.find((m) => m.variant === name);
    if (variant === undefined || entry === undefined) {
      const known = [...manifest.modules.map((m) => m.variant), 'counted'];
      throw new UserError(`unknown variant ${variantName}: the engine has ${known.join(', ')}`);
    }
    const flags = flagsOf(variant, compileSettings(flagTexts));
    checkGates(env, variantName, flags);
    if (Object.entries(flags).every(([k, v]) => entry.flags[k] === v)) {
      return { file: path.join(this.#distDir, 'engine', entry.file), sha256: entry.sha256 };
    }
    return this.#compile(variant, flags);
  }

  async #compile(variant: Variant, flags: Readonly<Record<string, number>>): Promise<ResolvedModule> {
    const result = await this.#run({
      kind: 'compile',
      root: path.resolve(this.#distDir, '..'),
      folder: path.join(this.#distDir, 'engine-cache'),
      keepCalls: variant.keepCalls,
      flags,
    });
    if (result.kind !== 'compile') throw new Error('the child answered another question');
    return { file: result.file, sha256: result.sha256 };
  }
}
