/** Stacks as a tree of interned frames: what every reader collects its samples in. */
import type { RawFrame, RawProfile } from '../../model-profile.ts';
import { StackTree } from './stack-tree.ts';

const root = 0;

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
  readonly #tree = new StackTree();

  /** Index of the frame; equal frames share one. */
  frame(frame: RawFrame): number {
    const { name, file, line, object, address, inlined, definedAt, instruction } = frame;
    const key = `${name}\0${file ?? ''}\0${line ?? ''}\0${object ?? ''}\0${address ?? ''}\0${inlined ? 1 : 0}\0${definedAt ?? ''}\0${instruction ?? ''}`;
    return this.frameOf(key, () => frame);
  }

  /** Index of the frame that `key` stands for, made the first time: for readers whose own text is key enough. */
  frameOf(key: string, make: () => RawFrame): number {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const index = this.#frames.length;
    this.#frames.push(make());
    this.#byKey.set(key, index);
    return index;
  }

  /** The node of `frame` called from `node` (the root for a thread's outermost frame). */
  child(node: number, frame: number): number {
    return this.#tree.child(node, frame);
  }

  /** Adds the weight of a sample that ended at `node`. */
  add(node: number, weight: number): void {
    this.#tree.add(node, weight);
  }

  get nodeCount(): number {
    return this.#tree.count;
  }

  done(): Pick<RawProfile, 'frames' | 'nodes'> {
    return { frames: this.#frames, nodes: this.#tree.columns() };
  }
}
