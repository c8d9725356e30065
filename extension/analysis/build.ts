/** Everything that one build of the findings shares: the linked index and every question asked of it. */
import type { Evidence } from '../model.ts';
import { Classifier } from './classify.ts';
import { composeNames, optionsOf, spelled } from './compose.ts';
import { Configurations, type FileFlags } from './configurations.ts';
import { type CondScope, holds } from './condition.ts';
import { Defaults } from './defaults.ts';
import { EnvReads } from './env.ts';
import { Guards } from './guards.ts';
import { Index } from './index.ts';
import { Interpreter } from './interpret.ts';
import type { Outside } from './outside.ts';
import type { Func } from './ir.ts';
import { CallGraph, isSystemCall } from './call-graph.ts';
import { findEntries, namedEntries } from './entries.ts';
import { withProfiles } from './profiles.ts';
import { Temperatures } from './temperature.ts';
import { type Token, lineOf } from './tokens.ts';
import type { Workspace } from './workspace.ts';
import { Wrappers } from './wrappers.ts';

export interface Options {
  readonly defines: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly entries: readonly string[];
  /** Called often while findings are made; what it throws ends that. */
  readonly checkpoint?: () => void;
  /** Flags of each file from a compilation database. */
  readonly files?: FileFlags;
}

/** A macro body that nothing uses is lowered as a function of this name. */
export const isMacroBody = (f: Func | null): boolean => f?.name.startsWith('macro body ') === true;
export const displayName = (f: Func): string => (f.owner === null ? f.name : `${f.owner}::${f.name}`);

/**
 * A scope in which what a configure step has to be asked for (`ENABLE_...`, `..._DEBUG`) is off; what it finds out about
 * the system and what it may choose by itself stay open.
 */
function withoutSwitches(scope: CondScope, configured: ReadonlySet<string>): CondScope {
  const off = (name: string): boolean =>
    configured.has(name) && /(^|_)(ENABLED?|DISABLED?|DEBUG|WITH)(_|$)/.test(name);
  return {
    value: (name) => scope.value(name) ?? (off(name) ? 0 : null),
    defined: (name) => scope.defined(name) ?? (off(name) ? false : null),
  };
}

/** Everything one build of the findings shares. */
export class Build {
  readonly index: Index;
  readonly wrappers: Wrappers;
  readonly env: EnvReads;
  readonly temperatures: Temperatures;
  readonly guards: Guards;
  readonly classifier: Classifier;
  readonly configurations: Configurations;
  readonly unset: Interpreter;
  /** The given environment, with what the program's own profiles set under it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly defaults: Defaults;
  readonly entries: readonly string[];
  /** Names given as entry points that the project does not define. */
  readonly unknownEntries: readonly string[];

  constructor(
    readonly workspace: Workspace,
    readonly options: Options,
  ) {
    const { project } = workspace;
    for (const body of workspace.unusedBodies()) {
      const base = project.lowered.get(body.file);
      if (
        base !== undefined &&
        !base.functions.some((f) => isMacroBody(f) && f.start === body.functions[0]?.start)
      ) {
        project.lowered.set(body.file, { ...base, functions: [...base.functions, ...body.functions] });
      }
    }
    this.configurations = new Configurations(project, options.files ?? new Map(), options.defines);
    const common = this.configurations.common(false);
    this.index = new Index(
      project,
      (file, cond) => cond !== null && holds(cond, this.scopeOf(file)) === 0,
      options.checkpoint,
    );
    this.wrappers = new Wrappers(this.index, (file) => project.units.get(file)?.language === 'cpp');
    this.env = new EnvReads(this.index);
    const outside = (variables: Readonly<Record<string, string>>, values: CondScope): Outside => ({
      env: (name, caseless) =>
        variables[name] ??
        (caseless === true
          ? (Object.entries(variables).find(([n]) => n.toLowerCase() === name.toLowerCase())?.[1] ?? null)
          : null),
      macro: (name) =>
        options.defines[name] !== undefined || project.macros.has(name) || values.defined(name) === true
          ? (values.value(name) ?? undefined)
          : undefined,
      read: (call) => this.env.byCall.get(call),
      live: (cond, file) => holds(cond, this.scopeOf(file)),
    });
    this.unset = new Interpreter(this.index, outside({}, common));
    composeNames(this.env, this.index, this.unset);
    const stripped = withoutSwitches(common, project.configured);
    this.defaults = new Defaults(
      this.index,
      this.unset,
      new Interpreter(this.index, {
        ...outside({}, stripped),
        live: (cond) => holds(cond, stripped),
      }),
    );
    this.environment = spelled(
      this.env,
      withProfiles(this.index, options.env, (variables) => outside(variables, common)),
    );
    const machine = new Interpreter(this.index, outside(this.environment, common), optionsOf(this.env));
    const graph = new CallGraph(this.index, project);
    const given = options.entries.length > 0;
    const entries = given
      ? namedEntries(this.index, graph, project, options.entries)
      : findEntries(this.index, project, graph);
    this.entries = [...new Set(given ? options.entries : entries.map((e) => e.name))];
    this.unknownEntries = given ? this.entries.filter((name) => !entries.some((e) => e.name === name)) : [];
    this.temperatures = new Temperatures(this.index, graph, entries);
    const entryFunctions = new Set(entries.map((e) => e.func));
    this.guards = new Guards(
      project,
      this.index,
      this.env,
      machine,
      (file) => this.scopeOf(file),
      this.temperatures.callersOf,
      (f) =>
        entryFunctions.has(f) ||
        isSystemCall(f.name) ||
        (f.owner !== null && this.temperatures.addressTaken.has(f)) ||
        f.attributes.has('constructor') ||
        f.attributes.has('destructor'),
      (f) => this.temperatures.addressTaken.has(f),
    );
    this.classifier = new Classifier(this.index, this.wrappers, this.temperatures, this.env);
  }

  /** Takes in a function of a newer text; `old` is the one in whose place it stands, null for a new one. */
  adopt(f: Func, old: Func | null): void {
    this.index.adopt(f);
    this.wrappers.adopt(f, this.workspace.project.units.get(f.file)?.language === 'cpp');
    if (old === null) return;
    this.guards.adopt(f, old);
    this.temperatures.adopt(f, old);
  }

  scopeOf(file: string): CondScope {
    return this.configurations.of(file);
  }

  position(file: string, offset: number): { line: number; column: number } {
    const lines = this.workspace.project.units.get(file)?.source.lines ?? new Uint32Array(1);
    const line = lineOf(lines, offset);
    return { line: line + 1, column: offset - (lines[line] ?? 0) + 1 };
  }

  /** The trimmed source line around an offset. */
  lineText(file: string, offset: number): string {
    const source = this.workspace.project.units.get(file)?.source;
    if (source === undefined) return '';
    const line = lineOf(source.lines, offset);
    const text = source.text
      .slice(source.lines[line] ?? 0, source.lines[line + 1] ?? source.text.length)
      .trim();
    return text.length > 200 ? `${text.slice(0, 199)}…` : text;
  }

  evidence(file: string, token: Token, reason: string): Evidence {
    return { file, ...this.position(file, token.start), text: this.lineText(file, token.start), reason };
  }

  listed(file: string): boolean {
    return this.workspace.project.units.get(file)?.listed === true;
  }
}
