/** Both parsers give the same tree on the corpus, node by node with positions. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { discover, languageOf } from '../../extension/analysis/discover.ts';
import { loadNativeParser } from '../../grammars/native.ts';
import type { SyntaxTree } from '../../grammars/syntax.ts';
import { loadWasmParser } from '../../grammars/wasm.ts';
import { corpusDir } from '../../scripts/corpus.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const grammarDir = path.join(root, 'dist/grammars');
const native = loadNativeParser(grammarDir, root);

/** Folds the whole tree into one number and a count, so that a difference anywhere shows. */
function fingerprint(tree: SyntaxTree): string {
  let hash = 0x811c9dc5;
  let nodes = 0;
  tree.walk((n) => {
    nodes++;
    const text = `${n.depth}${n.type}${n.start}:${n.end}`;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  });
  return `${nodes} ${(hash >>> 0).toString(16)}`;
}

describe.each(['mimalloc', 'jemalloc', 'google-perftools'])('%s', (name) => {
  const dir = corpusDir(name);
  const absent =
    dir === null
      ? `${name} is not in the cache (npm run corpus)`
      : 'reason' in native
        ? `no native parser (npm run build:native-parser): ${native.reason}`
        : null;
  if (absent !== null) console.log(`skipped: ${absent}`);

  it.skipIf(absent !== null)(
    'parses the same by both parsers',
    async () => {
      if (dir === null || 'reason' in native) return;
      const wasm = await loadWasmParser(grammarDir);
      const { sources } = discover([dir]);
      expect(sources.length).toBeGreaterThan(20);
      for (const s of sources) {
        const text = readFileSync(s.file, 'utf8');
        const language = languageOf(s.file, text);
        const a = wasm.parse(text, language);
        const b = native.parser.parse(text, language);
        expect(a !== null && b !== null, s.file).toBe(true);
        if (a === null || b === null) continue;
        expect(fingerprint(b), s.file).toBe(fingerprint(a));
        a.delete();
      }
    },
    300_000,
  );
});
