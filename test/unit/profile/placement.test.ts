/** Layouts of native processes: stacks really begin elsewhere, and in one layout for both sides at the same place. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Placement } from '../../../extension/model.ts';
import {
  layoutNames,
  type Placing,
  placedCommand,
  placementOf,
  probePlacing,
} from '../../../extension/profile/placement.ts';

const able = process.platform === 'linux' && spawnSync('cc', ['--version'], { stdio: 'ignore' }).status === 0;
if (!able)
  console.log('skipped: stack addresses are printed by a C program on Linux, which cannot be made here');

let dir = '';
let program = '';
let placing: Placing = { core: null, fixedAddresses: false };
beforeAll(async () => {
  if (!able) return;
  dir = mkdtempSync(path.join(tmpdir(), 'alloc-lens-place-'));
  program = path.join(dir, 'stack');
  const source = path.join(dir, 'stack.c');
  writeFileSync(
    source,
    '#define _GNU_SOURCE\n#include <sched.h>\n#include <stdio.h>\n#include <stdlib.h>\n' +
      'int main(void) { int here; cpu_set_t set; sched_getaffinity(0, sizeof set, &set);\n' +
      '  printf("%p %d %s\\n", (void*)&here, CPU_COUNT(&set), getenv("LD_PRELOAD") ? "preloaded" : "plain"); }\n',
  );
  execFileSync('cc', ['-O1', '-o', program, source]);
  placing = await probePlacing();
});
afterAll(() => dir !== '' && rmSync(dir, { recursive: true, force: true }));

function stack(
  placement: Placement | undefined,
  env: Readonly<Record<string, string>> = {},
  last: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): { readonly address: bigint; readonly cores: number; readonly preloaded: string } {
  const placed = placedCommand(program, args, { PATH: process.env.PATH, ...env }, last, placement);
  const out = execFileSync(placed.command, placed.args, { env: placed.env, encoding: 'utf8', stdio: 'pipe' });
  const [address = '0', cores = '0', preloaded = ''] = out.trim().split(' ');
  return { address: BigInt(address), cores: Number(cores), preloaded };
}

const inPage = (address: bigint): number => Number(address % 4096n);

describe('layouts', () => {
  it('are four at least, each with a name that says what it is', () => {
    for (const fixedAddresses of [true, false]) {
      const names = layoutNames({ fixedAddresses });
      expect(names.length).toBeGreaterThanOrEqual(4);
      expect(new Set(names).size).toBe(names.length);
      const bytes = names.map((n) => placementOf(n, { core: 3, fixedAddresses }).environmentBytes);
      expect(new Set(bytes).size).toBe(names.length);
      // A multiple of a cache line would leave everything in a line where it was.
      expect(new Set(bytes.map((b) => b % 64)).size).toBe(names.length);
      expect(names.every((n) => n.startsWith('random') === !fixedAddresses)).toBe(true);
    }
    expect(placementOf('as loaded', { core: 1, fixedAddresses: true }).environmentBytes).toBe(0);
  });

  it.skipIf(!able)('move the stack, and put it at the same place each time', ({ skip }) => {
    if (!placing.fixedAddresses) skip('address randomisation cannot be turned off here');
    const at = layoutNames(placing).map((name) => {
      const placement = placementOf(name, placing);
      const [first, second] = [stack(placement), stack(placement)];
      expect(second.address).toBe(first.address);
      return first.address;
    });
    expect(new Set(at).size).toBe(at.length);
    expect(new Set(at.map(inPage)).size).toBe(at.length);
    expect(new Set(at.map((a) => a / 64n)).size).toBe(at.length);
  });

  it.skipIf(!able)('both sides have the same stack, whatever their environments and paths', ({ skip }) => {
    if (!placing.fixedAddresses) skip('address randomisation cannot be turned off here');
    for (const name of layoutNames(placing)) {
      const placement = placementOf(name, placing);
      const plain = inPage(stack(placement).address);
      for (let extra = 1; extra < 12; extra++) {
        const env = Object.fromEntries(
          Array.from({ length: extra }, (_, i) => [`GATE_${i}`, 'v'.repeat(7 * i)]),
        );
        expect(inPage(stack(placement, env).address), `${extra} variables`).toBe(plain);
      }
      expect(inPage(stack(placement, { LONG: 'x'.repeat(5000) }).address)).toBe(plain);
      expect(inPage(stack(placement, {}, {}, ['one', 'two']).address)).toBe(plain);
      const long = { LD_PRELOAD: `/no/${'such-'.repeat(40)}library.so` };
      expect(inPage(stack(placement, {}, long).address)).toBe(plain);
    }
  });

  it.skipIf(!able)('without a placement the environment decides where the stack begins', ({ skip }) => {
    if (!placing.fixedAddresses) skip('address randomisation cannot be turned off here');
    // The bias that layouts are there for: one variable more on one side.
    const unplaced = (env: Readonly<Record<string, string>>): number => {
      const out = execFileSync('setarch', ['-R', program], {
        env: { PATH: process.env.PATH, ...env },
        encoding: 'utf8',
      });
      return inPage(BigInt(out.split(' ')[0] ?? 0));
    };
    expect(unplaced({ GATE: 'x'.repeat(100) })).not.toBe(unplaced({}));
  });
});

describe('a placed command', () => {
  it.skipIf(!able)('runs on one core, with the library in the program alone', ({ skip }) => {
    if (placing.core === null) skip('processes cannot be pinned here');
    const placement: Placement = { core: placing.core, fixedAddresses: false, environmentBytes: 0 };
    const placed = placedCommand(program, [], process.env, { LD_PRELOAD: '/x.so' }, placement);
    expect(placed.command).toBe('taskset');
    expect(placed.env.LD_PRELOAD).toBeUndefined();
    expect(stack(placement, {}, { LD_PRELOAD: '/no.so' })).toMatchObject({
      cores: 1,
      preloaded: 'preloaded',
    });
    expect(stack(undefined, {}, { LD_PRELOAD: '/no.so' }).preloaded).toBe('preloaded');
  });

  it('is the program itself where nothing is asked for', () => {
    const placed = placedCommand(
      '/p',
      ['a'],
      { A: '1', LD_PRELOAD: 'old', GONE: undefined },
      { LD_PRELOAD: 'new' },
      undefined,
    );
    expect(placed).toEqual({ command: '/p', args: ['a'], env: { A: '1', LD_PRELOAD: 'new' } });
  });

  it('a program with an equals sign is not handed to env, which would take it for a variable', () => {
    const placement: Placement = { core: 0, fixedAddresses: true, environmentBytes: 0 };
    const placed = placedCommand('/a=b/p', [], {}, { LD_PRELOAD: 'l' }, placement);
    expect([placed.command, placed.args, placed.env.LD_PRELOAD]).toEqual(['/a=b/p', [], 'l']);
  });
});
