/**
 * tree-sitter's native binding: an optional, faster parser for the command line. Its published binary needs a
 * newer C++ runtime than some systems have (`npm run build:native-parser` compiles it here), so loading it may
 * fail; the caller then keeps the WebAssembly parser and says why.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Capture, GrammarName, QueryName, SyntaxParser, SyntaxTree, TextEdit } from './syntax.ts';
import { capturesOf, type Cursor, walkFrom } from './tree-walk.ts';

interface NativePoint {
  readonly row: number;
  readonly column: number;
}
interface NativeNode {
  readonly type: string;
  readonly startIndex: number;
  readonly endIndex: number;
  readonly tree: NativeTree;
}
interface NativeTree {
  readonly rootNode: NativeNode;
  walk(): Cursor;
  edit(edit: {
    startIndex: number;
    oldEndIndex: number;
    newEndIndex: number;
    startPosition: NativePoint;
    oldEndPosition: NativePoint;
    newEndPosition: NativePoint;
  }): void;
}
interface NativeQuery {
  captures(node: NativeNode): { name: string; node: NativeNode }[];
}
interface NativeModule {
  new (): {
    setLanguage(language: unknown): void;
    parse(
      input: string | ((index: number) => string | null),
      previous?: NativeTree,
      options?: { bufferSize?: number },
    ): NativeTree;
    setTimeoutMicros?(micros: number): void;
  };
  readonly Query: new (language: unknown, source: string) => NativeQuery;
}

class WrappedTree implements SyntaxTree {
  constructor(
    readonly tree: NativeTree,
    private readonly query: (name: QueryName) => NativeQuery,
  ) {}

  captures(name: QueryName): Capture[] {
    return capturesOf(this.query(name).captures(this.tree.rootNode));
  }

  walk(visit: Parameters<SyntaxTree['walk']>[0]): void {
    walkFrom(this.tree.walk(), visit);
  }

  edit(edit: TextEdit): void {
    this.tree.edit({
      startIndex: edit.start,
      oldEndIndex: edit.oldEnd,
      newEndIndex: edit.newEnd,
      startPosition: edit.startPoint,
      oldEndPosition: edit.oldEndPoint,
      newEndPosition: edit.newEndPoint,
    });
  }

  delete(): void {
    // The binding's trees are garbage-collected.
  }
}

export type NativeLoad = { readonly parser: SyntaxParser } | { readonly reason: string };

/**
 * Loads the native parser as `from` (a file or folder of the checkout) resolves it, with the queries of
 * `grammarDir`. Never throws: `reason` says in one line why there is none.
 */
export function loadNativeParser(grammarDir: string, from: string): NativeLoad {
  try {
    const require = createRequire(path.join(from, 'package.json'));
    const Native = require('tree-sitter') as NativeModule;
    const languages: Record<GrammarName, unknown> = {
      c: require('tree-sitter-c'),
      cpp: require('tree-sitter-cpp'),
    };
    const parser = new Native();
    const queries = new Map<string, NativeQuery>();
    const queryFor = (grammar: GrammarName, name: QueryName): NativeQuery => {
      const key = `${grammar}/${name}`;
      const made = queries.get(key);
      if (made !== undefined) return made;
      const query = new Native.Query(
        languages[grammar],
        readFileSync(path.join(grammarDir, `${name}.scm`), 'utf8'),
      );
      queries.set(key, query);
      return query;
    };
    return {
      parser: {
        kind: 'native',
        parse(text, grammar, options = {}) {
          parser.setLanguage(languages[grammar]);
          parser.setTimeoutMicros?.((options.timeoutMs ?? 0) * 1000);
          const previous = options.previous instanceof WrappedTree ? options.previous.tree : undefined;
          // The binding copies a string through a fixed buffer; a callback has no such bound.
          const read = (index: number): string | null =>
            index < text.length ? text.slice(index, index + 16384) : null;
          const tree = parser.parse(read, previous, { bufferSize: 65536 });
          return tree === null || tree === undefined
            ? null
            : new WrappedTree(tree, (name) => queryFor(grammar, name));
        },
      },
    };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { reason: text.split('\n')[0] ?? text };
  }
}
