/** Sources in, findings out: the whole analysis in one call. */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { SyntaxParser } from '../../grammars/syntax.ts';
import type { AnalysisDiagnostic, BenchProgress, Findings, Language } from '../model.ts';
import { AnalysisCache, type Inputs, hashOf } from './cache.ts';
import { type FileCommand, type FlagSet, agreement, readCommands } from './commands.ts';
import { complexityOf, tooComplexMessage } from './complexity.ts';
import { holds } from './condition.ts';
import { type Discovery, discover, languageOf, looksBinary, maxFileBytes } from './discover.ts';
import { findingsOf } from './findings.ts';
import { lex } from './lex.ts';
import { preprocess } from './preprocess.ts';
import { Trees } from './trees.ts';
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
  /** Another parser than the one in `grammarDir`; it runs in this thread. */
  readonly parser?: SyntaxParser;
  /** dist/parse-worker.js: without it, trees are made in this thread. */
  readonly parseWorker?: string;
  /** Where results are kept between runs, and which build of the program keeps them (`stampOf`). */
  readonly cache?: { readonly folder: string; readonly stamp: string };
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
  readonly inputs: Inputs;
}

/** Hash of the sources and templates below the given paths, and of what the walk had to report. */
function foundHash(discovery: Discovery, hash: (file: string) => string | null = fileHash): string {
  const parts = discovery.problems.map((p) => `${p.code} ${p.file} ${p.message}`);
  for (const s of [...discovery.sources, ...discovery.templates])
    parts.push(`${s.file} ${s.bytes > maxFileBytes ? s.bytes : hash(s.file)}`);
  return hashOf(parts.join('\n'));
}

function fileHash(file: string): string | null {
  try {
    return hashOf(readFileSync(file));
  } catch {
    return null;
  }
}

/** Reads all sources into a workspace and lowers them; the trees are made beside that where there are workers. */
export async function loadWorkspace(
  discovery: Discovery,
  trees: Trees,
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
  const workspace = new Workspace(root, null);
  const outlines: Promise<void>[] = [];
  let failure: unknown;
  const parsedBefore = trees.parseMs;
  const hashes = new Map<string, string>();
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
    let bytes: Buffer;
    try {
      bytes = readFileSync(source.file);
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
    hashes.set(source.file, hashOf(bytes));
    if (looksBinary(bytes)) {
      diagnostics.push({
        code: 'binary-file',
        severity: 'warning',
        file,
        line: 1,
        message: 'This is a binary file in spite of its name; it was not analysed.',
      });
      continue;
    }
    const text = decode(bytes);
    const tokens = lex(text);
    const complex = complexityOf(text, tokens);
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
    const language = languageOf(file, text);
    workspace.add(file, text, language, true, tokens);
    outlines.push(
      trees.outline(text, language).then(
        (o) => workspace.setOutline(file, o),
        (error: unknown) => {
          failure ??= error;
        },
      ),
    );
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
  const forced = forcedIncludes(workspace, root, hooks.commands ?? []);
  const { context, names } = addContext(workspace, discovery);
  workspace.linkAll();
  stopIfAborted(hooks.signal);
  hooks.onProgress?.({ message: 'Linking', fraction: 0.7 });
  await breathe();
  await Promise.all(outlines);
  if (failure !== undefined) throw failure;
  workspace.parseMs += trees.parseMs - parsedBefore;
  stopIfAborted(hooks.signal);
  return {
    workspace,
    diagnostics,
    inputs: {
      found: foundHash(discovery, (f) => hashes.get(f) ?? fileHash(f)),
      context: [...forced, ...context],
      names,
    },
  };
}

/** Headers that commands name with `-include`, and the folders that they search. */
function forcedIncludes(
  workspace: Workspace,
  root: string,
  commands: readonly FileCommand[],
): (readonly [string, string])[] {
  const { project } = workspace;
  const read: (readonly [string, string])[] = [];
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
          const bytes = readFileSync(place);
          read.push([file, hashOf(bytes)]);
          const text = decode(bytes);
          workspace.add(file, text, languageOf(file, text), false);
          break;
        } catch {
          // Not in this folder.
        }
      }
    }
  }
  return read;
}

/** Names of headers and sources below a root, relative to it. */
function namesBelow(root: string): string[] {
  const names: string[] = [];
  const visit = (dir: string, depth: number): void => {
    if (names.length > 200_000 || depth > 14) return;
    for (const e of readdirSync(path.join(root, dir), { withFileTypes: true })) {
      const at = dir === '' ? e.name : `${dir}/${e.name}`;
      if (e.isDirectory()) {
        if (e.name !== '.git' && e.name !== 'node_modules') visit(at, depth + 1);
      } else if (/\.(h|hpp|hh|hxx|inc|inl|c|def)$/.test(e.name)) names.push(at);
    }
  };
  visit('', 0);
  return names;
}

const namesHash = (names: readonly string[]): string => hashOf(names.join('\n'));

/** Headers outside the given paths but below the root, as far as the sources include them. */
function addContext(workspace: Workspace, discovery: Discovery): Pick<Inputs, 'context' | 'names'> {
  const { project } = workspace;
  const waiting: string[] = [];
  project.indexNames(project.units.keys());
  const missing = [...project.units].some(([file, unit]) =>
    unit.source.includes.some((i) => project.resolve(file, i.name) === null),
  );
  if (!missing) return { context: [], names: null };
  const context: [string, string][] = [];
  const names = namesBelow(discovery.root);
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
        const bytes = readFileSync(path.join(discovery.root, to));
        context.push([to, hashOf(bytes)]);
        const text = decode(bytes);
        if (text.length > maxFileBytes) continue;
        workspace.add(to, text, languageOf(to, text), false);
        waiting.push(to);
      } catch {
        // A header that cannot be read is as one that is not there.
      }
    }
  }
  return { context, names: namesHash(names) };
}

/** Flags by path relative to the root. */
export function byFile(commands: readonly FileCommand[], root: string): Map<string, FlagSet[]> {
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
export function commandDiagnostics(
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
  const defines = options.defines ?? {};
  const env = options.env ?? {};
  const entries = options.entries ?? [];
  const begun = performance.now();
  const cache =
    options.cache === undefined
      ? null
      : cacheOf(options.cache, discovery.root, [...paths, options.parser?.kind]);
  const flags = options.compileCommands === undefined ? null : fileHash(options.compileCommands);
  const key = JSON.stringify({ defines, env, entries, flags });
  const kept = cache === null ? null : keptFindings(cache, key, discovery);
  if (kept !== null) {
    options.onProgress?.({ message: 'Done', fraction: 1 });
    return { ...kept, timing: { ...noTime, totalMs: Math.round(performance.now() - begun) } };
  }
  const trees = new Trees({ ...options, cache });
  try {
    const { workspace, diagnostics, inputs } = await loadWorkspace(discovery, trees, {
      ...options,
      commands,
    });
    // The workers' memory is not needed any more, and what follows needs much.
    trees.dispose();
    const { findings } = findingsOf(workspace, { defines, env, entries, files }, [
      ...diagnostics,
      ...commandDiagnostics(files, defines, workspace),
    ]);
    cache?.saveOutlines();
    cache?.keepFindings(key, inputs, findings);
    options.onProgress?.({ message: 'Done', fraction: 1 });
    return findings;
  } finally {
    trees.dispose();
  }
}

const noTime = { parseMs: 0, extractMs: 0, linkMs: 0, classifyMs: 0, totalMs: 0 };

/** The cache of one subject: what is analysed, from where. */
export function cacheOf(
  o: NonNullable<AnalyzeOptions['cache']>,
  root: string,
  paths: readonly (string | undefined)[],
): AnalysisCache {
  return new AnalysisCache(o.folder, o.stamp, JSON.stringify([root, paths.map((p) => p ?? null)]));
}

/** Findings of an earlier run on the same texts under the same configuration, null when there are none. */
export function keptFindings(cache: AnalysisCache, key: string, discovery: Discovery): Findings | null {
  return cache.findings(
    key,
    () => foundHash(discovery),
    (file) => fileHash(path.join(discovery.root, file)),
    () => namesHash(namesBelow(discovery.root)),
  );
}
