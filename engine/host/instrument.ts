/**
 * Exact execution counts without a sampler: rewrites a module so that every straight-line run of instructions adds one
 * to a counter of its own on entry. Counts times the instructions of each run give executed instructions, branches,
 * memory operations and calls, per function and per source line, the same on any machine and run.
 *
 * The counters are mutable i64 globals appended behind the module's own, so no index in the module changes, and they are
 * private to an instance, so threads do not share them. `block`, `loop`, `else` and `end` are structure, not work, and
 * are not counted as instructions. Branches are `br`, `br_if`, `br_table` and `if`.
 */
import { positionAt, type SourcePosition, type WasmSourceMap } from './source-map.ts';
import { countImports, functionNames, Reader, readSections, WasmFormatError, Writer } from './wasm-binary.ts';
import { instructionSignature } from './instruction-signature.ts';
import { readInstruction } from './wasm-code.ts';

const sectionId = { custom: 0, global: 6, export: 7, code: 10 } as const;

/** Executed totals. */
export interface ExecutionCounts {
  instructions: number;
  branches: number;
  memoryOps: number;
  calls: number;
}

/** What a run holds of one source line. */
export interface RunLine extends Readonly<ExecutionCounts> {
  readonly position: SourcePosition;
  /** Sum of its instructions' signatures: what tells other instructions in the same number apart. */
  readonly signature: number;
}

/** What one run of instructions costs each time it is entered. */
export interface CountedRun extends Readonly<ExecutionCounts> {
  /** Index into `functions`. */
  readonly fn: number;
  /** Instructions by source line; those without a position are missing. */
  readonly lines: readonly RunLine[];
  /** Sum of the signatures of all its instructions. */
  readonly signature: number;
}

export interface InstrumentedModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Names of the module's own functions, `wasm-function[i]` where the module names none. */
  readonly functions: readonly string[];
  readonly runs: readonly CountedRun[];
}

export interface ExecutionSummary extends ExecutionCounts {
  readonly byFunction: ReadonlyMap<string, ExecutionCounts>;
  /** Source to line to executed instructions. */
  readonly byLine: ReadonlyMap<string, ReadonlyMap<number, number>>;
}

const exportPrefix = 'alloc-lens:';

interface OpenLine extends ExecutionCounts {
  readonly position: SourcePosition;
  signature: number;
}

interface OpenRun extends ExecutionCounts {
  readonly at: number;
  signature: number;
  readonly lines: Map<string, OpenLine>;
}

const nothing = (): ExecutionCounts => ({ instructions: 0, branches: 0, memoryOps: 0, calls: 0 });
const openRun = (at: number): OpenRun => ({ ...nothing(), at, signature: 0, lines: new Map() });

function lineOf(run: OpenRun, position: SourcePosition): OpenLine {
  const key = `${position.line}:${position.source}`;
  const line = run.lines.get(key) ?? { ...nothing(), position, signature: 0 };
  run.lines.set(key, line);
  return line;
}

/** Splits one body's instructions into runs; returns where each begins. `start` is behind the locals. */
function runsOf(bytes: Uint8Array, start: number, end: number, map: WasmSourceMap | null): OpenRun[] {
  const r = new Reader(bytes, start);
  const done: OpenRun[] = [];
  let run = openRun(start);
  const split = (): void => {
    if (run.instructions > 0) done.push(run);
    run = openRun(r.pos);
  };
  while (r.pos < end) {
    const i = readInstruction(r);
    if (i.kind === 'block') continue;
    if (i.kind === 'loop' || i.kind === 'else' || i.kind === 'end') {
      split();
      continue;
    }
    const position = map === null ? null : positionAt(map, i.offset, start);
    const signature = map === null ? 0 : instructionSignature(bytes, i.offset);
    for (const sum of position === null ? [run] : [run, lineOf(run, position)]) {
      sum.instructions++;
      if (i.kind === 'if' || i.kind === 'br_if' || i.opcode === 0x0c || i.opcode === 0x0e) sum.branches++;
      if (i.kind === 'memory') sum.memoryOps++;
      if (i.kind === 'call') sum.calls++;
      sum.signature += signature;
    }
    if (i.kind === 'if' || i.kind === 'br_if' || i.kind === 'jump') split();
  }
  if (r.pos !== end) throw new WasmFormatError(`function body overruns its size at byte ${end}`);
  return done;
}

/** Unsigned LEB128. */
function leb(value: number): number[] {
  return new Writer().u32(value).bytes;
}

function increment(global: number): number[] {
  const index = leb(global);
  return [0x23, ...index, 0x42, 0x01, 0x7c, 0x24, ...index];
}

/** Gathers bytes without repeated copies of the whole. */
class Output {
  readonly #parts: Uint8Array[] = [];
  length = 0;

  push(part: Uint8Array | readonly number[]): void {
    const bytes = part instanceof Uint8Array ? part : Uint8Array.from(part);
    this.#parts.push(bytes);
    this.length += bytes.length;
  }

  take(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.length);
    let at = 0;
    for (const p of this.#parts) {
      all.set(p, at);
      at += p.length;
    }
    return all;
  }
}

/** A vector section with `count` more items whose bytes are `extra`; null section means an empty one. */
function extended(
  bytes: Uint8Array,
  section: { start: number; end: number } | undefined,
  count: number,
  extra: Output,
): Output {
  const out = new Output();
  const r = new Reader(bytes, section?.start ?? 0);
  const had = section === undefined ? 0 : r.u32();
  out.push(leb(had + count));
  if (section !== undefined) out.push(bytes.subarray(r.pos, section.end));
  out.push(extra.take());
  return out;
}

function rewriteCode(
  bytes: Uint8Array,
  code: { start: number; end: number },
  firstGlobal: number,
  map: WasmSourceMap | null,
): { readonly out: Output; readonly runs: CountedRun[] } {
  const r = new Reader(bytes, code.start);
  const count = r.u32();
  const out = new Output();
  out.push(leb(count));
  const runs: CountedRun[] = [];
  for (let fn = 0; fn < count; fn++) {
    const size = r.u32();
    const bodyStart = r.pos;
    const bodyEnd = bodyStart + size;
    for (let n = r.u32(); n > 0; n--) {
      r.skipLeb();
      r.byte();
    }
    const body = new Output();
    let copied = bodyStart;
    for (const open of runsOf(bytes, r.pos, bodyEnd, map)) {
      body.push(bytes.subarray(copied, open.at));
      body.push(increment(firstGlobal + runs.length));
      copied = open.at;
      const { at: _place, lines, ...counts } = open;
      runs.push({ fn, ...counts, lines: [...lines.values()] });
    }
    body.push(bytes.subarray(copied, bodyEnd));
    out.push(leb(body.length));
    out.push(body.take());
    r.pos = bodyEnd;
  }
  return { out, runs };
}

/**
 * Instruments `bytes`.
 *
 * @param map the module's source map; null gives counts without lines
 * @throws WasmFormatError when the module is malformed or uses an instruction that is not known here
 */
export function instrument(bytes: Uint8Array, map: WasmSourceMap | null): InstrumentedModule {
  const sections = readSections(bytes).map((s) => ({ ...s, end: s.start + s.payload.length }));
  const find = (id: number): { start: number; end: number } | undefined => sections.find((s) => s.id === id);
  const code = find(sectionId.code);
  if (code === undefined) throw new WasmFormatError('the module has no code');
  const imports = countImports(sections);
  const globals = find(sectionId.global);
  const firstGlobal = imports.globals + (globals === undefined ? 0 : new Reader(bytes, globals.start).u32());
  const rewritten = rewriteCode(bytes, code, firstGlobal, map);
  const moreGlobals = new Output();
  const moreExports = new Output();
  rewritten.runs.forEach((_, i) => {
    moreGlobals.push([0x7e, 0x01, 0x42, 0x00, 0x0b]); // (mut i64) i64.const 0
    const name = new TextEncoder().encode(`${exportPrefix}${i}`);
    moreExports.push([...leb(name.length), ...name, 0x03, ...leb(firstGlobal + i)]);
  });
  const n = rewritten.runs.length;
  const replaced = new Map<number, Output>([
    [sectionId.global, extended(bytes, globals, n, moreGlobals)],
    [sectionId.export, extended(bytes, find(sectionId.export), n, moreExports)],
    [sectionId.code, rewritten.out],
  ]);
  const out = new Output();
  out.push(bytes.subarray(0, 8));
  const write = (id: number, contents: Uint8Array): void => {
    out.push([id, ...leb(contents.length)]);
    out.push(contents);
  };
  const pending = [...replaced.keys()].filter((id) => find(id) === undefined);
  for (const s of sections) {
    // Sections have a fixed order: a new one goes before the first known section that comes after it.
    while (s.id !== sectionId.custom && pending[0] !== undefined && pending[0] < s.id) {
      const id = pending.shift() ?? 0;
      write(id, replaced.get(id)?.take() ?? new Uint8Array());
    }
    write(s.id, replaced.get(s.id)?.take() ?? bytes.subarray(s.start, s.end));
  }
  const names = functionNames(sections);
  const own = new Reader(bytes, code.start).u32();
  const functions = Array.from(
    { length: own },
    (_, i) => names.get(imports.functions + i) ?? `wasm-function[${imports.functions + i}]`,
  );
  return { bytes: out.take(), functions, runs: rewritten.runs };
}

/** Counts of all runs since instantiation; `exports` are those of an instance of `module.bytes`. */
export function readCounts(exports: Readonly<Record<string, unknown>>, module: InstrumentedModule): bigint[] {
  return module.runs.map((_, i) => {
    const counter = exports[`${exportPrefix}${i}`];
    if (typeof counter === 'object' && counter !== null && 'value' in counter) {
      const { value } = counter;
      if (typeof value === 'bigint') return value;
    }
    throw new Error(`the instance exports no counter ${i}: not an instance of this module`);
  });
}

/** Adds `times` executions of `part` to `sum`. */
export function addTimes(sum: ExecutionCounts, part: Readonly<ExecutionCounts>, times: number): void {
  sum.instructions += times * part.instructions;
  sum.branches += times * part.branches;
  sum.memoryOps += times * part.memoryOps;
  sum.calls += times * part.calls;
}

/** What was executed between two readings (`before` null: since instantiation). */
export function summarise(
  module: InstrumentedModule,
  after: readonly bigint[],
  before: readonly bigint[] | null,
): ExecutionSummary {
  const total = nothing();
  const byFunction = new Map<string, ExecutionCounts>();
  const byLine = new Map<string, Map<number, number>>();
  module.runs.forEach((run, i) => {
    const times = Number((after[i] ?? 0n) - (before?.[i] ?? 0n));
    if (times === 0) return;
    const name = module.functions[run.fn] ?? '';
    const own = byFunction.get(name) ?? nothing();
    byFunction.set(name, own);
    for (const sum of [total, own]) addTimes(sum, run, times);
    for (const { position, instructions } of run.lines) {
      const lines = byLine.get(position.source) ?? new Map<number, number>();
      byLine.set(position.source, lines);
      lines.set(position.line, (lines.get(position.line) ?? 0) + times * instructions);
    }
  });
  return { ...total, byFunction, byLine };
}
