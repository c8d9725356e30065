import { readFileSync } from 'node:fs';
import path from 'node:path';
import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { buildReport } from '../../../extension/report/build.ts';
import { laboratoryPart } from '../../../extension/report/laboratory.ts';
import type { LedgerRecord } from '../../../extension/model-ledger.ts';
import { costTable, documentFigures, ledgerOfAll, soak, stepsOf } from '../fixtures/experiments.ts';
import { candidate, findings, profile, run, site } from '../report/fixtures.ts';
import { modelShapes } from './model-shapes.ts';

const folder = path.resolve(import.meta.dirname, '../../../docs/schemas');

interface Schema {
  readonly $id?: string;
  readonly $ref?: string;
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

function load(name: string): Schema {
  return JSON.parse(readFileSync(path.join(folder, `${name}.schema.json`), 'utf8')) as Schema;
}

const names = [
  'analyze',
  'bench',
  'bench-threads',
  'calibrate',
  'compare-allocators',
  'experiment',
  'report',
  'report-written',
] as const;
const schemas = new Map(names.map((n) => [n, load(n)]));

function validator(name: (typeof names)[number]): ValidateFunction {
  const ajv = new Ajv2020({ strict: true, strictTypes: false, allErrors: true });
  for (const [n, schema] of schemas) if (n !== name) ajv.addSchema(schema as object);
  return ajv.compile(schemas.get(name) as object);
}

function problems(name: (typeof names)[number], value: unknown): string[] {
  const validate = validator(name);
  validate(JSON.parse(JSON.stringify(value)));
  return (validate.errors ?? []).map((e) => `${e.instancePath} ${e.keyword}`);
}

const roots = {
  analyze: 'Findings',
  bench: 'BenchResult',
  experiment: 'Experiment',
  calibrate: 'CostTable',
  report: 'ReportModel',
} as const;

describe('schemas keep in step with model.ts', () => {
  const { interfaces, unions } = modelShapes();
  const defined = (['analyze', 'bench', 'calibrate', 'experiment', 'report'] as const).flatMap((name) => {
    const schema = schemas.get(name);
    // One that is a definition as a whole is checked as that.
    const whole = schema?.$ref === undefined ? [[roots[name], schema] as const] : [];
    return [...whole, ...Object.entries(schema?.$defs ?? {})];
  });

  it.each(defined.map(([name, schema]) => ({ name, schema })))('$name', ({ name, schema }) => {
    const literals = unions.get(name);
    if (literals !== undefined) {
      expect(schema?.enum).toEqual(literals);
      return;
    }
    const properties = interfaces.get(name);
    if (properties === undefined) {
      // A union of unions (`Role`): its parts are checked by their own names.
      expect(schema).toHaveProperty('anyOf');
      return;
    }
    expect(Object.keys(schema?.properties ?? {}).sort()).toEqual(
      properties.map((p) => p.replace('?', '')).sort(),
    );
    expect([...(schema?.required ?? [])].sort()).toEqual(properties.filter((p) => !p.endsWith('?')).sort());
    expect(schema).toHaveProperty('additionalProperties', false);
  });

  it('analyze, bench and experiment stand alone', () => {
    for (const name of ['analyze', 'bench', 'experiment'] as const) {
      expect(JSON.stringify(schemas.get(name))).not.toMatch(/"\$ref":"[^#]/);
    }
  });
});

describe('schemas accept what the program makes', () => {
  const f = findings({ candidates: [candidate()] });

  it('findings, results and the joined report', () => {
    expect(problems('analyze', f)).toEqual([]);
    const sampled = run({
      profile: {
        target: 'engine',
        variant: 'sampled',
        speedAgainstFast: null,
        functions: profile().functions,
        lines: profile().lines,
      },
    });
    expect(problems('bench', sampled)).toEqual([]);
    expect(problems('bench-threads', { schemaVersion: 1, results: [sampled, run()] })).toEqual([]);
    expect(problems('bench-threads', { schemaVersion: 1, results: [sampled, {}] })).not.toEqual([]);
    const model = buildReport({
      title: 't',
      createdAt: new Date(0).toISOString(),
      findings: f,
      profile: profile(),
      runs: [sampled],
    });
    expect(problems('report', model)).toEqual([]);
    expect(problems('report', { ...model, findings: null, profile: null, audit: [] })).toEqual([]);
  });

  it('a report with a laboratory, and none with half of one', () => {
    const experiments = ledgerOfAll();
    const records: LedgerRecord[] = [
      ...experiments.map((e) => ({ v: 1, kind: 'experiment', at: e.finishedAt, experiment: e }) as const),
      { v: 1, kind: 'soak', at: soak().finishedAt, soak: soak() },
      { v: 1, kind: 'costs', at: costTable().at, costs: costTable() },
    ];
    const laboratory = laboratoryPart(records, ['line 3'], stepsOf(experiments), [documentFigures()]);
    const input = {
      title: 't',
      createdAt: new Date(0).toISOString(),
      findings: null,
      profile: null,
      runs: [],
    };
    const model = buildReport({ ...input, laboratory });
    expect(problems('report', model)).toEqual([]);
    const [step] = laboratory.cumulative;
    expect(problems('report', { ...model, cumulative: [{ ...step, verdict: 'MAYBE' }] })).not.toEqual([]);
    expect(problems('report', { ...model, experiments: [{ id: 'x' }] })).not.toEqual([]);
  });
});

describe('schemas refuse what the contract excludes', () => {
  it.each([
    ['an unknown class', findings({ atomics: [{ ...site(), class: 'statistics' as 'unknown' }] })],
    ['line 0', findings({ atomics: [site({ line: 0 })] })],
    ['an extra property', { ...findings(), extra: 1 }],
    ['another schema version', { ...findings(), schemaVersion: 2 }],
    ['a missing list', { ...findings(), gates: undefined }],
    ['a figure as text', { ...findings(), timing: { ...findings().timing, totalMs: '4' } }],
  ])('analyze: %s', (_, value) => {
    expect(problems('analyze', value)).not.toEqual([]);
  });

  it.each([
    ['a hash that is not 16 hex digits', run({ hash: ['xyz'] })],
    ['a NaN speed, which JSON turns into null', run({ median: Number.NaN })],
    [
      'a share above 100',
      run({ profile: { ...profileOf(), lines: [{ file: 'f', line: 1, percent: 101 }] } }),
    ],
    ['counters of no known unit', { ...run(), counters: { unit: 'arm' } }],
    ['no memory', { ...run(), memory: null }],
  ])('bench: %s', (_, value) => {
    expect(problems('bench', value)).not.toEqual([]);
  });
});

function profileOf() {
  return {
    target: 'engine',
    variant: 'sampled',
    speedAgainstFast: 0.6,
    functions: profile().functions,
    lines: profile().lines,
  };
}
