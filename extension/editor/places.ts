/** Where a document stands: in a workspace folder's project, among the engine's own sources, or nowhere of ours. */
import * as vscode from 'vscode';
import { engineScheme } from './ids.ts';

export type Place =
  | { readonly origin: 'project'; readonly root: vscode.Uri; readonly file: string }
  | { readonly origin: 'engine'; readonly file: string };

/** What the analysis reads by name, whatever language VS Code takes it for (`.inc` often is none). */
const sourceNames = '*.{c,h,cc,cpp,cxx,hpp,hh,hxx,inc,inl,ipp,tcc}';
const sourceName = /\.(?:c|h|cc|cpp|cxx|hpp|hh|hxx|inc|inl|ipp|tcc)$/i;

export const sourceGlob = `**/${sourceNames}`;

/** Documents that are analysed; files on disk only, since the analysis reads what is beside them. */
export const projectSelector: readonly vscode.DocumentFilter[] = [
  { language: 'c', scheme: 'file' },
  { language: 'cpp', scheme: 'file' },
  { pattern: sourceGlob, scheme: 'file' },
];

export const engineSelector: vscode.DocumentFilter = { scheme: engineScheme };

export function isProjectDocument({ uri, languageId }: vscode.TextDocument): boolean {
  if (uri.scheme !== 'file') return false;
  return languageId === 'c' || languageId === 'cpp' || sourceName.test(uri.path);
}

export function placeOf(uri: vscode.Uri): Place | null {
  if (uri.scheme === engineScheme) return { origin: 'engine', file: uri.path.replace(/^\//, '') };
  if (uri.scheme !== 'file') return null;
  const root = vscode.workspace.getWorkspaceFolder(uri)?.uri;
  if (root === undefined) return null;
  const base = root.path.endsWith('/') ? root.path : `${root.path}/`;
  return uri.path.startsWith(base) ? { origin: 'project', root, file: uri.path.slice(base.length) } : null;
}

export const engineUri = (file: string): vscode.Uri =>
  vscode.Uri.from({ scheme: engineScheme, path: `/${file}` });

export const projectUri = (root: vscode.Uri, file: string): vscode.Uri => vscode.Uri.joinPath(root, file);

export const uriOf = (place: Place): vscode.Uri =>
  place.origin === 'engine' ? engineUri(place.file) : projectUri(place.root, place.file);
