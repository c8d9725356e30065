/** What both parsers' trees are read with: their nodes and cursors have the same names. */
import type { Capture, SyntaxTree } from './syntax.ts';

interface Caught {
  readonly name: string;
  readonly node: { readonly type: string; readonly startIndex: number; readonly endIndex: number };
}

export function capturesOf(caught: readonly Caught[]): Capture[] {
  return caught.map(({ name, node }) => ({
    name,
    type: node.type,
    start: node.startIndex,
    end: node.endIndex,
  }));
}

export interface Cursor {
  readonly nodeType: string;
  readonly startIndex: number;
  readonly endIndex: number;
  gotoFirstChild(): boolean;
  gotoNextSibling(): boolean;
  gotoParent(): boolean;
}

/** Every node in document order; the cursor stands at the root again afterwards. */
export function walkFrom(cursor: Cursor, visit: Parameters<SyntaxTree['walk']>[0]): void {
  let depth = 0;
  for (;;) {
    visit({ type: cursor.nodeType, start: cursor.startIndex, end: cursor.endIndex, depth });
    if (cursor.gotoFirstChild()) {
      depth++;
      continue;
    }
    while (!cursor.gotoNextSibling()) {
      if (!cursor.gotoParent()) return;
      depth--;
    }
  }
}
