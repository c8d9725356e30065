/** An allocator by its name, looked up among the installed ones when it has to run. */
import {
  type BenchRequest,
  type BenchResult,
  type PreparedTarget,
  type RunHooks,
  type Target,
  UserError,
} from '../model.ts';
import { allocatorNamed, discoverAllocators, type InstalledAllocator } from './discover.ts';
import { NativeTarget, type NativeTargetOptions } from './target.ts';

export interface InstalledTargetOptions extends Pick<NativeTargetOptions, 'name' | 'cacheDir' | 'harness'> {
  /** Default: the loader's cache. */
  readonly discover?: () => Promise<readonly InstalledAllocator[]>;
}

export class InstalledTarget implements Target {
  readonly name: string;
  readonly variants: readonly string[] = ['native'];
  readonly noFlags = 'native libraries are run as they were built';
  readonly #options: InstalledTargetOptions;

  constructor(options: InstalledTargetOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** Rejects with `UserError` naming what is installed when this one is not; otherwise as `NativeTarget`. */
  async run(request: BenchRequest, hooks: RunHooks): Promise<BenchResult> {
    return (await this.#found()).run(request, hooks);
  }

  async systemCallsPerOp(request: BenchRequest, hooks: RunHooks): Promise<number | null> {
    return (await this.#found()).systemCallsPerOp(request, hooks);
  }

  /** Looks it up once for all runs. */
  async prepare(): Promise<PreparedTarget> {
    return (await this.#found()).prepare();
  }

  async #found(): Promise<NativeTarget> {
    const { discover, ...options } = this.#options;
    const installed = await (discover ?? discoverAllocators)();
    const found = allocatorNamed(installed, this.name);
    if (found === undefined) {
      const there =
        installed.length === 0 ? 'none is' : `installed: ${installed.map((a) => a.name).join(', ')}`;
      throw new UserError(`${this.name} is not installed (${there}): install it, or give a library's path`);
    }
    return new NativeTarget({ ...options, preload: found.path });
  }
}
