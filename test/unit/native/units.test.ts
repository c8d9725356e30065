/** The parts of the native target that need no compiler: argument vectors, the harness's output, the loader's cache. */
import { describe, expect, it } from 'vitest';
import type { BenchRequest } from '../../../extension/model.ts';
import { allocatorNamed, parseLoaderCache } from '../../../extension/native/discover.ts';
import { InstalledTarget } from '../../../extension/native/installed.ts';
import { parseHarnessOutput } from '../../../extension/native/output.ts';
import { harnessArguments } from '../../../extension/native/arguments.ts';
import { parametersOf } from '../../../extension/profile/workloads.ts';
import { benchRequest } from '../fixtures/requests.ts';

const cache = `1234 libs found in cache \`/etc/ld.so.cache'
\tlibtcmalloc_minimal_debug.so.4 (libc6,x86-64) => /lib/x86_64-linux-gnu/libtcmalloc_minimal_debug.so.4
\tlibtcmalloc_minimal.so.4 (libc6,x86-64) => /lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4
\tlibmimalloc.so.2 (libc6) => /lib/i386-linux-gnu/libmimalloc.so.2
\tlibmimalloc.so.2 (libc6,x86-64) => /lib/x86_64-linux-gnu/libmimalloc.so.2
\tlibmimalloc.so (libc6,x86-64) => /lib/x86_64-linux-gnu/libmimalloc.so
\tlibjemalloc.so.2 (libc6,AArch64) => /lib/aarch64-linux-gnu/libjemalloc.so.2
\tlibnotmimalloc.so.2 (libc6,x86-64) => /lib/libnotmimalloc.so.2
`;

const request = benchRequest({ variant: 'native', seed: 7, threads: null, latency: true, verify: true });

describe('parseLoaderCache', () => {
  it('takes the allocators of this machine, the first of each name', () => {
    expect(parseLoaderCache(cache, 'x64')).toEqual([
      { name: 'mimalloc', path: '/lib/x86_64-linux-gnu/libmimalloc.so.2' },
      { name: 'tcmalloc_minimal', path: '/lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4' },
    ]);
    expect(parseLoaderCache(cache, 'arm64').map((a) => a.name)).toEqual(['jemalloc']);
    expect(parseLoaderCache('', 'x64')).toEqual([]);
  });
});

describe('InstalledTarget', () => {
  const installed = parseLoaderCache(cache, 'x64');

  it('finds an allocator by its name, tcmalloc in its minimal form too', () => {
    expect(allocatorNamed(installed, 'mimalloc')?.path).toBe('/lib/x86_64-linux-gnu/libmimalloc.so.2');
    expect(allocatorNamed(installed, 'tcmalloc')?.name).toBe('tcmalloc_minimal');
    expect(allocatorNamed(installed, 'jemalloc')).toBeUndefined();
  });

  it('says what is installed when the one asked for is not', async () => {
    const target = new InstalledTarget({
      ...{ name: 'jemalloc', cacheDir: '/nowhere', harness: '/nowhere' },
      discover: async () => installed,
    });
    await expect(target.run(request, {})).rejects.toThrow(
      /jemalloc is not installed \(installed: mimalloc, tcmalloc_minimal\)/,
    );
  });
});

describe('harnessArguments', () => {
  const plain = { passes: null, verify: false, latency: 0 };

  it('hands every parameter over by its name', () => {
    const p = parametersOf({ ...request, profile: 'large', workingSet: 3 });
    expect(harnessArguments(p, null, { passes: 5, verify: true, latency: 200_000 }).join(' ')).toBe(
      'random_mixed iterations=200000 ws=3 min=32768 max=1048576 seed=7 passes=5 verify=1 latency=200000',
    );
    expect(harnessArguments(p, null, plain).slice(-3)).toEqual(['passes=0', 'verify=0', 'latency=0']);
  });

  it('knows the threaded workloads by the parameters of their definition', () => {
    const args = (change: Partial<BenchRequest>): string =>
      harnessArguments(parametersOf({ ...request, ...change }), null, plain)
        .slice(0, -3)
        .join(' ');
    expect(args({ workload: 'larson' })).toBe(
      'larson threads=2 chunks=20000 rounds=4 gens=8 min=8 max=1000 seed=7',
    );
    expect(args({ workload: 'pc', threads: 4 })).toBe(
      'pc threads=4 items=1000000 ring=1024 min=16 max=1040 seed=7',
    );
    expect(args({ workload: 'mstress', iterations: 3 })).toBe(
      'mstress threads=2 phases=3 n=10000 ret=4000 trans=4000 seed=7',
    );
  });

  it('hands a trace over as a file of plain text', () => {
    const trace = { workload: 'trace', file: 'a.trace.gz', flatten: true } as const;
    expect(harnessArguments(trace, '/tmp/with blank', plain).slice(0, 3)).toEqual([
      'trace',
      'flatten=1',
      'trace=/tmp/with blank',
    ]);
  });
});

describe('parseHarnessOutput', () => {
  const good = {
    allocator: '/lib/libm"x.so',
    passesNs: [5, 4, 3, 2, 1],
    operations: 1000,
    threads: 1,
    switches: 3,
    pageFaults: -1,
    hash: ['4f8522de81e06661'],
    peakBytes: -1,
    requestedBytes: 10,
    liveBytes: 12,
    faults: [0, 1, 2],
    latency: [1, 2, 3, 4],
  };

  it('reads the line, whatever else the library printed', () => {
    const output = parseHarnessOutput(`banner\n${JSON.stringify(good)}\nbye\n`, 5);
    expect(output.allocator).toBe('/lib/libm"x.so');
    expect(output.peakBytes).toBeNull();
    expect(output.pageFaults).toBeNull();
    expect(output.faults).toEqual({ contents: 0, alignment: 1, zero: 2 });
  });

  it('takes any number of passes where the harness chose it', () => {
    expect(parseHarnessOutput(JSON.stringify(good), null).passesNs).toHaveLength(5);
    expect(() => parseHarnessOutput(JSON.stringify({ ...good, passesNs: [] }), null)).toThrow();
  });

  it.each([
    ['nothing', ''],
    ['half a line', JSON.stringify(good).slice(0, 60)],
    ['a pass too few', JSON.stringify({ ...good, passesNs: [1, 2] })],
    ['a hash that is none', JSON.stringify({ ...good, hash: ['4f8522de81e06661', 'xyz'] })],
    ['no hash', JSON.stringify({ ...good, hash: [] })],
    ['no count of operations', JSON.stringify({ ...good, operations: undefined })],
    ['text for a number', JSON.stringify({ ...good, liveBytes: '12' })],
    ['no latency', JSON.stringify({ ...good, latency: null })],
  ])('refuses %s', (_, text) => {
    expect(() => parseHarnessOutput(text, 5)).toThrow(/printed no result/);
  });
});
