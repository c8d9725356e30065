/**
 * WebAssembly instructions: length and kind of each. Source: WebAssembly core specification 2.0, section 5.4, and the
 * threads proposal for the 0xFE prefix.
 */
import { type Reader, WasmFormatError } from './wasm-binary.ts';

export type InstructionKind =
  | 'block'
  | 'loop'
  | 'if'
  | 'else'
  | 'end'
  /** br, br_table, return, unreachable: what follows is not reached in line. */
  | 'jump'
  | 'br_if'
  | 'call'
  | 'memory'
  | 'plain';

export interface Instruction {
  readonly offset: number;
  readonly opcode: number;
  readonly kind: InstructionKind;
}

function skipMemarg(r: Reader): void {
  const align = r.u32();
  // Bit 6 announces a memory index (multi-memory).
  if ((align & 0x40) !== 0) r.skipLeb();
  r.skipLeb();
}

/** Number of LEB128 immediates of each 0xFC instruction from 8 on; its kind is `memory` for 8, 10 and 11. */
const miscellaneousImmediates = [2, 1, 2, 1, 2, 1, 2, 1, 1, 1];

function skipMiscellaneous(r: Reader): InstructionKind {
  const op = r.u32();
  if (op <= 7) return 'plain'; // saturating truncations
  const immediates = miscellaneousImmediates[op - 8];
  if (immediates === undefined) throw new WasmFormatError(`unknown instruction 0xfc ${op} at byte ${r.pos}`);
  for (let i = 0; i < immediates; i++) r.skipLeb();
  return op === 8 || op === 10 || op === 11 ? 'memory' : 'plain';
}

function skipAtomic(r: Reader): InstructionKind {
  const op = r.u32();
  if (op === 3) {
    r.byte();
    return 'plain'; // atomic.fence
  }
  if (op <= 2 || (op >= 0x10 && op <= 0x4e)) {
    skipMemarg(r);
    return 'memory';
  }
  throw new WasmFormatError(`unknown instruction 0xfe ${op} at byte ${r.pos}`);
}

function skipVector(r: Reader): void {
  for (let n = r.u32(); n > 0; n--) r.skipLeb();
}

function skipOne(r: Reader, kind: InstructionKind): InstructionKind {
  r.skipLeb();
  return kind;
}

function skipImmediates(r: Reader, opcode: number): InstructionKind {
  switch (opcode) {
    case 0x00: // unreachable
    case 0x0f: // return
      return 'jump';
    case 0x02:
      return skipOne(r, 'block');
    case 0x03:
      return skipOne(r, 'loop');
    case 0x04:
      return skipOne(r, 'if');
    case 0x05:
      return 'else';
    case 0x0b:
      return 'end';
    case 0x0c: // br
      return skipOne(r, 'jump');
    case 0x0d:
      return skipOne(r, 'br_if');
    case 0x0e: // br_table
      skipVector(r);
      return skipOne(r, 'jump');
    case 0x10: // call
      return skipOne(r, 'call');
    case 0x11: // call_indirect
      r.skipLeb();
      return skipOne(r, 'call');
    case 0x1c: // select with types
      skipVector(r);
      return 'plain';
    case 0x41: // i32.const
    case 0x42: // i64.const
    case 0x3f: // memory.size
    case 0x40: // memory.grow
    case 0xd0: // ref.null
    case 0xd2: // ref.func
      return skipOne(r, 'plain');
    case 0x43: // f32.const
      r.skip(4);
      return 'plain';
    case 0x44: // f64.const
      r.skip(8);
      return 'plain';
    case 0xfc:
      return skipMiscellaneous(r);
    case 0xfe:
      return skipAtomic(r);
  }
  if (opcode >= 0x20 && opcode <= 0x26) return skipOne(r, 'plain'); // local, global, table access
  if (opcode >= 0x28 && opcode <= 0x3e) {
    skipMemarg(r);
    return 'memory';
  }
  const plain = opcode === 0x01 || opcode === 0x1a || opcode === 0x1b || opcode === 0xd1;
  if (plain || (opcode >= 0x45 && opcode <= 0xc4)) return 'plain';
  throw new WasmFormatError(`unknown instruction 0x${opcode.toString(16)} at byte ${r.pos - 1}`);
}

/** Reads one instruction with its immediates. @throws WasmFormatError for opcodes that are not known here. */
export function readInstruction(r: Reader): Instruction {
  const offset = r.pos;
  const opcode = r.byte();
  return { offset, opcode, kind: skipImmediates(r, opcode) };
}
