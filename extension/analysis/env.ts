/** Reads of the environment: direct, through wrappers, with literal or composed names. */
import type { Index } from './index.ts';
import { type Call, type Decl, type Expr, type Func, functionOf, strip, walk } from './ir.ts';
import { unquote } from './library.ts';

export interface EnvRead {
  readonly call: Call;
  readonly func: Func | null;
  readonly file: string;
  readonly name: string | null;
  /** Wrapper that it goes through. */
  readonly via: Func | null;
}

const readers: ReadonlySet<string> = new Set([
  'getenv',
  'secure_getenv',
  '__secure_getenv',
  '__libc_secure_getenv',
  '_wgetenv',
  'GetEnvironmentVariableA',
  'GetEnvironmentVariable',
  'getenv_s',
  '_dupenv_s',
]);
const nameArgument: Readonly<Record<string, number>> = { getenv_s: 3, _dupenv_s: 2 };

function literal(x: Expr | undefined): string | null {
  if (x === undefined) return null;
  const e = strip(x);
  if (e.k === 'str') return unquote(e.text);
  if (e.k === 'choice') {
    for (const o of e.options) {
      const v = literal(o.x);
      if (v !== null) return v;
    }
  }
  return null;
}

export class EnvReads {
  readonly reads: EnvRead[] = [];
  readonly byCall = new Map<Call, EnvRead>();
  /** Functions that look up the variable that a parameter names. */
  readonly wrappers = new Map<Func, number>();

  constructor(private readonly index: Index) {
    this.findEnvironWalkers();
    const direct: Call[] = [];
    for (const name of readers) {
      for (const call of index.calls.get(name) ?? []) {
        if (call.callee.k !== 'id' || (index.callees(call).length > 0 && !readers.has(name))) continue;
        if (
          index.byName.get(name)?.some((f) => !f.isStatic || f.file === index.fileOf(call)) === true &&
          this.wrappers.size === 0
        ) {
          // The project defines the reader itself: its callers still read the environment.
        }
        direct.push(call);
      }
    }
    for (const call of direct)
      this.add(call, this.nameOf(call, nameArgument[(call.callee as { name: string }).name] ?? 0), null);
    const waiting = [...direct];
    for (const [f, param] of [...this.wrappers]) waiting.push(...this.callsOf(f, param));
    for (let call = waiting.pop(); call !== undefined; call = waiting.pop()) {
      const f = functionOf(call);
      const known = this.byCall.get(call);
      if (f === null || known === undefined || this.wrappers.has(f)) continue;
      const at =
        known.via === null
          ? (nameArgument[call.callee.k === 'id' ? call.callee.name : ''] ?? 0)
          : (this.wrappers.get(known.via) ?? 0);
      const param = this.paramBehind(f, call.args[at]);
      if (param >= 0) {
        this.wrappers.set(f, param);
        waiting.push(...this.callsOf(f, param));
      }
    }
    this.reads.sort((a, b) =>
      a.file === b.file ? a.call.token.start - b.call.token.start : a.file < b.file ? -1 : 1,
    );
  }

  private callsOf(f: Func, param: number): Call[] {
    const out: Call[] = [];
    for (const call of this.index.calls.get(f.name) ?? []) {
      if (this.byCall.has(call) || !this.index.callees(call).includes(f)) continue;
      if (functionOf(call) === f) continue;
      this.add(call, this.nameOf(call, param), f);
      out.push(call);
    }
    return out;
  }

  private add(call: Call, name: string | null, via: Func | null): void {
    if (this.byCall.has(call)) return;
    const read: EnvRead = { call, func: functionOf(call), file: this.index.fileOf(call) ?? '', name, via };
    this.reads.push(read);
    this.byCall.set(call, read);
  }

  private nameOf(call: Call, at: number): string | null {
    const direct = literal(call.args[at]);
    if (direct !== null) return direct;
    const arg = call.args[at] === undefined ? null : strip(call.args[at] as Expr);
    const f = functionOf(call);
    if (arg?.k !== 'id') return null;
    // A constant string, local or global.
    const d: Decl | null =
      this.index.local(f, arg.name, arg) ?? this.index.global(arg.name, this.index.fileOf(call));
    if (d?.init == null || f?.params.includes(d) === true) return null;
    if (f !== null && this.index.usesOf(d).some((u) => u.up?.k === 'asg' && u.up.left === u)) return null;
    return literal(d.init);
  }

  /** The parameter whose text reaches `x`: itself, or through a buffer that it is copied into. */
  private paramBehind(f: Func, x: Expr | undefined): number {
    if (x === undefined) return -1;
    const e = strip(x);
    if (e.k !== 'id') return -1;
    const direct = this.index.paramIndex(f, e.name);
    if (direct >= 0) return isText(f.params[direct]) ? direct : -1;
    const local = this.index.local(f, e.name, e);
    if (local === null) return -1;
    if (local.init !== null) {
      const p = this.paramBehind(f, local.init);
      if (p >= 0) return p;
    }
    for (const use of this.index.usesOf(local)) {
      const call = use.up?.k === 'call' ? use.up : null;
      if (call === null || call.args[0] !== use) continue;
      for (const other of call.args.slice(1)) {
        const o = strip(other);
        if (o.k === 'id') {
          const p = this.index.paramIndex(f, o.name);
          if (p >= 0 && isText(f.params[p])) return p;
        }
      }
    }
    return -1;
  }

  /** Functions that search `environ` for a name given as a parameter. */
  private findEnvironWalkers(): void {
    const touching = new Set<Func>();
    for (const name of ['environ', '__environ']) {
      for (const id of this.index.uses.get(name) ?? []) {
        const f = functionOf(id);
        if (f !== null) touching.add(f);
      }
    }
    // One accessor level: `char** get() { return environ; }`.
    for (const f of [...touching]) {
      if (f.params.length === 0) {
        for (const call of this.index.calls.get(f.name) ?? []) {
          const caller = functionOf(call);
          if (caller !== null && this.index.callees(call).includes(f)) touching.add(caller);
        }
      }
    }
    for (const f of touching) {
      let found = -1;
      walk(f, (n) => {
        if (n.k !== 'call' || n.callee.k !== 'id' || !/(str\w*cmp|memcmp)$/.test(n.callee.name)) return;
        for (const a of n.args) {
          const e = strip(a);
          if (e.k !== 'id') continue;
          const p = this.index.paramIndex(f, e.name);
          if (p >= 0 && isText(f.params[p]) && found < 0) found = p;
        }
      });
      if (found >= 0) this.wrappers.set(f, found);
    }
  }
}

function isText(p: Decl | undefined): boolean {
  return (
    p !== undefined &&
    p.type.pointer + p.type.array > 0 &&
    !p.type.callable &&
    (p.type.base === 'char' || p.type.base === 'wchar_t' || p.type.base === 'void')
  );
}
