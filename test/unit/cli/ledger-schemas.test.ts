/** The schemas of the ledger's commands keep in step with the model: the same properties, the same required ones. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { root } from './run-cli.ts';

interface Schema {
  readonly additionalProperties?: boolean;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

function load(name: string): Schema {
  return JSON.parse(readFileSync(path.join(root, `docs/schemas/${name}.schema.json`), 'utf8')) as Schema;
}

/** Property names of an interface of the laboratory's model, those that have to be there apart. */
function shapeOf(name: string): { readonly all: string[]; readonly required: string[] } {
  const file = path.join(root, 'extension/model-experiment.ts');
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true);
  const found = source.statements.find((s) => ts.isInterfaceDeclaration(s) && s.name.text === name);
  if (found === undefined || !ts.isInterfaceDeclaration(found)) throw new Error(`no ${name}`);
  const named = (m: ts.TypeElement): string => m.name?.getText() ?? '';
  return {
    all: found.members.map(named).sort(),
    required: found.members
      .filter((m) => m.questionToken === undefined)
      .map(named)
      .sort(),
  };
}

describe('what the commands print is closed', () => {
  const listing = load('ledger');
  const exported = load('ledger-export');
  it.each([
    ['LedgerListing', listing],
    ['LedgerRow', listing.$defs?.LedgerRow],
    ['LedgerProblem', listing.$defs?.LedgerProblem],
    ['LedgerExport', exported],
    ['LedgerProblem', exported.$defs?.LedgerProblem],
  ])('%s', (name, schema) => {
    expect(Object.keys(schema?.properties ?? {}).sort()).toEqual(shapeOf(name).all);
    expect([...(schema?.required ?? [])].sort()).toEqual(shapeOf(name).required);
    expect(schema?.additionalProperties).toBe(false);
  });
});

describe('a record is open, its required properties are those of the model', () => {
  it.each(Object.entries(load('ledger-show').$defs ?? {}))('%s', (name, schema) => {
    expect([...(schema.required ?? [])].sort()).toEqual(shapeOf(name).required);
    for (const property of Object.keys(schema.properties ?? {}))
      expect(shapeOf(name).all).toContain(property);
    expect(schema.additionalProperties).toBeUndefined();
  });
});
