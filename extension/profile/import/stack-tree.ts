/** A tree of stacks in typed arrays: nodes by parent and frame, found again by open addressing. */
import { UserError } from '../../model.ts';

/** About a gigabyte; typed arrays lie outside the heap that a worker is limited to. */
const mostNodes = 2 ** 25;

/** What a node's parent and frame are hashed to; the upper bits are mixed down because the table's size is a power of 2. */
function slotHash(parent: number, frame: number): number {
  let h = Math.imul(parent, 0x9e3779b1) ^ Math.imul(frame, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return h ^ (h >>> 13);
}

/** Node 0 is the root. Indices of nodes rise from parent to child. */
export class StackTree {
  #parent = new Int32Array(1024);
  #frame = new Int32Array(1024);
  #self = new Float64Array(1024);
  /** Node of each slot, 0 when it is free. */
  #slots = new Int32Array(4096);
  #count = 1;

  constructor() {
    this.#parent[0] = -1;
    this.#frame[0] = -1;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * The node of `frame` (any integer from 0) below `node`, made the first time.
   *
   * @throws UserError when there are more different stacks than memory should hold
   */
  child(node: number, frame: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const parents = this.#parent;
    const frames = this.#frame;
    let slot = slotHash(node, frame) & mask;
    for (;;) {
      const at = slots[slot] as number;
      if (at === 0) break;
      if (parents[at] === node && frames[at] === frame) return at;
      slot = (slot + 1) & mask;
    }
    const index = this.#count;
    if (index === parents.length) this.#grow();
    this.#parent[index] = node;
    this.#frame[index] = frame;
    this.#count = index + 1;
    if (this.#slots === slots) slots[slot] = index;
    else this.#place(index);
    return index;
  }

  add(node: number, weight: number): void {
    this.#self[node] = (this.#self[node] as number) + weight;
  }

  parentOf(node: number): number {
    return this.#parent[node] ?? -1;
  }

  frameOf(node: number): number {
    return this.#frame[node] ?? -1;
  }

  selfOf(node: number): number {
    return this.#self[node] ?? 0;
  }

  /** Copies of the columns. */
  columns(): { readonly parent: Int32Array; readonly frame: Int32Array; readonly self: Float64Array } {
    return {
      parent: this.#parent.slice(0, this.#count),
      frame: this.#frame.slice(0, this.#count),
      self: this.#self.slice(0, this.#count),
    };
  }

  #place(index: number): void {
    const mask = this.#slots.length - 1;
    let slot = slotHash(this.#parent[index] as number, this.#frame[index] as number) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = index;
  }

  /** Twice the nodes; a quarter of the slots is used at most. */
  #grow(): void {
    const size = this.#parent.length * 2;
    if (size > mostNodes) {
      throw new UserError(
        `The recording has more than ${mostNodes / 2 ** 20} million different stacks. Import one thread or a shorter recording.`,
      );
    }
    const parent = new Int32Array(size);
    parent.set(this.#parent);
    this.#parent = parent;
    const frame = new Int32Array(size);
    frame.set(this.#frame);
    this.#frame = frame;
    const self = new Float64Array(size);
    self.set(this.#self);
    this.#self = self;
    this.#slots = new Int32Array(size * 4);
    for (let node = 1; node < this.#count; node++) this.#place(node);
  }
}
