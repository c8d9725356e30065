/** Collapsed stacks as Brendan Gregg's scripts write them: `main;work;malloc 12`, outermost frame first. */
import { UserError } from '../../model.ts';
import type { RawFrame } from '../../model-profile.ts';
import { StackTable } from './stack-table.ts';
import { headLines, Skipped, textLines } from './text-lines.ts';
import type { Importer } from './types.ts';

const unknownName = '[unknown]';
const counted = /^(.*\S)[ \t]+(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*$/;
/** Of stacks that differ only there, a path's parts are found again, a million at most. */
const mostRemembered = 1 << 20;

/**
 * A frame by its text: `_[k]` kernel, `_[i]` inlined, `_[j]` made at run time (stackcollapse-perf.pl), `[libc.so.6]` an
 * object without symbols (the same), `libc.so.6`malloc+0x1f` (DTrace), `work (app.py:10)` (py-spy).
 */
export function foldedFrame(text: string): RawFrame {
  const mark = /_\[([kij])\]$/.exec(text)?.[1];
  const bare = mark === undefined ? text : text.slice(0, -4);
  const frame: RawFrame = {
    name: bare === '' ? unknownName : bare,
    file: null,
    line: null,
    object: mark === 'k' ? '[kernel.kallsyms]' : null,
    address: null,
    inlined: mark === 'i',
  };
  const place = /^(.+) \((.+):(\d{1,9})\)$/.exec(bare);
  if (place !== null && Number(place[3]) > 0) {
    return { ...frame, name: place[1] ?? bare, file: place[2] ?? null, line: Number(place[3]) };
  }
  const module = /^([^`]+)`(.+?)(?:\+0x[0-9a-f]+)?$/.exec(bare);
  if (module !== null) return { ...frame, object: module[1] ?? null, name: module[2] ?? bare };
  const stripped = /^\[(?!unknown\]|kernel|anon)([^\]]+)\]$/.exec(bare);
  if (stripped !== null) return { ...frame, name: unknownName, object: stripped[1] ?? null };
  return { ...frame, name: frame.name.replace(/\+0x[0-9a-f]+$/, '') };
}

/** Most lines are stacks with a count, and one at least has two frames or nothing but stacks is there. */
function looksFolded(head: Uint8Array): boolean {
  const lines = headLines(head, 200).filter((l) => l.trim() !== '' && !l.startsWith('# '));
  const stacks = lines.map((l) => counted.exec(l)?.[1]).filter((s) => s !== undefined);
  if (stacks.length === 0 || stacks.length * 10 < lines.length * 9) return false;
  const several = stacks.filter((s) => s.includes(';')).length;
  // Key-value files (`events: Ir`, `fl=(1) x`) have neither; a first line `{` or `[` is JSON.
  return several * 2 >= stacks.length && !/^\s*[{["]/.test(lines[0] ?? '');
}

export const folded: Importer = {
  format: 'folded',
  title: 'folded stacks',
  sniff: (head) => looksFolded(head),
  async read(input, options) {
    if (options.event !== null && options.event !== 'samples') {
      throw new UserError(
        `Folded stacks do not say which event they are of; they cannot be asked for ${options.event}.`,
      );
    }
    if (options.thread !== null) {
      throw new UserError('Folded stacks do not say which thread they are of. Import the recording itself.');
    }
    const table = new StackTable();
    const frames = new Map<string, number>();
    const skipped = new Skipped();
    let weight = 0;
    let stacks = 0;
    let whole = true;
    const frameOf = (text: string): number => {
      let index = frames.get(text);
      if (index === undefined) {
        index = table.frame(foldedFrame(text));
        if (frames.size < mostRemembered) frames.set(text, index);
      }
      return index;
    };
    for await (const line of textLines(input, options.signal)) {
      const m = counted.exec(line);
      const count = Number(m?.[2] ?? Number.NaN);
      if (m === null || !Number.isFinite(count)) {
        if (line.trim() !== '' && !line.startsWith('# ')) skipped.add(line);
        continue;
      }
      let node = table.root;
      for (const part of (m[1] ?? '').split(';')) node = table.child(node, frameOf(part));
      table.add(node, count);
      weight += count;
      stacks++;
      whole &&= Number.isInteger(count);
    }
    if (stacks === 0) throw new UserError(`No stack with a count could be read${skipped.words}.`);
    const event = { name: 'samples', unit: 'samples' as const, samples: whole ? weight : stacks, weight };
    return {
      format: 'folded',
      event,
      events: [event],
      ...table.done(),
      threads: [],
      stacks: true,
      skipped: skipped.done(),
      buildIds: {},
      notes: [],
    };
  },
};
