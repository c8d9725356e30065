/** Writes docs/replays.md from the replays' data. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { otherDisagreements, replays } from '../extension/experiment/replays.ts';
import { replaysMarkdown } from '../extension/report/replays-markdown.ts';

writeFileSync(
  path.resolve(import.meta.dirname, '../docs/replays.md'),
  replaysMarkdown(replays, otherDisagreements),
);
