/** A reading position over expanded tokens, and the questions that C's grammar asks of a few tokens ahead. */
import type { SourceFile } from './preprocess.ts';
import { Kind, Token } from './tokens.ts';

export const qualifiers: ReadonlySet<string> = new Set([
  'const', 'volatile', 'static', 'extern', 'register', 'auto', 'inline', '__inline', '__inline__', 'restrict', '__restrict',
  '__restrict__', '_Atomic', '__thread', '_Thread_local', 'thread_local', 'constexpr', 'consteval', 'constinit', 'mutable',
  'virtual', 'explicit', 'friend', 'typename', '__extension__', '_Noreturn', '__const', '__volatile', '__volatile__', '__forceinline',
  '__signed__', 'noexcept', '__cdecl', '__stdcall', 'CALLBACK', 'typedef',
]); // biome-ignore format: a table
export const builtins: ReadonlySet<string> = new Set([
  'void', 'char', 'short', 'int', 'long', 'float', 'double', 'signed', 'unsigned', 'bool', '_Bool', '__int128', '__int64',
  'wchar_t', 'char8_t', 'char16_t', 'char32_t', 'size_t', 'ssize_t', 'ptrdiff_t', 'intptr_t', 'uintptr_t', 'int8_t', 'int16_t',
  'int32_t', 'int64_t', 'uint8_t', 'uint16_t', 'uint32_t', 'uint64_t', 'intmax_t', 'uintmax_t', 'FILE', 'pthread_t',
  'pthread_mutex_t', 'pthread_once_t', 'atomic_int', 'atomic_uint', 'atomic_long', 'atomic_ulong', 'atomic_llong', 'atomic_ullong',
  'atomic_bool', 'atomic_flag', 'atomic_size_t', 'atomic_uintptr_t', 'atomic_intptr_t', 'atomic_uint_fast32_t', 'time_t', 'off_t',
]); // biome-ignore format: a table
const statementWords: ReadonlySet<string> = new Set([
  'return', 'if', 'else', 'while', 'for', 'do', 'switch', 'case', 'default', 'break', 'continue', 'goto', 'sizeof', 'delete',
  'new', 'throw', 'try', 'catch', 'co_return', 'co_await', 'static_cast', 'reinterpret_cast', 'const_cast', 'dynamic_cast',
  'this', 'nullptr', 'true', 'false', 'operator', 'asm', '__asm__', '__asm', 'using', 'template', 'namespace', 'public',
  'private', 'protected', 'alignof', '_Alignof', '_Generic', '__builtin_offsetof', 'offsetof', 'decltype', 'typeof', '__typeof__', '__typeof',
]); // biome-ignore format: a table
/** Words of C++ alone: names like any other in C. */
const plusWords: ReadonlySet<string> = new Set([
  'delete', 'new', 'throw', 'try', 'catch', 'co_return', 'co_await', 'this', 'operator', 'template', 'namespace', 'public',
  'private', 'protected',
]); // biome-ignore format: a table
const typeofWords: ReadonlySet<string> = new Set([
  'typeof',
  '__typeof__',
  '__typeof',
  'decltype',
  '__typeof_unqual__',
]);
const attributeWords: ReadonlySet<string> = new Set([
  '__attribute__',
  '__attribute',
  '__declspec',
  'alignas',
  '_Alignas',
  '_Static_assert',
  'static_assert',
]);

export const isTypeof = (t: Token | undefined): boolean => t !== undefined && typeofWords.has(t.text);
export const isAttribute = (t: Token | undefined): boolean => t !== undefined && attributeWords.has(t.text);
export const isTag = (t: Token | undefined): boolean =>
  t !== undefined && (t.text === 'struct' || t.text === 'union' || t.text === 'enum' || t.text === 'class');

const sentinel = new Token(Kind.end, '', 0, 0, null);

export class Cursor {
  at = 0;
  /** Rises with nesting; a bound keeps a hostile text from exhausting the stack. */
  nesting = 0;
  private tokens: readonly Token[];
  /** The list is this cursor's own to change. */
  private own = false;

  /** `onBody` is called with a cursor inside the braces of every struct, union or class body that is passed. */
  constructor(
    tokens: readonly Token[],
    readonly file: SourceFile,
    readonly types: ReadonlySet<string>,
    readonly cpp: boolean,
    readonly onBody: (inner: Cursor, tag: Token, name: string, bases: readonly string[]) => void,
  ) {
    this.tokens = tokens;
  }

  /** A cursor over other tokens with the same knowledge, one level deeper. */
  sub(tokens: readonly Token[]): Cursor {
    const c = new Cursor(tokens, this.file, this.types, this.cpp, this.onBody);
    c.nesting = this.nesting + 1;
    return c;
  }

  get length(): number {
    return this.tokens.length;
  }

  get done(): boolean {
    return this.at >= this.tokens.length;
  }

  /** The token as it is, a choice included. */
  raw(offset = 0): Token {
    return this.tokens[this.at + offset] ?? sentinel;
  }

  /** The token ahead, as it is. */
  peek(offset = 0): Token {
    return this.tokens[this.at + offset] ?? sentinel;
  }

  /** A name, and no word of the language. */
  word(t: Token | undefined): boolean {
    if (t === undefined || t.kind !== Kind.ident) return false;
    return !statementWords.has(t.text) || (!this.cpp && plusWords.has(t.text));
  }

  /** Replaces a choice that stands where no statement or operand can by its first option. */
  settle(): void {
    let t = this.tokens[this.at];
    while (t !== undefined && t.kind === Kind.choice) {
      this.replace(this.at, t.choice?.[0]?.tokens ?? []);
      t = this.tokens[this.at];
    }
  }

  /** Puts other tokens in the place of the one at `index`. */
  replace(index: number, by: readonly Token[]): void {
    const list = this.own ? (this.tokens as Token[]) : this.tokens.slice();
    list.splice(index, 1, ...by);
    this.tokens = list;
    this.own = true;
  }

  next(): Token {
    this.settle();
    const t = this.peek();
    this.at++;
    return t;
  }

  accept(text: string): boolean {
    if (this.is(text)) {
      this.at++;
      return true;
    }
    return false;
  }

  is(text: string, offset = 0): boolean {
    const t = this.peek(offset);
    return t.text === text && (t.kind === Kind.punct || t.kind === Kind.ident);
  }

  slice(from: number, to: number): Token[] {
    return this.tokens.slice(from, to);
  }

  /** Index behind the bracket that closes the one at `index`; the end when none does. */
  behind(index: number): number {
    let open = 0;
    // Branches of `#if` count once: each starts at the depth where the group began.
    const groups: { start: number; first: number | null }[] = [];
    for (let i = index; i < this.tokens.length; i++) {
      const t = this.tokens[i];
      if (t === undefined) continue;
      if (t.kind === Kind.directive) {
        const top = groups[groups.length - 1];
        if (t.text.startsWith('if')) groups.push({ start: open, first: null });
        else if (top !== undefined) {
          top.first ??= open;
          if (t.text === 'endif') {
            open = top.first;
            groups.pop();
          } else open = top.start;
        }
        continue;
      }
      if (t.kind !== Kind.punct) continue;
      if (t.text === '(' || t.text === '[' || t.text === '{') open++;
      else if (t.text === ')' || t.text === ']' || t.text === '}') {
        open--;
        if (open <= 0) return i + 1;
      }
    }
    return this.tokens.length;
  }

  /** Skips `<...>` when it looks like template arguments; returns the index behind it, or -1. */
  behindAngles(index: number): number {
    if (this.tokens[index]?.text !== '<') return -1;
    let open = 0;
    for (let i = index; i < this.tokens.length && i < index + 200; i++) {
      const t = this.tokens[i];
      if (t === undefined) return -1;
      if (t.text === '<') open++;
      else if (t.text === '>') open--;
      else if (t.text === '>>') open -= 2;
      else if (t.text === '(') {
        i = this.behind(i) - 1;
        continue;
      } else if (t.text === ';' || t.text === '{' || t.text === '}' || t.text === '&&' || t.text === '||')
        return -1;
      if (open <= 0) return i + 1;
    }
    return -1;
  }

  isTypeName(t: Token): boolean {
    return t.kind === Kind.ident && (t.text.endsWith('_t') || builtins.has(t.text) || this.types.has(t.text));
  }
}
