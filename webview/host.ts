/** Who shows the page: the editor (messages both ways) or a browser with the model embedded (read-only). */
import type {
  ReportAction,
  ReportMessage,
  ReportModel,
  ReportPlace,
  ReportRequest,
  SourceLocation,
} from '../extension/model.ts';

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
  /** Calls back with each model, the first one included, and with each place that the editor wants to be shown. */
  start(onModel: (model: ReportModel) => void, onShow: (place: ReportPlace) => void): void;
  open(location: SourceLocation): void;
  request(type: ReportAction): void;
  load(): unknown;
  save(state: unknown): void;
}

/** The page is posted to by the editor alone; other messages of the window (VS Code's own) have other types. */
function isReportMessage(value: unknown): value is ReportMessage {
  if (typeof value !== 'object' || value === null) return false;
  const type: unknown = Reflect.get(value, 'type');
  return type === 'model' || type === 'show';
}

function editorHost(api: VsCodeApi): Host {
  return {
    interactive: true,
    start(onModel, onShow) {
      window.addEventListener('message', (event: MessageEvent<unknown>) => {
        if (!isReportMessage(event.data)) return;
        if (event.data.type === 'model') onModel(event.data.model);
        else onShow(event.data.place);
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
