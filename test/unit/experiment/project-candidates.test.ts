import { describe, expect, it } from 'vitest';
import {
  gateTurnedOff,
  innermostGate,
  projectCandidates,
} from '../../../extension/experiment/tables/project-candidates.ts';
import type { Experiment, SideSpec } from '../../../extension/model-experiment.ts';
import { candidate, counter, findings, site } from '../report/fixtures.ts';
import { experiment, experimentSide } from './experiments.ts';

const flag = 'HAKMEM_TINY_FREE_STATS_COMPILED';

function pair(from: Partial<SideSpec>, to: Partial<SideSpec>, over: Partial<Experiment> = {}): Experiment {
  const spec = (s: Partial<SideSpec>): SideSpec => ({
    ...{ target: 'engine', variant: 'standard', preset: null, flags: {}, env: {} },
    ...s,
  });
  return experiment({
    baseline: experimentSide({ spec: spec(from) }),
    treatment: experimentSide({ spec: spec(to) }),
    ...over,
  });
}

const gateOf = (from: Partial<SideSpec>, to: Partial<SideSpec>): string | null => {
  const { baseline, treatment } = pair(from, to);
  return gateTurnedOff(baseline, treatment);
};

describe('the gate that an experiment turns off', () => {
  it.each([
    ['a flag from 1 to 0', { flags: { A: '1' } }, { flags: { A: '0' } }, 'A'],
    ['a flag from 1 to its default', { flags: { A: '1' } }, {}, 'A'],
    ['a gate from its default to 0', {}, { env: { B: '0' } }, 'B'],
    ['beside settings that both have', { flags: { A: '1', C: '2' } }, { flags: { A: '0', C: '2' } }, 'A'],
    ['not one that is turned on', { flags: { A: '0' } }, { flags: { A: '1' } }, null],
    ['not one that is turned on from its default', {}, { flags: { A: '1' } }, null],
    ['not one of two', { flags: { A: '1', B: '1' } }, {}, null],
    ['not across variants', { flags: { A: '1' } }, { variant: 'fast' }, null],
    ['not across targets', { flags: { A: '1' } }, { target: 'system' }, null],
    ['none where nothing differs', {}, {}, null],
  ])('%s', (_, from, to, name) => {
    expect(gateOf(from, to)).toBe(name);
  });
});

describe('the gate around a candidate', () => {
  it('is the innermost of the atomic there, or what decides the counter there', () => {
    const c = candidate({ file: 'core/free.c', line: 42 });
    const behind = findings({ atomics: [site({ gates: ['HAKMEM_OUTER', flag] })], counters: [] });
    expect(innermostGate(behind, c)).toBe(flag);
    expect(innermostGate(findings({ counters: [] }), c)).toBeNull();
    const plain = findings({ atomics: [], counters: [counter({ file: 'core/free.c', line: 42 })] });
    expect(innermostGate(plain, c)).toBe('HAKMEM_WARM_POOL_STATS');
    expect(innermostGate(plain, candidate({ line: 43 }))).toBeNull();
  });
});

describe('candidates of sources with what was measured', () => {
  const guarded = (over = {}) =>
    findings({ atomics: [site({ gates: ['HAKMEM_OUTER', flag] })], candidates: [candidate(over)] });
  const prune = pair({ flags: { [flag]: '1' } }, {}, { id: 'p25', effectPercent: 1.07, verdict: 'GO' });
  const measured = (f: ReturnType<typeof findings>, experiments: readonly Experiment[]) =>
    projectCandidates(f, experiments)[0]?.measured ?? null;

  it('through the gate that both are about, the newest experiment', () => {
    const older = { ...prune, id: 'old' };
    expect(measured(guarded(), [older, prune])).toMatchObject({
      ...{ experiment: 'p25', link: flag, target: 'engine', verdict: 'GO', throughputPercent: 1.07 },
      ...{ unit: 'wasm', instructionsPerOp: -30 },
    });
  });

  it('an experiment that timed nothing hides none that did, and speaks where it is the only one', () => {
    const untimed = { ...prune, id: 'noop', verdict: 'NO-OP' as const, effectPercent: null, interval: null };
    expect(measured(guarded(), [prune, untimed])?.experiment).toBe('p25');
    expect(measured(guarded(), [untimed])).toMatchObject({ verdict: 'NO-OP', throughputPercent: null });
  });

  it('not through an outer gate, and not of another kind of change', () => {
    expect(measured(guarded(), [pair({ flags: { HAKMEM_OUTER: '1' } }, {})])).toBeNull();
    expect(measured(guarded({ letter: 'F' }), [prune])).toBeNull();
  });

  it('by id or title in the title of the experiment, which wins over the gate', () => {
    const byTitle = experiment({ id: 'e', title: 'try: Compile out g_free_ss_enter, again' });
    expect(measured(guarded(), [byTitle, prune])).toMatchObject({
      experiment: 'e',
      link: 'named in its title',
    });
    const byId = experiment({ id: 'i', title: 'cand-7 on mimalloc' });
    expect(
      measured(findings({ candidates: [candidate({ id: 'cand-7', letter: 'A' })] }), [byId]),
    ).toMatchObject({
      experiment: 'i',
    });
    expect(measured(guarded(), [experiment()])).toBeNull();
  });

  it('a title that two candidates share names neither', () => {
    const twice = findings({ candidates: [candidate(), candidate({ id: 'k2', line: 50 })] });
    const named = experiment({ title: 'Compile out g_free_ss_enter' });
    expect(projectCandidates(twice, [named]).map((r) => r.measured)).toEqual([null, null]);
  });

  it('keeps the estimate in its own unit beside the measurement in another', () => {
    const estimate = { instructionsPerOp: -5, branchesPerOp: null, throughputPercent: 4 };
    const [row] = projectCandidates(guarded({ estimate }), [prune]);
    expect(row).toMatchObject({ estimate: { unit: 'x86', ...estimate }, measured: { unit: 'wasm' } });
    expect(projectCandidates(guarded(), [])[0]?.estimate.unit).toBeNull();
  });
});
