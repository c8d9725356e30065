// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of targets, which are put in by name
/** `alloc-lens.json` and `allocLens.targets`: what is read, what is refused and with which words, and their schemas. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Ajv from 'ajv';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  parseTargetList,
  parseTargetsFile,
  reservedNames,
} from '../../../extension/native/targets-config.ts';
import { workspaceTargets } from '../../../extension/native/workspace-targets.ts';

const root = path.resolve(import.meta.dirname, '../../..');

const built = {
  name: 'mine',
  build: { command: ['make', 'OUT=${out}'], cwd: 'src', env: { CC: 'clang' } },
  preload: '${out}/libmine.so',
  cwd: null,
  env: { GATE: '1; touch x' },
  sourceMap: { '/build': 'a', '/build/src/deep': 'b' },
};
const own = {
  name: 'own-bench',
  run: {
    command: ['./bench', '--size', '8'],
    throughput: { pattern: 'took ([0-9.]+) s', unit: 'seconds', operations: 1000 },
  },
};

const file = (value: unknown) => parseTargetsFile(JSON.stringify({ targets: value }), 'alloc-lens.json');

describe('targets as they are written', () => {
  it('are read whole, with what was left out as nothing', () => {
    const { targets, problems } = file([built, own]);
    expect(problems).toEqual([]);
    expect(JSON.parse(JSON.stringify(targets))).toEqual([
      { ...built, run: null },
      { ...own, build: null, preload: null, cwd: null, env: {}, sourceMap: {} },
    ]);
    // The most exact path comes first.
    expect(Object.keys(targets[0]?.sourceMap ?? {})).toEqual(['/build/src/deep', '/build']);
  });

  it('take further commands of a build', () => {
    const next = [['cmake', '--build', '${out}'], ['true']];
    const { targets } = file([{ ...built, build: { command: ['cmake'], next } }]);
    expect(targets[0]?.build?.next).toEqual(next);
  });

  const bad: readonly [string, unknown, RegExp][] = [
    ['no object', 7, /target 1: an object is expected, not 7/],
    ['no name', { preload: 'x' }, /target 1\.name: a text is expected, not undefined/],
    ['an odd name', { ...built, name: '$(touch x)' }, /target 1\.name: "\$\(touch x\)" is no name/],
    ['a dash first', { ...built, name: '--help' }, /no name/],
    ['a long name', { ...built, name: 'x'.repeat(65) }, /no name/],
    ['a path as name', { ...built, name: '../x' }, /no name/],
    [
      'neither library nor program',
      { name: 'mine' },
      /'mine'\.preload: give the library to preload, or in run/,
    ],
    ['both', { ...built, run: own.run }, /'mine'\.preload: a target has either preload or run, not both/],
    ['an unknown field', { ...built, comand: [] }, /target 1: "comand" is no field; known are name, build/],
    [
      'a shell line',
      { ...built, build: { command: 'make all' } },
      /'mine'\.build\.command: a command is a list/,
    ],
    ['no program', { ...built, build: { command: [] } }, /build\.command: it is empty/],
    ['a number in a command', { ...built, build: { command: ['make', 2] } }, /element 2 is 2, not a text/],
    ['an option as program', { ...built, build: { command: ['--x'] } }, /"--x" is an option, not a program/],
    ['a NUL', { ...built, preload: 'a\0b' }, /NUL character/],
    ['an empty path', { ...built, preload: '' }, /preload: it is empty/],
    ['a huge text', { ...built, preload: 'x'.repeat(5000) }, /longer than 4096/],
    ['an odd variable', { ...built, env: { 'A B': '1' } }, /'mine'\.env: "A B" is no name of a variable/],
    ['a number as value', { ...built, env: { A: 1 } }, /"A" is 1, not a text/],
    ['a list as environment', { ...built, env: ['A=1'] }, /an object of environment variables is expected/],
    ['an unknown unit', withRule({ unit: 'ops' }), /throughput\.unit: .*Mops\/s.* are expected, not "ops"/],
    [
      'a broken pattern',
      withRule({ pattern: '([0-9]+' }),
      /throughput\.pattern: it is no regular expression/,
    ],
    ['no group', withRule({ pattern: '[0-9]+' }), /one group has to hold the number, not 0/],
    ['two groups', withRule({ pattern: '(a)(b)' }), /not 2; write others as \(\?:\.\.\.\)/],
    ['a long pattern', withRule({ pattern: `(${'a'.repeat(600)})` }), /longer than 500/],
    ['seconds of nothing', withRule({ operations: null }), /throughput\.operations: seconds say nothing/],
    ['half an operation', withRule({ operations: 0.5 }), /a whole number above 0 is expected, not 0\.5/],
  ];

  function withRule(over: object): object {
    return { ...own, run: { ...own.run, throughput: { ...own.run.throughput, ...over } } };
  }

  it.each(bad)('%s is refused with its place, and leaves the others alone', (_, target, words) => {
    const { targets, problems } = file([target, { ...built, name: 'good' }]);
    expect(targets.map((t) => t.name)).toEqual(['good']);
    expect(problems).toEqual([expect.stringMatching(words)]);
    expect(problems[0]).toMatch(/^alloc-lens\.json: target 1/);
    expect(problems[0]).not.toContain('\n');
  });

  it.each(reservedNames)('%s keeps its own meaning', (name) => {
    expect(file([{ ...built, name }]).problems).toEqual([expect.stringMatching(/has a meaning of its own/)]);
  });

  it('the first of two with one name counts', () => {
    const { targets, problems } = file([built, { ...own, name: 'mine' }]);
    expect(targets).toHaveLength(1);
    expect(targets[0]?.run).toBeNull();
    expect(problems).toEqual(["alloc-lens.json: target 2.name: 'mine' is there twice, the first one counts"]);
  });

  it('names of prototypes are names like others, and reach no prototype', () => {
    const text = `{"targets":[{"name":"constructor","preload":"x","env":{"__proto__":"1","toString":"2"}}]}`;
    const { targets, problems } = parseTargetsFile(text, 'f');
    expect(problems).toEqual([]);
    expect(targets[0]?.name).toBe('constructor');
    expect(Object.keys(targets[0]?.env ?? {})).toEqual(['__proto__', 'toString']);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
    const inherited = parseTargetsFile('{"__proto__":{"targets":[{"name":"x","preload":"y"}]}}', 'f');
    expect(inherited.targets).toEqual([]);
    const fields = parseTargetList([JSON.parse('{"name":"x","__proto__":{"preload":"y"}}')], 's');
    expect(fields.problems).toEqual([expect.stringMatching(/"__proto__" is no field/)]);
  });

  it.each([
    ['', /it is empty/],
    ['{"targets": [{"name": "mi', /it is not JSON/],
    ['[]', /an object with "targets" is expected/],
    ['null', /an object with "targets" is expected/],
    ['{"targets": {}}', /a list of targets is expected/],
    ['{"target": []}', /"target" is no field/],
    [JSON.stringify({ targets: Array(101).fill(built) }), /101 targets, at most 100/],
    [`{"targets":${'['.repeat(50_000)}`, /not JSON/],
  ])('a file that begins %.20j gives one clear line', (text, words) => {
    const { targets, problems } = parseTargetsFile(text, 'alloc-lens.json');
    expect(targets).toEqual([]);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(words);
    expect(problems[0]).not.toContain('\n');
  });

  it('a byte order mark is no mistake', () => {
    expect(parseTargetsFile(`\uFEFF${JSON.stringify({ targets: [built] })}`, 'f').problems).toEqual([]);
  });
});

describe('targets of a folder', () => {
  let dir = '';
  beforeAll(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'alloc-lens-targets-'));
    writeFileSync(path.join(dir, 'Makefile'), 'OUT ?= o\n$(OUT)/libfound.so: x.c\n\tcc -shared -o $@ x.c\n');
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('settings win over the file by name, both over what is found', async () => {
    writeFileSync(
      path.join(dir, 'alloc-lens.json'),
      JSON.stringify({
        targets: [
          { ...built, name: 'a' },
          { ...built, name: 'found' },
          { ...own, name: 'b' },
        ],
      }),
    );
    const { targets, problems } = await workspaceTargets(dir, [{ ...own, name: 'a' }]);
    expect(problems).toEqual([]);
    expect(targets.map((t) => [t.config.name, t.origin])).toEqual([
      ['a', 'settings'],
      ['found', 'alloc-lens.json'],
      ['b', 'alloc-lens.json'],
    ]);
    expect(targets[0]?.notes).toEqual(['compile flags cannot be compared: it is not built here']);
    expect(targets.every((t) => t.folder === dir)).toBe(true);
  });

  it('a bad file is told, and what is found stays', async () => {
    writeFileSync(path.join(dir, 'alloc-lens.json'), '{');
    const broken = await workspaceTargets(dir, 3);
    expect(broken.targets.map((t) => t.config.name)).toEqual(['found']);
    expect(broken.problems).toEqual([
      'allocLens.targets: a list of targets is expected, not 3',
      expect.stringMatching(/^alloc-lens\.json: it is not JSON/),
    ]);
    writeFileSync(path.join(dir, 'alloc-lens.json'), ' '.repeat((1 << 20) + 1));
    expect((await workspaceTargets(dir, undefined)).problems).toEqual([
      'alloc-lens.json: it is larger than 1 MiB: nothing of it is read',
    ]);
    rmSync(path.join(dir, 'alloc-lens.json'));
    mkdirSync(path.join(dir, 'alloc-lens.json'));
    expect((await workspaceTargets(dir, undefined)).problems).toEqual(['alloc-lens.json: it is no file']);
    rmSync(path.join(dir, 'alloc-lens.json'), { recursive: true });
    expect((await workspaceTargets(dir, undefined)).problems).toEqual([]);
  });
});

interface Schema {
  readonly type?: unknown;
  readonly required?: readonly string[];
  readonly enum?: readonly string[];
  readonly properties: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly not?: Schema;
  readonly pattern?: string;
}

const read = (name: string): unknown => JSON.parse(readFileSync(path.join(root, name), 'utf8'));

/** Property names of a type literal or interface in model-profile.ts; nested ones with a dot. */
function modelFields(name: string): string[] {
  const source = ts.createSourceFile(
    'm.ts',
    readFileSync(path.join(root, 'extension/model-profile.ts'), 'utf8'),
    ts.ScriptTarget.ES2022,
    true,
  );
  const out: string[] = [];
  const interfaces = new Map<string, ts.InterfaceDeclaration>();
  source.forEachChild((n) => void (ts.isInterfaceDeclaration(n) && interfaces.set(n.name.text, n)));
  const members = (all: ts.NodeArray<ts.TypeElement>, before: string): void => {
    for (const member of all) {
      if (!ts.isPropertySignature(member)) continue;
      const at = `${before}${member.name.getText()}`;
      out.push(at);
      const visit = (node: ts.Node): void => {
        if (ts.isTypeLiteralNode(node)) members(node.members, `${at}.`);
        else if (ts.isTypeReferenceNode(node) && interfaces.has(node.typeName.getText())) {
          members(interfaces.get(node.typeName.getText())?.members ?? ts.factory.createNodeArray(), `${at}.`);
        } else node.forEachChild(visit);
      };
      if (member.type !== undefined) visit(member.type);
    }
  };
  members(interfaces.get(name)?.members ?? ts.factory.createNodeArray(), '');
  return out.sort();
}

function schemaFields(schema: Schema, before = ''): string[] {
  return Object.entries(schema.properties ?? {})
    .flatMap(([name, value]) => [`${before}${name}`, ...schemaFields(value, `${before}${name}.`)])
    .sort();
}

describe('schemas of targets', () => {
  const schema = read('docs/schemas/targets.schema.json') as Schema;
  const target = schema.properties.targets?.items;
  const validate = new Ajv({ strict: false, allErrors: true }).compile(schema as object);

  it('have the fields of the type, and the names and units of the parser', () => {
    expect(target).toBeDefined();
    if (target === undefined) return;
    expect(schemaFields(target)).toEqual(modelFields('TargetConfig'));
    expect(target.properties.name?.not?.enum).toEqual(reservedNames);
  });

  it('are the same in the settings, which an untrusted workspace cannot set', () => {
    const manifest = read('package.json') as {
      readonly capabilities: {
        readonly untrustedWorkspaces: { readonly restrictedConfigurations: string[] };
      };
      readonly contributes: {
        readonly configuration: { readonly properties: Readonly<Record<string, Schema>> };
        readonly jsonValidation: readonly { readonly fileMatch: string; readonly url: string }[];
      };
    };
    expect(manifest.contributes.configuration.properties['allocLens.targets']?.items).toEqual(target);
    expect(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations).toContain('allocLens.targets');
    expect(manifest.contributes.jsonValidation).toEqual([
      { fileMatch: 'alloc-lens.json', url: './docs/schemas/targets.schema.json' },
    ]);
    expect(readFileSync(path.join(root, '.vscodeignore'), 'utf8')).toContain(
      '!docs/schemas/targets.schema.json',
    );
  });

  it.each([
    [true, built],
    [true, own],
    [true, { ...built, build: null, env: null }],
    [false, { ...built, name: 'engine' }],
    [false, { name: 'x' }],
    [false, { ...built, run: own.run }],
    [false, { ...built, build: { command: 'make' } }],
    [false, { ...built, other: 1 }],
    [false, { ...own, run: { command: ['x'] } }],
  ])('and the parser agree: %s', (fits, value) => {
    expect(validate({ targets: [value] })).toBe(fits);
    expect(file([value]).problems.length === 0).toBe(fits);
  });
});
