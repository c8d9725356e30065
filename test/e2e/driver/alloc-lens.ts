/** What a user does with Alloc Lens itself, on top of the workbench. */
import path from 'node:path';
import type { Frame } from 'playwright-core';
import { repository } from './session.ts';
import type { Workbench } from './workbench.ts';

export const hakmem = path.join(repository, 'samples/hakmem');

/** A percentage in a lens (`23.8% self`, `Hot 41.0% of …`, `<0.1% self`). */
export const percentage = /\d%/;
export const bySymbol = /% self · .*engine, by symbol/;
/** What the status bar says once a benchmark is loaded. */
export const speed = /[\d.]+ [kMG]? ?ops\/s/;

/** A benchmark takes some seconds of its own; on a busy two-core machine many. */
const benchmarkMs = 240_000;

/** Runs a benchmark from the palette through its two questions, and waits until its result is loaded. Gives the status bar's text. */
export async function runBenchmark(
  workbench: Workbench,
  workload = 'random_mixed: mixed',
  target = 'engine: fast',
): Promise<string> {
  await workbench.command('Alloc Lens: Run Benchmark…');
  await workbench.pick(workload);
  await workbench.pick(target);
  return workbench.statusMatching(speed, benchmarkMs);
}

/** Analyses from the palette and gives the message that ends it. */
export async function analyze(workbench: Workbench): Promise<string> {
  await workbench.command('Alloc Lens: Analyze Workspace');
  return workbench.notificationMatching(/atomic sites?,|no C or C\+\+ files|no allocator code/, 60_000);
}

/** Opens the report and gives its page's frame, a tab of it in front. */
export async function openReport(workbench: Workbench, tab?: string): Promise<Frame> {
  await workbench.command('Alloc Lens: Open Report');
  await workbench.activeTab('Alloc Lens Report');
  const frame = await workbench.webview('#report header h1');
  if (tab !== undefined) await showTab(frame, tab);
  return frame;
}

export async function showTab(frame: Frame, title: string): Promise<void> {
  await frame.locator('[role="tab"]').filter({ hasText: title }).first().click();
}

/** Cells of the rows of a report table (`hot`, `overview-hot`, `atomics`, `gates`, …). */
export async function tableRows(frame: Frame, id: string): Promise<readonly (readonly string[])[]> {
  const rows = frame.locator(`#table-${id} tbody tr:not(.spacer)`);
  await rows.first().waitFor({ timeout: 30_000 });
  const cells = await Promise.all((await rows.all()).map((row) => row.locator('td').allInnerTexts()));
  return cells.map((row) => row.map((c) => c.trim()));
}

/** Opens the hottest engine source from the palette. Gives the rows that were offered. */
export async function openEngineSource(workbench: Workbench): Promise<readonly string[]> {
  await workbench.command('Alloc Lens: Open Engine Source');
  const offered = await workbench.pickRows();
  await workbench.activeTab(await workbench.pick(null));
  return offered;
}
