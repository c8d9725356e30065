/** Sources in, findings out: the whole analysis in one call. */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { SyntaxParser } from '../../grammars/syntax.ts';
import { loadWasmParser } from '../../grammars/wasm.ts';
import type { AnalysisDiagnostic, BenchProgress, Findings, Language } from '../model.ts';
import { UserError } from '../model.ts';
import { type FileCommand, type FlagSet, agreement, readCommands } from './commands.ts';
import { tooComplex, tooComplexMessage } from './complexity.ts';
import { holds } from './condition.ts';
import { type Discovery, discover, languageOf, looksBinary, maxFileBytes } from './discover.ts';
import { findingsOf } from './findings.ts';
import { preprocess } from './preprocess.ts';
import { platformScope } from './scope.ts';
import { Workspace, decode } from './workspace.ts';

export interface AnalyzeOptions {
  /** Folder with the grammars' modules and queries (dist/grammars). */
  readonly grammarDir: string;
  readonly root?: string;
  readonly defines?: Record<string, string>;
  readonly env?: Record<string, string>;
  readonly entries?: readonly string[];
  /** A compile_commands.json: each file is read with its own flags, under the defines given here. */
  readonly compileCommands?: string;
  /** Another parser than the one in `grammarDir`. */
  readonly parser?: SyntaxParser;
  readonly onProgress?: (p: BenchProgress) => void;
  readonly signal?: AbortSignal;
}

/** Gives other work (cancellation, progress) a turn. */
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) {
    const error = new Error('The analysis was cancelled.');
    error.name = 'AbortError';
    throw error;
  }
}

export interface Loaded {
  readonly workspace: Workspace;
  readonly diagnostics: AnalysisDiagnostic[];
}

/** Reads all sources into a workspace and lowers them. */
export async function loadWorkspace(
  discovery: Discovery,
  parser: SyntaxParser,
  hooks: {
    onProgress?: ((p: BenchProgress) => void) | undefined;
    signal?: AbortSignal | undefined;
    commands?: readonly FileCommand[];
  },
): Promise<Loaded> {
  const { root } = discovery;
  const relative = (file: string): string => path.relative(root, file).split(path.sep).join('/');
  const diagnostics: AnalysisDiagnostic[] = discovery.problems.map((p) => ({
    code: p.code,
    severity: 'warning',
    file: p.file,
    line: 1,
    message: p.message,
  }));
  const workspace = new Workspace(root, parser);
  let turn = performance.now();
  const pause = async (message: string, fraction: number): Promise<void> => {
    if (performance.now() - turn < 40) return;
    hooks.onProgress?.({ message, fraction });
    await breathe();
    stopIfAborted(hooks.signal);
    turn = performance.now();
  };
  if (discovery.sources.length === 0) {
    diagnostics.push({
      code: 'no-sources',
      severity: 'warning',
      file: '',
      line: 1,
      message: `No C or C++ source file below ${root}.`,
    });
  }
  stopIfAborted(hooks.signal);
  let done = 0;
  for (const source of discovery.sources) {
    const file = relative(source.file);
    done++;
    if (source.bytes > maxFileBytes) {
      diagnostics.push({
        code: 'file-too-large',
        severity: 'warning',
        file,
        line: 1,
        message: `${(source.bytes / 1048576).toFixed(1)} MB is above the bound of ${maxFileBytes / 1048576} MB for one file; it was not analysed.`,
      });
      continue;
    }
    let text: string;
    try {
      if (looksBinary(source.file)) {
        diagnostics.push({
          code: 'binary-file',
          severity: 'warning',
          file,
          line: 1,
          message: 'This is a binary file in spite of its name; it was not analysed.',
        });
        continue;
      }
      text = decode(readFileSync(source.file));
    } catch {
      diagnostics.push({
        code: 'unreadable',
        severity: 'warning',
        file,
        line: 1,
        message: 'The file could not be read.',
      });
      continue;
    }
    const complex = tooComplex(text);
    if (complex !== null) {
      diagnostics.push({
        code: 'too-complex',
        severity: 'warning',
        file,
        line: complex.line,
        message: tooComplexMessage(complex),
      });
      continue;
    }
    workspace.add(file, text, languageOf(file, text), true);
    await pause(`Reading ${file}`, (done / discovery.sources.length) * 0.5);
  }
  for (const template of discovery.templates) {
    if (template.bytes > maxFileBytes) continue;
    const text = readFileSync(template.file, 'utf8');
    const file = relative(template.file);
    for (const name of preprocess(file, text).undefined)
      if (name !== '') workspace.project.configured.add(name);
    // Its own definitions (attributes, mostly) are what the generated header will have.
    workspace.add(file, text, 'c', false);
  }
  forcedIncludes(workspace, root, hooks.commands ?? []);
  addContext(workspace, discovery);
  workspace.linkAll();
  stopIfAborted(hooks.signal);
  hooks.onProgress?.({ message: 'Linking', fraction: 0.7 });
  await breathe();
  return { workspace, diagnostics };
}

/** Headers that commands name with `-include`, and the folders that they search. */
function forcedIncludes(workspace: Workspace, root: string, commands: readonly FileCommand[]): void {
  const { project } = workspace;
  const relative = (file: string): string => path.relative(root, file).split(path.sep).join('/');
  for (const c of commands) {
    const dirs = c.includeDirs.map(relative).filter((d) => !d.startsWith('..'));
    if (dirs.length > 0) project.searched.set(relative(c.file), dirs);
    for (const name of c.forced) {
      const places = [path.dirname(c.file), ...c.includeDirs].map((d) => path.resolve(d, name));
      for (const place of places) {
        const file = relative(place);
        if (file.startsWith('..') || project.units.has(file)) continue;
        try {
          const text = decode(readFileSync(place));
          workspace.add(file, text, languageOf(file, text), false);
          break;
        } catch {
          // Not in this folder.
        }
      }
    }
  }
}

/** Headers outside the given paths but below the root, as far as the sources include them. */
function addContext(workspace: Workspace, discovery: Discovery): void {
  const { project } = workspace;
  const waiting: string[] = [];
  project.indexNames(project.units.keys());
  const missing = [...project.units].some(([file, unit]) =>
    unit.source.includes.some((i) => project.resolve(file, i.name) === null),
  );
  if (!missing) return;
  const names: string[] = [];
  const visit = (dir: string, depth: number): void => {
    if (names.length > 200_000 || depth > 14) return;
    for (const e of readdirSync(path.join(discovery.root, dir), { withFileTypes: true })) {
      const at = dir === '' ? e.name : `${dir}/${e.name}`;
      if (e.isDirectory()) {
        if (e.name !== '.git' && e.name !== 'node_modules') visit(at, depth + 1);
      } else if (/\.(h|hpp|hh|hxx|inc|inl|c|def)$/.test(e.name)) names.push(at);
    }
  };
  visit('', 0);
  const known = new Set(names);
  project.indexNames(names);
  const scopes: Record<Language, ReturnType<typeof platformScope>> = {
    c: platformScope(false),
    cpp: platformScope(true),
  };
  waiting.push(...project.units.keys());
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    const unit = project.units.get(file);
    if (unit === undefined || project.units.size > 8000) continue;
    for (const inc of unit.source.includes) {
      if (holds(inc.cond, scopes[unit.language]) === 0) continue;
      const to = project.resolve(file, inc.name, (f) => known.has(f));
      if (to === null || project.units.has(to)) continue;
      try {
        const text = decode(readFileSync(path.join(discovery.root, to)));
        if (text.length > maxFileBytes) continue;
        workspace.add(to, text, languageOf(to, text), false);
        waiting.push(to);
      } catch {
        // A header that cannot be read is as one that is not there.
      }
    }
  }
}

/** Flags by path relative to the root. */
function byFile(commands: readonly FileCommand[], root: string): Map<string, FlagSet[]> {
  const out = new Map<string, FlagSet[]>();
  for (const c of commands) {
    const file = path.relative(root, c.file).split(path.sep).join('/');
    const list = out.get(file);
    if (list === undefined) out.set(file, [c]);
    else list.push(c);
  }
  return out;
}

/** Says where the files of a compilation database do not agree, and when none of them is analysed. */
function commandDiagnostics(
  files: ReadonlyMap<string, readonly FlagSet[]>,
  given: Readonly<Record<string, string>>,
  workspace: Workspace,
): AnalysisDiagnostic[] {
  if (files.size === 0) return [];
  const known = [...files].filter(([f]) => workspace.files.has(f));
  if (known.length === 0)
    return [
      {
        code: 'commands-elsewhere',
        severity: 'warning',
        file: '',
        line: 1,
        message:
          'No file of the compile_commands.json is among the analysed sources: what all its commands have in common is taken. Was it made for another checkout?',
      },
    ];
  const names = [...agreement(known.flatMap(([, sets]) => sets)).unknown].filter(
    (n) => given[n] === undefined && !/^__/.test(n),
  );
  if (names.length === 0) return [];
  return [
    {
      code: 'defines-differ',
      severity: 'information',
      file: '',
      line: 1,
      message: `Files of the compile_commands.json are built with different ${names.slice(0, 6).join(', ')}${names.length > 6 ? ` and ${names.length - 6} more` : ''}: in headers that they share, what depends on it is conditional. --define settles it.`,
    },
  ];
}

/**
 * Analyses the sources below `paths`. Rejects with UserError for paths that do not exist, and with an AbortError when
 * cancelled; everything else that is wrong with the input becomes a diagnostic.
 */
export async function analyzePaths(paths: readonly string[], options: AnalyzeOptions): Promise<Findings> {
  const discovery = discover(paths, options.root);
  const commands = options.compileCommands === undefined ? [] : readCommands(options.compileCommands);
  const files = byFile(commands, discovery.root);
  let parser: SyntaxParser;
  try {
    parser = options.parser ?? (await loadWasmParser(options.grammarDir));
  } catch (error) {
    throw new UserError(
      `The grammars could not be loaded from ${options.grammarDir}: ${error instanceof Error ? error.message : String(error)}. Run npm run build.`,
      3,
    );
  }
  const { workspace, diagnostics } = await loadWorkspace(discovery, parser, { ...options, commands });
  const defines = options.defines ?? {};
  const { findings } = findingsOf(
    workspace,
    { defines, env: options.env ?? {}, entries: options.entries ?? [], files },
    [...diagnostics, ...commandDiagnostics(files, defines, workspace)],
  );
  options.onProgress?.({ message: 'Done', fraction: 1 });
  return findings;
}
