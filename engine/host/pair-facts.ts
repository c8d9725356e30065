/** What is known of the sides of an experiment before anything is timed: who answers, and what one pass executes. */
import { readFileSync } from 'node:fs';
import { instantiateCounting } from './counted-run.ts';
import { compareExecution, countedTable, type Reading } from './counted-table.ts';
import { instantiate } from './instantiate.ts';
import { readCounts } from './instrument.ts';
import type { Report } from './passes.ts';
import type {
  CompareJob,
  CompareResult,
  LivenessJob,
  LivenessResult,
  SideModule,
  TableJob,
  TableResult,
} from './protocol.ts';
import { countersWant, loadWork, type SoloWork, soloOf } from './work.ts';

/** As in engine/allocator/layout.ts and pools_layout.ts. */
const pageMap = 0x10000;
const pageShift = 16;
const libcPage = 0xe1;
const askedBytes = 100;

/** Smallest step of the clock that passes are timed with, nanoseconds. */
function clockStep(): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 1000; i++) {
    const from = process.hrtime.bigint();
    let to = from;
    while (to === from) to = process.hrtime.bigint();
    least = Math.min(least, Number(to - from));
  }
  return least;
}

/** Asks malloc for a block and looks where it lies, what the page map says of it, and whether free takes it back. */
export function runLiveness(job: LivenessJob): LivenessResult {
  const module = new WebAssembly.Module(new Uint8Array(readFileSync(job.module)));
  const { exports, memory } = instantiate(module, { env: job.env, harnessBytes: 0 });
  const heapBase = exports.engine_heap_top() >>> 0;
  const block = exports.malloc(askedBytes) >>> 0;
  const inside = block >= heapBase && block + askedBytes <= exports.engine_heap_top() >>> 0;
  const code = new Uint8Array(memory.buffer)[pageMap + (block >>> pageShift)];
  const usable = exports.usable_size(block) >>> 0;
  exports.free(block);
  const sound = inside && usable >= askedBytes && exports.engine_invalid_frees() === 0;
  const heap = code === libcPage ? 'libc' : 'engine';
  return { kind: 'liveness', heap: sound ? heap : null, clockNs: clockStep() };
}

interface Counted {
  /** The first pass, without its frees. */
  readonly first: Reading;
  /** The first pass, its frees, and a pass on the warm heap. */
  readonly both: Reading;
}

/** From a fresh instance, without the engine's initialisation. */
function count(side: SideModule, work: SoloWork): Counted {
  const { engine, module } = instantiateCounting(side.module, side.env, work.harnessBytes);
  work.prepare(engine);
  const read = (): bigint[] => readCounts(engine.raw, module);
  const before = read();
  let after = before;
  work.pass(engine, () => {
    after = read();
  });
  const first = { module, before, after };
  work.pass(engine, () => {
    after = read();
  });
  return { first, both: { module, before, after } };
}

/** Throws `UserError` for what has several threads: their counts are not exact. */
export async function runCompare(job: CompareJob, report: Report): Promise<CompareResult> {
  const work = soloOf((await loadWork(job.parameters)).main, countersWant);
  await report('counting the baseline', 0);
  const baseline = count(job.baseline, work);
  await report('counting the treatment', 0.5);
  const treatment = count(job.treatment, work);
  const { changed, ran } = compareExecution(baseline.both, treatment.both, job.functions);
  return {
    kind: 'compare',
    baseline: countedTable(baseline.first, work.operations, job.functions),
    treatment: countedTable(treatment.first, work.operations, job.functions),
    changed,
    changedRan: ran,
  };
}

/** Counts of the first pass. Throws `UserError` for what has several threads. */
export async function runTable(job: TableJob, report: Report): Promise<TableResult> {
  await report('counting instructions', 0);
  const work = soloOf((await loadWork(job.parameters)).main, countersWant);
  const { first } = count(job, work);
  return { kind: 'table', table: countedTable(first, work.operations, job.functions) };
}
