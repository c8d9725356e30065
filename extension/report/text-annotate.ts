/** A source file beside its percentages, in the manner of `perf annotate`. */
import type { AnnotatedLine, AnnotatedSource } from '../profile/annotated-source.ts';
import { digits, percent, printable } from './format.ts';
import { plain, type Style } from './style.ts';

const shownInstructions = 8;
/** From this share on a line wants attention. */
const hot = 1;

const share = (value: number): string => (value === 0 ? '' : value < 0.005 ? '<0.01' : value.toFixed(2));

/** Counted events rest on no samples. */
function samplesOf({ profile }: AnnotatedSource): string {
  return profile.unit === 'instructions' || profile.unit === 'events'
    ? ''
    : `, ${digits(profile.samples, 'sample')}`;
}

/** Tabs as eight columns, as terminals and perf show them. */
function expand(text: string): string {
  let out = '';
  for (const c of text) out += c === '\t' ? ' '.repeat(8 - (out.length % 8)) : c;
  return printable(out);
}

/**
 * The text of `alloc-lens annotate`, without a final line end: percent of all samples, percent in code inlined here (where
 * there is any), line number and text of every line; the heads of functions with their self and total.
 *
 * @param source the whole file
 * @param assembly whether hot lines are followed by their instructions
 */
export function annotateText(
  annotated: AnnotatedSource,
  source: string,
  assembly: boolean,
  style: Style = plain,
): string {
  const texts = source.replace(/\r?\n$/, '').split(/\r?\n/);
  const lines = new Map<number, AnnotatedLine>(annotated.lines.map((l) => [l.line, l]));
  const inlined = annotated.lines.some((l) => l.callSitePercent > 0);
  const width = String(texts.length).length;
  const gap = ' '.repeat(inlined ? 17 : 8);
  const { profile } = annotated;
  const out = [
    style.bold(printable(`${annotated.file}: ${percent(annotated.percent)} of all samples`)),
    printable(`${profile.name} (${profile.format}, ${profile.event})${samplesOf(annotated)}`),
    ...annotated.notes.map((n) => style.warn(printable(n))),
    '',
    style.dim(`${' percent'}${inlined ? '  inlined' : ''}  ${'line'.padStart(width)}  source`),
  ];
  texts.forEach((text, i) => {
    const number = i + 1;
    for (const f of annotated.functions.filter((a) => a.line === number)) {
      const total = f.totalPercent === null ? '' : `, total ${percent(f.totalPercent)}`;
      out.push(style.bold(printable(`${gap}  ${f.name}: self ${percent(f.selfPercent)}${total}`)));
    }
    const line = lines.get(number);
    const own = share(line?.percent ?? 0).padStart(8);
    const here = inlined ? share(line?.callSitePercent ?? 0).padStart(9) : '';
    const row = `${own}${here}  ${String(number).padStart(Math.max(width, 4))}  ${expand(text)}`.trimEnd();
    out.push((line?.percent ?? 0) >= hot ? style.warn(row) : row);
    if (!assembly || line === undefined) return;
    for (const at of line.instructions.slice(0, shownInstructions)) {
      const place = `${at.percent.toFixed(2).padStart(8)}${inlined ? ' '.repeat(9) : ''}`;
      out.push(
        style.dim(
          printable(`${place}  ${' '.repeat(Math.max(width, 4))}    ${at.address.padStart(8)}: ${at.text}`),
        ),
      );
    }
  });
  return out.join('\n');
}
