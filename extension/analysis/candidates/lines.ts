/** G: counters that several threads update and that share a cache line with each other or with what the hot path reads. */
import type { Access } from '../access.ts';
import { type Build, isMacroBody } from '../build.ts';
import { noType, print } from '../ir.ts';
import { inAssertion } from '../naming.ts';
import { Layout, lineBytes } from '../layout.ts';
import { type Target, fieldTarget, globalTarget } from '../targets.ts';
import { type Collector, isCompiled, place } from './draft.ts';

const counting = /^fetch_(add|sub|or)$/;
const assumption = `computed for ${lineBytes}-byte lines and natural alignment on a 64-bit machine`;

interface Hot {
  readonly target: Target;
  readonly updates: readonly Access[];
}

/** Atomic objects that a hot or warm path counts in, with the places where it does. */
function hotCounters(build: Build): Map<string, Hot> {
  const out = new Map<string, { target: Target; updates: Access[] }>();
  for (const f of build.index.functions) {
    if (!build.listed(f.file) || isMacroBody(f) || build.workspace.project.isForeign(f.file, f.cond))
      continue;
    if (!/hot|warm/.test(build.temperatures.ofFunction(f))) continue;
    for (const a of build.wrappers.accesses(f)) {
      const t = a.target;
      if (!counting.test(a.operation) || t === null || t.kind === 'param' || t.kind === 'local') continue;
      if (
        t.decl?.isThread === true ||
        inAssertion(a.token) ||
        !/hot|warm/.test(build.temperatures.at(a.node))
      )
        continue;
      if (!isCompiled(build, a.node)) continue;
      const known = out.get(t.key);
      if (known === undefined) out.set(t.key, { target: t, updates: [a] });
      else known.updates.push(a);
    }
  }
  return out;
}

/** A counter: telemetry, or a shared count that is correctness (bytes in use, blocks, references). */
function isCounter(build: Build, t: Target): boolean {
  const v = build.classifier.verdict(t);
  return (
    v.class === 'telemetry' ||
    (v.class === 'correctness' &&
      v.role !== 'lock' &&
      v.role !== 'once' &&
      v.role !== 'publication' &&
      v.role !== 'config')
  );
}

const named = (t: Target): string => (t.owner === null ? t.name : `${t.owner}.${t.name}`);

export function sharedLines(build: Build, out: Collector): void {
  const { index } = build;
  const layout = new Layout(index, build.configurations.common(false));
  const hot = hotCounters(build);
  if (hot.size === 0) return;
  const hottest = (h: Hot): Access =>
    h.updates.find((a) => build.temperatures.at(a.node) === 'hot') ?? (h.updates[0] as Access);
  const reported = new Set<string>();
  const report = (group: readonly Hot[], why: string, risk: 'low' | 'medium'): void => {
    const first = group[0];
    if (first === undefined || group.every((h) => reported.has(h.target.key))) return;
    for (const h of group) reported.add(h.target.key);
    const at = hottest(first);
    const rest = group.slice(1).map((h) => {
      const p = place(build, hottest(h).node);
      return `${named(h.target)} (${p.file}:${p.line})`;
    });
    out.add({
      letter: 'G',
      at: place(build, at.node),
      title: `Shard or pad ${group.length > 1 ? `${named(first.target)} and ${group.length - 1} more` : named(first.target)}`,
      reason: `${why}${rest.length > 0 ? ` Also updated: ${rest.slice(0, 4).join(', ')}.` : ''} Layout ${assumption}.`,
      risk,
      experiment:
        'Give each thread (or each group of cores) a copy and sum when reporting, or align each to its own line; compare with one and with many threads.',
    });
  };
  structs(build, layout, hot, report);
  arrays(build, layout, hot, report);
  neighbours(build, layout, hot, report);
}

type Report = (group: readonly Hot[], why: string, risk: 'low' | 'medium') => void;

function structs(build: Build, layout: Layout, hot: ReadonlyMap<string, Hot>, report: Report): void {
  const { index, temperatures } = build;
  const perThread = threadOwned(build);
  for (const list of index.structs.values()) {
    for (const struct of list) {
      if (struct.kind === 'enum' || struct.kind === 'union' || struct.fields.length < 2) continue;
      if (!struct.fields.some((f) => hot.has(fieldTarget(index, struct, f).key))) continue;
      if (perThread.has(struct.name)) continue;
      const lines = new Map<number, { hot: Hot[]; read: string[] }>();
      for (const slot of layout.of(struct).slots) {
        if (slot.offset === null || slot.size === null) continue;
        const t = fieldTarget(index, struct, slot.field);
        const line = Math.floor(slot.offset / lineBytes);
        const entry = lines.get(line) ?? { hot: [], read: [] };
        lines.set(line, entry);
        const counter = hot.get(t.key);
        if (counter !== undefined && isCounter(build, t)) entry.hot.push(counter);
        else if (counter === undefined && readMostly(build, t)) entry.read.push(t.name);
      }
      const title = index.title(struct);
      for (const entry of lines.values()) {
        const first = entry.hot[0];
        if (first === undefined) continue;
        const names = entry.hot.map((h) => h.target.name);
        const someHot = entry.hot.some((h) => h.updates.some((a) => temperatures.at(a.node) === 'hot'));
        if (entry.read.length > 0 && someHot)
          report(
            entry.hot,
            `${names.join(', ')} of ${title} share${names.length === 1 ? 's' : ''} a line with ${entry.read.slice(0, 3).join(', ')}, which the hot path only reads: each update by another thread makes those reads miss.`,
            'low',
          );
        else if (entry.hot.length > 1)
          report(
            entry.hot,
            `${names.join(', ')} of ${title} lie in one line: an update of one by a thread takes the others from every other thread.`,
            'low',
          );
      }
    }
  }
}

/** Structs whose objects belong to a thread. */
function threadOwned(build: Build): ReadonlySet<string> {
  const out = new Set<string>();
  const add = (base: string, depth: number): void => {
    const s = build.index.structs.get(build.index.resolve({ ...noType, base }).base)?.[0];
    if (s === undefined || out.has(s.name) || depth > 4) return;
    out.add(s.name);
    for (const f of s.fields) if (f.type.pointer === 0) add(f.type.base, depth + 1);
  };
  for (const [d] of build.index.fileOfGlobal) if (d.isThread) add(d.type.base, 0);
  return out;
}

/** Read on the hot path and written nowhere near it. */
function readMostly(build: Build, t: Target): boolean {
  let reads = 0;
  for (const u of build.classifier.plainUses(t)) {
    const temperature = build.temperatures.at(u);
    const p = u.up;
    const written = (p?.k === 'asg' && p.left === u) || p?.k === 'upd' || (p?.k === 'un' && p.op === '&');
    if (written) {
      if (temperature === 'hot' || temperature === 'warm') return false;
    } else if (temperature === 'hot' && !inAssertion(u.token)) reads++;
  }
  return reads > 0;
}

/** Arrays of small atomics, indexed by class or by thread: neighbours share lines. */
function arrays(build: Build, layout: Layout, hot: ReadonlyMap<string, Hot>, report: Report): void {
  for (const h of hot.values()) {
    const { target: t } = h;
    if (t.kind !== 'global' || t.type.array === 0 || !isCounter(build, t)) continue;
    const one = layout.element(t.type);
    if (one === null || one.size >= lineBytes) continue;
    const by = h.updates.map((a) => indexOf(a)).find((n) => n !== null);
    if (by === undefined || by === null) continue;
    report(
      [h],
      `Elements of ${t.name} are ${one.size} bytes, ${Math.floor(lineBytes / one.size)} to a line, and it is indexed by ${by}: threads that update different elements take the line from each other.`,
      'low',
    );
  }
}

function indexOf(a: Access): string | null {
  let x = a.targetExpr;
  while (x !== null) {
    if (x.k === 'un' || x.k === 'cast') x = x.x;
    else if (x.k === 'mem') x = x.object;
    else if (x.k === 'idx') return x.index.k === 'num' ? null : print(x.index).slice(0, 40);
    else return null;
  }
  return null;
}

/** Globals declared next to each other. */
function neighbours(build: Build, layout: Layout, hot: ReadonlyMap<string, Hot>, report: Report): void {
  const { index } = build;
  const byFile = new Map<
    string,
    { h: Hot | null; token: number; size: number | null; apart: boolean; target: Target }[]
  >();
  for (const [d, file] of index.fileOfGlobal) {
    if (!build.listed(file) || d.isExtern || d.isThread || d.type.constant) continue;
    const t = globalTarget(index, d);
    const list = byFile.get(file) ?? [];
    byFile.set(file, list);
    const counter = hot.get(t.key);
    list.push({
      h: counter !== undefined && t.type.array === 0 && isCounter(build, t) ? counter : null,
      token: d.token.start,
      size: layout.sizeOf(d.type, d.token, file)?.size ?? null,
      apart: layout.isAligned(d.token, file),
      target: t,
    });
  }
  for (const list of byFile.values()) {
    list.sort((a, b) => a.token - b.token);
    let run: Hot[] = [];
    let bytes = 0;
    const flush = (): void => {
      if (run.length > 1)
        report(
          run,
          `${run.map((h) => h.target.name).join(', ')} are declared next to each other, so the linker puts them in one line: an update of one by a thread takes the others from every other thread.`,
          'low',
        );
      run = [];
      bytes = 0;
    };
    for (const g of list) {
      if (g.h === null || g.size === null || g.apart || bytes + g.size > lineBytes) flush();
      if (g.h === null || g.size === null) continue;
      run.push(g.h);
      bytes += g.size;
    }
    flush();
  }
}
