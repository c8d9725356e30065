/** What hovers say, as Markdown: a claim, the accesses it rests on, each with a link to check it. Pure. */
import type {
  AtomicSite,
  Counter,
  Evidence,
  FileAnnotations,
  Findings,
  FunctionAnnotation,
  Gate,
  HeatChange,
  Profile,
  Variable,
} from '../model.ts';
import type { ProfileInstruction } from '../model-profile.ts';
import type { CostTable } from '../model-costs.ts';
import { costNameOf, isRemovable, removableCost } from '../profile/cost-estimates.ts';
import { costSentence } from './cost-text.ts';
import {
  counted,
  gateName,
  gateReadText,
  gateValue,
  inactivity,
  operationText,
  percentText,
  pointsText,
  sharesText,
  targetText,
  variableName,
} from './words.ts';

/** Link targets, made by the editor; both return something that may stand between Markdown's parentheses. */
export interface HoverLinks {
  readonly location: (file: string, line: number, column?: number) => string;
  readonly rows: (ids: readonly string[]) => string;
  readonly report: string;
  readonly calibrate: string;
}

export interface HoverContext {
  readonly findings: Findings;
  readonly links: HoverLinks;
  /** What things cost on this machine, null before any calibration. */
  readonly costs: CostTable | null;
}

/** Source text and names come from the user's files: nothing in them may become a link, a command or HTML. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/[\\`*_{}[\]()#+\-!~|]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/\s+/g, ' ');
}

const baseName = (file: string): string => file.slice(file.lastIndexOf('/') + 1);

function fileLink(links: HoverLinks, at: { file: string; line: number; column?: number }): string {
  return `[${escapeMarkdown(baseName(at.file))}:${at.line}](${links.location(at.file, at.line, at.column)})`;
}

/** Class as a coloured word; the word itself carries the meaning. */
const tag = (cls: string): string =>
  `<span style="color:var(--vscode-allocLens-atomic-${cls});">${cls === 'unknown' ? 'unclassified' : cls}</span>`;

const paths = {
  hot: 'On the hot path',
  warm: 'On a warm path',
  cold: 'On a cold path',
  unreached: 'Not reached from the entry points',
} as const;

function whereText(
  row: Pick<AtomicSite, 'function' | 'file' | 'temperature'>,
  ctx: HoverContext,
  annotation: FunctionAnnotation | undefined,
): string {
  const { findings, links } = ctx;
  if (row.function === null) return `${paths[row.temperature]}, outside any function.`;
  const f = findings.functions.find((c) => c.name === row.function && c.file === row.file);
  const name = escapeMarkdown(row.function);
  const linked = f === undefined ? name : `[${name}](${links.location(f.file, f.line)})`;
  const share = annotation?.selfPercent ?? null;
  if (share === null) return `${paths[row.temperature]}: ${linked}.`;
  const by = annotation?.bySymbol ?? null;
  const mark = by === null ? '' : ` (${escapeMarkdown(by)}, by symbol)`;
  return `${paths[row.temperature]}: ${linked}, ${percentText(share)} self${mark}.`;
}

/** `Compiled out: FLAG off.`, with a link to the gate; null when nothing guards the row. */
function activityText(
  row: Pick<AtomicSite, 'activity'> & { readonly gates?: readonly string[] },
  ctx: HoverContext,
): string | null {
  const { findings, links } = ctx;
  const { env, defines } = findings.configuration;
  const names = [...new Set([row.activity.decidedBy, ...(row.gates ?? [])])].filter((n) => n !== null);
  const described = names.map((name) => {
    const g = findings.gates.find((c) => c.name === name);
    if (g === undefined) return escapeMarkdown(name);
    const kind = g.kind === 'env' ? 'environment' : 'compile';
    const value = gateValue(g, env, defines);
    return `[${escapeMarkdown(name)}](${links.location(g.file, g.line, g.column)}) ${escapeMarkdown(value.text)} (${kind} gate${value.set ? ', set' : ', default'})`;
  });
  const why = inactivity(row, findings.gates);
  if (why === null) return described.length === 0 ? null : `Active; behind ${described.join(', ')}.`;
  const said =
    { 'compiled out': 'Compiled out', 'gated off': 'Gated off', conditional: 'Conditional' }[why] ?? why;
  return described.length === 0 ? `${said}.` : `${said}: ${described.join(', ')}.`;
}

const evidenceShown = 12;

function evidenceList(evidence: readonly Evidence[], links: HoverLinks): string[] {
  const lines = evidence
    .slice(0, evidenceShown)
    .map((e, i) => `${i + 1}. ${escapeMarkdown(e.reason)} — ${fileLink(links, e)}`);
  if (evidence.length > evidenceShown) lines.push(`\n… and ${evidence.length - evidenceShown} more.`);
  return lines;
}

const conclusions = {
  telemetry: 'No condition, index, address or size depends on it.',
  correctness: 'The allocator relies on it: removing or weakening it changes behaviour.',
  unknown: 'Not every access could be followed, so nothing is claimed.',
} as const;

function viaText(site: AtomicSite, links: HoverLinks): string | null {
  if (site.via.length === 0) return null;
  const steps = site.via.map((v) =>
    v.file === null || v.line === null
      ? escapeMarkdown(v.name)
      : `[${escapeMarkdown(v.name)}](${links.location(v.file, v.line)})`,
  );
  return `Through ${steps.join(' → ')}.`;
}

/** Hover of one atomic site. */
export function siteHover(site: AtomicSite, ctx: HoverContext, annotation?: FunctionAnnotation): string {
  const { findings, links } = ctx;
  const variable = findings.variables.find((v) => v.id === site.variable);
  const role = site.role === null ? '' : `: ${site.role}`;
  const head = `${tag(site.class)}${role}  **${escapeMarkdown(targetText(site))}** — ${operationText(site).replaceAll('_', '\\_')}`;
  const where = [whereText(site, ctx, annotation), activityText(site, ctx), viaText(site, links)];
  const evidence = site.evidence.length > 0 ? site.evidence : (variable?.evidence ?? []);
  const blocks = [head, where.filter((w) => w !== null).join(' ')];
  if (evidence.length > 0) blocks.push(evidenceList(evidence, links).join('\n'));
  if (site.kind !== 'fence') blocks.push(conclusions[site.class]);
  const cost = worthText(site, ctx);
  if (cost !== null) blocks.push(cost);
  blocks.push('---', footer(site, variable, ctx));
  return blocks.join('\n\n');
}

/** What leaving it out would save here; the way to know it where nothing was calibrated; null where it cannot go. */
function worthText(site: AtomicSite, { costs, links }: HoverContext): string | null {
  if (!isRemovable(site) || costNameOf(site) === null) return null;
  if (costs === null) return `[Calibrate costs](${links.calibrate}) to see what it costs here.`;
  const cost = removableCost([site], costs);
  return cost === null ? null : escapeMarkdown(costSentence(cost));
}

function footer(site: AtomicSite, variable: Variable | undefined, ctx: HoverContext): string {
  const { findings, links } = ctx;
  const parts: string[] = [];
  if (variable !== undefined) {
    const all = findings.atomics.filter((s) => s.variable === variable.id);
    const name = escapeMarkdown(variableName(variable));
    parts.push(
      `[${counted(all.length, 'access', 'accesses')} to ${name}](${links.rows(all.map((s) => s.id))})`,
    );
    parts.push(`declared at ${fileLink(links, variable)}`);
  } else if (site.target !== null) {
    parts.push('declaration not resolved');
  }
  parts.push(`[report](${links.report})`);
  return parts.join(' · ');
}

const guardsShown = 8;

/** Hover of a gate: its value now, how it is read, what runs only under it. */
export function gateHover(gate: Gate, ctx: HoverContext): string {
  const { findings, links } = ctx;
  const { env, defines } = findings.configuration;
  const value = gateValue(gate, env, defines);
  const what = gate.kind === 'env' ? 'environment gate' : 'compile gate';
  const head = `${what}  **${escapeMarkdown(gateName(gate))}** — ${escapeMarkdown(value.text)}${value.set ? ' (set)' : gate.default === null ? '' : ' by default'}`;
  const read = gateReadText(gate);
  const sentences: string[] = [];
  if (read !== null) {
    const by = gate.function === null ? '' : ` by ${escapeMarkdown(gate.function)}`;
    sentences.push(
      `${read.charAt(0).toUpperCase()}${read.slice(1)}${by}${gate.hot ? ', on the hot path' : ''}.`,
    );
  }
  const setting = gate.kind === 'env' ? 'allocLens.env' : 'allocLens.defines';
  if (gate.name !== null) sentences.push(`Set it for the analysis in \`${setting}\`.`);
  const guarded = guardedRows(gate, findings);
  const blocks = [head, sentences.join(' ')];
  if (guarded.length === 0) blocks.push('Nothing was found that runs only under it.');
  else {
    const list = guarded
      .slice(0, guardsShown)
      .map((r) => `- ${escapeMarkdown(r.label)} — ${fileLink(links, r)}`);
    if (guarded.length > guardsShown) list.push(`- … and ${guarded.length - guardsShown} more`);
    blocks.push(`Runs only under it:\n\n${list.join('\n')}`);
  }
  return blocks.filter((b) => b !== '').join('\n\n');
}

export interface GuardedRow {
  readonly label: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Rows that a gate guards, as label and place: functions, then atomics, then counters. */
export function guardedRows(gate: Gate, findings: Findings): GuardedRow[] {
  const ids = new Set(gate.guards);
  const guarded = <T extends { readonly id: string; readonly file: string; readonly line: number }>(
    rows: readonly T[],
    label: (row: T) => string,
    column: (row: T) => number = () => 1,
  ): GuardedRow[] =>
    rows
      .filter((r) => ids.has(r.id))
      .map((r) => ({ label: label(r), file: r.file, line: r.line, column: column(r) }));
  return [
    ...guarded(findings.functions, (f) => `${f.name}()`),
    ...guarded(
      findings.atomics,
      (s) => `${s.operation} ${targetText(s)} (${s.class})`,
      (s) => s.column,
    ),
    ...guarded(findings.counters, (c) => `${c.target} (plain counter)`),
  ];
}

/** Hover of a plain telemetry counter. */
export function counterHover(counter: Counter, ctx: HoverContext, annotation?: FunctionAnnotation): string {
  const where = [whereText(counter, ctx, annotation), activityText(counter, ctx)].filter((w) => w !== null);
  return [
    `plain counter  **${escapeMarkdown(counter.target)}**`,
    where.join(' '),
    'Telemetry without an atomic: a load, an add and a store each time it runs.',
  ].join('\n\n');
}

const instructionsShown = 8;

/** Nothing in a binary or an imported file may end the code block that it is shown in. */
const codeText = (text: string): string => text.replace(/\s+/g, ' ').replaceAll('`', "'").slice(0, 200);

/** The hottest instructions of a line, as a disassembly has them: share, address, text. */
function instructionsBlock(instructions: readonly ProfileInstruction[]): string {
  const rows = instructions.slice(0, instructionsShown).map((i) => {
    const share = percentText(i.percent).padStart(6);
    return `${share}  ${codeText(i.address).padStart(8)}  ${codeText(i.text)}`;
  });
  const more = instructions.length - rows.length;
  if (more > 0) rows.push(`        … and ${more} more`);
  return ['```text', ...rows, '```'].join('\n');
}

function changeSentence({ before, delta, interval }: HeatChange, base: string): string {
  const was = before === null ? 'was not seen' : `held ${percentText(before)}`;
  const range =
    interval === null ? '' : `, 95% between ${pointsText(interval[0])} and ${pointsText(interval[1])}`;
  const sure =
    interval !== null && interval[0] <= 0 && interval[1] >= 0 ? ' Too few samples to call it a change.' : '';
  return `**${pointsText(delta)} points** against ${escapeMarkdown(base)}, where it ${was}${range}.${sure}`;
}

export interface HeatHoverLinks {
  /** Opens the assembly of what stands at the line; null where there is none. */
  readonly assembly: string | null;
  /** Why the figures may be off in this file; null when they are not. */
  readonly caution: string | null;
  /** Name of the profile that the loaded one is compared with. */
  readonly baseline: string | null;
}

const noLinks: HeatHoverLinks = { assembly: null, caution: null, baseline: null };

/** Hover of a line with measured cost: share, rank, and which figures these are; null for a line without. */
export function heatHover(
  line: number,
  annotations: FileAnnotations,
  profile: Profile,
  run: string,
  links: HeatHoverLinks = noLinks,
): string | null {
  const here = annotations.heat.find((h) => h.line === line);
  if (here === undefined) return null;
  const byCost = annotations.heat.filter((h) => h.percent > 0).sort((a, b) => b.percent - a.percent);
  const rank = byCost.indexOf(here) + 1;
  const file = annotations.heat.reduce((sum, h) => sum + h.percent, 0);
  const blocks: string[] = [];
  if (rank > 0) {
    blocks.push(
      `**${percentText(here.percent)}** of the run on this line — ${rank} of ${counted(byCost.length, 'measured line')} in this file, which holds ${percentText(file)}.`,
    );
  }
  if (here.callSitePercent !== undefined) {
    blocks.push(
      `**${percentText(here.callSitePercent)}** in code that was inlined here; it is counted on its own lines.`,
    );
  }
  if (here.change !== undefined && links.baseline !== null) {
    blocks.push(changeSentence(here.change, links.baseline));
  }
  if (here.instructions !== undefined && here.instructions.length > 0) {
    blocks.push(instructionsBlock(here.instructions));
  }
  if (links.assembly !== null) blocks.push(`[Open assembly](${links.assembly})`);
  const caution = links.caution === null ? '' : ` ${escapeMarkdown(sentence(links.caution))}`;
  blocks.push(`${escapeMarkdown(run)}. ${escapeMarkdown(sharesText(profile))}${caution}`);
  return blocks.join('\n\n');
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
