/**
 * Macro definitions of a project and their expansion, token by token as a preprocessor does it (arguments are
 * expanded first, `#` and `##`, variadic parameters, rescanning), except that every token remembers where it was
 * written and through which macros it came, and that a use with several live definitions keeps all of them.
 */
import { type Cond, type CondScope, holds } from './condition.ts';
import { lex } from './lex.ts';
import { type Alternative, type Alternatives, Kind, Token, type Via, textOf } from './tokens.ts';

export interface MacroDef {
  readonly name: string;
  /** Null for an object-like macro. */
  readonly params: readonly string[] | null;
  readonly variadic: string | null;
  readonly body: readonly Token[];
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly cond: Cond | null;
  /** Offset of the `#undef` in the same file that ends it. */
  undefinedAt: number | null;
}

/** An object-like macro that is a plain constant: kept as a name, so that conditions on it stay visible. */
export function isConstant(def: MacroDef): boolean {
  return (
    def.params === null &&
    def.body.length > 0 &&
    def.body.every(
      (t) => t.kind === Kind.number || t.kind === Kind.char || /^[()\-+*<>/~|&!]+$/.test(t.text),
    ) &&
    def.body.some((t) => t.kind === Kind.number || t.kind === Kind.char)
  );
}

/** Words that may stand in a constant's casts: the arithmetic types. */
const arithmetic =
  /^(unsigned|signed|char|short|int|long|float|double|bool|_Bool|s?size_t|ptrdiff_t|u?int(8|16|32|64|max|ptr)_t|ULL|UL|U)$/;

/**
 * Whether every definition of a name is arithmetic over numbers and other constants, however deep. Such a name is kept
 * too: expanded tables of size classes and bit masks were half of all nodes, and said less than the name does.
 * `configured` are names that a configure step gives a value; `known` holds earlier answers.
 */
export function isArithmetic(
  name: string,
  macros: ReadonlyMap<string, readonly MacroDef[]>,
  configured: ReadonlySet<string>,
  known: Map<string, boolean>,
  depth = 0,
): boolean {
  const before = known.get(name);
  if (before !== undefined) return before;
  const defs = macros.get(name);
  if (defs === undefined) return depth > 0 && configured.has(name);
  if (depth > 40) return false;
  // A name that leads to itself is none.
  known.set(name, false);
  const answer = defs.every((d) => {
    if (d.params !== null || d.body.length === 0) return false;
    let value = false;
    for (const t of d.body) {
      if (t.kind === Kind.number || t.kind === Kind.char) value = true;
      else if (t.kind === Kind.ident) {
        if (arithmetic.test(t.text)) continue;
        if (!isArithmetic(t.text, macros, configured, known, depth + 1)) return false;
        value = true;
      } else if (t.kind !== Kind.punct || !/^[()+\-*/%<>=!&|^~?:]+$/.test(t.text)) return false;
    }
    return value;
  });
  known.set(name, answer);
  return answer;
}

export interface MacroView {
  readonly file: string;
  /** Whether any file defines a macro of this name. */
  known(name: string): boolean;
  /** An object-like macro that stands for a number wherever it is defined: it is kept as a name. */
  constant(name: string): boolean;
  /** Definitions that a use at `offset` may mean, the likeliest first; empty when it is no macro there. */
  lookup(name: string, offset: number): readonly MacroDef[];
  /** Told of every definition that was expanded. */
  used(def: MacroDef): void;
}

const maxTokens = 3_000_000;
const maxDepth = 200;

/** `push(...)` of many overflows the stack. */
function append(out: Token[], more: readonly Token[]): void {
  for (const t of more) out.push(t);
}

function hidden(name: string, via: Via | null): boolean {
  for (let v = via; v !== null; v = v.parent) if (v.name === name) return true;
  return false;
}

interface Frame {
  readonly tokens: readonly Token[];
  at: number;
}

/** What a body's tokens say, whoever uses it. */
interface Facts {
  /** For each token: the parameter that it names (the variadic one counts last), -1 for none. */
  readonly params: Int16Array;
  readonly pastes: boolean;
  readonly pragma: boolean;
}

function factsOf(def: MacroDef): Facts {
  const { params: names, body } = def;
  const params = new Int16Array(body.length).fill(-1);
  let pastes = false;
  let pragma = false;
  for (let i = 0; i < body.length; i++) {
    const t = body[i] as Token;
    if (t.kind === Kind.punct) pastes ||= t.text === '##';
    else if (t.kind === Kind.ident) {
      pragma ||= t.text === '_Pragma';
      const at = names === null ? -1 : names.indexOf(t.text);
      if (at >= 0) params[i] = at;
      else if (names !== null && t.text === def.variadic) params[i] = names.length;
    }
  }
  return { params, pastes, pragma };
}

/** The arguments of one use: as written, and expanded when that is first asked for. */
class Bound {
  private readonly expanded: (readonly Token[] | undefined)[] = [];

  constructor(
    private readonly raws: readonly (readonly Token[])[],
    private readonly expander: Expander,
    private readonly depth: number,
  ) {}

  raw(param: number): readonly Token[] {
    return this.raws[param] ?? none;
  }

  full(param: number): readonly Token[] {
    let e = this.expanded[param];
    if (e === undefined) {
      e = this.expander.expand(this.raw(param), this.depth + 1);
      this.expanded[param] = e;
    }
    return e;
  }
}

const none: readonly Token[] = [];

export class Expander {
  /** The choices that were left open, to be forgotten when they are parsed. */
  readonly choices: Alternatives[] = [];
  private produced = 0;
  private readonly facts = new Map<MacroDef, Facts>();
  private readonly constants = new Map<MacroDef, boolean>();
  /** Set when a bound stopped the expansion: the rest was kept as written. */
  bounded = false;
  /** Set when a definition with a `_Pragma` was expanded. */
  pragmas = false;

  constructor(private readonly view: MacroView) {}

  expand(tokens: readonly Token[], depth = 0): Token[] {
    const out: Token[] = [];
    const frames: Frame[] = [{ tokens, at: 0 }];
    for (;;) {
      const frame = frames[frames.length - 1];
      if (frame === undefined) break;
      const list = frame.tokens;
      let at = frame.at;
      let t = list[at];
      // Most tokens are no macros.
      while (t !== undefined && (t.kind !== Kind.ident || !this.view.known(t.text))) {
        out.push(t);
        t = list[++at];
      }
      if (t === undefined) {
        frames.pop();
        continue;
      }
      frame.at = at + 1;
      const defs = this.view.lookup(t.text, t.start);
      const first = defs[0];
      if (first === undefined || hidden(t.text, t.via)) {
        out.push(t);
        continue;
      }
      if (++this.produced > maxTokens || depth > maxDepth || frames.length > maxDepth) {
        this.bounded = true;
        out.push(t);
        continue;
      }
      if (first.params === null) {
        if (defs.some((d) => this.isConstant(d)) || this.view.constant(t.text)) {
          out.push(t);
          continue;
        }
        this.view.used(first);
        frames.push({ tokens: this.body(first, t, t.end, null), at: 0 });
        continue;
      }
      const args = this.arguments(frames);
      if (args === null) {
        out.push(t);
        continue;
      }
      const end = Math.max(args.end, t.end);
      const fitting = defs.filter((d) => d.params !== null && fits(d, args.list));
      const chosen = fitting.length > 0 ? fitting : [first];
      const alternatives: Alternative[] = [];
      const seen = new Set<string>();
      for (const def of chosen) {
        this.view.used(def);
        const bound = this.bind(def, args.list, depth);
        const tokens = this.body(def, t, end, bound);
        if (chosen.length > 1) {
          const key = textOf(tokens);
          if (seen.has(key)) continue;
          seen.add(key);
        }
        alternatives.push({ def, tokens });
      }
      // Attributes in one configuration and nothing in another: no choice that changes what the text does.
      const decoration = alternatives.length > 1 && alternatives.every((a) => isDecoration(a.tokens));
      const only = decoration ? alternatives.find((a) => a.tokens.length > 0) : alternatives[0];
      if (decoration) alternatives.length = 1;
      if (only !== undefined && alternatives.length === 1) frames.push({ tokens: only.tokens, at: 0 });
      else if (only !== undefined) {
        const expanded = alternatives.map((a) => ({ def: a.def, tokens: this.expand(a.tokens, depth + 1) }));
        if (expanded.every((a) => balanced(a.tokens))) {
          const list: Alternatives = { list: expanded };
          this.choices.push(list);
          out.push(new Token(Kind.choice, t.text, t.start, end, t.via, list));
        } else append(out, expanded[0]?.tokens ?? []);
      }
    }
    return out;
  }

  /** Argument lists after a function-like macro's name, across the ends of expansions; null when there is no `(`. */
  private arguments(frames: Frame[]): { list: Token[][]; end: number } | null {
    let depth = frames.length - 1;
    let probe = frames[depth];
    while (probe !== undefined && probe.at >= probe.tokens.length) probe = frames[--depth];
    if (probe?.tokens[probe.at]?.text !== '(') return null;
    while (frames.length - 1 > depth) frames.pop();
    const list: Token[][] = [[]];
    let open = 0;
    let end = 0;
    for (;;) {
      const frame = frames[frames.length - 1];
      if (frame === undefined) break;
      const t = frame.tokens[frame.at];
      if (t === undefined) {
        // The call runs past the end of this list: take what there is.
        if (frames.length === 1) break;
        frames.pop();
        continue;
      }
      frame.at++;
      end = t.end;
      const punct = t.kind === Kind.punct;
      if (punct && (t.text === '(' || t.text === '{' || t.text === '[')) {
        if (open++ === 0) continue;
      } else if (punct && (t.text === ')' || t.text === '}' || t.text === ']')) {
        if (--open === 0) return { list, end };
      } else if (punct && t.text === ',' && open === 1) {
        list.push([]);
        continue;
      }
      if (t.kind === Kind.directive) continue;
      list[list.length - 1]?.push(t);
    }
    return { list, end };
  }

  private bind(def: MacroDef, list: readonly Token[][], depth: number): Bound {
    const count = def.params?.length ?? 0;
    if (def.variadic === null) return new Bound(list, this, depth);
    const rest: Token[] = [];
    for (let i = count; i < list.length; i++) {
      const arg = list[i] ?? [];
      if (i > count) {
        const at = arg[0] ?? list[i - 1]?.[0];
        if (at !== undefined) rest.push(new Token(Kind.punct, ',', at.start, at.end, at.via));
      }
      append(rest, arg);
    }
    const all = list.slice(0, count);
    while (all.length < count) all.push([]);
    all.push(rest);
    return new Bound(all, this, depth);
  }

  private body(def: MacroDef, use: Token, end: number, bound: Bound | null): Token[] {
    const via: Via = { name: def.name, def, parent: use.via };
    const make = (kind: Kind, text: string): Token => new Token(kind, text, use.start, end, via);
    const { body } = def;
    let facts = this.facts.get(def);
    if (facts === undefined) {
      facts = factsOf(def);
      this.facts.set(def, facts);
    }
    if (facts.pragma) this.pragmas = true;
    if (bound === null && !facts.pastes) {
      this.produced += body.length;
      return body.map((t) => make(t.kind, t.text));
    }
    const out: Token[] = [];
    const { params } = facts;
    const paramAt = (i: number): number => params[i] ?? -1;
    const rawAt = (i: number, t: Token): readonly Token[] => {
      const p = paramAt(i);
      return p >= 0 && bound !== null ? bound.raw(p) : [make(t.kind, t.text)];
    };
    for (let i = 0; i < body.length; i++) {
      const t = body[i];
      if (t === undefined) break;
      const next = body[i + 1];
      const param = paramAt(i);
      if (t.kind === Kind.punct) {
        if (t.text === '#' && bound !== null && next !== undefined && paramAt(i + 1) >= 0) {
          out.push(make(Kind.string, JSON.stringify(textOf(bound.raw(paramAt(i + 1))))));
          i++;
          continue;
        }
        if (t.text === '##') {
          const right = next === undefined ? none : rawAt(i + 1, next);
          i++;
          const left = out[out.length - 1];
          const head = right[0];
          if (left?.text === ',' && def.variadic !== null && next?.text === def.variadic) {
            // GNU: the comma before an empty variadic argument goes away.
            if (right.length === 0) out.pop();
            else append(out, bound?.full(paramAt(i)) ?? none);
          } else if (left !== undefined && head !== undefined) {
            out.pop();
            out.push(...this.paste(left, head, make));
            append(out, right.slice(1));
          } else append(out, right);
          continue;
        }
      }
      if (param < 0 && t.text === '__VA_OPT__' && next?.text === '(') {
        const inner: number[] = [];
        let open = 0;
        i++;
        for (; i < body.length; i++) {
          const b = body[i];
          if (b === undefined) break;
          if (b.text === '(' && open++ === 0) continue;
          if (b.text === ')' && --open === 0) break;
          inner.push(i);
        }
        if (bound !== null && bound.raw(def.params?.length ?? 0).length > 0) {
          for (const n of inner) {
            const b = body[n] as Token;
            if (paramAt(n) >= 0) append(out, bound.full(paramAt(n)));
            else out.push(make(b.kind, b.text));
          }
        }
        continue;
      }
      if (param < 0 || bound === null) out.push(make(t.kind, t.text));
      else if (next?.text === '##') {
        const raw = bound.raw(param);
        if (raw.length > 0) append(out, raw);
        else {
          // Nothing on the left: the right side stands alone.
          const right = body[i + 2];
          if (right !== undefined && body[i + 3]?.text !== '##') {
            append(out, rawAt(i + 2, right));
            i += 2;
          }
        }
      } else append(out, bound.full(param));
    }
    this.produced += out.length;
    return out;
  }

  private isConstant(def: MacroDef): boolean {
    let known = this.constants.get(def);
    if (known === undefined) {
      known = isConstant(def);
      this.constants.set(def, known);
    }
    return known;
  }

  private paste(left: Token, right: Token, make: (kind: Kind, text: string) => Token): Token[] {
    const text = left.text + right.text;
    const parts = lex(text, 0, text.length, false);
    return parts.map((p) => make(p.kind, p.text));
  }
}

function fits(def: MacroDef, list: readonly Token[][]): boolean {
  const n = def.params?.length ?? 0;
  const given = list.length === 1 && list[0]?.length === 0 ? (n === 1 ? 1 : 0) : list.length;
  return def.variadic === null ? given === n : given >= n || given === 0;
}

const specifierWords =
  /^(static|extern|inline|__inline|__inline__|__forceinline|register|_Noreturn|noexcept|__extension__|__restrict|restrict)$/;

/** Nothing but attributes and specifiers. */
function isDecoration(tokens: readonly Token[]): boolean {
  let i = 0;
  const behindGroup = (open: string, close: string): void => {
    for (let depth = 0; i < tokens.length; i++) {
      const text = tokens[i]?.text;
      if (text === open) depth++;
      else if (text === close && --depth === 0) break;
    }
    i++;
  };
  while (i < tokens.length) {
    const text = tokens[i]?.text ?? '';
    if (
      /^(__attribute__|__attribute|__declspec|alignas|_Alignas)$/.test(text) &&
      tokens[i + 1]?.text === '('
    ) {
      i++;
      behindGroup('(', ')');
    } else if (text === '[' && tokens[i + 1]?.text === '[') behindGroup('[', ']');
    else if (specifierWords.test(text)) i++;
    else return false;
  }
  return true;
}

/** Every bracket closed, in order. */
export function balanced(tokens: readonly Token[]): boolean {
  const stack: string[] = [];
  for (const t of tokens) {
    if (t.kind !== Kind.punct) continue;
    if (t.text === '(') stack.push(')');
    else if (t.text === '[') stack.push(']');
    else if (t.text === '{') stack.push('}');
    else if ((t.text === ')' || t.text === ']' || t.text === '}') && stack.pop() !== t.text) return false;
  }
  return stack.length === 0;
}

const nothing: readonly MacroDef[] = [];

/**
 * The definitions that a use may mean among `candidates` of one file: those above the use and not undefined before
 * it; the latest unconditional one hides the earlier.
 */
export function visibleAt(candidates: readonly MacroDef[], offset: number): readonly MacroDef[] {
  const only = candidates[0];
  if (only !== undefined && candidates.length === 1)
    return only.start > offset || (only.undefinedAt !== null && only.undefinedAt < offset)
      ? nothing
      : candidates;
  const out: MacroDef[] = [];
  for (const def of candidates) {
    if (def.start > offset || (def.undefinedAt !== null && def.undefinedAt < offset)) continue;
    if (def.cond === null) out.length = 0;
    else {
      // A later definition under the same condition replaces the earlier one.
      const i = out.findIndex((d) => d.cond === def.cond);
      if (i >= 0) out.splice(i, 1);
    }
    out.push(def);
  }
  return out;
}

/** The definitions that may be live on the platform, in the files that are. */
export function liveOnly(
  defs: readonly MacroDef[],
  scope: CondScope,
  fileLive: (file: string) => boolean,
): MacroDef[] {
  return defs.filter((d) => fileLive(d.file) && holds(d.cond, scope) !== 0);
}
