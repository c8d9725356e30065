/** The table of contents of a zip file (APPNOTE.TXT 4.3.12, 4.3.16), to check what a package really holds. */

export interface ZipEntry {
  readonly name: string;
  /** Bytes as stored. */
  readonly packed: number;
  /** Bytes unpacked. */
  readonly size: number;
}

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;

/** @throws Error when the bytes are not a zip file, or one of more than 65534 entries. */
export function zipEntries(zip: Buffer): readonly ZipEntry[] {
  let end = zip.length - 22;
  while (end >= 0 && zip.readUInt32LE(end) !== endSignature) end -= 1;
  if (end < 0) throw new Error('not a zip file: no end of central directory');
  const count = zip.readUInt16LE(end + 10);
  if (count === 0xffff) throw new Error('a zip64 file is not read here');
  let at = zip.readUInt32LE(end + 16);
  const entries: ZipEntry[] = [];
  for (let i = 0; i < count; i++) {
    if (at + 46 > zip.length || zip.readUInt32LE(at) !== entrySignature) {
      throw new Error('damaged zip file: a directory entry is missing');
    }
    const nameLength = zip.readUInt16LE(at + 28);
    entries.push({
      name: zip.toString('utf8', at + 46, at + 46 + nameLength),
      packed: zip.readUInt32LE(at + 20),
      size: zip.readUInt32LE(at + 24),
    });
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return entries;
}
