/** Estimates from costs say in every text what they rest on. */
import { expect, it } from 'vitest';
import { buildReport } from '../../../extension/report/build.ts';
import { renderMarkdown } from '../../../extension/report/markdown.ts';
import { estimateNote } from '../../../extension/report/text-costs.ts';
import { findingsText } from '../../../extension/report/text-findings.ts';
import { candidate, findings } from './fixtures.ts';

const estimated = candidate({
  estimate: {
    ...{ instructionsPerOp: -1, branchesPerOp: 0, throughputPercent: 4.4 },
    throughputSource: 'estimate, C, gcc 12.2.0 on this machine',
  },
});
const note =
  'Throughput is an estimate, C, gcc 12.2.0 on this machine, for a place that runs once for each malloc and free pair.';

it('estimates come with their source, once', () => {
  expect(estimateNote([estimated, estimated, candidate()])).toBe(note);
  expect(estimateNote([candidate()])).toBe('');
});

it('the text and the Markdown of an analysis have it, where there is one', () => {
  const markdown = (f: ReturnType<typeof findings>): string =>
    renderMarkdown(
      buildReport({ title: 't', createdAt: new Date(0).toISOString(), findings: f, profile: null, runs: [] }),
    );
  const known = findings({ candidates: [estimated] });
  const unknown = findings({ candidates: [candidate()] });
  expect(findingsText(known)).toContain(note);
  expect(markdown(known)).toContain(note);
  expect(findingsText(unknown)).not.toContain('Throughput is');
  expect(markdown(unknown)).not.toContain('Throughput is');
});
