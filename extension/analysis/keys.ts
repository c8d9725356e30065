/**
 * Keys of an option string. A text that is taken apart in a loop (`a:1,b:2`) and whose pieces are compared with
 * literals, or with the entries of a table, holds an option for each of them. A text that is compared as a whole
 * has values, not keys.
 */
import { copies } from './buffers.ts';
import type { EnvRead } from './env.ts';
import type { Index } from './index.ts';
import type { Interpreter } from './interpret.ts';
import {
  type Call,
  type Decl,
  type Expr,
  type Func,
  type If,
  type Node,
  functionOf,
  strip,
  walk,
} from './ir.ts';
import { unquote } from './library.ts';
import { type Target, globalTarget, targetOf } from './targets.ts';

export interface Key {
  readonly key: string;
  /** The object that holds the option, when it is a plain one. */
  readonly target: Target | null;
}

export const comparing =
  /^(std::)?_?(str(n|case|ncase|nicmp|icmp)?cmp|strn?casecmp|str[n]?icmp|memcmp|bcmp)$/;
const maxKeys = 300;

/** What of a function's locals comes from a text: from calls, from parameters, or from a variable like `environ`. */
export class Text {
  private readonly carriers = new Set<Decl>();

  constructor(
    private readonly index: Index,
    private readonly f: Func,
    private readonly sources: ReadonlySet<Call>,
    seeds: Iterable<Decl> = [],
    private readonly globals: ReadonlySet<string> = new Set(),
  ) {
    for (const d of seeds) this.carriers.add(d);
    for (let round = 0; round < 4; round++) {
      const before = this.carriers.size;
      for (const n of index.nodes(f)) this.step(n);
      if (this.carriers.size === before) break;
    }
  }

  private local(x: Expr): Decl | null {
    let e = strip(x);
    while (e.k === 'idx' || (e.k === 'un' && (e.op === '*' || e.op === '&')) || e.k === 'upd')
      e = strip(e.k === 'idx' ? e.object : e.x);
    return e.k === 'id' ? this.index.local(this.f, e.name, e) : null;
  }

  carries(x: Expr): boolean {
    let hit = false;
    walk(x, (n) => {
      if (hit) return;
      if (n.k === 'call') hit = this.sources.has(n);
      else if (n.k === 'id') {
        const d = this.index.local(this.f, n.name, n);
        hit = d === null ? this.globals.has(n.name) : this.carriers.has(d);
      }
    });
    return hit;
  }

  private step(n: Node): void {
    if (n.k === 'decl' && n.init !== null && n.type.pointer + n.type.array > 0) {
      if (this.carries(n.init)) this.carriers.add(n);
    } else if (n.k === 'asg' && n.op === '=') {
      const d = this.local(n.left);
      if (d !== null && d.type.pointer + d.type.array > 0 && this.carries(n.right)) this.carriers.add(d);
    } else if (n.k === 'call' && n.args.some((a) => this.carries(a))) {
      const name = n.callee.k === 'id' ? n.callee.name : '';
      const buffer = copies(name) === null || n.args[0] === undefined ? null : this.local(n.args[0]);
      if (buffer !== null) this.carriers.add(buffer);
      // A tokeniser puts the pieces into what it is given the address of.
      for (const a of n.args) {
        const e = strip(a);
        const d = e.k === 'un' && e.op === '&' ? this.local(e.x) : null;
        if (d !== null && (d.type.base === 'char' || d.type.base === 'string_view') && !d.isStatic)
          this.carriers.add(d);
      }
    }
  }

  /** The loop around a comparison in which the compared piece moves on; null outside of one. */
  pieceLoop(at: Node, piece: Expr): boolean {
    const d = this.local(piece);
    if (d === null) return false;
    for (let p = at.up; p !== null && p.k !== 'func'; p = p.up) {
      if (p.k !== 'loop') continue;
      let moves = false;
      walk(p, (n) => {
        if (n.k === 'asg' && this.local(n.left) === d) moves = true;
        else if (n.k === 'upd' && this.local(n.x) === d) moves = true;
        else if (n.k === 'decl' && n === d) moves = true;
        else if (n.k === 'un' && n.op === '&' && this.local(n.x) === d && n.up?.k === 'call') moves = true;
      });
      if (moves) return true;
    }
    return false;
  }
}

/** The functions that hold the text of a read: its own, and those that get it back from there. */
function holders(index: Index, read: EnvRead, returnsIt: boolean): { f: Func; sources: Set<Call> }[] {
  const out: { f: Func; sources: Set<Call> }[] = [];
  if (read.func === null) return out;
  out.push({ f: read.func, sources: new Set([read.call]) });
  if (!returnsIt) return out;
  for (const call of index.calls.get(read.func.name) ?? []) {
    const g = functionOf(call);
    if (g === null || g === read.func || !index.callees(call).includes(read.func)) continue;
    const known = out.find((o) => o.f === g);
    if (known === undefined) out.push({ f: g, sources: new Set([call]) });
    else known.sources.add(call);
  }
  // And to what is handed on by name: `parse(text)`.
  for (const { f, sources } of [...out]) {
    const text = new Text(index, f, sources);
    for (const n of index.nodes(f)) {
      if (n.k !== 'call' || sources.has(n)) continue;
      n.args.forEach((a) => {
        if (strip(a).k !== 'id' || !text.carries(a)) return;
        for (const g of index.callees(n).slice(0, 1))
          if (!out.some((o) => o.f === g) && out.length < 12) out.push({ f: g, sources: new Set() });
      });
    }
  }
  return out;
}

export function keysOf(index: Index, machine: Interpreter, read: EnvRead, returnsIt: boolean): Key[] {
  const out: Key[] = [];
  for (const { f, sources } of holders(index, read, returnsIt)) {
    const text = new Text(index, f, sources);
    for (const n of index.nodes(f)) {
      if (n.k !== 'call' || n.callee.k !== 'id' || !comparing.test(n.callee.name)) continue;
      const [a, b] = n.args;
      if (a === undefined || b === undefined) continue;
      const piece = text.carries(b) ? b : text.carries(a) ? a : null;
      const other = piece === b ? a : b;
      if (piece === null || !text.pieceLoop(n, piece) || nested(n, text)) continue;
      for (const key of literals(index, machine, other))
        if (!out.some((k) => k.key === key) && out.length < maxKeys)
          out.push({ key, target: optionOf(index, f, n) });
    }
  }
  return out.length >= 2 ? out : [];
}

/** Under another comparison of a piece: the value of that key. */
function nested(at: Node, text: Text): boolean {
  for (let p = at.up, child: Node = at; p !== null && p.k !== 'func'; child = p, p = p.up) {
    if (p.k !== 'if' || child === p.test || child === p.no) continue;
    let compares = false;
    walk(p.test, (n) => {
      if (
        n.k === 'call' &&
        n.callee.k === 'id' &&
        comparing.test(n.callee.name) &&
        n.args.some((a) => text.carries(a))
      )
        compares = true;
    });
    if (compares) return true;
  }
  return false;
}

/** The literal, or that field of every entry of the tables of its struct. */
function literals(index: Index, machine: Interpreter, x: Expr): string[] {
  const e = strip(x);
  if (e.k === 'str') return [unquote(e.text)];
  if (e.k !== 'mem') return [];
  const found = index.memberField(e);
  if (found === null) return [];
  const out: string[] = [];
  for (const [d] of index.fileOfGlobal) {
    if (d.init?.k !== 'init' || d.type.array === 0 || index.structOf(d.type) !== found.struct) continue;
    const table = machine.aggregate(globalTarget(index, d).key, d);
    for (let i = 0; i < (table?.row?.items.length ?? 0); i++) {
      const v = table?.row == null ? undefined : machine.fieldOf(machine.element(table.row, i), e.field);
      if (typeof v === 'string' && v !== '') out.push(v);
    }
  }
  return out;
}

/** The object of static duration that a key's branch assigns first. */
function optionOf(index: Index, f: Func, call: Call): Target | null {
  let branch: If | null = null;
  for (let p = call.up; p !== null && p.k !== 'func'; p = p.up) {
    if (p.k === 'if') {
      branch = p;
      break;
    }
  }
  if (branch === null) return null;
  let found: Target | null = null;
  walk(branch.yes, (n) => {
    if (found !== null || n.k !== 'asg' || n.op !== '=') return;
    const left = strip(n.left);
    if (left.k === 'id' && index.local(f, left.name, left) !== null) return;
    const t = targetOf(index, left);
    // Only what is stored as given: a size that is kept as its logarithm has another default than its text.
    if (t !== null && (t.kind === 'global' || t.kind === 'field') && isPlain(n.right)) found = t;
    else if (t !== null) found = { ...t, decl: null };
  });
  return found;
}

function isPlain(x: Expr): boolean {
  const e = strip(x);
  return e.k === 'id' || e.k === 'num' || e.k === 'mem' || (e.k === 'un' && e.op === '-' && e.x.k === 'num');
}
