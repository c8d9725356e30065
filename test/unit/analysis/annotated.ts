/** Sources whose comments say what must be found: `//= fetch_add:relaxed load` lists a line's operations, nothing else may be found. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { analyzePaths } from '../../../extension/analysis/analyze.ts';
import type { Findings } from '../../../extension/model.ts';
import type { SyntaxParser } from '../../../grammars/syntax.ts';
import { loadWasmParser } from '../../../grammars/wasm.ts';

const grammarDir = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../dist/grammars');

export class Bench {
  private readonly dir = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-detect-'));
  private count = 0;
  private parser: Promise<SyntaxParser> | null = null;

  close(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  async findings(
    files: Readonly<Record<string, string>>,
    defines: Readonly<Record<string, string>> = {},
  ): Promise<Findings> {
    const at = path.join(this.dir, String(this.count++));
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(at, file)), { recursive: true });
      writeFileSync(path.join(at, file), text);
    }
    this.parser ??= loadWasmParser(grammarDir);
    return analyzePaths([at], { grammarDir, parser: await this.parser, defines });
  }

  /** What was found and what the comments say, line by line, to be compared. */
  async both(
    files: Readonly<Record<string, string>>,
  ): Promise<{ found: Record<string, string>; expected: Record<string, string>; findings: Findings }> {
    const expected: Record<string, string> = {};
    const withOrder = new Set<string>();
    for (const [file, text] of Object.entries(files)) {
      text.split('\n').forEach((line, i) => {
        const m = /\/\/= (.*)$/.exec(line);
        if (m?.[1] === undefined) return;
        const key = `${file}:${i + 1}`;
        expected[key] = m[1].trim().split(/\s+/).sort().join(' ');
        if (m[1].includes(':')) withOrder.add(key);
      });
    }
    const findings = await this.findings(files);
    const rows = new Map<string, string[]>();
    for (const a of findings.atomics) {
      const key = `${a.file}:${a.line}`;
      const list = rows.get(key) ?? [];
      const kind = a.kind === 'wrapper' ? 'call-' : a.kind === 'asm' ? 'asm-' : '';
      list.push(`${kind}${a.operation}${withOrder.has(key) ? `:${a.order}` : ''}`);
      rows.set(key, list);
    }
    const found: Record<string, string> = {};
    for (const [key, list] of rows) found[key] = list.sort().join(' ');
    return { found, expected, findings };
  }
}

interface SourceChecks {
  readonly bench: Bench;
  /** A test over several files. */
  check(name: string, files: Readonly<Record<string, string>>): void;
  /** A test over one C file, atomics included. */
  c(name: string, source: string): void;
  cpp(name: string, source: string): void;
}

/** Tests that find in annotated sources exactly what they say; called once in a test file. */
export function sourceChecks(): SourceChecks {
  const bench = new Bench();
  afterAll(() => bench.close());
  const check = (name: string, files: Readonly<Record<string, string>>): void => {
    it(name, async () => {
      const { found, expected } = await bench.both(files);
      expect(found).toEqual(expected);
    });
  };
  return {
    bench,
    check,
    c: (name, source) => check(name, { 'a.c': `#include <stdatomic.h>\n${source}` }),
    cpp: (name, source) => check(name, { 'a.cpp': `#include <atomic>\n${source}` }),
  };
}
