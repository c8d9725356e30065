/** Where outlines come from: kept ones, parse workers, or a parser in this thread. */
import { existsSync } from 'node:fs';
import type { SyntaxParser } from '../../grammars/syntax.ts';
import { loadWasmParser } from '../../grammars/wasm.ts';
import { type Language, UserError } from '../model.ts';
import { type AnalysisCache, hashOf } from './cache.ts';
import { type Outline, outlineOf } from './outline.ts';
import { ParsePool } from './parse-pool.ts';

export class Trees {
  private readonly pool: ParsePool | null;
  private local: Promise<SyntaxParser> | null;
  /** What parsing took, in the thread that did it. */
  parseMs = 0;
  /** Results that are kept from now on. */
  cache: AnalysisCache | null;

  constructor(
    private readonly o: {
      readonly grammarDir: string;
      readonly parser?: SyntaxParser;
      readonly parseWorker?: string;
      readonly cache?: AnalysisCache | null;
    },
  ) {
    const { parser, parseWorker: workerPath, grammarDir } = o;
    this.cache = o.cache ?? null;
    this.local = parser === undefined ? null : Promise.resolve(parser);
    this.pool =
      parser === undefined && workerPath !== undefined && existsSync(workerPath)
        ? new ParsePool({ workerPath, grammarDir })
        : null;
  }

  /** Rejects with UserError when there is no grammar to parse with. */
  async outline(text: string, language: Language): Promise<Outline> {
    const { cache } = this;
    const hash = cache === null ? '' : `${language}:${hashOf(text)}`;
    const known = cache?.outline(hash) ?? null;
    if (known !== null) return known;
    const outline = await this.make(text, language);
    cache?.keepOutline(hash, outline);
    return outline;
  }

  private async make(text: string, language: Language): Promise<Outline> {
    if (this.pool !== null) {
      try {
        const { outline, ms } = await this.pool.outline(text, language);
        this.parseMs += ms;
        return outline;
      } catch {
        // A worker that cannot start, or died of a text: this thread does its work.
      }
    }
    this.local ??= loadWasmParser(this.o.grammarDir);
    let parser: SyntaxParser;
    try {
      parser = await this.local;
    } catch (error) {
      throw new UserError(
        `The grammars could not be loaded from ${this.o.grammarDir}: ${error instanceof Error ? error.message : String(error)}. Run npm run build.`,
        3,
      );
    }
    const begun = performance.now();
    const outline = outlineOf(parser, text, language);
    this.parseMs += performance.now() - begun;
    return outline;
  }

  dispose(): void {
    this.pool?.dispose();
  }
}
