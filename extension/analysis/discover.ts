/** Which files an analysis reads: sources below the given paths, each once by its real path. */
import { readdirSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Language } from '../model.ts';
import { UserError } from '../model.ts';

export const sourcePattern = /\.(c|h|cc|cpp|cxx|c\+\+|hpp|hh|hxx|h\+\+|inc|inl|ipp|tcc)$/i;
const cppPattern = /\.(cc|cpp|cxx|c\+\+|hpp|hh|hxx|h\+\+|ipp|tcc)$/i;
const templatePattern = /\.h(pp)?\.(in|cmake)$|^config\.h\.in$|\.h\.meson$/i;
const skippedFolders = new Set([
  '.git',
  '.hg',
  '.svn',
  'node_modules',
  '.cache',
  '.vscode',
  '.ccls-cache',
  'CMakeFiles',
]);

/** Files above this size are named in a diagnostic and not read. */
export const maxFileBytes = 4 * 1024 * 1024;
const maxFiles = 20_000;

export interface Found {
  /** Absolute, real. */
  readonly file: string;
  readonly bytes: number;
}

export interface Discovery {
  readonly root: string;
  readonly sources: readonly Found[];
  /** Configure templates (`*.h.in`): they say which names a configure step decides. */
  readonly templates: readonly Found[];
  readonly problems: readonly { readonly code: string; readonly file: string; readonly message: string }[];
}

function real(p: string): string {
  try {
    return realpathSync(p);
  } catch {
    throw new UserError(`${p}: no such file or folder. Give the path of an allocator's sources.`);
  }
}

function commonAncestor(folders: readonly string[]): string {
  const split = folders.map((f) => f.split(path.sep));
  const first = split[0] ?? [''];
  let n = first.length;
  for (const s of split) {
    let i = 0;
    while (i < n && i < s.length && s[i] === first[i]) i++;
    n = i;
  }
  return first.slice(0, n).join(path.sep) || path.sep;
}

/**
 * Walks `paths`. The root is `root`, else the only path (its folder for a file), else the paths' common ancestor.
 * Throws UserError for a path that does not exist.
 */
export function discover(paths: readonly string[], root?: string): Discovery {
  if (paths.length === 0) throw new UserError('No path given. Name a folder or a file to analyse.');
  const real1 = paths.map(real);
  const folders = real1.map((p) => (statSync(p).isDirectory() ? p : path.dirname(p)));
  const base = root !== undefined ? real(root) : commonAncestor(folders);
  const sources = new Map<string, Found>();
  const templates = new Map<string, Found>();
  const problems: { code: string; file: string; message: string }[] = [];
  const relative = (p: string): string => path.relative(base, p).split(path.sep).join('/');
  const seen = new Set<string>();
  const add = (p: string, asked: boolean): void => {
    const name = path.basename(p);
    const isSource = sourcePattern.test(name);
    const isTemplate = templatePattern.test(name);
    if (!isSource && !isTemplate && !asked) return;
    let at: string;
    let bytes: number;
    try {
      at = realpathSync(p);
      const s = statSync(at);
      if (!s.isFile()) return;
      bytes = s.size;
    } catch {
      problems.push({
        code: 'unreadable',
        file: relative(p),
        message: `${relative(p)} cannot be read: a broken link, or no permission.`,
      });
      return;
    }
    if (sources.size >= maxFiles) {
      if (!problems.some((q) => q.code === 'too-many-files')) {
        problems.push({
          code: 'too-many-files',
          file: relative(p),
          message: `More than ${maxFiles} source files: the rest is not analysed. Open the allocator's own folder.`,
        });
      }
      return;
    }
    (isTemplate && !isSource ? templates : sources).set(at, { file: at, bytes });
  };
  const visit = (dir: string, ancestors: readonly string[]): void => {
    let at: string;
    try {
      at = realpathSync(dir);
    } catch {
      problems.push({ code: 'unreadable', file: relative(dir), message: `${relative(dir)} cannot be read.` });
      return;
    }
    if (ancestors.includes(at)) {
      problems.push({
        code: 'symlink-loop',
        file: relative(dir),
        message: `${relative(dir)} leads back to a folder around it; the loop was not followed.`,
      });
      return;
    }
    if (seen.has(at)) return;
    seen.add(at);
    let entries: import('node:fs').Dirent[];
    try {
      entries = readdirSync(at, { withFileTypes: true });
    } catch {
      problems.push({
        code: 'unreadable',
        file: relative(at),
        message: `${relative(at) || '.'} cannot be listed: no permission.`,
      });
      return;
    }
    for (const e of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const p = path.join(at, e.name);
      let isFolder = e.isDirectory();
      if (e.isSymbolicLink()) {
        try {
          isFolder = statSync(p).isDirectory();
        } catch (error) {
          const loop = error instanceof Error && 'code' in error && error.code === 'ELOOP';
          if (loop || sourcePattern.test(e.name)) {
            problems.push({
              code: loop ? 'symlink-loop' : 'unreadable',
              file: relative(p),
              message: loop
                ? `${relative(p)} is a link to itself; it was not followed.`
                : `${relative(p)} is a link to nothing.`,
            });
          }
          continue;
        }
      }
      if (isFolder) {
        if (!skippedFolders.has(e.name) && !e.name.startsWith('.')) visit(p, [...ancestors, at]);
      } else add(p, false);
    }
  };
  for (const p of real1) {
    if (statSync(p).isDirectory()) visit(p, []);
    else add(p, true);
  }
  const sorted = (m: Map<string, Found>): Found[] =>
    [...m.values()].sort((a, b) => (a.file < b.file ? -1 : 1));
  return { root: base, sources: sorted(sources), templates: sorted(templates), problems };
}

/** Whether the first 8 KiB hold a NUL byte. */
export function looksBinary(bytes: Buffer): boolean {
  return bytes.subarray(0, 8192).includes(0);
}

/** C++ by its extension, or for a bare `.h` by words that only C++ has outside `#ifdef __cplusplus`. */
export function languageOf(file: string, text: string): Language {
  if (cppPattern.test(file)) return 'cpp';
  if (!/\.(h|inc|inl)$/i.test(file)) return 'c';
  if (
    !/\b(class|template|namespace|constexpr|public:|private:|std::|nullptr|noexcept|static_cast)\b|\bstd::|public:|private:/.test(
      text,
    )
  )
    return 'c';
  const plain = text
    .replace(/#\s*if(def\s+|\s+defined\s*\(?\s*)__cplusplus[\s\S]*?#\s*(endif|else|elif)/g, '')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\/\/[^\n]*/g, '')
    .replace(/^\s*#.*(\\\n.*)*$/gm, '')
    .replace(/"(\\.|[^"\\\n])*"/g, '""');
  return /\b(class\s+\w+\s*[:{;]|template\s*<|namespace\s+\w*\s*\{|public:|private:|std::\w|static_cast\s*<|constexpr\s)/.test(
    plain,
  )
    ? 'cpp'
    : 'c';
}
