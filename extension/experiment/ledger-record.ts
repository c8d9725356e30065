/** What a line of the ledger has to be. Everything that the rest relies on is checked, further properties are kept. */
import type { Cost, CostName, CostTable } from '../model-costs.ts';
import type {
  AuditedOperation,
  Calibration,
  ChangedPlace,
  CheckItem,
  CounterTable,
  DocumentFigures,
  DocumentSide,
  Estimate,
  Experiment,
  ExperimentGate,
  ExperimentSide,
  ExperimentWork,
  GapTable,
  HotTable,
  LayoutRow,
  Look,
  MachineState,
  Pruned,
  SideSpec,
  TopRule,
  Unit,
  Verdict,
} from '../model-experiment.ts';
import { type LedgerRecord, ledgerVersion } from '../model-ledger.ts';
import type { SoakBudget, SoakEpoch, SoakSide, SoakSummary } from '../model-soak.ts';
import {
  array,
  type Check,
  exactly,
  figure,
  interval,
  nullable,
  object,
  oneOf,
  optional,
  text,
  texts,
  time,
  truth,
  whole,
} from './record-shape.ts';

const verdict = oneOf<Verdict>({ GO: true, NEUTRAL: true, 'NO-GO': true, 'NO-OP': true, INCONCLUSIVE: true });

const spec = object<SideSpec>({
  target: text,
  variant: text,
  preset: nullable(text),
  flags: texts,
  env: texts,
});

const work = object<ExperimentWork>({
  workload: oneOf<ExperimentWork['workload']>({
    random_mixed: true,
    larson: true,
    pc: true,
    mstress: true,
    trace: true,
  }),
  profile: text,
  trace: nullable(object<NonNullable<ExperimentWork['trace']>>({ file: text, flatten: truth })),
  iterations: nullable(whole),
  workingSet: nullable(whole),
  min: nullable(whole),
  max: nullable(whole),
  seed: figure,
  threads: nullable(whole),
});

const machine = object<MachineState>({
  cpu: text,
  cores: whole,
  kernel: text,
  runtime: text,
  governor: nullable(text),
  turbo: nullable(truth),
  load: nullable(figure),
  container: truth,
  pinned: nullable(array(whole)),
  flags: array(text),
});

const estimate = object<Estimate>({
  method: oneOf<Estimate['method']>({
    trimmed: true,
    'hodges-lehmann': true,
    bca: true,
    means: true,
    medians: true,
  }),
  percent: figure,
  interval,
});

const calibration = object<Calibration>({
  at: time,
  host: text,
  target: text,
  workload: text,
  units: whole,
  sigmaPercent: figure,
  biasPercent: figure,
  interval,
  passed: truth,
});

const side = object<ExperimentSide>({
  label: text,
  spec,
  sha256: nullable(text),
  mean: nullable(figure),
  median: nullable(figure),
  stdev: nullable(figure),
  runs: array(figure),
});

const counters = object<CounterTable>({
  unit: oneOf<CounterTable['unit']>({ wasm: true, x86: true }),
  rows: array(
    object<CounterTable['rows'][number]>({
      name: text,
      baseline: nullable(figure),
      treatment: nullable(figure),
      delta: nullable(figure),
    }),
  ),
  layoutTax: truth,
});

const changed = array(
  object<ChangedPlace>({ function: text, file: text, line: whole, baseline: figure, treatment: figure }),
);

const documentSide = object<DocumentSide>(
  {
    label: text,
    mean: nullable(figure),
    median: nullable(figure),
    stdev: nullable(figure),
    runs: nullable(whole),
  },
  { listed: optional(array(figure)) },
);

const figuresOfDocument = object<DocumentFigures>(
  {
    replay: text,
    source: text,
    verdict: nullable(text),
    effectPercent: nullable(figure),
    threshold: nullable(figure),
    baseline: nullable(documentSide),
    treatment: nullable(documentSide),
    notes: array(text),
  },
  { medianPercent: optional(nullable(figure)), expected: optional(nullable(text)) },
);

const topRule = object<TopRule>({
  top: whole,
  floor: figure,
  functions: whole,
  gates: array(
    object<TopRule['gates'][number]>({
      name: text,
      rank: nullable(whole),
      selfPercent: nullable(figure),
      state: oneOf<TopRule['gates'][number]['state']>({
        hot: true,
        'below the floor': true,
        'below the top': true,
        'not seen': true,
      }),
    }),
  ),
  verdict: oneOf<TopRule['verdict']>({ NEUTRAL: true, INCONCLUSIVE: true }),
  reason: text,
});

const hot = object<HotTable>({
  source: text,
  rows: array(
    object<HotTable['rows'][number]>({
      rank: whole,
      name: text,
      selfPercent: figure,
      category: oneOf<HotTable['rows'][number]['category']>({
        wrapper: true,
        core: true,
        env: true,
        benchmark: true,
        kernel: true,
        stats: true,
        library: true,
      }),
    }),
  ),
});

const audited = object<AuditedOperation>({
  file: text,
  function: text,
  operation: text,
  variable: text,
  class: oneOf<AuditedOperation['class']>({ telemetry: true, correctness: true, unknown: true }),
  reason: text,
});

const gap = object<GapTable>({
  unit: oneOf<GapTable['unit']>({ wasm: true, x86: true }),
  ours: text,
  theirs: text,
  rows: array(
    object<GapTable['rows'][number]>({
      metric: text,
      ours: nullable(figure),
      theirs: nullable(figure),
      delta: nullable(figure),
      deltaPercent: nullable(figure),
    }),
  ),
});

const optionalOfExperiment = {
  changed: optional(changed),
  pruned: optional(object<Pruned>({ atomics: whole, what: text, frequency: text })),
  processesPerUnit: optional(whole),
  moreProcesses: optional(nullable(whole)),
  source: optional(exactly('listed')),
  document: optional(figuresOfDocument),
  topRule: optional(topRule),
  hot: optional(hot),
  audit: optional(array(audited)),
  gap: optional(gap),
  checks: optional(array(object<CheckItem>({ item: text, passed: nullable(truth), note: text }))),
};

const experiment = object<Experiment>(
  {
    schemaVersion: exactly(1),
    id: text,
    title: text,
    replay: nullable(text),
    verdict,
    reason: text,
    effectPercent: nullable(figure),
    interval: nullable(interval),
    threshold: figure,
    rule: oneOf<Experiment['rule']>({ interval: true, seed: true }),
    processes: whole,
    looks: array(object<Look>({ units: whole, estimate, verdict: nullable(verdict) })),
    noiseFloorPercent: nullable(figure),
    smallestVisiblePercent: nullable(figure),
    warnings: array(text),
    work,
    baseline: side,
    treatment: side,
    counters: nullable(counters),
    gates: array(
      object<ExperimentGate>({
        name: oneOf<ExperimentGate['name']>({
          identity: true,
          liveness: true,
          coverage: true,
          checksum: true,
          batch: true,
          calibration: true,
          machine: true,
        }),
        passed: truth,
        note: text,
      }),
    ),
    crossChecks: array(estimate),
    layouts: array(object<LayoutRow>({ layout: text, units: whole, effectPercent: figure })),
    units: array(
      object<Unit>({
        index: whole,
        layout: text,
        first: oneOf<Unit['first']>({ baseline: true, treatment: true }),
        logRatio: figure,
        blocks: array(figure),
        baseline: figure,
        treatment: figure,
        batchNs: figure,
        disturbed: nullable(figure),
      }),
    ),
    calibration: nullable(calibration),
    machine,
    startedAt: time,
    finishedAt: time,
  },
  optionalOfExperiment,
);

const tail = object<{
  readonly throughput: Readonly<Record<'p50' | 'p10' | 'p1' | 'min', number>>;
  readonly latency: Readonly<Record<'p50' | 'p99' | 'p999' | 'worst' | 'worstEpoch', number>>;
  readonly ratio: number;
}>({
  throughput: object({ p50: figure, p10: figure, p1: figure, min: figure }),
  latency: object({ p50: figure, p99: figure, p999: figure, worst: figure, worstEpoch: whole }),
  ratio: figure,
});

/** Also what a side of fewer than two epochs lacks. */
const othersOfSoakSide = {
  cvPercent: nullable(figure),
  driftBytes: optional(nullable(figure)),
  tail: optional(nullable(tail)),
  systemCallsExact: optional(truth),
  sha256: optional(nullable(text)),
};

const soak = object<SoakSummary>(
  {
    schemaVersion: exactly(1),
    id: text,
    minutes: figure,
    work,
    sides: array(
      object<SoakSide>(
        {
          label: text,
          spec,
          epochs: array(
            object<SoakEpoch>(
              {
                index: whole,
                at: figure,
                operations: figure,
                opsPerSecond: figure,
                p50: figure,
                p99: figure,
                p999: figure,
                residentBytes: nullable(figure),
                systemCalls: nullable(figure),
              },
              { session: optional(whole), disturbed: optional(nullable(figure)) },
            ),
          ),
          operations: figure,
          meanOpsPerSecond: figure,
          cvPercent: figure,
          driftPercent: nullable(figure),
          systemCallsPerOp: nullable(figure),
          budgets: array(
            object<SoakBudget>({
              name: oneOf<SoakBudget['name']>({ drift: true, 'system calls': true, cv: true }),
              limit: figure,
              value: nullable(figure),
              passed: nullable(truth),
            }),
          ),
        },
        othersOfSoakSide,
      ),
    ),
    passed: truth,
    machine,
    startedAt: time,
    finishedAt: time,
  },
  {
    epochSeconds: optional(figure),
    plannedEpochs: optional(whole),
    cancelled: optional(truth),
    notes: optional(array(text)),
  },
);

const costs = object<CostTable>(
  {
    schemaVersion: exactly(1),
    source: text,
    host: text,
    costs: array(
      object<Cost>({
        name: oneOf<CostName>({
          'relaxed add': true,
          'seq_cst add': true,
          'acquire load': true,
          'compare and swap': true,
          'thread-local read': true,
          'environment-gate branch': true,
          'header check': true,
          'wrapper call': true,
        }),
        contended: truth,
        ns: figure,
        interval,
        percent: figure,
      }),
    ),
    machine,
    at: time,
  },
  { pairNs: optional(figure), units: optional(whole), warnings: optional(array(text)) },
);

type Kind = LedgerRecord['kind'];
type Of<K extends Kind> = Extract<LedgerRecord, { kind: K }>;

const head = { v: exactly(ledgerVersion), at: time } as const;
const records: { readonly [K in Kind]: Check<Of<K>> } = {
  experiment: object<Of<'experiment'>>({ ...head, kind: exactly('experiment'), experiment }),
  calibration: object<Of<'calibration'>>({ ...head, kind: exactly('calibration'), calibration }),
  soak: object<Of<'soak'>>({ ...head, kind: exactly('soak'), soak }),
  costs: object<Of<'costs'>>({ ...head, kind: exactly('costs'), costs }),
};
const kind = oneOf<Kind>({ experiment: true, calibration: true, soak: true, costs: true });

/** Deepest nesting of brackets that a record may have: ours have eight, and writing a value out is recursive. */
const deepest = 64;

function tooDeep(value: unknown): boolean {
  let layer: unknown[] = [value];
  for (let depth = 0; layer.length > 0; depth++) {
    if (depth > deepest) return true;
    const next: unknown[] = [];
    for (const v of layer) {
      if (typeof v !== 'object' || v === null) continue;
      for (const inner of Object.values(v)) if (typeof inner === 'object' && inner !== null) next.push(inner);
    }
    layer = next;
  }
  return false;
}

export type Reading =
  | { readonly record: LedgerRecord }
  /** `version` is set when a later version of the program wrote it. */
  | { readonly problem: string; readonly version: number | null };

function isRecord(value: unknown, check: Check<LedgerRecord>): value is LedgerRecord {
  return check(value, '') === null;
}

/** A parsed value as a record of the ledger: the same object, with whatever else it holds. */
export function readRecord(value: unknown): Reading {
  const invalid = (problem: string): Reading => ({ problem, version: null });
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return invalid('not a record: a JSON object is expected');
  }
  const v: unknown = Reflect.get(value, 'v');
  if (typeof v !== 'number' || !Number.isSafeInteger(v) || v < 1) {
    return invalid('not a record: v, the version of its schema, is missing or no number from 1');
  }
  if (v > ledgerVersion) {
    return {
      problem: `written by a later version (schema ${v}, this one reads ${ledgerVersion}): update Alloc Lens to see it`,
      version: v,
    };
  }
  const named: unknown = Reflect.get(value, 'kind');
  const wrongKind = kind(named, 'kind');
  if (wrongKind !== null) return invalid(wrongKind);
  if (tooDeep(value)) return invalid(`nested deeper than ${deepest} levels`);
  const check: Check<LedgerRecord> = records[named as Kind];
  return isRecord(value, check) ? { record: value } : invalid(check(value, '') ?? 'not a record');
}
