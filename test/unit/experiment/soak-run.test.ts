import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { withLock } from '../../../extension/experiment/ledger-lock.ts';
import { readSoakFile } from '../../../extension/experiment/soak-journal.ts';
import { beginSoak, continueSoak, type SoakSurroundings } from '../../../extension/experiment/soak-run.ts';
import { UserError } from '../../../extension/model.ts';
import { fakeRunner, machine, plan } from './soak-support.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'alloc-lens-soak-'));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;

/** A plan of its own, so that its file is. */
const freshPlan = () => ({ ...plan, id: `soak-${++count}` });

function around(options: Parameters<typeof fakeRunner>[1] = {}, clock = { now: 1000 }) {
  const runner = fakeRunner(clock, options);
  const surroundings: SoakSurroundings = {
    ...{ runner, machine: () => machine, label: (spec) => JSON.stringify(spec.env) },
    clock: () => clock.now,
  };
  return { runner, clock, surroundings };
}

/** Stops after so many epochs, as a cancel does. */
async function stopped(after: number, p = freshPlan()) {
  const controller = new AbortController();
  const { runner, surroundings } = around({
    fail: (calls) => {
      if (calls < after) return;
      controller.abort();
      throw new DOMException('cancelled', 'AbortError');
    },
  });
  const run = await beginSoak(p, folder, surroundings, { signal: controller.signal });
  return { run, runner };
}

describe('a soak', () => {
  it('lets the sides take turns until the plan is done, each epoch on disk', async () => {
    const { runner, surroundings } = around();
    const progress: [string, number][] = [];
    const { summary, file, worked } = await beginSoak(freshPlan(), folder, surroundings, {
      onProgress: (message, fraction) => void progress.push([message, fraction]),
    });
    const turns = Array.from({ length: 10 }, (_, i) => [`baseline ${i}`, `treatment ${i}`]).flat();
    expect(runner.calls).toEqual(turns);
    expect([worked, runner.ended]).toEqual([20, 1]);
    expect(summary).toMatchObject({ passed: true, cancelled: false });
    expect(summary.machine).toEqual(machine);
    expect(summary.sides.map((s) => s.label)).toEqual(['{}', '{"HAKMEM_SS_MEM_LEAN":"1"}']);
    expect(readSoakFile(file).rows.map((r) => r.epoch.at)).toEqual(turns.map((_, i) => 3 * i));
    expect(progress[3]).toEqual(['epoch 2 of 10, treatment', 0.15]);
  });

  it('ends with its time when epochs take longer, but not between the two of a pair', async () => {
    const clock = { now: 0 };
    const slow = fakeRunner(clock, {
      fail: () => {
        clock.now += 9;
      },
    });
    const { surroundings } = around();
    const { summary } = await beginSoak(
      freshPlan(),
      folder,
      { ...surroundings, runner: slow, clock: () => clock.now },
      {},
    );
    // 12 seconds an epoch: the third pair begins at 48, the fourth would at 72.
    expect(slow.calls).toHaveLength(6);
    expect(summary).toMatchObject({ cancelled: false, plannedEpochs: 10 });
  });

  it('keeps and reports what was done when it is cancelled', async () => {
    const { run, runner } = await stopped(7);
    expect(run.summary).toMatchObject({ cancelled: true, passed: false });
    expect(run.summary.sides.map((s) => s.epochs.length)).toEqual([4, 3]);
    expect(readSoakFile(run.file).rows).toHaveLength(7);
    expect(runner.ended).toBe(1);
  });

  it('is continued where it stopped, in new processes', async () => {
    const { run } = await stopped(7);
    const { runner, surroundings } = around({}, { now: 5 });
    const continued = await continueSoak(run.file, surroundings, {});
    expect(runner.calls[0]).toBe('treatment 3');
    expect(runner.calls).toHaveLength(13);
    expect(continued.worked).toBe(13);
    const { rows } = readSoakFile(run.file);
    expect(rows.map((r) => r.epoch.session)).toEqual([...Array(7).fill(1), ...Array(13).fill(2)]);
    // The pause between the two is not part of its time.
    expect(rows.map((r) => r.epoch.at)).toEqual(rows.map((_, i) => 3 * i));
    expect(continued.summary.startedAt).toBe(plan.startedAt);
    expect(continued.summary.sides.map((s) => s.epochs.length)).toEqual([10, 10]);
  });

  it('is continued after a crash in the middle of a line', async () => {
    const { run } = await stopped(7);
    const whole = readFileSync(run.file, 'utf8');
    appendFileSync(run.file, '1,treatment,3,21.0');
    const { runner, surroundings } = around();
    await continueSoak(run.file, surroundings, {});
    expect(runner.calls[0]).toBe('treatment 3');
    expect(readFileSync(run.file, 'utf8').startsWith(whole)).toBe(true);
    expect(readSoakFile(run.file).rows).toHaveLength(20);
  });

  it('that is done is only read', async () => {
    const { surroundings } = around();
    const { file } = await beginSoak(freshPlan(), folder, surroundings, {});
    const before = readFileSync(file, 'utf8');
    const again = around();
    const { summary, worked } = await continueSoak(file, again.surroundings, {});
    expect([worked, again.runner.calls]).toEqual([0, []]);
    expect(summary.passed).toBe(true);
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it('is not continued with another engine, machine or runtime', async () => {
    const { run } = await stopped(3);
    const before = readFileSync(run.file, 'utf8');
    const other = around({ sha256: 'b'.repeat(64) });
    await expect(continueSoak(run.file, other.surroundings, {})).rejects.toThrow(/the engine is another one/);
    expect([other.runner.calls, other.runner.ended]).toEqual([[], 1]);
    for (const [change, message] of [
      [{ cpu: 'another' }, /the machine is another one/],
      [{ runtime: 'Node 22' }, /the runtime is another one/],
    ] as const) {
      const there = { ...around().surroundings, machine: () => ({ ...machine, ...change }) };
      await expect(continueSoak(run.file, there, {})).rejects.toThrow(message);
    }
    expect(readFileSync(run.file, 'utf8')).toBe(before);
  });

  it('is worked on by one process at a time', async () => {
    const refused: string[] = [];
    const refuse = async (file: string): Promise<void> => {
      const before = readFileSync(file, 'utf8');
      const other = around();
      const second = continueSoak(file, other.surroundings, {});
      await expect(second).rejects.toThrow(UserError);
      await expect(second).rejects.toThrow(`${file}: this soak is running already: wait for its end`);
      expect([other.runner.calls, other.runner.ended]).toEqual([[], 0]);
      expect(readFileSync(file, 'utf8')).toBe(before);
      refused.push(file);
    };
    /** In the middle of whose first epoch another one tries to go on. */
    const interfered = (file: string): SoakSurroundings => {
      const { runner, surroundings } = around();
      return {
        ...surroundings,
        runner: {
          start: async (p, hooks) => {
            const session = await runner.start(p, hooks);
            const epoch: typeof session.epoch = async (side, index, seconds) => {
              if (runner.calls.length === 0) await refuse(file);
              return session.epoch(side, index, seconds);
            };
            return { ...session, epoch };
          },
        },
      };
    };
    const p = freshPlan();
    const file = path.join(folder, `${p.id}.csv`);
    expect((await beginSoak(p, folder, interfered(file), {})).worked).toBe(20);
    const { run } = await stopped(7);
    expect((await continueSoak(run.file, interfered(run.file), {})).worked).toBe(13);
    expect(refused).toEqual([file, run.file]);
    expect(readdirSync(folder).filter((name) => name.includes('.lock'))).toEqual([]);
  });

  it('is continued after its process was killed, whose lock stays behind', async () => {
    const { run } = await stopped(7);
    const lock = `${run.file}.lock`;
    const token = await withLock(lock, async () => readlinkSync(lock));
    // No process has this number.
    symlinkSync(token.replace(`-${process.pid}-`, '-4194999-'), lock);
    const { surroundings } = around();
    expect((await continueSoak(run.file, surroundings, {})).worked).toBe(13);
  });

  it('says how to go on when a process dies', async () => {
    const { surroundings, runner } = around({
      fail: (calls) => {
        if (calls === 4) throw new UserError("the engine's process ended by SIGKILL", 3);
      },
    });
    const p = freshPlan();
    const run = beginSoak(p, folder, surroundings, {});
    const file = path.join(folder, `${p.id}.csv`);
    await expect(run).rejects.toThrow(
      `ended by SIGKILL; what was done is kept: go on with alloc-lens soak --resume ${file}`,
    );
    await expect(run).rejects.toMatchObject({ exitCode: 3 });
    expect(runner.ended).toBe(1);
    expect(readSoakFile(file).rows).toHaveLength(4);
  });

  it('overwrites nothing and says what is wrong with a file', async () => {
    const { surroundings } = around();
    const p = freshPlan();
    writeFileSync(path.join(folder, `${p.id}.csv`), 'mine');
    await expect(beginSoak(p, folder, surroundings, {})).rejects.toThrow(/there already/);
    expect(readFileSync(path.join(folder, `${p.id}.csv`), 'utf8')).toBe('mine');
    const nowhere = path.join(folder, `${p.id}.csv`, 'below');
    await expect(beginSoak(p, nowhere, surroundings, {})).rejects.toThrow(/not a folder|there already/);
    await expect(continueSoak(path.join(folder, 'none.csv'), surroundings, {})).rejects.toThrow(
      /no such file/,
    );
    await expect(continueSoak(folder, surroundings, {})).rejects.toBeInstanceOf(UserError);
  });
});
