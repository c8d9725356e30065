import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EngineSources } from '../../../extension/editor/engine-source.ts';
import { Navigation } from '../../../extension/editor/navigation.ts';
import { Report } from '../../../extension/editor/report.ts';
import { ReportPanel, type ReportPanelOptions } from '../../../extension/report/panel.ts';
import * as mocked from '../mocks/vscode.ts';
import { benchResult, engineProfile, findings, site } from './builders.ts';
import { type Harness, harness, real, root } from './harness.ts';
import { experiment } from '../fixtures/experiments.ts';
import { labOf } from './laboratory.ts';

const profile = engineProfile({ malloc: 60, free: 40 });
const dist = real.uri(mocked.Uri.file('/ext/dist'));

/** What the report hands to its panel, and how often it says that something changed. */
function shown(h: Harness): { options: ReportPanelOptions; changes: () => number } {
  const spy = vi.spyOn(ReportPanel, 'show').mockReturnValue({} as ReportPanel);
  const report = new Report(
    h.store,
    new Navigation(h.store, new EngineSources(real.uri(mocked.Uri.file('/ext')), h.store)),
    dist,
    { ledger: labOf(h).ledger, laboratory: labOf(h).laboratory },
  );
  report.show();
  const options = spy.mock.calls[0]?.[0];
  if (options === undefined) throw new Error('no panel was shown');
  let changes = 0;
  options.onDidChange(() => {
    changes += 1;
  });
  return { options, changes: () => changes };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('the report', () => {
  it('is about the project of the active editor, with the loaded profile and all runs', () => {
    const h = harness('x');
    const other = mocked.Uri.file('/other');
    h.store.setFindings(real.uri(other), findings({ root: '/other' }));
    h.store.setFindings(real.uri(root), findings({ atomics: [site()] }));
    h.store.addRun({ result: benchResult(), recordedAt: profile.recordedAt }, profile);
    const model = shown(h).options.model();
    expect(model.title).toBe('Alloc Lens: project');
    expect(model.findings?.atomics).toHaveLength(1);
    expect(model.profile).toBe(profile);
    expect(model.runs).toEqual([benchResult()]);
    expect(model.hotFunctions.map((f) => f.name)).toEqual(['malloc', 'free']);
  });

  it('before anything is known is empty, not absent', () => {
    const h = harness('x');
    expect(shown(h).options.model()).toMatchObject({
      title: 'Alloc Lens',
      findings: null,
      profile: null,
      runs: [],
    });
  });

  it('has what the ledger holds, and follows it', async () => {
    const h = harness('x');
    const lab = labOf(h);
    lab.records.set('/project', [
      { v: 1, kind: 'experiment', at: '2026-11-21T21:00:00.000Z', experiment: experiment() },
    ]);
    const spy = vi.spyOn(ReportPanel, 'show').mockReturnValue({} as ReportPanel);
    const navigation = new Navigation(h.store, new EngineSources(real.uri(mocked.Uri.file('/ext')), h.store));
    const report = new Report(h.store, navigation, dist, lab);
    report.showAt({ tab: 'experiments', id: 'e' }, real.uri(root));
    const [options, place] = spy.mock.calls[0] ?? [];
    if (options === undefined) throw new Error('no panel was shown');
    expect(place).toEqual({ tab: 'experiments', id: 'e' });
    let changes = 0;
    options.onDidChange(() => {
      changes += 1;
    });
    expect(options.model().experiments).toEqual([]);
    await vi.runAllTimersAsync();
    expect(changes).toBe(1);
    const model = options.model();
    expect(model.experiments?.map((e) => e.id)).toEqual([experiment().id]);
    expect(model.cumulative).toHaveLength(1);
    expect(model.documents?.map((d) => d.replay)).toEqual(['phase-25']);
    report.dispose();
  });

  it('follows results once they pause, and not mere progress', async () => {
    const h = harness('x');
    const { changes } = shown(h);
    h.store.setState(real.uri(root), 'running');
    await vi.advanceTimersByTimeAsync(1000);
    expect(changes()).toBe(0);
    for (let i = 0; i < 5; i++) h.store.setFindings(real.uri(root), findings());
    await vi.advanceTimersByTimeAsync(1000);
    expect(changes()).toBe(1);
  });

  it('opens rows in its own project and starts the commands of its buttons', async () => {
    const h = harness('x', findings());
    const { options } = shown(h);
    await options.open({ origin: 'project', file: 'a.c', line: 4 });
    expect(h.state.executed[0]?.[2]).toMatchObject({ selection: { start: { line: 3 } } });
    const actions = ['runBenchmark', 'analyze', 'runExperiment', 'runSoak', 'calibrateCosts'] as const;
    for (const action of [...actions, 'writeDocuments' as const]) options.act(action);
    expect(h.state.executed.slice(1)).toEqual([
      ['allocLens.runBenchmark'],
      ['allocLens.analyzeWorkspace'],
      ['allocLens.runExperiment'],
      ['allocLens.runSoak'],
      ['allocLens.calibrateCosts'],
      ['allocLens.writeDocuments'],
    ]);
  });
});
