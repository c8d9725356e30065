/** Reads of the environment: direct, through wrappers, with literal or composed names. */
import type { Index } from './index.ts';
import { type Call, type Decl, type Expr, type Func, type Node, functionOf, strip, walk } from './ir.ts';
import { Text, comparing } from './keys.ts';
import { unquote } from './library.ts';
import { Kind } from './tokens.ts';

export interface EnvRead {
  readonly call: Call;
  readonly func: Func | null;
  readonly file: string;
  /** The literal name; for a composed one the name that a run found, null while there is none or more than one. */
  name: string | null;
  /** Every name that can be composed, with the parameters that it takes; empty for literals. */
  names: readonly Composed[];
  /** Wrapper that it goes through. */
  readonly via: Func | null;
  /** Index of the argument that names the variable. */
  readonly at: number;
  /** The function called searches `environ` itself. */
  readonly walker: boolean;
  /** Names are compared without regard to case. */
  readonly caseless: boolean;
  /** The wrapper makes the variable's name out of the argument. */
  readonly composing: boolean;
  /** The call compares an entry of the environment with the name: it finds the variable, it does not give its text. */
  readonly matches: boolean;
}

/** One name of a read that has several: under it, parameters and table entries have these values. */
export interface Composed {
  readonly name: string;
  readonly bound: ReadonlyMap<Decl, import('./values.ts').Value>;
}

interface Wrapper {
  readonly param: number;
  readonly walker: boolean;
  readonly caseless: boolean;
  readonly composing: boolean;
}

const nameArgument: Readonly<Record<string, number>> = {
  getenv: 0,
  secure_getenv: 0,
  __secure_getenv: 0,
  __libc_secure_getenv: 0,
  _wgetenv: 0,
  _tgetenv: 0,
  GetEnvironmentVariable: 0,
  GetEnvironmentVariableA: 0,
  GetEnvironmentVariableW: 0,
  getenv_s: 3,
  _wgetenv_s: 3,
  _dupenv_s: 2,
  _wdupenv_s: 2,
};

const environs = ['environ', '__environ', '_environ', '_NSGetEnviron', 'GetEnvironmentStringsA'];

/** Whether a name is the system's own way to read the environment. */
export const isReader = (name: string): boolean => Object.hasOwn(nameArgument, name);

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
  // `std::string("NAME")`, `"NAME"sv` and the like.
  if (e.k === 'call' && e.callee.k === 'id' && /^string(_view)?$/.test(e.callee.name) && e.args.length === 1)
    return literal(e.args[0]);
  return null;
}

const caseBlind = /(case_?cmp|case_?eq|icmp|nicmp|toupper|tolower|equals?_?ignore_?case)/i;

export class EnvReads {
  readonly reads: EnvRead[] = [];
  readonly byCall = new Map<Call, EnvRead>();
  /** Functions that look up the variable that a parameter names. */
  readonly wrappers = new Map<Func, Wrapper>();

  constructor(private readonly index: Index) {
    this.findEnvironWalkers();
    const waiting: Call[] = [];
    for (const name of Object.keys(nameArgument)) {
      for (const call of index.calls.get(name) ?? []) {
        if (call.callee.k !== 'id') continue;
        this.add(call, nameArgument[name] ?? 0, null, null);
        waiting.push(call);
      }
    }
    // Readers that are declared elsewhere and called by a telling name.
    for (const [name, calls] of index.calls) {
      if (isReader(name) || !/getenv/i.test(name) || index.byName.has(name)) continue;
      for (const call of calls) {
        const at = call.args.findIndex((a) => literal(a) !== null);
        if (call.callee.k === 'id' && at >= 0) this.add(call, at, null, null);
      }
    }
    for (const [f, w] of [...this.wrappers]) waiting.push(...this.callsOf(f, w));
    for (let call = waiting.pop(); call !== undefined; call = waiting.pop()) {
      const f = functionOf(call);
      const known = this.byCall.get(call);
      if (f === null || known === undefined || this.wrappers.has(f)) continue;
      const found = this.paramBehind(f, call.args[known.at], 0);
      if (found === null) continue;
      const wrapper: Wrapper = {
        param: found.param,
        walker: false,
        caseless: known.caseless,
        composing: found.composing || known.composing,
      };
      this.wrappers.set(f, wrapper);
      waiting.push(...this.callsOf(f, wrapper));
    }
    this.findMatches();
    this.reads.sort((a, b) =>
      a.file === b.file ? a.call.token.start - b.call.token.start : a.file < b.file ? -1 : 1,
    );
  }

  private callsOf(f: Func, wrapper: Wrapper): Call[] {
    const out: Call[] = [];
    for (const call of this.index.calls.get(f.name) ?? []) {
      if (this.byCall.has(call) || !this.index.callees(call).includes(f)) continue;
      if (functionOf(call) === f) continue;
      this.add(call, wrapper.param, f, wrapper);
      out.push(call);
    }
    return out;
  }

  private add(call: Call, at: number, via: Func | null, wrapper: Wrapper | null): void {
    if (this.byCall.has(call)) return;
    const composing = wrapper?.composing === true;
    const read: EnvRead = {
      call,
      func: functionOf(call),
      file: this.index.fileOf(call) ?? '',
      name: composing ? null : this.nameOf(call, at),
      names: [],
      via,
      at,
      walker: wrapper?.walker === true,
      caseless: wrapper?.caseless === true,
      composing,
      matches: false,
    };
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
    if (f !== null && this.index.usesOf(d).some((u) => isWrite(u))) return null;
    return literal(d.init) ?? (d.init.k === 'id' ? this.branches(d, this.index.fileOf(call)) : null);
  }

  /** `const char* name =` with a literal in each branch of `#if`: the branch that is nothing but a literal. */
  private branches(d: Decl, file: string | null): string | null {
    const tokens = file === null ? undefined : this.index.project.units.get(file)?.source.tokens;
    const from = tokens?.findIndex((t) => t.start === d.token.start) ?? -1;
    if (tokens === undefined || from < 0) return null;
    let branch: string[] = [];
    let directives = 0;
    const found: string[] = [];
    const close = (): void => {
      if (branch.length > 0 && branch.every((t) => t.startsWith('"')))
        found.push(branch.map((t) => unquote(t)).join(''));
      branch = [];
    };
    for (let i = from + 2; i < tokens.length && i < from + 60 && tokens[i]?.text !== ';'; i++) {
      const t = tokens[i];
      if (t === undefined) break;
      if (t.kind === Kind.directive) {
        directives++;
        close();
      } else branch.push(t.text);
    }
    return directives === 0 ? null : (found[0] ?? null);
  }

  /** The parameter whose text reaches `x`: itself, or through a buffer or a string that is made of it. */
  private paramBehind(
    f: Func,
    x: Expr | undefined,
    depth: number,
  ): { param: number; composing: boolean } | null {
    if (x === undefined || depth > 4) return null;
    let e = strip(x);
    if (e.k === 'call' && e.callee.k === 'mem' && /^(c_str|data)$/.test(e.callee.field))
      e = strip(e.callee.object);
    if (
      e.k === 'call' &&
      e.callee.k === 'id' &&
      /^string(_view)?$/.test(e.callee.name) &&
      e.args.length === 1
    )
      e = strip(e.args[0] as Expr);
    if (e.k !== 'id') return this.composedOf(f, e, depth);
    const direct = this.index.paramIndex(f, e.name);
    if (direct >= 0) return isText(f.params[direct]) ? { param: direct, composing: false } : null;
    const local = this.index.local(f, e.name, e);
    if (local === null) return null;
    if (local.init !== null) {
      const only =
        local.init.k === 'init' && local.init.items.length === 1 ? local.init.items[0]?.x : local.init;
      const p = this.paramBehind(f, only, depth + 1);
      if (p !== null) return p;
    }
    for (const use of this.index.usesOf(local)) {
      const call = callWriting(use);
      if (call !== null) {
        for (const other of call.args.slice(1)) {
          const o = this.paramBehind(f, other, depth + 1);
          if (o !== null) return { ...o, composing: true };
        }
      }
      // `buffer[i] = toupper(name[i])`, `name += suffix`.
      const asg = use.up?.k === 'idx' ? use.up.up : use.up;
      if (asg?.k === 'asg' && (asg.left === use || asg.left === use.up)) {
        const o = this.composedOf(f, asg.right, depth + 1);
        if (o !== null) return o;
      }
    }
    return null;
  }

  private composedOf(f: Func, x: Expr, depth: number): { param: number; composing: boolean } | null {
    if (depth > 4 || (x.k !== 'bin' && x.k !== 'call' && x.k !== 'idx' && x.k !== 'cast' && x.k !== 'id'))
      return null;
    let found: { param: number; composing: boolean } | null = null;
    walk(x, (n) => {
      if (found !== null || n.k !== 'id' || (n.up?.k === 'call' && n.up.callee === n)) return;
      const p = this.index.paramIndex(f, n.name);
      if (p >= 0) {
        if (isText(f.params[p])) found = { param: p, composing: true };
      } else if (n !== x && this.index.local(f, n.name, n) !== null) {
        const inner = this.paramBehind(f, n, depth + 1);
        if (inner !== null) found = { ...inner, composing: true };
      }
    });
    return found;
  }

  /** Functions that search `environ` for a name given as a parameter. */
  private findEnvironWalkers(): void {
    const touching = new Set<Func>();
    for (const name of environs) {
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
      let caseless = false;
      walk(f, (n) => {
        if (n.k !== 'call' || n.callee.k !== 'id') return;
        const plain = n.callee.name;
        if (!/(str\w*cmp|memcmp|starts_?with)$/i.test(plain)) return;
        for (const a of n.args) {
          const e = strip(a);
          if (e.k !== 'id') continue;
          const p = this.index.paramIndex(f, e.name);
          if (p >= 0 && isText(f.params[p]) && found < 0) {
            found = p;
            caseless = caseBlind.test(plain) || this.index.callees(n).some((g) => this.blind(g));
          }
        }
      });
      if (found < 0) found = this.byCharacter(f);
      if (found >= 0) this.wrappers.set(f, { param: found, walker: true, caseless, composing: false });
    }
  }

  /** Comparisons of the environment's entries with a literal name, in functions that walk it themselves. */
  private findMatches(): void {
    const walking = new Map<Func, Decl[]>();
    for (const name of environs)
      for (const id of this.index.uses.get(name) ?? []) {
        const f = functionOf(id);
        if (f !== null && !this.wrappers.has(f)) walking.set(f, []);
      }
    for (const f of this.index.functions) {
      const seeds = f.params.filter(
        (p) => /^_*env(p|iron)?$/.test(p.name) && p.type.base === 'char' && p.type.pointer + p.type.array > 1,
      );
      if (seeds.length > 0 && f.name !== 'main') walking.set(f, seeds);
    }
    for (const [f, seeds] of walking) {
      const text = new Text(this.index, f, new Set(), seeds, new Set(environs));
      // An iterator that steps over a prefix it has checked: what is compared is the rest of the name.
      const prefix =
        this.index
          .nodes(f)
          .flatMap((n) =>
            n.k === 'call' && n.args.some((a) => text.carries(a)) ? this.index.callees(n) : [],
          )
          .map((g) => prefixOf(this.index, g))
          .find((found) => found !== '') ?? '';
      for (const n of this.index.nodes(f)) {
        if (n.k !== 'call' || n.callee.k !== 'id' || this.byCall.has(n) || n.args.length < 2) continue;
        if (!comparing.test(n.callee.name) && !/(cmp|match|equal|is_name|starts_?with)/i.test(n.callee.name))
          continue;
        const at = n.args.findIndex((a) => literal(a) !== null);
        const name = /^([A-Za-z_]\w*)=?$/.exec(literal(n.args[at]) ?? '')?.[1];
        if (name === undefined || !n.args.some((a, i) => i !== at && text.carries(a))) continue;
        const read: EnvRead = {
          call: n,
          func: f,
          file: this.index.fileOf(n) ?? '',
          name: `${prefix}${name}`,
          names: [],
          via: null,
          at,
          walker: false,
          caseless: false,
          composing: false,
          matches: true,
        };
        this.reads.push(read);
        this.byCall.set(n, read);
      }
    }
  }

  private blind(f: Func): boolean {
    return this.index
      .nodes(f)
      .some((n) => n.k === 'call' && n.callee.k === 'id' && /^(std::)?to(upper|lower)$/.test(n.callee.name));
  }

  /** `while (*e++ == *name++)`: the parameter whose characters are compared. */
  private byCharacter(f: Func): number {
    for (const n of this.index.nodes(f)) {
      if (n.k !== 'bin' || (n.op !== '==' && n.op !== '!=')) continue;
      for (const side of [n.left, n.right]) {
        let e: Node = strip(side);
        if (e.k === 'idx') e = strip(e.object);
        else if (e.k === 'un' && e.op === '*') e = strip(e.x);
        else continue;
        if (e.k === 'upd') e = e.x;
        if (e.k !== 'id') continue;
        const p = this.index.paramIndex(f, e.name);
        if (p >= 0 && isText(f.params[p])) return p;
      }
    }
    return -1;
  }
}

/** `name = ...`, `name[i] = ...`, `name++`. */
function isWrite(use: Expr): boolean {
  const { up } = use;
  if (up?.k === 'upd') return true;
  if (up?.k === 'asg') return up.left === use;
  return up?.k === 'idx' && up.up?.k === 'asg' && up.up.left === up;
}

/** The call that writes the buffer `use`: as its first argument, also at an offset. */
function callWriting(use: Expr): Call | null {
  let at: Expr = use;
  let { up } = use;
  while (
    up !== null &&
    (up.k === 'cast' ||
      (up.k === 'bin' && up.op === '+') ||
      up.k === 'idx' ||
      (up.k === 'un' && up.op === '&'))
  ) {
    at = up;
    up = up.up;
  }
  return up?.k === 'call' && up.args[0] === at ? up : null;
}

function isText(p: Decl | undefined): boolean {
  if (p === undefined || p.type.callable) return false;
  if (/^(string|string_view|basic_string|basic_string_view|StringPiece|StringRef)$/.test(p.type.base))
    return true;
  return (
    p.type.pointer + p.type.array > 0 &&
    (p.type.base === 'char' ||
      p.type.base === 'wchar_t' ||
      p.type.base === 'void' ||
      p.type.base === 'LPCSTR')
  );
}

/** `e[0] == 'A' && e[1] == '_' ... result = &e[2]`: the characters that a function checks and steps over. */
function prefixOf(index: Index, f: Func): string {
  const chars = new Map<number, string>();
  const steps = new Set<number>();
  for (const n of index.nodes(f)) {
    if (n.k === 'bin' && n.op === '==') {
      const left = strip(n.left);
      const right = strip(n.right);
      if (left.k === 'idx' && left.index.k === 'num' && right.k === 'num' && /^'[^\\]'$/.test(right.text))
        chars.set(Number(left.index.text), right.text.slice(1, -1));
    } else if (n.k === 'un' && n.op === '&' && n.x.k === 'idx' && n.x.index.k === 'num')
      steps.add(Number(n.x.index.text));
    else if (n.k === 'bin' && n.op === '+' && n.right.k === 'num') steps.add(Number(n.right.text));
  }
  let prefix = '';
  for (let c = chars.get(0); c !== undefined; c = chars.get(prefix.length)) prefix += c;
  return steps.has(prefix.length) ? prefix : '';
}
