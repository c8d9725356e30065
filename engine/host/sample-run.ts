/** The sampled run: function shares by V8's sampler, line shares by counting, speed against `fast`. */
import { readFileSync } from 'node:fs';
import type { ProfileFunction, ProfileLine } from '../../extension/model.ts';
import { categoryOfBox } from '../../extension/profile/category.ts';
import { median } from '../../extension/profile/percentiles.ts';
import type { SourceFunction } from './compile.ts';
import { type LineCount, countWork } from './counted-run.ts';

import { type EngineInstance, instantiate } from './instantiate.ts';
import type { Report } from './passes.ts';
import type { SampleJob, SampleResult } from './protocol.ts';
import { type SelfSamples, sampleSelf } from './sampler.ts';
import { loadWork, type SoloWork, sampleWants, soloOf } from './work.ts';

const intervalMicroseconds = 200;
/** Sampling goes on until both are reached (or the passes' limit): shares then stand within about half a percent. */
const wantedMilliseconds = 3000;
const mostPasses = 400;
const speedPairs = 5;
/** The row of everything that is neither allocator nor benchmark. */
const runtimeName = '(runtime)';

/**
 * A workload's loop is called `main`, as in the documents' tables. Calls inside a module go through V8's jump table,
 * which is no function: V8 gives such a sample to the caller's caller, hence some of `main`'s calls to `js-to-wasm`.
 */
function rowName(name: string, loopFunctions: readonly string[]): string {
  if (loopFunctions.includes(name)) return 'main';
  return name.startsWith('js-to-wasm') ? runtimeName : name;
}

/** Rows with shares of all samples, largest first; they sum to 100. */
export function functionRows(
  samples: SelfSamples,
  sources: readonly SourceFunction[],
  loopFunctions: readonly string[],
): ProfileFunction[] {
  const hits = new Map<string, number>();
  const add = (name: string, n: number): void => {
    if (n > 0) hits.set(name, (hits.get(name) ?? 0) + n);
  };
  for (const [name, n] of samples.wasm) add(rowName(name, loopFunctions), n);
  add('main', samples.script);
  add(runtimeName, samples.runtime);
  const total = [...hits.values()].reduce((a, b) => a + b, 0);
  const place = new Map(sources.map((s) => [s.name, s]));
  return [...hits]
    .map(([name, n]) => {
      const at = place.get(name === 'main' ? (loopFunctions[0] ?? '') : name);
      return {
        name,
        category: categoryOfBox(name),
        selfPercent: (100 * n) / total,
        file: at?.file ?? null,
        line: at?.line ?? null,
      };
    })
    .sort((a, b) => b.selfPercent - a.selfPercent);
}

/**
 * Line shares: inside each function its sampled share is spread over its lines by executed instructions. Functions
 * without counted lines give none.
 */
export function lineRows(
  functions: readonly ProfileFunction[],
  counted: readonly LineCount[],
  loopFunctions: readonly string[],
): ProfileLine[] {
  const byFunction = new Map<string, LineCount[]>();
  for (const row of counted) {
    const name = rowName(row.function, loopFunctions);
    byFunction.set(name, [...(byFunction.get(name) ?? []), row]);
  }
  const out = new Map<string, ProfileLine>();
  for (const { name, selfPercent } of functions) {
    const rows = byFunction.get(name) ?? [];
    const total = rows.reduce((sum, r) => sum + r.instructions, 0);
    for (const { file, line, instructions } of rows) {
      const key = `${file}:${line}`;
      const percent = (out.get(key)?.percent ?? 0) + (selfPercent * instructions) / total;
      out.set(key, { file, line, percent });
    }
  }
  return [...out.values()].sort((a, b) => b.percent - a.percent);
}

function load(file: string, job: SampleJob, work: SoloWork): EngineInstance {
  const module = new WebAssembly.Module(new Uint8Array(readFileSync(file)));
  const engine = instantiate(module, { env: job.env, harnessBytes: work.harnessBytes });
  work.prepare(engine);
  return engine;
}

export async function runSampled(job: SampleJob, report: Report): Promise<SampleResult> {
  const work = soloOf((await loadWork(job.parameters)).main, sampleWants);
  const sampled = load(job.module, job, work);
  const fast = load(job.fastModule, job, work);
  const ratios: number[] = [];
  for (let i = 0; i < speedPairs; i++) {
    await report('speed against fast', (0.2 * i) / speedPairs);
    const first = i % 2 === 0 ? work.pass(fast) : work.pass(sampled);
    const second = i % 2 === 0 ? work.pass(sampled) : work.pass(fast);
    ratios.push(i % 2 === 0 ? first / second : second / first);
  }
  const samples = await sampleSelf(intervalMicroseconds, async () => {
    let spent = 0;
    for (let i = 0; i < mostPasses && spent < wantedMilliseconds; i++) {
      spent += work.pass(sampled) / 1e6;
      await report('sampling', 0.2 + 0.6 * Math.min(1, spent / wantedMilliseconds));
    }
  });
  await report('counting instructions by line', 0.8);
  const functions = functionRows(samples, job.functions, work.loopFunctions);
  const counted = countWork(job.module, job.env, work);
  const wasm = [...samples.wasm.values()].reduce((a, b) => a + b, 0);
  return {
    kind: 'sample',
    functions,
    lines: lineRows(functions, counted.byLine, work.loopFunctions),
    samples: wasm + samples.script + samples.runtime,
    speedAgainstFast: median(ratios),
  };
}
