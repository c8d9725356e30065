/**
 * Our line percentages beside those of `perf annotate --stdio -l --percent-type global-period`, from one perf.data:
 * random_mixed over mimalloc 2.0.9, built from Debian's source with debug information.
 * Needs perf, a C compiler and cmake.   npm run bench:annotate
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Profile } from '../extension/model.ts';
import { harnessBinary } from '../extension/native/harness.ts';
import { readPerfData } from '../extension/native/perf-data.ts';
import { perfRecord } from '../extension/native/perf-record.ts';
import { preflight } from '../extension/native/preflight.ts';
import { buildProfile } from '../extension/profile/import/build-profile.ts';
import { cacheRoot } from '../scripts/cache.ts';
import { debugMimalloc } from '../scripts/mimalloc.ts';

export interface LineAgreement {
  /** `alloc.c:37`: perf's summary has no folders. */
  readonly line: string;
  /** Percent of all samples. */
  readonly ours: number;
  /** Sum of perf's percentages over the instructions of the line, of every function. */
  readonly perf: number;
  /** The same as perf's "Sorted summary" has it, which leaves out instructions of half a percent or less. */
  readonly summary: number;
}

/** What `perf annotate` prints, by line. Exposed for its test. */
export interface AnnotateText {
  readonly summary: ReadonlyMap<string, number>;
  /** By object and address (hexadecimal): share, and the line where perf says it. */
  readonly instructions: readonly {
    readonly object: string;
    readonly address: number;
    readonly percent: number;
    readonly line: string | null;
  }[];
}

/** Reads perf's text: a summary and a listing for each function that has samples. */
export function parseAnnotate(text: string): AnnotateText {
  const summary = new Map<string, number>();
  const instructions: { object: string; address: number; percent: number; line: string | null }[] = [];
  let object = '';
  let inSummary = false;
  for (const line of text.split('\n')) {
    const file = /^Sorted summary for file (.*)$/.exec(line);
    if (file !== null) {
      object = file[1] ?? '';
      inSummary = true;
      continue;
    }
    const title = /^ Percent \|\s+Source code & Disassembly of (.*) for \S+ \(\d+ samples/.exec(line);
    if (title !== null) {
      inSummary = false;
      if (path.basename(object) !== title[1]) object = title[1] ?? '';
      continue;
    }
    const sum = inSummary ? /^\s+(\d+\.\d+) (\S+:\d+)$/.exec(line) : null;
    if (sum !== null) summary.set(sum[2] ?? '', (summary.get(sum[2] ?? '') ?? 0) + Number(sum[1]));
    const row = /^\s+(\d+\.\d+) :\s+([0-9a-f]+):\s(.*)$/.exec(line);
    if (row === null || Number(row[1]) === 0) continue;
    instructions.push({
      object,
      address: Number.parseInt(row[2] ?? '', 16),
      percent: Number(row[1]),
      line: /\/\/ (\S+:\d+)$/.exec(row[3] ?? '')?.[1] ?? null,
    });
  }
  return { summary, instructions };
}

export interface Comparison {
  /** Heaviest first. */
  readonly lines: readonly LineAgreement[];
  /** Instructions whose line perf names and we do not agree with; empty when all is well. */
  readonly elsewhere: readonly string[];
  readonly samples: number;
  readonly profile: Profile;
}

const shortLine = (file: string, line: number): string => `${path.basename(file)}:${line}`;

/** Both readings of one recording. */
export async function compareWithAnnotate(data: string): Promise<Comparison> {
  const raw = await readPerfData(data, { event: null, thread: null });
  const profile = buildProfile(raw, {
    target: { kind: 'native', name: 'mimalloc', variant: null, sha256: null },
    workload: 'random_mixed',
    recordedAt: new Date().toISOString(),
  });
  const annotate = spawnSync(
    'perf',
    ['annotate', '-i', data, '--stdio', '-l', '--percent-type', 'global-period'],
    { encoding: 'utf8', maxBuffer: 2 ** 30, env: { ...process.env, LC_ALL: 'C', PERF_CONFIG: '/dev/null' } },
  );
  if (annotate.status !== 0) throw new Error(`perf annotate failed: ${annotate.stderr}`);
  const theirs = parseAnnotate(annotate.stdout);

  const lineOf = new Map<string, string>();
  for (const { object, address, file, line } of raw.frames) {
    if (object !== null && address !== null && file !== null && line !== null) {
      lineOf.set(`${object} ${address}`, shortLine(file, line));
    }
  }
  // The innermost frame of an address is the last that was made of it; take it from the samples' own ends.
  for (let node = 1; node < raw.nodes.parent.length; node++) {
    if ((raw.nodes.self[node] ?? 0) === 0) continue;
    const frame = raw.frames[raw.nodes.frame[node] ?? 0];
    if (frame?.object == null || frame.address === null) continue;
    const key = `${frame.object} ${frame.address}`;
    if (frame.file === null || frame.line === null) lineOf.delete(key);
    else lineOf.set(key, shortLine(frame.file, frame.line));
  }
  const sums = new Map<string, { ours: number; perf: number; summary: number }>();
  const row = (line: string) => {
    const known = sums.get(line) ?? { ours: 0, perf: 0, summary: 0 };
    sums.set(line, known);
    return known;
  };
  for (const l of profile.lines) row(shortLine(l.file, l.line)).ours += l.percent;
  const elsewhere: string[] = [];
  for (const { object, address, percent, line } of theirs.instructions) {
    const ours = lineOf.get(`${object} ${address}`) ?? null;
    // Line 0 and a bare address are perf's words for "no line".
    const said = line === null || line.endsWith(':0') ? null : line;
    if (said !== null && said !== ours)
      elsewhere.push(`${object} ${address.toString(16)}: ${said}, here ${ours}`);
    const at = said ?? ours;
    if (at !== null) row(at).perf += percent;
  }
  for (const [line, percent] of theirs.summary) if (!line.endsWith(':0')) row(line).summary += percent;
  return {
    lines: [...sums].map(([line, figures]) => ({ line, ...figures })).sort((a, b) => b.ours - a.ours),
    elsewhere,
    samples: raw.event.samples,
    profile,
  };
}

/** Records random_mixed over a library into `data`. */
export async function recordMixed(library: string, data: string, passes: number): Promise<void> {
  const harness = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../extension/native/harness.c');
  const found = await preflight();
  if (found.choice?.tool !== 'perf')
    throw new Error(found.lacks.map((l) => `${l.what}: ${l.remedy}`).join('; '));
  const binary = await harnessBinary({
    source: harness,
    cacheDir: cacheRoot(),
    compiler: 'cc',
    framePointers: true,
  });
  const end = await perfRecord({
    command: [binary, 'random_mixed', `passes=${passes}`],
    programEnv: { LD_PRELOAD: library },
    event: found.choice.event,
    frequency: 9999,
    callGraph: 'fp',
    file: data,
  });
  if (end.status !== 0) throw new Error(`the harness ended with ${end.status ?? end.signal}: ${end.stderr}`);
}

async function main(): Promise<void> {
  const library = await debugMimalloc((line) => console.error(line));
  const folder = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-annotate-'));
  try {
    const data = path.join(folder, 'perf.data');
    await recordMixed(library, data, 40);
    const { lines, elsewhere, samples } = await compareWithAnnotate(data);
    console.log(`${samples} samples; lines above 1% of them, in percent`);
    console.log('line                              ours     perf  difference  perf summary');
    const shown = lines.filter((l) => Math.max(l.ours, l.perf, l.summary) > 1);
    for (const l of shown) {
      const figures = [l.ours, l.perf, l.ours - l.perf].map((n) => n.toFixed(2).padStart(8)).join(' ');
      console.log(`${l.line.padEnd(30)} ${figures} ${l.summary.toFixed(2).padStart(16)}`);
    }
    const worst = Math.max(0, ...shown.map((l) => Math.abs(l.ours - l.perf)));
    const worstSummary = Math.max(0, ...shown.map((l) => Math.abs(l.ours - l.summary)));
    console.log(
      `largest difference ${worst.toFixed(2)} points, against the summary ${worstSummary.toFixed(2)}`,
    );
    for (const line of elsewhere) console.log(`elsewhere: ${line}`);
    if (worst > 1) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
