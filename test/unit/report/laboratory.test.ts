import { describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../../../extension/model-ledger.ts';
import { buildReport } from '../../../extension/report/build.ts';
import { laboratoryPart } from '../../../extension/report/laboratory.ts';
import { renderMarkdown } from '../../../extension/report/markdown.ts';
import {
  calibration,
  costTable,
  documentFigures,
  experiment,
  ledgerOfAll,
  soak,
  stepsOf,
} from '../fixtures/experiments.ts';

const at = '2026-11-21T21:00:00.000Z';
const hostile = '</script><!-- | `x` \u001b[31m *b* [a](b)';

function experiments(list = ledgerOfAll()): LedgerRecord[] {
  return list.map((e) => ({ v: 1, kind: 'experiment', at, experiment: e }));
}

function report(records: readonly LedgerRecord[], problems: readonly string[] = []): string {
  const all = records.flatMap((r) => (r.kind === 'experiment' ? [r.experiment] : []));
  return renderMarkdown(
    buildReport({
      title: 't',
      createdAt: at,
      findings: null,
      profile: null,
      runs: [],
      laboratory: laboratoryPart(records, problems, stepsOf(all), []),
    }),
  );
}

describe("the ledger's part of the report", () => {
  it('sorts records by kind and keeps the order of time', () => {
    const part = laboratoryPart(
      [
        ...experiments(),
        { v: 1, kind: 'soak', at, soak: soak() },
        { v: 1, kind: 'calibration', at, calibration },
        { v: 1, kind: 'costs', at, costs: costTable() },
      ],
      ['line 3 has no end'],
      [],
      [documentFigures(), documentFigures({ replay: 'phase-42' })],
    );
    expect(part.experiments.map((e) => e.id)).toEqual(ledgerOfAll().map((e) => e.id));
    expect(part.soaks).toEqual([soak()]);
    expect(part.costs).toEqual([costTable()]);
    expect(part.documents.map((d) => d.replay)).toEqual(['phase-25']);
    expect(part.ledgerProblems).toEqual(['line 3 has no end']);
  });

  it('leaves the blocks of units out: no view shows them, and they are most of the bytes', () => {
    const [shown] = laboratoryPart(experiments([experiment()]), [], [], []).experiments;
    expect(experiment().units[0]?.blocks).toHaveLength(30);
    expect(shown?.units.map((u) => u.blocks)).toEqual(Array(24).fill([]));
    expect(shown?.units.map((u) => u.logRatio)).toEqual(experiment().units.map((u) => u.logRatio));
  });

  it('takes the newest of a ledger that has grown long, and counts problems beyond those listed', () => {
    const many = Array.from({ length: 350 }, (_, i) => experiment({ id: `e${i}` }));
    const problems = Array.from({ length: 130 }, (_, i) => `line ${i}`);
    const part = laboratoryPart(experiments(many), problems, [], []);
    expect([part.experiments.length, part.experiments[0]?.id]).toEqual([300, 'e50']);
    expect(part.ledgerProblems).toHaveLength(101);
    expect(part.ledgerProblems.at(-1)).toBe('30 further problems are not listed.');
  });

  it('shows the newest costs of each source', () => {
    const cost = (source: string, when: string): LedgerRecord => ({
      v: 1,
      kind: 'costs',
      at: when,
      costs: costTable({ source, at: when }),
    });
    const part = laboratoryPart(
      [
        cost('wasm, seq_cst', '2026-01-02'),
        cost('C, gcc 12.2.0', '2026-01-03'),
        cost('wasm, seq_cst', '2026-01-01'),
      ],
      [],
      [],
      [],
    );
    expect(part.costs.map((c) => [c.source, c.at])).toEqual([
      ['wasm, seq_cst', '2026-01-02'],
      ['C, gcc 12.2.0', '2026-01-03'],
    ]);
  });
});

describe('markdown', () => {
  it('has a table of experiments with verdict, effect, interval and reason', () => {
    const text = report(experiments());
    expect(text).toContain(
      '| phase-25: free stats | **GO** | +1.07% | \\[+0.95, +1.19\\] | ±0.5% | 24 | ±0.09% | The whole interval lies above +0.5%: compiled out is faster, in all four layouts. | 2026-11-21 |',
    );
    expect(text).toContain('| phase-29: pool hotbox v2 stats | **NO-OP** | – | – | ±0.5% | 0 | – |');
    expect(text).toContain('## Cumulative effect');
  });

  it('has soaks with their budgets, and costs with their source', () => {
    const text = report([
      { v: 1, kind: 'soak', at, soak: soak() },
      { v: 1, kind: 'costs', at, costs: costTable() },
    ]);
    expect(text).toMatch(
      /\| engine standard, balanced \| 10 \|.*\| drift kept, system calls kept, cv \*\*broken\*\* \|/,
    );
    expect(text).toContain('| relaxed add | no | 4.61 | \\[4.52, 4.70\\] | 26.40% | `wasm, seq_cst` |');
    expect(text).not.toContain('## Experiments');
  });

  it('says nothing about a laboratory that was not used', () => {
    const without = renderMarkdown(
      buildReport({ title: 't', createdAt: at, findings: null, profile: null, runs: [] }),
    );
    expect(without).not.toMatch(/## (Experiments|Soaks|Costs|Cumulative)/);
    expect(report([])).toBe(without);
  });

  it('keeps hostile texts of a ledger in their cell, and names lines that could not be read', () => {
    const text = report(experiments([experiment({ title: hostile, reason: hostile })]), [hostile]);
    const row = text.split('\n').find((l) => l.includes('**GO**'));
    expect(row?.match(/(?<!\\)\|/g)).toHaveLength(10);
    expect(text).not.toContain('\u001b');
    expect(text).not.toContain('</script>');
    expect(text).toContain('1 line of the ledger could not be used:');
  });
});
