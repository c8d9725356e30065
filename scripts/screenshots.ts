/**
 * `npm run screenshots`: the pictures of README and documentation, taken from the packaged extension in real VS Code, in
 * a light and a dark theme, into docs/images/.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  bySymbol,
  hakmem,
  openEngineSource,
  openReport,
  percentage,
  runBenchmark,
  showTab,
} from '../test/e2e/driver/alloc-lens.ts';
import { hottestLine, hoverOn, profileSample, watched } from '../test/e2e/driver/native.ts';
import { repository, Session } from '../test/e2e/driver/session.ts';
import { eventually } from '../test/e2e/driver/wait.ts';
import type { ThemeName } from '../test/e2e/driver/workbench.ts';
import { findProgram } from './process.ts';

const images = path.join(repository, 'docs/images');
const themes: readonly ThemeName[] = ['light', 'dark'];
/** Of native profiles also in high contrast, where heat is told by borders. */
const nativeThemes: readonly ThemeName[] = ['light', 'dark', 'hc-dark', 'hc-light'];

async function main(): Promise<void> {
  const temporary = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-pictures-'));
  const folder = path.join(temporary, 'hakmem');
  cpSync(hakmem, folder, { recursive: true });
  mkdirSync(images, { recursive: true });
  const session = await Session.start({ folder, size: { width: 1280, height: 800 } });
  const { workbench } = session;
  /** Each picture is set up anew for each theme: a hover closes when the theme's picker opens. */
  const shoot = async (
    name: string,
    prepare?: () => Promise<unknown>,
    wanted: readonly ThemeName[] = themes,
  ): Promise<void> => {
    for (const theme of wanted) {
      await workbench.theme(theme);
      await workbench.tidy();
      await prepare?.();
      const file = path.join(images, `${name}-${theme}.png`);
      await workbench.screenshot(file);
      console.log(path.relative(repository, file));
    }
  };
  try {
    await workbench.openFile('tiny_free_magazine.inc.h');
    await workbench.lensMatching(/correctness/, 60_000);
    await runBenchmark(workbench);
    await workbench.command('View: Show Alloc Lens');
    await shoot('editor', async () => {
      await workbench.openFile('tiny_free_magazine.inc.h');
      await workbench.hover('atomic_load_explicit');
    });
    await workbench.command('View: Toggle Primary Side Bar Visibility');
    await workbench.openFile('front_fastlane_box.h');
    await workbench.lensMatching(/%/);
    const measured = (await workbench.everyLens()).find(
      (l) => l.line > 1 && l.parts.some((p) => bySymbol.test(p)),
    );
    if (measured === undefined) throw new Error('no share by symbol in front_fastlane_box.h');
    await workbench.goToLine(measured.line + 14);
    await shoot('lenses');
    await openEngineSource(workbench);
    const hot = await eventually(
      'heat',
      async () => (await workbench.marks()).find((m) => m.before.some((b) => percentage.test(b))) ?? null,
    );
    // Past the imports.
    await workbench.goToLine(hot.line + 12);
    await shoot('heat');
    const frame = await openReport(workbench);
    await showTab(frame, 'Overview');
    await shoot('report');
    await showTab(frame, 'Atomics');
    await shoot('report-atomics');
    if (findProgram('perf') === null || findProgram('gcc') === null) {
      console.log('perf or gcc is missing: the pictures of native profiles stay as they are');
      return;
    }
    await workbench.command('View: Close All Editors');
    await profileSample(session);
    const line = await hottestLine(workbench);
    await workbench.lensMatching(/% self/, 60_000);
    await shoot(
      'native',
      async () => {
        await workbench.goToLine(line.line);
        await hoverOn(workbench, line.line, line.text);
      },
      nativeThemes,
    );
    await workbench.command('Alloc Lens: Open Assembly');
    await watched(
      session,
      'a tab with the assembly',
      async () => (await workbench.tabs()).find((t) => t.endsWith('.s')) ?? null,
    );
    await shoot('assembly', undefined, nativeThemes);
    await workbench.command('View: Toggle Primary Side Bar Visibility');
    await workbench.command('View: Show Alloc Lens');
    await shoot('profiles', undefined, nativeThemes);
  } catch (error) {
    await session.keepEvidence('failed-screenshots');
    throw error;
  } finally {
    await session.close();
    rmSync(temporary, { recursive: true, force: true });
  }
}

try {
  await main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
