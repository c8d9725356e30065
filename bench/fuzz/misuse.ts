/** The misuse table: what the engine makes of pointers that are no live blocks, by trying it. */
import { attach, type EngineInstance } from '../../engine/host/instantiate.ts';
import { faultText, type FuzzEngine, type FuzzModule, fuzzEngine, setup } from './session.ts';

const mib = 2 ** 20;

export const misuseKinds = [
  'null',
  'outside the heap',
  'interior',
  'misaligned',
  'double free at once',
  'double free, others freed between',
  'double free after reuse',
] as const;
export type MisuseKind = (typeof misuseKinds)[number];

export const misuseOperations = ['free', 'realloc', 'usable_size'] as const;
export type MisuseOperation = (typeof misuseOperations)[number];

export const outcomes = ['reported', 'misreported', 'trapped', 'harmless', 'undefined'] as const;
export type Outcome = (typeof outcomes)[number];

export interface Cell {
  readonly kind: MisuseKind;
  readonly operation: MisuseOperation;
  /** The misuse is committed by another thread than the one that the block belongs to. */
  readonly remote: boolean;
}

export interface CellResult {
  readonly cell: Cell;
  readonly counts: Readonly<Record<Outcome, number>>;
  readonly attempts: number;
  /** The first attempt that was misreported or undefined, in words. */
  readonly example: string | null;
}

/** Codes of misuse_box.ts that name the kind rightly. A block whose memory went back to the heap is outside of it. */
const rightCodes: Readonly<Record<MisuseKind, readonly number[]>> = {
  null: [],
  'outside the heap': [1],
  interior: [2],
  misaligned: [3],
  'double free at once': [4, 1],
  'double free, others freed between': [4, 1],
  'double free after reuse': [4, 1],
};

/** An undefined cell is not tried to its end: a fresh heap for each attempt is dear, and one is enough. */
const undefinedEnough = 20;
/** Attempts on one heap, after which all of it is checked. */
const batch = 250;

class Trial {
  readonly fuzz: FuzzEngine;
  readonly other: EngineInstance | null;

  constructor(fuzzed: FuzzModule, remote: boolean, seed: number) {
    this.fuzz = fuzzEngine(fuzzed, { slots: 300, span: 128 * mib });
    setup(this.fuzz, seed, 0);
    this.other = remote ? attach(fuzzed.module, this.fuzz.engine.memory) : null;
  }

  /** What is wrong with the heap, null when nothing is. */
  #faultOf(body: () => void): string | null {
    try {
      body();
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) return `trapped afterwards (${error.message})`;
      throw error;
    }
    return faultText(this.fuzz.engine);
  }

  /** One attempt: how the engine answered, and what was wrong then; `null` when the misuse could not be made. */
  attempt(cell: Cell, group: number): { outcome: Outcome; detail: string; spent: boolean } | null {
    const { exports } = this.fuzz.engine;
    const before = exports.misuse_count();
    const kind = misuseKinds.indexOf(cell.kind);
    let ptr = 0;
    const unready = this.#faultOf(() => {
      ptr = exports.misuse_prepare(kind, group) >>> 0;
    });
    if (unready !== null)
      return { outcome: 'undefined', detail: `before the misuse: ${unready}`, spent: true };
    if (exports.misuse_expected(2) === 0) return null;
    const where = `0x${ptr.toString(16)} of a block of ${exports.misuse_expected(1)} bytes`;
    let result = 0;
    try {
      const actor = this.other?.exports ?? exports;
      result = actor.misuse_commit(misuseOperations.indexOf(cell.operation), ptr);
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      return { outcome: 'trapped', detail: `${where}: ${error.message}`, spent: true };
    }
    const reports = exports.misuse_count() - before;
    const [code, address, cls] = [
      exports.misuse_last_kind() >>> 0,
      exports.misuse_last_address() >>> 0,
      exports.misuse_last_class() >>> 0,
    ];
    exports.fuzz_accept_misuses();
    const fault = this.#faultOf(() => exports.misuse_settle(result));
    if (fault !== null) {
      const said = reports === 0 ? 'silent' : 'reported';
      return { outcome: 'undefined', detail: `${where}: ${said}, then ${fault}`, spent: true };
    }
    if (reports === 0) return { outcome: 'harmless', detail: where, spent: false };
    const expected = exports.misuse_expected(0);
    const classRight =
      code === 1 ? cls === 255 || cls === expected : expected === 254 ? cls < 10 : cls === expected;
    const right = reports === 1 && address === ptr && rightCodes[cell.kind].includes(code) && classRight;
    const detail = `${where}: ${reports} reports, last kind ${code} address 0x${address.toString(16)} class ${cls} (expected ${expected})`;
    return { outcome: right ? 'reported' : 'misreported', detail, spent: false };
  }

  /** What a check of the whole heap finds. */
  finish(): string | null {
    const { exports } = this.fuzz.engine;
    return this.#faultOf(() => {
      exports.fuzz_run(6000, 60, 0, 16 * mib, 0, 0);
      exports.fuzz_audit();
      exports.fuzz_drain(0, 1);
      exports.fuzz_run(6000, 60, 1, 16 * mib, 0, 0);
      exports.fuzz_audit();
      exports.fuzz_drain(0, 1);
    });
  }
}

/** Tries a cell `attempts` times over random states and all kinds of blocks; `alive` is called now and then. */
export function tryCell(
  fuzzed: FuzzModule,
  cell: Cell,
  attempts: number,
  alive: () => void = () => undefined,
): CellResult {
  const counts: Record<Outcome, number> = {
    ...{ reported: 0, misreported: 0, trapped: 0, harmless: 0, undefined: 0 },
  };
  let example: string | null = null;
  let tried = 0;
  let notMade = 0;
  for (let seed = 1; tried < attempts && counts.undefined < undefinedEnough; seed++) {
    alive();
    const trial = new Trial(fuzzed, cell.remote, seed);
    const silent = { harmless: 0, reported: 0 };
    let spent = false;
    for (let i = 0; i < batch && tried < attempts && !spent; i++) {
      const made = trial.attempt(cell, (tried + notMade + seed) % 4);
      if (made === null) {
        if (++notMade > attempts) return { cell, counts, attempts: tried, example };
        continue;
      }
      tried++;
      counts[made.outcome]++;
      spent = made.spent;
      if (made.outcome === 'harmless' || made.outcome === 'reported') silent[made.outcome]++;
      if (made.outcome === 'undefined' || made.outcome === 'misreported') example ??= made.detail;
    }
    const fault = spent ? null : trial.finish();
    if (fault !== null) {
      // Whichever of the batch it was: none of them can be called harmless.
      counts.undefined += silent.harmless + silent.reported;
      counts.harmless -= silent.harmless;
      counts.reported -= silent.reported;
      example ??= `some time after the misuse: ${fault}`;
    }
  }
  return { cell, counts, attempts: tried, example };
}

/** The rows of the table. */
export const cells: readonly Cell[] = [
  ...misuseKinds.map((kind): Cell => ({ kind, operation: 'free', remote: false })),
  ...misuseKinds.slice(0, 5).flatMap((kind): Cell[] => [
    { kind, operation: 'realloc', remote: false },
    { kind, operation: 'usable_size', remote: false },
  ]),
  ...misuseKinds.slice(1).map((kind): Cell => ({ kind, operation: 'free', remote: true })),
];

/** `reported 10000`, or each outcome with its number. */
export function cellText({ counts }: CellResult): string {
  const parts = outcomes.filter((o) => counts[o] > 0).map((o) => `${o} ${counts[o]}`);
  return parts.length === 0 ? 'could not be made' : parts.join(', ');
}

export function cellName({ kind, operation, remote }: Cell): string {
  return `${operation}: ${kind}${remote ? ', by another thread' : ''}`;
}
