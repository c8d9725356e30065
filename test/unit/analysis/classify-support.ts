/** Small made-up code into variables with their classes, for the tests of the classification. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect } from 'vitest';
import { analyzePaths } from '../../../extension/analysis/analyze.ts';
import type { Variable } from '../../../extension/model.ts';
import type { SyntaxParser } from '../../../grammars/syntax.ts';
import { loadWasmParser } from '../../../grammars/wasm.ts';

export const grammarDir = path.resolve(
  path.dirname(fileURLToPath(import.meta.url)),
  '../../../dist/grammars',
);
let dir: string;
export let parser: SyntaxParser;
let count = 0;

beforeAll(async () => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-classify-'));
  parser = await loadWasmParser(grammarDir);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

export async function variables(files: Readonly<Record<string, string>>): Promise<Variable[]> {
  const at = path.join(dir, String(count++));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(at, name)), { recursive: true });
    writeFileSync(path.join(at, name), text);
  }
  return [...(await analyzePaths([at], { grammarDir, parser })).variables];
}

export async function variable(files: Readonly<Record<string, string>>, name: string): Promise<Variable> {
  const all = (await variables(files)).filter((v) => v.name === name);
  expect(all, name).toHaveLength(1);
  return all[0] as Variable;
}

export const head = `#include <stdatomic.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
extern void purge(void);
extern void give_back(void *);
static _Atomic long rides;
void ride(void) { atomic_fetch_add(&rides, 1); }
`;
export const headPlus = `#include <atomic>
#include <cstdio>
#include <sstream>
#include <string>
extern void purge();
extern void open_file(const char *);
`;
