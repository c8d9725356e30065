/** From a requested variant, flags and gates to the module file that answers the request. */
import path from 'node:path';
import { UserError } from '../../extension/model.ts';
import { canCompile } from './compile.ts';
import { compileSettings } from './flavours.ts';
import { flippedModule } from './flips.ts';
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

/**
 * Finds modules. Where there is a compiler it compiles those that were not built; elsewhere it takes those with a changed
 * flag from the archive that was shipped. Both are kept in a folder until the sources change.
 */
export class Modules {
  readonly #distDir: string;
  readonly #folder: string;
  readonly #run: (job: CompileJob) => Promise<JobResult>;

  /** `run` runs a job in a child process; `folder` keeps modules, without it dist/engine-cache. */
  constructor(distDir: string, run: (job: CompileJob) => Promise<JobResult>, folder?: string) {
    this.#distDir = distDir;
    this.#folder = folder ?? path.join(distDir, 'engine-cache');
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
    const root = path.resolve(this.#distDir, '..');
    const shipped = canCompile(root)
      ? null
      : await flippedModule(this.#distDir, manifest.inputs, this.#folder, variant, flags);
    return shipped ?? this.#compile(root, variant, flags);
  }

  async #compile(
    root: string,
    variant: Variant,
    flags: Readonly<Record<string, number>>,
  ): Promise<ResolvedModule> {
    const result = await this.#run({
      ...{ kind: 'compile', root, folder: this.#folder },
      keepCalls: variant.keepCalls,
      flags,
    });
    if (result.kind !== 'compile') throw new Error('the child answered another question');
    return { file: result.file, sha256: result.sha256 };
  }
}
