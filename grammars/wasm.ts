/** tree-sitter compiled to WebAssembly: runs wherever the extension runs, with nothing to install. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Language, Parser, Query, type Tree } from 'web-tree-sitter';
import type { Capture, GrammarName, QueryName, SyntaxParser, SyntaxTree, TextEdit } from './syntax.ts';
import { capturesOf, walkFrom } from './tree-walk.ts';

class WasmTree implements SyntaxTree {
  constructor(
    readonly tree: Tree,
    private readonly query: (name: QueryName) => Query,
  ) {}

  captures(name: QueryName): Capture[] {
    return capturesOf(this.query(name).captures(this.tree.rootNode));
  }

  walk(visit: Parameters<SyntaxTree['walk']>[0]): void {
    const cursor = this.tree.walk();
    walkFrom(cursor, visit);
    cursor.delete();
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
    this.tree.delete();
  }
}

/**
 * Loads runtime, grammars and queries from `grammarDir` (what `npm run build` leaves in dist/grammars). Rejects
 * with the file's error when one is absent.
 */
export async function loadWasmParser(grammarDir: string): Promise<SyntaxParser> {
  // The release is the one whose core the native binding has: both then recover from errors alike.
  await Parser.init({ locateFile: () => path.join(grammarDir, 'web-tree-sitter.wasm') });
  const language = async (name: string): Promise<Language> =>
    Language.load(readFileSync(path.join(grammarDir, `tree-sitter-${name}.wasm`)));
  const languages: Record<GrammarName, Language> = { c: await language('c'), cpp: await language('cpp') };
  const sources = new Map<QueryName, string>();
  const queries = new Map<string, Query>();
  const queryFor = (grammar: GrammarName, name: QueryName): Query => {
    const key = `${grammar}/${name}`;
    const made = queries.get(key);
    if (made !== undefined) return made;
    const source = sources.get(name) ?? readFileSync(path.join(grammarDir, `${name}.scm`), 'utf8');
    sources.set(name, source);
    const query = new Query(languages[grammar], source);
    queries.set(key, query);
    return query;
  };
  const parser = new Parser();
  return {
    kind: 'wasm',
    parse(text, grammar, options = {}) {
      parser.setLanguage(languages[grammar]);
      const previous = options.previous instanceof WasmTree ? options.previous.tree : null;
      const deadline = options.timeoutMs === undefined ? null : performance.now() + options.timeoutMs;
      const tree = parser.parse(
        text,
        previous,
        deadline === null ? undefined : { progressCallback: () => performance.now() > deadline },
      );
      if (tree === null) {
        parser.reset();
        return null;
      }
      return new WasmTree(tree, (name) => queryFor(grammar, name));
    },
  };
}
