/** Strings of bytes that stand once, each with a number: what the fast readers know repeated lines by. */
import { UserError } from '../../model.ts';

/** Of different text, in bytes. */
const mostBytes = 2 ** 30;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export class ByteTable {
  #arena = new Uint8Array(1 << 16);
  /** Where each entry begins; one more than entries. */
  #starts = new Int32Array(1024);
  #hashes = new Int32Array(1024);
  /** Entry of each slot plus 1, 0 when it is free. */
  #slots = new Int32Array(4096);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  lengthOf(entry: number): number {
    return (this.#starts[entry + 1] as number) - (this.#starts[entry] as number);
  }

  /** Whether `bytes` hold the entry from `at` on. */
  standsAt(entry: number, bytes: Uint8Array, at: number): boolean {
    const arena = this.#arena;
    const start = this.#starts[entry] as number;
    const length = (this.#starts[entry + 1] as number) - start;
    if (at + length > bytes.length) return false;
    // The ends of stack lines differ least: the first bytes (addresses) tell most of them apart.
    for (let i = 0; i < length; i++) {
      if (arena[start + i] !== bytes[at + i]) return false;
    }
    return true;
  }

  /** Number of the bytes from `start` to before `end`, made the first time. */
  intern(bytes: Uint8Array, start: number, end: number): number {
    let h = 0x811c9dc5;
    for (let i = start; i < end; i++) h = Math.imul(h ^ (bytes[i] as number), 0x01000193);
    h ^= h >>> 15;
    const length = end - start;
    const mask = this.#slots.length - 1;
    let slot = h & mask;
    for (;;) {
      const entry = (this.#slots[slot] as number) - 1;
      if (entry < 0) break;
      if (
        this.#hashes[entry] === h &&
        this.lengthOf(entry) === length &&
        this.standsAt(entry, bytes, start)
      ) {
        return entry;
      }
      slot = (slot + 1) & mask;
    }
    return this.#insert(bytes, start, end, h, slot);
  }

  text(entry: number): string {
    return decoder.decode(this.#arena.subarray(this.#starts[entry], this.#starts[entry + 1]));
  }

  #insert(bytes: Uint8Array, start: number, end: number, hash: number, slot: number): number {
    const entry = this.#count;
    const used = this.#starts[entry] as number;
    const length = end - start;
    if (used + length > mostBytes) {
      throw new UserError(
        'The recording names more than 1 GiB of different frames. Import one thread or a shorter recording.',
      );
    }
    if (used + length > this.#arena.length) {
      const arena = new Uint8Array(Math.max(this.#arena.length * 2, used + length));
      arena.set(this.#arena);
      this.#arena = arena;
    }
    this.#arena.set(bytes.subarray(start, end), used);
    this.#hashes[entry] = hash;
    this.#starts[entry + 1] = used + length;
    this.#slots[slot] = entry + 1;
    this.#count = entry + 1;
    if (this.#count + 1 === this.#starts.length) this.#grow();
    return entry;
  }

  #grow(): void {
    const size = this.#starts.length * 2;
    const starts = new Int32Array(size);
    starts.set(this.#starts);
    this.#starts = starts;
    const hashes = new Int32Array(size);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
    const slots = new Int32Array(size * 4);
    const mask = slots.length - 1;
    for (let entry = 0; entry < this.#count; entry++) {
      let slot = (hashes[entry] as number) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = entry + 1;
    }
    this.#slots = slots;
  }
}
