/** Commands on the profiles of this window: show, next, compare, remove, export. */
import * as vscode from 'vscode';
import { type Profile, UserError } from '../model.ts';
import { profileDescription, profileTitle } from './profiles-tree.ts';
import type { KnownProfile, Store } from './store.ts';

export type ExportFormat = 'speedscope' | 'pprof' | 'alloc-lens';

/** @throws UserError when the profile has not what the format needs */
export type ExportProfile = (
  profile: Profile,
  format: ExportFormat,
) => { readonly file: Uint8Array; readonly notes: readonly string[] };

const formats: readonly { readonly format: ExportFormat; readonly about: string; readonly ending: string }[] =
  [
    { format: 'speedscope', about: 'call tree for speedscope.app', ending: 'speedscope.json' },
    { format: 'pprof', about: 'gzip protobuf for pprof and its tools', ending: 'pb.gz' },
    { format: 'alloc-lens', about: 'everything, to be imported again', ending: 'alloc-lens.json' },
  ];

export class ProfileCommands {
  readonly #store: Store;
  readonly #exporter: ExportProfile;

  constructor(store: Store, exporter: ExportProfile) {
    this.#store = store;
    this.#exporter = exporter;
  }

  /** Profiles that a row, a selection of rows or an id stand for; empty for anything else. */
  #meant(value: unknown, selection?: unknown): KnownProfile[] {
    const { profiles } = this.#store;
    const ids = (Array.isArray(selection) ? selection : [value]).map((v: unknown): unknown => {
      if (typeof v !== 'object' || v === null) return v;
      const { known, profile } = v as { known?: { id?: unknown }; profile?: unknown };
      return known?.id ?? profile;
    });
    return profiles.filter((p) => ids.includes(p.id));
  }

  async #choose(placeHolder: string, without: KnownProfile | null = null): Promise<KnownProfile | null> {
    const now = Date.now();
    const items = this.#store.profiles
      .filter((p) => p !== without)
      .map((known) => ({
        label: profileTitle(known),
        description: profileDescription(known, now),
        known,
      }));
    if (items.length === 0) {
      throw new UserError(
        'There is no other profile in this window: run a benchmark or import a recording first.',
      );
    }
    const chosen = await vscode.window.showQuickPick(items, { placeHolder, matchOnDescription: true });
    return chosen?.known ?? null;
  }

  async load(value: unknown): Promise<void> {
    const known = this.#meant(value)[0] ?? (await this.#choose(vscode.l10n.t('Profile to show')));
    if (known !== null) this.#store.loadProfile(known.id);
  }

  /** Shows the next older profile, after the oldest the newest. */
  next(): void {
    const { profiles, loaded } = this.#store;
    const at = profiles.findIndex((p) => p.id === loaded?.id);
    const next = profiles[(at + 1) % profiles.length];
    if (next === undefined)
      throw new UserError('There is no profile in this window yet: run a benchmark first.');
    this.#store.loadProfile(next.id);
  }

  /** Two selected rows are compared, the older as what was before; one with what is shown; none asks for both. */
  async compare(value: unknown, selection?: unknown): Promise<void> {
    const [one, two] = this.#meant(value, selection);
    if (one !== undefined && two !== undefined) {
      const [before, after] = [one, two].sort((a, b) =>
        a.profile.recordedAt.localeCompare(b.profile.recordedAt),
      );
      if (before !== undefined && after !== undefined) this.#compare(before, after);
      return;
    }
    const { loaded } = this.#store;
    if (one !== undefined && loaded !== null && one.id !== loaded.id) {
      this.#compare(one, loaded);
      return;
    }
    const after = one ?? loaded ?? (await this.#choose(vscode.l10n.t('Profile to show')));
    if (after === null) return;
    const before = await this.#choose(
      vscode.l10n.t('Compare {0} with which earlier profile?', profileTitle(after)),
      after,
    );
    if (before !== null) this.#compare(before, after);
  }

  #compare(before: KnownProfile, after: KnownProfile): void {
    if ((before.profile.target.kind === 'engine') !== (after.profile.target.kind === 'engine')) {
      throw new UserError(
        'A profile of the engine and one of a native program have no lines in common: compare two of the same kind.',
      );
    }
    if (before.profile.unit !== after.profile.unit) {
      throw new UserError(
        `Shares of ${before.profile.unit} and shares of ${after.profile.unit} cannot be compared: record both with the same event.`,
      );
    }
    this.#store.compareProfiles(before.id, after.id);
  }

  async remove(value: unknown, selection?: unknown): Promise<void> {
    const meant = this.#meant(value, selection);
    const chosen = meant.length > 0 ? meant : [await this.#choose(vscode.l10n.t('Profile to remove'))];
    for (const known of chosen) if (known !== null) this.#store.removeProfile(known.id);
  }

  async export(value: unknown): Promise<void> {
    const known =
      this.#meant(value)[0] ?? this.#store.loaded ?? (await this.#choose(vscode.l10n.t('Profile to export')));
    if (known === null) return;
    const chosen = await vscode.window.showQuickPick(
      formats.map((f) => ({ label: f.format, description: f.about, ...f })),
      { title: vscode.l10n.t('Export Profile: format') },
    );
    if (chosen === undefined) return;
    const { file, notes } = this.#exporter(known.profile, chosen.format);
    const name = profileTitle(known).replace(/[^\w.+-]+/g, '-');
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    const target = await vscode.window.showSaveDialog({
      title: vscode.l10n.t('Export Profile'),
      ...(folder === undefined
        ? {}
        : { defaultUri: vscode.Uri.joinPath(folder, `${name}.${chosen.ending}`) }),
    });
    if (target === undefined) return;
    await vscode.workspace.fs.writeFile(target, file);
    const said = [vscode.l10n.t('Profile written to {0}.', target.fsPath), ...notes];
    await vscode.window.showInformationMessage(said.join(' '));
  }
}
