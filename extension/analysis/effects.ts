/**
 * What statements do besides observing: the question behind every condition that tests a value. A function, a branch
 * or a loop is harmless when it only prints, counts, asserts, and computes things of its own.
 */
import type { Access } from './access.ts';
import type { Index } from './index.ts';
import {
  type Call,
  type Decl,
  type Expr,
  type Func,
  type Node,
  type Stmt,
  functionOf,
  print,
  strip,
} from './ir.ts';
import { type Target, targetOf } from './targets.ts';
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
  | 'none';

export interface Finding {
  readonly level: Level;
  readonly hint: Hint;
  readonly token: Token;
  readonly file: string;
  readonly reason: string;
}

/** What the follower asks of the classifier about other variables. */
export interface Peers {
  /** Level of a variable that receives the value; in-progress ones count as observing. */
  levelOf(target: Target): Level;
  accessAt(node: Node): Access | undefined;
  entry(f: Func): boolean;
}

export const printing =
  /^(_*v?f?printf(_chk)?|_*v?s?n?printf(_chk)?|_*v?dprintf|_*v?asprintf|fputs|puts|putc|fputc|putchar|fwrite|perror|syslog|vsyslog|fflush|write|writev|strftime|cout|cerr|OutputDebugString\w*)$/;
export const passing =
  /^(abs|labs|llabs|fabs|__builtin_(clz|ctz|popcount|expect|expect_with_probability|bswap|assume_aligned)\w*|min|max|std::min|std::max|htonl|ntohl|static_cast|u?int\d*|size_t|double|float|strdup)$/;
export const asserting = /assert/i;
export const maxWork = 4000;

export function inAssertion(token: Token): boolean {
  for (let v = token.via; v !== null; v = v.parent) if (asserting.test(v.name)) return true;
  return false;
}
/** Looks at effects; the flow of values (flow.ts) completes it. */
export abstract class Effects {
  readonly found: Finding[] = [];
  protected readonly visited = new Set<Node>();
  protected work = 0;
  protected readonly observers: Map<Func, boolean>;

  constructor(
    protected readonly index: Index,
    protected readonly peers: Peers,
    readonly self: string,
    observers: Map<Func, boolean>,
  ) {
    this.observers = observers;
  }

  protected say(level: Level, hint: Hint, node: Node, reason: string): void {
    const file = this.index.fileOf(node) ?? '';
    if (this.found.some((f) => f.token.start === node.token.start && f.file === file && f.reason === reason))
      return;
    this.found.push({ level, hint, token: node.token, file, reason });
  }

  get decided(): boolean {
    return this.found.some((f) => f.level === 'decide');
  }

  /** Follows all uses of a local that holds the value. */
  protected abstract local(d: Decl, depth: number): void;
  /** Follows what the function around `p` returns to its callers. */
  protected abstract returned(p: Node, depth: number): void;
  /** Another look with the same knowledge and no findings. */
  protected abstract fresh(): Effects;

  /** The first effect among statements that is more than observing, as text; null when there is none. */
  protected effects(list: readonly Stmt[], depth: number): string | null {
    if (depth > 40) return 'too deep to follow';
    for (const s of list) {
      const e = this.effect(s, depth + 1);
      if (e !== null) return e;
    }
    return null;
  }

  private effect(s: Stmt, depth: number): string | null {
    if (++this.work > maxWork) return 'more than was followed';
    if (inAssertion(s.token)) return null;
    switch (s.k) {
      case 'expr':
        return this.effectOf(s.x, depth);
      case 'decls':
        for (const d of s.decls) {
          if (d.init === null) continue;
          const e = this.effectOf(d.init, depth);
          if (e !== null) return e;
        }
        return null;
      case 'block':
        return this.effects(s.body, depth);
      case 'variants':
        for (const o of s.options) {
          const e = this.effects(o.body, depth);
          if (e !== null) return e;
        }
        return null;
      case 'if':
        return (
          this.effectOf(s.test, depth) ??
          this.effect(s.yes, depth) ??
          (s.no === null ? null : this.effect(s.no, depth))
        );
      case 'loop':
        return (
          (s.init === null ? null : this.effect(s.init, depth)) ??
          (s.test === null ? null : this.effectOf(s.test, depth)) ??
          this.effect(s.body, depth) ??
          (s.step === null ? null : this.effectOf(s.step, depth))
        );
      case 'switch':
        return this.effectOf(s.test, depth) ?? this.effect(s.body, depth);
      case 'return': {
        const f = functionOf(s);
        if (f === null) return 'an early return';
        const inner = s.x === null ? null : this.effectOf(s.x, depth);
        if (inner !== null) return inner;
        // Leaving early matters if anything after it would.
        if (!this.observes(f)) return `${f.name} returns here`;
        // Which value is returned hangs on the condition: it goes on with the callers.
        if (s.x !== null && !(f.returns.base === 'void' && f.returns.pointer === 0)) this.returned(s, depth);
        return null;
      }
      case 'jump': {
        if (s.kind === 'goto') return `a jump to ${s.label ?? 'a label'}`;
        // Leaving or repeating a loop that only updates telemetry is no decision.
        for (let p: Node | null = s.up; p !== null; p = p.up) {
          if (p.k === 'loop' || p.k === 'switch') {
            if (this.visited.has(p)) return null;
            this.visited.add(p);
            return this.effect(p.body, depth);
          }
          if (p.k === 'func') break;
        }
        return null;
      }
      case 'label':
        return null;
    }
  }

  private effectOf(x: Expr, depth: number): string | null {
    if (depth > 60) return 'too deep to follow';
    if (inAssertion(x.token)) return null;
    switch (x.k) {
      case 'asg': {
        const inner = this.effectOf(x.right, depth + 1);
        if (inner !== null) return inner;
        const t = targetOf(this.index, x.left);
        return this.written(t, x, x.left, depth);
      }
      case 'upd':
        return this.written(targetOf(this.index, x.x), x, x.x, depth);
      case 'call':
        return this.called(x, depth);
      case 'bin':
        return this.effectOf(x.left, depth + 1) ?? this.effectOf(x.right, depth + 1);
      case 'un':
      case 'cast':
        return this.effectOf(x.x, depth + 1);
      case 'cond':
        return (
          this.effectOf(x.test, depth + 1) ??
          this.effectOf(x.yes, depth + 1) ??
          this.effectOf(x.no, depth + 1)
        );
      case 'comma':
        for (const i of x.items) {
          const e = this.effectOf(i, depth + 1);
          if (e !== null) return e;
        }
        return null;
      case 'choice':
        for (const o of x.options) {
          const e = this.effectOf(o.x, depth + 1);
          if (e !== null) return e;
        }
        return null;
      case 'stmtx':
        return this.effects(x.body, depth + 1);
      case 'init':
        for (const i of x.items) {
          const e = this.effectOf(i.x, depth + 1);
          if (e !== null) return e;
        }
        return null;
      case 'idx':
        return this.effectOf(x.object, depth + 1) ?? this.effectOf(x.index, depth + 1);
      case 'mem':
        return this.effectOf(x.object, depth + 1);
      case 'asm':
        return x.template.replace(/\\[nt]/g, '').trim() === '' ||
          /^\s*(pause|yield|rep\s*;?\s*nop)/.test(x.template)
          ? null
          : 'inline assembly runs';
      default:
        return null;
    }
  }

  private written(t: Target | null, at: Node, left: Expr, depth: number): string | null {
    if (t === null) return `${print(left)} is written`;
    if (t.key === this.self) return null;
    if (t.kind === 'local' && t.decl !== null && !t.decl.isStatic && !t.decl.isThread) {
      // The local now carries the condition: whatever it decides is decided by the value.
      const before = this.found.filter((f) => f.level === 'decide').length;
      this.local(t.decl, depth + 1);
      return this.found.filter((f) => f.level === 'decide').length > before
        ? `${t.name} is set, which decides further`
        : null;
    }
    if (t.kind === 'param') {
      const pointee = left.k !== 'id';
      if (!pointee) {
        if (t.decl !== null) {
          const before = this.found.filter((f) => f.level === 'decide').length;
          this.local(t.decl, depth + 1);
          return this.found.filter((f) => f.level === 'decide').length > before ? `${t.name} is set` : null;
        }
        return null;
      }
      return `${print(left)} is written`;
    }
    void at;
    return this.peers.levelOf(t) === 'observe'
      ? null
      : `${t.owner === null ? t.name : `${t.owner}.${t.name}`} is written`;
  }

  private called(x: Call, depth: number): string | null {
    for (const a of x.args) {
      const e = this.effectOf(a, depth + 1);
      if (e !== null) return e;
    }
    const access = this.peers.accessAt(x);
    if (access !== undefined) {
      if (access.operation === 'load' || access.operation === 'fence') return null;
      if (access.target === null) return `${print(x.callee)} writes an object that could not be named`;
      if (access.target.kind === 'param')
        return access.target.key === this.self ? null : `${print(x.callee)} writes through a parameter`;
      return this.written(access.target, x, access.targetExpr ?? x, depth);
    }
    const { callee } = x;
    const name = callee.k === 'id' ? callee.name : callee.k === 'mem' ? callee.field : '';
    if (
      printing.test(name) ||
      asserting.test(name) ||
      passing.test(name) ||
      /^(__builtin_|_mm_pause|__sync_synchronize$|clock_gettime$|gettimeofday$|rdtsc|__rdtsc|backtrace|strlen$|strcmp$|memcmp$|getpid$|pthread_self$|snprintf$|stderr$|isatty$|time$|va_(start|end|copy|arg)$)/.test(
        name,
      )
    )
      return null;
    const functions = this.index.callees(x);
    if (functions.length === 0) return `${name || 'a function'} is called`;
    for (const f of functions) if (!this.observes(f)) return `${f.name} is called`;
    return null;
  }

  /** Whether everything that a function does is to observe: print, count, compute. */
  observes(f: Func): boolean {
    const known = this.observers.get(f);
    if (known !== undefined) return known;
    if (this.index.nodes(f).length > 6000) return false;
    // Taken for granted while it is looked at, so that cycles end; what leaned on it falls with it.
    this.observers.set(f, true);
    const order = [...this.observers.keys()].length;
    const inner = this.fresh();
    let result = true;
    for (const n of this.index.nodes(f)) {
      let e: string | null = null;
      if (n.k === 'asg') e = inner.ownWrite(targetOf(this.index, n.left), n.left);
      else if (n.k === 'upd') e = inner.ownWrite(targetOf(this.index, n.x), n.x);
      else if (n.k === 'call') e = inner.ownCall(n);
      else if (n.k === 'asm') e = /^\s*(pause|yield)?\s*$/.test(n.template) ? null : 'asm';
      if (e !== null) {
        result = false;
        break;
      }
    }
    if (!result)
      for (const g of [...this.observers.keys()].slice(order))
        if (this.observers.get(g)) this.observers.delete(g);
    this.observers.set(f, result);
    return result;
  }

  private ownWrite(t: Target | null, left: Expr): string | null {
    if (t === null) return 'unknown';
    if (t.key === this.self) return null;
    if (t.kind === 'local' && t.decl !== null && !t.decl.isStatic && !t.decl.isThread) return null;
    if (t.kind === 'param') {
      // Text buffers and plain copies of parameters are its own business.
      if (left.k === 'id') return null;
      return t.type.base === 'char' ? null : 'out';
    }
    return this.peers.levelOf(t) === 'observe' ? null : 'written';
  }

  private ownCall(x: Call): string | null {
    const access = this.peers.accessAt(x);
    if (access !== undefined) {
      if (access.operation === 'load' || access.operation === 'fence') return null;
      return this.ownWrite(access.target, access.targetExpr ?? x);
    }
    const name = x.callee.k === 'id' ? x.callee.name : x.callee.k === 'mem' ? x.callee.field : '';
    if (
      printing.test(name) ||
      asserting.test(name) ||
      passing.test(name) ||
      /^(__builtin_|memset$|strlen$|strcmp$|clock|time|gettimeofday|getpid$|pthread_self$|backtrace|isatty$|fclose$|fopen$|getenv$|secure_getenv$|getrusage$|va_(start|end|copy|arg)$)/.test(
        name,
      )
    )
      return null;
    const functions = this.index.callees(x);
    if (functions.length === 0) {
      // Through a pointer that is a parameter: an output callback.
      const c = strip(x.callee);
      if (
        c.k === 'id' &&
        this.index.local(functionOf(x), c.name, c) !== null &&
        (functionOf(x)?.params.some((p) => p.name === c.name) ?? false)
      )
        return null;
      return name;
    }
    return functions.every((f) => this.observes(f)) ? null : name;
  }
}
