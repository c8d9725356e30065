import { describe, expect, it } from 'vitest';
import { fastlaneCounters } from '../../../extension/experiment/replays-fastlane.ts';
import { replayNamed } from '../../../extension/experiment/replays.ts';
import { checklist } from '../../../extension/experiment/tables/checklist.ts';
import { gapTable, perOperation } from '../../../extension/experiment/tables/gap-table.ts';
import { hotTable } from '../../../extension/experiment/tables/hot-table.ts';
import { topRule } from '../../../extension/experiment/tables/top-rule.ts';
import { fastlaneTable } from '../../../extension/report/candidate-tables.ts';
import { experimentLine, experimentPlainText } from '../../../extension/report/text-experiment.ts';
import {
  auditText,
  candidatesText,
  checklistText,
  gapText,
  hotTableText,
  topRuleText,
} from '../../../extension/report/text-lab.ts';
import { experiment, experimentSide } from '../experiment/experiments.ts';

const later = new Date('2026-01-01T12:00:00.000Z');

describe('report line', () => {
  it('is that of the method', () => {
    expect(experimentLine(experiment(), later)).toBe(
      'NO-GO  -0.92 % [-1.21, -0.63]  n=24 (look 2)  noise floor ±0.14 %  MDE 0.20 %  A/A pass 2 h ago  2 layouts  warnings: turbo on',
    );
  });

  it('leaves out what is not known', () => {
    const bare = experiment({
      ...{ effectPercent: null, interval: null, looks: [], noiseFloorPercent: null, processes: 0 },
      ...{ smallestVisiblePercent: null, calibration: null, layouts: [], warnings: [], verdict: 'NO-OP' },
    });
    expect(experimentLine(bare, later)).toBe('NO-OP  not timed');
  });

  it('dates a calibration in fitting words', () => {
    const at = (time: string): string => experimentLine(experiment(), new Date(time));
    expect(at('2026-01-01T10:45:00Z')).toContain('A/A pass 45 min ago');
    expect(at('2026-01-05T10:00:00Z')).toContain('A/A pass 4 days ago');
  });

  it('an effect of zero has a sign, a negative zero has one', () => {
    const zero = (effectPercent: number): string => experimentLine(experiment({ effectPercent }), later);
    expect(zero(0)).toContain('+0.00 %');
    expect(zero(0.001)).toContain('+0.00 %');
    expect(zero(-0.001)).toContain('-0.00 %');
  });
});

describe('whole text', () => {
  it('lets no control character through, whatever the ledger says', () => {
    const evil = '\u001b[2Jx\u202e';
    const text = experimentPlainText(
      experiment({
        ...{ title: evil, reason: evil, warnings: [evil], id: evil },
        gates: [{ name: 'coverage', passed: false, note: evil }],
        layouts: [{ layout: evil, units: 1, effectPercent: 1 }],
        baseline: experimentSide({ label: evil }),
        counters: {
          unit: 'wasm',
          rows: [{ name: evil, baseline: 1, treatment: null, delta: null }],
          layoutTax: false,
        },
        document: {
          ...{ replay: 'x', source: evil, verdict: evil, effectPercent: null, threshold: null },
          ...{ baseline: null, treatment: null, notes: [evil] },
        },
      }),
    );
    expect(text).not.toContain('\u001b');
    expect(text).not.toContain('\u202e');
  });

  it('says how many more processes would decide, and which rule decided', () => {
    const text = experimentPlainText(experiment({ moreProcesses: 14, rule: 'seed' }));
    expect(text).toContain('about 14 more processes would decide');
    expect(text).toContain("the documents' rule");
    expect(experimentPlainText(experiment({ moreProcesses: null }))).not.toContain('would decide');
  });
});

describe('tables', () => {
  it("Phase 19's gap", () => {
    const { operations, hakmem, libc, speed } = fastlaneCounters;
    const text = gapText(
      gapTable(
        perOperation('hakmem', hakmem, operations, speed.hakmem),
        perOperation('libc', libc, operations, speed.libc),
      ),
    );
    expect(text).toContain('Gap per operation (x86 instructions)');
    expect(text).toMatch(/instructions\/op +209.09 +135.92 +\+73.17 +\+53.8%/);
    expect(text).toMatch(/branch-miss % +2.22 +2.87 +-0.6\d +-/);
    expect(text).toMatch(/ops\/s +44.88 M ops\/s +77.62 M ops\/s +-32.74 M ops\/s +-42.2%/);
  });

  it('candidates with what was measured, and their combined estimate', () => {
    const text = candidatesText(
      fastlaneTable([
        experiment({ replay: 'phase-19a', verdict: 'GO', effectPercent: 9.5 }),
        experiment({ replay: 'phase-19d', verdict: 'NEUTRAL', effectPercent: 2 }),
      ]),
    );
    expect(text).toMatch(/A: Remove FastLane layer +-17.5 +-6.0 +\+12.0% +low +\+9.5% GO \(engine\)/);
    expect(text).toMatch(/D: Inline header validation .* medium +\+2.0% NEUTRAL \(engine\)/);
    expect(text).toMatch(/E: Static route fast path +-3.5 +-1.5 +\+2.0% +low +-$/m);
    expect(text).toMatch(/combined, A to E \(80% efficiency\) +-32.0 +-12.4 +\+20.8%/);
    expect(text).toContain('measured together, as a product: +11.7%');
    expect(text).toMatch(/instructions\/op +209.09 +177.09 +\+53.8% +\+30.3%/);
    expect(text).toMatch(/ops\/s +44.88 M ops\/s +54.22 M ops\/s +\+73.0% +\+43.2%/);
  });

  it('hot functions, the Top-50 rule, an audit, a checklist', () => {
    const functions = [
      { name: 'malloc', selfPercent: 60 },
      { name: 'hakmem_env_snapshot_enabled.lto_priv.0', selfPercent: 1.22 },
    ];
    const hot = hotTableText({ source: 'engine sampled', rows: hotTable(functions) });
    expect(hot).toMatch(/2 +hakmem_env_snapshot_enabled +1.22% +env/);
    expect(hot).toContain('Hot functions (engine sampled)');
    expect(hot.split('\n').at(-1)).toBe('wrapper 60.00%, env 1.22%');
    const rule = topRuleText(topRule(['hakmem_env_snapshot_enabled', 'mid_v3_enabled'], functions));
    expect(rule).toMatch(/hakmem_env_snapshot_enabled +2 +1.22% +hot/);
    expect(rule).toMatch(/mid_v3_enabled +- +- +not seen/);
    const audit = auditText(replayNamed('phase-28').audit ?? []);
    expect(audit).toContain('Audit of engine/allocator/tiny_bg_spill.ts');
    expect(audit.split('\n')).toHaveLength(10);
    const list = checklistText(
      checklist(
        experiment(),
        { unit: 'wasm', instructionsPerOp: -30, branchesPerOp: -12, throughputPercent: null },
        { profileFell: null, suite: ['mixed'], correctness: true, memory: null, reversible: true },
      ),
    );
    expect(list).toContain('[x] instructions match the estimate (±20%): -30 where -30 was estimated (+0%)');
    expect(list).toContain('[!] branches match the estimate (±20%): -6 where -12 was estimated (-50%)');
    expect(list).toContain('[ ] throughput matches the estimate (±20%): nothing was estimated');
  });
});
