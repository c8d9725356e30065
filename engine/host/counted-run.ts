/** Runs a workload once on an instrumented module, from a fresh instance: the counted figures. */
import type { LoopParameters } from '../../extension/profile/workloads.ts';
import { readFileSync } from 'node:fs';
import type { BenchCounters } from '../../extension/model.ts';
import { type EngineInstance, instantiate } from './instantiate.ts';
import { type InstrumentedModule, instrument, readCounts, summarise } from './instrument.ts';
import { parseSourceMap } from './source-map.ts';
import { loopWork, type SoloWork } from './work.ts';

/** Executed instructions of one source line inside one function. */
export interface LineCount {
  readonly function: string;
  readonly file: string;
  readonly line: number;
  readonly instructions: number;
}

export interface CountedRun {
  readonly counters: BenchCounters;
  readonly byLine: readonly LineCount[];
}

/** Executed instructions by function and source line, most first; instructions without a line are left out. */
export function linesByFunction(
  module: InstrumentedModule,
  after: readonly bigint[],
  before: readonly bigint[],
): LineCount[] {
  const out = new Map<string, LineCount>();
  module.runs.forEach((run, i) => {
    const times = Number((after[i] ?? 0n) - (before[i] ?? 0n));
    if (times === 0) return;
    const name = module.functions[run.fn] ?? '';
    for (const { position, instructions } of run.lines) {
      const { source: file, line } = position;
      const key = `${name}\n${file}\n${line}`;
      const sum = (out.get(key)?.instructions ?? 0) + times * instructions;
      out.set(key, { function: name, file, line, instructions: sum });
    }
  });
  return [...out.values()].sort((a, b) => b.instructions - a.instructions);
}

/** A fresh instance of the module at `file` (its source map beside it) with counters. */
export function instantiateCounting(
  file: string,
  env: Readonly<Record<string, string>>,
  bytes: number,
): { readonly engine: EngineInstance; readonly module: InstrumentedModule } {
  const map = parseSourceMap(readFileSync(`${file}.map`, 'utf8'));
  const module = instrument(new Uint8Array(readFileSync(file)), map);
  return { engine: instantiate(new WebAssembly.Module(module.bytes), { env, harnessBytes: bytes }), module };
}

/**
 * Counts of the first pass (cold: it includes carving the slabs), without the engine's initialisation and the untimed
 * frees at its end.
 */
export function countWork(file: string, env: Readonly<Record<string, string>>, work: SoloWork): CountedRun {
  const { engine, module } = instantiateCounting(file, env, work.harnessBytes);
  work.prepare(engine);
  const before = readCounts(engine.raw, module);
  let after: readonly bigint[] = before;
  work.pass(engine, () => {
    after = readCounts(engine.raw, module);
  });
  const s = summarise(module, after, before);
  return {
    counters: {
      unit: 'wasm',
      instructionsPerOp: s.instructions / work.operations,
      branchesPerOp: s.branches / work.operations,
      memoryOpsPerOp: s.memoryOps / work.operations,
      callsPerOp: s.calls / work.operations,
    },
    byLine: linesByFunction(module, after, before),
  };
}

/** As `countWork`, for random_mixed and floor. */
export function runCounted(
  file: string,
  env: Readonly<Record<string, string>>,
  p: LoopParameters,
): CountedRun {
  return countWork(file, env, loopWork(p));
}
