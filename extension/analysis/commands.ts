/** A compilation database: the defines, include folders and language of each file. */
import { readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../model.ts';

/** Arguments of a command line, as a POSIX shell would split them. */
export function splitCommand(command: string): string[] {
  const out: string[] = [];
  let word = '';
  let any = false;
  let quote = '';
  for (let i = 0; i < command.length; i++) {
    const c = command[i] as string;
    if (quote === "'") {
      if (c === "'") quote = '';
      else word += c;
    } else if (c === '\\' && i + 1 < command.length) {
      word += command[++i];
      any = true;
    } else if (quote === '"') {
      if (c === '"') quote = '';
      else word += c;
    } else if (c === '"' || c === "'") {
      quote = c;
      any = true;
    } else if (c === ' ' || c === '\t' || c === '\n') {
      if (any || word !== '') out.push(word);
      word = '';
      any = false;
    } else word += c;
  }
  if (any || word !== '') out.push(word);
  return out;
}

/** What one command line says about the compile configuration of its file. */
export interface FlagSet {
  /** Values by name, the last flag of a name wins; null for `-U`. */
  readonly defines: ReadonlyMap<string, string | null>;
  /** `-I` and the like, absolute, in their order. */
  readonly includeDirs: readonly string[];
  /** `-include`, as written or absolute. */
  readonly forced: readonly string[];
}

/** One entry of a compilation database. */
export interface FileCommand extends FlagSet {
  /** Absolute. */
  readonly file: string;
}

const standards: Readonly<Record<string, string>> = {
  '98': '199711', '03': '199711', '11': '201103', '0x': '201103', '14': '201402', '1y': '201402', '17': '201703',
  '1z': '201703', '20': '202002', '2a': '202002', '23': '202302', '2b': '202302',
}; // biome-ignore format: a table
const cStandards: Readonly<Record<string, string | null>> = {
  '89': null, '90': null, '99': '199901', '9x': '199901', '11': '201112', '1x': '201112', '17': '201710',
  '18': '201710', '2x': '202000', '23': '202311',
}; // biome-ignore format: a table

/** Reads the flags of a compiler's argument vector; relative folders are taken from `directory`. */
export function flagsOf(args: readonly string[], directory: string): FlagSet {
  const defines = new Map<string, string | null>();
  const includeDirs: string[] = [];
  const forced: string[] = [];
  for (let i = 1; i < args.length; i++) {
    const a = args[i] ?? '';
    /** The flag's operand: behind it in the same word, else the next word. */
    const operand = (flag: string): string =>
      a.length > flag.length ? a.slice(flag.length) : (args[++i] ?? '');
    if (a === '--') break;
    const d = /^[-/]([DU])/.exec(a);
    if (d !== null && !a.startsWith('/Users')) {
      const text = operand(a.slice(0, 2));
      const eq = text.indexOf('=');
      const name = eq < 0 ? text : text.slice(0, eq);
      if (/^[A-Za-z_]\w*$/.test(name)) {
        defines.delete(name);
        defines.set(name, d[1] === 'U' ? null : eq < 0 ? '1' : text.slice(eq + 1));
      }
      continue;
    }
    const dir = /^(-isystem|-iquote|-idirafter|-I|\/I)/.exec(a)?.[1];
    if (dir !== undefined) {
      includeDirs.push(path.resolve(directory, operand(dir)));
      continue;
    }
    if (a === '-include' || a === '-imacros') {
      forced.push(args[++i] ?? '');
      continue;
    }
    const std = /^(?:-std=|--std=|\/std:)(c|gnu|iso9899:|c\+\+|gnu\+\+)(\w+)$/.exec(a);
    if (std !== null) {
      const plus = (std[1] ?? '').endsWith('++');
      const value = (plus ? standards : cStandards)[(std[2] ?? '').replace(/^(19|20)(?=\d\d)/, '')];
      if (value !== undefined) defines.set(plus ? '__cplusplus' : '__STDC_VERSION__', value);
      continue;
    }
    const sanitizer = /^-fsanitize=(.*)$/.exec(a)?.[1];
    if (sanitizer !== undefined) {
      for (const s of sanitizer.split(','))
        if (s === 'address' || s === 'thread') defines.set(`__SANITIZE_${s.toUpperCase()}__`, '1');
    } else if (/^-O/.test(a)) defines.set('__OPTIMIZE__', a === '-O0' ? null : '1');
    else if (a === '-pthread') defines.set('_REENTRANT', '1');
    else if (/^-(o|x|arch|target|MF|MT|MQ|Xlinker|Xclang|isysroot|L)$/.test(a)) i++;
  }
  return { defines, includeDirs, forced };
}

/**
 * The entries of a compilation database, each with its own flags. `arguments` is taken where it is there, else
 * `command` is split as a shell would. Rejects what is no database with a UserError.
 */
export function readCommands(file: string): FileCommand[] {
  let entries: unknown;
  try {
    entries = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UserError(
      `${file}: not a readable compile_commands.json (${error instanceof Error ? error.message.split('\n')[0] : 'unreadable'}).`,
    );
  }
  if (!Array.isArray(entries)) throw new UserError(`${file}: a compile_commands.json is a list of commands.`);
  const base = path.dirname(path.resolve(file));
  const out: FileCommand[] = [];
  for (const e of entries as unknown[]) {
    if (typeof e !== 'object' || e === null) continue;
    const entry = e as { command?: unknown; arguments?: unknown; file?: unknown; directory?: unknown };
    const args = Array.isArray(entry.arguments)
      ? entry.arguments.filter((a): a is string => typeof a === 'string')
      : typeof entry.command === 'string'
        ? splitCommand(entry.command)
        : [];
    const directory = path.resolve(base, typeof entry.directory === 'string' ? entry.directory : '.');
    const source = typeof entry.file === 'string' ? path.resolve(directory, entry.file) : '';
    out.push({ file: real(source), ...flagsOf(args, directory) });
  }
  return out;
}

function real(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

/** What all of several flag sets say: names on which they differ are unknown. */
export function agreement(sets: readonly FlagSet[]): {
  defines: Record<string, string>;
  undefined: Set<string>;
  unknown: Set<string>;
} {
  const names = new Set(sets.flatMap((s) => [...s.defines.keys()]));
  const defines: Record<string, string> = {};
  const undefinedNames = new Set<string>();
  const unknown = new Set<string>();
  for (const name of names) {
    const values = new Set(sets.map((s) => (s.defines.has(name) ? s.defines.get(name) : undefined)));
    const only = [...values][0];
    if (values.size > 1) unknown.add(name);
    else if (only === null) undefinedNames.add(name);
    else if (only !== undefined) defines[name] = only;
  }
  return { defines, undefined: undefinedNames, unknown };
}
