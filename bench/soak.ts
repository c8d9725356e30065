/**
 * Phase 57's soak on the engine: speed first against balanced, a process a side, in turns.
 *
 *   npm run bench:soak [-- --minutes N] [--epoch-seconds N] [--workload W] [--resume FILE] ...
 *
 * Takes the options of `alloc-lens soak` and leaves what that leaves: a CSV with every epoch and a report in Markdown,
 * whose paths it prints. Beside it, how much of the machine others used meanwhile: a CV is only the allocator's when
 * nothing else ran. System calls are counted where they are made, unless sides are given.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { machineLines } from './machine.ts';
import { othersBetween, readCpu, singleLimit } from './quiet.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const counted = 'HAKMEM_SS_OS_STATS_COMPILED=1';

/** The sides' flags, where neither they nor a soak to go on with are given. */
function sides(args: readonly string[]): string[] {
  if (args.some((a) => /^--(baseline|treatment|resume)(=|$)/.test(a))) return [];
  return [
    ...['--baseline', `preset:MIXED_TINYV3_C7_SAFE,${counted}`],
    ...['--treatment', `preset:MIXED_TINYV3_C7_BALANCED,${counted}`],
  ];
}

function soak(args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(root, 'dist/cli.js'), 'soak', ...sides(args), ...args], {
      cwd: root,
      stdio: 'inherit',
    });
    // The command line ends by itself on Ctrl-C, which the terminal sends to both, and says how to go on.
    process.on('SIGINT', () => {});
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 3));
  });
}

for (const line of machineLines()) console.log(line);
const before = readCpu();
const status = await soak(process.argv.slice(2));
const after = readCpu();
if (before !== null && after !== null) {
  const others = othersBetween(before, after);
  const marked = others > singleLimit ? ', too much: the CV and the tail are theirs too' : '';
  console.log(`others used ${others.toFixed(2)} cores meanwhile${marked}`);
}
process.exitCode = status;
