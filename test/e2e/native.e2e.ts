/**
 * The user's own allocator in a real VS Code, nothing configured: the sample's library is built with the real gcc and
 * profiled with the real perf; its C lines get percentages, a line's assembly opens. Then again on a PATH without perf,
 * where callgrind counts instead.
 */
import {
  accessSync,
  constants,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { findProgram } from '../../scripts/process.ts';
import { hakmem, openReport, percentage, speed, tableRows } from './driver/alloc-lens.ts';
import { artifacts, type Session } from './driver/session.ts';
import { sessionOn } from './driver/suite.ts';
import { eventually } from './driver/wait.ts';
import type { ThemeName, Workbench } from './driver/workbench.ts';

const temporary = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-e2e-native-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

/** A build, the timed passes, then the recorded ones; under callgrind each instruction is simulated. */
const profileMs = 600_000;

function copyOfSample(name: string): string {
  const copy = path.join(temporary, name, 'hakmem');
  cpSync(hakmem, copy, { recursive: true, filter: (f) => !/\/build(\/|$)/.test(f) });
  return copy;
}

/** A folder with every program of PATH but those: what a machine without them is like. */
function pathWithout(names: RegExp): string {
  const folder = path.join(temporary, 'bin');
  mkdirSync(folder);
  for (const dir of (process.env.PATH ?? '').split(':')) {
    let entries: string[] = [];
    try {
      entries = readdirSync(dir);
    } catch {
      continue;
    }
    for (const name of entries) {
      if (names.test(name)) continue;
      try {
        accessSync(path.join(dir, name), constants.X_OK);
        symlinkSync(path.join(dir, name), path.join(folder, name));
      } catch {
        // No program, or one of that name stands earlier in PATH.
      }
    }
  }
  return folder;
}

async function shoot(workbench: Workbench, name: string, prepare?: () => Promise<unknown>): Promise<void> {
  mkdirSync(artifacts, { recursive: true });
  for (const theme of ['light', 'dark', 'hc-dark', 'hc-light'] as const satisfies readonly ThemeName[]) {
    await workbench.theme(theme);
    await workbench.tidy();
    await prepare?.();
    await workbench.screenshot(path.join(artifacts, `${name}-${theme}.png`));
  }
}

/** Notifications seen while waiting: the last word of something that failed is among them. */
async function watched<T>(session: Session, what: string, probe: () => Promise<T | null>): Promise<T> {
  const seen = new Set<string>();
  try {
    return await eventually(
      what,
      async () => {
        for (const text of await session.workbench.notifications()) seen.add(text);
        return probe();
      },
      profileMs,
    );
  } catch (error) {
    const log = session
      .logs(/alloc.?lens.*\.log$/i)
      .split('\n')
      .slice(-15)
      .join('\n');
    throw new Error(`${(error as Error).message}\nnotifications: ${[...seen].join(' | ')}\nlog:\n${log}`);
  }
}

/** Runs the command over the preferred target and gives the message that ends it. */
async function profileSample(session: Session): Promise<string> {
  const { workbench } = session;
  await workbench.command('Alloc Lens: Profile Native Target…');
  const offered = await workbench.pickRows();
  expect(offered[0]).toMatch(/^hakmem\b.*this workspace/i);
  await workbench.pick(null);
  await workbench.pick('random_mixed: mixed');
  // Programs of the workspace run for the first time: the exact commands are shown and have to be allowed.
  const asked = await workbench.pressInDialog('Run', 60_000);
  expect(asked, 'a dialog with the commands').toMatch(/make/);
  await watched(session, 'the result of the profile', async () => {
    const ready = (await workbench.statusBar()).find((t) => /random_mixed/.test(t) && speed.test(t));
    return ready ?? null;
  });
  return workbench.notificationMatching(/random_mixed · .*ops\/s/);
}

/** Goes to the hottest line through the message's button and gives it with its percentage. */
async function hottestLine(workbench: Workbench): Promise<{ line: number; text: string; percent: number }> {
  await workbench.pressInNotification('Go to Hottest Line');
  return eventually('a line with a percentage', async () => {
    const hot = (await workbench.marks())
      .map((m) => ({ ...m, percent: Number.parseFloat(m.before.find((b) => percentage.test(b)) ?? '') }))
      .filter((m) => m.percent > 0 && m.backgrounds.length > 0)
      .sort((a, b) => b.percent - a.percent);
    return hot[0] ?? null;
  });
}

/** The hover of a line: a word of it is pointed at until its hover has come. */
async function hoverOn(workbench: Workbench, line: number, text: string): Promise<string> {
  const words = [...text.matchAll(/[A-Za-z_]\w{2,}/g)].map((m) => m[0]);
  return eventually('a hover with the share of the line', async () => {
    for (const word of words) {
      const said = await workbench.hover(word, line);
      if (/of the run on this line/.test(said)) return said;
    }
    return null;
  });
}

const lacks = ['gcc', 'make'].filter((name) => findProgram(name) === null);

describe.skipIf(lacks.length > 0 || findProgram('perf') === null)('samples/hakmem under perf', () => {
  const session = sessionOn('native-perf', () => {
    const copy = copyOfSample('perf');
    writeFileSync(
      path.join(copy, 'stacks.folded'),
      'main;malloc;front_fastlane_try_malloc 70\nmain;free 30\n',
    );
    return copy;
  });
  const workbench = (): Workbench => session().workbench;
  let hot = { line: 0, text: '', percent: 0 };

  test('the library is built and profiled, and the tool is named', async () => {
    await workbench().openFile('malloc_tiny_fast.h');
    await workbench().lensMatching(/hot path/, 60_000);
    const said = await profileSample(session());
    expect(said).toMatch(/perf (cpu-clock|cycles)\S*, [\d,]+ samples/);
  }, 900_000);

  test('lines of the C sources carry their percentages', async () => {
    hot = await hottestLine(workbench());
    expect(hot.percent).toBeGreaterThan(1);
    const tabs = await workbench().tabs();
    expect(tabs.some((t) => /\.(c|h)$/.test(t))).toBe(true);
  });

  test('functions have self and total, and no figure is by symbol', async () => {
    const parts = (await workbench().everyLens()).flatMap((l) => l.parts);
    expect(parts.some((p) => /\d% self · .*% total/.test(p))).toBe(true);
    expect(parts.filter((p) => /by symbol/.test(p))).toEqual([]);
    expect(parts).toContain('assembly');
  });

  test('the hover of a hot line has its instructions and its source', async () => {
    await workbench().goToLine(hot.line);
    const said = await hoverOn(workbench(), hot.line, hot.text);
    expect(said).toMatch(/perf (cpu-clock|cycles)\S*, [\d,]+ samples/);
    expect(said).toMatch(/\d%\s+[0-9a-f]{3,}\s+[a-z]\w+/);
    expect(said).toMatch(/Open assembly/);
    await shoot(workbench(), 'native-heat', async () => {
      await workbench().goToLine(hot.line);
      await hoverOn(workbench(), hot.line, hot.text);
    });
  });

  test('the assembly of the line opens beside it, with its shares', async () => {
    await workbench().goToLine(hot.line);
    await workbench().command('Alloc Lens: Open Assembly');
    const tab = await watched(
      session(),
      'a tab with the assembly',
      async () => (await workbench().tabs()).find((t) => t.endsWith('.s')) ?? null,
    );
    await shoot(workbench(), 'native-assembly');
    await workbench().command('View: Focus Second Editor Group');
    await workbench().activeTab(tab);
    const rows = await eventually('instructions with shares', async () => {
      const marks = await workbench().marks();
      const sampled = marks.filter((m) => /^\s*\d+\.\d%\s+[0-9a-f]+\s+[a-z]/.test(m.text));
      return sampled.some((m) => m.backgrounds.length > 0) ? sampled : null;
    });
    expect(rows.length).toBeGreaterThan(0);
    await workbench().command('View: Close All Editors in Group');
  });

  test('the Profiles view has it, and an imported recording beside it', async () => {
    await workbench().command('View: Show Alloc Lens');
    const row = await eventually(
      'the profile in its view',
      async () => (await workbench().treeRows()).find((r) => /random_mixed · hakmem/.test(r)) ?? null,
    );
    expect(row).toMatch(/shown · perf/);
    await workbench().command('Alloc Lens: Import Profile…');
    await workbench().answerFileDialog(path.join(temporary, 'perf/hakmem/stacks.folded'));
    await workbench().notificationMatching(/stacks\.folded: folded stacks/);
    await eventually(
      'the import in the view',
      async () => (await workbench().treeRows()).find((r) => /stacks\.folded.*shown/.test(r)) ?? null,
    );
    await shoot(workbench(), 'native-profiles');
    await workbench().command('Alloc Lens: Show Next Profile');
    await eventually(
      'the native profile again',
      async () => (await workbench().treeRows()).find((r) => /random_mixed · hakmem.*shown/.test(r)) ?? null,
    );
  });

  test('the report has totals and objects', async () => {
    const frame = await openReport(workbench(), 'Hot functions');
    const rows = await tableRows(frame, 'hot');
    expect(rows.length).toBeGreaterThan(5);
    expect(rows.flat().some((c) => /libhakmem\.so/.test(c))).toBe(true);
    const header = await frame.locator('#table-hot thead').innerText();
    expect(header).toMatch(/Total/i);
    expect(header).toMatch(/Object/i);
    const sum = rows.reduce((all, r) => all + Number.parseFloat(r[1] ?? '0'), 0);
    expect(sum).toBeGreaterThan(95);
    expect(sum).toBeLessThan(105);
    await shoot(workbench(), 'native-report');
  });

  test('nothing went wrong on the way', () => {
    expect(session().extensionErrors()).toEqual([]);
    expect(session().pageErrors()).toEqual([]);
  });
});

describe.skipIf(lacks.length > 0 || findProgram('valgrind') === null)(
  'samples/hakmem where perf is absent',
  () => {
    const session = sessionOn(
      'native-callgrind',
      () => copyOfSample('callgrind'),
      () => ({ env: { PATH: pathWithout(/^perf([_-]|$)/) } }),
    );
    const workbench = (): Workbench => session().workbench;

    test('callgrind counts instead, and says so', async () => {
      await workbench().openFile('malloc_tiny_fast.h');
      await workbench().lensMatching(/hot path/, 60_000);
      const said = await profileSample(session());
      expect(said).toMatch(/callgrind Ir, [\d,]+ instructions/);
      expect(said).toMatch(/perf/);
    }, 900_000);

    test('lines of the C sources carry their percentages', async () => {
      const hot = await hottestLine(workbench());
      expect(hot.percent).toBeGreaterThan(1);
      await workbench().goToLine(hot.line);
      expect(await hoverOn(workbench(), hot.line, hot.text)).toMatch(/callgrind Ir, [\d,]+ instructions/);
      await shoot(workbench(), 'native-callgrind');
    });

    test('the assembly of a line opens beside it', async () => {
      await workbench().command('Alloc Lens: Open Assembly');
      await watched(
        session(),
        'a tab with the assembly',
        async () => (await workbench().tabs()).find((t) => t.endsWith('.s')) ?? null,
      );
    });

    test('nothing went wrong on the way', () => {
      expect(session().extensionErrors()).toEqual([]);
    });
  },
);
