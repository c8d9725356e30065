/** The block of shared memory that the threads of a workload share, as engine/workloads/threads.ts lays it out. */

const parametersAt = 256;
const recordsAt = 512;
const recordBytes = 128;
/** Numbers of the parameters that all checked passes have. */
const accountParameter = 62;
const verifyParameter = 63;
/** Bytes of the account (engine/workloads/checked.ts). */
const accountBytes = 200;

/** Hands out addresses of the harness area. */
export class Area {
  #at: number;
  readonly #base: number;

  constructor(base: number) {
    this.#base = base;
    this.#at = base;
  }

  take(bytes: number): number {
    const start = this.#at;
    this.#at = Math.ceil((start + bytes) / 64) * 64;
    return start;
  }

  get bytes(): number {
    return this.#at - this.#base;
  }
}

/** What a thread left in its record. */
export interface ThreadRecord {
  /** Nanoseconds on the clock of all threads. */
  readonly start: number;
  readonly end: number;
  readonly operations: number;
  /** 16 hex digits. */
  readonly hash: string;
}

export function hexHash(hash: bigint): string {
  return BigInt.asUintN(64, hash).toString(16).padStart(16, '0');
}

/** A view of the block of `threads` threads at `address`. */
export class ThreadBlock {
  readonly address: number;
  readonly account: number;
  readonly #threads: number;
  readonly #memory: WebAssembly.Memory;

  constructor(memory: WebAssembly.Memory, area: Area, threads: number) {
    this.#memory = memory;
    this.#threads = threads;
    this.address = area.take(recordsAt + threads * recordBytes);
    this.account = area.take(accountBytes);
  }

  /** Bytes that a block takes in an area. */
  static bytes(threads: number): number {
    return recordsAt + threads * recordBytes + accountBytes + 128;
  }

  /** Clears everything, then sets the parameters. */
  set(parameters: readonly number[], verify: boolean): void {
    const { buffer } = this.#memory;
    new Uint8Array(buffer, this.address, recordsAt + this.#threads * recordBytes).fill(0);
    new Uint8Array(buffer, this.account, accountBytes).fill(0);
    const cells = new Uint32Array(buffer, this.address + parametersAt, verifyParameter + 1);
    cells.set(parameters);
    cells[accountParameter] = this.account;
    cells[verifyParameter] = verify ? 1 : 0;
  }

  /** Before each pass: nobody is there yet, it is nobody's turn. */
  reset(): void {
    new Uint8Array(this.#memory.buffer, this.address, parametersAt).fill(0);
    new Uint8Array(this.#memory.buffer, this.address + recordsAt, this.#threads * recordBytes).fill(0);
  }

  /** Ends the pass of every thread, also of those that sleep. */
  abort(): void {
    const cells = new Int32Array(
      this.#memory.buffer,
      this.address,
      (recordsAt + this.#threads * recordBytes) / 4,
    );
    Atomics.store(cells, 0, 1);
    for (let t = 0; t < this.#threads; t++) {
      const turn = (recordsAt + t * recordBytes) / 4;
      Atomics.store(cells, turn, 1);
      Atomics.notify(cells, turn);
    }
  }

  get aborted(): boolean {
    return Atomics.load(new Int32Array(this.#memory.buffer, this.address, 1), 0) !== 0;
  }

  record(thread: number): ThreadRecord {
    const view = new DataView(
      this.#memory.buffer,
      this.address + recordsAt + thread * recordBytes,
      recordBytes,
    );
    return {
      start: view.getFloat64(8, true),
      end: view.getFloat64(16, true),
      operations: Number(view.getBigUint64(24, true)),
      hash: hexHash(view.getBigUint64(32, true)),
    };
  }

  /** A number that changes as long as checked passes go on. */
  progress(): number {
    let sum = 0;
    for (let t = 0; t < this.#threads; t++) {
      const view = new DataView(this.#memory.buffer, this.address + recordsAt + t * recordBytes, recordBytes);
      sum += Number(view.getBigUint64(40, true) % 0x1000000000000n);
    }
    return sum;
  }
}
