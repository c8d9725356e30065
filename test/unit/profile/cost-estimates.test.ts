/** What a cost table says of a project's rows, letter by letter, and where it says nothing. */
import { describe, expect, it } from 'vitest';
import type { Candidate } from '../../../extension/model.ts';
import {
  candidateCost,
  costNameOf,
  nsInterval,
  nsText,
  removableCost,
  siteCost,
  withCosts,
} from '../../../extension/profile/cost-estimates.ts';
import { findings, site } from '../editor/builders.ts';
import { cost, table } from '../experiment/cost-fixtures.ts';
import { candidate } from '../report/fixtures.ts';

const known = table([
  cost('relaxed add', 0.8, { interval: [0.6, 1] }),
  cost('seq_cst add', 1.6, { interval: [1.5, 1.7] }),
  cost('acquire load', 0.1, { interval: [-0.1, 0.3] }),
  cost('compare and swap', 1.6),
  cost('environment-gate branch', 0.2, { interval: [0.1, 0.3] }),
  cost('header check', 0.16),
  cost('wrapper call', 0.4),
  cost('relaxed add', 12, { contended: true }),
]);
const wasm = table([cost('seq_cst add', 4)], { source: 'wasm, seq_cst' });

const row = (letter: Candidate['letter'], over: Partial<Candidate['estimate']> = {}): Candidate =>
  candidate({
    ...{ letter, file: 'a.c', line: 12, title: `Do something about g_hits` },
    estimate: { instructionsPerOp: null, branchesPerOp: null, throughputPercent: null, ...over },
  });

describe('the measured thing that an operation is most like', () => {
  it.each([
    ['fetch_add', 'relaxed', 'relaxed add'],
    ['fetch_or', 'acq_rel', 'seq_cst add'],
    ['exchange', null, 'seq_cst add'],
    ['compare_exchange', 'relaxed', 'compare and swap'],
    ['load', 'relaxed', 'acquire load'],
    ['store', 'seq_cst', null],
    ['fence', 'seq_cst', null],
  ] as const)('%s, %s: %s', (operation, order, name) => {
    expect(costNameOf({ operation, order })).toBe(name);
  });

  it('on WebAssembly a relaxed add is a seq_cst one', () => {
    expect(siteCost(site(), wasm)?.ns).toBe(4);
    expect(siteCost(site(), known)?.ns).toBe(0.8);
    expect(siteCost(site({ operation: 'load' }), wasm)).toBeNull();
  });
});

describe('hot telemetry together', () => {
  it('is the sum, its bounds the sums of bounds, uncontended', () => {
    const sum = removableCost([site(), site({ line: 13 }), site({ operation: 'load' })], known);
    expect(sum?.sites).toBe(3);
    expect(sum?.ns).toBeCloseTo(1.7, 9);
    expect(sum?.interval.map((n) => Number(n.toFixed(9)))).toEqual([1.1, 2.3]);
    expect(sum?.percent).toBeCloseTo((100 * 1.7) / 16, 9);
    expect(sum?.source).toBe('C, gcc 12.2.0 on this machine');
  });

  it('leaves out what cannot go, and what was not measured', () => {
    const others = [
      site({ class: 'correctness', role: 'lock' }),
      site({ class: 'unknown' }),
      site({ temperature: 'warm' }),
      site({ activity: { state: 'conditional', decidedBy: null } }),
      site({ operation: 'store' }),
    ];
    expect(removableCost([...others, site()], known)?.sites).toBe(1);
    expect(removableCost(others, known)).toBeNull();
    expect(removableCost([], known)).toBeNull();
  });
});

describe('candidates', () => {
  const hot = [site({ order: 'seq_cst' })];
  it.each([
    ['A, a layer that only hands on', row('A', { branchesPerOp: 0 }), 0.4],
    ['A, a layer with two checks', row('A', { branchesPerOp: -2 }), 0.4],
    ['B, a gate asked twice more', row('B', { branchesPerOp: -2, instructionsPerOp: -4 }), 0.4],
    ['B, an object read twice more', row('B', { instructionsPerOp: -4 }), 0.2],
    ['C, an atomic', row('C', { branchesPerOp: 0, instructionsPerOp: -1 }), 1.6],
    ['D, a repeated check', row('D', { branchesPerOp: -1, instructionsPerOp: -3 }), 0.16],
    ['F, an order', row('F', { branchesPerOp: 0, instructionsPerOp: 0 }), 0.8],
  ])('%s', (_, c, ns) => {
    expect(candidateCost(c, hot, known)?.ns).toBeCloseTo(ns, 9);
  });

  it.each(['E', 'G', 'H', 'I'] as const)('%s is not made of measured things', (letter) => {
    expect(candidateCost(row(letter, { branchesPerOp: -3, instructionsPerOp: -9 }), hot, known)).toBeNull();
  });

  it('F widens by both intervals, and says nothing where there is no relaxed add', () => {
    const [low, high] = candidateCost(row('F'), hot, known)?.interval ?? [0, 0];
    expect([low, high].map((n) => Number(n.toFixed(9)))).toEqual([0.5, 1.1]);
    expect(candidateCost(row('F'), hot, wasm)).toBeNull();
    expect(candidateCost(row('F'), [site({ order: 'seq_cst', operation: 'store' })], known)).toBeNull();
  });

  it('C of a plain counter, of a warm or inactive site, or of no site has none', () => {
    expect(candidateCost(row('C'), [], known)).toBeNull();
    expect(candidateCost(row('C'), [site({ temperature: 'warm' })], known)).toBeNull();
    const gated = site({ activity: { state: 'inactive', decidedBy: 'X' } });
    expect(candidateCost(row('C'), [gated], known)).toBeNull();
  });

  it('on a line with several, takes the one that it names', () => {
    const both = [site({ target: 'g_other', order: 'seq_cst' }), site({ target: 'g_hits' })];
    expect(candidateCost(row('C'), both, known)?.ns).toBe(0.8);
    const neither = both.map((s) => ({ ...s, target: 'x' }));
    expect(candidateCost(row('C'), neither, known)).toBeNull();
  });

  it('get their percentage, its interval and its source', () => {
    const f = findings({ atomics: hot, candidates: [row('C', { branchesPerOp: 0 }), row('E')] });
    const [c, e] = withCosts(f, known).candidates;
    expect(c?.estimate).toMatchObject({
      branchesPerOp: 0,
      throughputPercent: 10,
      throughputInterval: [9.375, 10.625],
      throughputSource: 'estimate, C, gcc 12.2.0 on this machine',
    });
    expect(e).toBe(f.candidates[1]);
    expect(withCosts(f, null)).toBe(f);
  });
});

it('figures keep their sign and two digits', () => {
  expect([nsText(0.7), nsText(-0.031), nsText(-0.001), nsText(12.34)]).toEqual([
    '0.70 ns/op',
    '-0.03 ns/op',
    '0.00 ns/op',
    '12.3 ns/op',
  ]);
  expect(nsInterval([-0.02, 0.04])).toBe('-0.02 .. 0.04');
});
