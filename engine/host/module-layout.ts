/**
 * Other code layouts of the same module: functions in another order, and functions that nobody calls between them. V8 places
 * compiled functions in the order in which it compiles them, which follows their numbers, so that addresses, distances and
 * alignment of the code move while every instruction stays what it was. Format: WebAssembly core specification, chapter 5.
 */
import {
  countImports,
  customName,
  functionNames,
  Reader,
  readSections,
  type Section,
  WasmFormatError,
  Writer,
} from './wasm-binary.ts';
import { readInstruction } from './wasm-code.ts';

/** Numbers below 1, the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How a layout differs from the module as it was compiled; seeds, null for no change. */
export interface LayoutRecipe {
  readonly name: string;
  readonly order: number | null;
  readonly padding: number | null;
}

/** The layouts that an experiment's units are spread over. */
export const layoutRecipes: readonly LayoutRecipe[] = [
  { name: 'as compiled', order: null, padding: null },
  { name: 'padded', order: null, padding: 1 },
  { name: 'reordered 1', order: 2, padding: 2 },
  { name: 'reordered 2', order: 3, padding: 3 },
  { name: 'reordered 3', order: 4, padding: 4 },
  { name: 'reordered 4', order: 5, padding: 5 },
];

const sectionId = { custom: 0, type: 1, function: 3, export: 7, start: 8, element: 9, code: 10 } as const;
export const paddingPrefix = 'alloc_lens_padding_';
/** A padding function stands in front of about this share of the functions. */
const paddingShare = 0.5;
/** Stores of a padding function, at most; V8 makes about ten bytes of each. */
const mostStores = 500;

function nameHash(name: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** A function of the new module: one of the old (its number among the module's own), or padding of so many stores. */
type Slot = { readonly old: number } | { readonly stores: number };

/**
 * The order depends on names alone, so that two modules of one layout have the functions that they share in the same
 * relative order.
 */
function slotsOf(names: readonly string[], recipe: LayoutRecipe): Slot[] {
  const order = names.map((name, old) => ({ old, name }));
  const { order: seed, padding } = recipe;
  if (seed !== null) {
    const key = (name: string): number => seededRandom(nameHash(name) ^ Math.imul(seed, 0x9e3779b1))();
    order.sort((a, b) => key(a.name) - key(b.name) || a.old - b.old);
  }
  if (padding === null) return order.map(({ old }) => ({ old }));
  return order.flatMap(({ old, name }): Slot[] => {
    const random = seededRandom(nameHash(name) ^ Math.imul(padding, 0x85ebca6b));
    if (random() >= paddingShare) return [{ old }];
    return [{ stores: 1 + Math.floor(random() * mostStores) }, { old }];
  });
}

/** Never called; stores, because V8 drops what has no effect. */
function paddingBody(stores: number): number[] {
  const w = new Writer().u32(0);
  for (let i = 0; i < stores; i++) w.push(0x41, 0x00, 0x41).append(signed(i)).push(0x36, 0x02, 0x00);
  return w.push(0x0b).bytes;
}

/** Signed LEB128 of a number from 0. */
function signed(value: number): number[] {
  const out: number[] = [];
  let v = value;
  while (v > 0x3f) {
    out.push((v & 0x7f) | 0x80);
    v >>>= 7;
  }
  return [...out, v];
}

/** A body with the functions' numbers passed through `renumber`. */
function rewriteBody(body: Uint8Array, renumber: (index: number) => number): Writer {
  const r = new Reader(body);
  for (let n = r.u32(); n > 0; n--) {
    r.skipLeb();
    r.byte();
  }
  const out = new Writer();
  let copied = 0;
  while (r.pos < body.length) {
    const { offset, opcode } = readInstruction(r);
    if (opcode !== 0x10 && opcode !== 0xd2) continue;
    const index = new Reader(body, offset + 1).u32();
    out.append(body.subarray(copied, offset + 1)).u32(renumber(index));
    copied = r.pos;
  }
  return out.append(body.subarray(copied));
}

function exportsRewritten(payload: Uint8Array, renumber: (index: number) => number): Writer {
  const r = new Reader(payload);
  const count = r.u32();
  const out = new Writer().u32(count);
  for (let n = count; n > 0; n--) {
    out.name(r.name());
    const kind = r.byte();
    const index = r.u32();
    out.push(kind).u32(kind === 0 ? renumber(index) : index);
  }
  return out;
}

/** Active segments of the first table with plain function numbers, as compilers write them. */
function elementsRewritten(payload: Uint8Array, renumber: (index: number) => number): Writer {
  const r = new Reader(payload);
  const count = r.u32();
  const out = new Writer().u32(count);
  for (let n = count; n > 0; n--) {
    if (r.u32() !== 0) throw new WasmFormatError('an element segment of a kind that is not known here');
    const start = r.pos;
    while (readInstruction(r).kind !== 'end');
    out.u32(0).append(payload.subarray(start, r.pos));
    const functions = r.u32();
    out.u32(functions);
    for (let f = functions; f > 0; f--) out.u32(renumber(r.u32()));
  }
  return out;
}

function namesRewritten(names: ReadonlyMap<number, string>): Writer {
  const map = new Writer().u32(names.size);
  for (const [index, name] of [...names].sort((a, b) => a[0] - b[0])) map.u32(index).name(name);
  return new Writer().name('name').push(1).u32(map.bytes.length).append(map.bytes);
}

function numbers(payload: Uint8Array | undefined): number[] {
  if (payload === undefined) throw new WasmFormatError('the module has no functions');
  const r = new Reader(payload);
  return Array.from({ length: r.u32() }, () => r.u32());
}

function bodiesOf(payload: Uint8Array | undefined): Uint8Array[] {
  if (payload === undefined) throw new WasmFormatError('the module has no code');
  const r = new Reader(payload);
  return Array.from({ length: r.u32() }, () => {
    const size = r.u32();
    const start = r.pos;
    r.skip(size);
    return payload.subarray(start, r.pos);
  });
}

class Layout {
  readonly #sections: readonly Section[];
  readonly #imported: number;
  readonly #names: ReadonlyMap<number, string>;
  readonly #types: readonly number[];
  readonly #bodies: readonly Uint8Array[];
  readonly #slots: readonly Slot[];
  readonly #newIndex: readonly number[];

  constructor(sections: readonly Section[], recipe: LayoutRecipe) {
    this.#sections = sections;
    this.#imported = countImports(sections).functions;
    this.#names = functionNames(sections);
    this.#types = numbers(this.#payload(sectionId.function));
    this.#bodies = bodiesOf(this.#payload(sectionId.code));
    const own = this.#types.map((_, i) => this.#names.get(this.#imported + i) ?? `#${i}`);
    this.#slots = slotsOf(own, recipe);
    const newIndex = new Array<number>(own.length).fill(0);
    this.#slots.forEach((slot, i) => {
      if ('old' in slot) newIndex[slot.old] = i;
    });
    this.#newIndex = newIndex;
  }

  #payload(id: number): Uint8Array | undefined {
    return this.#sections.find((s) => s.id === id)?.payload;
  }

  readonly #renumber = (index: number): number => {
    if (index < this.#imported) return index;
    const at = this.#newIndex[index - this.#imported];
    if (at === undefined) throw new WasmFormatError(`function ${index} does not exist`);
    return at + this.#imported;
  };

  /** The types, with that of a padding function behind them. */
  #typeSection(payload: Uint8Array): { readonly out: Writer; readonly padding: number } {
    const r = new Reader(payload);
    const padding = r.u32();
    return {
      out: new Writer()
        .u32(padding + 1)
        .append(payload.subarray(r.pos))
        .push(0x60, 0, 0),
      padding,
    };
  }

  #codeSection(): Writer {
    const out = new Writer().u32(this.#slots.length);
    for (const slot of this.#slots) {
      const body =
        'old' in slot
          ? rewriteBody(this.#bodies[slot.old] ?? new Uint8Array(), this.#renumber).bytes
          : paddingBody(slot.stores);
      out.u32(body.length).append(body);
    }
    return out;
  }

  #allNames(): Map<number, string> {
    const out = new Map<number, string>();
    for (const [index, name] of this.#names) out.set(this.#renumber(index), name);
    this.#slots.forEach((slot, i) => {
      if ('stores' in slot) out.set(this.#imported + i, `${paddingPrefix}${i}`);
    });
    return out;
  }

  /** Payload of a section, null where it stays as it is. */
  rewritten(section: Section): Writer | null {
    const { payload } = section;
    switch (section.id) {
      case sectionId.type:
        return this.#typeSection(payload).out;
      case sectionId.function: {
        const { padding } = this.#typeSection(this.#payload(sectionId.type) ?? new Uint8Array([0]));
        const out = new Writer().u32(this.#slots.length);
        for (const slot of this.#slots) out.u32('old' in slot ? (this.#types[slot.old] ?? 0) : padding);
        return out;
      }
      case sectionId.export:
        return exportsRewritten(payload, this.#renumber);
      case sectionId.start:
        return new Writer().u32(this.#renumber(new Reader(payload).u32()));
      case sectionId.element:
        return elementsRewritten(payload, this.#renumber);
      case sectionId.code:
        return this.#codeSection();
      default:
        return customName(section) === 'name' ? namesRewritten(this.#allNames()) : null;
    }
  }
}

/**
 * The module in another layout. The number and order of executed instructions, exports and the names of the module's own
 * functions stay; a source map of the module no longer fits.
 *
 * @throws WasmFormatError when the module is malformed or uses what is not known here
 */
export function inLayout(bytes: Uint8Array, recipe: LayoutRecipe): Uint8Array<ArrayBuffer> {
  if (recipe.order === null && recipe.padding === null) return Uint8Array.from(bytes);
  const sections = readSections(bytes);
  const layout = new Layout(sections, recipe);
  const out = new Writer().append(bytes.subarray(0, 8));
  for (const section of sections) {
    const contents = layout.rewritten(section)?.bytes ?? section.payload;
    out.push(section.id).u32(contents.length).append(contents);
  }
  return Uint8Array.from(out.bytes);
}

/**
 * The module with a custom section more. V8 gives modules of equal bytes one copy of the code; two sides of an experiment
 * have a copy each, also where they are the same.
 */
export function asSide(bytes: Uint8Array, side: string): Uint8Array<ArrayBuffer> {
  const payload = new Writer().name('alloc-lens-side').name(side).bytes;
  const out = new Writer().push(sectionId.custom).u32(payload.length).append(payload).bytes;
  const all = new Uint8Array(bytes.length + out.length);
  all.set(bytes);
  all.set(out, bytes.length);
  return all;
}
