/** One VS Code server, one browser page and one workbench together, with their evidence when a test fails. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { type RunningServer, startServer } from '../../../scripts/vscode-server.ts';
import { launchBrowser } from './browser.ts';
import { readerScript } from './editor.ts';
import { eventually } from './wait.ts';
import { Workbench } from './workbench.ts';

export const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const artifacts = path.join(repository, 'test/e2e/artifacts');

/** The one packaged extension at the root of the checkout. @throws Error when there is none or more than one. */
export function packagedExtension(): string {
  const found = readdirSync(repository).filter((f) => /^alloc-lens-.*\.vsix$/.test(f));
  const [only] = found;
  if (only === undefined || found.length > 1) {
    throw new Error(`expected one alloc-lens-VERSION.vsix, found ${found.length}: run npm run package`);
  }
  return path.join(repository, only);
}

export interface SessionOptions {
  readonly folder: string;
  readonly vsix?: string | null;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly size?: { readonly width: number; readonly height: number };
}

export class Session {
  readonly workbench: Workbench;
  readonly #server: RunningServer;
  readonly #browser: Browser;
  readonly #pageErrors: string[];

  private constructor(workbench: Workbench, server: RunningServer, browser: Browser, pageErrors: string[]) {
    this.workbench = workbench;
    this.#server = server;
    this.#browser = browser;
    this.#pageErrors = pageErrors;
  }

  /** Starts everything and opens the folder; `close` must be called. */
  static async start(options: SessionOptions): Promise<Session> {
    const server = await startServer({
      folder: options.folder,
      vsix: options.vsix === undefined ? packagedExtension() : options.vsix,
      ...(options.settings === undefined ? {} : { settings: options.settings }),
      ...(options.env === undefined ? {} : { env: options.env }),
    });
    let browser: Browser | null = null;
    try {
      browser = await launchBrowser();
      const context = await browser.newContext({
        viewport: options.size ?? { width: 1440, height: 900 },
        locale: 'en-US',
        timezoneId: 'UTC',
      });
      await context.addInitScript({ content: readerScript() });
      const page = await context.newPage();
      const pageErrors: string[] = [];
      page.on('pageerror', (error) => pageErrors.push(error.message));
      const workbench = new Workbench(page);
      await workbench.open(server.url);
      const session = new Session(workbench, server, browser, pageErrors);
      // Before this, commands and pickers are drawn but may not answer.
      await eventually('the extension host', async () =>
        /Eager extensions activated/.test(session.logs(/^remoteexthost.*\.log$/)) ? true : null,
      );
      return session;
    } catch (error) {
      await browser?.close();
      await server.stop();
      throw error;
    }
  }

  /** Texts of VS Code's log files whose name matches, newest window last. */
  logs(name: RegExp): string {
    const walk = (dir: string): string[] =>
      readdirSync(dir, { withFileTypes: true }).flatMap((e) => {
        const at = path.join(dir, e.name);
        return e.isDirectory() ? walk(at) : name.test(e.name) ? [at] : [];
      });
    const { logsDir } = this.#server;
    if (!existsSync(logsDir)) return '';
    return walk(logsDir)
      .sort()
      .map((f) => readFileSync(f, 'utf8'))
      .join('\n');
  }

  /** Error lines of the extension host that concern this extension: an unhandled error lands here. */
  extensionErrors(): readonly string[] {
    return this.logs(/^remoteexthost.*\.log$/)
      .split(/\n(?=\d{4}-\d\d-\d\d )/)
      .filter((entry) => /\[error\]/.test(entry) && /alloc-lens/i.test(entry));
  }

  /** Where this extension was installed. @throws Error when it was not */
  extensionFolder(): string {
    const { extensionsDir } = this.#server;
    const name = readdirSync(extensionsDir).find((f) => /alloc-lens/.test(f));
    if (name === undefined) throw new Error(`alloc-lens is not in ${extensionsDir}`);
    return path.join(extensionsDir, name);
  }

  /** Errors thrown in the page itself (workbench and webviews). */
  pageErrors(): readonly string[] {
    return this.#pageErrors;
  }

  /** Keeps a screenshot, the server's log and the extension host's log under `artifacts/NAME.*`. */
  async keepEvidence(name: string): Promise<void> {
    mkdirSync(artifacts, { recursive: true });
    const base = path.join(artifacts, name.replaceAll(/[^A-Za-z0-9._-]+/g, '-'));
    await this.workbench.screenshot(`${base}.png`).catch(() => undefined);
    if (existsSync(this.#server.logFile)) copyFileSync(this.#server.logFile, `${base}.server.log`);
    const host = this.logs(/^(remoteexthost|.*alloc.?lens).*\.log$/i);
    writeFileSync(`${base}.host.log`, `${host}\n\npage errors:\n${this.#pageErrors.join('\n')}\n`);
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#server.stop();
  }
}
