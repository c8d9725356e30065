import { describe, expect, it } from 'vitest';
import {
  analyzeEpochTailCsv,
  analyzeSoak,
  cvPercent,
  epochTail,
  plannedEpochs,
  processDrift,
  sideDrift,
  systemCallsPerOp,
} from '../../../extension/experiment/soak.ts';
import { readSoakCsv, soakCsvHead, soakCsvRow } from '../../../extension/experiment/soak-csv.ts';
import { UserError } from '../../../extension/model.ts';
import { calculatePercentiles } from '../../../extension/profile/percentiles.ts';
import { epoch, machine, outcome, plan, rows } from './soak-support.ts';

const resident = (...mib: number[]) => mib.map((m) => epoch({ residentBytes: m * 1_000_000 }));

describe('figures of a soak', () => {
  it('percentiles are numpy.percentile(..., method="linear")', () => {
    // numpy.percentile([15, 20, 35, 40, 50], [0, 40, 50, 99, 100])
    const [p0, p40, p50, p99, p100] = calculatePercentiles([40, 15, 50, 35, 20], [0, 40, 50, 99, 100]) ?? [];
    expect([p0, p40, p50, p100]).toEqual([15, 29, 35, 50]);
    expect(p99).toBeCloseTo(49.6, 10);
    expect(calculatePercentiles([], [50])).toBeNull();
    expect(calculatePercentiles([7], [1, 99])).toEqual([7, 7]);
  });

  it('the CV is that of the documents: sample deviation over mean', () => {
    // Phase 64's baseline runs: 875,765.6 of 59,111,587.5.
    const runs = [
      ...[60022164, 57772821, 59633856, 60658837, 58595231],
      ...[59376766, 58661246, 58110953, 58952756, 59331245],
    ];
    expect(cvPercent(runs.map((opsPerSecond) => epoch({ opsPerSecond })))).toBeCloseTo(1.48155, 4);
    expect(cvPercent([epoch()])).toBeNull();
  });

  it('drift leaves the first fifth out and compares medians of fifths', () => {
    // 20 epochs: 4 of warm-up, then 16, of which 3 at each end.
    const steady = [...Array(4).fill(1), ...[10, 10, 99], ...Array(10).fill(50), ...[11, 11, 99]];
    expect(processDrift(resident(...steady))).toEqual({ percent: expect.closeTo(10, 9), bytes: 1_000_000 });
    expect(processDrift(resident(1, 10, 10, 10, 9))?.percent).toBeCloseTo(-10, 9);
    expect(processDrift(resident(1, 2, 3, 4))).toBeNull();
    expect(processDrift([...resident(1, 1, 1, 1, 1), epoch({ residentBytes: null })])).toBeNull();
  });

  it('drift of a continued soak is that of the process that grew most, never from one to the next', () => {
    const first = resident(10, 10, 10, 10, 12);
    const second = resident(99, 99, 99, 99, 99).map((e) => ({ ...e, session: 2 }));
    expect(sideDrift([...first, ...second])?.percent).toBeCloseTo(20, 9);
    expect(sideDrift([...second, ...resident(10, 12)])?.percent).toBe(0);
    expect(sideDrift(resident(10, 12))).toBeNull();
  });

  it('system calls an operation', () => {
    const calls = (systemCalls: number | null) => epoch({ operations: 1000, systemCalls });
    expect(systemCallsPerOp([calls(1), calls(0)])).toBe(1 / 2000);
    expect(systemCallsPerOp([calls(1), calls(null)])).toBeNull();
    expect(systemCallsPerOp([])).toBeNull();
  });

  it('the tail names the slow epochs and the worst one', () => {
    const epochs = [100, 90, 80, 70, 60].map((opsPerSecond, index) =>
      epoch({ opsPerSecond, index, p999: index === 3 ? 400 : 40 }),
    );
    expect(epochTail(epochs)).toEqual({
      throughput: { p50: 80, p10: expect.closeTo(64, 9), p1: expect.closeTo(60.4, 9), min: 60 },
      latency: { p50: 10, p99: 20, p999: 40, worst: 400, worstEpoch: 3 },
      ratio: 4,
    });
    expect(epochTail([])).toBeNull();
  });

  it('plans as many epochs as the time has room for', () => {
    expect(plannedEpochs({ minutes: 10, epochSeconds: 5 })).toBe(60);
    expect(plannedEpochs({ minutes: 0.1, epochSeconds: 1 })).toBe(3);
    expect(plannedEpochs({ minutes: 0.01, epochSeconds: 60 })).toBe(1);
  });
});

describe('budgets', () => {
  const failing = (of: Parameters<typeof rows>[1]) =>
    analyzeSoak(outcome({ rows: rows(10, of) })).sides.map((s) =>
      s.budgets.filter((b) => b.passed === false).map((b) => b.name),
    );

  it('a steady soak passes', () => {
    const summary = analyzeSoak(outcome());
    expect(summary).toMatchObject({ passed: true, plannedEpochs: 10, cancelled: false });
    expect(summary.sides.map((s) => s.label)).toEqual(['engine A', 'engine B']);
    expect(summary.sides[0]).toMatchObject({ operations: 30_000_000, cvPercent: 0, driftPercent: 0 });
  });

  it('each is broken by what it is about, on its side', () => {
    expect(
      failing((index, side) => (side === 'treatment' ? { residentBytes: 1e7 + 1e5 * index } : {})),
    ).toEqual([[], ['drift']]);
    expect(failing((_, side) => (side === 'baseline' ? { systemCalls: 400 } : {}))).toEqual([
      ['system calls'],
      [],
    ]);
    expect(failing((index) => ({ opsPerSecond: index % 2 === 0 ? 1e6 : 1.2e6 }))).toEqual([['cv'], ['cv']]);
  });

  it('growth by less than a page of the engine is no drift, and is said to be none', () => {
    const summary = analyzeSoak(
      outcome({ rows: rows(10, (index) => ({ residentBytes: 300_000 + 4096 * index })) }),
    );
    expect(summary.sides[0]?.driftPercent).toBeGreaterThan(1);
    expect(summary.passed).toBe(true);
    expect(summary.notes?.join('\n')).toContain('64 KiB');
  });

  it('what could not be measured is not passed', () => {
    const short = analyzeSoak(outcome({ rows: rows(4) }));
    expect(short.passed).toBe(false);
    expect(short.sides[0]?.budgets.map((b) => b.passed)).toEqual([null, true, true]);
    expect(short.notes?.join('\n')).toContain('needs 5 epochs');
    const nothing = analyzeSoak(outcome({ rows: [], cancelled: true }));
    expect(nothing).toMatchObject({ passed: false, cancelled: true });
    expect(nothing.sides[0]).toMatchObject({ cvPercent: null, driftPercent: null, tail: null });
  });

  it('says what disturbed it', () => {
    const of = (index: number) => ({ disturbed: index < 3 ? 0.2 : 0, session: index < 8 ? 1 : 2 });
    const busy = { ...machine, load: 3 };
    const notes = analyzeSoak(outcome({ rows: rows(10, of), machine: busy })).notes?.join('\n') ?? '';
    expect(notes).toContain('In 6 of 20 epochs others had the core');
    expect(notes).toContain('2 processes a side');
    expect(notes).toContain('The load average was 3.00 on 2 cores at the beginning.');
  });
});

describe('the CSV of a soak', () => {
  const { processes } = outcome();
  const head = soakCsvHead({ plan, processes, machine });
  const text = head + rows(3).map(soakCsvRow).join('');

  it('reads back what was written', () => {
    expect(readSoakCsv(text)).toEqual({ plan, processes, machine, rows: rows(3), torn: false });
    const absent = rows(1, () => ({ residentBytes: null, systemCalls: null, disturbed: null }));
    expect(readSoakCsv(head + absent.map(soakCsvRow).join('')).rows).toEqual(absent);
  });

  it('loses no whole line wherever it is torn', () => {
    for (let at = head.length; at < text.length; at++) {
      const { rows: read, torn } = readSoakCsv(text.slice(0, at));
      expect(read).toEqual(rows(3).slice(0, text.slice(head.length, at).split('\n').length - 1));
      expect(torn).toBe(text[at - 1] !== '\n');
    }
  });

  it('gives the tail of each side', () => {
    const slow = rows(3, (index, side) => (side === 'treatment' && index === 1 ? { p999: 77 } : {}));
    const tail = analyzeEpochTailCsv(head + slow.map(soakCsvRow).join(''));
    expect(tail.treatment?.latency).toMatchObject({ worst: 77, worstEpoch: 1 });
    expect(tail.baseline?.latency.worst).toBe(40);
  });

  it.each([
    ['nothing', '', /no soak's file/],
    ['another file', 'a,b\n1,2\n', /no soak's file/],
    ['a torn plan', head.slice(0, 60), /no soak's file/],
    ['a plan that is no JSON', head.replace('{"v":1', '{"v":1,'), /no usable plan \(not JSON\)/],
    ['another version', head.replace('"v":1', '"v":2'), /another version/],
    ['a plan without an end', head.replace('"minutes":1', '"minutes":1e300'), /no usable plan \(minutes\)/],
    ['a plan of text', head.replace('"minutes":1', '"minutes":"1"'), /\(minutes\)/],
    ['an unknown workload', head.replace('random_mixed', 'nonsense'), /\(workload\)/],
    ['gates that are no text', head.replace('"HAKMEM_SS_MEM_LEAN":"1"', '"A":[]'), /\(A\)/],
    [
      'an epoch with another side',
      `${head}${soakCsvRow({ side: 'treatment', epoch: epoch() })}`,
      /line 3 .*follow/,
    ],
    [
      'an epoch twice',
      `${text}${soakCsvRow({ side: 'baseline', epoch: epoch({ index: 2 }) })}`,
      /line 9 .*follow/,
    ],
    ['a figure that is none', text.replace('3000000', '3e6'), /line 3 .*no figure in the column operations/],
    ['an infinite figure', text.replace('3000000', '1'.repeat(400)), /line 3 .*no figure/],
    ['a missing figure', text.replace('3000000', ''), /line 3 .*nothing in the column operations/],
    ['a missing column', text.replace(',3000000', ''), /line 3 .* 11 columns, not 12/],
  ])('refuses %s', (_, wrong, message) => {
    expect(() => readSoakCsv(wrong)).toThrow(UserError);
    expect(() => readSoakCsv(wrong)).toThrow(message);
    expect(() => readSoakCsv(wrong)).not.toThrow(/\n/);
  });
});
