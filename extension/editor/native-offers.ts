/** Native targets that a run can be made over: the workspace's own first, then what is installed, then the system's. */
import type * as vscode from 'vscode';
import type { Target } from '../model.ts';

export interface NativeChoice {
  readonly name: string;
  /** Ready to be asked; null when it is gone meanwhile. */
  readonly target: () => Promise<Target | null>;
  readonly origin: 'workspace' | 'installed' | 'system';
  /** For a person: where it is, or how it is built. */
  readonly detail: string;
}

/** @param folder the workspace folder whose targets are meant, null without one */
export type NativeChoices = (folder: vscode.Uri | null) => Promise<readonly NativeChoice[]>;

const rank: Readonly<Record<NativeChoice['origin'], number>> = { workspace: 0, installed: 1, system: 2 };

/** In the order in which they are offered; of one name the first wins. */
export function orderedChoices(choices: readonly NativeChoice[]): NativeChoice[] {
  const seen = new Set<string>();
  return [...choices]
    .sort((a, b) => rank[a.origin] - rank[b.origin])
    .filter(({ name }) => !seen.has(name) && seen.add(name));
}

/** What a user reads beside a choice. */
export const choiceText = ({ origin, detail }: NativeChoice): string =>
  `${{ workspace: 'this workspace', installed: 'installed', system: 'system' }[origin]}${detail === '' ? '' : ` · ${detail}`}`;

/** A target that is there already. */
export const readyChoice = (target: Target, origin: NativeChoice['origin'], detail = ''): NativeChoice => ({
  name: target.name,
  target: async () => target,
  origin,
  detail,
});

/** What is known of a target of the workspace before it is opened. */
interface Described {
  readonly config: { readonly name: string };
}

/**
 * The targets of the workspace, the preferred one first.
 *
 * @param describe says of one how it is made
 */
export async function workspaceChoices<T extends Described>(
  workspace: { list(): Promise<readonly T[]>; named(name: string): Promise<Target | null> },
  describe: (target: T) => string,
): Promise<NativeChoice[]> {
  return (await workspace.list()).map((t): NativeChoice => {
    const { name } = t.config;
    return { name, target: () => workspace.named(name), origin: 'workspace', detail: describe(t) };
  });
}
