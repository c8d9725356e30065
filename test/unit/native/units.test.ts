/** The parts of the native target that need no compiler: argument vectors, the harness's output, the loader's cache. */
import { describe, expect, it } from 'vitest';
import { parseLoaderCache } from '../../../extension/native/discover.ts';
import { parseHarnessOutput } from '../../../extension/native/output.ts';
import { harnessArguments } from '../../../extension/native/arguments.ts';
import { parametersOf } from '../../../extension/profile/workloads.ts';

const cache = `1234 libs found in cache \`/etc/ld.so.cache'
\tlibtcmalloc_minimal_debug.so.4 (libc6,x86-64) => /lib/x86_64-linux-gnu/libtcmalloc_minimal_debug.so.4
\tlibtcmalloc_minimal.so.4 (libc6,x86-64) => /lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4
\tlibmimalloc.so.2 (libc6) => /lib/i386-linux-gnu/libmimalloc.so.2
\tlibmimalloc.so.2 (libc6,x86-64) => /lib/x86_64-linux-gnu/libmimalloc.so.2
\tlibmimalloc.so (libc6,x86-64) => /lib/x86_64-linux-gnu/libmimalloc.so
\tlibjemalloc.so.2 (libc6,AArch64) => /lib/aarch64-linux-gnu/libjemalloc.so.2
\tlibnotmimalloc.so.2 (libc6,x86-64) => /lib/libnotmimalloc.so.2
`;

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

describe('harnessArguments', () => {
  it('hands every parameter over as a number', () => {
    const p = parametersOf({
      workload: 'random_mixed',
      profile: 'large',
      ...{ variant: 'native', env: {}, flags: {}, seed: 7, threads: 1, runs: 1 },
      ...{ iterations: null, workingSet: 3, min: null, max: null },
      ...{ sample: false, counters: false, latency: true, verify: true },
    });
    const args = harnessArguments(p, { verify: true, latency: true });
    expect(args.join(' ')).toBe('random_mixed 200000 3 32768 1048576 7 5 1 200000');
    expect(harnessArguments(p, { verify: false, latency: false }).slice(-2)).toEqual(['0', '0']);
  });
});

describe('parseHarnessOutput', () => {
  const good = {
    allocator: '/lib/libm"x.so',
    passesNs: [5, 4, 3, 2, 1],
    hash: '4f8522de81e06661',
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
    expect(output.faults).toEqual({ contents: 0, alignment: 1, zero: 2 });
  });

  it.each([
    ['nothing', ''],
    ['half a line', JSON.stringify(good).slice(0, 60)],
    ['a pass too few', JSON.stringify({ ...good, passesNs: [1, 2] })],
    ['a hash that is none', JSON.stringify({ ...good, hash: 'xyz' })],
    ['text for a number', JSON.stringify({ ...good, liveBytes: '12' })],
    ['no latency', JSON.stringify({ ...good, latency: null })],
  ])('refuses %s', (_, text) => {
    expect(() => parseHarnessOutput(text, 5)).toThrow(/printed no result/);
  });
});
