/** Everything that one build of the findings shares: the linked index and every question asked of it. */
import type { Evidence } from '../model.ts';
import { Classifier } from './classify.ts';
import { type CondScope, holds } from './condition.ts';
import { EnvReads } from './env.ts';
import { Guards } from './guards.ts';
import { Index } from './index.ts';
import type { Outside } from './frame.ts';
import { Interpreter } from './interpret.ts';
import type { Func } from './ir.ts';
import type { MacroDef } from './macros.ts';
import { configuredScope } from './scope.ts';
import { Temperatures, findEntries, isSystemCall } from './temperature.ts';
import { type Token, lineOf } from './tokens.ts';
import type { Workspace } from './workspace.ts';
import { Wrappers } from './wrappers.ts';

export interface Options {
  readonly defines: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly entries: readonly string[];
}

/** A macro body that nothing uses is lowered as a function of this name. */
export const isMacroBody = (f: Func | null): boolean => f?.name.startsWith('macro body ') === true;
export const displayName = (f: Func): string => (f.owner === null ? f.name : `${f.owner}::${f.name}`);

/** Everything one build of the findings shares. */
export class Build {
  readonly index: Index;
  readonly wrappers: Wrappers;
  readonly env: EnvReads;
  readonly temperatures: Temperatures;
  readonly guards: Guards;
  readonly classifier: Classifier;
  readonly scopes: Record<'c' | 'cpp', CondScope>;
  readonly unset: Interpreter;
  readonly entries: readonly string[];

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
    const scope = (cpp: boolean, defines: Readonly<Record<string, string>>): CondScope =>
      configuredScope({
        cpp,
        defines,
        macros: project.nativeMacros as ReadonlyMap<string, readonly MacroDef[]>,
        configured: project.configured,
      });
    this.scopes = { c: scope(false, options.defines), cpp: scope(true, options.defines) };
    this.index = new Index(project, (file, cond) => cond !== null && holds(cond, this.scopeOf(file)) === 0);
    this.wrappers = new Wrappers(this.index, (file) => project.units.get(file)?.language === 'cpp');
    const plain = scope(false, {});
    this.env = new EnvReads(this.index);
    const outside = (variables: Readonly<Record<string, string>>, values: CondScope): Outside => ({
      env: (name) => variables[name] ?? null,
      macro: (name) =>
        options.defines[name] !== undefined || project.macros.has(name)
          ? (values.value(name) ?? undefined)
          : undefined,
      read: (call) => this.env.byCall.get(call),
      live: (cond, file) => holds(cond, this.scopeOf(file)),
    });
    this.unset = new Interpreter(this.index, outside({}, plain));
    const machine = new Interpreter(this.index, outside(options.env, this.scopes.c));
    this.entries =
      options.entries.length > 0 ? [...new Set([...options.entries])] : findEntries(this.index, project);
    this.temperatures = new Temperatures(this.index, this.entries);
    const entryNames = new Set(this.entries);
    this.guards = new Guards(
      project,
      this.index,
      this.env,
      machine,
      (file) => this.scopeOf(file),
      this.temperatures.callersOf,
      (f) =>
        entryNames.has(f.name) ||
        isSystemCall(f.name) ||
        this.temperatures.addressTaken.has(f) ||
        f.attributes.has('constructor') ||
        f.attributes.has('destructor'),
    );
    this.classifier = new Classifier(this.index, this.wrappers, this.temperatures, this.env);
  }

  scopeOf(file: string): CondScope {
    return this.scopes[this.workspace.project.units.get(file)?.language ?? 'c'];
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
