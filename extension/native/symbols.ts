/** Function names of a binary, from its symbol table. */
import { UserError } from '../model.ts';
import { runLines } from './process-lines.ts';

/** Types of `nm` that are code: local and global text, weak and indirect functions. */
const code = /^(\S+) [tTwWiu] /;

/**
 * Names as the linker has them (`hak_gate.part.0`, mangled C++), each once, in order. A stripped library still names what it
 * exports.
 *
 * @throws UserError when `nm` is missing or the file is no binary; AbortError
 */
export async function functionSymbols(file: string, signal: AbortSignal | undefined): Promise<string[]> {
  const names = new Set<string>();
  // Both tables: the full one, which stripping takes away, and the dynamic one.
  const problems: string[] = [];
  for (const table of [[], ['--dynamic']]) {
    const args = ['--defined-only', '--format=posix', ...table, '--', file];
    const problem = await runLines('nm', args, signal, (line) => {
      const name = code.exec(line)?.[1];
      if (name !== undefined) names.add(name.replace(/@.*$/, ''));
    });
    if (problem !== null) problems.push(problem);
  }
  if (names.size === 0) {
    const why = problems.find((p) => !/no symbols/.test(p)) ?? 'it has no symbols';
    throw new UserError(`${file}: its functions cannot be listed: ${why}`);
  }
  return [...names].sort();
}
