/**
 * Findings as SARIF 2.1.0 (OASIS, sarif-v2.1.0-os): one result for each finding that somebody could act on. Atomics
 * that are needed for correctness are no results.
 */
import type { AtomicSite, Candidate, Counter, Findings, Gate } from '../model.ts';

type Level = 'error' | 'warning' | 'note' | 'none';

interface Rule {
  readonly id: string;
  readonly name: string;
  readonly short: string;
  readonly full: string;
  readonly level: Level;
}

const rules: readonly Rule[] = [
  {
    id: 'hot-telemetry-atomic',
    name: 'HotTelemetryAtomic',
    short: 'Telemetry atomic on a hot path',
    full: 'An atomic operation whose value only observes runs on every allocation or free. Put it behind a compile flag or sample it.',
    level: 'warning',
  },
  {
    id: 'telemetry-atomic',
    name: 'TelemetryAtomic',
    short: 'Telemetry atomic',
    full: 'An atomic operation whose value only observes, away from the hot path or switched off.',
    level: 'note',
  },
  {
    id: 'unclassified-atomic',
    name: 'UnclassifiedAtomic',
    short: 'Atomic of unknown purpose on a hot path',
    full: 'Not every read of the variable could be followed, so it is neither called telemetry nor correctness.',
    level: 'note',
  },
  {
    id: 'hot-getenv',
    name: 'HotGetenv',
    short: 'Environment read on a hot path',
    full: 'A gate reads the environment on a hot path. Read it once and keep the value.',
    level: 'warning',
  },
  {
    id: 'plain-counter',
    name: 'PlainCounter',
    short: 'Plain telemetry counter on a hot or warm path',
    full: 'A non-atomic counter that only observes. Cheaper than an atomic one, still work on the path.',
    level: 'note',
  },
  {
    id: 'reduction-candidate',
    name: 'ReductionCandidate',
    short: 'Reduction candidate',
    full: 'A change that would take work off the path, to be confirmed by measuring both builds.',
    level: 'note',
  },
];

interface Result {
  readonly rule: string;
  readonly id: string;
  readonly level: Level;
  readonly message: string;
  readonly file: string;
  readonly line: number;
  readonly column: number | null;
  readonly endLine: number | null;
  readonly endColumn: number | null;
}

/** A relative path as a URI reference: each segment percent-encoded. */
export function fileUri(file: string): string {
  return file.split('/').map(encodeURIComponent).join('/');
}

function siteResult(s: AtomicSite): Result | null {
  const hot = s.temperature === 'hot' && s.activity.state === 'active';
  if (s.class === 'correctness' || (s.class === 'unknown' && s.temperature !== 'hot')) return null;
  const rule =
    s.class === 'unknown' ? 'unclassified-atomic' : hot ? 'hot-telemetry-atomic' : 'telemetry-atomic';
  const why = s.evidence[0]?.reason;
  const state =
    s.activity.decidedBy === null
      ? s.activity.state
      : `${s.activity.state}, decided by ${s.activity.decidedBy}`;
  return {
    rule,
    id: s.id,
    level: rule === 'hot-telemetry-atomic' ? 'warning' : 'note',
    message: `${s.operation} on ${s.target ?? 'memory'} in ${s.function ?? 'file scope'}: ${s.class}${s.role === null ? '' : ` (${s.role})`}, ${s.temperature}, ${state}.${why === undefined ? '' : ` ${why}.`}`,
    file: s.file,
    line: s.line,
    column: s.column,
    endLine: s.endLine,
    endColumn: s.endColumn,
  };
}

function gateResult(g: Gate): Result | null {
  if (g.kind !== 'env' || !g.hot) return null;
  return {
    rule: 'hot-getenv',
    id: g.id,
    level: 'warning',
    message: `${g.name ?? 'A computed name'} is read from the environment on a hot path (${g.read ?? 'how often is unknown'}, default ${g.default ?? 'unknown'}).`,
    file: g.file,
    line: g.line,
    column: g.column,
    endLine: null,
    endColumn: null,
  };
}

/** What is known by its line alone. */
const lineOf = ({ file, line }: Pick<Counter, 'file' | 'line'>) =>
  ({ file, line, column: null, endLine: null, endColumn: null }) as const;

function counterResult(c: Counter): Result {
  return {
    rule: 'plain-counter',
    id: c.id,
    level: 'note',
    message: `${c.target} is updated in ${c.function ?? 'file scope'} (${c.temperature}, ${c.activity.state}).`,
    ...lineOf(c),
  };
}

function candidateResult(c: Candidate): Result {
  return {
    rule: 'reduction-candidate',
    id: c.id,
    level: 'note',
    message: `${c.letter}: ${c.title}. ${c.reason} To confirm: ${c.experiment}`,
    ...lineOf(c),
  };
}

export interface SarifOptions {
  readonly version: string;
  /** Absolute `file:` URI of the analysed root, ending in `/`. */
  readonly rootUri: string;
  /** Ids known before; null when no baseline was given. */
  readonly baseline: ReadonlySet<string> | null;
}

/** A SARIF log with one run. `level` and `kind` follow §3.27.9 and §3.27.10 of the standard: levels only on `fail`. */
export function renderSarif(findings: Findings, options: SarifOptions): string {
  const results = [
    ...findings.atomics.map(siteResult),
    ...findings.gates.map(gateResult),
    ...findings.counters.map(counterResult),
    ...findings.candidates.map(candidateResult),
  ].filter((r) => r !== null);
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'Alloc Lens',
            semanticVersion: options.version,
            rules: rules.map((r) => ({
              id: r.id,
              name: r.name,
              shortDescription: { text: r.short },
              fullDescription: { text: r.full },
              defaultConfiguration: { level: r.level },
            })),
          },
        },
        originalUriBaseIds: { SRCROOT: { uri: options.rootUri } },
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            executionSuccessful: true,
            toolExecutionNotifications: findings.diagnostics.map((d) => ({
              descriptor: { id: d.code },
              level: d.severity === 'error' || d.severity === 'warning' ? d.severity : 'note',
              message: { text: d.message },
              // A diagnostic about the whole input has no file.
              locations: d.file === '' ? [] : [location(d.file, { startLine: Math.max(1, d.line) })],
            })),
          },
        ],
        results: results.map((r) => ({
          ruleId: r.rule,
          ruleIndex: rules.findIndex((rule) => rule.id === r.rule),
          kind: 'fail',
          level: r.level,
          message: { text: r.message },
          locations: [
            location(r.file, {
              startLine: r.line,
              ...(r.column === null ? {} : { startColumn: r.column }),
              ...(r.endLine === null ? {} : { endLine: r.endLine }),
              ...(r.endColumn === null ? {} : { endColumn: r.endColumn }),
            }),
          ],
          partialFingerprints: { 'allocLensId/v1': r.id },
          ...(options.baseline === null
            ? {}
            : { baselineState: options.baseline.has(r.id) ? 'unchanged' : 'new' }),
        })),
      },
    ],
  };
  return JSON.stringify(log, null, 2);
}

function location(file: string, region: Readonly<Record<string, number>>) {
  return {
    physicalLocation: { artifactLocation: { uri: fileUri(file), uriBaseId: 'SRCROOT' }, region },
  };
}
