/**
 * Results that are kept between runs, on disk: what a file's syntax tree says, by the hash of its text, and the findings
 * of a whole analysis, by the hashes of everything that it read. Whatever cannot be read back is as if it were not
 * there; nothing here ever fails an analysis.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Findings } from '../model.ts';
import type { Outline } from './outline.ts';

export const hashOf = (text: string | Buffer): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 32);

/**
 * Where this system keeps caches, with our name below it; null when `ALLOC_LENS_CACHE=off`. Another absolute path in
 * that variable is taken instead.
 */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string | null {
  const given = env.ALLOC_LENS_CACHE;
  if (given === 'off') return null;
  if (given !== undefined && path.isAbsolute(given)) return given;
  return path.join(systemCaches(env), 'alloc-lens', 'analysis');
}

/** Where the costs of this machine are kept, for the command line and the editor; null as for `cacheFolder`. */
export function costsFolder(env: NodeJS.ProcessEnv = process.env): string | null {
  const given = env.ALLOC_LENS_CACHE;
  if (given === 'off') return null;
  if (given !== undefined && path.isAbsolute(given)) return path.join(given, 'costs');
  return path.join(systemCaches(env), 'alloc-lens', 'costs');
}

function systemCaches(env: NodeJS.ProcessEnv): string {
  const home = os.homedir();
  return process.platform === 'win32'
    ? (env.LOCALAPPDATA ?? path.join(home, 'AppData', 'Local'))
    : process.platform === 'darwin'
      ? path.join(home, 'Library', 'Caches')
      : env.XDG_CACHE_HOME !== undefined && path.isAbsolute(env.XDG_CACHE_HOME)
        ? env.XDG_CACHE_HOME
        : path.join(home, '.cache');
}

/** Names one build of the program and its grammars: what another build has kept is not used. */
export function stampOf(program: string, grammarDir: string): string {
  const parts: string[] = [hashOf(readFileSync(program))];
  for (const name of readdirSync(grammarDir).sort()) {
    const s = statSync(path.join(grammarDir, name));
    parts.push(`${name}:${s.size}:${s.mtimeMs}`);
  }
  return hashOf(parts.join('\n'));
}

/** Everything that an analysis read, by path and hash. */
export interface Inputs {
  /** Sources and templates below the given paths, and what the walk had to report. */
  readonly found: string;
  /** Headers that were read besides, by path relative to the root. */
  readonly context: readonly (readonly [string, string])[];
  /** Hash of the names below the root among which includes were looked up, null when that was not needed. */
  readonly names: string | null;
}

interface Kept {
  readonly stamp: string;
  readonly options: string;
  readonly inputs: Inputs;
  readonly findings: Findings;
}

const keptFiles = 60;
const maxBytes = 64 * 1024 * 1024;

export class AnalysisCache {
  private outlines: Map<string, Outline> | null = null;
  private readonly used = new Map<string, Outline>();
  private added = false;

  /** `folder` is created when something is kept; `stamp` names the program and the grammars. */
  constructor(
    private readonly folder: string,
    private readonly stamp: string,
    /** What the analysis is of: paths, root. */
    private readonly subject: string,
  ) {}

  private file(kind: string): string {
    return path.join(this.folder, `${kind}-${hashOf(this.subject)}.json`);
  }

  private read(kind: string): unknown {
    try {
      return JSON.parse(readFileSync(this.file(kind), 'utf8'));
    } catch {
      return null;
    }
  }

  private write(kind: string, value: unknown): void {
    try {
      const text = JSON.stringify(value);
      if (text.length > maxBytes) return;
      mkdirSync(this.folder, { recursive: true });
      const file = this.file(kind);
      // Whole or not at all, whoever else writes.
      const temporary = `${file}.${process.pid}-${Math.random().toString(36).slice(2)}`;
      writeFileSync(temporary, text);
      renameSync(temporary, file);
      this.prune();
    } catch {
      // A full disk or a folder that cannot be written: the next run is slower, that is all.
    }
  }

  private prune(): void {
    // Not what others keep in folders of their own below it.
    const names = readdirSync(this.folder, { withFileTypes: true }).filter((entry) => entry.isFile());
    const all = names.map(({ name }) => {
      const file = path.join(this.folder, name);
      return { file, at: statSync(file).mtimeMs };
    });
    if (all.length <= keptFiles) return;
    for (const { file } of all.sort((a, b) => a.at - b.at).slice(0, all.length - keptFiles))
      rmSync(file, { force: true });
  }

  /** What the tree of a text with this hash says, as far as it is known. */
  outline(hash: string): Outline | null {
    if (this.outlines === null) {
      this.outlines = new Map();
      const kept = this.read('outlines') as { stamp?: unknown; outlines?: unknown } | null;
      if (kept?.stamp === this.stamp && typeof kept.outlines === 'object' && kept.outlines !== null)
        for (const [key, value] of Object.entries(kept.outlines))
          if (isOutline(value)) this.outlines.set(key, value);
    }
    const known = this.outlines.get(hash) ?? null;
    if (known !== null) this.used.set(hash, known);
    return known;
  }

  keepOutline(hash: string, outline: Outline): void {
    // Another machine, or the same less busy, may finish it.
    if (outline.timedOut) return;
    this.used.set(hash, outline);
    this.added = true;
  }

  saveOutlines(): void {
    if (!this.added) return;
    this.added = false;
    this.write('outlines', { stamp: this.stamp, outlines: Object.fromEntries(this.used) });
  }

  /** The findings that `options` gave on exactly these inputs; `current` tells the hash of a context file, or null. */
  findings(
    options: string,
    found: () => string,
    context: (file: string) => string | null,
    names: () => string,
  ): Findings | null {
    const kept = this.read('findings') as Partial<Kept> | null;
    if (kept?.stamp !== this.stamp || kept.options !== options || kept.inputs === undefined) return null;
    const { inputs, findings } = kept;
    if (findings?.schemaVersion !== 1 || !Array.isArray(findings.atomics)) return null;
    if (!Array.isArray(inputs.context) || inputs.found !== found()) return null;
    for (const [file, hash] of inputs.context) if (context(file) !== hash) return null;
    if (inputs.names !== null && inputs.names !== names()) return null;
    return findings;
  }

  keepFindings(options: string, inputs: Inputs, findings: Findings): void {
    this.write('findings', { stamp: this.stamp, options, inputs, findings } satisfies Kept);
  }
}

function isOutline(x: unknown): x is Outline {
  if (typeof x !== 'object' || x === null) return false;
  const o = x as Partial<Outline>;
  return (
    typeof o.errors === 'number' &&
    (o.firstError === null || typeof o.firstError === 'number') &&
    Array.isArray(o.calls) &&
    Array.isArray(o.bodies) &&
    o.timedOut === false
  );
}
