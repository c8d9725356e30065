/** The replays against the engine: every setting exists, every name of the issue is there, the audit is the source's. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileSettings } from '../../../engine/host/flavours.ts';
import { presetByName, presets } from '../../../engine/host/presets.ts';
import { envGates, flagsOf, readsEnvironment, variants } from '../../../engine/host/variants.ts';
import { documentFigures, type Replay } from '../../../extension/experiment/replay.ts';
import {
  otherDisagreements,
  replayNamed,
  replayPlan,
  replays,
  workOf,
} from '../../../extension/experiment/replays.ts';
import { gatesAmong } from '../../../extension/experiment/tables/top-rule.ts';
import type { ExperimentPlan, SideSpec } from '../../../extension/model-experiment.ts';
import { replaysMarkdown } from '../../../extension/report/replays-markdown.ts';

const root = path.resolve(import.meta.dirname, '../../..');

const plan = (replay: Replay): ExperimentPlan =>
  replayPlan(replay, (name) => presetByName(name).variant, {
    ...{ id: 'x', rule: 'interval', looks: [12], threshold: null, work: null },
  });

/** A side as the engine would build it. */
function built(side: SideSpec) {
  const preset = side.preset === null ? null : presetByName(side.preset);
  const variant = variants.find((v) => v.name === side.variant);
  if (variant === undefined) throw new Error(`no variant ${side.variant}`);
  const flags = flagsOf(variant, compileSettings({ ...preset?.flags, ...side.flags }));
  return { flags, env: { ...preset?.env, ...side.env } };
}

const pairs = replays.filter((r) => r.kind === 'pair');

describe('replays', () => {
  it('are those of the issue', () => {
    const letters = ['a', 'b', 'c', 'd', 'e'].map((l) => `phase-19${l}`);
    const numbers = [24, 25, 26, 27, 28, 29, 42, 56, 59, 60, 64].map((n) => `phase-${n}`);
    const hygiene = [1, 2, 3, 4, 5].map((n) => `hygiene-${n}`);
    expect(replays.map((r) => r.name)).toEqual([...letters, ...numbers, ...hygiene]);
    expect(() => replayNamed('phase-57')).toThrow(
      /'phase-57' is no experiment of the documents: they have phase-19a/,
    );
  });

  it.each(pairs.map((replay) => [replay.name, replay] as const))(
    '%s has settings that the engine has',
    (_, replay) => {
      const { baseline, treatment } = plan(replay);
      for (const side of [baseline, treatment]) {
        expect(side.target).toBe('engine');
        const { flags, env } = built(side);
        for (const gate of Object.keys(env)) expect(envGates).toContain(gate);
        if (Object.keys(env).length > 0) expect(readsEnvironment(flags)).toBe(true);
      }
      expect(built(baseline)).not.toEqual(built(treatment));
    },
  );

  it.each(pairs.map((replay) => [replay.name, replay] as const))(
    '%s differs in what its title is about only',
    (name, replay) => {
      const { baseline, treatment } = plan(replay);
      const [a, b] = [built(baseline), built(treatment)];
      const changed = [
        ...Object.keys(a.flags).filter((k) => a.flags[k] !== b.flags[k]),
        ...[...new Set([...Object.keys(a.env), ...Object.keys(b.env)])].filter((k) => a.env[k] !== b.env[k]),
      ];
      const more: Record<string, number> = { 'phase-26': 5, 'phase-56': 4, 'phase-64': 2 };
      expect(changed.length, changed.join(' ')).toBe(more[name] ?? 1);
    },
  );

  it.each(['phase-24', 'phase-25', 'phase-26', 'phase-27', 'phase-29'])(
    '%s: the baseline is the compiled-in side',
    (name) => {
      const { baseline, treatment } = plan(replayNamed(name));
      expect(Object.keys(treatment.flags)).toEqual([]);
      expect(Object.keys(baseline.flags).length).toBeGreaterThan(0);
      for (const [flag, value] of Object.entries(baseline.flags)) {
        expect(flag).toMatch(/_COMPILED$/);
        expect(value).toBe('1');
      }
    },
  );

  it('phase-64: the baseline is the old build, the threshold 2%', () => {
    const { baseline, treatment, threshold } = plan(replayNamed('phase-64'));
    expect(baseline.flags).not.toHaveProperty('HAKMEM_FAST_PROFILE_PRUNE_BACKENDS');
    expect(treatment.flags).toHaveProperty('HAKMEM_FAST_PROFILE_PRUNE_BACKENDS', '1');
    expect(threshold).toBe(2);
  });

  it('have the work of their documents', () => {
    expect(workOf(replayNamed('hygiene-2'))).toMatchObject({
      ...{ workload: 'random_mixed', iterations: 1_000_000, workingSet: 256, min: 16, max: 1024 },
    });
    expect(workOf(replayNamed('phase-42'))).toMatchObject({ iterations: 20_000_000, workingSet: 400 });
    expect(workOf(replayNamed('phase-19a'))).toMatchObject({ iterations: null, workingSet: null });
    expect(replayNamed('hygiene-1').runs).toBe(3);
    expect(replayNamed('phase-64').runs).toBe(10);
  });

  it('phase-56 compares the presets, phase-59 the engine with mimalloc', () => {
    const presetsOf = (name: string) => [plan(replayNamed(name)).baseline, plan(replayNamed(name)).treatment];
    const [safe, balanced] = presetsOf('phase-56').map((s) => s.preset);
    expect([safe, balanced]).toEqual(['MIXED_TINYV3_C7_SAFE', 'MIXED_TINYV3_C7_BALANCED']);
    const [mimalloc, engine] = presetsOf('phase-59');
    expect(mimalloc).toMatchObject({ target: 'mimalloc', variant: 'native' });
    expect(presets.map((p) => p.name)).toContain(engine?.preset);
  });
});

describe('the gates of Phase 42', () => {
  it('are all gate functions of the engine that the documents name', () => {
    const names = JSON.parse(readFileSync(path.join(root, 'test/fixtures/engine-names.json'), 'utf8')) as {
      readonly gateFunctions: Readonly<Record<string, string>>;
    };
    const functions = Object.keys(names.gateFunctions);
    expect(functions.length).toBeGreaterThan(20);
    expect(gatesAmong(functions)).toEqual([...functions].sort());
  });
});

describe('the audit of Phase 28', () => {
  const audit = replayNamed('phase-28').audit ?? [];

  it("is every atomic operation of the engine's queue, function by function and in order", () => {
    const source = readFileSync(path.join(root, 'engine/allocator/tiny_bg_spill.ts'), 'utf8');
    const written: string[] = [];
    let name = '';
    for (const line of source.split('\n')) {
      name = /function (\w+)\(/.exec(line)?.[1] ?? name;
      for (const [, operation, variable] of line.matchAll(/atomic\.(\w+)<\w+>\((\w+)/g)) {
        written.push(`${name} ${operation} ${variable}`);
      }
    }
    expect(audit.map((o) => `${o.function} ${o.operation} ${o.variable}`)).toEqual(written);
    expect(audit.every((o) => o.file === 'engine/allocator/tiny_bg_spill.ts')).toBe(true);
  });

  it('is 8/8 correctness, as the document has it', () => {
    expect(audit.filter((o) => o.class === 'correctness')).toHaveLength(8);
    expect(audit).toHaveLength(8);
    expect(replayNamed('phase-28').figures.baseline.label).toContain('8/8 correctness');
  });
});

describe('document figures', () => {
  it('say what differs and what disagrees, and list printed runs', () => {
    const figures = documentFigures(replayNamed('phase-64'));
    expect(figures).toMatchObject({
      replay: 'phase-64',
      verdict: 'NO-GO',
      effectPercent: -4.05,
      threshold: 2,
    });
    expect(figures.baseline?.runs).toBe(10);
    expect(figures.baseline?.listed).toHaveLength(10);
    expect(figures.notes.length).toBe(7);
    expect(documentFigures(replayNamed('phase-24')).baseline).toMatchObject({ runs: null, mean: 57.3e6 });
  });

  it('never claim a verdict that its document does not print', () => {
    const printed = replays.filter((r) => r.figures.verdict !== null).map((r) => r.name);
    const phases = [24, 25, 26, 27, 28, 29, 42, 60, 64].map((n) => `phase-${n}`);
    expect(printed).toEqual(phases);
  });
});

describe('docs/replays.md', () => {
  it('is made from the data: npm run docs:replays', () => {
    const page = readFileSync(path.join(root, 'docs/replays.md'), 'utf8');
    expect(page).toBe(replaysMarkdown(replays, otherDisagreements));
  });
});
