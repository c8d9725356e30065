/** What the page remembers over hiding and reloading: tab, filters, sort orders. */
import type { Host } from './host.ts';

export interface SortOrder {
  readonly column: string;
  readonly descending: boolean;
}

export interface PageState {
  readonly tab: string;
  readonly filters: Readonly<Record<string, string>>;
  readonly sorts: Readonly<Record<string, SortOrder>>;
}

const empty: PageState = { tab: 'overview', filters: {}, sorts: {} };

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

/** Reads what an earlier version of the page may have stored; anything unexpected is dropped. */
export function parseState(value: unknown): PageState {
  const saved = record(value);
  const filters: Record<string, string> = {};
  for (const [name, text] of Object.entries(record(saved.filters))) {
    if (typeof text === 'string') filters[name] = text;
  }
  const sorts: Record<string, SortOrder> = {};
  for (const [name, order] of Object.entries(record(saved.sorts))) {
    const { column, descending } = record(order);
    if (typeof column === 'string' && typeof descending === 'boolean') sorts[name] = { column, descending };
  }
  return { tab: typeof saved.tab === 'string' ? saved.tab : empty.tab, filters, sorts };
}

export class StateStore {
  readonly #host: Host;
  #state: PageState;

  constructor(host: Host) {
    this.#host = host;
    this.#state = parseState(host.load());
  }

  get tab(): string {
    return this.#state.tab;
  }

  setTab(tab: string): void {
    this.#update({ ...this.#state, tab });
  }

  filter(name: string): string {
    return this.#state.filters[name] ?? '';
  }

  setFilter(name: string, value: string): void {
    this.#update({ ...this.#state, filters: { ...this.#state.filters, [name]: value } });
  }

  sort(table: string): SortOrder | null {
    return this.#state.sorts[table] ?? null;
  }

  setSort(table: string, order: SortOrder): void {
    this.#update({ ...this.#state, sorts: { ...this.#state.sorts, [table]: order } });
  }

  #update(state: PageState): void {
    this.#state = state;
    this.#host.save(state);
  }
}
