/**
 * A semantic `<table>`: sortable columns, rows reachable with the arrow keys, and windowing above a few hundred rows
 * (only the rows in view exist; `aria-rowcount` and `aria-rowindex` tell the rest).
 */
import type { SortOrder } from '../state.ts';
import { type Child, h } from './dom.ts';

export interface TableColumn<Row> {
  readonly id: string;
  readonly title: string;
  /** The title is for screen readers only. */
  readonly hiddenTitle?: boolean;
  readonly cell: (row: Row) => Child;
  /** What the column sorts by; a column without it cannot be sorted. Numbers sort descending first. */
  readonly key?: (row: Row) => string | number;
  readonly numeric?: boolean;
  /** A numeric column whose next column illustrates it. */
  readonly joined?: boolean;
  /** CSS width; columns without one share what is left. */
  readonly width?: string;
}

export interface TableOptions<Row> {
  readonly id: string;
  /** Accessible name. */
  readonly label: string;
  readonly columns: readonly TableColumn<Row>[];
  readonly rows: readonly Row[];
  readonly sort?: SortOrder | null;
  readonly onSort?: (order: SortOrder) => void;
  /** Enter, Space or a click on a row. */
  readonly onOpen?: ((row: Row) => void) | null;
  /** A row got the focus or was clicked. */
  readonly onSelect?: (row: Row) => void;
  readonly dim?: (row: Row) => boolean;
  /** Scrolls inside itself, so that what stands below (the selected row's details) stays in view. */
  readonly contained?: boolean;
  /** The row whose details are shown; the mark moves with the focus. */
  readonly current?: (row: Row) => boolean;
}

export interface Table<Row> {
  readonly element: HTMLElement;
  setRows(rows: readonly Row[]): void;
}

/** Has to equal the row height in style.css: windowing computes positions from it. */
export const rowHeight = 27;
const windowedAbove = 300;
const overscan = 12;

function columnClass(column: { readonly numeric?: boolean; readonly joined?: boolean }): string | null {
  if (column.numeric !== true) return null;
  return column.joined === true ? 'n joined' : 'n';
}

function compare(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b), 'en', { numeric: true });
}

export function createTable<Row>(options: TableOptions<Row>): Table<Row> {
  const { columns } = options;
  let order: SortOrder | null = options.sort ?? null;
  let source = options.rows;
  let rows: readonly Row[] = [];
  let active = 0;
  let first = -1;
  let last = -1;
  const elements = new Map<number, HTMLTableRowElement>();

  const body = h('tbody');
  const headRow = h('tr', { 'aria-rowindex': 1 });
  const table = h(
    'table',
    { 'aria-label': options.label },
    h('colgroup', {}, ...columns.map(() => h('col'))),
    h('thead', {}, headRow),
    body,
  );
  for (const [i, col] of [...table.querySelectorAll('col')].entries()) {
    const width = columns[i]?.width;
    // A property, so that paper can do without.
    if (width !== undefined) col.style.setProperty('--width', width);
  }
  const scroller = h(
    'div',
    { class: options.contained === true ? 'table contained' : 'table', id: `table-${options.id}` },
    table,
  );

  function sortRows(): void {
    const column = columns.find((c) => c.id === order?.column);
    const key = column?.key;
    if (order === null || key === undefined) {
      rows = source;
      return;
    }
    const sign = order.descending ? -1 : 1;
    rows = source
      .map((row, i) => ({ row, i, key: key(row) }))
      .sort((a, b) => sign * compare(a.key, b.key) || a.i - b.i)
      .map((entry) => entry.row);
  }

  function drawHead(): void {
    headRow.replaceChildren(
      ...columns.map((column) => {
        const sorted = order?.column === column.id ? (order.descending ? 'descending' : 'ascending') : null;
        const cell = h('th', {
          scope: 'col',
          class: columnClass(column),
          'aria-sort': sorted,
        });
        if (column.hiddenTitle === true) {
          cell.append(h('span', { class: 'visually-hidden' }, column.title));
        } else if (column.key === undefined) cell.append(column.title);
        else {
          const sorter = h('button', { type: 'button', class: 'sort' }, column.title);
          sorter.addEventListener('click', () => {
            const descending = order?.column === column.id ? !order.descending : column.numeric === true;
            order = { column: column.id, descending };
            options.onSort?.(order);
            redraw();
            headRow.querySelectorAll('th')[columns.indexOf(column)]?.querySelector('button')?.focus();
          });
          cell.append(sorter);
        }
        return cell;
      }),
    );
  }

  function makeRow(index: number, row: Row): HTMLTableRowElement {
    const element = h(
      'tr',
      {
        'aria-rowindex': index + 2,
        tabindex: index === active ? 0 : -1,
        'aria-current': options.current !== undefined && index === active ? 'true' : null,
        class: options.dim?.(row) === true ? 'dim' : null,
      },
      ...columns.map((c) => {
        const content = c.cell(row);
        return h(
          'td',
          {
            class: columnClass(c),
            title: typeof content === 'string' && content.length > 20 ? content : null,
          },
          content,
        );
      }),
    );
    element.addEventListener('focus', () => {
      setActive(index);
      options.onSelect?.(row);
    });
    element.addEventListener('click', () => {
      // Text that is being selected is not a click on the row.
      if (document.getSelection()?.isCollapsed === false) return;
      element.focus();
      options.onOpen?.(row);
    });
    return element;
  }

  function setActive(index: number): void {
    elements.get(active)?.setAttribute('tabindex', '-1');
    elements.get(active)?.removeAttribute('aria-current');
    active = index;
    elements.get(active)?.setAttribute('tabindex', '0');
    if (options.current !== undefined) elements.get(active)?.setAttribute('aria-current', 'true');
  }

  function spacer(count: number): HTMLTableRowElement | null {
    if (count === 0) return null;
    const cell = h('td', { colspan: columns.length });
    cell.style.height = `${count * rowHeight}px`;
    return h('tr', { class: 'spacer', 'aria-hidden': 'true' }, cell);
  }

  /** Builds the rows [from, to) and removes the others; `force` rebuilds those that stay in view too. */
  function drawRange(from: number, to: number, force: boolean): void {
    if (!force && from === first && to === last) return;
    const focused = elements.get(active)?.contains(document.activeElement) === true;
    if (force) elements.clear();
    for (const index of [...elements.keys()]) if (index < from || index >= to) elements.delete(index);
    const list: (HTMLTableRowElement | null)[] = [spacer(from)];
    for (let i = from; i < to; i++) {
      const row = rows[i];
      if (row === undefined) continue;
      const element = elements.get(i) ?? makeRow(i, row);
      elements.set(i, element);
      list.push(element);
    }
    list.push(spacer(rows.length - to));
    body.replaceChildren(...list.filter((e) => e !== null));
    [first, last] = [from, to];
    if (focused) elements.get(active)?.focus({ preventScroll: true });
    // Scrolled away from the active row: Tab must still enter the table somewhere.
    if (!elements.has(active)) elements.get(from)?.setAttribute('tabindex', '0');
  }

  function drawView(force: boolean): void {
    if (rows.length <= windowedAbove) {
      drawRange(0, rows.length, force);
      return;
    }
    const height = scroller.clientHeight || 600;
    const from = Math.max(0, Math.floor(scroller.scrollTop / rowHeight) - overscan);
    const to = Math.min(rows.length, Math.ceil((scroller.scrollTop + height) / rowHeight) + overscan);
    drawRange(from, to, force);
  }

  function redraw(): void {
    sortRows();
    active = Math.max(0, options.current === undefined ? 0 : rows.findIndex(options.current));
    scroller.scrollTop = 0;
    scroller.classList.toggle('windowed', rows.length > windowedAbove);
    table.setAttribute('aria-rowcount', String(rows.length + 1));
    drawHead();
    drawView(true);
  }

  function moveTo(index: number): void {
    const target = Math.max(0, Math.min(rows.length - 1, index));
    if (!elements.has(target)) {
      scroller.scrollTop = Math.max(0, target * rowHeight - scroller.clientHeight / 2);
      setActive(target);
      drawView(false);
    }
    const element = elements.get(target);
    element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: 'nearest' });
  }

  body.addEventListener('keydown', (event) => {
    if (event.target instanceof HTMLTableRowElement === false) return;
    const page = Math.max(1, Math.floor(scroller.clientHeight / rowHeight) - 2);
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: rows.length - 1,
    };
    const to = moves[event.key];
    const row = rows[active];
    if (to !== undefined) {
      event.preventDefault();
      moveTo(to);
    } else if ((event.key === 'Enter' || event.key === ' ') && row !== undefined) {
      event.preventDefault();
      options.onOpen?.(row);
    }
  });
  scroller.addEventListener('scroll', () => drawView(false), { passive: true });
  // A table is often built before it is attached, and panels are resized.
  new ResizeObserver(() => drawView(false)).observe(scroller);
  if (options.onOpen) scroller.classList.add('opens');

  redraw();
  return {
    element: scroller,
    setRows(next) {
      source = next;
      redraw();
    },
  };
}
