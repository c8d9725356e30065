/** Runs the built command line as a user would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import Ajv2020 from 'ajv/dist/2020.js';

export const root = path.resolve(import.meta.dirname, '../../..');
const cli = path.join(root, 'dist/cli.js');

export interface Finished {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with each piece of stderr. */
  readonly onStderr?: (text: string, child: ChildProcess) => void;
  /** Closes the reading end of stdout after its first piece. */
  readonly hangUp?: boolean;
}

export function runCli(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args], {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (options.hangUp === true) child.stdout.destroy();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      options.onStderr?.(text, child);
    });
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
}

/** stderr without progress lines. */
export function messages(finished: Finished): string[] {
  return finished.stderr.split('\n').filter((line) => line !== '' && !/^ *\d+% /.test(line));
}

/** What the schema of that name finds wrong with a value. */
export function schemaProblems(name: string, value: unknown): string[] {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  const load = (n: string): object =>
    JSON.parse(readFileSync(path.join(root, `docs/schemas/${n}.schema.json`), 'utf8')) as object;
  for (const other of ['analyze', 'bench', 'bench-threads', 'compare-allocators', 'report'])
    if (other !== name) ajv.addSchema(load(other));
  const validate = ajv.compile(load(name));
  validate(value);
  return (validate.errors ?? []).slice(0, 5).map((e) => `${e.instancePath}: ${e.message}`);
}
