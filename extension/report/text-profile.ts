/** An imported profile and a difference of two, in a terminal and in Markdown. */
import type { Profile, ProfileFunction, ProfileLine } from '../model.ts';
import type { ProfileDiff, ProfileDifference, ProfileUnit } from '../model-profile.ts';
import { foreignFiles } from '../profile/path-map.ts';
import { bytes, digits, percent, printable, shorten } from './format.ts';
import { plain, type Style } from './style.ts';
import { type Column, markdownCell, markdownCode, markdownTable, textTable } from './table.ts';
import type { SourceText } from './text-bench.ts';

const shownFunctions = 20;
const shownLines = 20;
const shownFiles = 8;
const shownDifferences = 25;
/** Percent points below which a difference is not listed. */
const leastDifference = 0.005;

const place = (file: string | null, line: number | null): string =>
  file === null ? '-' : line === null ? file : `${file}:${line}`;

/** Path without its folders. */
const baseOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** What a profile rests on: samples, and what they weigh where that says more. */
function amountOf(samples: number, unit: ProfileUnit, weight: number | null): string {
  if (unit === 'instructions' || unit === 'events') {
    return weight === null
      ? `counted ${unit}`
      : `${weight.toLocaleString('en-US', { maximumFractionDigits: 0 })} ${unit}`;
  }
  const count = digits(samples, 'sample');
  if (unit === 'nanoseconds' && weight !== null) return `${count}, ${(weight / 1e9).toFixed(2)} s`;
  return unit === 'bytes' && weight !== null ? `${count}, ${bytes(weight)}` : count;
}

function headOf(profile: Profile): string {
  const { details } = profile;
  const of = details === undefined ? profile.origin.functions : `${details.format}, ${details.event.name}`;
  const threads =
    details === undefined || details.threads.length < 2
      ? ''
      : `, ${digits(details.threads.length, 'thread')}`;
  const name = [profile.target.name, profile.target.variant].filter((p) => p !== null && p !== '').join(' ');
  return `${name} (${of}): ${amountOf(profile.samples, profile.unit, details?.event.weight ?? null)}${threads}`;
}

/** What is not in the tables, a sentence each. */
function remarks(profile: Profile): string[] {
  const { details } = profile;
  if (details === undefined) return [];
  const out = [...details.notes];
  if (details.events.length > 1) {
    const others = details.events.filter((e) => e.name !== details.event.name).map((e) => e.name);
    out.push(`Other events, one at a time by --event: ${others.slice(0, 12).join(', ')}.`);
  }
  if (details.skipped !== null) {
    out.push(
      `${digits(details.skipped.count, 'part')} could not be read, the first: ${details.skipped.first}`,
    );
  }
  return out;
}

function unmappedLines(profile: Profile): string[] {
  const foreign = foreignFiles(profile);
  const all = (profile.details?.unmapped ?? []).filter((u) => u.percent >= leastDifference);
  const own = all.filter((u) => !foreign.has(u.file));
  const share = (files: typeof all): string => percent(files.reduce((sum, u) => sum + u.percent, 0));
  const out: string[] = [];
  if (own.length > 0) {
    out.push(
      `${share(own)} in ${digits(own.length, 'file')} that ${own.length === 1 ? 'is' : 'are'} not in this folder (--map FROM=TO says where):`,
      ...own.slice(0, shownFiles).map((u) => `${percent(u.percent).padStart(8)}  ${u.file}`),
    );
    if (own.length > shownFiles) out.push(`and ${digits(own.length - shownFiles, 'further file')}`);
  }
  if (own.length < all.length) {
    const libraries = all.filter((u) => foreign.has(u.file));
    out.push(`${share(libraries)} in ${digits(libraries.length, 'file')} of libraries and the kernel`);
  }
  return out;
}

function functionColumns(profile: Profile): readonly Column<ProfileFunction>[] {
  const totals = profile.functions.some((f) => f.totalPercent !== undefined);
  const objects = profile.functions.some((f) => f.object !== undefined);
  const total: Column<ProfileFunction> = {
    title: 'total',
    cell: (f) => (f.totalPercent === undefined ? '-' : percent(f.totalPercent)),
    align: 'right',
  };
  return [
    { title: 'self', cell: (f) => percent(f.selfPercent), align: 'right' },
    ...(totals ? [total] : []),
    { title: 'function', cell: (f) => shorten(f.name, 60) },
    { title: 'category', cell: (f) => f.category },
    ...(objects ? [{ title: 'object', cell: (f: ProfileFunction) => baseOf(f.object ?? '-') }] : []),
    { title: 'source', cell: (f) => place(f.file, f.line) },
  ];
}

function lineColumns(sourceText: SourceText, inlined: boolean): readonly Column<ProfileLine>[] {
  const site: Column<ProfileLine> = {
    title: 'inlined',
    cell: (l) => (l.callSitePercent === undefined ? '' : percent(l.callSitePercent)),
    align: 'right',
  };
  return [
    { title: 'share', cell: (l) => percent(l.percent), align: 'right' },
    ...(inlined ? [site] : []),
    { title: 'line', cell: (l) => `${l.file}:${l.line}` },
    { title: 'source', cell: (l) => shorten((sourceText(l.file, l.line) ?? '').trim(), 80) },
  ];
}

interface Shown {
  readonly functions: readonly ProfileFunction[];
  readonly rest: string | null;
  readonly lines: readonly ProfileLine[];
}

function shownOf(profile: Profile): Shown {
  const functions = [...profile.functions].sort((a, b) => b.selfPercent - a.selfPercent);
  const rest = functions.slice(shownFunctions);
  const share = rest.reduce((sum, f) => sum + f.selfPercent, 0);
  return {
    functions: functions.slice(0, shownFunctions),
    rest: rest.length === 0 ? null : `${percent(share)} in ${digits(rest.length, 'further function')}`,
    lines: [...profile.lines].sort((a, b) => b.percent - a.percent).slice(0, shownLines),
  };
}

/** The text of `alloc-lens profile import`, without a final line end. */
export function profileText(
  profile: Profile,
  style: Style = plain,
  sourceText: SourceText = () => null,
): string {
  const { functions, rest, lines } = shownOf(profile);
  const [title = '', ...rows] = textTable(functionColumns(profile), functions);
  const out = [printable(headOf(profile)), '', style.bold('Hot functions'), style.dim(title), ...rows];
  if (rest !== null) out.push(style.dim(rest));
  if (lines.length > 0) {
    const inlined = lines.some((l) => l.callSitePercent !== undefined);
    const [head = '', ...hot] = textTable(lineColumns(sourceText, inlined), lines);
    out.push('', style.bold('Hot lines'), style.dim(head), ...hot);
  }
  const threads = profile.details?.threads ?? [];
  if (threads.length > 1) {
    out.push('', style.bold('Threads'));
    for (const t of threads.slice(0, shownFiles)) {
      out.push(
        printable(`${percent(t.percent).padStart(8)}  ${t.name}${t.tid === null ? '' : ` (${t.tid})`}`),
      );
    }
  }
  const unmapped = unmappedLines(profile).map(printable);
  if (unmapped.length > 0) out.push('', style.warn(unmapped[0] ?? ''), ...unmapped.slice(1));
  const notes = remarks(profile).map(printable);
  if (notes.length > 0) out.push('', ...notes);
  return out.join('\n');
}

const asMarkdown = <Row>(columns: readonly Column<Row>[], code: readonly string[]): Column<Row>[] =>
  columns.map((c) => ({
    ...c,
    cell: (row) => (code.includes(c.title) ? markdownCode(c.cell(row)) : markdownCell(c.cell(row))),
  }));

const bullets = (lines: readonly string[]): string[] => lines.map((l) => `- ${markdownCell(l)}`);

/** The same as a Markdown document. */
export function profileMarkdown(profile: Profile, sourceText: SourceText = () => null): string {
  const { functions, rest, lines } = shownOf(profile);
  const out = [
    `# ${markdownCell(headOf(profile))}`,
    '',
    '## Hot functions',
    '',
    ...markdownTable(asMarkdown(functionColumns(profile), ['function', 'object', 'source']), functions),
  ];
  if (rest !== null) out.push('', markdownCell(rest));
  if (lines.length > 0) {
    const columns = lineColumns(
      sourceText,
      lines.some((l) => l.callSitePercent !== undefined),
    );
    out.push('', '## Hot lines', '', ...markdownTable(asMarkdown(columns, ['line', 'source']), lines));
  }
  const notes = [...unmappedLines(profile), ...remarks(profile)];
  if (notes.length > 0) out.push('', ...bullets(notes));
  return out.join('\n');
}

// ---------------------------------------------------------------------------------------------- differences

const points = (value: number): string => `${value > 0 ? '+' : ''}${value.toFixed(2)}`;

/** Whether the interval leaves out 0; null where there is none. */
const isSure = (d: ProfileDifference): boolean | null =>
  d.interval === null ? null : d.interval[0] > 0 || d.interval[1] < 0;

function differenceColumns(
  rows: readonly ProfileDifference[],
  what: string,
): readonly Column<ProfileDifference>[] {
  const interval: Column<ProfileDifference> = {
    title: '95%',
    cell: (d) => (d.interval === null ? '-' : `${points(d.interval[0])} .. ${points(d.interval[1])}`),
    align: 'right',
  };
  return [
    { title: 'points', cell: (d) => points(d.delta), align: 'right' },
    ...(rows.some((d) => d.interval !== null) ? [interval] : []),
    { title: 'before', cell: (d) => (d.before === null ? '-' : percent(d.before)), align: 'right' },
    { title: 'after', cell: (d) => (d.after === null ? '-' : percent(d.after)), align: 'right' },
    { title: what, cell: (d) => shorten(d.name, 70) },
    ...(what === 'function'
      ? [{ title: 'source', cell: (d: ProfileDifference) => place(d.file, d.line) }]
      : []),
  ];
}

function sideText(side: ProfileDiff['before']): string {
  return `${side.name} (${amountOf(side.samples, side.unit, null)})`;
}

const listed = (rows: readonly ProfileDifference[]): readonly ProfileDifference[] =>
  rows.filter((d) => Math.abs(d.delta) >= leastDifference).slice(0, shownDifferences);

/** Rows whose interval holds 0 are faint: they may be chance. */
function differenceTable(rows: readonly ProfileDifference[], what: string, style: Style): string[] {
  const [title = '', ...lines] = textTable(differenceColumns(rows, what), rows);
  return [
    style.dim(title),
    ...lines.map((line, i) => {
      const row = rows[i];
      return row !== undefined && isSure(row) === false ? style.dim(line) : line;
    }),
  ];
}

/** One sentence: how many differences are more than chance. */
function verdict(diff: ProfileDiff): string {
  const judged = diff.functions.filter((d) => d.interval !== null);
  if (judged.length === 0) return "percent points of each one's own samples, no intervals";
  const sure = judged.filter((d) => isSure(d) === true).length;
  return `${digits(sure, 'function')} of ${judged.length} differ by more than chance (95%, each for itself)`;
}

/** The text of `alloc-lens profile diff`, without a final line end. */
export function diffText(diff: ProfileDiff, style: Style = plain): string {
  const functions = listed(diff.functions);
  const lines = listed(diff.lines);
  const out = [printable(`${sideText(diff.before)} -> ${sideText(diff.after)}`), verdict(diff)];
  if (functions.length > 0)
    out.push('', style.bold('Functions'), ...differenceTable(functions, 'function', style));
  if (lines.length > 0) out.push('', style.bold('Lines'), ...differenceTable(lines, 'line', style));
  if (functions.length === 0 && lines.length === 0) out.push('', 'no differences');
  if (diff.notes.length > 0) out.push('', ...diff.notes.map((n) => style.warn(printable(n))));
  return out.join('\n');
}

/** The same as a Markdown document. */
export function diffMarkdown(diff: ProfileDiff): string {
  const out = [
    `# ${markdownCell(`${sideText(diff.before)} -> ${sideText(diff.after)}`)}`,
    '',
    markdownCell(verdict(diff)),
  ];
  const functions = listed(diff.functions);
  const lines = listed(diff.lines);
  if (functions.length > 0) {
    const columns = asMarkdown(differenceColumns(functions, 'function'), ['function', 'source']);
    out.push('', '## Functions', '', ...markdownTable(columns, functions));
  }
  if (lines.length > 0) {
    out.push(
      '',
      '## Lines',
      '',
      ...markdownTable(asMarkdown(differenceColumns(lines, 'line'), ['line']), lines),
    );
  }
  if (diff.notes.length > 0) out.push('', ...bullets(diff.notes));
  return out.join('\n');
}
