/** A target of the workspace: built, then its library preloaded under our benchmark programs, or its own program run. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { WorkspaceTarget } from '../model-profile.ts';
import {
  type BenchRequest,
  type BenchResult,
  type PreparedTarget,
  type RunHooks,
  type Target,
  UserError,
} from '../model.ts';
import { withSourceMap } from '../profile/path-map.ts';
import { type BuildReport, type ExactCommand, planBuild, runBuild, variablesOf } from './build.ts';
import { definesMalloc, loadedHash } from './elf.ts';
import { type OwnProgram, requireOwnWork, runOwnProgram } from './own-program.ts';
import {
  flagsRefusal,
  substituteCommand,
  substituteEnvironment,
  substitutePath,
  type Variables,
} from './substitute.ts';
import { NativeTarget, type NativeTargetOptions } from './target.ts';

export interface ConfiguredTargetOptions
  extends Pick<NativeTargetOptions, 'cacheDir' | 'harness' | 'compiler'> {
  readonly target: WorkspaceTarget;
  /** Asked with everything that would run, before it runs; rejects when it must not. */
  readonly approve?: (commands: readonly ExactCommand[]) => Promise<void>;
  /** Null when a build begins, its report when it has ended. */
  readonly onBuild?: (report: BuildReport | null) => void;
  /** Lines of builds. */
  readonly onLine?: (line: string) => void;
}

type Flags = BenchRequest['flags'];

const quoted = (text: string): string => JSON.stringify(text);

export class ConfiguredTarget implements Target {
  readonly name: string;
  readonly variants: readonly string[] = ['native'];
  declare readonly noFlags?: string;
  readonly #options: ConfiguredTargetOptions;

  constructor(options: ConfiguredTargetOptions) {
    this.name = options.target.config.name;
    const refusal = flagsRefusal(options.target);
    if (refusal !== null) this.noFlags = refusal;
    this.#options = options;
  }

  /**
   * Everything that a run with these flags starts, in order.
   *
   * @throws UserError for what must not come near a shell, and for flags that this target has not
   */
  commands(flags: Flags): readonly ExactCommand[] {
    const { target } = this.#options;
    const variables = variablesOf(target, flags);
    const build = planBuild(target, flags)?.commands ?? [];
    const own = this.#ownProgram(variables);
    if (own !== null) return [...build, own];
    const cwd = target.folder;
    const env = { ...this.#environment(variables), LD_PRELOAD: this.#library(variables) };
    return [...build, { command: ['alloc-lens-harness'], cwd, env }];
  }

  #environment(variables: Variables): Record<string, string> {
    const { name, env } = this.#options.target.config;
    return substituteEnvironment(env, variables, `target '${name}': env`);
  }

  #library(variables: Variables): string {
    const { name, preload } = this.#options.target.config;
    return substitutePath(preload ?? '', variables, `target '${name}': preload`);
  }

  #ownProgram(variables: Variables): OwnProgram | null {
    const { name, run, cwd } = this.#options.target.config;
    if (run === null) return null;
    const place = `target '${name}'`;
    return {
      name,
      command: substituteCommand(run.command, variables, `${place}: run.command`),
      cwd: substitutePath(cwd ?? '.', variables, `${place}: cwd`),
      env: this.#environment(variables),
      throughput: run.throughput,
    };
  }

  async #build(flags: Flags, hooks: RunHooks): Promise<void> {
    const { target, onBuild, onLine } = this.#options;
    const plan = planBuild(target, flags);
    if (plan === null) return;
    hooks.onProgress?.({ message: `${this.name}: building`, fraction: 0 });
    onBuild?.(null);
    const report = await runBuild(plan, this.name, {
      signal: hooks.signal,
      ...(onLine === undefined ? {} : { onLine }),
    });
    onBuild?.(report);
    if (report.failure === null) return;
    throw new UserError(`building ${this.name} failed with ${report.failure}`, 3);
  }

  /** The library, checked: it is there, and it can answer for malloc. */
  async #checkedLibrary(variables: Variables): Promise<string> {
    const file = this.#library(variables);
    const isFile = await stat(file).then(
      (s) => s.isFile(),
      () => false,
    );
    const { build } = this.#options.target.config;
    if (!isFile) {
      throw new UserError(
        build === null
          ? `${this.name}: ${quoted(file)} does not exist: build the library first, or give the target a build command`
          : `${this.name}: the build succeeded and ${quoted(file)} does not exist: correct preload`,
      );
    }
    if (!(await definesMalloc(file))) {
      throw new UserError(
        `${this.name}: ${quoted(file)} is no shared object that defines malloc and free: nothing of it would run`,
      );
    }
    return file;
  }

  /** Asks, builds, and looks at what came of it. */
  async prepare(request: BenchRequest, hooks: RunHooks): Promise<PreparedTarget> {
    const { target, approve } = this.#options;
    const { flags } = request;
    const variables = variablesOf(target, flags);
    await approve?.(this.commands(flags));
    await this.#build(flags, hooks);
    const own = this.#environment(variables);
    const environment = (env: BenchRequest['env']) => ({ preset: null, env: { ...own, ...env }, flags });
    const program = this.#ownProgram(variables);
    if (program !== null) {
      return {
        code: null,
        ownProgram: true,
        run: async (asked, runHooks): Promise<BenchResult> => {
          requireOwnWork(asked, this.name);
          return { ...(await runOwnProgram(program, asked, runHooks)), environment: environment(asked.env) };
        },
      };
    }
    const file = await this.#checkedLibrary(variables);
    const { cacheDir, harness, compiler } = this.#options;
    const native = new NativeTarget({
      ...{ name: this.name, preload: file, cacheDir, harness },
      ...(compiler === undefined ? {} : { compiler }),
    });
    const loaded = await loadedHash(file);
    const said = JSON.stringify([loaded, Object.entries(own).sort()]);
    return {
      code: loaded === null ? null : createHash('sha256').update(said).digest('hex'),
      ownProgram: false,
      run: async (asked, runHooks): Promise<BenchResult> => {
        const result = await native.run({ ...asked, flags: {}, env: { ...own, ...asked.env } }, runHooks);
        const { sourceMap } = target.config;
        const profile =
          result.profile === null ? null : withSourceMap(result.profile, sourceMap, target.folder);
        return { ...result, profile, environment: environment(asked.env) };
      },
      systemCallsPerOp: (asked, runHooks) =>
        native.systemCallsPerOp({ ...asked, flags: {}, env: { ...own, ...asked.env } }, runHooks),
    };
  }

  /** Null for a program of the user's own: its operations are not ours to count. */
  async systemCallsPerOp(request: BenchRequest, hooks: RunHooks): Promise<number | null> {
    const prepared = await this.prepare(request, hooks);
    return (await prepared.systemCallsPerOp?.(request, hooks)) ?? null;
  }

  /** As `NativeTarget`, or as the program says; builds before. */
  async run(request: BenchRequest, hooks: RunHooks): Promise<BenchResult> {
    if (this.#options.target.config.run !== null) requireOwnWork(request, this.name);
    const prepared = await this.prepare(request, hooks);
    return prepared.run(request, hooks);
  }
}
