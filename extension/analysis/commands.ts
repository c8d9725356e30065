/** The defines of a compilation database. */
import { readFileSync } from 'node:fs';
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

/** `-DNAME[=VALUE]` (and `-D NAME`, `/D`) of every entry; where entries differ, the first wins. */
export function commandDefines(file: string): Record<string, string> {
  let entries: unknown;
  try {
    entries = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UserError(
      `${file}: not a readable compile_commands.json (${error instanceof Error ? error.message.split('\n')[0] : 'unreadable'}).`,
    );
  }
  if (!Array.isArray(entries)) throw new UserError(`${file}: a compile_commands.json is a list of commands.`);
  const out: Record<string, string> = {};
  for (const e of entries as unknown[]) {
    if (typeof e !== 'object' || e === null) continue;
    const { command, arguments: list } = e as { command?: unknown; arguments?: unknown };
    const args = Array.isArray(list)
      ? list.filter((a): a is string => typeof a === 'string')
      : typeof command === 'string'
        ? splitCommand(command)
        : [];
    args.forEach((a, i) => {
      const m = /^[-/]D(.*)$/.exec(a);
      if (m === null) return;
      const text = m[1] === '' ? (args[i + 1] ?? '') : (m[1] ?? '');
      const eq = text.indexOf('=');
      const name = eq < 0 ? text : text.slice(0, eq);
      if (/^\w+$/.test(name) && out[name] === undefined) out[name] = eq < 0 ? '1' : text.slice(eq + 1);
    });
  }
  return out;
}
