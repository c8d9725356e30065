/**
 * Line self percentages against `perf annotate` on the same recording: random_mixed over mimalloc 2.0.9, built from
 * Debian's source. Real compiler, real perf; skipped, with a line that says so, only where they are not installed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Comparison, compareWithAnnotate, recordMixed } from '../../bench/perf-annotate.ts';
import { debugMimalloc } from '../../scripts/mimalloc.ts';

const missing = ['perf', 'cc', 'cmake', 'objdump'].filter(
  (tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).status !== 0,
);
if (missing.length > 0) console.log(`skipped: ${missing.join(', ')} not installed (perf annotate's lines)`);

describe.skipIf(missing.length > 0)('mimalloc 2.0.9 under random_mixed, beside perf annotate', () => {
  let folder = '';
  let found: Comparison | null = null;

  beforeAll(async () => {
    const library = await debugMimalloc((line) => console.log(line));
    folder = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-annotate-'));
    const data = path.join(folder, 'perf.data');
    await recordMixed(library, data, 40);
    found = await compareWithAnnotate(data);
  }, 900_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('there is enough to compare', () => {
    expect(found?.samples).toBeGreaterThan(5000);
    expect(found?.lines.filter((l) => l.perf > 1).length).toBeGreaterThanOrEqual(5);
    expect(found?.lines.some((l) => l.line.startsWith('alloc.c:') && l.perf > 1)).toBe(true);
  });

  it('every line above 1% agrees within one point, with the instructions and with the summary', () => {
    const heavy = found?.lines.filter((l) => Math.max(l.ours, l.perf, l.summary) > 1) ?? [];
    expect(heavy.filter((l) => Math.abs(l.ours - l.perf) > 1)).toEqual([]);
    expect(heavy.filter((l) => Math.abs(l.ours - l.summary) > 1)).toEqual([]);
  });

  it('every instruction that perf gives a line is on that line here', () => {
    expect(found?.elsewhere).toEqual([]);
  });

  it('functions sum to 100, hot lines have instructions, inlined functions are told from their callers', () => {
    const profile = found?.profile;
    const sum = profile?.functions.reduce((s, f) => s + f.selfPercent, 0) ?? 0;
    expect(sum).toBeCloseTo(100, 6);
    const hot = profile?.lines.filter((l) => l.percent > 1 && /mimalloc/.test(l.file)) ?? [];
    expect(hot.length).toBeGreaterThan(0);
    for (const line of hot) {
      expect(line.instructions?.length).toBeGreaterThan(0);
      const shown = line.instructions?.reduce((s, i) => s + i.percent, 0) ?? 0;
      expect(shown).toBeLessThanOrEqual(line.percent + 1e-6);
    }
    expect(profile?.lines.some((l) => (l.callSitePercent ?? 0) > 1)).toBe(true);
  });
});
