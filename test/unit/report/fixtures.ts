/** Builders of model values for the report's tests; the figures of the profile are those of the method's own table. */
import type {
  AtomicSite,
  BenchResult,
  Candidate,
  Counter,
  Findings,
  FunctionInfo,
  Gate,
  Profile,
  ProfileFunction,
  Variable,
} from '../../../extension/model.ts';

export function site(over: Partial<AtomicSite> = {}): AtomicSite {
  return {
    id: 's1',
    kind: 'primitive',
    file: 'core/free.c',
    line: 42,
    column: 5,
    endLine: 42,
    endColumn: 60,
    function: 'free',
    operation: 'fetch_add',
    order: 'relaxed',
    target: 'g_free_ss_enter[c]',
    variable: 'v1',
    via: [],
    class: 'telemetry',
    role: 'counter',
    temperature: 'hot',
    activity: { state: 'active', decidedBy: null },
    gates: [],
    evidence: [],
    ...over,
  };
}

export function variable(over: Partial<Variable> = {}): Variable {
  return {
    id: 'v1',
    name: 'g_free_ss_enter',
    owner: null,
    file: 'core/stats.c',
    line: 7,
    type: '_Atomic uint64_t',
    class: 'telemetry',
    role: 'counter',
    evidence: [
      {
        file: 'core/stats.c',
        line: 30,
        column: 3,
        text: 'printf("%lu", g_free_ss_enter[i]);',
        reason: 'its only read is printed',
      },
    ],
    ...over,
  };
}

export function gate(over: Partial<Gate> = {}): Gate {
  return {
    id: 'g1',
    kind: 'env',
    name: 'HAKMEM_ENV_SNAPSHOT',
    file: 'core/env.c',
    line: 12,
    column: 22,
    function: 'hakmem_env_snapshot_enabled',
    default: 'on',
    read: 'per-call',
    hot: true,
    guards: ['s1'],
    ...over,
  };
}

export function fn(name: string, over: Partial<FunctionInfo> = {}): FunctionInfo {
  return {
    id: `core/${name}.c#${name}`,
    name,
    file: `core/${name}.c`,
    line: 10,
    endLine: 40,
    temperature: 'hot',
    category: 'core',
    selfPercent: null,
    ...over,
  };
}

export function counter(over: Partial<Counter> = {}): Counter {
  return {
    id: 'c1',
    file: 'core/warm.c',
    line: 9,
    function: 'warm_pool_pop',
    target: 'g_warm_pool_stats[c].hits',
    temperature: 'hot',
    activity: { state: 'inactive', decidedBy: 'HAKMEM_WARM_POOL_STATS' },
    ...over,
  };
}

export function candidate(over: Partial<Candidate> = {}): Candidate {
  return {
    id: 'k1',
    letter: 'C',
    file: 'core/free.c',
    line: 42,
    function: 'free',
    title: 'Compile out g_free_ss_enter',
    reason: 'An atomic increment on every free whose value is only printed.',
    risk: 'low',
    estimate: { instructionsPerOp: null, branchesPerOp: null, throughputPercent: null },
    experiment: 'alloc-lens bench with the flag 0 and 1',
    ...over,
  };
}

export const seedTop: readonly (readonly [string, number, ProfileFunction['category']])[] = [
  ['front_fastlane_try_free', 23.97, 'wrapper'],
  ['malloc', 23.84, 'wrapper'],
  ['main', 22.02, 'benchmark'],
  ['free', 6.82, 'wrapper'],
  ['unified_cache_push', 4.44, 'core'],
  ['tiny_header_finalize_alloc', 4.34, 'core'],
  ['tiny_c7_ultra_alloc', 3.38, 'core'],
  ['tiny_c7_ultra_free', 2.07, 'core'],
  ['hakmem_env_snapshot_enabled', 1.22, 'env'],
  ['hak_super_lookup', 0.98, 'core'],
];

export function profile(over: Partial<Profile> = {}): Profile {
  return {
    target: { kind: 'engine', name: 'engine', variant: 'sampled', sha256: null },
    workload: 'random_mixed',
    origin: { functions: 'V8 sampler', lines: 'counted instructions' },
    unit: 'samples',
    samples: 4000,
    recordedAt: '2026-11-20T10:31:00.000Z',
    speedAgainstFast: 0.62,
    functions: seedTop.map(([name, selfPercent, category]) => ({
      name,
      selfPercent,
      category,
      file: `engine/allocator/${name}.ts`,
      line: 3,
    })),
    lines: [{ file: 'engine/allocator/malloc.ts', line: 5, percent: 9.5 }],
    ...over,
  };
}

export function run(over: Partial<BenchResult> = {}): BenchResult {
  return {
    schemaVersion: 1,
    workload: 'random_mixed',
    target: 'engine',
    variant: 'fast',
    threads: 1,
    iterations: 20_000_000,
    runs: [
      { passes: [50.1e6, 63.9e6, 64.2e6, 64.4e6], median: 64.2e6, first: 50.1e6 },
      { passes: [51.3e6, 63.1e6, 64.0e6, 64.6e6], median: 64.0e6, first: 51.3e6 },
      { passes: [50.8e6, 63.7e6, 64.1e6, 64.5e6], median: 64.1e6, first: 50.8e6 },
    ],
    mean: 64.1e6,
    median: 64.1e6,
    stdev: 0.1e6,
    cv: 0.1 / 64.1,
    min: 64.0e6,
    max: 64.2e6,
    firstOpsPerSecond: 50.1e6,
    hash: ['0123456789abcdef'],
    moduleSha256: 'ab'.repeat(32),
    counters: null,
    latency: null,
    memory: { peakBytes: 5_242_880, liveBytes: null, requestedBytes: null, wasteByClass: null },
    profile: null,
    ...over,
  };
}

export function findings(over: Partial<Findings> = {}): Findings {
  return {
    schemaVersion: 1,
    root: '/project',
    configuration: { defines: {}, env: {}, entries: ['malloc', 'free'] },
    files: [{ path: 'core/free.c', language: 'c', lines: 120, bytes: 4000, parseErrors: 0 }],
    diagnostics: [],
    atomics: [site()],
    counters: [counter()],
    gates: [
      gate(),
      gate({
        id: 'g2',
        kind: 'compile',
        name: 'HAKMEM_TINY_FREE_STATS_COMPILED',
        default: 'off',
        read: null,
        function: null,
        hot: false,
      }),
    ],
    variables: [
      variable(),
      variable({
        id: 'v2',
        name: 'g_bg_spill_len',
        class: 'correctness',
        role: 'flow-control',
        file: 'core/bg_spill.c',
        line: 4,
        evidence: [
          {
            file: 'core/bg_spill.c',
            line: 77,
            column: 7,
            text: 'if (len > MAX)',
            reason: 'compared: steers the queue',
          },
        ],
      }),
    ],
    functions: [
      ...seedTop.filter(([name]) => name !== 'main').map(([name, , category]) => fn(name, { category })),
    ],
    candidates: [],
    timing: { parseMs: 1, extractMs: 1, linkMs: 1, classifyMs: 1, totalMs: 4 },
    ...over,
  };
}

/** `n` sites over many files and variables, of every class, temperature and activity. */
export function manySites(n: number): AtomicSite[] {
  const pick = <T>(values: readonly [T, ...T[]], i: number): T => values[i % values.length] ?? values[0];
  return Array.from({ length: n }, (_, i) =>
    site({
      id: `s${i}`,
      file: `src/file${i % 97}.c`,
      line: 1 + i,
      function: `function_${i % 331}`,
      target: `g_counter_${i}`,
      variable: null,
      operation: pick(['load', 'store', 'fetch_add', 'compare_exchange'], i),
      class: pick(['telemetry', 'correctness', 'unknown'], i),
      role: pick(['counter', 'lock', null], i),
      temperature: pick(['hot', 'warm', 'cold', 'unreached'], i),
      activity: { state: pick(['active', 'inactive', 'conditional'], i >> 2), decidedBy: null },
    }),
  );
}
