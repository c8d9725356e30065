import { existsSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { compileModel, type Mutation, withStops } from '../../../engine/host/model-check/compile.ts';
import { exploreScenario, scenarios, scenariosOf } from '../../../engine/host/model-check/explore.ts';
import { variants } from '../../../engine/host/variants.ts';
import { root } from './engine.ts';

const spillFile = path.join(root, 'engine/allocator/tiny_bg_spill.ts');

const fast = variants.find((v) => v.name === 'fast');
if (fast === undefined) throw new Error('no variant fast');

const [twoThreads, others] = [
  scenarios.filter((s) => s.threads === 2),
  scenarios.filter((s) => s.threads === 3 && s.name.startsWith('remote')),
];

/** What the first scenario to find something says. */
function firstViolation(module: WebAssembly.Module): string | null {
  const more = scenariosOf(module).filter((s) => s.suite !== undefined);
  for (const scenario of [...others, ...more, ...twoThreads]) {
    const { violation } = exploreScenario(module, scenario, 20_000);
    if (violation !== null) return violation;
  }
  return null;
}

describe('withStops', () => {
  it('turns every atomic operation into a stop and leaves the rest', () => {
    const text = 'const a = atomic.load<u32>(x);\natomic.store<i32>(y, atomic.add<u32>(z, 1)); load<u32>(x);';
    expect(withStops('engine/allocator/a.ts', text)).toBe(
      "import { mc_load, mc_store, mc_add } from '../workloads/model_yield'; " +
        'const a = mc_load<u32>(x);\nmc_store<i32>(y, mc_add<u32>(z, 1)); load<u32>(x);',
    );
  });

  it('refuses a mutation of a file that has nothing to mutate', () => {
    expect(() => withStops('engine/allocator/a.ts', 'free(p);', { file: 'a.ts', kind: 'once' })).toThrow(
      'no atomic operation',
    );
  });
});

describe('all interleavings on the engine’s own source', () => {
  let module: WebAssembly.Module;
  beforeAll(async () => {
    module = await compileModel(root, fast);
  });

  for (const scenario of [...twoThreads, ...others]) {
    it(`${scenario.name}: every one is right`, () => {
      const { violation, complete, interleavings, states } = exploreScenario(module, scenario);
      expect(violation).toBeNull();
      expect(complete).toBe(true);
      expect(interleavings).toBeGreaterThan(20n);
      expect(states).toBeGreaterThan(20);
    });
  }

  it.runIf(existsSync(spillFile))('the spill queue: every one is right', () => {
    const spills = scenariosOf(module).filter((s) => s.suite === 'mc_spill');
    expect(spills.length).toBe(2);
    for (const scenario of spills) {
      const { violation, complete } = exploreScenario(module, scenario);
      expect([violation, complete]).toEqual([null, true]);
    }
  });

  it('says when a limit kept it from the end', () => {
    const [first] = scenarios;
    if (first === undefined) throw new Error('no scenario');
    const { complete, states } = exploreScenario(module, first, 30);
    expect([complete, states]).toEqual([false, 30]);
  });
});

describe('deliberate errors', () => {
  const cases: readonly { mutation: Mutation; what: RegExp }[] = [
    {
      mutation: { file: 'remote_target.ts', kind: 'as_store' },
      what: /; schedule: .*cmpxchg/,
    },
    { mutation: { file: 'remote_target.ts', kind: 'once' }, what: /a block was lost; schedule: .*cmpxchg/ },
    {
      mutation: { file: 'lock.ts', kind: 'as_store' },
      what: /an update was lost; schedule: .*cmpxchg/,
    },
  ];
  const spill: typeof cases = (['as_store', 'once'] as const).map((kind) => ({
    mutation: { file: path.basename(spillFile), kind },
    what: /; schedule: .*cmpxchg/,
  }));
  for (const { mutation, what } of [...cases, ...(existsSync(spillFile) ? spill : [])]) {
    it(`${mutation.file}: cmpxchg ${mutation.kind === 'once' ? 'without its retry' : 'as a plain store'} is found`, async () => {
      expect(firstViolation(await compileModel(root, fast, mutation))).toMatch(what);
    });
  }
});
