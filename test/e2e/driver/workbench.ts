/** A page object over VS Code's workbench: what a person does with keyboard and eyes, by name. */
import type { Frame, Page } from 'playwright-core';
import type { Lens, LineMarks } from '../page/shapes.ts';
import { hoverAt, lensesOn, marksOn } from './editor.ts';
import { QuickInput } from './quick-input.ts';
import { eventually, patience } from './wait.ts';

/** The four themes that every screen is looked at in: label in VS Code's picker and the class that the workbench gets. */
export const themes = {
  light: { label: 'Light Modern', className: 'vs' },
  dark: { label: 'Dark Modern', className: 'vs-dark' },
  'hc-dark': { label: 'Dark High Contrast', className: 'hc-black' },
  'hc-light': { label: 'Light High Contrast', className: 'hc-light' },
} as const;
export type ThemeName = keyof typeof themes;

export class Workbench {
  readonly page: Page;
  readonly #quick: QuickInput;

  constructor(page: Page) {
    this.page = page;
    this.#quick = new QuickInput(page);
  }

  /** Loads the workbench and waits until its parts stand and extensions have been told of the start. */
  async open(url: string): Promise<void> {
    await this.page.goto(url, { waitUntil: 'domcontentloaded' });
    await this.page.locator('.monaco-workbench').waitFor({ timeout: 90_000 });
    await this.page.locator('.statusbar').waitFor({ timeout: 60_000 });
    await this.page.locator('.explorer-folders-view .monaco-list').waitFor({ timeout: 60_000 });
  }

  /** Opens a file of the workspace through quick open and waits until its editor is active. */
  async openFile(name: string): Promise<void> {
    const base = name.slice(name.lastIndexOf('/') + 1);
    await this.#quick.open('ControlOrMeta+P', name);
    await this.#quick.choose(base);
    await this.activeTab(base);
    await this.page
      .locator('.editor-group-container.active .editor-instance')
      .first()
      .waitFor({ timeout: patience });
  }

  /** Waits until the active tab is called exactly so. */
  async activeTab(label: string): Promise<void> {
    await this.page
      .locator('.editor-group-container.active .tab.active')
      .getByText(label, { exact: true })
      .first()
      .waitFor({ timeout: patience });
  }

  /** Labels of all tabs. */
  async tabs(): Promise<readonly string[]> {
    const labels = await this.page.locator('.tabs-container .tab').allInnerTexts();
    return labels.map((l) => l.trim());
  }

  /** Scrolls the active editor to a line, cursor included. */
  async goToLine(line: number): Promise<void> {
    await this.#quick.open('Control+G', `:${line}`);
    await this.#quick.accept();
  }

  /** Runs a command by its full title (`Category: Title`) from the palette. @throws Error when no command has that title. */
  async command(title: string): Promise<void> {
    await this.#quick.open('F1', `>${title}`);
    await this.#quick.choose(title);
  }

  /** Chooses a row of an open quick pick by its label or the label's beginning; null takes the first row. Gives the row's label. */
  async pick(label: string | null): Promise<string> {
    return (await this.#quick.choose(label)).label;
  }

  /** Texts of the rows of an open quick pick. */
  async pickRows(): Promise<readonly string[]> {
    const rows = await eventually('a quick pick with rows', async () => {
      const shown = await this.#quick.rows();
      return shown.length > 0 ? shown : null;
    });
    return rows.map((r) => r.text);
  }

  lenses(): Promise<readonly Lens[]> {
    return lensesOn(this.page);
  }

  /** Waits for a lens on screen that has a part matching `pattern`. */
  lensMatching(pattern: RegExp, timeoutMs: number = patience): Promise<Lens> {
    return eventually(
      `a code lens like ${pattern}`,
      async () => (await this.lenses()).find((l) => l.parts.some((p) => pattern.test(p))) ?? null,
      timeoutMs,
    );
  }

  /** All lenses of the active file, collected while paging through it. */
  async everyLens(): Promise<readonly Lens[]> {
    const found = new Map<number, Lens>();
    let reached = 0;
    await this.focusEditor();
    await this.page.keyboard.press('ControlOrMeta+Home');
    for (;;) {
      // Lenses come a moment after their lines.
      await this.page.waitForTimeout(500);
      for (const lens of await this.lenses()) found.set(lens.line, lens);
      const last = (await this.marks()).at(-1)?.line ?? 0;
      if (last <= reached) break;
      reached = last;
      await this.page.keyboard.press('PageDown');
    }
    return [...found.values()].sort((a, b) => a.line - b.line);
  }

  /** Puts the keyboard into the active text editor. Not by a click: a lens may lie where one would go. */
  async focusEditor(): Promise<void> {
    await this.page
      .locator('.editor-group-container.active .editor-instance')
      .locator('.native-edit-context, textarea.inputarea')
      .first()
      .focus({ timeout: patience });
  }

  /** Types into the active editor at the start of a line. */
  async typeAt(line: number, text: string): Promise<void> {
    await this.goToLine(line);
    await this.page.keyboard.press('Home');
    await this.page.keyboard.insertText(text);
  }

  /** Takes back everything that was typed into the active file. */
  async revertFile(): Promise<void> {
    await this.command('File: Revert File');
  }

  /** Clicks the first part of a lens on screen that matches. */
  async clickLens(pattern: RegExp): Promise<void> {
    await this.page
      .locator('.editor-group-container.active .codelens-decoration a')
      .filter({ hasText: pattern })
      .first()
      .click({ timeout: patience });
  }

  marks(): Promise<readonly LineMarks[]> {
    return marksOn(this.page);
  }

  hover(text: string, line: number | null = null): Promise<string> {
    return hoverAt(this.page, text, line);
  }

  /** Texts of all status bar items. */
  async statusBar(): Promise<readonly string[]> {
    const texts = await this.page.locator('.statusbar-item').allInnerTexts();
    return texts.map((t) => t.replaceAll('\n', ' ').trim()).filter((t) => t !== '');
  }

  /** Waits for a status bar item that matches. */
  statusMatching(pattern: RegExp, timeoutMs: number = patience): Promise<string> {
    return eventually(
      `a status bar item like ${pattern}`,
      async () => (await this.statusBar()).find((t) => pattern.test(t)) ?? null,
      timeoutMs,
    );
  }

  /** Texts of the notifications on screen. */
  async notifications(): Promise<readonly string[]> {
    const texts = await this.page.locator('.notification-list-item-message').allInnerTexts();
    return texts.map((t) => t.trim());
  }

  notificationMatching(pattern: RegExp, timeoutMs: number = patience): Promise<string> {
    return eventually(
      `a notification like ${pattern}`,
      async () => (await this.notifications()).find((t) => pattern.test(t)) ?? null,
      timeoutMs,
    );
  }

  /** Presses a button of a notification on screen. */
  async pressInNotification(button: string): Promise<void> {
    await this.page
      .locator('.notification-toast .monaco-button')
      .filter({ hasText: button })
      .first()
      .click({ timeout: patience });
  }

  /** Types a path into VS Code's own file dialog and accepts it. */
  async answerFileDialog(file: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget input[type="text"]');
    // What is typed before the dialog has named its own folder is overwritten.
    await eventually('the folder of the file dialog', async () =>
      (await input.inputValue()).endsWith('/') ? true : null,
    );
    await this.page.waitForTimeout(500);
    await this.#quick.filter(file);
    // It reads the folder that the path is in before it can be accepted.
    await this.page.waitForTimeout(1500);
    await this.#quick.accept();
  }

  /** Puts the keyboard into the editor group at that place, 1 to 8. */
  async focusGroup(place: number): Promise<void> {
    await this.page.keyboard.press('Escape');
    await this.page.keyboard.press(`ControlOrMeta+${place}`);
  }

  /** Presses a button of an open dialog and gives the dialog's text; null when none opened in time. */
  async pressInDialog(button: string, timeoutMs: number = patience): Promise<string | null> {
    const dialog = this.page.locator('.monaco-dialog-box');
    try {
      await dialog.waitFor({ timeout: timeoutMs });
    } catch {
      return null;
    }
    const text = await dialog.innerText();
    await dialog
      .locator('.monaco-button')
      .getByText(button, { exact: true })
      .first()
      .click({ timeout: patience });
    await dialog.waitFor({ state: 'hidden', timeout: patience });
    return text;
  }

  /** The innermost frame of an open webview in which `selector` exists. */
  webview(selector: string, timeoutMs: number = patience): Promise<Frame> {
    return eventually(
      `a webview with ${selector}`,
      async () => {
        for (const frame of this.page.frames()) {
          if (frame === this.page.mainFrame()) continue;
          const count = await frame
            .locator(selector)
            .count()
            .catch(() => 0);
          if (count > 0) return frame;
        }
        return null;
      },
      timeoutMs,
    );
  }

  /** Presses a button in the title of the side bar's view, by its tooltip. */
  async pressInSideBar(button: string): Promise<void> {
    const title = this.page.locator('.sidebar .action-label');
    await this.page.locator('.sidebar').first().hover();
    await title.and(this.page.getByLabel(button)).first().click({ timeout: patience });
  }

  /** Labels and descriptions of a tree's rows on screen; the view must be open. */
  async treeRows(): Promise<readonly string[]> {
    const rows = await this.page.locator('.sidebar .pane-body .monaco-list-row').allInnerTexts();
    return rows.map((r) => r.replaceAll('\n', ' ').trim());
  }

  /** Switches the colour theme with VS Code's own picker and waits until the workbench wears it. */
  async theme(theme: ThemeName): Promise<void> {
    const { label, className } = themes[theme];
    // Not through settings.json: the served VS Code does not watch the user's settings file.
    await this.command('Preferences: Color Theme');
    await this.#quick.filter(label);
    await this.#quick.choose(label);
    await this.page.locator(`.monaco-workbench.${className}`).first().waitFor({ timeout: patience });
    // Colours of decorations and webviews follow a moment later.
    await this.page.waitForTimeout(600);
  }

  /** Removes pop-ups that would cover a screenshot. */
  async tidy(): Promise<void> {
    for (const close of await this.page.locator('.notification-toast .codicon-notifications-clear').all()) {
      await close.click({ force: true }).catch(() => undefined);
    }
    await this.page.keyboard.press('Escape');
    // Tooltips of whatever lay under the mouse fade a moment after it has gone.
    await this.page.mouse.move(5, 5);
    await this.page.waitForTimeout(700);
  }

  async screenshot(file: string): Promise<void> {
    await this.page.screenshot({ path: file });
  }
}
