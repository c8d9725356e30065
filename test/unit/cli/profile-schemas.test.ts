/** The schemas of `profile` and `annotate` keep in step with the types: the same properties, the same required ones. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { root } from './run-cli.ts';

interface Schema {
  readonly additionalProperties?: boolean;
  readonly required?: readonly string[];
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

function load(name: string): Schema {
  return JSON.parse(readFileSync(path.join(root, `docs/schemas/${name}.schema.json`), 'utf8')) as Schema;
}

const files = ['model.ts', 'model-profile.ts', 'profile/annotated-source.ts', 'cli/profile-run.ts'].map(
  (name) => {
    const file = path.join(root, 'extension', name);
    return ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true);
  },
);

function declared(name: string): ts.InterfaceDeclaration | ts.TypeAliasDeclaration {
  for (const source of files) {
    for (const s of source.statements) {
      if ((ts.isInterfaceDeclaration(s) || ts.isTypeAliasDeclaration(s)) && s.name.text === name) return s;
    }
  }
  throw new Error(`no type ${name}`);
}

/** Own properties, `?` behind the optional ones. */
function membersOf(name: string): string[] {
  const type = declared(name);
  if (!ts.isInterfaceDeclaration(type)) throw new Error(`${name} is no interface`);
  return type.members.map((m) => `${m.name?.getText()}${m.questionToken === undefined ? '' : '?'}`);
}

const omitted = ['target', 'variant', 'samples?'];
const profileMembers = [
  'schemaVersion',
  ...membersOf('Profile'),
  ...membersOf('BenchProfile').filter((m) => !omitted.includes(m)),
];

const whole: readonly (readonly [string, readonly string[]])[] = [
  ['profile', profileMembers],
  ['profile-diff', membersOf('ProfileDiff')],
  ['profile-export', membersOf('ProfileExported')],
  ['annotate', membersOf('AnnotatedSource')],
];

describe('what the commands print is closed', () => {
  it.each(whole)('%s', (name, members) => {
    const schema = load(name);
    expect(Object.keys(schema.properties ?? {}).sort()).toEqual(
      members.map((m) => m.replace('?', '')).sort(),
    );
    expect([...(schema.required ?? [])].sort()).toEqual(members.filter((m) => !m.endsWith('?')).sort());
    expect(schema.additionalProperties).toBe(false);
  });

  const parts = whole.flatMap(([name]) =>
    Object.entries(load(name).$defs ?? {}).map(([part, schema]) => ({ name, part, schema })),
  );
  it.each(parts)('$name: $part', ({ part, schema }) => {
    const type = declared(part);
    if (ts.isTypeAliasDeclaration(type)) {
      const literals = ts.isUnionTypeNode(type.type)
        ? type.type.types.map((t) => t.getText().replaceAll("'", ''))
        : [];
      expect(schema.enum).toEqual(literals);
      return;
    }
    const members = membersOf(part);
    expect(Object.keys(schema.properties ?? {}).sort()).toEqual(
      members.map((m) => m.replace('?', '')).sort(),
    );
    expect([...(schema.required ?? [])].sort()).toEqual(members.filter((m) => !m.endsWith('?')).sort());
    expect(schema.additionalProperties).toBe(false);
  });
});
