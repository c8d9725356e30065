/** VS Code's quick input: quick open, the command palette and quick picks. */
import type { Locator, Page } from 'playwright-core';
import type { PickRow } from '../page/shapes.ts';
import { eventually, patience } from './wait.ts';

export class QuickInput {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  get #widget(): Locator {
    return this.#page.locator('.quick-input-widget:not([style*="display: none"])');
  }

  /** Opens it with a key and types a text; again where a page that takes the focus closed it. */
  async open(key: string, text: string): Promise<void> {
    const input = this.#widget.locator('input[type="text"]');
    await eventually('the quick input', async () => {
      await this.#page.keyboard.press('Escape');
      await this.#page.keyboard.press(key);
      await input.waitFor({ timeout: 3000 });
      await input.fill(text, { timeout: 3000 });
      return true;
    });
  }

  /** Replaces what stands in the open input. */
  async filter(text: string): Promise<void> {
    const input = this.#widget.locator('input[type="text"]');
    await input.waitFor({ timeout: patience });
    await input.fill(text);
  }

  /** Enter; waits until it is gone. */
  async accept(): Promise<void> {
    await this.#page.keyboard.press('Enter');
    await this.#widget.waitFor({ state: 'hidden', timeout: patience });
  }

  /** The rows on screen now. */
  rows(): Promise<readonly PickRow[]> {
    return this.#page.evaluate<PickRow[]>('allocLensReader.quickRows()');
  }

  /**
   * Clicks the row with that label, or else the first whose label begins with it; null takes the first row. Lists are
   * refilled while they are looked at, so a row is taken only where it was already a moment ago.
   */
  async choose(wanted: string | null): Promise<PickRow> {
    let before = '';
    return eventually(`a row ${wanted ?? ''} to choose`, async () => {
      const rows = await this.rows();
      const found =
        wanted === null
          ? rows[0]
          : (rows.find((r) => r.label === wanted) ?? rows.find((r) => r.label.startsWith(wanted)));
      // Of a long list only the rows on screen are there.
      if (found === undefined && wanted !== null && rows.length > 0) await this.filter(wanted);
      const now = found === undefined ? '' : `${found.index} ${found.label}`;
      const steady = now !== '' && now === before;
      before = now;
      if (!steady || found === undefined) return null;
      const row = this.#widget.locator(`.monaco-list-row[data-index="${found.index}"]`).first();
      try {
        await row.click({ timeout: 1000 });
        return found;
      } catch {
        // Refilled under the pointer: what is there now is looked at again.
        before = '';
        return null;
      }
    });
  }
}
