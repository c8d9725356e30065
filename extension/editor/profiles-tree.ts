/** The Profiles view: what was measured or imported in this window, newest first; files dropped on it are imported. */
import * as vscode from 'vscode';
import { colors, commands, contexts, views } from './ids.ts';
import type { ImportCommand } from './profile-import.ts';
import type { KnownProfile, Store } from './store.ts';
import { ageText, countText, counted, percentText, sharesText, sourceText, workloadText } from './words.ts';

export type ProfileRow =
  | { readonly kind: 'profile'; readonly known: KnownProfile }
  | {
      readonly kind: 'detail';
      readonly id: string;
      readonly label: string;
      readonly description: string;
      readonly icon: string;
      readonly context: string;
      /** Id of the profile that it belongs to. */
      readonly profile: string;
      readonly children: readonly string[];
    }
  | { readonly kind: 'text'; readonly id: string; readonly label: string };

const baseName = (file: string): string => file.slice(file.lastIndexOf('/') + 1);

/** What a profile is called wherever one is chosen. */
export function profileTitle({ profile, run, file }: KnownProfile): string {
  if (file !== null) return baseName(file);
  const { name, variant } = profile.target;
  const target = run?.target ?? name;
  const of = profile.target.kind === 'engine' ? (run?.variant ?? variant) : null;
  return `${workloadText(profile.workload)} · ${of === null ? target : `${target} ${of}`}`;
}

export function profileDescription(known: KnownProfile, now: number): string {
  const { profile } = known;
  const what =
    profile.target.kind === 'engine' ? `${countText(profile.samples)} samples` : sourceText(profile);
  return `${what} · ${ageText(profile.recordedAt, now)}`;
}

const unmappedShown = 20;
/** Percent of the samples. */
const worthNaming = 0.05;

/** What stands below a profile: where it came from, what to know of it, which files are not here. Exposed for its test. */
export function detailRows({ id, profile, mapped, file }: KnownProfile): ProfileRow[] {
  const rows: ProfileRow[] = [];
  const add = (
    key: string,
    label: string,
    description: string,
    icon: string,
    children: readonly string[] = [],
    context = 'detail',
  ): void =>
    void rows.push({
      kind: 'detail',
      id: `${id}/${key}`,
      label,
      description,
      icon,
      context,
      profile: id,
      children,
    });
  const { details, target } = profile;
  if (file !== null) add('file', vscode.l10n.t('File'), file, 'file');
  add(
    'target',
    vscode.l10n.t('Target'),
    [target.name, target.variant].filter((t) => t !== null).join(' '),
    'target',
  );
  if (details === undefined) return rows;
  if (details.events.length > 1) {
    add(
      'events',
      vscode.l10n.t('Event'),
      details.event.name,
      'symbol-event',
      details.events.map((e) => `${e.name}: ${countText(e.samples)} samples`),
    );
  }
  if (details.threads.length > 1) {
    add(
      'threads',
      counted(details.threads.length, 'thread'),
      '',
      'server-process',
      details.threads.slice(0, unmappedShown).map((t) => `${t.name} ${percentText(t.percent)}`),
    );
  }
  for (const [i, note] of details.notes.entries()) add(`note${i}`, note, '', 'info');
  if (details.skipped !== null) {
    add(
      'skipped',
      vscode.l10n.t('{0} lines could not be read', countText(details.skipped.count)),
      details.skipped.first,
      'warning',
    );
  }
  const [placed] = mapped.values();
  const lost = (placed?.details?.unmapped ?? details.unmapped).filter((u) => u.percent >= worthNaming);
  if (lost.length > 0) {
    add(
      'unmapped',
      counted(lost.length, 'file not in this workspace', 'files not in this workspace'),
      percentText(
        Math.min(
          100,
          lost.reduce((sum, u) => sum + u.percent, 0),
        ),
      ),
      'question',
      lost.slice(0, unmappedShown).map((u) => `${percentText(u.percent)} ${u.file}`),
      'unmapped',
    );
  }
  return rows;
}

export class ProfilesTree
  implements vscode.TreeDataProvider<ProfileRow>, vscode.TreeDragAndDropController<ProfileRow>
{
  readonly dropMimeTypes = ['text/uri-list', 'files'];
  readonly dragMimeTypes: readonly string[] = [];
  readonly #store: Store;
  readonly #import: Pick<ImportCommand, 'files' | 'bytes'>;
  readonly #failed: (error: unknown) => void;
  readonly #changed = new vscode.EventEmitter<undefined>();

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(
    store: Store,
    importer: Pick<ImportCommand, 'files' | 'bytes'>,
    failed: (error: unknown) => void,
  ) {
    this.#store = store;
    this.#import = importer;
    this.#failed = failed;
  }

  static register(
    store: Store,
    importer: Pick<ImportCommand, 'files' | 'bytes'>,
    failed: (error: unknown) => void,
  ): vscode.Disposable {
    const tree = new ProfilesTree(store, importer, failed);
    const view = vscode.window.createTreeView(views.profiles, {
      treeDataProvider: tree,
      dragAndDropController: tree,
      canSelectMany: true,
    });
    const set = (key: string, value: unknown): void =>
      void vscode.commands.executeCommand('setContext', key, value);
    const refresh = (): void => {
      tree.#changed.fire(undefined);
      view.message = tree.message() ?? '';
      set(contexts.comparing, store.baseline !== null);
      set(contexts.profiles, store.profiles.length);
      set(contexts.native, store.profile !== null && store.profile.target.kind !== 'engine');
    };
    refresh();
    // Ages are said in minutes.
    const timer = setInterval(() => tree.#changed.fire(undefined), 60_000);
    return vscode.Disposable.from(
      view,
      tree.#changed,
      new vscode.Disposable(() => clearInterval(timer)),
      store.onDidChange((what) => {
        if (what === 'profile') refresh();
      }),
    );
  }

  /** Says what is compared with what. */
  message(): string | undefined {
    const { baseline, loaded } = this.#store;
    if (baseline === null || loaded === null) return undefined;
    return vscode.l10n.t(
      '{0} against {1}: orange costs more, blue less.',
      profileTitle(loaded),
      profileTitle(baseline),
    );
  }

  getChildren(row?: ProfileRow): ProfileRow[] {
    if (row === undefined) return this.#store.profiles.map((known) => ({ kind: 'profile', known }));
    if (row.kind === 'profile') return detailRows(row.known);
    if (row.kind === 'text') return [];
    return row.children.map((label, i) => ({ kind: 'text', id: `${row.id}/${i}`, label }));
  }

  getTreeItem(row: ProfileRow): vscode.TreeItem {
    const { None, Collapsed } = vscode.TreeItemCollapsibleState;
    if (row.kind === 'profile') return this.#profileItem(row.known);
    const open = row.kind === 'detail' && row.children.length > 0 ? Collapsed : None;
    const item = new vscode.TreeItem(row.label, open);
    item.id = row.id;
    item.tooltip =
      row.kind === 'detail' && row.description !== '' ? `${row.label}: ${row.description}` : row.label;
    if (row.kind === 'text') return item;
    item.description = row.description;
    item.iconPath = new vscode.ThemeIcon(row.icon);
    item.contextValue = row.context;
    return item;
  }

  #profileItem(known: KnownProfile): vscode.TreeItem {
    const { loaded, baseline } = this.#store;
    const isLoaded = known.id === loaded?.id;
    const isBaseline = known.id === baseline?.id;
    const item = new vscode.TreeItem(profileTitle(known), vscode.TreeItemCollapsibleState.Collapsed);
    const role = isLoaded ? vscode.l10n.t('shown') : isBaseline ? vscode.l10n.t('compared with') : '';
    const said = profileDescription(known, Date.now());
    item.id = known.id;
    item.description = role === '' ? said : `${role} · ${said}`;
    item.tooltip = `${profileTitle(known)}\n${sharesText(known.profile)}`;
    // Shapes differ, so that colour is not needed.
    item.iconPath = isLoaded
      ? new vscode.ThemeIcon('flame', new vscode.ThemeColor(colors.heatText))
      : new vscode.ThemeIcon(isBaseline ? 'diff' : known.file === null ? 'graph' : 'file-symlink-file');
    item.contextValue = ['profile', isLoaded ? 'loaded' : 'other', known.profile.target.kind].join('.');
    item.accessibilityInformation = { label: `${profileTitle(known)}, ${item.description}` };
    if (!isLoaded) {
      item.command = {
        title: vscode.l10n.t('Show'),
        command: commands.loadProfile,
        arguments: [known.id],
      };
    }
    return item;
  }

  async handleDrop(_target: ProfileRow | undefined, data: vscode.DataTransfer): Promise<void> {
    try {
      const uris = await droppedUris(data);
      if (uris.length > 0) {
        await this.#import.files(uris);
        return;
      }
      for (const [, item] of data) {
        const file = item.asFile();
        if (file !== undefined) await this.#import.bytes(file.name, await file.data());
      }
    } catch (error) {
      this.#failed(error);
    }
  }
}

/** Files on disk that were dropped; empty where only their contents came along. */
async function droppedUris(data: vscode.DataTransfer): Promise<vscode.Uri[]> {
  const list = (await data.get('text/uri-list')?.asString()) ?? '';
  const listed = list
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => vscode.Uri.parse(line))
    .filter((uri) => uri.scheme === 'file');
  if (listed.length > 0) return listed;
  return [...data].flatMap(([, item]) => {
    const uri = item.asFile()?.uri;
    return uri === undefined || uri.scheme !== 'file' ? [] : [uri];
  });
}
