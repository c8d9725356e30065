/**
 * A graph of where values go. A node stands for a value at one place (an object, a local, a function's result) or for
 * what runs under a condition; its sinks are the ends of the way, its edges lead on. A node is as serious as the worst
 * that it reaches, so cycles of statistics that feed each other settle by themselves, whoever asks first.
 */
import type { Access } from './access.ts';
import type { Node } from './ir.ts';
import type { Token } from './tokens.ts';

export type Level = 'observe' | 'unknown' | 'decide';
export type Hint =
  | 'condition'
  | 'address'
  | 'index'
  | 'size'
  | 'wait'
  | 'compare'
  | 'identity'
  | 'returned'
  | 'discarded'
  /** An address that leaves the project. */
  | 'handed'
  | 'called'
  /** A piece of a sentence: what runs under a condition. */
  | 'effect'
  | 'none';

export interface Finding {
  readonly level: Level;
  readonly hint: Hint;
  readonly token: Token;
  readonly file: string;
  readonly reason: string;
}

/** What is known of a value on its way, as bits. */
export const Mode = {
  value: 0,
  /** It is what a comparison or a branch made of the value, not the value itself. */
  compared: 1,
  /** It came out of an update: whoever gets it takes part in the update. */
  update: 2,
  /** The value lies in the memory that the expression points to. */
  content: 4,
  /** It came into this function through a call that is followed: results go back to that call only. */
  inside: 8,
  /** The object belongs to a test, so that code of tests counts. */
  tests: 16,
  /** The memory is the object itself, not a copy of its value. */
  object: 32,
} as const;

export type EdgeKind =
  /** The same value goes on. */
  | 'value'
  /** It is stored into another object. */
  | 'object'
  /** It is tested; the node is what hangs on the test. */
  | 'condition'
  /** Something that runs under a condition or in a function. */
  | 'effect';

export interface Edge {
  readonly kind: EdgeKind;
  readonly to: ValueNode;
  readonly at: Node;
  /** What happens there: the name of the object, the text of the test, the effect in words. */
  readonly text: string;
}

const rankOf: Readonly<Record<Level, number>> = { observe: 0, unknown: 1, decide: 2 };

export class ValueNode {
  readonly sinks: Finding[] = [];
  readonly edges: Edge[] = [];
  /** Operations that were followed from here. */
  readonly accesses: Access[] = [];
  /** 0 observed, 1 unknown, 2 decides. */
  rank = 0;
  expanded = false;
  /** All that can be reached from here has been looked at. */
  closed = false;
  /** How the value leaves the function that it was brought into. */
  readonly exits: number[] = [];
  readonly waiters: ((exit: number) => void)[] = [];
  readonly outer: ValueNode[] = [];
  readonly back: ValueNode[] = [];
  /** Expressions that were followed from here, by the ways of carrying the value. */
  private visited: Map<Node, number> | null = null;
  /** Statements and calls whose effects were looked at. */
  private done: Set<Node> | null = null;
  /** Tables of the edges and sinks, once there are many. */
  private known: Map<ValueNode, Set<string>> | null = null;
  private said: Set<string> | null = null;

  /** With `memory`, the node stands for the object's own memory under another name: a parameter, an element. */
  constructor(
    readonly isObject: boolean,
    readonly expand: (node: ValueNode) => void,
    readonly memory = false,
  ) {}

  get level(): Level {
    return this.rank === 2 ? 'decide' : this.rank === 1 ? 'unknown' : 'observe';
  }

  /** False when `x` was followed with this way of carrying the value (a number below 32) before. */
  visit(x: Node, way: number): boolean {
    this.visited ??= new Map();
    const seen = this.visited.get(x) ?? 0;
    const bit = 1 << way;
    if ((seen & bit) !== 0) return false;
    this.visited.set(x, seen | bit);
    return true;
  }

  /** False when the effects of `x` were looked at before. */
  take(x: Node): boolean {
    this.done ??= new Set();
    if (this.done.has(x)) return false;
    this.done.add(x);
    return true;
  }

  took(x: Node): boolean {
    return this.done?.has(x) === true;
  }

  /** True for a sink that was not there yet. */
  addSink(f: Finding): boolean {
    const { sinks } = this;
    if (sinks.length < few) {
      for (const s of sinks)
        if (s.token.start === f.token.start && s.reason === f.reason && s.file === f.file) return false;
    } else {
      this.said ??= new Set(sinks.map(sinkKey));
      const key = sinkKey(f);
      if (this.said.has(key)) return false;
      this.said.add(key);
    }
    sinks.push(f);
    return true;
  }

  addEdge(e: Edge): boolean {
    const { edges } = this;
    if (edges.length < few) {
      for (const o of edges)
        if (o.to === e.to && o.kind === e.kind && o.at.token.start === e.at.token.start && o.text === e.text)
          return false;
    } else if (this.known === null) {
      this.known = new Map();
      for (const o of edges) note(this.known, o);
      if (!note(this.known, e)) return false;
    } else if (!note(this.known, e)) return false;
    edges.push(e);
    return true;
  }
}

/** Up to here a list is searched: most nodes lead to few others, and tables for all of them weigh much. */
const few = 8;

const sinkKey = (f: Finding): string => `${f.file}:${f.token.start}:${f.reason}`;

/** False for an edge that is in the table. */
function note(known: Map<ValueNode, Set<string>>, e: Edge): boolean {
  const texts = known.get(e.to);
  const key = `${e.kind}:${e.at.token.start}:${e.text}`;
  if (texts === undefined) known.set(e.to, new Set([key]));
  else if (texts.has(key)) return false;
  else texts.add(key);
  return true;
}

/** Ways out of a function: its result, or memory behind a parameter. */
export const exitOf = (mode: number): number => mode & (Mode.compared | Mode.update | Mode.content);
export const exitThrough = (param: number, mode: number): number => 64 * (param + 1) + exitOf(mode);
export const exitParam = (exit: number): number => Math.floor(exit / 64) - 1;
export const exitMode = (exit: number): number => exit % 64;

/** What following a value adds to. */
export interface Sinks {
  sink(n: ValueNode, f: Finding): void;
  edge(from: ValueNode, e: Edge): void;
  exit(n: ValueNode, exit: number): void;
  within(outer: ValueNode, inner: ValueNode): void;
  onExit(n: ValueNode, then: (exit: number) => void): void;
}

/** The ways out of functions, which every graph needs. */
class Ways {
  /** A way out of `n` is a way out of every node before it in the same function. */
  exit(n: ValueNode, exit: number): void {
    const stack = [n];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (at.exits.includes(exit)) continue;
      at.exits.push(exit);
      for (const w of [...at.waiters]) w(exit);
      stack.push(...at.outer);
    }
  }

  /** `inner` belongs to the same function as `outer`. */
  within(outer: ValueNode, inner: ValueNode): void {
    if (outer === inner || inner.outer.includes(outer)) return;
    inner.outer.push(outer);
    for (const e of [...inner.exits]) this.exit(outer, e);
  }

  /** Calls `then` for every way out of `n`, now and later. */
  onExit(n: ValueNode, then: (exit: number) => void): void {
    n.waiters.push(then);
    for (const e of [...n.exits]) then(e);
  }
}

/**
 * A graph of one variable's own ways, layer by layer: what is nearest is the same whatever was looked at before. The
 * objects and functions that it ends in are nodes of the common graph and are left alone.
 */
export class OwnGraph extends Ways implements Sinks {
  private next: ValueNode[] = [];
  private seen = new Set<ValueNode>();

  sink(n: ValueNode, f: Finding): void {
    n.addSink(f);
  }

  edge(from: ValueNode, e: Edge): void {
    // A result that comes back later belongs to the layer in which it does.
    if (from.addEdge(e) && this.seen.has(from)) this.offer(e);
  }

  private offer(e: Edge): void {
    if (e.kind === 'effect' || e.to.isObject || this.seen.has(e.to)) return;
    this.seen.add(e.to);
    this.next.push(e.to);
  }

  /** Looks at one node alone. */
  expand(n: ValueNode): void {
    if (n.expanded) return;
    n.expanded = true;
    n.expand(n);
  }

  /** Calls `visit` for layer after layer from `n` until it answers true or `limit` nodes have been looked at. */
  walk(n: ValueNode, limit: number, visit: (layer: readonly ValueNode[]) => boolean): void {
    this.seen = new Set([n]);
    this.next = [n];
    while (this.next.length > 0 && this.seen.size <= limit) {
      const layer = this.next;
      this.next = [];
      for (const m of layer) this.expand(m);
      if (visit(layer)) return;
      for (const m of layer) for (const e of m.edges) this.offer(e);
    }
  }
}

/** Grows the graph on demand and keeps every node's rank right for what is known of it. */
export class Graph extends Ways implements Sinks {
  private watch: ((from: ValueNode, e: Edge) => void) | null = null;

  /**
   * Looks at what can be reached from `n` until `enough`, without going on behind nodes that `skips` names. Nodes
   * are looked at once, ever: what they lead to does not depend on who asks.
   */
  explore(n: ValueNode, enough: () => boolean, goes: (e: Edge) => boolean): Set<ValueNode> {
    const seen = new Set<ValueNode>([n]);
    const stack = [n];
    const offer = (e: Edge): void => {
      if (seen.has(e.to) || !goes(e)) return;
      seen.add(e.to);
      stack.push(e.to);
    };
    const before = this.watch;
    // A result that comes back later adds edges to nodes that were passed already.
    this.watch = (from, e) => {
      if (seen.has(from)) offer(e);
    };
    for (let at = stack.pop(); at !== undefined && !enough(); at = stack.pop()) {
      if (!at.expanded) {
        at.expanded = true;
        at.expand(at);
      }
      for (const e of at.edges) offer(e);
    }
    this.watch = before;
    return seen;
  }

  /** The final rank of a node. */
  rank(n: ValueNode): number {
    if (n.rank === 2 || n.closed) return n.rank;
    const seen = this.explore(
      n,
      () => n.rank === 2,
      (e) => !e.to.closed,
    );
    if (n.rank < 2) for (const m of seen) m.closed = true;
    return n.rank;
  }

  sink(n: ValueNode, f: Finding): void {
    if (n.addSink(f)) this.raise(n, rankOf[f.level]);
  }

  edge(from: ValueNode, e: Edge): void {
    if (!from.addEdge(e)) return;
    if (e.to === from) return;
    e.to.back.push(from);
    this.raise(from, e.to.rank);
    this.watch?.(from, e);
  }

  private raise(n: ValueNode, rank: number): void {
    const stack = [n];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (at.rank >= rank) continue;
      at.rank = rank;
      stack.push(...at.back);
    }
  }
}
