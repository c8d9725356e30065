/**
 * What tells two executed instructions apart when two builds of the same sources are compared: the operation, constants and
 * the offsets of memory accesses. Not the numbers of locals, globals and functions, which move when code elsewhere comes
 * or goes, and not the addresses of static data, which move with it.
 */
import { Reader } from './wasm-binary.ts';

/** Static data (strings) lies here (engine/allocator/layout.ts; `--memoryBase` of compile.ts). */
const staticFrom = 1024;
const staticTo = 0x4000;

const fnvBasis = 0x811c9dc5;
const fnvPrime = 0x01000193;

function mixed(hash: number, word: number): number {
  let h = hash;
  for (let shift = 0; shift < 32; shift += 8) h = Math.imul(h ^ ((word >>> shift) & 0xff), fnvPrime);
  return h;
}

function isStatic(value: number): boolean {
  return value >= staticFrom && value < staticTo;
}

/** Signed LEB128 of up to 64 bits, as low and high words. */
function constant(r: Reader): [number, number] {
  let value = 0n;
  let shift = 0n;
  for (;;) {
    const b = r.byte();
    value |= BigInt(b & 0x7f) << shift;
    shift += 7n;
    if (b >= 0x80) continue;
    if ((b & 0x40) !== 0) value -= 1n << shift;
    return [Number(BigInt.asUintN(32, value)), Number(BigInt.asUintN(32, value >> 32n))];
  }
}

/** The offset of a memory access; its alignment says nothing about the work. */
function accessed(r: Reader): number {
  const align = r.u32();
  if ((align & 0x40) !== 0) r.skipLeb();
  return r.u32();
}

/** 32 bits of an instruction that starts at `offset` (FNV-1a). Equal for what does the same work. */
export function instructionSignature(bytes: Uint8Array, offset: number): number {
  const r = new Reader(bytes, offset);
  const opcode = r.byte();
  let h = mixed(fnvBasis, opcode);
  if (opcode === 0x41 || opcode === 0x42) {
    const [low, high] = constant(r);
    if (high !== 0 || !isStatic(low)) h = mixed(mixed(h, low), high);
  } else if (opcode === 0x43 || opcode === 0x44) {
    for (let n = opcode === 0x43 ? 4 : 8; n > 0; n--) h = mixed(h, r.byte());
  } else if (opcode >= 0x28 && opcode <= 0x3e) {
    const at = accessed(r);
    if (!isStatic(at)) h = mixed(h, at);
  } else if (opcode === 0xfc) {
    h = mixed(h, r.u32());
  } else if (opcode === 0xfe) {
    const operation = r.u32();
    h = mixed(h, operation);
    // Operation 3 is the fence, which accesses nothing.
    const at = operation === 3 ? 0 : accessed(r);
    if (!isStatic(at)) h = mixed(h, at);
  }
  return h >>> 0;
}
