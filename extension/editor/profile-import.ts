/**
 * Imports recordings of any format: by command, from the explorer, by drop on the Profiles view and by opening one. The
 * reading is done elsewhere (a worker, or perf itself); this asks, shows progress and says what came of it.
 */
import * as vscode from 'vscode';
import { type Profile, UserError } from '../model.ts';
import type { UnmappedFile } from '../model-profile.ts';
import { mapEntry, normalPath, PathMapper } from '../profile/path-map.ts';
import { commands, internalCommands } from './ids.ts';
import { hottestPlace, type ProfileLoader, sharePlaced, textMap } from './profile-loader.ts';
import type { MappedProfiles, Store } from './store.ts';
import { countText, percentText, sourceText } from './words.ts';

export interface ReadOptions {
  /** Event to take where a recording has several; null for the one with the most samples. */
  readonly event: string | null;
  readonly signal: AbortSignal;
  /** Share read, 0..1. */
  readonly onProgress: (fraction: number) => void;
}

/**
 * Reads a file of any format that is known.
 *
 * @throws UserError with one clear line; AbortError on the signal
 */
export type ReadRecording = (file: string, options: ReadOptions) => Promise<Profile>;

export interface ImportDeps {
  readonly store: Store;
  readonly loader: ProfileLoader;
  readonly read: ReadRecording;
  /** Dropped files that have no path (in a browser) are written here. */
  readonly dropFolder: vscode.Uri;
  /** Remembers, for this workspace, that a folder was asked for. */
  readonly memento: vscode.Memento;
  readonly log: vscode.LogOutputChannel;
}

const filters: Readonly<Record<string, string[]>> = {
  'All Files': ['*'],
  Recordings: ['data', 'perf', 'folded', 'pprof', 'gz', 'cpuprofile', 'json', 'out', 'txt'],
};

const asked = 'askedForSources';
/** Below this share of samples, percent, files that are not here are not worth a question. */
const worthAsking = 5;

/** Debug information of the system's own libraries names such paths; nobody has them in a workspace. */
const systemPath = /^(?:\/usr\/|\/lib|\.\/|\.\.\/|\/build\/(?:glibc|gcc)|\.{0,2}\/?sysdeps\/)/;

export class ImportCommand {
  readonly #deps: ImportDeps;

  constructor(deps: ImportDeps) {
    this.#deps = deps;
  }

  /** `Import Profile…`: asks for files. */
  async pick(): Promise<void> {
    const chosen = await vscode.window.showOpenDialog({
      title: vscode.l10n.t('Import Profile'),
      openLabel: vscode.l10n.t('Import'),
      canSelectMany: true,
      filters: { ...filters },
    });
    if (chosen !== undefined) await this.files(chosen);
  }

  /** From the explorer: the file that was clicked and all that are selected. */
  async fromExplorer(clicked: unknown, selected: unknown): Promise<void> {
    const uris = (Array.isArray(selected) ? selected : [clicked]).filter(
      (u): u is vscode.Uri => u instanceof vscode.Uri,
    );
    if (uris.length === 0) await this.pick();
    else await this.files(uris);
  }

  /** Imports one after the other; the last stays loaded. */
  async files(uris: readonly vscode.Uri[]): Promise<void> {
    for (const uri of uris) await this.one(uri);
  }

  /** Gives the profile, or null when the user cancelled. */
  async one(uri: vscode.Uri): Promise<Profile | null> {
    if (uri.scheme !== 'file') {
      throw new UserError(`${uri.path} is not on a disk that can be read here: save it as a file first.`);
    }
    let profile = await this.#read(uri.fsPath, null);
    if (profile === null) return null;
    const event = await this.#event(profile);
    if (event === null) return null;
    if (event !== profile.details?.event.name) profile = await this.#read(uri.fsPath, event);
    if (profile === null) return null;
    const { id, mapped } = await this.#deps.loader.add(profile, uri.fsPath);
    for (const note of profile.details?.notes ?? []) this.#deps.log.info(`${uri.fsPath}: ${note}`);
    void this.#say(uri, profile, mapped);
    void this.#askForSources(id);
    return profile;
  }

  async #read(file: string, event: string | null): Promise<Profile | null> {
    const abort = new AbortController();
    const name = file.slice(file.lastIndexOf('/') + 1);
    return vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: `Alloc Lens: ${vscode.l10n.t('importing {0}', name)}`,
        cancellable: true,
      },
      async (progress, token) => {
        token.onCancellationRequested(() => abort.abort());
        let reported = 0;
        try {
          return await this.#deps.read(file, {
            event,
            signal: abort.signal,
            onProgress: (fraction) => {
              const percent = Math.max(reported, Math.min(100, fraction * 100));
              progress.report({ increment: percent - reported });
              reported = percent;
            },
          });
        } catch (error) {
          if (abort.signal.aborted) return null;
          throw error;
        }
      },
    );
  }

  /** The event to show: events are never summed, so where there are several somebody has to choose. */
  async #event(profile: Profile): Promise<string | null> {
    const { details } = profile;
    if (details === undefined || details.events.length < 2) return details?.event.name ?? '';
    const chosen = await vscode.window.showQuickPick(
      details.events.map((e) => ({
        label: e.name,
        description: vscode.l10n.t('{0} samples', countText(e.samples)),
        picked: e.name === details.event.name,
      })),
      {
        title: vscode.l10n.t('Import Profile: event'),
        placeHolder: vscode.l10n.t('The recording has several kinds of event; they are never added up'),
      },
    );
    return chosen?.label ?? null;
  }

  async #say(uri: vscode.Uri, profile: Profile, mapped: MappedProfiles): Promise<void> {
    const name = uri.path.slice(uri.path.lastIndexOf('/') + 1);
    const placed = Math.max(0, ...[...mapped.values()].map(sharePlaced));
    const where =
      placed > 0
        ? vscode.l10n.t('{0} on lines of this workspace', percentText(placed))
        : vscode.l10n.t('no line of this workspace was seen in it');
    const hottest = placed > 0 ? vscode.l10n.t('Go to Hottest Line') : null;
    const report = vscode.l10n.t('Open Report');
    const chosen = await vscode.window.showInformationMessage(
      `${name}: ${sourceText(profile)}; ${where}.`,
      ...(hottest === null ? [] : [hottest]),
      report,
    );
    if (chosen === report) await vscode.commands.executeCommand(commands.openReport);
    else if (chosen !== undefined && chosen === hottest) {
      await vscode.commands.executeCommand(internalCommands.hottestLine);
    }
  }

  /** Files of the recording that nothing was found for, the hottest first, without those of the system. */
  #missing(id: string): { readonly root: vscode.Uri; readonly files: readonly UnmappedFile[] } | null {
    const known = this.#deps.store.profiles.find((p) => p.id === id);
    for (const [key, mapped] of known?.mapped ?? []) {
      const files = (mapped.details?.unmapped ?? []).filter((u) => !systemPath.test(u.file));
      return { root: vscode.Uri.parse(key), files };
    }
    return null;
  }

  /** Asks once a workspace, and only where most of the recording's own code was not found in it. */
  async #askForSources(id: string): Promise<void> {
    const missing = this.#missing(id);
    const known = this.#deps.store.profiles.find((p) => p.id === id);
    const mapped = missing === null ? undefined : known?.mapped.get(missing.root.toString());
    if (missing === null || mapped === undefined || this.#deps.memento.get(asked) === true) return;
    const lost = missing.files.reduce((sum, u) => sum + u.percent, 0);
    if (lost < worthAsking || lost <= sharePlaced(mapped)) return;
    await this.#deps.memento.update(asked, true);
    const locate = vscode.l10n.t('Locate Sources…');
    const chosen = await vscode.window.showWarningMessage(
      vscode.l10n.t(
        '{0} of the samples are in {1} files that are not in this workspace, such as {2}.',
        percentText(lost),
        missing.files.length,
        missing.files[0]?.file ?? '',
      ),
      locate,
    );
    if (chosen === locate) await this.locate(id);
  }

  /**
   * Asks where the sources of a profile are and remembers it in `allocLens.sourceMap` of the workspace.
   *
   * @param value id of a profile or a row of the Profiles view; anything else means the loaded one
   */
  async locate(value: unknown): Promise<void> {
    const { store } = this.#deps;
    const row =
      typeof value === 'object' && value !== null ? (value as { profile?: unknown }).profile : value;
    const id = store.profiles.find((p) => p.id === row)?.id ?? store.loaded?.id;
    const missing = id === undefined ? null : this.#missing(id);
    const hottest = missing?.files[0];
    if (missing === null || hottest === undefined) {
      throw new UserError('Every file of this profile was found, or none of its files is known.');
    }
    const chosen = await vscode.window.showOpenDialog({
      title: vscode.l10n.t('Folder with {0}', hottest.file),
      openLabel: vscode.l10n.t('Sources Are Here'),
      canSelectFolders: true,
      canSelectFiles: false,
      defaultUri: missing.root,
    });
    const folder = chosen?.[0];
    if (folder === undefined) return;
    const entry = await sourceMapEntry(missing.root, folder, hottest.file);
    if (entry === null) {
      throw new UserError(
        `${folder.fsPath} has no file that ${hottest.file} could be: choose the folder that its path begins in.`,
      );
    }
    const section = vscode.workspace.getConfiguration('allocLens', missing.root);
    const map = { ...textMap(section.get<unknown>('sourceMap')), [entry.from]: entry.to };
    await section.update('sourceMap', map, vscode.ConfigurationTarget.Workspace);
    await this.#deps.loader.remap();
  }

  /** A dropped file without a path is kept as a file of its own. */
  async bytes(name: string, data: Uint8Array): Promise<void> {
    const { dropFolder } = this.#deps;
    await vscode.workspace.fs.createDirectory(dropFolder);
    const safe = name.replace(/[^\w.@+-]+/g, '_').slice(-100) || 'recording';
    const uri = vscode.Uri.joinPath(dropFolder, safe);
    await vscode.workspace.fs.writeFile(uri, data);
    await this.files([uri]);
  }
}

const mostFound = 5000;

/**
 * The entry of the map that puts `recorded` and its neighbours below `folder`: by the longest common end with a file
 * there. Null when no file of that name is below it.
 */
export async function sourceMapEntry(
  root: vscode.Uri,
  folder: vscode.Uri,
  recorded: string,
): Promise<{ readonly from: string; readonly to: string } | null> {
  const name = normalPath(recorded).split('/').at(-1) ?? '';
  if (!/^[\w.+@-]+$/.test(name)) return null;
  const found = await vscode.workspace.findFiles(
    new vscode.RelativePattern(folder, `**/${name}`),
    undefined,
    mostFound,
  );
  const base = root.path.endsWith('/') ? root.path : `${root.path}/`;
  const files = found.map((f) => (f.path.startsWith(base) ? f.path.slice(base.length) : f.path));
  const mapper = new PathMapper({ root: root.fsPath, files, map: {} });
  const [best] = mapper.candidates(recorded);
  return best === undefined ? null : mapEntry(recorded, best);
}

/** Opens the hottest line of the workspace. @throws UserError when nothing of the workspace was measured */
export async function openHottestLine(store: Store): Promise<void> {
  const place = hottestPlace(store);
  if (place === null) throw new UserError('No line of this workspace was measured by the loaded profile.');
  await vscode.commands.executeCommand(internalCommands.openLocation, {
    origin: 'project',
    root: place.root.toString(),
    file: place.file,
    line: place.line,
    column: 1,
  });
}
