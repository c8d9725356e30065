import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type Cell,
  cellName,
  cells,
  cellText,
  misuseKinds,
  outcomes,
  tryCell,
} from '../../../bench/fuzz/misuse.ts';
import { loadModule, moduleOf } from '../../../bench/fuzz/session.ts';
import { compileCached } from '../../../engine/host/compile.ts';
import { flagsOf, variants } from '../../../engine/host/variants.ts';
import { builtVariants, dist, root } from './engine.ts';

const attempts = 300;

/** Frees by the block's own thread. */
const frees = cells.filter((c) => c.operation === 'free' && !c.remote);

/** What every variant has to see; `fast` knows no more than the block freed last. */
const seenByAll = frees.filter((c) => misuseKinds.indexOf(c.kind) < 5);

/** How the engine answered, all attempts alike: an outcome, or what it was at times. */
function answer(variant: string, cell: Cell): string {
  const result = tryCell(loadModule(dist, variant), cell, attempts);
  const [outcome] = outcomes.filter((o) => result.counts[o] === attempts);
  return outcome ?? `${cellText(result)}: ${result.example}`;
}

describe('misuse is reported with address and class', () => {
  for (const variant of builtVariants) {
    for (const cell of variant.startsWith('fast') ? seenByAll : frees) {
      it(`${variant}: ${cellName(cell)}`, () => {
        expect(answer(variant, cell)).toBe(cell.kind === 'null' ? 'harmless' : 'reported');
      });
    }
  }

  for (const variant of ['standard', 'research']) {
    it(`${variant}: realloc, usable_size and other threads' frees leave nothing undefined`, () => {
      const rest = cells.filter((c) => !frees.includes(c));
      const bad = rest
        .map((cell) => `${cellName(cell)}: ${answer(variant, cell)}`)
        .filter((text) => !/: (reported|harmless)$/.test(text));
      expect(bad).toEqual([]);
    });
  }
});

describe('the table', () => {
  it('has every kind of misuse for free, and by another thread', () => {
    expect(frees.map((c) => c.kind)).toEqual([...misuseKinds]);
    expect(cells.filter((c) => c.remote).length).toBe(misuseKinds.length - 1);
    expect(new Set(cells.map(cellName)).size).toBe(cells.length);
  });

  it('calls a heap that goes wrong undefined, though nothing was reported', async () => {
    const fast = variants.find((v) => v.name === 'fast');
    if (fast === undefined) throw new Error('no variant fast');
    const flags = flagsOf(fast, { ENGINE_TEST_DOUBLE_HANDOUT: 1 });
    const { file } = await compileCached(root, path.join(dist, 'engine-cache'), fast, flags);
    const [harmless] = frees;
    if (harmless === undefined) throw new Error('no cells');
    const { counts, example } = tryCell(moduleOf('fast', readFileSync(file)), harmless, 1000);
    expect(counts.undefined).toBeGreaterThan(0);
    expect(example).toContain('overlaps memory that is handed out');
  });
});
