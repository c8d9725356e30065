import { afterEach, describe, expect, it, vi } from 'vitest';
import { ExperimentCommand } from '../../../extension/editor/experiment.ts';
import { SoakCommand } from '../../../extension/editor/soak.ts';
import { harness, real } from './harness.ts';
import { type FakeAnswers, labOf } from './laboratory.ts';
import * as mocked from '../mocks/vscode.ts';

const pick = (text: string) => (items: { label: string }[]) => items.find((i) => i.label.startsWith(text));

function setUp(answers: FakeAnswers = {}) {
  const h = harness('');
  const lab = labOf(h, answers);
  return { h, lab, command: new ExperimentCommand(lab.deps), soak: new SoakCommand(lab.deps) };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('Run A/B Experiment', () => {
  it('asks what differs, which, the workload and the threshold; keeps the result, writes it down, opens it', async () => {
    const { h, lab, command } = setUp({
      during: ({ onProgress }) => {
        onProgress?.('unit 1 of 36', 0.25);
        onProgress?.('unit 2 of 36', 0.5);
      },
    });
    h.state.answers = [
      pick('Compile flag'),
      pick('HAKMEM_TINY_CLASS_STATS_COMPILED'),
      pick('random_mixed: tiny'),
      pick('±1%'),
      'Open Document',
    ];
    const result = await command.run();
    expect(lab.plans).toMatchObject([
      {
        title: 'HAKMEM_TINY_CLASS_STATS_COMPILED 0 → 1 (random_mixed:tiny)',
        baseline: {
          target: 'engine',
          flags: { HAKMEM_TINY_CLASS_STATS_COMPILED: '0' },
          env: {},
          preset: null,
        },
        treatment: {
          target: 'engine',
          flags: { HAKMEM_TINY_CLASS_STATS_COMPILED: '1' },
          env: {},
          preset: null,
        },
        work: { workload: 'random_mixed', profile: 'tiny', seed: 12345 },
        threshold: 1,
        rule: 'interval',
        looks: [12, 24, 36],
        replay: null,
      },
    ]);
    expect(result?.id).toMatch(/^ab-\d{8}-\d{6}-[0-9a-f]{4}$/);
    expect(lab.records.get('/project')).toMatchObject([
      { v: 1, kind: 'experiment', experiment: { id: result?.id } },
    ]);
    expect(lab.shown).toEqual([[{ tab: 'experiments', id: result?.id }, '/project']]);
    expect(lab.documents).toEqual([['/project', result?.id]]);
    expect(h.state.progress.map((p) => p.increment)).toEqual([25, 25]);
    await vi.waitFor(() => expect(h.state.executed.map((e) => e[0])).toEqual(['markdown.showPreview']));
    expect(h.state.messages).toEqual([
      'information: HAKMEM_TINY_CLASS_STATS_COMPILED 0 → 1 (random_mixed:tiny): GO +1.07% [+0.95, +1.19]',
    ]);
  });

  it('changes a flag of the speed build from the value that it has there', async () => {
    const { h, lab, command } = setUp();
    h.state.answers = [
      pick('Compile flag of the speed build'),
      pick('HAKMEM_FRONT_FASTLANE_COMPILED'),
      pick('random_mixed: tiny'),
      pick('±1%'),
    ];
    await command.run();
    expect(lab.plans).toMatchObject([
      {
        title: 'HAKMEM_FRONT_FASTLANE_COMPILED 0 → 1 in fast (random_mixed:tiny)',
        baseline: { variant: 'fast', flags: { HAKMEM_FRONT_FASTLANE_COMPILED: '0' } },
        treatment: { variant: 'fast', flags: { HAKMEM_FRONT_FASTLANE_COMPILED: '1' } },
      },
    ]);
  });

  it('names a machine that is too noisy in its last message', async () => {
    const note = 'too noisy: σ is 2.10%, at most 1.5% is usable; inside a container';
    const { h, command } = setUp({ result: { gates: [{ name: 'machine', passed: false, note }] } });
    h.state.answers = [pick('Variant'), pick('standard'), pick('fast'), pick('pc'), pick('±2%')];
    await command.run();
    await vi.waitFor(() => expect(h.state.messages).toHaveLength(1));
    expect(h.state.messages[0]).toMatch(
      /^warning: .*; the machine is too noisy: σ is 2\.10%, at most 1\.5% is usable$/,
    );
  });

  it('takes a value for a flag that is not a switch, and says what is wrong with one', async () => {
    const { h, lab, command } = setUp();
    h.state.answers = [pick('Compile flag'), pick('WARM_POOL_PREFILL_BUDGET'), '2'];
    expect(await command.run()).toBeUndefined();
    expect(h.state.validations[0]).toMatch(/is 2 by default/);
    h.state.answers = [
      pick('Compile flag'),
      pick('WARM_POOL_PREFILL_BUDGET'),
      '4',
      pick('larson'),
      pick('±0.5%'),
    ];
    await command.run();
    expect(lab.plans).toMatchObject([
      {
        baseline: { flags: { WARM_POOL_PREFILL_BUDGET: '2' } },
        treatment: { flags: { WARM_POOL_PREFILL_BUDGET: '4' } },
        work: { workload: 'larson' },
      },
    ]);
  });

  it.each([
    ['default → 0', undefined, {}, { HAKMEM_FRONT_FASTLANE: '0' }],
    ['Other', '8 16', { HAKMEM_FRONT_FASTLANE: '8' }, { HAKMEM_FRONT_FASTLANE: '16' }],
  ])('compares a gate %s', async (values, typed, baseline, treatment) => {
    const { h, lab, command } = setUp();
    h.state.answers = [
      pick('Environment gate'),
      pick('HAKMEM_FRONT_FASTLANE'),
      pick(values),
      ...(typed === undefined ? [] : [typed]),
      pick('random_mixed: mixed'),
      pick('Other'),
      '0.75%',
    ];
    await command.run();
    expect(lab.plans).toMatchObject([
      {
        baseline: { variant: 'standard', env: baseline },
        treatment: { variant: 'standard', env: treatment },
        threshold: 0.75,
      },
    ]);
  });

  it('compares presets and variants, never one with itself', async () => {
    const { h, lab, command } = setUp();
    h.state.answers = [
      pick('Preset'),
      pick('MIXED_TINYV3_C7_SAFE'),
      pick('FAST_V3'),
      pick('random_mixed: mixed'),
      pick('±2%'),
    ];
    await command.run();
    expect(JSON.stringify(h.state.picks[2])).not.toContain('MIXED_TINYV3_C7_SAFE');
    h.state.answers = [pick('Variant'), pick('standard'), pick('fast'), pick('pc'), pick('±2%')];
    await command.run();
    expect(lab.plans).toMatchObject([
      {
        title: 'preset MIXED_TINYV3_C7_SAFE → FAST_V3 (random_mixed:mixed)',
        baseline: { preset: 'MIXED_TINYV3_C7_SAFE', variant: 'standard' },
        treatment: { preset: 'FAST_V3', variant: 'fast' },
      },
      { baseline: { variant: 'standard', preset: null }, treatment: { variant: 'fast', preset: null } },
    ]);
  });

  it('replays an experiment of the documents without further questions', async () => {
    const { h, lab, command } = setUp();
    h.state.settings['experiment.maxProcesses'] = 8;
    h.state.answers = [pick('Replay'), pick('phase-25')];
    const result = await command.run();
    expect(h.state.picks).toHaveLength(2);
    expect(lab.replayed).toEqual([[result?.id, 8, '/project']]);
    expect(result?.id).toMatch(/^phase-25-/);
    expect(lab.records.get('/project')).toMatchObject([
      { kind: 'experiment', experiment: { id: result?.id } },
    ]);
  });

  it('takes no more processes than the settings allow', async () => {
    const { h, lab, command } = setUp();
    h.state.settings['experiment.maxProcesses'] = 24;
    h.state.answers = [pick('Variant'), pick('standard'), pick('fast'), pick('pc'), pick('±2%')];
    await command.run();
    expect(lab.plans[0]?.looks).toEqual([12, 24]);
  });

  it.each([1, 2, 3, 4])('dismissed at question %i measures nothing', async (at) => {
    const { h, lab, command } = setUp();
    const answers = [pick('Variant'), pick('standard'), pick('fast'), pick('pc')];
    h.state.answers = answers.slice(0, at - 1);
    expect(await command.run()).toBeUndefined();
    expect(lab.plans).toEqual([]);
    expect(lab.records.size).toBe(0);
  });

  const variantAnswers = () => [pick('Variant'), pick('standard'), pick('fast'), pick('pc'), pick('±2%')];

  it('cancelled leaves the ledger as it was, writes nothing and says nothing', async () => {
    const { h, lab, command } = setUp({
      during: ({ signal }) => {
        h.state.cancel.fire();
        if (signal?.aborted === true) throw new Error('aborted');
      },
    });
    h.state.answers = variantAnswers();
    expect(await command.run()).toBeUndefined();
    expect(lab.plans).toHaveLength(1);
    expect(lab.records.size).toBe(0);
    expect(lab.documents).toEqual([]);
    expect(lab.shown).toEqual([]);
    expect(h.state.messages).toEqual([]);
  });

  it('runs alone: a second measurement is refused before it asks anything', async () => {
    let finish = (): void => {};
    const { h, command, soak } = setUp({
      during: () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    });
    h.state.answers = variantAnswers();
    const first = command.run();
    await vi.waitFor(() => expect(h.state.answers).toEqual([]));
    const asked = h.state.picks.length;
    await expect(command.run()).rejects.toThrow('An experiment is already running');
    await expect(soak.run()).rejects.toThrow('An experiment is already running');
    expect(h.state.picks).toHaveLength(asked);
    finish();
    expect(await first).toBeDefined();
  });

  it('runs nothing in a workspace that is not trusted', async () => {
    const { h, lab, command, soak } = setUp();
    h.state.trusted = false;
    h.state.answers = variantAnswers();
    await expect(command.run()).rejects.toThrow(/trusted workspace/);
    await expect(soak.run()).rejects.toThrow(/trusted workspace/);
    expect([lab.plans, lab.soaks, h.state.picks]).toEqual([[], [], []]);
  });

  it('says that a folder on disk is needed', async () => {
    const { h, lab, command } = setUp();
    h.state.folders = [];
    h.state.answers = variantAnswers();
    await expect(command.run()).rejects.toThrow(/open a folder on disk/);
    h.state.folders = [{ uri: mocked.Uri.from({ scheme: 'vscode-vfs', path: '/project' }), name: 'remote' }];
    await expect(command.run()).rejects.toThrow(/open a folder on disk/);
    expect(lab.plans).toEqual([]);
  });

  it('shows a result that could not be written, and why', async () => {
    const { h, lab, command } = setUp({
      append: async () => {
        throw new Error('the disk is full');
      },
    });
    h.state.answers = variantAnswers();
    const result = await command.run();
    const { records, problems } = lab.ledger.contents(real.uri(mocked.Uri.file('/project')));
    expect(records).toMatchObject([{ kind: 'experiment', experiment: { id: result?.id } }]);
    expect(problems).toEqual([expect.stringContaining('the disk is full')]);
    expect(h.state.messages[0]).toMatch(/^error: .*the disk is full/);
    expect(lab.shown).toHaveLength(1);
  });

  it('keeps a result whose document could not be written', async () => {
    const { h, lab, command } = setUp({
      writeDocuments: async () => {
        throw new Error('docs is a file');
      },
    });
    h.state.answers = variantAnswers();
    await command.run();
    expect(lab.records.get('/project')).toHaveLength(1);
    await vi.waitFor(() => expect(h.state.messages).toHaveLength(1));
    expect(h.state.messages[0]).toMatch(/^warning: .*GO \+1\.07%.*No document was written: docs is a file/);
  });
});

describe('Calibrate Noise', () => {
  it('measures a build against itself on a workload, keeps that in the ledger and says what it is', async () => {
    const { h, lab, command } = setUp();
    h.state.answers = [pick('standard'), pick('random_mixed: tiny')];
    const result = await command.calibrate();
    expect(lab.calibrated).toMatchObject([
      {
        baseline: { target: 'engine', variant: 'standard', flags: {}, env: {} },
        treatment: { target: 'engine', variant: 'standard', flags: {}, env: {} },
        work: { workload: 'random_mixed', profile: 'tiny' },
      },
    ]);
    expect(lab.records.get('/project')).toEqual([
      { v: 1, kind: 'calibration', at: result?.at, calibration: result },
    ]);
    expect(h.state.messages).toEqual([
      'information: Noise of standard, random_mixed:tiny: passed: σ 0.31%, bias +0.02% [-0.10, +0.14], 24 units',
    ]);
  });

  it('warns where identical code looked different', async () => {
    const { h, command } = setUp({ calibration: { passed: false, biasPercent: -0.6 } });
    h.state.answers = [pick('fast'), pick('larson')];
    await command.calibrate();
    expect(h.state.messages).toEqual([expect.stringMatching(/^warning: .*did not pass.*quieten/)]);
  });

  it('cancelled or dismissed keeps nothing, and it runs alone and in trusted workspaces only', async () => {
    const { h, lab, command } = setUp({
      during: ({ signal }) => {
        h.state.cancel.fire();
        if (signal?.aborted === true) throw new Error('aborted');
      },
    });
    h.state.answers = [pick('fast')];
    expect(await command.calibrate()).toBeUndefined();
    expect(lab.calibrated).toEqual([]);
    h.state.answers = [pick('fast'), pick('larson')];
    expect(await command.calibrate()).toBeUndefined();
    expect(lab.records.size).toBe(0);
    h.state.trusted = false;
    await expect(command.calibrate()).rejects.toThrow(/trusted workspace/);
  });
});

describe('Write Results Documents', () => {
  it('writes all of them and says where', async () => {
    const { h, lab, command } = setUp({
      writeDocuments: async () => ['/project/docs/a.md', '/project/docs/b.md'],
    });
    await command.writeDocuments();
    expect(lab.documents).toEqual([['/project', null]]);
    expect(h.state.messages).toEqual(['information: 2 documents were written to docs.']);
  });

  it('says that there is nothing to write about', async () => {
    const { command } = setUp({ writeDocuments: async () => [] });
    await expect(command.writeDocuments()).rejects.toThrow(/run an experiment first/);
  });
});

describe('Run Soak', () => {
  it('asks for workload and minutes, runs speed first against balanced, and opens the result', async () => {
    const { h, lab, soak } = setUp();
    h.state.answers = [pick('random_mixed: mixed'), pick('Other'), '2.5'];
    const result = await soak.run();
    expect(lab.soaks).toMatchObject([
      {
        minutes: 2.5,
        work: { workload: 'random_mixed', profile: 'mixed' },
        baseline: { preset: 'MIXED_TINYV3_C7_SAFE' },
        treatment: { preset: 'MIXED_TINYV3_C7_BALANCED' },
      },
    ]);
    expect(lab.records.get('/project')).toMatchObject([{ v: 1, kind: 'soak', soak: { id: result?.id } }]);
    expect(lab.shown).toEqual([[{ tab: 'soak', id: result?.id }, '/project']]);
    expect(h.state.messages).toEqual([
      'information: random_mixed:mixed: soak failed after 2.5 minutes: cv of engine standard, balanced',
    ]);
  });

  it('cancelled says how it can go on, and adds nothing to the ledger', async () => {
    const { h, lab, soak } = setUp({ soakCancelled: true });
    h.state.answers = [pick('random_mixed: mixed'), pick('1 minute')];
    expect(await soak.run()).toBeUndefined();
    expect(lab.records.size).toBe(0);
    expect(lab.shown).toEqual([]);
    expect(h.state.messages).toEqual([
      expect.stringMatching(/cancelled\. It can go on: alloc-lens soak --resume \/project\/.*\.csv$/),
    ]);
  });

  it.each(['0', 'x', '2000', ''])('takes no %j minutes', async (typed) => {
    const { h, lab, soak } = setUp();
    h.state.answers = [pick('random_mixed: mixed'), pick('Other'), typed];
    expect(await soak.run()).toBeUndefined();
    expect(h.state.validations).toEqual([expect.stringMatching(/0\.1 to 1440/)]);
    expect(lab.soaks).toEqual([]);
  });
});
