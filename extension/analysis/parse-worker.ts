/** Entry file of a parse worker (dist/parse-worker.js): texts in, what their syntax trees say out. */
import { parentPort, workerData } from 'node:worker_threads';
import type { SyntaxParser } from '../../grammars/syntax.ts';
import { loadWasmParser } from '../../grammars/wasm.ts';
import type { Language } from '../model.ts';
import { type Outline, outlineOf } from './outline.ts';

export interface ParseRequest {
  readonly id: number;
  readonly text: string;
  readonly language: Language;
}

export type ParseAnswer =
  | { readonly id: number; readonly outline: Outline; readonly ms: number }
  | { readonly id: number; readonly error: string };

const port = parentPort;
if (port !== null) {
  const { grammarDir } = workerData as { readonly grammarDir: string };
  let parser: Promise<SyntaxParser> | null = null;
  port.on('message', async (m: ParseRequest) => {
    let answer: ParseAnswer;
    try {
      parser ??= loadWasmParser(grammarDir);
      const ready = await parser;
      const begun = performance.now();
      const outline = outlineOf(ready, m.text, m.language);
      answer = { id: m.id, outline, ms: performance.now() - begun };
    } catch (error) {
      answer = { id: m.id, error: error instanceof Error ? error.message : String(error) };
    }
    port.postMessage(answer);
  });
}
