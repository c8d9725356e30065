/**
 * One root under analysis, kept between calls. An edit is answered twice: at once with the rows of its file
 * (provisional.ts), and, when the typing rests, with findings that are exactly those of a fresh analysis.
 */
import type { AnalysisDiagnostic, BenchProgress, FileUpdate, Findings } from '../model.ts';
import { UserError } from '../model.ts';
import { byFile, cacheOf, commandDiagnostics, keptFindings, loadWorkspace } from './analyze.ts';
import type { Options } from './build.ts';
import { hashOf } from './cache.ts';
import { type FileCommand, readCommands } from './commands.ts';
import { complexityOf, tooComplexMessage } from './complexity.ts';
import { type Discovery, discover, languageOf, maxFileBytes, sourcePattern } from './discover.ts';
import { findingsOf } from './findings.ts';
import { lex } from './lex.ts';
import { Provisional } from './provisional.ts';
import type { Token } from './tokens.ts';
import type { Trees } from './trees.ts';
import type { Workspace } from './workspace.ts';

export interface SessionHooks {
  readonly onProgress?: ((p: BenchProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export class Session {
  private workspace: Workspace | null = null;
  private diagnostics: AnalysisDiagnostic[] = [];
  private options: Options = { defines: {}, env: {}, entries: [] };
  private provisional: Provisional | null = null;
  private last: Findings | null = null;
  private commands: readonly FileCommand[] = [];
  private problem: AnalysisDiagnostic | null = null;
  /** The workspace has texts that the findings do not know. */
  private stale = false;
  /** Texts that are not in the workspace yet. */
  private readonly waiting = new Map<string, string>();
  /** Reads the sources behind findings that were kept from an earlier run. */
  private reading: Promise<void> | null = null;

  constructor(
    private readonly trees: Trees,
    private readonly kept: { readonly folder: string; readonly stamp: string } | null = null,
  ) {}

  /** Reads everything below `root` and analyses it, or takes what an earlier run on the same texts has found. */
  async analyze(
    root: string,
    options: Options & { readonly compileCommands?: string },
    hooks: SessionHooks,
  ): Promise<Findings> {
    const discovery = discover([root]);
    const { defines, env, entries } = options;
    const { commands, problem, flags } = commandsIn(options.compileCommands);
    this.commands = commands;
    this.problem = problem;
    const key = JSON.stringify({ defines, env, entries, flags });
    const cache = this.kept === null ? null : cacheOf(this.kept, discovery.root, ['session']);
    this.waiting.clear();
    this.workspace = null;
    this.provisional = null;
    this.reading = null;
    this.options = { defines, env, entries, files: byFile(commands, discovery.root) };
    const begun = performance.now();
    const known = cache === null ? null : keptFindings(cache, key, discovery);
    this.trees.cache = cache;
    if (known !== null) {
      const totalMs = Math.round(performance.now() - begun);
      this.last = {
        ...known,
        timing: { parseMs: 0, extractMs: 0, linkMs: 0, classifyMs: 0, totalMs },
      };
      return this.last;
    }
    const inputs = await this.read(discovery, hooks);
    const findings = this.link();
    cache?.saveOutlines();
    cache?.keepFindings(key, inputs, findings);
    return findings;
  }

  private async read(
    discovery: Discovery,
    hooks: SessionHooks,
  ): Promise<Awaited<ReturnType<typeof loadWorkspace>>['inputs']> {
    const { workspace, diagnostics, inputs } = await loadWorkspace(discovery, this.trees, {
      ...hooks,
      commands: this.commands,
    });
    this.workspace = workspace;
    this.diagnostics = [
      ...diagnostics,
      ...(this.problem === null ? [] : [this.problem]),
      ...commandDiagnostics(this.options.files ?? new Map(), this.options.defines, workspace),
    ];
    return inputs;
  }

  /** Reads the sources, where the findings came without them. */
  async prepare(): Promise<void> {
    if (this.workspace !== null || this.last === null) return;
    this.reading ??= (async () => {
      await this.read(discover([this.last?.root ?? '']), {});
      this.link();
    })();
    await this.reading;
  }

  /** Takes one file's text in place of what is on disk; `file` is relative to the root. */
  async update(file: string, text: string): Promise<FileUpdate> {
    if (this.last === null) throw new UserError('Nothing is analysed yet: run Analyze Workspace first.');
    await this.prepare();
    if (sourcePattern.test(file)) this.waiting.set(file, text);
    const tokens = lex(text);
    const refused = this.refusal(file, text, tokens);
    const rows =
      refused === null && this.waiting.has(file)
        ? (this.provisional?.update(file, text, languageOf(file, text), tokens) ?? null)
        : null;
    return rows ?? { ...rowsOf(this.last, file), ...(refused === null ? {} : { diagnostics: [refused] }) };
  }

  /** Whether a text waits to be put into the project. */
  get unsettled(): boolean {
    return this.waiting.size > 0 || this.stale;
  }

  /**
   * Puts the waiting texts into the project and analyses it: the findings are those of a fresh analysis of the same
   * texts. `checkpoint` is called often and may throw; what was not finished is then done by the next call.
   */
  async settle(checkpoint?: () => void): Promise<Findings> {
    await this.prepare();
    const { workspace, last } = this;
    if (workspace === null || last === null)
      throw new UserError('Nothing is analysed yet: run Analyze Workspace first.');
    workspace.parseMs = 0;
    workspace.extractMs = 0;
    const parsed = this.trees.parseMs;
    for (const [file, text] of this.waiting) {
      checkpoint?.();
      this.stale = true;
      this.diagnostics = this.diagnostics.filter((d) => d.file !== file);
      const tokens = lex(text);
      const refused = this.refusal(file, text, tokens);
      if (refused !== null) this.diagnostics.push(refused);
      else {
        const language = languageOf(file, text);
        const outline = this.trees.outline(text, language);
        workspace.update(file, text, language, tokens);
        workspace.setOutline(file, await outline);
      }
      if (this.waiting.get(file) === text) this.waiting.delete(file);
    }
    workspace.parseMs += this.trees.parseMs - parsed;
    return this.link(checkpoint);
  }

  private refusal(file: string, text: string, tokens: readonly Token[]): AnalysisDiagnostic | null {
    const say = (code: string, line: number, message: string): AnalysisDiagnostic => ({
      code,
      severity: 'warning',
      file,
      line,
      message,
    });
    if (text.includes('\0'))
      return say('binary-file', 1, 'This is a binary file in spite of its name; it was not analysed.');
    if (text.length > maxFileBytes)
      return say(
        'file-too-large',
        1,
        `The text is above the bound of ${maxFileBytes / 1048576} MB for one file; it was not analysed.`,
      );
    const complex = complexityOf(text, tokens);
    return complex === null ? null : say('too-complex', complex.line, tooComplexMessage(complex));
  }

  private link(checkpoint?: () => void): Findings {
    const { workspace } = this;
    if (workspace === null) throw new UserError('Nothing is analysed yet: run Analyze Workspace first.');
    const options = checkpoint === undefined ? this.options : { ...this.options, checkpoint };
    const { findings, build } = findingsOf(workspace, options, this.diagnostics);
    this.provisional = new Provisional(build, findings);
    this.stale = false;
    this.last = findings;
    return findings;
  }
}

/** The entries of a compilation database; one that cannot be read is said, and the analysis goes on without. */
function commandsIn(file: string | undefined): {
  readonly commands: readonly FileCommand[];
  readonly problem: AnalysisDiagnostic | null;
  /** Names what was read. */
  readonly flags: string | null;
} {
  if (file === undefined) return { commands: [], problem: null, flags: null };
  try {
    const commands = readCommands(file);
    return {
      commands,
      problem: null,
      flags: hashOf(JSON.stringify(commands.map((c) => [c.file, [...c.defines], c.includeDirs, c.forced]))),
    };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return {
      commands: [],
      problem: { code: 'bad-commands', severity: 'warning', file: '', line: 1, message },
      flags: message,
    };
  }
}

function rowsOf(f: Findings, file: string): FileUpdate {
  const here = <T extends { readonly file: string }>(list: readonly T[]): T[] =>
    list.filter((r) => r.file === file);
  return {
    file,
    diagnostics: here(f.diagnostics),
    atomics: here(f.atomics),
    counters: here(f.counters),
    gates: here(f.gates),
    variables: here(f.variables),
    functions: here(f.functions),
    candidates: here(f.candidates),
  };
}
