/** What becomes of memory: that all of it serves again after everything is freed, and that its end is survived. */
import {
  drainAll,
  type FuzzEngine,
  FuzzFailure,
  type FuzzModule,
  type FuzzTable,
  fuzzEngine,
  generator,
  guarded,
  profileNames,
  setup,
} from './session.ts';

const mib = 2 ** 20;
/** A run after another may need this much more than each alone: what caches hold, and gaps. */
const slackFactor = 1.25;
const slackBytes = 4 * mib;

interface Load {
  readonly profile: number;
  readonly seed: number;
}

/** Records enough for `limit` bytes of small objects, and marks for a heap that wastes a lot. */
function tableFor(limit: number): FuzzTable {
  return { slots: Math.ceil(limit / 120), span: Math.max(64, Math.ceil(limit / mib) * 20) * mib };
}

interface Filled {
  /** Bytes of the heap so far. */
  readonly top: number;
  /** Operations done. */
  readonly done: number;
}

/** Fills the heap to `limit` live bytes (or the table), frees everything. */
function fillAndDrain(fuzz: FuzzEngine, load: Load, limit: number, where: string, replay: string): Filled {
  const { exports } = fuzz.engine;
  setup(fuzz, load.seed, 0);
  // Without frees, so that the peak is the limit's.
  const made = guarded(fuzz.engine, where, replay, () =>
    exports.fuzz_run(Math.ceil(fuzz.table.slots * 0.75), 100, load.profile, limit, 0, 0),
  );
  const freed = drainAll(fuzz, where, replay);
  return { top: (exports.engine_heap_top() >>> 0) - fuzz.heap, done: (made >>> 0) + (freed >>> 0) };
}

export interface Reuse {
  readonly growth: number;
  readonly done: number;
}

/**
 * Two different loads in turn on one heap: it may not grow past what the greedier of the two needs alone, by more than
 * the slack. Throws FuzzFailure; returns the heap's growth against that, and the operations done.
 */
export function reuseSeed(fuzzed: FuzzModule, seed: number, limit = 24 * mib, turns = 6): Reuse {
  const random = generator(seed ^ 0x5eed);
  const first = random(6);
  const loads: Load[] = [first, (first + 1 + random(5)) % 6].map((profile) => ({
    profile,
    seed: 1 + random(1e9),
  }));
  const replay = `npm run bench:fuzz -- --variant ${fuzzed.variant} --seed ${seed} --only reuse`;
  const table = tableFor(limit);
  const name = (load: Load): string => profileNames[load.profile] ?? '?';
  const single = loads.map((load) =>
    fillAndDrain(fuzzEngine(fuzzed, table), load, limit, `${fuzzed.variant} ${name(load)} alone`, replay),
  );
  const alone = Math.max(...single.map((filled) => filled.top));
  let done = single.reduce((sum, filled) => sum + filled.done, 0);
  const both = fuzzEngine(fuzzed, table);
  let top = 0;
  for (let turn = 0; turn < turns; turn++) {
    const load = loads[turn % 2];
    if (load === undefined) break;
    const where = `${fuzzed.variant} seed ${seed}, ${loads.map(name).join(' and ')} in turn, turn ${turn}`;
    const filled = fillAndDrain(both, load, limit, where, replay);
    top = filled.top;
    done += filled.done;
    if (top > alone * slackFactor + slackBytes) {
      throw new FuzzFailure(
        `${where}: the heap grew to ${top} bytes, each load alone needs at most ${alone}: freed memory is not used again`,
        replay,
      );
    }
  }
  return { growth: top / alone, done };
}

/** Bytes of blocks of `size` that can be had until memory is out; all are freed again. */
function capacity({ engine }: FuzzEngine, size: number): number {
  const { exports } = engine;
  const blocks: number[] = [];
  for (let p = exports.malloc(size); p !== 0; p = exports.malloc(size)) blocks.push(p);
  for (const p of blocks) exports.free(p);
  return blocks.length * size;
}

/**
 * A memory with a small limit: runs into null with all contents intact, goes on after frees, and at the end offers
 * what a fresh one offers. Throws FuzzFailure; returns the operations done.
 */
export function outOfMemorySeed(fuzzed: FuzzModule, seed: number, ops: number): number {
  const random = generator(seed ^ 0xf011);
  const heapLimit = (6 + random(24)) * mib;
  const profile = random(2) === 0 ? 0 : random(6);
  const blockSize = [40, 500, 3000, 30_000, 300_000][random(5)] ?? 500;
  const replay = `npm run bench:fuzz -- --variant ${fuzzed.variant} --seed ${seed} --ops ${ops} --only memory`;
  const where = `${fuzzed.variant} seed ${seed}, memory limited to ${heapLimit} bytes of heap (${profileNames[profile]})`;
  const fresh = fuzzEngine(fuzzed, { slots: 1, span: mib }, { heapLimit });
  const before = guarded(fresh.engine, where, replay, () => capacity(fresh, blockSize));
  const fuzz = fuzzEngine(fuzzed, { slots: 400_000, span: 64 * mib }, { heapLimit });
  const { exports } = fuzz.engine;
  setup(fuzz, seed, 0);
  const run = (count: number, grow: number): number =>
    guarded(fuzz.engine, where, replay, () => exports.fuzz_run(count, grow, profile, 0x7fffffff, 0, 1));
  let done = 0;
  for (let cycle = 0; done < ops; cycle++) {
    const grown = run(ops, 95);
    done += grown;
    if (exports.fuzz_nulls() === 0 && grown < ops) {
      throw new FuzzFailure(`${where}: ${done} operations and memory never ran out`, replay);
    }
    guarded(fuzz.engine, `${where}, audit after null`, replay, () => exports.fuzz_audit());
    const live = exports.fuzz_live_bytes();
    for (let i = 0; i < 50 && exports.fuzz_live_bytes() * 2n > live; i++) done += run(2000, 10);
    if (cycle % 4 === 3) done += drainAll(fuzz, `${where}, drain ${cycle}`, replay);
    if (cycle > 0 && grown === 0) throw new FuzzFailure(`${where}: no recovery after frees`, replay);
  }
  done += drainAll(fuzz, `${where}, last drain`, replay);
  const after = guarded(fuzz.engine, where, replay, () => capacity(fuzz, blockSize));
  if (after < before * 0.95 - slackBytes) {
    throw new FuzzFailure(
      `${where}: ${after} bytes in blocks of ${blockSize} can be had after everything is freed, ${before} in a fresh heap`,
      replay,
    );
  }
  return done;
}
