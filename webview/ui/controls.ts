/**
 * The only file that knows @vscode/webview-ui-toolkit: one registration and thin factories, so that replacing the
 * (deprecated) toolkit touches nothing else. Imports are by component: the root entry pulls in all of them.
 */
// A dependency of the toolkit, needed for `badgeTemplate` only.
import { html } from '@microsoft/fast-element';
import {
  provideVSCodeDesignSystem,
  vsCodeBadge,
  vsCodeButton,
  vsCodeDivider,
  vsCodeDropdown,
  vsCodeOption,
  vsCodePanels,
  vsCodePanelTab,
  vsCodePanelView,
  vsCodeTag,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';
import type { Child } from './dom.ts';

/**
 * The toolkit's badge and tag without the `style` attribute that FAST's own template binds (for colours that nobody
 * sets here): an attribute is inline style, which the page's policy forbids.
 */
const badgeTemplate = html`<template><div class="control" part="control"><slot></slot></div></template>`;

/** Defines the custom elements; call once, before any factory. */
export function registerControls(): void {
  provideVSCodeDesignSystem().register(
    vsCodeBadge({ template: badgeTemplate }),
    vsCodeButton(),
    vsCodeDivider(),
    vsCodeDropdown(),
    vsCodeOption(),
    vsCodePanels(),
    vsCodePanelTab(),
    vsCodePanelView(),
    vsCodeTag({ template: badgeTemplate }),
    vsCodeTextField(),
  );
}

function custom(
  tag: string,
  attributes: Readonly<Record<string, string>>,
  ...children: Child[]
): HTMLElement {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  for (const child of children) if (child !== null) element.append(child);
  return element;
}

/** `value` of the toolkit's form controls; their classes are not needed beyond it. */
function textOf(element: HTMLElement): string {
  const value: unknown = Reflect.get(element, 'value');
  return typeof value === 'string' ? value : '';
}

export function button(text: string, primary: boolean, onClick: () => void): HTMLElement {
  const element = custom('vscode-button', { appearance: primary ? 'primary' : 'secondary' }, text);
  element.addEventListener('click', onClick);
  return element;
}

export function badge(text: string): HTMLElement {
  return custom('vscode-badge', {}, text);
}

export function tag(text: string): HTMLElement {
  return custom('vscode-tag', {}, text);
}

export function divider(): HTMLElement {
  return custom('vscode-divider', { role: 'presentation' });
}

export interface Choice {
  readonly value: string;
  readonly text: string;
}

export function dropdown(
  label: string,
  choices: readonly Choice[],
  selected: string,
  onChange: (value: string) => void,
): HTMLElement {
  const element = custom('vscode-dropdown', { 'aria-label': label });
  for (const choice of choices) {
    const option = custom('vscode-option', { value: choice.value }, choice.text);
    if (choice.value === selected) option.setAttribute('selected', '');
    element.append(option);
  }
  element.addEventListener('change', () => onChange(textOf(element)));
  return element;
}

export function textField(
  label: string,
  placeholder: string,
  value: string,
  onInput: (value: string) => void,
): HTMLElement {
  const element = custom('vscode-text-field', { placeholder, value });
  // The toolkit sets its own `Text field` when the element is connected, in this same task.
  queueMicrotask(() => element.setAttribute('aria-label', label));
  element.addEventListener('input', () => onInput(textOf(element)));
  return element;
}

export interface Panel {
  readonly id: string;
  readonly title: string;
  /** Shown beside the title as a badge, null for none. */
  readonly count: number | null;
  readonly content: HTMLElement;
}

/** Tabs with their views; arrow keys, Home and End move between tabs. `onChange` gets a panel's id. */
export function panels(
  label: string,
  items: readonly Panel[],
  active: string,
  onChange: (id: string) => void,
): HTMLElement {
  const element = custom('vscode-panels', { 'aria-label': label, activeid: `tab-${active}` });
  for (const item of items) {
    element.append(
      custom(
        'vscode-panel-tab',
        { id: `tab-${item.id}` },
        // The space keeps the title and the count two words for a screen reader.
        item.count === null ? item.title : `${item.title} `,
        item.count === null ? null : badge(item.count.toLocaleString('en-US')),
      ),
    );
  }
  for (const item of items) {
    element.append(custom('vscode-panel-view', { id: `view-${item.id}` }, item.content));
  }
  element.addEventListener('change', (event) => {
    // Form controls inside a view bubble `change` too; only the tabs' own event is about a tab.
    if (event.target !== element) return;
    // The property: its attribute follows only with the next frame.
    const id: unknown = Reflect.get(element, 'activeid');
    if (typeof id === 'string') onChange(id.replace(/^tab-/, ''));
  });
  return element;
}

/** Moves to a panel from code (a link in another one); does not call `onChange`. */
export function showPanel(element: HTMLElement, id: string): void {
  element.setAttribute('activeid', `tab-${id}`);
}
