import { describe, expect, it } from 'vitest';
import { buildReport } from '../../../extension/report/build.ts';
import { candidateTables } from '../../../extension/report/candidate-tables.ts';
import { laboratoryPart } from '../../../extension/report/laboratory.ts';
import { renderMarkdown } from '../../../extension/report/markdown.ts';
import type { Experiment } from '../../../extension/model-experiment.ts';
import type { Findings } from '../../../extension/model.ts';
import { experiment } from '../experiment/experiments.ts';
import { candidate, findings, site } from './fixtures.ts';

const estimate = (instructionsPerOp: number | null, throughputPercent: number | null) => ({
  instructionsPerOp,
  branchesPerOp: null,
  throughputPercent,
});

const some = findings({
  candidates: [
    candidate({ id: 'c1', letter: 'C', title: 'Compile out g_one', estimate: estimate(-5, 4) }),
    candidate({ id: 'c2', letter: 'C', title: 'Compile out g_two', estimate: estimate(-4, 3) }),
    candidate({ id: 'a1', letter: 'A', title: 'Remove the layer free', estimate: estimate(null, 6) }),
    candidate({ id: 'h1', letter: 'H', title: 'Take the lock off', estimate: estimate(null, null) }),
  ],
});

function markdown(f: Findings | null, experiments: readonly Experiment[]): string {
  const records = experiments.map(
    (e) => ({ v: 1, kind: 'experiment', at: e.finishedAt, experiment: e }) as const,
  );
  return renderMarkdown(
    buildReport({
      ...{ title: 't', createdAt: '2026-01-01T00:00:00Z', findings: f, profile: null, runs: [] },
      laboratory: laboratoryPart(records, [], [], []),
    }),
  );
}

describe('candidate tables', () => {
  it("combine a project's best of each kind, never all that meet on one path", () => {
    const [table, ...others] = candidateTables(some, []);
    expect(others).toEqual([]);
    expect(table).toMatchObject({
      of: 'project',
      combinedOf: 'the best of each kind (A, C)',
      efficiency: 0.8,
    });
    expect(table?.combined).toEqual({
      ...{ unit: 'x86', instructionsPerOp: -4, branchesPerOp: null },
      throughputPercent: 8,
    });
    expect(table?.rows.map((r) => r.id)).toEqual(['c1', 'c2', 'a1', 'h1']);
  });

  it('have no combined estimate of one, and none at all without candidates', () => {
    const one = findings({ candidates: [candidate({ estimate: estimate(null, 4) })] });
    expect(candidateTables(one, [])[0]?.combined).toBeNull();
    expect(candidateTables(findings(), [])).toEqual([]);
    expect(candidateTables(null, [experiment()])).toEqual([]);
  });

  it("have Phase 19's once one of them was replayed, with its projection", () => {
    const replay = experiment({ id: 'p19', replay: 'phase-19b', effectPercent: 0.4, verdict: 'NEUTRAL' });
    const [table] = candidateTables(null, [replay]);
    expect(table).toMatchObject({ of: 'document', combinedOf: 'A to E', measuredPercent: null });
    expect(table?.rows.map((r) => [r.letter, r.measured?.experiment ?? null])).toEqual([
      ['A', null],
      ['B', 'p19'],
      ['C', null],
      ['D', null],
      ['E', null],
    ]);
    expect(table?.projection.map((p) => p.metric)).toEqual(['instructions/op', 'branches/op', 'ops/s']);
  });
});

describe('in the Markdown report', () => {
  it("Phase 19's candidates stand with estimate and measurement, the combination and the projection", () => {
    const text = markdown(null, [
      experiment({ id: 'p19', replay: 'phase-19a', effectPercent: 2.5, interval: [2, 3], verdict: 'GO' }),
    ]);
    expect(text).toContain('## Candidates of Phase 19');
    expect(text).toContain(
      '| **A** Remove FastLane layer | -17.5 | -6 | +12.00% | +2.50% | \\[+2.00, +3.00\\] | GO | LOW | `p19` on engine |',
    );
    expect(text).toContain(
      '| **E** Static route fast path | -3.5 | -1.5 | +2.00% | – | – | – | LOW | `phase-19e` |',
    );
    expect(text).toContain(
      '- **Combined estimate** of A to E, 80% of the sum since savings overlap: -32 instructions/op, -12.4 branches/op (x86), +20.80% throughput',
    );
    expect(text).toContain('- **Projection**, instructions/op: 209.09 to 177.09, gap +53.84% to +30.29%');
  });

  it("a project's stand there once measured; estimates alone have their own section already", () => {
    const guarded = { ...some, atomics: [site({ gates: ['X_COMPILED'] })] };
    const side = experiment().baseline;
    const flip = experiment({
      ...{ id: 'flip', effectPercent: 1, verdict: 'GO' },
      baseline: { ...side, spec: { ...side.spec, flags: { X_COMPILED: '1' } } },
      treatment: side,
    });
    const text = markdown(guarded, [flip]);
    const section = text.slice(text.indexOf('## Candidates, estimated and measured'));
    expect(section).toContain('| **C** Compile out g\\_one |'.replace('\\_', '_'));
    expect(section).toContain('`flip` on engine');
    expect(section.slice(0, section.indexOf('\n## '))).not.toContain('Take the lock off');
    expect(text).toContain('**Combined estimate** of the best of each kind (A, C)');
  });

  it('hostile names of a ledger stay in their cell', () => {
    const text = markdown(null, [experiment({ id: 'a|`b\u001b', replay: 'phase-19a' })]);
    const row = text.split('\n').find((l) => l.includes('Remove FastLane layer'));
    expect(row?.match(/(?<!\\)\|/g)).toHaveLength(10);
    expect(text).not.toContain('\u001b');
  });
});
