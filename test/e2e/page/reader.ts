/**
 * Runs inside VS Code's page (bundled and injected by driver/session.ts): joins what is drawn in the active editor to
 * line numbers. VS Code positions lines, lenses and decorations by pixels in separate layers, so rows are matched by
 * their top edges. Only lines on screen exist.
 */
import type { Lens, LineMarks, PickRow, Point } from './shapes.ts';

const editorSelector = '.editor-group-container.active .editor-instance .monaco-editor';

const plain = (text: string | null): string => (text ?? '').replaceAll('\u00a0', ' ');
const near = (a: number, b: number): boolean => Math.abs(a - b) < 4;

interface NumberedRow {
  readonly line: number;
  readonly top: number;
}

function rows(editor: Element): readonly NumberedRow[] {
  return [...editor.querySelectorAll('.margin .line-numbers')]
    .map((e) => ({ line: Number(e.textContent), top: e.getBoundingClientRect().top }))
    .filter((r) => Number.isInteger(r.line) && r.line > 0)
    .sort((a, b) => a.top - b.top);
}

function lenses(): Lens[] {
  const editor = document.querySelector(editorSelector);
  if (editor === null) return [];
  const numbered = rows(editor);
  const frame = editor.getBoundingClientRect();
  // Lenses that were scrolled away stay in the page, hidden or outside, with what they last said.
  const shown = (e: Element): boolean => {
    const r = e.getBoundingClientRect();
    return e.checkVisibility({ visibilityProperty: true }) && r.bottom > frame.top && r.top < frame.bottom;
  };
  return [...editor.querySelectorAll('.codelens-decoration')]
    .filter(shown)
    .flatMap((e) => {
      const parts = [...e.querySelectorAll('a')].map((a) => plain(a.textContent).trim());
      const { bottom } = e.getBoundingClientRect();
      // A lens belongs to the first line that begins at or below its lower edge.
      const below = numbered.find((r) => r.top >= bottom - 6);
      return parts.length === 0 || below === undefined ? [] : [{ line: below.line, parts }];
    })
    .sort((a, b) => a.line - b.line);
}

function pseudoText(e: Element, which: '::before' | '::after'): string[] {
  const value = getComputedStyle(e, which).content;
  if (['none', 'normal', '', '""'].includes(value)) return [];
  return [plain(value.replace(/^"|"$/g, '').replaceAll('\\a0 ', ' '))];
}

function styleOf(e: Element): string {
  const c = getComputedStyle(e);
  const border = c.borderBottomStyle === 'none' || c.borderBottomWidth === '0px' ? '' : c.borderBottom;
  const line = c.textDecorationLine === 'none' ? '' : c.textDecoration;
  return [line, border].filter((x) => x !== '').join('; ');
}

function marks(): LineMarks[] {
  const editor = document.querySelector(editorSelector);
  if (editor === null) return [];
  const views = [...editor.querySelectorAll('.view-lines > .view-line')];
  const overlays = [...editor.querySelectorAll('.view-overlays > div')];
  const atTop = (list: readonly Element[], top: number): Element | undefined =>
    list.find((e) => near(e.getBoundingClientRect().top, top));
  return rows(editor).flatMap(({ line, top }) => {
    const view = atTop(views, top);
    if (view === undefined) return [];
    const spans = [...view.querySelectorAll('span span')];
    const behind = [...(atTop(overlays, top)?.querySelectorAll('.cdr') ?? [])];
    return [
      {
        line,
        text: plain(view.textContent),
        before: spans.flatMap((s) => pseudoText(s, '::before')),
        after: spans.flatMap((s) => pseudoText(s, '::after')),
        backgrounds: [...spans, ...behind]
          .map((e) => getComputedStyle(e).backgroundColor)
          .filter((colour) => colour !== 'rgba(0, 0, 0, 0)'),
        styles: [...spans, ...behind]
          .map((e) => ({ text: plain(e.textContent), style: styleOf(e) }))
          .filter((s) => s.style !== ''),
      },
    ];
  });
}

/** Middle of `text` on screen in viewport pixels; `line` null takes the first line that has it. */
function find(text: string, line: number | null): Point | null {
  const editor = document.querySelector(editorSelector);
  if (editor === null) return null;
  const numbered = rows(editor);
  for (const view of editor.querySelectorAll('.view-lines > .view-line')) {
    const { top } = view.getBoundingClientRect();
    if (line !== null && numbered.find((r) => near(r.top, top))?.line !== line) continue;
    const start = plain(view.textContent).indexOf(text);
    if (start < 0) continue;
    let left = start + Math.floor(text.length / 2);
    const walker = document.createTreeWalker(view, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const size = node.textContent?.length ?? 0;
      if (left < size) {
        const range = document.createRange();
        range.setStart(node, left);
        range.setEnd(node, left + 1);
        const r = range.getBoundingClientRect();
        return { x: r.left + r.width / 2, y: r.top + r.height / 2 };
      }
      left -= size;
    }
  }
  return null;
}

/** All rows at one moment: the list is refilled while it is looked at. */
function quickRows(): PickRow[] {
  const widget = [...document.querySelectorAll('.quick-input-widget')].find((w) => w.checkVisibility());
  return [...(widget?.querySelectorAll('.monaco-list-row') ?? [])]
    .map((row) => ({
      label: plain(row.querySelector('.label-name')?.textContent ?? '').trim(),
      text: [...row.querySelectorAll('.label-name, .label-description')]
        .map((e) => plain(e.textContent).trim())
        .filter((t) => t !== '')
        .join(' '),
      index: Number(row.getAttribute('data-index')),
    }))
    .sort((a, b) => a.index - b.index);
}

Object.assign(globalThis, { allocLensReader: { lenses, marks, find, quickRows } });
