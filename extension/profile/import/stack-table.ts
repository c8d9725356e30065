/** Stacks as a tree of interned frames: what every reader collects its samples in. */
import type { RawFrame, RawProfile } from '../../model-profile.ts';

const root = 0;
/** Node indices stay below it, so that parent and frame fit one exact number. */
const frameLimit = 2 ** 22;

/** A growing column of numbers. */
class Column {
  #values = new Float64Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const more = new Float64Array(this.length * 2);
      more.set(this.#values);
      this.#values = more;
    }
    this.#values[this.length++] = value;
  }

  add(index: number, value: number): void {
    this.#values[index] = (this.#values[index] ?? 0) + value;
  }

  done(): Float64Array {
    return this.#values.slice(0, this.length);
  }
}

/**
 * Frames and stacks of one recording. Memory follows distinct frames and stacks.
 *
 *   const at = table.child(table.child(table.root, main), malloc);
 *   table.add(at, weight);
 */
export class StackTable {
  readonly root = root;
  readonly #frames: RawFrame[] = [];
  readonly #byKey = new Map<string, number>();
  readonly #children = new Map<number, number>();
  readonly #parent = new Column();
  readonly #frame = new Column();
  readonly #self = new Column();

  constructor() {
    this.#parent.push(-1);
    this.#frame.push(-1);
    this.#self.push(0);
  }

  /** Index of the frame; equal frames share one. */
  frame(frame: RawFrame): number {
    const { name, file, line, object, address, inlined } = frame;
    const key = `${name}\0${file ?? ''}\0${line ?? ''}\0${object ?? ''}\0${address ?? ''}\0${inlined ? 1 : 0}`;
    return this.frameOf(key, () => frame);
  }

  /** Index of the frame that `key` stands for, made the first time: for readers whose own text is key enough. */
  frameOf(key: string, make: () => RawFrame): number {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const index = this.#frames.length;
    if (index >= frameLimit) throw new RangeError(`more than ${frameLimit} different frames`);
    this.#frames.push(make());
    this.#byKey.set(key, index);
    return index;
  }

  /** The node of `frame` called from `node` (the root for a thread's outermost frame). */
  child(node: number, frame: number): number {
    const key = node * frameLimit + frame;
    const known = this.#children.get(key);
    if (known !== undefined) return known;
    const index = this.#parent.length;
    this.#parent.push(node);
    this.#frame.push(frame);
    this.#self.push(0);
    this.#children.set(key, index);
    return index;
  }

  /** Adds the weight of a sample that ended at `node`. */
  add(node: number, weight: number): void {
    this.#self.add(node, weight);
  }

  get nodeCount(): number {
    return this.#parent.length;
  }

  done(): Pick<RawProfile, 'frames' | 'nodes'> {
    return {
      frames: this.#frames,
      nodes: { parent: this.#parent.done(), frame: this.#frame.done(), self: this.#self.done() },
    };
  }
}
