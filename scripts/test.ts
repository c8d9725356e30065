/**
 * `npm test`: build, types, lint, dependency arrows, unit and corpus tests, the package, and end to end in a real
 * VS Code. Goes on after a failing stage, reports all of them, and ends with one line `N passed, N failed`.
 * `--only a,b` and `--skip a,b` choose stages by name.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { missing, missingLine, report } from './preflight.ts';
import { duration, run, tail } from './process.ts';
import {
  nothing,
  type Outcome,
  single,
  sum,
  summaryLine,
  type VitestReport,
  vitestOutcome,
} from './test-summary.ts';
import { ensureServer, haveServer } from './vscode-install.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const tool = (name: string): string => path.join(root, 'node_modules/.bin', name);

interface Stage {
  readonly name: string;
  readonly run: () => Promise<Outcome>;
}

/** A program whose exit code is the answer. */
function check(name: string, program: string, args: readonly string[]): Stage {
  return {
    name,
    run: async () => {
      const result = await run(tool(program), args, { cwd: root, echo: true, timeoutMs: 20 * 60_000 });
      return single(result.code === 0, `${name}: ${program} ${args.join(' ')} ended with ${result.code}`);
    },
  };
}

/** Something that tests can do without: where it cannot be had, they skip themselves and this counts as skipped. */
function optional(name: string, script: string): Stage {
  return {
    name,
    run: async () => {
      const result = await run(tool('tsx'), [script], { cwd: root, echo: true, timeoutMs: 20 * 60_000 });
      if (result.code === 0) return single(true, '');
      console.log(`${name}: left out, tests that need it are skipped`);
      return { ...nothing, skipped: 1 };
    },
  };
}

/** A Vitest run; its tests are counted one by one. */
function suite(name: string, args: readonly string[], needs: () => string | null = () => null): Stage {
  return {
    name,
    run: async () => {
      const lack = needs();
      if (lack !== null) {
        console.log(lack);
        return single(false, `${name}: ${lack}`);
      }
      const folder = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-test-'));
      const file = path.join(folder, 'report.json');
      try {
        const result = await run(
          tool('vitest'),
          ['run', ...args, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`],
          { cwd: root, echo: true, timeoutMs: 45 * 60_000 },
        );
        if (!existsSync(file)) {
          return single(false, `${name}: Vitest wrote no report: ${tail(result.output, 1)}`);
        }
        return vitestOutcome(JSON.parse(readFileSync(file, 'utf8')) as VitestReport, result.code);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

/** Builds the VS Code install where it is absent, so that its minutes are not charged to a test. */
const editorStage: Stage = {
  name: 'vscode',
  run: async () => {
    try {
      await ensureServer((line) => console.log(line));
      return single(true, '');
    } catch (error) {
      const { message } = error as Error;
      console.log(message);
      return single(false, `vscode: ${message.split('\n')[0]}`);
    }
  },
};

/** Why the editor's tests cannot start, in one line; null when they can. */
function lackForEditor(): string | null {
  if (!readdirSync(root).some((f) => /^alloc-lens-.*\.vsix$/.test(f))) return 'there is no package to test';
  if (!haveServer()) return 'there is no VS Code to test in';
  const lacks = missing(['chromium']);
  return lacks.length > 0 ? missingLine('there is no browser to test with', lacks) : null;
}

const stages: readonly Stage[] = [
  check('build', 'tsx', ['scripts/build.ts']),
  check('types', 'tsc', ['--noEmit']),
  check('types-webview', 'tsc', ['--noEmit', '-p', 'webview']),
  check('types-e2e-page', 'tsc', ['--noEmit', '-p', 'test/e2e/page']),
  check('lint', 'biome', ['check', '.']),
  check('arrows', 'tsx', ['scripts/check-arrows.ts']),
  optional('corpus-sources', 'scripts/corpus.ts'),
  optional('native-parser', 'scripts/native-parser.ts'),
  suite('unit', ['test/unit']),
  suite('corpus', ['test/corpus']),
  check('package', 'tsx', ['scripts/package.ts']),
  editorStage,
  suite('e2e', ['--config', 'test/e2e/vitest.config.ts'], lackForEditor),
];

/** @throws Error that names an unknown stage. */
function chosen(args: readonly string[]): readonly Stage[] {
  const list = (flag: string): readonly string[] | null => {
    const at = args.indexOf(flag);
    return at < 0 ? null : (args[at + 1] ?? '').split(',');
  };
  const only = list('--only');
  const skip = list('--skip') ?? [];
  const unknown = [...(only ?? []), ...skip].filter((n) => !stages.some((s) => s.name === n));
  if (unknown.length > 0) {
    throw new Error(
      `unknown stage ${unknown.join(', ')}; stages are ${stages.map((s) => s.name).join(', ')}`,
    );
  }
  return stages.filter((s) => (only === null || only.includes(s.name)) && !skip.includes(s.name));
}

async function main(): Promise<void> {
  const list = chosen(process.argv.slice(2));
  for (const line of report(missing())) console.log(line);
  const rows: { name: string; outcome: Outcome; ms: number }[] = [];
  for (const stage of list) {
    console.log(`\n=== ${stage.name}`);
    const started = Date.now();
    let outcome: Outcome;
    try {
      outcome = await stage.run();
    } catch (error) {
      outcome = single(false, `${stage.name}: ${(error as Error).message}`);
    }
    rows.push({ name: stage.name, outcome, ms: Date.now() - started });
  }
  console.log('\n=== summary');
  for (const { name, outcome, ms } of rows) {
    const mark = outcome.failed === 0 ? 'ok  ' : 'FAIL';
    console.log(`${mark} ${name.padEnd(15)} ${duration(ms).padStart(12)}  ${summaryLine(outcome)}`);
  }
  const total = sum(rows.map((r) => r.outcome));
  for (const failure of total.failures) console.log(`failed: ${failure.replaceAll(`${root}/`, '')}`);
  console.log(summaryLine(total));
  process.exitCode = total.failed === 0 ? 0 : 1;
}

try {
  await main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 2;
}
