/** Headless Chromium for the report page's tests, with the page bundled from its sources. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { ReportModel, ReportPlace, ReportRequest } from '../../../extension/model.ts';
import { renderHtml } from '../../../extension/report/html.ts';
import { renderPage } from '../../../extension/report/page.ts';

const root = path.resolve(import.meta.dirname, '../../..');
export const artifacts = path.join(root, 'test/e2e/artifacts');
const executables = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
export const chromiumPath = executables.find((p) => existsSync(p)) ?? null;

export type Scheme = 'light' | 'dark';

export interface Opened {
  readonly page: Page;
  /** Console errors and warnings, uncaught errors, policy violations and dialogs since the page opened. */
  readonly complaints: string[];
}

export class ReportBrowser {
  readonly #browser: Browser;
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-page-'));
  readonly #script: string;
  readonly #style = readFileSync(path.join(root, 'webview/style.css'), 'utf8');
  #pages = 0;

  private constructor(browser: Browser, script: string) {
    this.#browser = browser;
    this.#script = script;
    mkdirSync(artifacts, { recursive: true });
  }

  static async launch(executablePath: string): Promise<ReportBrowser> {
    const bundle = await build({
      entryPoints: [path.join(root, 'webview/main.ts')],
      bundle: true,
      write: false,
      platform: 'browser',
      format: 'iife',
      target: 'es2022',
      minify: true,
      legalComments: 'none',
    });
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    return new ReportBrowser(browser, bundle.outputFiles[0]?.text ?? '');
  }

  async close(): Promise<void> {
    await this.#browser.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #open(
    html: string,
    scheme: Scheme,
    init?: { fn: (saved: unknown) => void; saved: unknown },
  ): Promise<Opened> {
    const file = path.join(this.#folder, `page${this.#pages++}.html`);
    writeFileSync(file, html);
    const context = await this.#browser.newContext({
      viewport: { width: 1180, height: 820 },
      colorScheme: scheme,
      offline: true,
      locale: 'en-US',
      timezoneId: 'UTC',
    });
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    const complaints: string[] = [];
    page.on('console', (m) => {
      if (m.type() === 'error' || m.type() === 'warning') complaints.push(m.text());
    });
    page.on('pageerror', (e) => complaints.push(e.message));
    page.on('dialog', (d) => {
      complaints.push(`dialog ${d.message()}`);
      void d.dismiss();
    });
    if (init !== undefined) await page.addInitScript(init.fn, init.saved);
    await page.goto(pathToFileURL(file).href);
    return { page, complaints };
  }

  /** The exported file. */
  async openFile(model: ReportModel, scheme: Scheme = 'dark'): Promise<Opened> {
    return this.#open(renderHtml(model, { script: this.#script, style: this.#style }), scheme);
  }

  /** The page as the editor shows it: an API object, theme variables on the root, the model by message. */
  async openWebview(model: ReportModel, saved: unknown = undefined): Promise<Opened> {
    const html = renderPage({
      title: 'Alloc Lens Report',
      nonce: 'r4nd0m',
      source: '',
      script: { text: this.#script },
      style: { text: this.#style },
      model: null,
    });
    const opened = await this.#open(html, 'dark', {
      saved,
      fn: (state) => {
        const sent: unknown[] = [];
        let current = state;
        Object.assign(globalThis, {
          sent,
          savedState: () => current,
          acquireVsCodeApi: () => ({
            postMessage: (m: unknown) => sent.push(m),
            getState: () => current,
            setState: (s: unknown) => {
              current = s;
            },
          }),
        });
      },
    });
    await this.send(opened.page, model);
    return opened;
  }

  async send(page: Page, model: ReportModel): Promise<void> {
    await page.evaluate(`window.postMessage({ type: 'model', model: ${JSON.stringify(model)} }, '*')`);
    await page.locator('h1', { hasText: model.title }).waitFor();
  }

  /** The editor asks for a place. */
  async show(page: Page, place: ReportPlace): Promise<void> {
    await page.evaluate(`window.postMessage({ type: 'show', place: ${JSON.stringify(place)} }, '*')`);
  }

  async screenshot(page: Page, name: string, whole = false): Promise<void> {
    await page.screenshot({ path: path.join(artifacts, `${name}.png`), fullPage: whole });
  }
}

export type Theme = 'dark' | 'light' | 'highContrast' | 'highContrastLight';

/** Of VS Code's own themes, as far as the page uses them. */
const themeColours: Readonly<Record<Theme, Readonly<Record<string, string>>>> = {
  dark: {
    ...{ 'editor-background': '#1f1f1f', foreground: '#cccccc', descriptionForeground: '#9d9d9d' },
    ...{ 'textLink-foreground': '#4daafc', focusBorder: '#0078d4', 'panel-border': '#2b2b2b' },
    ...{ 'list-inactiveSelectionBackground': '#37373d', 'list-hoverBackground': '#2a2d2e' },
  },
  light: {
    ...{ 'editor-background': '#ffffff', foreground: '#3b3b3b', descriptionForeground: '#3b3b3b' },
    ...{ 'textLink-foreground': '#005fb8', focusBorder: '#005fb8', 'panel-border': '#e5e5e5' },
    ...{ 'list-inactiveSelectionBackground': '#e4e6f1', 'list-hoverBackground': '#f2f2f2' },
  },
  highContrast: {
    ...{ 'editor-background': '#000000', foreground: '#ffffff', descriptionForeground: '#ffffff' },
    ...{ 'textLink-foreground': '#21a6ff', focusBorder: '#f38518', 'panel-border': '#6fc3df' },
    ...{ contrastBorder: '#6fc3df', contrastActiveBorder: '#f38518' },
  },
  highContrastLight: {
    ...{ 'editor-background': '#ffffff', foreground: '#292929', descriptionForeground: '#292929' },
    ...{ 'textLink-foreground': '#0f4a85', focusBorder: '#006bbd', 'panel-border': '#0f4a85' },
    ...{ contrastBorder: '#0f4a85', contrastActiveBorder: '#006bbd' },
  },
};

const bodyClasses: Readonly<Record<Theme, string>> = {
  dark: 'vscode-dark',
  light: 'vscode-light',
  highContrast: 'vscode-high-contrast',
  highContrastLight: 'vscode-high-contrast vscode-high-contrast-light',
};

/** Puts the page into a theme, as the editor would: its own colours and those that the extension contributes. */
export async function inTheme(page: Page, theme: Theme): Promise<void> {
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    contributes: { colors: { id: string; defaults: Readonly<Record<Theme, string>> }[] };
  };
  const own = manifest.contributes.colors.map((c) => [c.id.replaceAll('.', '-'), c.defaults[theme]]);
  const text = themeColours[theme].foreground ?? '';
  const tabs = { 'panelTitle-activeForeground': text, 'panelTitle-inactiveForeground': text };
  const colours = { ...themeColours[theme], ...tabs, ...Object.fromEntries(own) };
  await page.evaluate(`
    document.body.dataset.vscodeThemeKind = ${JSON.stringify(bodyClasses[theme].split(' ').at(-1))};
    document.documentElement.style.setProperty('color-scheme', ${JSON.stringify(theme.toLowerCase().endsWith('light') ? 'light' : 'dark')});
    for (const [name, value] of Object.entries(${JSON.stringify(colours)}))
      document.documentElement.style.setProperty('--vscode-' + name, value);
    document.body.className = ${JSON.stringify(bodyClasses[theme])};
  `);
}

/** Puts the page into a theme of high contrast. */
export async function highContrast(page: Page): Promise<void> {
  await inTheme(page, 'highContrast');
}

/** Opens a tab and waits until its view is built. */
export async function showTab(page: Page, id: string): Promise<void> {
  await page.locator(`#tab-${id}`).click();
  await page.locator(`#view-${id} .view > *`).first().waitFor();
}

/** Texts of a table's column, 1-based. */
export async function cells(page: Page, table: string, column: number): Promise<string[]> {
  return page.locator(`#table-${table} tbody tr:not(.spacer) td:nth-child(${column})`).allInnerTexts();
}

/** What the page posted to the editor. */
export async function sentBy(page: Page): Promise<ReportRequest[]> {
  return page.evaluate<ReportRequest[]>('sent');
}

/** What the page last stored with `setState`. */
export async function savedBy(page: Page): Promise<unknown> {
  return page.evaluate('savedState()');
}
