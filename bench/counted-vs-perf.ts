/**
 * Whether counted line heat has the shape of measured time: executed WebAssembly instructions by source line against
 * Linux perf's cpu-clock samples, on `random_mixed`, in functions with at least 1% of the samples.
 *
 * perf gives machine addresses. V8 prints where it put each function and, for its memory accesses, calls and traps alone, the
 * WebAssembly offset of a machine instruction (--print-wasm-code); everything between two of those has none. A sample
 * therefore goes to the last such place before it in its basic block, else to the first one after it there, else to the last
 * one before the block, and the source map turns that into a line. Two comparisons follow: counted lines as they are, and counted instructions gathered at the same
 * places by the same rule ("folded").
 *
 * Needs `perf`, a V8 that can print its code, and a built dist/.   npm run bench:counted [-- VARIANT...]
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { pinFlags } from '../engine/host/child.ts';
import { instantiate } from '../engine/host/instantiate.ts';
import { instrument, readCounts } from '../engine/host/instrument.ts';
import { parseSourceMap, positionAt, type WasmSourceMap } from '../engine/host/source-map.ts';
import { countImports, functionNames, Reader, readSections } from '../engine/host/wasm-binary.ts';
import { readInstruction } from '../engine/host/wasm-code.ts';
import { harnessBytes, runPass } from '../engine/host/workloads.ts';
import { type LoopParameters, workloadProfiles } from '../extension/profile/workloads.ts';
import { machineLines } from './machine.ts';
import { spearman } from './stats.ts';

const self = fileURLToPath(import.meta.url);
const dist = path.resolve(path.dirname(self), '../dist');
const perfPasses = 100;
const hotShare = 0.01;
const v8Flags = [
  ...pinFlags,
  // One thread prints at a time.
  ...['--wasm-num-compilation-tasks=1', '--print-wasm-code'],
];

function parameters(): LoopParameters {
  const row = workloadProfiles.get('mixed');
  if (row === undefined) throw new Error('no mixed profile');
  return { workload: 'random_mixed', seed: 12345, ...row };
}

const modulePath = (variant: string): string => path.join(dist, `engine/${variant}.wasm`);

/** What perf watches. */
function child(variant: string): void {
  const p = parameters();
  const module = new WebAssembly.Module(new Uint8Array(readFileSync(modulePath(variant))));
  const engine = instantiate(module, { harnessBytes: harnessBytes(p) });
  for (let i = 0; i < perfPasses; i++) runPass(engine, p);
}

/** A function as V8 printed it. */
interface PrintedCode {
  readonly name: string;
  readonly index: number;
  readonly start: bigint;
  readonly size: number;
  /** Machine offsets at which basic blocks begin, ascending. */
  readonly blocks: readonly number[];
  /** Machine offset and offset in the WebAssembly body, in the order of the machine code. */
  readonly positions: readonly (readonly [number, number])[];
}

/** Targets of jumps, and what stands behind jumps. */
function blocksOf(part: string): number[] {
  const starts = new Set([0]);
  let behind = false;
  for (const m of part.matchAll(/^0x[0-9a-f]+ +([0-9a-f]+) {2}[0-9a-f]+ +(?:REX\.W )?(\w+)(.*)$/gm)) {
    if (behind) starts.add(Number.parseInt(m[1] ?? '', 16));
    const mnemonic = m[2] ?? '';
    behind = mnemonic.startsWith('j') || mnemonic.startsWith('ret');
    const target = /<\+0x([0-9a-f]+)>/.exec(m[3] ?? '')?.[1];
    if (target !== undefined && mnemonic.startsWith('j')) starts.add(Number.parseInt(target, 16));
  }
  return [...starts].sort((a, b) => a - b);
}

function parseCode(text: string): PrintedCode[] {
  return text.split('--- WebAssembly code ---').flatMap((part) => {
    const name = /^name: (.*)$/m.exec(part)?.[1];
    const index = /^index: (\d+)$/m.exec(part)?.[1];
    const size = /^Instructions \(size = (\d+)\)/m.exec(part)?.[1];
    const start = /^0x([0-9a-f]+) +0 /m.exec(part)?.[1];
    if (name === undefined || index === undefined || size === undefined || start === undefined) return [];
    const table = /^Source positions:\n.*\n((?: *[0-9a-f]+ +\d+.*\n)*)/m.exec(part)?.[1] ?? '';
    const positions = [...table.matchAll(/^ *([0-9a-f]+) +(\d+)/gm)]
      .map((m) => [Number.parseInt(m[1] ?? '', 16), Number(m[2])] as const)
      .sort((a, b) => a[0] - b[0]);
    const at = { name, index: Number(index), start: BigInt(`0x${start}`), size: Number(size) };
    return [{ ...at, blocks: blocksOf(part), positions }];
  });
}

interface Watched {
  readonly code: readonly PrintedCode[];
  readonly addresses: readonly bigint[];
}

function watch(variant: string): Watched {
  const dir = mkdtempSync(path.join(tmpdir(), 'alloc-lens-perf-'));
  const printed = path.join(dir, 'code.txt');
  const out = openSync(printed, 'w');
  try {
    const data = path.join(dir, 'perf.data');
    const node = [...v8Flags, '--import', import.meta.resolve('tsx'), self, '--child', variant];
    const record = spawnSync(
      'perf',
      ['record', '-q', '-e', 'cpu-clock', '-F', '4000', '-o', data, '--', process.execPath, ...node],
      { cwd: dir, encoding: 'utf8', stdio: ['ignore', out, 'pipe'] },
    );
    if (record.status !== 0) throw new Error(`perf record failed: ${record.error?.message ?? record.stderr}`);
    const script = spawnSync('perf', ['script', '-i', data, '-F', 'ip'], {
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
    });
    if (script.status !== 0) throw new Error(`perf script failed: ${script.stderr}`);
    const addresses = [...script.stdout.matchAll(/^\s*([0-9a-f]+)\s*$/gm)].map((m) => BigInt(`0x${m[1]}`));
    return { code: parseCode(readFileSync(printed, 'utf8')), addresses };
  } finally {
    closeSync(out);
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Where each function's body lies in the module, by its number. */
function bodies(bytes: Uint8Array): Map<number, { readonly start: number; readonly end: number }> {
  const sections = readSections(bytes);
  const code = sections.find((s) => s.id === 10);
  const out = new Map<number, { start: number; end: number }>();
  if (code === undefined) return out;
  const first = countImports(sections).functions;
  const r = new Reader(bytes, code.start);
  for (let n = r.u32(), i = 0; i < n; i++) {
    const size = r.u32();
    out.set(first + i, { start: r.pos, end: r.pos + size });
    r.skip(size);
  }
  return out;
}

/** A straight run of instructions by their offsets in the module, and how often it was entered. */
interface ExecutedRun {
  readonly offsets: readonly number[];
  readonly times: number;
}

/** Executed runs: counted with a source map that calls each offset a line. */
function executedRuns(bytes: Uint8Array): ExecutedRun[] {
  const offsets: number[] = [];
  for (const { start, end } of bodies(bytes).values()) {
    const r = new Reader(bytes, start);
    for (let n = r.u32(); n > 0; n--) {
      r.skipLeb();
      r.byte();
    }
    while (r.pos < end) offsets.push(readInstruction(r).offset);
  }
  const map: WasmSourceMap = { offsets, positions: offsets.map((line) => ({ source: 'wasm', line })) };
  const module = instrument(bytes, map);
  const p = parameters();
  const engine = instantiate(new WebAssembly.Module(module.bytes), { harnessBytes: harnessBytes(p) });
  runPass(engine, p);
  const before = readCounts(engine.raw, module);
  let after = before;
  // The second pass, warm as those that perf sees.
  runPass(engine, p, () => {
    after = readCounts(engine.raw, module);
  });
  return module.runs.flatMap((run, i) => {
    const times = Number((after[i] ?? 0n) - (before[i] ?? 0n));
    return times === 0 ? [] : [{ offsets: run.lines.map((l) => l.position.line), times }];
  });
}

/** The last of `places` from `from` to `at`, else the first below `to`, else the last before `from`; all ascending. */
function nearest(places: readonly number[], from: number, at: number, to: number): number | null {
  const before = places.filter((p) => p <= at).at(-1) ?? null;
  return before !== null && before >= from ? before : (places.find((p) => p > at && p < to) ?? before);
}

function add(to: Map<string, number>, key: string, n: number): void {
  to.set(key, (to.get(key) ?? 0) + n);
}

interface Heat {
  readonly samples: Map<string, number>;
  readonly counted: Map<string, number>;
  readonly folded: Map<string, number>;
  /** Lines that V8 has a position of. */
  readonly known: Set<string>;
}

/** Lines of one function: samples, counted instructions, and those gathered where samples are. */
function heatOf(
  code: PrintedCode,
  hits: readonly number[],
  body: { readonly start: number; readonly end: number },
  executed: readonly ExecutedRun[],
  map: WasmSourceMap,
): Heat {
  const heat: Heat = { samples: new Map(), counted: new Map(), folded: new Map(), known: new Set() };
  const line = (offset: number): string | null => {
    const at = positionAt(map, offset, body.start);
    return at === null ? null : `${at.source}:${at.line}`;
  };
  // Position 0 is the check of the stack at a function's or loop's beginning.
  const positions = new Map(code.positions.filter(([, at]) => at > 0));
  const machine = [...positions.keys()];
  for (const pc of hits) {
    const from = code.blocks.filter((b) => b <= pc).at(-1) ?? 0;
    const to = code.blocks.find((b) => b > pc) ?? code.size;
    const at = positions.get(nearest(machine, from, pc, to) ?? -1);
    const name = at === undefined ? null : line(body.start + at);
    if (name !== null) add(heat.samples, name, 1);
  }
  const places = [...new Set(positions.values())].sort((a, b) => a - b).map((at) => body.start + at);
  for (const place of places) {
    const name = line(place);
    if (name !== null) heat.known.add(name);
  }
  for (const { offsets, times } of executed) {
    const [from = 0, last = 0] = [offsets[0], offsets.at(-1)];
    if (from < body.start || from >= body.end) continue;
    for (const offset of offsets) {
      const own = line(offset);
      if (own !== null) add(heat.counted, own, times);
      const place = nearest(places, from, offset, last + 1);
      const gathered = place === null ? null : line(place);
      if (gathered !== null) add(heat.folded, gathered, times);
    }
  }
  return heat;
}

function correlation(
  label: string,
  keys: readonly string[],
  a: Map<string, number>,
  b: Map<string, number>,
): string {
  const of = (m: Map<string, number>): number[] => keys.map((k) => m.get(k) ?? 0);
  return `${label.padEnd(58)} rho ${spearman(of(a), of(b)).toFixed(3)}, n ${keys.length}`;
}

function compare(variant: string): void {
  const bytes = new Uint8Array(readFileSync(modulePath(variant)));
  const map = parseSourceMap(readFileSync(`${modulePath(variant)}.map`, 'utf8'));
  const names = functionNames(readSections(bytes));
  const at = bodies(bytes);
  const { code, addresses } = watch(variant);
  const ours = code.filter((c) => names.get(c.index) === c.name);
  if (ours.length === 0) throw new Error('V8 printed no code: this Node has no disassembler');
  const hits = new Map<PrintedCode, number[]>();
  for (const address of addresses) {
    const c = ours.find((o) => address >= o.start && address < o.start + BigInt(o.size));
    if (c === undefined) continue;
    const list = hits.get(c) ?? [];
    list.push(Number(address - c.start));
    hits.set(c, list);
  }
  const inside = [...hits.values()].reduce((n, list) => n + list.length, 0);
  const executed = executedRuns(bytes);
  const all: Heat = { samples: new Map(), counted: new Map(), folded: new Map(), known: new Set() };
  const functions: Heat = { samples: new Map(), counted: new Map(), folded: new Map(), known: new Set() };
  let placed = 0;
  console.log(`\n${variant}: ${addresses.length} samples, ${inside} in the engine's functions`);
  for (const [c, list] of [...hits].sort((a, b) => b[1].length - a[1].length)) {
    const body = at.get(c.index);
    if (list.length < hotShare * inside || body === undefined) continue;
    const heat = heatOf(c, list, body, executed, map);
    for (const kind of ['samples', 'counted', 'folded'] as const) {
      for (const [line, n] of heat[kind]) add(all[kind], `${c.name} ${line}`, n);
    }
    for (const name of heat.known) all.known.add(`${c.name} ${name}`);
    placed += [...heat.samples.values()].reduce((a, b) => a + b, 0);
    add(functions.samples, c.name, list.length);
    for (const n of heat.counted.values()) add(functions.counted, c.name, n);
  }
  console.log(`hot functions: ${[...functions.samples.keys()].join(', ')}`);
  console.log(`samples in them with a line: ${placed}`);
  const top = [...all.samples].sort((a, b) => b[1] - a[1]).slice(0, 12);
  const total = (m: Map<string, number>): number => [...m.values()].reduce((a, b) => a + b, 0);
  const share = (m: Map<string, number>, key: string): string =>
    ((100 * (m.get(key) ?? 0)) / total(m)).toFixed(1).padStart(7);
  console.log(`${'function and line'.padEnd(58)} samples counted  folded`);
  for (const [key] of top) {
    console.log(
      `${key.padEnd(58)} ${share(all.samples, key)} ${share(all.counted, key)} ${share(all.folded, key)}`,
    );
  }
  const known = [...all.known];
  const busy = known.filter((l) => (all.samples.get(l) ?? 0) > 0 || (all.folded.get(l) ?? 0) > 0);
  for (const [label, lines] of [
    ['lines that V8 has a position of', known],
    ['those of them that were executed or sampled', busy],
  ] as const) {
    console.log(correlation(`${label}: counted`, lines, all.counted, all.samples));
    console.log(correlation(`${label}: folded`, lines, all.folded, all.samples));
  }
  const hot = [...functions.samples.keys()];
  if (hot.length > 3) {
    console.log(correlation('hot functions: counted', hot, functions.counted, functions.samples));
  }
}

const [first, second, ...more] = process.argv.slice(2);
if (first === '--child') child(second ?? 'fast');
else {
  for (const line of machineLines()) console.log(line);
  const asked = [first, second, ...more].filter((v) => v !== undefined);
  for (const variant of asked.length > 0 ? asked : ['fast', 'fast-calls', 'sampled']) compare(variant);
  console.log(
    '\nNot possible this way: V8 keeps positions of memory accesses, calls and traps alone, so arithmetic and branches between two of them count for the first.',
  );
}
