/** One root under analysis, kept between calls so that an edit costs one file. */
import type { AnalysisDiagnostic, BenchProgress, Findings } from '../model.ts';
import { UserError } from '../model.ts';
import { loadWorkspace } from './analyze.ts';
import { tooComplex, tooComplexMessage } from './complexity.ts';
import { discover, languageOf, maxFileBytes, sourcePattern } from './discover.ts';
import type { Options } from './build.ts';
import { findingsOf } from './findings.ts';
import type { Trees } from './trees.ts';
import type { Workspace } from './workspace.ts';

export class Session {
  private workspace: Workspace | null = null;
  private diagnostics: AnalysisDiagnostic[] = [];
  private options: Options = { defines: {}, env: {}, entries: [] };

  constructor(private readonly trees: Trees) {}

  /** Reads everything below `root` and analyses it. */
  async analyze(
    root: string,
    options: Options,
    hooks: { onProgress?: (p: BenchProgress) => void; signal?: AbortSignal },
  ): Promise<Findings> {
    const { workspace, diagnostics } = await loadWorkspace(discover([root]), this.trees, hooks);
    this.workspace = workspace;
    this.diagnostics = diagnostics;
    this.options = options;
    return this.findings();
  }

  /** Takes one file's text in place of what is on disk; `file` is relative to the root. */
  async update(file: string, text: string): Promise<Findings> {
    const { workspace } = this;
    if (workspace === null) throw new UserError('Nothing is analysed yet: run Analyze Workspace first.');
    if (!sourcePattern.test(file)) return this.findings();
    workspace.parseMs = 0;
    workspace.extractMs = 0;
    this.diagnostics = this.diagnostics.filter((d) => d.file !== file);
    if (text.length > maxFileBytes || text.includes('\0')) {
      const binary = text.includes('\0');
      this.diagnostics.push({
        code: binary ? 'binary-file' : 'file-too-large',
        severity: 'warning',
        file,
        line: 1,
        message: binary
          ? 'This is a binary file in spite of its name; it was not analysed.'
          : `The text is above the bound of ${maxFileBytes / 1048576} MB for one file; it was not analysed.`,
      });
      return this.findings();
    }
    const complex = tooComplex(text);
    if (complex !== null) {
      const message = tooComplexMessage(complex);
      this.diagnostics.push({ code: 'too-complex', severity: 'warning', file, line: complex.line, message });
      return this.findings();
    }
    const language = languageOf(file, text);
    workspace.update(file, text, language);
    workspace.setOutline(file, await this.trees.outline(text, language));
    return this.findings();
  }

  private findings(): Findings {
    const { workspace } = this;
    if (workspace === null) throw new UserError('Nothing is analysed yet: run Analyze Workspace first.');
    return findingsOf(workspace, this.options, this.diagnostics).findings;
  }
}
