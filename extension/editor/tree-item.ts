/** How a row of a view looks. */
import * as vscode from 'vscode';

export interface TreeRow {
  readonly label: string;
  readonly description: string;
  readonly tooltip: string;
  /** A codicon's name. */
  readonly icon: string;
  /** Id of the icon's theme colour, null for the default. */
  readonly color: string | null;
}

/** `id` is unique in its view. */
export function treeItem(row: TreeRow, id: string, state: vscode.TreeItemCollapsibleState): vscode.TreeItem {
  const item = new vscode.TreeItem(row.label, state);
  item.id = id;
  item.description = row.description;
  item.tooltip = row.tooltip;
  item.iconPath =
    row.color === null
      ? new vscode.ThemeIcon(row.icon)
      : new vscode.ThemeIcon(row.icon, new vscode.ThemeColor(row.color));
  item.accessibilityInformation = {
    label: [row.label, row.description].filter((t) => t !== '').join(', '),
  };
  return item;
}
