/**
 * Parse workers: tree-sitter runs beside the thread that links. Everything is handed out at once, by size, because that
 * thread is busy while the workers are.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Language } from '../model.ts';
import type { Outline } from './outline.ts';
import type { ParseAnswer, ParseRequest } from './parse-worker.ts';

interface Lane {
  readonly worker: Worker;
  /** Characters that it was given and has not answered for. */
  load: number;
}

interface Parsed {
  readonly outline: Outline;
  /** Time that the parse took in its worker, in ms. */
  readonly ms: number;
}

interface Waiting {
  readonly resolve: (parsed: Parsed) => void;
  readonly reject: (error: Error) => void;
  readonly lane: Lane;
  readonly size: number;
}

/** Below this much text another worker costs more than it saves: each compiles the grammars for itself. */
const worthAnother = 400_000;

export class ParsePool {
  private readonly lanes: Lane[] = [];
  private readonly waiting = new Map<number, Waiting>();
  private next = 1;

  constructor(
    private readonly o: {
      readonly workerPath: string;
      readonly grammarDir: string;
      /** Workers at most; one less than the cores without it. */
      readonly size?: number;
    },
  ) {}

  /** What the tree of `text` says. Rejects when the worker could not be started or ended. */
  outline(text: string, language: Language): Promise<Parsed> {
    const lane = this.lane();
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject, lane, size: text.length });
      lane.load += text.length;
      lane.worker.ref();
      lane.worker.postMessage({ id, text, language } satisfies ParseRequest);
    });
  }

  /** Ends the workers; what they were asked rejects. */
  dispose(): void {
    for (const lane of [...this.lanes]) {
      void lane.worker.terminate();
      this.drop(lane, new Error('The parse workers were ended.'));
    }
  }

  private lane(): Lane {
    const least = this.lanes.reduce<Lane | null>((a, b) => (a === null || b.load < a.load ? b : a), null);
    const size = this.o.size ?? Math.min(4, Math.max(1, availableParallelism() - 1));
    if (least !== null && (this.lanes.length >= size || least.load < worthAnother)) return least;
    const worker = new Worker(this.o.workerPath, { workerData: { grammarDir: this.o.grammarDir } });
    const lane: Lane = { worker, load: 0 };
    worker.on('message', (m: ParseAnswer) => this.receive(m));
    worker.on('error', (e: Error) => this.drop(lane, e));
    worker.on('exit', () => this.drop(lane, new Error('A parse worker ended.')));
    worker.unref();
    this.lanes.push(lane);
    return lane;
  }

  private receive(m: ParseAnswer): void {
    const w = this.waiting.get(m.id);
    if (w === undefined) return;
    this.waiting.delete(m.id);
    w.lane.load -= w.size;
    if (w.lane.load === 0) w.lane.worker.unref();
    if ('outline' in m) w.resolve(m);
    else w.reject(new Error(m.error));
  }

  private drop(lane: Lane, error: Error): void {
    const at = this.lanes.indexOf(lane);
    if (at >= 0) this.lanes.splice(at, 1);
    for (const [id, w] of this.waiting) {
      if (w.lane !== lane) continue;
      this.waiting.delete(id);
      w.reject(error);
    }
  }
}
