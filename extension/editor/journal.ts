/** What was typed since the analysis that is on screen, so that its positions can follow. No vscode. */
import type { Edit } from './edits.ts';

interface Change {
  /** Document version after the change. */
  readonly version: number;
  readonly edits: readonly Edit[];
}

export class EditJournal {
  readonly #changes = new Map<string, Change[]>();

  record(uri: string, version: number, edits: readonly Edit[]): void {
    const list = this.#changes.get(uri);
    if (list === undefined) this.#changes.set(uri, [{ version, edits }]);
    else list.push({ version, edits });
  }

  /** The findings of `uri` now are those of document version `version`. */
  settle(uri: string, version: number): void {
    const left = (this.#changes.get(uri) ?? []).filter((c) => c.version > version);
    if (left.length === 0) this.#changes.delete(uri);
    else this.#changes.set(uri, left);
  }

  forget(uri: string): void {
    this.#changes.delete(uri);
  }

  /** Edits since then, oldest first. */
  since(uri: string): Edit[] {
    return (this.#changes.get(uri) ?? []).flatMap((c) => c.edits);
  }
}
