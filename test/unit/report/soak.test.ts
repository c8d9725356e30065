import { describe, expect, it } from 'vitest';
import { analyzeSoak } from '../../../extension/experiment/soak.ts';
import { soakMarkdown } from '../../../extension/report/markdown-soak.ts';
import { soakText, sparkline } from '../../../extension/report/text-soak.ts';
import { outcome, plan, rows } from '../experiment/soak-support.ts';

const leaking = analyzeSoak(
  outcome({
    rows: rows(10, (index, side) =>
      side === 'treatment' ? { residentBytes: 1e7 + 2e6 * index, p999: 40 + index } : {},
    ),
  }),
);

describe('a soak as text', () => {
  it('draws figures from the lowest to the highest', () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7])).toBe('▁▂▃▄▅▆▇█');
    expect(sparkline([5, 5, 5])).toBe('▅▅▅');
    expect(sparkline([0, 0, 10, 10], 2)).toBe('▁█');
    expect(sparkline([1, 2], 60, [0, 8])).toBe('▂▃');
    expect(sparkline(Array.from({ length: 300_000 }, (_, i) => i))).toHaveLength(60);
    expect(sparkline([])).toBe('');
  });

  it('shows both sides, what is broken, and charts on one scale', () => {
    const text = soakText(leaking);
    const lines = text.split('\n');
    expect(lines[0]).toBe('random_mixed, 1 minute, two sides in turns, 10 epochs a side of 3 s');
    expect(lines.slice(1, 3)).toEqual(['baseline:  engine A', 'treatment: engine B']);
    const line = (start: string) => lines.find((l) => l.startsWith(start))?.replace(/ {2,}/g, '  ');
    expect(line('throughput, mean')).toBe('throughput, mean of epochs  1.00 M ops/s  1.00 M ops/s');
    // Warm-up 2 of 10; of the other 8 a fifth is one: 14 MB and 28 MB.
    expect(line('memory drift  ')).toBe('memory drift  0% (0 B)  +100% (+13.4 MiB)');
    expect(line('memory drift at')).toBe('memory drift at most 1.00%  0.00%, kept  100.00%, BROKEN');
    expect(line('system calls an operation at')).toBe(
      'system calls an operation at most 1.00e-4  0, kept  0, kept',
    );
    expect(line('worst p99.9')).toBe('worst p99.9 of an epoch  40.00 ns (epoch 1)  49.00 ns (epoch 10)');
    const memory = lines.findIndex((l) => l.startsWith('Resident memory '));
    expect(lines.slice(memory + 1, memory + 3)).toEqual([
      `baseline   ${'▁'.repeat(10)}`,
      'treatment  ▁▁▂▃▄▅▆▇██',
    ]);
    expect(text).toContain('\n1 budget broken\n');
  });

  it('shows what is missing as missing', () => {
    const text = soakText(analyzeSoak(outcome({ rows: [], cancelled: true })));
    expect(text).toContain('0 of 10 epochs a side');
    expect(text).toContain('6 budgets not measured, none broken');
    expect(text).not.toMatch(/NaN|undefined|Infinity|null/);
  });

  it('names hostile in a plan reach no terminal and no markup', () => {
    const bad = {
      ...plan,
      work: { ...plan.work, workload: 'trace' as const, trace: { file: 'x\u001b[2J|<b>', flatten: true } },
    };
    const summary = analyzeSoak(
      outcome({ plan: bad, labels: { baseline: '\u001b]0;x\u0007', treatment: '`<i>`' } }),
    );
    expect(soakText(summary)).not.toContain('\u001b');
    const markdown = soakMarkdown(summary, 'x.csv');
    expect(markdown).not.toContain('\u001b');
    expect(markdown).not.toMatch(/[^\\]<b>/);
  });
});

describe('the results document of a soak', () => {
  it('has figures, budgets, the documents beside them, the machine and every epoch', () => {
    const text = soakMarkdown(leaking, 'soak-test.csv');
    expect(text).toContain('**1 budget broken.**');
    expect(text).toContain('epochs in `soak-test.csv`');
    expect(text).toContain('| memory drift at most 1.00% | 0.00%, kept | 100.00%, BROKEN |');
    expect(text).toContain('| CV | 5.38% | 1.58% |');
    expect(text).toContain('a CPU, 2 cores');
    const epochs = text
      .slice(text.indexOf('## Epochs'))
      .split('\n')
      .filter((l) => /^\| \d/.test(l));
    expect(epochs).toHaveLength(20);
    expect(epochs[1]).toBe('| 1 | treatment | 3.0 s | 1.00 M ops/s | 10.00 | 20.00 | 40.00 | 9.5 MiB | 0 |');
    expect(text.endsWith('\n')).toBe(true);
  });
});
