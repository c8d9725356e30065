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
import { hakmem, openReport, tableRows } from './driver/alloc-lens.ts';
import { hottestLine, hoverOn, profileSample, watched } from './driver/native.ts';
import { artifacts } from './driver/session.ts';
import { sessionOn } from './driver/suite.ts';
import { eventually } from './driver/wait.ts';
import type { ThemeName, Workbench } from './driver/workbench.ts';

const temporary = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-e2e-native-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

function copyOfSample(name: string): string {
  const copy = path.join(temporary, name, 'hakmem');
  cpSync(hakmem, copy, { recursive: true, filter: (f) => !/\/build(\/|$)/.test(f) });
  return copy;
}

/**
 * The environment of a machine without those programs: a PATH of links to all others. VS Code asks a login shell for
 * the user's environment, so the home folder says it, too.
 */
function without(names: RegExp): Record<string, string> {
  const folder = path.join(temporary, 'bin');
  const home = path.join(temporary, 'home');
  mkdirSync(folder);
  mkdirSync(home);
  for (const name of ['.bash_profile', '.profile']) {
    writeFileSync(path.join(home, name), `export PATH='${folder}'\n`);
  }
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
  return { PATH: folder, HOME: home, SHELL: '/bin/bash', VSCODE_CLI: '1' };
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
  let profiled = false;

  test('the library is built and profiled, and the tool is named', async () => {
    await workbench().openFile('malloc_tiny_fast.h');
    const said = await profileSample(session());
    expect(said).toMatch(/perf (cpu-clock|cycles)\S*, [\d,]+ samples/);
    profiled = true;
  }, 900_000);

  test('lines of the C sources carry their percentages', async ({ skip }) => {
    skip(!profiled, 'nothing was profiled');
    hot = await hottestLine(workbench());
    expect(hot.percent).toBeGreaterThan(1);
    const tabs = await workbench().tabs();
    expect(tabs.some((t) => /\.(c|h)$/.test(t))).toBe(true);
  });

  test('functions have self and total, and no figure is by symbol', async ({ skip }) => {
    skip(!profiled, 'nothing was profiled');
    await workbench().lensMatching(/% self/, 60_000);
    const parts = (await workbench().everyLens()).flatMap((l) => l.parts);
    // The measured folder is analysed on its own.
    expect(parts.some((p) => /\d% self · .*% total/.test(p))).toBe(true);
    expect(parts.filter((p) => /by symbol/.test(p))).toEqual([]);
    expect(parts).toContain('assembly');
  });

  test('the hover of a hot line has its instructions and its source', async ({ skip }) => {
    skip(!profiled, 'nothing was profiled');
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

  test('the assembly of the line opens beside it, with its shares', async ({ skip }) => {
    skip(!profiled, 'nothing was profiled');
    await workbench().goToLine(hot.line);
    await workbench().command('Alloc Lens: Open Assembly');
    await watched(
      session(),
      'a tab with the assembly',
      async () => (await workbench().tabs()).find((t) => t.endsWith('.s')) ?? null,
    );
    await shoot(workbench(), 'native-assembly');
    await workbench().focusGroup(2);
    const rows = await eventually('instructions with shares', async () => {
      const marks = await workbench().marks();
      const sampled = marks.filter((m) => /^\s*\d+\.\d%\s+[0-9a-f]+\s+[a-z]/.test(m.text));
      return sampled.some((m) => m.backgrounds.length > 0) ? sampled : null;
    });
    expect(rows.length).toBeGreaterThan(0);
    await workbench().command('View: Close All Editors in Group');
  });

  test('the Profiles view has it, and an imported recording beside it', async ({ skip }) => {
    skip(!profiled, 'nothing was profiled');
    await workbench().command('View: Show Alloc Lens');
    const row = await eventually(
      'the profile in its view',
      async () => (await workbench().treeRows()).find((r) => /random_mixed · \S*hakmem/.test(r)) ?? null,
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
      async () =>
        (await workbench().treeRows()).find((r) => /random_mixed · \S*hakmem.*shown/.test(r)) ?? null,
    );
  });

  test('the report has totals and objects', async ({ skip }) => {
    skip(!profiled, 'nothing was profiled');
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
      () => ({ env: without(/^perf([_-]|$)/) }),
    );
    const workbench = (): Workbench => session().workbench;
    let profiled = false;

    test('callgrind counts instead, and says so', async () => {
      await workbench().openFile('malloc_tiny_fast.h');
      const said = await profileSample(session());
      profiled = true;
      expect(said).toMatch(/callgrind Ir, [\d,]+ instructions/);
      expect(said).toMatch(/perf/);
    }, 900_000);

    test('lines of the C sources carry their percentages', async ({ skip }) => {
      skip(!profiled, 'nothing was profiled');
      const hot = await hottestLine(workbench());
      expect(hot.percent).toBeGreaterThan(1);
      await workbench().goToLine(hot.line);
      expect(await hoverOn(workbench(), hot.line, hot.text)).toMatch(/callgrind Ir, [\d,]+ instructions/);
      await shoot(workbench(), 'native-callgrind');
    });

    test('the assembly of a line opens beside it', async ({ skip }) => {
      skip(!profiled, 'nothing was profiled');
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
