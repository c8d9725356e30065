/** The C side of cost calibration: compiles `costs.c` on demand and runs it, one fresh process for each unit. */
import { type RunHooks, UserError } from '../model.ts';
import {
  type CostMeasurement,
  type CostRow,
  type CostRunner,
  type CostUnit,
  costRow,
} from '../profile/cost-measurement.ts';
import { compilerVersion, nativeBinary } from './harness.ts';
import { abortError, runProcess } from './process.ts';

export interface NativeCostsOptions {
  /** Path of `costs.c`. */
  readonly source: string;
  /** Compiled programs are kept here. */
  readonly cacheDir: string;
  /** Default: `cc`. */
  readonly compiler?: string;
  /** Nanoseconds of a batch; default 1.5 ms. Tests take less. */
  readonly batchNs?: number;
  /** Fresh processes; default one for each layout. */
  readonly units?: number;
}

/** As many as `costs.c` has; it says its own number, which is checked. */
const layouts = 12;
const batchNs = 1_500_000;

/**
 * As the loops of a library are built, but placed where the layout puts them: aligned ones would lie the same way in
 * each. clang does not take all of them and says so, no more.
 */
export const costFlags: readonly string[] = [
  '-O2',
  '-std=gnu11',
  '-fno-align-loops',
  '-fno-align-jumps',
  '-fno-align-labels',
];

/** What `costs` prints. */
export interface CostsOutput {
  readonly compiler: string;
  readonly layouts: number;
  readonly pad: number;
  readonly clockNs: number;
  /** Of the loop and of the other thread; null where they were not pinned. */
  readonly cores: readonly number[] | null;
  /** Involuntary context switches. */
  readonly switches: number;
  /** Rounds of the thread that writes to the same lines; 0 where there was none. */
  readonly hammered: number;
  readonly rows: readonly CostRow[];
}

/** Reads what the program printed. Throws `UserError` when it is anything else. */
export function parseCostsOutput(text: string): CostsOutput {
  const bad = (): UserError =>
    new UserError('the cost program printed no result that can be read: run it again', 3);
  const line = text.split('\n').find((l) => l.startsWith('{"costs":1,'));
  let value: unknown;
  try {
    value = JSON.parse(line ?? '');
  } catch {
    throw bad();
  }
  if (typeof value !== 'object' || value === null) throw bad();
  const field = (name: string): unknown => Reflect.get(value, name);
  const number = (name: string): number => {
    const n = field(name);
    if (typeof n !== 'number' || !Number.isFinite(n) || n < 0) throw bad();
    return n;
  };
  const compiler = field('compiler');
  const rows = field('rows');
  const cores = field('cores');
  if (typeof compiler !== 'string' || !/^[\w .-]{1,60}$/.test(compiler)) throw bad();
  if (!Array.isArray(rows) || rows.length === 0 || !Array.isArray(cores)) throw bad();
  const checked = (rows as unknown[]).map(costRow);
  const whole = checked.filter((r): r is CostRow => r !== null);
  if (whole.length !== checked.length) throw bad();
  const pinned = (cores as unknown[]).filter((c): c is number => typeof c === 'number' && c >= 0);
  return {
    compiler,
    layouts: number('layouts'),
    pad: number('pad'),
    clockNs: number('clockNs'),
    cores: pinned.length === 0 ? null : pinned,
    switches: number('switches'),
    hammered: number('hammered'),
    rows: whole,
  };
}

function lastWords(stderr: string): string {
  return (
    stderr
      .split('\n')
      .findLast((l) => l.trim() !== '')
      ?.trim()
      .slice(0, 300) ?? 'no message'
  );
}

/** Measures in C, on Linux with a compiler. */
export class NativeCosts implements CostRunner {
  readonly #options: NativeCostsOptions;

  constructor(options: NativeCostsOptions) {
    this.#options = options;
  }

  async unavailable(signal: AbortSignal | undefined): Promise<string | null> {
    if (process.platform !== 'linux') return 'costs are measured in C on Linux only';
    try {
      await compilerVersion(this.#compiler, signal);
      return null;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return `no C compiler: \`${this.#compiler}\` cannot be run (install gcc or clang)`;
    }
  }

  get #compiler(): string {
    return this.#options.compiler ?? 'cc';
  }

  async measure(seconds: number, hooks: RunHooks): Promise<CostMeasurement> {
    hooks.onProgress?.({ message: 'compiling the cost program', fraction: 0 });
    const binary = await nativeBinary({
      name: 'costs',
      title: 'the cost program',
      sources: [this.#options.source],
      headers: [],
      places: [],
      flags: costFlags,
      cacheDir: this.#options.cacheDir,
      compiler: this.#compiler,
      signal: hooks.signal,
    });
    const count = this.#options.units ?? layouts * Math.max(1, Math.round(seconds / 60));
    const outputs: CostsOutput[] = [];
    for (let i = 0; i < count; i++) {
      hooks.onProgress?.({ message: `costs in C: process ${i + 1} of ${count}`, fraction: i / count });
      outputs.push(await this.#once(binary, i, (seconds * 1000) / count, hooks.signal));
    }
    hooks.onProgress?.({ message: 'done', fraction: 1 });
    const [first] = outputs;
    if (first === undefined) throw new UserError('the costs need at least one process');
    return {
      source: `C, ${first.compiler}`,
      flags: [],
      units: outputs.map(
        (o): CostUnit => ({
          layout: `pad ${o.pad}`,
          clockNs: o.clockNs,
          pinned: o.cores,
          rows: o.rows,
        }),
      ),
      notes: notesOf(outputs),
    };
  }

  async #once(
    binary: string,
    index: number,
    milliseconds: number,
    signal: AbortSignal | undefined,
  ): Promise<CostsOutput> {
    const args = [
      `layout=${index % layouts}`,
      `seed=${12345 + index * 7919}`,
      `batch=${this.#options.batchNs ?? batchNs}`,
      `budget=${Math.max(1, Math.round(milliseconds))}`,
    ];
    const outcome = await runProcess(binary, args, { signal });
    if (outcome.startError !== null) {
      throw new UserError(`the cost program cannot be started (${outcome.startError})`, 3);
    }
    if (outcome.signal !== null) throw new UserError(`the cost program was ended by ${outcome.signal}`, 3);
    if (outcome.status !== 0) {
      throw new UserError(`the cost program failed: ${lastWords(outcome.stderr)}`, 3);
    }
    const output = parseCostsOutput(outcome.stdout);
    if (output.layouts !== layouts) throw new Error(`costs.c has ${output.layouts} layouts, not ${layouts}`);
    if (signal?.aborted) throw abortError();
    return output;
  }
}

function notesOf(outputs: readonly CostsOutput[]): string[] {
  const notes: string[] = [];
  if (outputs.some((o) => o.hammered === 0)) {
    notes.push('Contended costs were not measured: only one core may be used.');
  }
  if (outputs.some((o) => o.cores === null)) {
    notes.push('The processes could not be pinned to cores.');
  }
  return notes;
}
