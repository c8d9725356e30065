/** What of a shared object is needed here, read from its bytes: which symbols it defines, and a hash of what it loads. */
import { createHash } from 'node:crypto';
import { type FileHandle, open, stat } from 'node:fs/promises';

interface Section {
  readonly name: string;
  readonly type: number;
  readonly allocated: boolean;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly entrySize: number;
}

export interface ElfFile {
  readonly sections: readonly Section[];
  readonly read: (section: Section) => Promise<Buffer>;
  readonly wide: boolean;
  readonly little: boolean;
}

const mostSections = 10_000;
/** Larger sections of a table of symbols or names are of no library that anybody made. */
const mostBytes = 256 * 2 ** 20;
const dynamicSymbols = 11;
const noBits = 8;
const note = 7;
const allocFlag = 2n;

function* sectionHeaders(
  table: Buffer,
  count: number,
  size: number,
  wide: boolean,
  little: boolean,
): Generator<bigint[]> {
  for (let i = 0; i < count; i++) {
    const at = i * size;
    const u32 = (o: number): bigint =>
      BigInt(little ? table.readUInt32LE(at + o) : table.readUInt32BE(at + o));
    const word = (o: number): bigint =>
      wide ? (little ? table.readBigUInt64LE(at + o) : table.readBigUInt64BE(at + o)) : u32(o);
    // name, type, flags, address, offset, size, link, entry size (ELF specification 1.2, figure 1-8; ELF-64 1.5, table 6)
    yield wide
      ? [u32(0), u32(4), word(8), word(16), word(24), word(32), u32(40), word(56)]
      : [u32(0), u32(4), u32(8), u32(12), u32(16), u32(20), u32(24), u32(36)];
  }
}

async function readAt(file: FileHandle, offset: number, size: number): Promise<Buffer | null> {
  if (!(size >= 0 && size <= mostBytes)) return null;
  const buffer = Buffer.alloc(size);
  let done = 0;
  while (done < size) {
    const { bytesRead } = await file.read(buffer, done, size - done, offset + done);
    if (bytesRead === 0) return null;
    done += bytesRead;
  }
  return buffer;
}

function text(buffer: Buffer, from: number): string {
  if (from >= buffer.length) return '';
  const end = buffer.indexOf(0, from);
  return buffer.toString('latin1', from, end < 0 ? buffer.length : end);
}

async function sectionsOf(
  file: FileHandle,
): Promise<{ sections: Section[]; wide: boolean; little: boolean } | null> {
  const { size: fileSize } = await file.stat();
  const head = await readAt(file, 0, Math.min(64, fileSize));
  if (head === null || head.length < 52 || head.readUInt32BE(0) !== 0x7f454c46) return null;
  const wide = head[4] === 2;
  const little = head[5] === 1;
  if (wide && head.length < 64) return null;
  const u16 = (o: number): number => (little ? head.readUInt16LE(o) : head.readUInt16BE(o));
  const start = wide
    ? Number(little ? head.readBigUInt64LE(40) : head.readBigUInt64BE(40))
    : little
      ? head.readUInt32LE(32)
      : head.readUInt32BE(32);
  const [size, count, names] = wide ? [u16(58), u16(60), u16(62)] : [u16(46), u16(48), u16(50)];
  if (count === 0 || count > mostSections || size < (wide ? 64 : 40) || start + size * count > fileSize)
    return null;
  const table = await readAt(file, start, size * count);
  if (table === null) return null;
  const raw = [...sectionHeaders(table, count, size, wide, little)].map((fields) => fields.map(Number));
  const flags = [...sectionHeaders(table, count, size, wide, little)].map((fields) => fields[2] ?? 0n);
  const place = raw[names];
  const strings =
    place === undefined ? null : await readAt(file, place[4] ?? 0, Math.min(place[5] ?? 0, 2 ** 20));
  const sections = raw.map(
    ([name = 0, type = 0, , address = 0, offset = 0, bytes = 0, link = 0, entrySize = 0], i) => ({
      name: strings === null ? '' : text(strings, name),
      ...{ type, address, offset, size: bytes, link, entrySize },
      allocated: ((flags[i] ?? 0n) & allocFlag) !== 0n,
    }),
  );
  const sound = sections.every((s) => s.type === noBits || s.type === 0 || s.offset + s.size <= fileSize);
  return sound ? { sections, wide, little } : null;
}

async function opened<T>(file: string, read: (elf: ElfFile) => Promise<T | null>): Promise<T | null> {
  let handle: FileHandle;
  try {
    // Opening a pipe would wait for whoever writes into it.
    if (!(await stat(file)).isFile()) return null;
    handle = await open(file, 'r');
  } catch {
    return null;
  }
  try {
    const parts = await sectionsOf(handle);
    if (parts === null) return null;
    return await read({
      ...parts,
      read: async (s) => (await readAt(handle, s.offset, s.size)) ?? Buffer.alloc(0),
    });
  } catch {
    return null;
  } finally {
    await handle.close();
  }
}

/**
 * Names that a shared object or program defines for others (functions and objects of its dynamic symbol table). Null when
 * the file cannot be read or is no sound ELF file. The file is read, never executed.
 */
export function definedSymbols(file: string): Promise<ReadonlySet<string> | null> {
  return opened(file, async ({ sections, read, wide, little }) => {
    const table = sections.find((s) => s.type === dynamicSymbols);
    const names = table === undefined ? undefined : sections[table.link];
    if (table === undefined || names === undefined) return null;
    const [symbols, strings] = [await read(table), await read(names)];
    const size = wide ? 24 : 16;
    const found = new Set<string>();
    for (let at = 0; at + size <= symbols.length; at += size) {
      const name = little ? symbols.readUInt32LE(at) : symbols.readUInt32BE(at);
      const index = at + (wide ? 6 : 14);
      const section = little ? symbols.readUInt16LE(index) : symbols.readUInt16BE(index);
      // Section 0: only asked for here.
      if (section !== 0) found.add(text(strings, name));
    }
    return found;
  });
}

/** Whether a shared object can replace malloc. False also for what is no shared object. */
export async function definesMalloc(file: string): Promise<boolean> {
  const symbols = await definedSymbols(file);
  return symbols?.has('malloc') === true && symbols.has('free');
}

/**
 * SHA-256 of everything that is loaded when the object runs: code, constants, initial data, relocations, with their
 * addresses, and nothing that only describes it (debug information, build id, compiler's name). Two builds of one hash are
 * the same to a processor. Null when the file is no sound ELF file.
 */
export function loadedHash(file: string): Promise<string | null> {
  return opened(file, async ({ sections, read }) => {
    const hash = createHash('sha256');
    const loaded = sections.filter((s) => s.allocated && s.type !== note);
    if (loaded.length === 0) return null;
    for (const section of loaded) {
      hash.update(`${section.name}\0${section.type}\0${section.address}\0${section.size}\0`);
      if (section.type !== noBits) hash.update(await read(section));
    }
    return hash.digest('hex');
  });
}
