/** What a table of figures was measured on. */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';

function firstLine(command: string, args: readonly string[]): string | null {
  try {
    return execFileSync(command, args, { encoding: 'utf8' }).split('\n')[0] ?? null;
  } catch {
    return null;
  }
}

function packageVersion(name: string): string[] {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own format
  const version = firstLine('dpkg-query', ['-W', '-f', '${Version}\n', name]);
  return version === null || version === '' ? [] : [`${name} ${version}`];
}

/** One line a fact. */
export function machineLines(): string[] {
  const libraries = ['libc6', 'libmimalloc2.0', 'libjemalloc2', 'libtcmalloc-minimal4'].flatMap(
    packageVersion,
  );
  return [
    `CPU: ${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores, ${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    `kernel: ${type()} ${release()}`,
    `Node ${process.version} (V8 ${process.versions.v8}), tier pinned to the optimising compiler where the flags are taken`,
    `C compiler: ${firstLine('cc', ['--version']) ?? 'none'}`,
    ...(libraries.length > 0 ? [`libraries: ${libraries.join(', ')}`] : []),
  ];
}
