/**
 * `callgrind.out.PID`, by `valgrind --tool=callgrind` and by the many tools that write its format (xdebug, pprof).
 * Format: https://valgrind.org/docs/manual/cl-format.html
 *
 *   # callgrind format                  optional
 *   creator: callgrind-3.19.0           header: "key: value", repeated for each part of a dump
 *   pid: 12
 *   thread: 1                           with --separate-threads
 *   positions: instr line               what a cost line begins with; "line" when it is left out
 *   events: Ir Bc Bcm                   what the figures of a cost line count; missing ones at its end are 0
 *
 *   ob=(1) /usr/lib/libhak.so           object, file, function of the cost lines that follow;
 *   fl=(3) /src/core/box.h              "(3) name" gives a number to a name, "(3)" is that name again;
 *   fn=(7) tiny_alloc                   one space of numbers for objects, one for files, one for functions
 *   0x1139 16 40                        cost line: positions and figures
 *   +4 +2 10                            relative to the position before: +n, -n, * for the same
 *   fi=(4) /src/core/inline.h           from here code of another file that was inlined into the function,
 *   * 71 20                             fe= goes back
 *   cob=(2) /lib/libc.so.6              callee: its object, file (cfi= or cfl=) and function; object and file
 *   cfn=(9) memset                      when they differ from the caller's
 *   calls=10 0x8000 30                  how often, target position
 *   * 17 400                            where in the caller, and what the calls cost with everything below them
 *   jump=3 +6 *   jcnd=2/5 +6 *         jumps, with a position line that follows
 *   totals: 470                         of all cost lines but those of calls
 *
 * Recursive calls of f are a function f'2 of their own, which is f here: their calls of each other are then in a circle.
 * Costs of calls make the inclusive costs; `treeOfGraph` makes a tree of them.
 */
import type { RawEvent, RawFrame, RawProfile } from '../../model-profile.ts';
import { UserError } from '../../model.ts';
import { type GraphCall, treeOfGraph } from './call-graph-tree.ts';
import { chooseEvent, headText, lineBatches, requireThread, Skipped } from './read-input.ts';
import type { Importer, ImportOptions } from './types.ts';

const what = 'a callgrind file';

interface Callgrind {
  readonly costs: Map<string, { readonly frame: RawFrame; cost: number }>;
  readonly callsBySite: Map<string, GraphCall>;
  readonly calls: GraphCall[];
  readonly object: string | null;
  readonly file: string | null;
  readonly name: string;
}

const unknown = (name: string): string | null => (name === '' || name === '???' ? null : name);

/** Names by their numbers; `(3) name` defines, `(3)` refers. */
class Names {
  readonly #byNumber = new Map<string, string>();

  read(text: string): string {
    const compressed = /^\((\d+)\)(?:\s+(.*))?$/.exec(text);
    if (compressed === null) return text;
    const [, id = '', name] = compressed;
    if (name === undefined || name === '') return this.#byNumber.get(id) ?? '???';
    this.#byNumber.set(id, name);
    return name;
  }
}

/** A whole number, decimal or hexadecimal; NaN for anything else. */
function whole(text: string): number {
  return /^(?:0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
}

class Parser {
  readonly functions: Callgrind[] = [];
  readonly skipped = new Skipped();
  readonly threads = new Map<string, { pid: number | null; tid: number | null; weight: number }>();
  /** Of the whole file, by event. */
  readonly events: { name: string; lines: number; weight: number }[] = [];
  creator = '';
  command = '';
  costLines = 0;
  /** The file's own sum of the chosen event, null where a part has none. */
  total: number | null = 0;
  complete = false;
  readonly #asked: string | null;
  readonly #objects = new Names();
  readonly #files = new Names();
  readonly #names = new Names();
  readonly #byKey = new Map<string, number>();
  #positions: readonly string[] = ['line'];
  #columns: readonly string[] = [];
  #chosen = 0;
  #at: number[] = [0];
  #object = '';
  #file = '';
  #function = -1;
  #calledObject: string | null = null;
  #calledFile: string | null = null;
  #called: string | null = null;
  #pid: number | null = null;
  #thread: number | null = null;
  /** What the next position line is: own cost, the cost of a call, or only the place of a jump. */
  #next: 'cost' | 'call' | 'jump' = 'cost';
  #lineNumber = 0;

  constructor(asked: string | null) {
    this.#asked = asked;
  }

  line(text: string): void {
    this.#lineNumber++;
    const first = text.charCodeAt(0);
    // Digits, and + * - in front of them.
    if ((first >= 48 && first <= 57) || first === 43 || first === 42 || first === 45) this.#position(text);
    else if (text !== '' && first !== 35) this.#key(text);
  }

  #bad(text: string): void {
    this.skipped.add(`line ${this.#lineNumber}: ${text}`);
  }

  #key(text: string): void {
    const at = /^([a-z0-9]+)(=|:)\s*/i.exec(text);
    if (at === null) {
      if (text.trim() !== '') this.#bad(text);
      return;
    }
    const [head, key = '', sign] = at;
    const value = text.slice(head.length).trimEnd();
    if (sign === ':') this.#header(key, value);
    else this.#specification(key, value, text);
  }

  #header(key: string, value: string): void {
    if (key === 'events') this.#setEvents(value.split(/\s+/).filter((e) => e !== ''));
    else if (key === 'positions') {
      this.#positions = value.split(/\s+/).filter((p) => p !== '');
      this.#at = this.#positions.map(() => 0);
    } else if (key === 'creator') this.creator = value;
    else if (key === 'cmd') this.command = value;
    else if (key === 'pid') this.#pid = whole(value) || null;
    else if (key === 'thread') this.#thread = whole(value) || null;
    else if (key === 'part') this.complete = false;
    else if (key === 'totals') {
      const figure = whole(value.split(/\s+/)[this.#chosen] ?? '0');
      this.total = this.total === null || Number.isNaN(figure) ? null : this.total + figure;
      this.complete = true;
    }
  }

  #setEvents(columns: readonly string[]): void {
    this.#columns = columns;
    for (const name of columns) {
      if (!this.events.some((e) => e.name === name)) this.events.push({ name, lines: 0, weight: 0 });
    }
    const at = columns.indexOf(this.#asked ?? 'Ir');
    this.#chosen = at >= 0 || this.#asked !== null ? at : 0;
  }

  #specification(key: string, value: string, text: string): void {
    switch (key) {
      case 'ob':
        this.#object = this.#objects.read(value);
        break;
      case 'fl':
      case 'fi':
      case 'fe':
        this.#file = this.#files.read(value);
        break;
      case 'fn':
        this.#function = this.#functionOf(this.#object, this.#file, this.#names.read(value));
        break;
      case 'cob':
        this.#calledObject = this.#objects.read(value);
        break;
      case 'cfi':
      case 'cfl':
        this.#calledFile = this.#files.read(value);
        break;
      case 'cfn':
        this.#called = this.#names.read(value);
        break;
      case 'calls':
        this.#next = 'call';
        break;
      case 'jump':
      case 'jcnd':
        this.#next = 'jump';
        break;
      case 'jfi':
        this.#files.read(value);
        break;
      case 'jfn':
        this.#names.read(value);
        break;
      default:
        this.#bad(text);
    }
  }

  #functionOf(object: string, file: string, written: string): number {
    const name = written.replace(/'\d+$/, '');
    const key = `${object}\0${file}\0${name}`;
    let at = this.#byKey.get(key);
    if (at === undefined) {
      at = this.functions.length;
      this.#byKey.set(key, at);
      this.functions.push({
        costs: new Map(),
        callsBySite: new Map(),
        calls: [],
        object: unknown(object),
        file: unknown(file),
        name: unknown(name) ?? '[unknown]',
      });
    }
    return at;
  }

  /** Where it is, with what stood there before; null when it cannot be read. */
  #readPosition(words: readonly string[]): number[] | null {
    const at = this.#positions.map((_, i) => {
      const word = words[i] ?? '';
      const before = this.#at[i] ?? 0;
      if (word === '*') return before;
      if (word.startsWith('+')) return before + whole(word.slice(1));
      if (word.startsWith('-')) return before - whole(word.slice(1));
      return whole(word);
    });
    return at.every((n) => Number.isSafeInteger(n) && n >= 0) ? at : null;
  }

  #position(text: string): void {
    const words = text.trimEnd().split(/\s+/);
    const at = this.#readPosition(words);
    const kind = this.#next;
    this.#next = 'cost';
    if (at === null) {
      this.#bad(text);
      return;
    }
    this.#at = at;
    if (kind === 'jump') return;
    const f = this.functions[this.#function];
    if (f === undefined || this.#columns.length === 0) {
      this.#bad(text);
      return;
    }
    let cost = 0;
    for (let i = 0; i < this.#columns.length; i++) {
      const word = words[this.#positions.length + i];
      if (word === undefined) break;
      const figure = whole(word);
      if (Number.isNaN(figure)) {
        this.#bad(text);
        return;
      }
      if (i === this.#chosen) cost = figure;
      if (kind === 'call') continue;
      const event = this.#columns[i];
      const sum = this.events.find((e) => e.name === event);
      if (sum === undefined) continue;
      sum.weight += figure;
      if (figure > 0) sum.lines++;
    }
    if (kind === 'call') this.#addCall(f, cost);
    else this.#addCost(f, cost);
  }

  #frame(f: Callgrind): { key: string; frame: RawFrame } {
    const lineAt = this.#positions.indexOf('line');
    const addressAt = this.#positions.indexOf('instr');
    const line = lineAt < 0 ? 0 : (this.#at[lineAt] ?? 0);
    const address = addressAt < 0 ? 0 : (this.#at[addressAt] ?? 0);
    const file = unknown(this.#file);
    return {
      key: `${line}:${address}:${this.#file}`,
      frame: {
        name: f.name,
        file,
        line: file === null || line === 0 ? null : line,
        object: f.object,
        address: address === 0 ? null : address,
        inlined: false,
        ...(f.file === file ? {} : { definedIn: f.file }),
      },
    };
  }

  #addCost(f: Callgrind, cost: number): void {
    this.costLines++;
    this.complete = false;
    const thread = `${this.#pid ?? ''}/${this.#thread ?? ''}`;
    const known = this.threads.get(thread);
    if (known === undefined) this.threads.set(thread, { pid: this.#pid, tid: this.#thread, weight: cost });
    else known.weight += cost;
    if (cost === 0) return;
    const { key, frame } = this.#frame(f);
    const place = f.costs.get(key);
    if (place === undefined) f.costs.set(key, { frame, cost });
    else place.cost += cost;
  }

  #addCall(f: Callgrind, cost: number): void {
    const called = this.#called;
    if (called === null) {
      this.#bad('a call of no function');
      return;
    }
    const callee = this.#functionOf(
      this.#calledObject ?? this.#object,
      this.#calledFile ?? this.#file,
      called,
    );
    this.#calledObject = null;
    this.#calledFile = null;
    this.#called = null;
    const { key, frame } = this.#frame(f);
    const site = `${callee}:${key}`;
    const known = f.callsBySite.get(site);
    if (known !== undefined) {
      known.cost += cost;
      return;
    }
    const call: GraphCall = { callee, key, frame, cost };
    f.callsBySite.set(site, call);
    f.calls.push(call);
  }
}

const unitOf = (event: string): RawEvent['unit'] => (event === 'Ir' ? 'instructions' : 'events');

const baseOf = (command: string): string => command.split(/\s/)[0]?.split(/[\\/]/).at(-1) ?? '';

async function read(input: AsyncIterable<Uint8Array>, options: ImportOptions): Promise<RawProfile> {
  const parser = new Parser(options.event);
  for await (const lines of lineBatches(input, what, options)) for (const line of lines) parser.line(line);
  const events = parser.events.map(
    ({ name, lines, weight }): RawEvent => ({ name, unit: unitOf(name), samples: lines, weight }),
  );
  if (events.length === 0 || parser.functions.length === 0) {
    throw new UserError('This callgrind file holds no costs: it is empty, or was cut off in its header.');
  }
  if (!parser.complete && /^callgrind/.test(parser.creator)) {
    throw new UserError(
      'This callgrind file ends too early: its last part has no total. It was cut off, or the program still runs.',
    );
  }
  const chosen = chooseEvent(events, options.event, (all) =>
    Math.max(
      0,
      all.findIndex((e) => e.name === 'Ir'),
    ),
  );
  const event = events[chosen];
  if (event === undefined || !(event.weight > 0)) {
    throw new UserError(`This callgrind file holds no costs of ${event?.name ?? 'any event'}.`);
  }
  const threads = [...parser.threads.values()].map(({ pid, tid, weight }) => ({
    name: baseOf(parser.command) || 'all',
    pid,
    tid,
    weight,
  }));
  if (options.thread !== null) {
    requireThread(options.thread, threads);
    if (threads.length > 1) {
      throw new UserError(
        'Parts of several threads are in this file: import the file of one of them instead.',
      );
    }
  }
  const { frames, nodes, totals, circles } = treeOfGraph(parser.functions);
  const notes = [
    `${event.name} is counted exactly, not sampled.`,
    'Callgrind records calls, not stacks: in the tree a cost is spread over callers by what their calls cost.',
  ];
  if (circles) notes.push('Functions call each other in circles: their totals are upper bounds.');
  const { total } = parser;
  if (total !== null && total > 0 && Math.abs(total - event.weight) > total / 1000) {
    notes.push(`The file says ${total} ${event.name} in all, its lines add up to ${event.weight}.`);
  }
  return {
    format: 'callgrind',
    event,
    events,
    frames,
    nodes,
    totals,
    threads: threads.sort((a, b) => b.weight - a.weight),
    stacks: true,
    skipped: parser.skipped.result(),
    buildIds: {},
    notes,
  };
}

export const callgrindImporter: Importer = {
  format: 'callgrind',
  title: 'callgrind output',
  sniff(head) {
    const text = headText(head);
    if (/^# callgrind format/m.test(text)) return true;
    if (!/^events:/m.test(text)) return false;
    return /^(?:positions|creator|part|version):/m.test(text) || /^(?:calls|cfn|cfi|cfl|cob|ob)=/m.test(text);
  },
  read,
};
