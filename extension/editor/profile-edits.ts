/**
 * What was typed since each recording. A build reads what is saved, so an edit counts for a recording when it was
 * saved after it, or not at all. The findings' own journal cannot serve: it forgets with each analysis. No vscode.
 */
import type { Edit } from './edits.ts';

interface Change {
  readonly edits: readonly Edit[];
  /** Milliseconds since the epoch; null while it is not saved. */
  savedAt: number | null;
}

/** More than anybody types between two recordings; beyond it lines are not followed any more. */
const mostChanges = 20_000;

export class ProfileEdits {
  readonly #changes = new Map<string, Change[]>();
  readonly #overflown = new Set<string>();

  record(uri: string, edits: readonly Edit[]): void {
    const list = this.#changes.get(uri);
    if (list === undefined) this.#changes.set(uri, [{ edits, savedAt: null }]);
    else if (list.length < mostChanges) list.push({ edits, savedAt: null });
    else this.#overflown.add(uri);
  }

  saved(uri: string, now: number): void {
    for (const change of this.#changes.get(uri) ?? []) change.savedAt ??= now;
  }

  /** What was not saved when a document closes never reached the disk. */
  closed(uri: string): void {
    const left = (this.#changes.get(uri) ?? []).filter((c) => c.savedAt !== null);
    if (left.length === 0) this.#changes.delete(uri);
    else this.#changes.set(uri, left);
  }

  /**
   * Edits between what was recorded and what the editor shows, oldest first; null when they were too many to follow.
   *
   * @param recordedAt milliseconds since the epoch
   */
  since(uri: string, recordedAt: number): Edit[] | null {
    if (this.#overflown.has(uri)) return null;
    return (this.#changes.get(uri) ?? [])
      .filter((c) => c.savedAt === null || c.savedAt > recordedAt)
      .flatMap((c) => c.edits);
  }

  /** When a file was last saved here; 0 when it was not. */
  lastSaved(uri: string): number {
    return Math.max(0, ...(this.#changes.get(uri) ?? []).map((c) => c.savedAt ?? 0));
  }
}
