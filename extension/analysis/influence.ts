/** What a read of the environment decides inside its function: carriers of its text, values made of it, and objects. */
import type { EnvRead } from './env.ts';
import { isStore } from './evaluate.ts';
import type { Index } from './index.ts';
import { type Call, type Decl, type Expr, type Func, type Node, functionOf, strip, walk } from './ir.ts';
import { copies } from './buffers.ts';
import { type Target, targetOf } from './targets.ts';
import { leaves } from './branches.ts';

/** How an expression depends on the read: it is its text, it is made of it, or it only went through something unknown. */
export type Level = 'raw' | 'made' | 'through';

export interface Decided {
  readonly left: Expr;
  readonly target: Target;
  readonly number: boolean;
  /** False when the value only depends on a condition that asks the read. */
  readonly strong: boolean;
}

export interface Influence {
  readonly raw: ReadonlySet<Decl>;
  readonly made: ReadonlyMap<Decl, boolean>;
  /** Locals that get a constant under a condition on the read. */
  readonly marked: ReadonlySet<Decl>;
  readonly objects: readonly Decided[];
  /** The function returns it (`strong`), or constants that depend on it (`weak`). */
  readonly returns: 'strong' | 'weak' | null;
  readonly number: boolean;
  /** The read's text is asked for being there. */
  readonly tested: boolean;
  /** It selects something that is no constant: without it another thing stands there, which is not `off`. */
  readonly selects: boolean;
}

const numeric =
  /^(std::)?(ato(i|l|ll|f)|strto(l|ul|ll|ull|d|f|umax|imax|q|uq)|wcsto\w+|_wtoi\w*|sto(i|l|ul|ll|ull|d|f)|from_chars)$/;
const transparent =
  /^(std::)?(ato\w+|strto\w+|strn?cmp|strn?casecmp|_?strn?icmp|strlen|strchr|strstr|memcmp|tolower|toupper|isdigit|stoi|stol|stoul|move|string|string_view|min|max|abs|labs)$/;
const copying = /^(std::)?(strdup|strndup|_strdup|string|string_view|secure_strdup)$/;

/** Whether a call makes a number of a text, in the library or within two levels of the project's functions. */
export function parsesNumber(index: Index, call: Call, depth = 0): boolean {
  if (call.callee.k !== 'id') return false;
  if (numeric.test(call.callee.name) || /sscanf$/.test(call.callee.name)) return true;
  if (/(^|_)(ato|strto)[a-z]{1,6}$/.test(call.callee.name)) return true;
  if (depth > 1) return false;
  return index
    .callees(call)
    .some((f) =>
      index
        .nodes(f)
        .some(
          (n) =>
            (n.k === 'call' && parsesNumber(index, n, depth + 1)) ||
            (n.k === 'bin' && n.op === '*' && n.right.k === 'num' && n.right.text === '10'),
        ),
    );
}

/** Whether an expression's value is a parsed number, not a truth made of one. */
export function isNumber(index: Index, x: Expr): boolean {
  let found = false;
  walk(x, (n) => {
    if (found || n.k !== 'call' || !parsesNumber(index, n)) return;
    let p: Node | null = n.up;
    let child: Node = n;
    for (; p !== null && child !== x; child = p, p = p.up) {
      if (p.k === 'bin' && /^([=!<>]=?|&&|\|\|)$/.test(p.op)) return;
      if (p.k === 'un' && p.op === '!') return;
      if (p.k === 'cond' && p.test === child) return;
    }
    found = true;
  });
  return found;
}

class Collector {
  readonly raw = new Set<Decl>();
  readonly made = new Map<Decl, boolean>();
  readonly marked = new Set<Decl>();
  readonly objects: Decided[] = [];
  returns: 'strong' | 'weak' | null = null;
  number = false;
  tested = false;
  selects = false;

  constructor(
    private readonly index: Index,
    private readonly read: EnvRead,
    private readonly f: Func,
  ) {}

  private local(x: Expr): Decl | null {
    return x.k === 'id' ? this.index.local(functionOf(x) ?? this.f, x.name, x) : null;
  }

  level(x: Expr): Level | null {
    if (x === this.read.call) return this.read.via === null || this.read.via.returns.pointer > 0 || isString(this.read.via) ? 'raw' : 'made'; // biome-ignore format: one choice
    const best = (list: readonly (Expr | null | undefined)[], cap: Level = 'raw'): Level | null => {
      let out: Level | null = null;
      for (const e of list) {
        const l = e == null ? null : this.level(e);
        if (l === 'raw') return cap;
        if (l === 'made' || (l === 'through' && out === null)) out = l;
      }
      return out;
    };
    switch (x.k) {
      case 'id': {
        const d = this.local(x);
        if (d === null) return null;
        return this.raw.has(d) ? 'raw' : this.made.has(d) || this.marked.has(d) ? 'made' : null;
      }
      case 'cast':
        return this.level(x.x);
      case 'cond': {
        const l = best([x.yes, x.no]);
        return l ?? (this.level(x.test) === null ? null : 'made');
      }
      case 'asg':
        return this.level(x.right);
      case 'comma':
        return best(x.items.slice(-1));
      case 'init':
        return x.items.length === 1 ? best([x.items[0]?.x]) : null;
      case 'choice':
        return best(x.options.map((o) => o.x));
      case 'bin': {
        const l = best([x.left, x.right]);
        return l === 'raw' && x.op === '+' ? 'raw' : l === 'raw' ? 'made' : l;
      }
      case 'un':
        return best([x.x], x.op === '&' ? 'raw' : 'made');
      case 'upd':
        return best([x.x]);
      case 'idx':
        return best([x.object], 'made');
      case 'mem':
        return this.level(x.object) === null ? null : 'made';
      case 'call': {
        if (x.callee.k === 'mem') {
          const object = this.level(x.callee.object);
          if (object !== null)
            return /^(c_str|data|get|value|value_or)$/.test(x.callee.field) ? object : 'made';
        }
        const l = best(x.args);
        if (l === null) {
          const c = strip(x.callee);
          return c.k === 'lambda' && this.holds(c) ? 'made' : null;
        }
        if (x.callee.k !== 'id') return 'through';
        if (x.callee.name === '__builtin_expect') return this.level(x.args[0] as Expr);
        if (copying.test(x.callee.name)) return l;
        return transparent.test(x.callee.name) || this.index.callees(x).length > 0 ? 'made' : 'through';
      }
      case 'stmtx':
      case 'lambda':
        return this.holds(x) ? 'made' : null;
      default:
        return null;
    }
  }

  private holds(x: Node): boolean {
    let hit = false;
    walk(x, (n) => {
      if (n === this.read.call) hit = true;
    });
    return hit;
  }

  /** Whether a node runs only under a condition that asks the read, an early return included. */
  private under(n: Node): boolean {
    let child: Node = n;
    for (let p = n.up; p !== null; child = p, p = p.up) {
      if ((p.k === 'if' || p.k === 'cond') && child !== p.test && this.level(p.test) !== null) return true;
      if (p.k === 'switch' && child !== p.test && this.level(p.test) !== null) return true;
      if (p.k === 'block' || p.k === 'func') {
        for (const s of p.body) {
          if (s === child) break;
          if (s.k === 'if' && leaves(s.yes) && this.level(s.test) !== null) return true;
        }
      }
    }
    return false;
  }

  private give(left: Expr, right: Expr, n: Node): void {
    const l = this.level(right);
    const e = strip(left);
    const d = e.k === 'id' ? this.local(e) : null;
    const plain = d !== null && !d.isStatic && !d.isThread;
    const buffer = e.k === 'idx' ? this.local(strip(e.object)) : null;
    if (l === 'raw' || l === 'made') {
      if (plain && d !== null && !this.f.params.includes(d)) {
        if (l === 'raw') this.raw.add(d);
        else this.made.set(d, (this.made.get(d) ?? false) || this.isNumber(right));
        return;
      }
      // `buffer[i] = toupper(text[i])`.
      if (buffer !== null && buffer.type.base === 'char') this.raw.add(buffer);
      else this.object(left, right, true);
    } else if (l === null && this.under(n) && isConstant(right)) {
      if (plain && d !== null) this.marked.add(d);
      else if (buffer === null) this.object(left, right, false);
    } else if (l === null && this.under(n) && (this.index.typeOf(left)?.pointer ?? 1) > 0)
      this.selects = true;
  }

  private isNumber(x: Expr): boolean {
    if (isNumber(this.index, x)) return true;
    let hit = false;
    walk(x, (n) => {
      if (n.k !== 'id' || n.up?.k === 'bin') return;
      const d = this.local(n);
      if (d !== null && this.made.get(d) === true) hit = true;
    });
    return hit;
  }

  private object(left: Expr, right: Expr, strong: boolean): void {
    const target = targetOf(this.index, left);
    if (target === null || (target.kind === 'local' && target.decl !== null && !target.decl.isStatic && !target.decl.isThread)) return; // biome-ignore format: one test
    if (target.kind === 'param' && strip(left).k === 'id') return;
    if (!strong && this.isTemporary(left)) return;
    const number = this.isNumber(right);
    const known = this.objects.findIndex((o) => o.target.key === target.key);
    const old = this.objects[known];
    if (old === undefined) this.objects.push({ left, target, number, strong });
    else if (strong && !old.strong) this.objects[known] = { left, target, number, strong };
    else if (number && !old.number && strong) this.objects[known] = { ...old, number };
  }

  /** A member of a struct on the stack. */
  private isTemporary(left: Expr): boolean {
    let e = strip(left);
    while (e.k === 'mem' && !e.arrow) e = strip(e.object);
    const d = this.local(e);
    return d !== null && !d.isStatic && !d.isThread && d.type.pointer === 0 && !d.type.text.includes('&');
  }

  private call(n: Call): void {
    if (n === this.read.call) {
      // What it fills in: a buffer for the text, or a number.
      n.args.forEach((a, i) => {
        if (i === this.read.at) return;
        const e = strip(a);
        const inner = e.k === 'un' && e.op === '&' ? e.x : e;
        const d = this.local(inner);
        if (d === null || (inner === e && d.type.array + d.type.pointer === 0)) return;
        if (d.type.base === 'char' || d.type.base === 'wchar_t' || d.type.base === 'string') this.raw.add(d);
        else if (inner !== e) this.made.set(d, true);
      });
      return;
    }
    const name = n.callee.k === 'id' ? n.callee.name : '';
    const first = n.args[0];
    if (copies(name) !== null && first !== undefined) {
      const d = this.local(strip(first));
      if (d !== null && n.args.slice(1).some((a) => this.level(a) === 'raw')) this.raw.add(d);
      return;
    }
    if (/sscanf$/.test(name) && first !== undefined && this.level(first) !== null) {
      for (const a of n.args.slice(2)) {
        const e = strip(a);
        if (e.k !== 'un' || e.op !== '&') continue;
        const d = this.local(e.x);
        if (d !== null && !d.isStatic) this.made.set(d, true);
        else this.object(e.x, n, true);
      }
      return;
    }
    if (isStore(n) && first !== undefined && n.args[1] !== undefined) {
      const e = strip(first);
      this.give(e.k === 'un' && e.op === '&' ? e.x : e, n.args[1], n);
      return;
    }
    if (n.callee.k === 'mem' && n.callee.field === 'store' && first !== undefined) {
      this.give(n.callee.object, first, n);
      return;
    }
    // Handed to a setter: what the parameter is stored in.
    for (const g of this.index.callees(n).slice(0, 2)) {
      n.args.forEach((a, i) => {
        const l = this.level(a);
        const p = g.params[i];
        if ((l !== 'raw' && l !== 'made') || p === undefined) return;
        for (const m of this.index.nodes(g)) {
          if (m.k !== 'asg' || m.op !== '=' || !mentions(m.right, p.name)) continue;
          const left = strip(m.left);
          if (left.k === 'id' && this.index.local(g, left.name, left) !== null) continue;
          if (this.mayBe(m.right)) this.object(m.left, isNumber(this.index, a) ? a : m.right, true);
        }
      });
    }
  }

  /** An assignment from a parameter that is the value itself, not a call made of it. */
  private mayBe(x: Expr): boolean {
    const e = strip(x);
    return e.k === 'id' || e.k === 'cond' || e.k === 'bin' || e.k === 'un';
  }

  collect(): void {
    for (let round = 0; round < 3; round++) {
      for (const n of this.index.nodes(this.f)) {
        if (n.k === 'decl' && n.init !== null) {
          if (n.isStatic || n.isThread) {
            const l = this.level(n.init);
            if (l === 'raw' || l === 'made')
              this.object(
                { k: 'id', token: n.token, up: n.up, name: n.name, scope: null, decl: undefined },
                n.init,
                true,
              );
          } else {
            const l = this.level(n.init);
            if (l === 'raw') this.raw.add(n);
            else if (l === 'made') this.made.set(n, (this.made.get(n) ?? false) || this.isNumber(n.init));
          }
        } else if (n.k === 'asg') this.give(n.left, n.right, n);
        else if (n.k === 'call') this.call(n);
      }
    }
    for (const n of this.index.nodes(this.f)) {
      if ((n.k === 'if' || n.k === 'loop' || n.k === 'switch' || n.k === 'cond') && n.test !== null) {
        if (this.level(n.test) !== null) this.tested = true;
      }
      if (n.k !== 'return' || n.x === null) continue;
      const l = this.level(n.x);
      const kept = this.objects.some((o) => o.strong && this.names(n.x as Expr, o.target));
      if (l === 'raw' || l === 'made' || kept) {
        this.returns = 'strong';
        if (this.isNumber(n.x) || (kept && this.objects.some((o) => o.strong && o.number)))
          this.number = true;
      } else if (this.returns === null && this.under(n) && isConstant(n.x)) this.returns = 'weak';
    }
  }

  private names(x: Expr, t: Target): boolean {
    let hit = false;
    walk(x, (n) => {
      if ((n.k === 'id' || n.k === 'mem') && targetOf(this.index, n)?.key === t.key) hit = true;
    });
    return hit;
  }
}

const isString = (f: Func): boolean => /^(string|string_view|optional)$/.test(f.returns.base);

function mentions(x: Expr, name: string): boolean {
  let hit = false;
  walk(x, (n) => {
    if (n.k === 'id' && n.name === name) hit = true;
  });
  return hit;
}

function isConstant(x: Expr): boolean {
  const e = strip(x);
  if (e.k === 'num') return true;
  if (e.k === 'un' && (e.op === '-' || e.op === '~')) return isConstant(e.x);
  return e.k === 'id' && /^(true|false|TRUE|FALSE|k?[A-Z][A-Za-z0-9_]*)$/.test(e.name);
}

export function influenceOf(index: Index, read: EnvRead, f: Func): Influence {
  const c = new Collector(index, read, f);
  c.collect();
  return c;
}
