/** Findings as a person reads them in a terminal: hot telemetry first, diagnostics last. */
import type { AnalysisDiagnostic, Activity, AuditRow, Candidate, Counter, Findings, Gate } from '../model.ts';
import { auditRows } from './audit.ts';
import { digits, printable, shorten, signedPercent } from './format.ts';
import { leadSentence } from './lead.ts';
import { type Style, plain } from './style.ts';
import { estimateNote } from './text-costs.ts';
import { type Column, textTable } from './table.ts';

const classOrder = { telemetry: 0, unknown: 1, correctness: 2 };
const evidenceWidth = 76;
const leastEvidence = 24;

/** `active`, `inactive: HAKMEM_X`: the state and, where a gate decided it, which. */
export function activityText(activity: Activity): string {
  return activity.decidedBy === null ? activity.state : `${activity.state}: ${activity.decidedBy}`;
}

const factColumns: readonly Column<AuditRow>[] = [
  { title: 'variable', cell: (r) => r.name },
  { title: 'class', cell: (r) => r.class },
  { title: 'role', cell: (r) => r.role ?? '-' },
  { title: 'where', cell: (r) => r.temperature },
  { title: 'activity', cell: (r) => activityText(r.activity) },
  { title: 'sites', cell: (r) => String(r.sites), align: 'right' },
  { title: 'declared', cell: (r) => `${r.source.file}:${r.source.line}` },
];

/** The evidence takes what the facts leave of the terminal's width, within bounds. */
function auditColumns(rows: readonly AuditRow[], width: number | null): Column<AuditRow>[] {
  const facts = textTable(factColumns, rows).reduce((w, line) => Math.max(w, line.length), 0);
  const room =
    width === null ? evidenceWidth : Math.max(leastEvidence, Math.min(evidenceWidth, width - facts - 2));
  return [...factColumns, { title: 'evidence', cell: (r) => shorten(r.evidence, room) }];
}

const gateColumns: readonly Column<Gate>[] = [
  { title: 'gate', cell: (g) => g.name ?? '(computed)' },
  { title: 'default', cell: (g) => g.default ?? '?' },
  { title: 'read', cell: (g) => g.read ?? '-' },
  { title: 'hot', cell: (g) => (g.hot ? 'hot' : '') },
  { title: 'guards', cell: (g) => String(g.guards.length), align: 'right' },
  { title: 'in', cell: (g) => `${g.function ?? '-'} ${g.file}:${g.line}` },
];

const compileColumns: readonly Column<Gate>[] = [
  { title: 'flag', cell: (g) => g.name ?? '(computed)' },
  { title: 'default', cell: (g) => g.default ?? '?' },
  { title: 'guards', cell: (g) => String(g.guards.length), align: 'right' },
  { title: 'at', cell: (g) => `${g.file}:${g.line}` },
];

const counterColumns: readonly Column<Counter>[] = [
  { title: 'counter', cell: (c) => c.target },
  { title: 'where', cell: (c) => c.temperature },
  { title: 'activity', cell: (c) => activityText(c.activity) },
  { title: 'in', cell: (c) => `${c.function ?? '-'} ${c.file}:${c.line}` },
];

const candidateColumns: readonly Column<Candidate>[] = [
  { title: 'kind', cell: (c) => c.letter },
  { title: 'candidate', cell: (c) => shorten(c.title, evidenceWidth) },
  {
    title: 'estimate',
    cell: (c) =>
      c.estimate.throughputPercent === null ? 'not estimated' : signedPercent(c.estimate.throughputPercent),
  },
  { title: 'risk', cell: (c) => c.risk },
  { title: 'at', cell: (c) => `${c.file}:${c.line}` },
];

function section<Row>(
  style: Style,
  heading: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  tint: (row: Row) => boolean = () => false,
): string[] {
  if (rows.length === 0) return [];
  const [title = '', ...lines] = textTable(columns, rows);
  return [
    '',
    style.bold(heading),
    style.dim(title),
    ...lines.map((line, i) => {
      const row = rows[i];
      return row !== undefined && tint(row) ? style.warn(line) : line;
    }),
  ];
}

function summary(findings: Findings, style: Style): string[] {
  const lines = findings.files.reduce((n, f) => n + f.lines, 0);
  const { defines, env, entries } = findings.configuration;
  const setting = (record: Readonly<Record<string, string>>): string[] =>
    Object.entries(record).map(([name, value]) => `${name}=${value}`);
  const configuration = [
    entries.length > 0 ? `entries ${entries.join(' ')}` : 'no allocation entry point found',
    ...setting(defines).map((s) => `-D${s}`),
    ...setting(env),
  ].join(' · ');
  const unresolved = findings.atomics.filter((s) => s.variable === null && s.kind !== 'fence').length;
  return [
    `${digits(findings.files.length, 'file')}, ${digits(lines, 'line')}: ${digits(findings.atomics.length, 'atomic site')} on ${digits(findings.variables.length, 'variable')}${
      unresolved > 0 ? ` (${digits(unresolved, 'site')} on targets that could not be resolved)` : ''
    }, ${digits(findings.gates.length, 'gate')}, ${digits(findings.counters.length, 'plain counter')}, in ${Math.round(findings.timing.totalMs).toLocaleString('en-US')} ms`,
    style.dim(printable(configuration)),
  ];
}

/** Notes of one code, when there are more than these many, are told by their number and first place. */
const notesSpelled = 5;

/** One line each; a code that only informs and stands in many files is folded into one. */
function diagnosticLines(diagnostics: readonly AnalysisDiagnostic[]): string[] {
  const place = (d: AnalysisDiagnostic): string => (d.file === '' ? '' : `${d.file}:${d.line}: `);
  const spelled = (d: AnalysisDiagnostic): string => `${place(d)}${d.severity}: ${d.message} [${d.code}]`;
  const notes = new Map<string, AnalysisDiagnostic[]>();
  for (const d of diagnostics) {
    if (d.severity === 'information') notes.set(d.code, [...(notes.get(d.code) ?? []), d]);
  }
  const folded = (code: string): boolean => (notes.get(code)?.length ?? 0) > notesSpelled;
  const lines = diagnostics.filter((d) => !folded(d.code)).map(spelled);
  for (const [code, all] of notes) {
    const [first] = all;
    if (folded(code) && first !== undefined) {
      lines.push(`${spelled(first)} … and in ${all.length - 1} more files`);
    }
  }
  return lines;
}

/**
 * The whole text of `alloc-lens analyze`, without a final line end. On a terminal `width` (columns) cuts the audit's
 * last column, the evidence; nothing is cut without it.
 */
export function findingsText(findings: Findings, style: Style = plain, width: number | null = null): string {
  const audit = auditRows(findings);
  const byClass = [...audit].sort((a, b) => classOrder[a.class] - classOrder[b.class]);
  const env = findings.gates.filter((g) => g.kind === 'env').sort((a, b) => Number(b.hot) - Number(a.hot));
  const compile = findings.gates.filter((g) => g.kind === 'compile');
  const count = (name: AuditRow['class']): number => audit.filter((r) => r.class === name).length;
  const lines = [
    ...summary(findings, style),
    '',
    printable(leadSentence({ findings, profile: null, hotFunctions: [] })),
    ...section(
      style,
      `Atomic variables: ${count('telemetry')} telemetry, ${count('unknown')} unknown, ${count('correctness')} correctness`,
      auditColumns(byClass, width),
      byClass,
      (r) => r.class === 'telemetry' && r.temperature === 'hot' && r.activity.state === 'active',
    ),
    ...section(style, 'Environment gates', gateColumns, env, (g) => g.hot && g.read === 'per-call'),
    ...section(style, 'Compile gates', compileColumns, compile),
    ...section(style, 'Plain counters', counterColumns, findings.counters),
    ...section(style, 'Candidates', candidateColumns, findings.candidates),
  ];
  const note = estimateNote(findings.candidates);
  if (note !== '') lines.push(printable(note));
  if (findings.diagnostics.length > 0) {
    lines.push('', style.bold('Diagnostics'));
    lines.push(...diagnosticLines(findings.diagnostics).map(printable));
  }
  return lines.join('\n');
}
