/** One thread's fuzz of one variant: phases that grow, churn, shrink and drain, and what has to hold between them. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { envGates, flagsOf, readsEnvironment, variants } from '../../engine/host/variants.ts';
import { type EngineInstance, type InstantiateOptions, instantiate } from '../../engine/host/instantiate.ts';

export interface FuzzModule {
  readonly variant: string;
  readonly module: WebAssembly.Module;
  readonly sha256: string;
}

/** A module as it was built: the bytes that `bench` times. */
export function loadModule(distDir: string, variant: string): FuzzModule {
  return moduleOf(variant, readFileSync(path.join(distDir, 'engine', `${variant}.wasm`)));
}

export function moduleOf(variant: string, wasm: Uint8Array): FuzzModule {
  const sha256 = createHash('sha256').update(wasm).digest('hex');
  return { variant, module: new WebAssembly.Module(new Uint8Array(wasm)), sha256 };
}

export interface FuzzTable {
  readonly slots: number;
  /** Bytes of heap that the shadow bitmap covers. */
  readonly span: number;
}

export interface FuzzEngine {
  readonly engine: EngineInstance;
  readonly table: FuzzTable;
  /** Where the heap begins. */
  readonly heap: number;
}

const mib = 2 ** 20;

const faultNames: readonly string[] = [
  'none',
  'null though memory was not out',
  'misaligned block',
  'block overlaps memory that is handed out',
  'memory of a live object was no longer marked as handed out',
  'wrong contents',
  'calloc left bytes that are not zero',
  'usable_size below the size asked for',
  'usable_size changed while the object lived',
  'realloc lost contents',
  'misuse reported though there was none',
  'counts and marks disagree',
  'block outside the heap',
  'realloc to 0 returned a block',
];

/** A check that did not hold; the message says what, where, and how to see it again. */
export class FuzzFailure extends Error {
  constructor(
    readonly what: string,
    readonly replay: string,
  ) {
    super(`${what}\n  replay: ${replay}`);
  }
}

/** A fresh engine with a fuzzer's table in its harness area. */
export function fuzzEngine(
  { module }: FuzzModule,
  table: FuzzTable,
  options: Omit<InstantiateOptions, 'harnessBytes'> = {},
): FuzzEngine {
  const probe = instantiate(module, { harnessBytes: 64 });
  const bytes = probe.exports.fuzz_bytes(table.slots, table.span) >>> 0;
  const engine = instantiate(module, { ...options, harnessBytes: bytes });
  return { engine, table, heap: Math.ceil((engine.harness + bytes) / mib) * mib };
}

/** Makes the instance thread `thread` of the fuzz. */
export function setup({ engine, table, heap }: FuzzEngine, seed: number, thread: number): void {
  engine.exports.fuzz_setup(engine.harness, table.slots, heap, table.span, seed | 0, thread);
}

/** The fault found, in words; null when there is none. */
export function faultText({ exports }: EngineInstance): string | null {
  const [code = 0, address = 0, size = 0, detail = 0, thread = 0] = [0, 1, 2, 3, 4].map(
    (field) => exports.fuzz_fault(field) >>> 0,
  );
  if (code === 0) return null;
  const name = faultNames[code] ?? `fault ${code}`;
  return `${name}: address 0x${address.toString(16)}, size ${size}, detail ${detail} (0x${detail.toString(16)}), thread ${thread}`;
}

export const profileNames = ['mixed', 'tiny', 'mid', 'large', 'edges', 'smallest'] as const;

export interface Phase {
  readonly ops: number;
  /** Percent of operations that keep or add memory. */
  readonly grow: number;
  readonly profile: number;
}

/** Deterministic numbers below a limit. */
export function generator(seed: number): (below: number) => number {
  let x = Math.imul(seed, 0x9e3779b1) ^ 0x2545f491 || 1;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

export interface Plan {
  readonly table: FuzzTable;
  /** Most live bytes. */
  readonly limit: number;
  /** Each round ends with everything freed. */
  readonly rounds: readonly (readonly Phase[])[];
}

/** Large objects take long to fill and to check: their phases are shorter. By profile. */
const weights = [0.5, 1.5, 0.2, 0.01, 0.5, 1.5] as const;

/** What a seed does with about `ops` operations: the size of the table, the live bytes, the order of size profiles. */
export function planOf(seed: number, ops: number): Plan {
  const random = generator(seed);
  const slots = [50, 700, 4000, 20_000][random(4)] ?? 700;
  const limit = (4 + random(60)) * mib;
  const count = 3 + random(3);
  const share = Math.max(1, Math.floor(ops / count / 5));
  const rounds = Array.from({ length: count }, () => {
    const profile = random(2) === 0 ? 0 : random(6);
    const phase = (part: number, grow: number, sizes: number): Phase => ({
      ops: Math.ceil(part * share * (weights[sizes] ?? 1)),
      grow,
      profile: sizes,
    });
    return [phase(1, 92, profile), phase(2, 55, profile), phase(1, 75, random(6)), phase(1, 15, profile)];
  });
  return { table: { slots, span: 512 * mib }, limit, rounds };
}

/** Every third seed sets gates at random where the variant reads them. */
export function gatesOf(variant: string, seed: number): Record<string, string> {
  const found = variants.find((v) => v.name === variant);
  if (seed % 3 !== 0 || found === undefined || !readsEnvironment(flagsOf(found, {}))) return {};
  const random = generator(seed ^ 0x6a7e);
  const chosen = envGates.filter(() => random(3) === 0);
  return Object.fromEntries(chosen.map((gate) => [gate, String(random(2))]));
}

function replayCommand(variant: string, seed: number, ops: number): string {
  return `npm run bench:fuzz -- --variant ${variant} --seed ${seed} --ops ${ops}`;
}

/** Runs `body`; a trap of the engine and a fault of the fuzzer become a FuzzFailure. */
export function guarded<T>(engine: EngineInstance, where: string, replay: string, body: () => T): T {
  let value: T;
  try {
    value = body();
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    const fault = faultText(engine);
    throw new FuzzFailure(
      `${where}: trapped (${error.message})${fault === null ? '' : `, ${fault}`}`,
      replay,
    );
  }
  const fault = faultText(engine);
  if (fault !== null) throw new FuzzFailure(`${where}: ${fault}`, replay);
  return value;
}

/** All rounds of a seed on a fresh engine. Returns the operations done; throws FuzzFailure. */
export function fuzzSeed(fuzzed: FuzzModule, seed: number, ops: number): number {
  const plan = planOf(seed, ops);
  const env = gatesOf(fuzzed.variant, seed);
  const gates = Object.entries(env)
    .map(([gate, value]) => ` ${gate}=${value}`)
    .join('');
  const fuzz = fuzzEngine(fuzzed, plan.table, { env });
  const { exports } = fuzz.engine;
  setup(fuzz, seed, 0);
  let done = 0;
  for (const [round, phases] of plan.rounds.entries()) {
    const replay = replayCommand(fuzzed.variant, seed, ops);
    for (const [i, phase] of phases.entries()) {
      const where = `${fuzzed.variant}${gates} seed ${seed} round ${round} phase ${i} (${profileNames[phase.profile]}, grow ${phase.grow}) after ${done} operations`;
      done += guarded(fuzz.engine, where, replay, () =>
        exports.fuzz_run(phase.ops, phase.grow, phase.profile, plan.limit, 0, 0),
      );
      guarded(fuzz.engine, `${where}, audit`, replay, () => exports.fuzz_audit());
    }
    done += drainAll(fuzz, `${fuzzed.variant}${gates} seed ${seed} round ${round} drain`, replay);
  }
  return done;
}

/** Frees everything and sees that nothing is left. Returns the frees. */
export function drainAll({ engine }: FuzzEngine, where: string, replay: string): number {
  const freed = guarded(engine, where, replay, () => engine.exports.fuzz_drain(0, 1));
  const left = guarded(engine, `${where}, audit`, replay, () => engine.exports.fuzz_audit());
  if (left !== 0 || engine.exports.fuzz_live_bytes() !== 0n) {
    throw new FuzzFailure(`${where}: ${left} objects left after everything was freed`, replay);
  }
  return freed;
}
