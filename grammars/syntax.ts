/**
 * The one interface that the analysis has to a parser: text in, syntax tree out. Positions are UTF-16 offsets
 * into the text, whichever parser made the tree.
 */

export type GrammarName = 'c' | 'cpp';
export type QueryName = 'outline';

/** One node that a query caught; `name` is the capture's name without `@`. */
export interface Capture {
  readonly name: string;
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/** An edit in UTF-16 offsets and zero-based points, as tree-sitter wants it. */
export interface TextEdit {
  readonly start: number;
  readonly oldEnd: number;
  readonly newEnd: number;
  readonly startPoint: { readonly row: number; readonly column: number };
  readonly oldEndPoint: { readonly row: number; readonly column: number };
  readonly newEndPoint: { readonly row: number; readonly column: number };
}

export interface SyntaxTree {
  /** Captures of one of the project's queries, in the order of the text. */
  captures(query: QueryName): Capture[];
  /** Every node in document order, for comparing parsers. */
  walk(visit: (node: { type: string; start: number; end: number; depth: number }) => void): void;
  edit(edit: TextEdit): void;
  /** Frees the tree; it must not be used afterwards. */
  delete(): void;
}

export interface SyntaxParser {
  /** `wasm` or `native`. */
  readonly kind: 'wasm' | 'native';
  /**
   * Parses `text`; `previous` must have been edited to match it. Returns null when `timeoutMs` is over, which
   * a hostile text can reach.
   */
  parse(
    text: string,
    grammar: GrammarName,
    options?: { previous?: SyntaxTree; timeoutMs?: number },
  ): SyntaxTree | null;
}
