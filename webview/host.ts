/** Who shows the page: the editor (messages both ways) or a browser with the model embedded (read-only). */
import type { ReportMessage, ReportModel, ReportRequest, SourceLocation } from '../extension/model.ts';

interface VsCodeApi {
  postMessage(message: ReportRequest): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare global {
  interface Window {
    acquireVsCodeApi?: () => VsCodeApi;
  }
}

export interface Host {
  /** False in an exported file: rows have no editor to open a line in. */
  readonly interactive: boolean;
  /** Calls back with each model, the first one included. */
  start(onModel: (model: ReportModel) => void): void;
  open(location: SourceLocation): void;
  request(type: 'runBenchmark' | 'analyze'): void;
  load(): unknown;
  save(state: unknown): void;
}

function isModelMessage(value: unknown): value is ReportMessage {
  return typeof value === 'object' && value !== null && Reflect.get(value, 'type') === 'model';
}

function editorHost(api: VsCodeApi): Host {
  return {
    interactive: true,
    start(onModel) {
      window.addEventListener('message', (event: MessageEvent<unknown>) => {
        if (isModelMessage(event.data)) onModel(event.data.model);
      });
      api.postMessage({ type: 'ready' });
    },
    open: (location) => api.postMessage({ type: 'open', location }),
    request: (type) => api.postMessage({ type }),
    load: () => api.getState(),
    save: (state) => api.setState(state),
  };
}

/** State lives as long as the page: an exported file is often opened from `file:`, where storage is not dependable. */
function fileHost(): Host {
  let state: unknown;
  return {
    interactive: false,
    start(onModel) {
      const text = document.getElementById('report-model')?.textContent;
      if (text) onModel(JSON.parse(text) as ReportModel);
    },
    open: () => {},
    request: () => {},
    load: () => state,
    save: (next) => {
      state = next;
    },
  };
}

export function connect(): Host {
  return window.acquireVsCodeApi === undefined ? fileHost() : editorHost(window.acquireVsCodeApi());
}
