/** Short builders of model rows for the editor's tests: every field explicit somewhere, defaults harmless. */
import type {
  AtomicSite,
  BenchResult,
  Counter,
  Findings,
  FunctionInfo,
  Gate,
  Profile,
  Variable,
} from '../../../extension/model.ts';

export const fn = (over: Partial<FunctionInfo> & Pick<FunctionInfo, 'name'>): FunctionInfo => ({
  id: `${over.file ?? 'a.c'}#${over.name}`,
  file: 'a.c',
  line: 10,
  endLine: 20,
  temperature: 'hot',
  category: 'core',
  selfPercent: null,
  ...over,
});

export const site = (over: Partial<AtomicSite> = {}): AtomicSite => ({
  id: `site:${over.file ?? 'a.c'}:${over.line ?? 12}:${over.target ?? 'g_hits'}`,
  kind: 'primitive',
  file: 'a.c',
  line: 12,
  column: 5,
  endLine: 12,
  endColumn: 40,
  function: 'f',
  operation: 'fetch_add',
  order: 'relaxed',
  target: 'g_hits',
  variable: 'var:g_hits',
  via: [],
  class: 'telemetry',
  role: 'counter',
  temperature: 'hot',
  activity: { state: 'active', decidedBy: null },
  gates: [],
  evidence: [],
  ...over,
});

export const gate = (over: Partial<Gate> & Pick<Gate, 'name'>): Gate => ({
  id: `gate:${over.name}`,
  kind: 'env',
  file: 'a.c',
  line: 30,
  column: 20,
  function: 'gate_fn',
  default: 'off',
  read: 'once',
  hot: false,
  guards: [],
  ...over,
});

export const counter = (over: Partial<Counter> = {}): Counter => ({
  id: `counter:${over.line ?? 13}`,
  file: 'a.c',
  line: 13,
  function: 'f',
  target: 'g_warm_pool_stats[c].hits',
  temperature: 'hot',
  activity: { state: 'active', decidedBy: null },
  ...over,
});

export const variable = (over: Partial<Variable> = {}): Variable => ({
  id: 'var:g_hits',
  name: 'g_hits',
  owner: null,
  file: 'a.c',
  line: 3,
  type: '_Atomic uint64_t',
  class: 'telemetry',
  role: 'counter',
  evidence: [],
  ...over,
});

export const findings = (over: Partial<Findings> = {}): Findings => ({
  schemaVersion: 1,
  root: '/project',
  configuration: { defines: {}, env: {}, entries: [] },
  files: [{ path: 'a.c', language: 'c', lines: 100, bytes: 2000, parseErrors: 0 }],
  diagnostics: [],
  atomics: [],
  counters: [],
  gates: [],
  variables: [],
  functions: [],
  candidates: [],
  timing: { parseMs: 0, extractMs: 0, linkMs: 0, classifyMs: 0, totalMs: 0 },
  ...over,
});

export const profile = (over: Partial<Profile> = {}): Profile => ({
  target: { kind: 'engine', name: 'engine', variant: 'sampled', sha256: null },
  workload: 'random_mixed:mixed',
  origin: { functions: 'V8 sampler', lines: 'counted instructions' },
  unit: 'samples',
  samples: 1000,
  recordedAt: '2026-11-20T11:42:00.000Z',
  speedAgainstFast: 0.8,
  functions: [],
  lines: [],
  ...over,
});

/** Self shares of engine boxes, by name. */
export const engineProfile = (
  shares: Readonly<Record<string, number>>,
  over: Partial<Profile> = {},
): Profile =>
  profile({
    functions: Object.entries(shares).map(([name, selfPercent], i) => ({
      name,
      category: name === 'malloc' ? 'wrapper' : 'core',
      selfPercent,
      file: 'engine/allocator/front.ts',
      line: 10 * (i + 1),
    })),
    ...over,
  });

export const benchResult = (over: Partial<BenchResult> = {}): BenchResult => ({
  schemaVersion: 1,
  workload: 'random_mixed:mixed',
  target: 'engine',
  variant: 'fast',
  threads: 1,
  iterations: 4_000_000,
  runs: [{ passes: [64.1e6], median: 64.1e6, first: 60e6 }],
  mean: 64.1e6,
  median: 64.1e6,
  stdev: null,
  cv: null,
  min: 64.1e6,
  max: 64.1e6,
  firstOpsPerSecond: 60e6,
  hash: ['e66e779432636d08'],
  moduleSha256: null,
  counters: null,
  latency: null,
  memory: { peakBytes: null, liveBytes: null, requestedBytes: null, wasteByClass: null },
  profile: null,
  ...over,
});
