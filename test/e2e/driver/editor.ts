/** Reads what the active text editor shows, through page/reader.ts inside VS Code's page. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import type { Page } from 'playwright-core';
import type { Lens, LineMarks, Point } from '../page/shapes.ts';

/** The script that every page of a session must load before its own: defines `allocLensReader`. */
export function readerScript(): string {
  const here = path.dirname(fileURLToPath(import.meta.url));
  const built = buildSync({
    entryPoints: [path.join(here, '../page/reader.ts')],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    logLevel: 'error',
  });
  return built.outputFiles.map((f) => f.text).join('\n');
}

/** The lenses on screen, top to bottom. */
export function lensesOn(page: Page): Promise<readonly Lens[]> {
  return page.evaluate<Lens[]>('allocLensReader.lenses()');
}

/** Every line on screen with its decorations. */
export function marksOn(page: Page): Promise<readonly LineMarks[]> {
  return page.evaluate<LineMarks[]>('allocLensReader.marks()');
}

/** Rests the mouse on `text` in the editor and gives the hover's text. @throws Error when the text is not on screen. */
export async function hoverAt(page: Page, text: string, line: number | null = null): Promise<string> {
  const at = await page.evaluate<Point | null>(
    `allocLensReader.find(${JSON.stringify(text)}, ${JSON.stringify(line)})`,
  );
  if (at === null) throw new Error(`"${text}" is not on screen${line === null ? '' : ` in line ${line}`}`);
  const hover = page.locator('.monaco-hover:not(.hidden) .hover-contents');
  await page.mouse.move(at.x + 30, at.y + 60);
  await page.mouse.move(at.x, at.y, { steps: 6 });
  await hover.first().waitFor({ state: 'visible', timeout: 20_000 });
  return (await hover.allInnerTexts()).join('\n').replaceAll('\u00a0', ' ');
}
