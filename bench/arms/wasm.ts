/** The other heaps of the WebAssembly world: AssemblyScript's TLSF, and emscripten's dlmalloc and emmalloc. */
import path from 'node:path';
import { childEnvironment, probeFlags } from '../../engine/host/child.ts';
import type { BenchRequest, BenchResult } from '../../extension/model.ts';
import { runProcess } from '../../extension/native/process.ts';
import { benchRun, summarizeRuns } from '../../extension/profile/run-statistics.ts';
import { parametersOf, workloadName } from '../../extension/profile/workloads.ts';
import { type Arm, isParallel } from './arm.ts';
import { emscriptenHeaps } from './emscripten.ts';
import { tlsfModule } from './tlsf.ts';
import type { ChildJob, ChildResult } from './wasm-child.ts';

export interface WasmOptions {
  readonly root: string;
  readonly cacheDir: string;
  readonly log: (line: string) => void;
}

/** Bottom of each module's memory, kept for the host's tables: a long trace's operations fit. */
const tables = 512 * 2 ** 20;

/** How a module is run. */
interface Launch {
  readonly root: string;
  /** As for the engine: optimised code only, calls stay calls. */
  readonly nodeFlags: readonly string[];
}

function jobOf(request: BenchRequest, module: string, shared: boolean): ChildJob {
  const base = { module, tables, shared, passes: request.passes ?? null };
  if (request.workload === 'trace') {
    return { ...base, work: { kind: 'trace', file: path.resolve(request.trace?.file ?? '') } };
  }
  const p = parametersOf(request);
  if (p.workload !== 'random_mixed' && p.workload !== 'floor') {
    throw new Error(`${p.workload} has several threads, this heap has one`);
  }
  const { iterations, workingSet, min, max, seed } = p;
  return { ...base, work: { kind: p.workload, iterations, workingSet, min, max, seed } };
}

async function runChild(
  request: BenchRequest,
  { root, nodeFlags }: Launch,
  module: string,
  shared: boolean,
): Promise<ChildResult> {
  const job = jobOf(request, module, shared);
  const child = path.join(root, 'bench/arms/wasm-child.ts');
  const args = [...nodeFlags, '--import', 'tsx', child, JSON.stringify(job)];
  const done = await runProcess(process.execPath, args, { env: childEnvironment({}) });
  if (done.status !== 0) {
    const words =
      done.stderr.split('\n').find((l) => /Error|memory/.test(l)) ?? `status ${done.status ?? done.signal}`;
    throw new Error(words.trim());
  }
  return JSON.parse(done.stdout) as ChildResult;
}

function arm(label: string, launch: Launch, module: string, shared: boolean): Arm {
  return {
    ...{ label, family: 'wasm', can: (work) => !isParallel(work) && work.workload !== 'mstress' },
    run: async (request): Promise<BenchResult> => {
      const result = await runChild(request, launch, module, shared);
      return {
        ...{ schemaVersion: 1, workload: workloadName(request), target: label, variant: 'wasm' },
        ...{ threads: 1, iterations: result.operations, hash: [], moduleSha256: null },
        ...summarizeRuns([benchRun(result.passesNs, result.operations)]),
        ...{ counters: null, latency: null, profile: null },
        memory: { peakBytes: result.peakBytes, liveBytes: null, requestedBytes: null, wasteByClass: null },
      };
    },
  };
}

/** What can be built; for each of the others one line says why not. */
export async function wasmArms({ root, cacheDir, log }: WasmOptions): Promise<Arm[]> {
  const arms: Arm[] = [];
  const nodeFlags = await probeFlags({
    distDir: path.join(root, 'dist'),
    nodePath: process.execPath,
    extraEnv: {},
  });
  const launch: Launch = { root, nodeFlags };
  try {
    arms.push(arm('AssemblyScript TLSF', launch, await tlsfModule(root, cacheDir, tables), true));
  } catch (error) {
    log(
      `AssemblyScript TLSF: left out, ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`,
    );
  }
  const heaps = emscriptenHeaps(cacheDir, tables, log);
  if (typeof heaps === 'string') {
    log(`emscripten's dlmalloc and emmalloc: left out, ${heaps}`);
    return arms;
  }
  return [...arms, ...heaps.map((h) => arm(`emscripten ${h.name}`, launch, h.file, false))];
}
