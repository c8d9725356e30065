/** What the model's sources say of its types, for the tests that hold the JSON Schemas to them. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const folder = path.resolve(import.meta.dirname, '../../../extension');

/** Interfaces and unions of string literals of the model: property names (optional ones with `?`), or literals. */
export function modelShapes(): { interfaces: Map<string, string[]>; unions: Map<string, string[]> } {
  const interfaces = new Map<string, string[]>();
  const unions = new Map<string, string[]>();
  const parts = readdirSync(folder).filter((name) => /^model-.*\.ts$/.test(name));
  for (const name of ['model.ts', ...parts]) readShapes(name, interfaces, unions);
  return { interfaces, unions };
}

function readShapes(name: string, interfaces: Map<string, string[]>, unions: Map<string, string[]>): void {
  const file = path.join(folder, name);
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true);
  source.forEachChild((node) => {
    if (ts.isInterfaceDeclaration(node)) {
      const own = node.members.map((m) => `${m.name?.getText()}${m.questionToken === undefined ? '' : '?'}`);
      interfaces.set(node.name.text, own);
      for (const base of node.heritageClauses?.[0]?.types ?? []) {
        const [from, omitted] = base.typeArguments ?? [];
        const inherited = interfaces.get(from?.getText() ?? base.expression.getText()) ?? [];
        own.push(
          ...inherited.filter(
            (p) => !(omitted?.getText() ?? '').includes(`'${p}'`) && !own.includes(p.replace('?', '')),
          ),
        );
      }
    } else if (ts.isTypeAliasDeclaration(node) && ts.isUnionTypeNode(node.type)) {
      const literals = node.type.types.flatMap((t) =>
        ts.isLiteralTypeNode(t) && ts.isStringLiteral(t.literal) ? [t.literal.text] : [],
      );
      if (literals.length === node.type.types.length) unions.set(node.name.text, literals);
    }
  });
}

/** Property names of an interface of the model, sorted, those that have to be there apart. */
export function shapeOf(name: string): { readonly all: string[]; readonly required: string[] } {
  const own = modelShapes().interfaces.get(name);
  if (own === undefined) throw new Error(`no ${name}`);
  return {
    all: own.map((p) => p.replace('?', '')).sort(),
    required: own.filter((p) => !p.endsWith('?')).sort(),
  };
}
