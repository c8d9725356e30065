/** What we need of an ELF file: sections, segments, symbols, build id. Read by position, never as a whole. */
import { type FileHandle, open } from 'node:fs/promises';

export interface ObjectSegment {
  /** Place in the file, and the virtual address that it is loaded to (before relocation). */
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
}

export interface ObjectSymbol {
  readonly name: string;
  readonly address: number;
  /** Bytes; 0 where the symbol table does not say. */
  readonly size: number;
}

export interface ObjectFile {
  readonly path: string;
  /** Hexadecimal, null without one. */
  readonly buildId: string | null;
  /** Has line information of its own. */
  readonly debug: boolean;
  readonly segments: readonly ObjectSegment[];
  /** Where the jumps to other objects' functions are, by virtual address. */
  readonly stubs: readonly { readonly address: number; readonly size: number }[];
}

interface Section {
  readonly name: string;
  readonly type: number;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly entrySize: number;
}

const sectionTypes = { symtab: 2, note: 7, dynsym: 11 } as const;
/** Far above what real files have; a damaged header must not make us allocate the world. */
const tableLimit = 256 * 1024 * 1024;

async function bytes(file: FileHandle, offset: number, length: number): Promise<DataView | null> {
  if (!(offset >= 0) || !(length >= 0) || length > tableLimit) return null;
  const buffer = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(buffer, done, length - done, offset + done);
    if (bytesRead === 0) return null;
    done += bytesRead;
  }
  return new DataView(buffer.buffer);
}

/** Reads fields of either word size and byte order. */
class Fields {
  constructor(
    readonly view: DataView,
    readonly wide: boolean,
    readonly little: boolean,
  ) {}

  u16(at: number): number {
    return this.view.getUint16(at, this.little);
  }

  u32(at: number): number {
    return this.view.getUint32(at, this.little);
  }

  /** Address or offset of this word size; beyond 2^53 it loses its last bits, which no file of ours has. */
  word(at: number): number {
    return this.wide ? Number(this.view.getBigUint64(at, this.little)) : this.u32(at);
  }
}

function text(view: DataView, at: number): string {
  if (at < 0 || at >= view.byteLength) return '';
  const all = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const end = all.indexOf(0, at);
  return new TextDecoder().decode(all.subarray(at, end < 0 ? undefined : end));
}

interface Headers {
  readonly wide: boolean;
  readonly little: boolean;
  readonly segments: readonly (ObjectSegment & { readonly type: number })[];
  readonly sections: readonly Section[];
}

async function readHeaders(file: FileHandle): Promise<Headers | null> {
  const head = await bytes(file, 0, 64);
  if (head === null || head.getUint32(0) !== 0x7f454c46) return null;
  const wide = head.getUint8(4) === 2;
  const little = head.getUint8(5) === 1;
  const f = new Fields(head, wide, little);
  const [phoff, shoff] = wide ? [f.word(32), f.word(40)] : [f.word(28), f.word(32)];
  const counts = wide ? 54 : 42;
  const [phsize, phnum, shsize, shnum, names] = [0, 2, 4, 6, 8].map((d) => f.u16(counts + d)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return {
    ...{ wide, little },
    segments: await readSegments(file, { wide, little, offset: phoff, size: phsize, count: phnum }),
    sections: await readSections(file, { wide, little, offset: shoff, size: shsize, count: shnum, names }),
  };
}

interface Table {
  readonly wide: boolean;
  readonly little: boolean;
  readonly offset: number;
  readonly size: number;
  readonly count: number;
}

async function readSegments(file: FileHandle, t: Table): Promise<Headers['segments']> {
  if (t.size < (t.wide ? 56 : 32)) return [];
  const view = await bytes(file, t.offset, t.size * t.count);
  if (view === null) return [];
  const f = new Fields(view, t.wide, t.little);
  return Array.from({ length: t.count }, (_, i) => {
    const at = i * t.size;
    const [offset, address, fileSize] = t.wide ? [8, 16, 32] : [4, 8, 16];
    return {
      type: f.u32(at),
      offset: f.word(at + (offset ?? 0)),
      address: f.word(at + (address ?? 0)),
      fileSize: f.word(at + (fileSize ?? 0)),
    };
  });
}

async function readSections(file: FileHandle, t: Table & { readonly names: number }): Promise<Section[]> {
  if (t.size < (t.wide ? 64 : 40)) return [];
  const view = await bytes(file, t.offset, t.size * t.count);
  if (view === null) return [];
  const f = new Fields(view, t.wide, t.little);
  const raw = Array.from({ length: t.count }, (_, i) => {
    const at = i * t.size;
    const [address, offset, size, link, entry] = t.wide ? [16, 24, 32, 40, 56] : [12, 16, 20, 24, 36];
    return {
      nameAt: f.u32(at),
      type: f.u32(at + 4),
      address: f.word(at + (address ?? 0)),
      offset: f.word(at + (offset ?? 0)),
      size: f.word(at + (size ?? 0)),
      link: f.u32(at + (link ?? 0)),
      entrySize: f.word(at + (entry ?? 0)),
    };
  });
  const table = raw[t.names];
  const strings = table === undefined ? null : await bytes(file, table.offset, table.size);
  return raw.map(({ nameAt, ...rest }) => ({ ...rest, name: strings === null ? '' : text(strings, nameAt) }));
}

/** Descriptor of the GNU build id note among the notes of one section or segment. */
function buildIdIn(view: DataView, little: boolean): string | null {
  for (let at = 0; at + 12 <= view.byteLength; ) {
    const nameSize = view.getUint32(at, little);
    const size = view.getUint32(at + 4, little);
    const type = view.getUint32(at + 8, little);
    const start = at + 12 + ((nameSize + 3) & ~3);
    if (type === 3 && text(view, at + 12) === 'GNU' && size > 0 && start + size <= view.byteLength) {
      return Array.from({ length: size }, (_, i) =>
        view
          .getUint8(start + i)
          .toString(16)
          .padStart(2, '0'),
      ).join('');
    }
    at = start + ((size + 3) & ~3);
  }
  return null;
}

async function readBuildId(file: FileHandle, h: Headers): Promise<string | null> {
  const places = [
    ...h.sections.filter((s) => s.type === sectionTypes.note).map((s) => [s.offset, s.size] as const),
    ...h.segments.filter((s) => s.type === 4).map((s) => [s.offset, s.fileSize] as const),
  ];
  for (const [offset, size] of places) {
    const view = size > 1 << 16 ? null : await bytes(file, offset, size);
    const id = view === null ? null : buildIdIn(view, h.little);
    if (id !== null) return id;
  }
  return null;
}

async function withFile<T>(path: string, body: (file: FileHandle) => Promise<T | null>): Promise<T | null> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch {
    return null;
  }
  try {
    return (await file.stat()).isFile() ? await body(file) : null;
  } catch {
    return null;
  } finally {
    await file.close();
  }
}

/** Null for what is no readable ELF file. */
export function readObject(path: string): Promise<ObjectFile | null> {
  return withFile(path, async (file) => {
    const headers = await readHeaders(file);
    if (headers === null) return null;
    return {
      path,
      buildId: await readBuildId(file, headers),
      debug: headers.sections.some((s) => /^\.z?debug_line$/.test(s.name) && s.type !== 8),
      segments: headers.segments.filter((s) => s.type === 1),
      stubs: headers.sections
        .filter((s) => /^\.plt(\.\w+)?$/.test(s.name))
        .map(({ address, size }) => ({ address, size })),
    };
  });
}

/** Functions of the file's symbol table (without one, of its dynamic symbols) in order of address; empty for no ELF file. */
export async function readFunctions(path: string): Promise<ObjectSymbol[]> {
  const found = await withFile(path, async (file) => {
    const headers = await readHeaders(file);
    const { sections = [], wide = true, little = true } = headers ?? {};
    const table =
      sections.find((s) => s.type === sectionTypes.symtab) ??
      sections.find((s) => s.type === sectionTypes.dynsym);
    const names = sections[table?.link ?? -1];
    if (table === undefined || names === undefined) return [];
    const [view, strings] = [
      await bytes(file, table.offset, table.size),
      await bytes(file, names.offset, names.size),
    ];
    if (view === null || strings === null) return [];
    const f = new Fields(view, wide, little);
    const size = wide ? 24 : 16;
    const out: ObjectSymbol[] = [];
    for (let at = 0; at + size <= view.byteLength; at += size) {
      const info = view.getUint8(at + (wide ? 4 : 12));
      const section = f.u16(at + (wide ? 6 : 14));
      // STT_FUNC and STT_GNU_IFUNC that are defined here.
      if (((info & 15) !== 2 && (info & 15) !== 10) || section === 0) continue;
      out.push({
        name: text(strings, f.u32(at)),
        address: f.word(at + (wide ? 8 : 4)),
        size: f.word(at + (wide ? 16 : 8)),
      });
    }
    return out.sort((a, b) => a.address - b.address);
  });
  return found ?? [];
}

/** Virtual address of a place in the file; null where no segment holds it. */
export function addressOfOffset(object: ObjectFile, offset: number): number | null {
  const segment = object.segments.find((s) => offset >= s.offset && offset < s.offset + s.fileSize);
  return segment === undefined ? null : offset - segment.offset + segment.address;
}
