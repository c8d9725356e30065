import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { blocksOf, inventedScript, writeScript } from '../../../bench/import-text.ts';
import { importRecording } from '../../../extension/profile/import/detect.ts';

const recorded = `t 558 35346.723412:    1001001 cpu-clock:
\t            11b5 work+0x25 (/tmp/t)
\t            1072 main+0x22 (/tmp/t)

t 559 35346.724471:    1001001 cpu-clock:
\tffffffff81000130 entry_SYSCALL_64_after_hwframe+0x76 ([kernel.kallsyms])

`;

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

test('the text of a benchmark has as many samples as asked for, each with its own time, and all recorded stacks', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'alloc-lens-text-'));
  try {
    const file = path.join(folder, 'x.txt');
    const blocks = blocksOf(recorded);
    expect(blocks).toHaveLength(2);
    const bytes = writeScript(file, blocks, 2000);
    const text = readFileSync(file);
    expect(text.length).toBe(bytes);
    expect(new Set(text.toString().match(/\d+\.\d{6}(?=:)/g)).size).toBe(2000);
    const raw = await importRecording(once(text), '', { event: null, thread: null });
    expect(raw.event.samples).toBe(2000);
    expect(raw.skipped).toBeNull();
    expect(raw.threads).toHaveLength(2);
    expect(new Set(raw.frames.map((f) => f.name))).toEqual(
      new Set(['main', 'work', 'entry_SYSCALL_64_after_hwframe']),
    );
    const work = raw.frames.filter((f) => f.name === 'work').map((f) => f.address ?? 0);
    expect(work.length).toBeGreaterThan(20);
    expect(Math.min(...work)).toBeGreaterThanOrEqual(0x11b5);
    expect(Math.max(...work)).toBeLessThan(0x11b5 + 32);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('without perf there are invented stacks', () => {
  expect(blocksOf(inventedScript())).toHaveLength(300);
});
