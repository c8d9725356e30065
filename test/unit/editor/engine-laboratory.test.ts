/** What the palette's laboratory offers of the documents, without timing anything. */
import { describe, expect, it } from 'vitest';
import { engineLaboratory } from '../../../extension/editor/engine-laboratory.ts';
import { replays } from '../../../extension/experiment/replays.ts';
import { UserError } from '../../../extension/model.ts';
import { schemaProblems } from '../cli/run-cli.ts';
import { dist } from '../engine/engine.ts';

const laboratory = engineLaboratory({ distDir: dist, folder: null });
const replay = (name: string) => {
  const found = laboratory.replays.find((r) => r.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};

describe('the laboratory of the palette', () => {
  it('offers every experiment of the documents that the command line knows', () => {
    expect(laboratory.replays.map((r) => r.name)).toEqual(replays.map((r) => r.name));
    for (const name of ['phase-28', 'phase-42', 'phase-59', 'hygiene-1', 'hygiene-5']) {
      expect(replay(name).about.length).toBeGreaterThan(5);
    }
  });

  it('phase-28 is decided by reading, with the document beside it', async () => {
    const e = await replay('phase-28').run('id', 6, '/nowhere', {});
    expect(e).toMatchObject({ id: 'id', replay: 'phase-28', verdict: 'NO-OP', processes: 0 });
    expect(e.audit).toHaveLength(8);
    expect(e.document?.replay).toBe('phase-28');
    expect(e.pruned).toBeDefined();
    expect(schemaProblems('experiment', JSON.parse(JSON.stringify(e)))).toEqual([]);
  });

  it('phase-59 says what it needs: processes enough, and the allocator', async () => {
    const few = replay('phase-59').run('id', 6, '/nowhere', {});
    await expect(few).rejects.toThrow(/at least 24 processes, not 6/);
    const none = replay('phase-59').run('id', 36, '/nowhere', {});
    await expect(none).rejects.toThrow(UserError);
    await expect(replay('phase-59').run('id', 36, '/nowhere', {})).rejects.toThrow(
      /mimalloc is no target of this workspace and no allocator/,
    );
  });
});
