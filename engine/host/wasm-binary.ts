/** Reading and writing WebAssembly binaries: LEB128, sections, names. Format: WebAssembly core specification, chapter 5. */

/** A module that is not what the reader expects; `message` says where. */
export class WasmFormatError extends Error {
  override readonly name = 'WasmFormatError';
}

export class Reader {
  pos: number;
  constructor(
    readonly bytes: Uint8Array,
    start = 0,
    readonly end = bytes.length,
  ) {
    this.pos = start;
  }
  byte(): number {
    const b = this.bytes[this.pos];
    if (b === undefined || this.pos >= this.end) {
      throw new WasmFormatError(`unexpected end of the module at byte ${this.pos}`);
    }
    this.pos++;
    return b;
  }
  /** Unsigned LEB128 of up to 32 bits. */
  u32(): number {
    let out = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const b = this.byte();
      out += (b & 0x7f) * 2 ** shift;
      if (b < 0x80) return out;
    }
    throw new WasmFormatError(`number too long at byte ${this.pos}`);
  }
  /** Skips a LEB128 number of any size. */
  skipLeb(): void {
    for (let i = 0; i < 10; i++) if (this.byte() < 0x80) return;
    throw new WasmFormatError(`number too long at byte ${this.pos}`);
  }
  skip(n: number): void {
    this.pos += n;
    if (this.pos > this.end) throw new WasmFormatError(`unexpected end of the module at byte ${this.end}`);
  }
  name(): string {
    const n = this.u32();
    const start = this.pos;
    this.skip(n);
    return new TextDecoder().decode(this.bytes.subarray(start, this.pos));
  }
}

export class Writer {
  readonly bytes: number[] = [];
  u32(value: number): this {
    let v = value;
    while (v > 0x7f) {
      this.bytes.push((v % 128) | 0x80);
      v = Math.floor(v / 128);
    }
    this.bytes.push(v);
    return this;
  }
  push(...bytes: readonly number[]): this {
    this.bytes.push(...bytes);
    return this;
  }
  append(bytes: ArrayLike<number>): this {
    for (let i = 0; i < bytes.length; i++) this.bytes.push(bytes[i] ?? 0);
    return this;
  }
  name(text: string): this {
    const b = new TextEncoder().encode(text);
    return this.u32(b.length).append(b);
  }
}

export interface Section {
  readonly id: number;
  /** Offset of the payload in the module. */
  readonly start: number;
  readonly payload: Uint8Array;
}

const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

export function readSections(bytes: Uint8Array): Section[] {
  if (header.some((b, i) => bytes[i] !== b))
    throw new WasmFormatError('not a WebAssembly module (version 1)');
  const r = new Reader(bytes, header.length);
  const out: Section[] = [];
  while (r.pos < bytes.length) {
    const id = r.byte();
    const size = r.u32();
    const start = r.pos;
    r.skip(size);
    out.push({ id, start, payload: bytes.subarray(start, start + size) });
  }
  return out;
}

export function customName(section: Section): string | null {
  return section.id === 0 ? new Reader(section.payload).name() : null;
}

/** Function names of the name section by function index. */
export function functionNames(sections: readonly Section[]): Map<number, string> {
  const out = new Map<number, string>();
  const section = sections.find((s) => customName(s) === 'name');
  if (section === undefined) return out;
  const r = new Reader(section.payload);
  r.name();
  while (r.pos < section.payload.length) {
    const id = r.byte();
    const end = r.u32() + r.pos;
    if (id === 1) for (let n = r.u32(); n > 0; n--) out.set(r.u32(), r.name());
    r.pos = end;
  }
  return out;
}

/** The module with function names passed through `rename`, other names dropped; all bytes before the names stay. */
export function renameFunctions(bytes: Uint8Array, rename: (name: string) => string): Uint8Array {
  const sections = readSections(bytes);
  const at = sections.findIndex((s) => customName(s) === 'name');
  const section = sections[at];
  if (section === undefined) return bytes;
  const names = functionNames(sections);
  const map = new Writer().u32(names.size);
  for (const [index, name] of [...names].sort((a, b) => a[0] - b[0])) map.u32(index).name(rename(name));
  const payload = new Writer().name('name').push(1).u32(map.bytes.length).append(map.bytes);
  const before = at === 0 ? header.length : endOf(sections[at - 1]);
  const out = new Writer().append(bytes.subarray(0, before));
  out.push(0).u32(payload.bytes.length).append(payload.bytes);
  return Uint8Array.from(out.append(bytes.subarray(endOf(section))).bytes);
}

function endOf(section: Section | undefined): number {
  return section === undefined ? header.length : section.start + section.payload.length;
}

/** Number of imported functions, and of imported globals: they come first in their index spaces. */
export function countImports(sections: readonly Section[]): { functions: number; globals: number } {
  const section = sections.find((s) => s.id === 2);
  let functions = 0;
  let globals = 0;
  if (section !== undefined) {
    const r = new Reader(section.payload);
    for (let n = r.u32(); n > 0; n--) {
      r.name();
      r.name();
      const kind = r.byte();
      if (kind === 0) {
        r.u32();
        functions++;
      } else if (kind === 1) {
        r.byte();
        skipLimits(r);
      } else if (kind === 2) skipLimits(r);
      else if (kind === 3) {
        r.skip(2);
        globals++;
      } else throw new WasmFormatError(`unknown kind of import ${kind}`);
    }
  }
  return { functions, globals };
}

function skipLimits(r: Reader): void {
  const flags = r.byte();
  r.u32();
  if ((flags & 1) !== 0) r.u32();
}
