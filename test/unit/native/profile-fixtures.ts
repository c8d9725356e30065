/** What the tests of recordings share: compiled programs, PATHs that lack tools, and who of a recording still lives. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { UserError } from '../../../extension/model.ts';

export const here = import.meta.dirname;
export const harness = path.resolve(here, '../../../extension/native/harness.c');

const works = (tool: string, ...args: string[]): boolean =>
  spawnSync(tool, args, { stdio: 'ignore' }).status === 0;

/** Tools that the tests need and this machine lacks; perf also has to be allowed to record. */
export function lacking(...tools: readonly string[]): string[] {
  const missing = tools.filter((tool) => !works(tool, '--version'));
  if (process.platform !== 'linux') missing.push('Linux');
  return missing;
}

/** Compiles `profiled.c` to `binary`. */
export function compileProfiled(binary: string, ...flags: readonly string[]): void {
  execFileSync('cc', [
    ...['-O2', '-g', '-fno-omit-frame-pointer', '-fno-optimize-sibling-calls', '-pthread', '-o', binary],
    ...flags,
    path.join(here, 'profiled.c'),
  ]);
}

/** 1-based line of `profiled.c` that ends with the mark. */
export function markedLine(mark: string): number {
  const lines = readFileSync(path.join(here, 'profiled.c'), 'utf8').split('\n');
  const at = lines.findIndex((l) => l.endsWith(`// ${mark}`));
  expect(at).toBeGreaterThanOrEqual(0);
  return at + 1;
}

/** A folder with links to everything on the PATH but these tools: the environment of a machine that lacks them. */
export function pathWithout(folder: string, ...tools: readonly string[]): NodeJS.ProcessEnv {
  mkdirSync(folder);
  for (const place of (process.env.PATH ?? '').split(':')) {
    let names: string[] = [];
    try {
      names = readdirSync(place);
    } catch {
      continue;
    }
    for (const name of names) {
      if (tools.includes(name)) continue;
      try {
        symlinkSync(path.join(place, name), path.join(folder, name));
      } catch {
        // An earlier folder of the PATH has it.
      }
    }
  }
  return { ...process.env, PATH: folder };
}

/** The message of the `UserError` that `run` rejects with. */
export async function refusal(run: Promise<unknown>): Promise<string> {
  try {
    await run;
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return error instanceof UserError ? error.message : '';
  }
  throw new Error('it was not refused');
}

/** Processes whose command line holds `mark`. */
export function alive(mark: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(mark);
    } catch {
      return false;
    }
  });
}
