/** The schemas of the ledger's commands keep in step with the model: the same properties, the same required ones. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { shapeOf } from './model-shapes.ts';
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
