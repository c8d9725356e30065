/** samples/hakmem really is an allocator: it builds without a warning and runs programs under LD_PRELOAD. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NativeTarget } from '../../../extension/native/target.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const sample = path.join(root, 'samples/hakmem');

function works(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

const able = process.platform === 'linux' && works('gcc', '--version') && works('make', '--version');
if (!able) console.log('skipped: samples/hakmem is built with gcc and make on Linux, which are not here');

const telemetryFlags = [
  'TINY_CLASS_STATS',
  'TINY_FREE_STATS',
  'TINY_UNIFIED_CACHE_MEASURE',
  'C7_FREE_COUNT',
  'HDR_MISMATCH_LOG',
  'HDR_META_MISMATCH',
  'METRIC_BAD_CLASS',
  'HDR_META_FAST',
  'POOL_HOTBOX_V2_STATS',
  'FRONT_STATS',
].map((name) => `-DHAKMEM_${name}_COMPILED=1`);
const frontFlags = [
  'FRONT_FASTLANE_DIRECT',
  'FREE_TRUSTED_HEADER',
  'ROUTE_FASTMAP',
  'BENCH_MINIMAL',
  'FAST_PROFILE_FIXED',
  'FAST_PROFILE_PRUNE_BACKENDS',
].map((name) => `-DHAKMEM_${name}=1`);

interface Outcome {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, args: readonly string[], env: Record<string, string>): Outcome {
  const r = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, ...env },
  });
  return { status: r.status, signal: r.signal, stdout: r.stdout, stderr: r.stderr };
}

const pythonScript = `
import hashlib, json, threading, collections
results = {}
def work(n):
    rows = [{'id': i, 'text': 'x' * (i * n % 3000), 'parts': list(range(i % 50))} for i in range(1500)]
    text = json.dumps(rows)
    back = json.loads(text)
    words = collections.Counter(r['text'][:i % 40] for i, r in enumerate(back))
    results[n] = hashlib.sha256((text + str(sorted(words.items()))).encode()).hexdigest()
threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 7)]
[t.start() for t in threads]; [t.join() for t in threads]
print(sorted(results.items()))
big = bytearray(50_000_000); big[-1] = 7
print(len(big * 2), sum(range(100000)))
`;

describe.skipIf(!able)('samples/hakmem under LD_PRELOAD', () => {
  let dir = '';
  let stress = '';

  beforeAll(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'hakmem-'));
    stress = path.join(dir, 'stress');
    const source = path.join(root, 'test/unit/samples/stress.c');
    execFileSync('gcc', ['-std=gnu11', '-O1', '-fno-builtin', '-pthread', '-o', stress, source]);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  /** Builds one configuration; the compiler must have nothing to say. */
  function build(name: string, ...settings: string[]): string {
    const out = path.join(dir, name);
    const r = spawnSync('make', ['-s', '-j2', `OUT=${out}`, ...settings], { cwd: sample, encoding: 'utf8' });
    expect({ status: r.status, said: r.stdout + r.stderr }).toEqual({ status: 0, said: '' });
    const library = path.join(out, 'libhakmem.so');
    expect(existsSync(library)).toBe(true);
    return library;
  }

  function expectSame(library: string, command: string, args: readonly string[]): void {
    const plain = run(command, args, {});
    expect(plain.status).toBe(0);
    expect(plain.stdout.length).toBeGreaterThan(0);
    expect(run(command, args, { LD_PRELOAD: library })).toEqual(plain);
  }

  function expectStress(library: string, env: Record<string, string> = {}): void {
    const r = run(stress, ['4', '1', '7'], { LD_PRELOAD: library, ...env });
    expect({ ...r, stderr: '' }).toEqual({
      status: 0,
      signal: null,
      stdout: 'stress 4 threads, 1 rounds: ok\n',
      stderr: '',
    });
  }

  it('release: ls, python3 with threads and git say the same as without it', () => {
    const library = build('release');
    expectSame(library, 'ls', ['-lR', 'samples/hakmem/core']);
    if (works('python3', '--version')) {
      const script = path.join(dir, 'work.py');
      writeFileSync(script, pythonScript);
      expectSame(library, 'python3', [script]);
    }
    const head = run('git', ['rev-parse', 'HEAD'], {});
    if (head.status === 0) {
      const commit = head.stdout.trim();
      expectSame(library, 'git', ['log', '--stat', '-n', '50', commit]);
      expectSame(library, 'git', ['grep', '-n', 'malloc', commit]);
    }
  }, 120_000);

  it('release: it is really the sample that answers, and its statistics count', () => {
    const library = build('release');
    const r = run(stress, ['1', '1', '1'], { LD_PRELOAD: library, HAKMEM_STATS_DUMP: '1' });
    expect(r.status).toBe(0);
    const maps = /os allocs=(\d+)/.exec(r.stderr);
    expect(Number(maps?.[1])).toBeGreaterThan(0);
  }, 120_000);

  it('release: threads, forks and every entry point under stress, with gates flipped', () => {
    const library = build('release');
    expectStress(library);
    for (const gate of [
      'HAKMEM_POOL_V2_ENABLED=1',
      'HAKMEM_MID_V3_ENABLED=1',
      'HAKMEM_TINY_UNIFIED_LIFO=0',
      'HAKMEM_FASTLANE_ENV_CTX=1',
      'HAKMEM_ENV_SNAPSHOT=0',
      'HAKMEM_FRONT_FASTLANE_CLASS_MASK=0x55',
      'HAKMEM_SS_MEM_LEAN=1',
      'HAKMEM_FORCE_LIBC_ALLOC=1',
    ]) {
      const [name = '', value = ''] = gate.split('=');
      expectStress(library, { [name]: value });
    }
  }, 240_000);

  it('release: the native benchmark runs over it and finds nothing wrong', async () => {
    const target = new NativeTarget({
      name: 'hakmem',
      preload: build('release'),
      cacheDir: path.join(dir, 'cache'),
      harness: path.join(root, 'extension/native/harness.c'),
    });
    for (const profile of ['mixed', 'tiny', 'mid', 'large']) {
      const result = await target.run(
        {
          ...{ workload: 'random_mixed', profile, variant: 'native', env: {}, flags: {} },
          ...{ iterations: 20_000, workingSet: null, min: null, max: null, seed: 12345, threads: 1 },
          ...{ runs: 1, sample: false, counters: false, latency: false, verify: true },
        },
        {},
      );
      expect(result.runs[0]?.passes).toHaveLength(5);
      expect(result.memory.liveBytes).toBeGreaterThanOrEqual(result.memory.requestedBytes ?? 0);
    }
  }, 120_000);

  it('all telemetry compiled in: pool v2 counts, and only with its gate', () => {
    const library = build('telemetry', `EXTRA_CFLAGS=${telemetryFlags.join(' ')}`);
    expectStress(library);
    const off = run(stress, ['1', '1', '1'], { LD_PRELOAD: library });
    expect(off.stderr).not.toContain('pool v2');
    const on = run(stress, ['1', '1', '1'], { LD_PRELOAD: library, HAKMEM_POOL_V2_ENABLED: '1' });
    expect(on.stdout).toContain('ok');
    expect(on.stderr).toMatch(/pool v2 \d+: alloc=[1-9]\d* fast=[1-9]/);
    expectSame(library, 'ls', ['-l', 'samples']);
  }, 120_000);

  it('debug flavour with telemetry, and the pruned fast profile', () => {
    expectStress(build('debug', 'BUILD_FLAVOR=debug', `EXTRA_CFLAGS=${telemetryFlags.join(' ')}`));
    expectStress(build('fast', `EXTRA_CFLAGS=${frontFlags.join(' ')}`));
  }, 240_000);

  it.skipIf(!works('clang', '--version'))(
    'clang has no warning either',
    () => {
      expectStress(build('clang', 'CC=clang', `EXTRA_CFLAGS=${telemetryFlags.join(' ')}`));
      build('clang-debug', 'CC=clang', 'BUILD_FLAVOR=debug');
    },
    240_000,
  );
});
