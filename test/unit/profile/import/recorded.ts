/** Real recordings, made by perf when a test asks for them: a small C program with inlining, recursion and calls of the C library. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const source = `#include <stdlib.h>
#include <stdio.h>
#include <string.h>
static inline __attribute__((always_inline)) unsigned mix(unsigned x) {
  x ^= x << 13;
  x ^= x >> 17;
  return x ^ (x << 5);
}
__attribute__((noinline)) unsigned busy_work(unsigned s, int n) {
  for (int i = 0; i < n; i++)
    s = mix(s) + 1;
  return s;
}
__attribute__((noinline)) unsigned deeper(int depth, unsigned s) {
  if (depth == 0) return busy_work(s, 2000);
  return deeper(depth - 1, s) + 1;
}
int main(int argc, char **argv) {
  unsigned s = 1;
  for (int i = 0; i < atoi(argv[1]); i++) {
    s += deeper(3, s + i);
    void *volatile p = malloc(s & 255);
    memset(p, 1, s & 255);
    free(p);
  }
  printf("%u\\n", s);
  return 0;
}
`;

const works = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;

/** Whether gcc and a perf that may record are here. */
export function canRecord(): boolean {
  return (
    works('gcc', '--version') &&
    works('perf', 'record', '-q', '-e', 'cpu-clock', '-o', '/dev/null', '--', 'true')
  );
}

export class Recorder {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'alloc-lens-recorded-'));
  /** With blanks and parentheses, as folders may have. */
  readonly program = path.join(this.folder, 'my prog (1)');

  constructor() {
    const file = path.join(this.folder, 'busy.c');
    writeFileSync(file, source);
    this.#run('gcc', ['-g', '-O1', '-fno-omit-frame-pointer', '-o', this.program, file]);
  }

  /** Records the program; returns the file. */
  record(name: string, ...options: string[]): string {
    const data = path.join(this.folder, name);
    this.#run('perf', ['record', '-q', '-o', data, ...options, '--', this.program, '30000']);
    return data;
  }

  /** What a subcommand of perf prints of a recording. */
  perf(subcommand: string, data: string, ...options: string[]): string {
    return this.#run('perf', [subcommand, '-i', data, ...options]);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #run(command: string, args: readonly string[]): string {
    const r = spawnSync(command, args, { encoding: 'utf8', cwd: this.folder, maxBuffer: 2 ** 28 });
    if (r.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${r.stderr}`);
    return r.stdout;
  }
}
