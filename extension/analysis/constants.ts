/** Constants that stand in declarations, not in macros: enumerators, constant members of classes, sizes of types. */
import { type Cond, evaluate, integer, parseCondition } from './condition.ts';
import { unquote } from './library.ts';
import type { Project } from './project.ts';
import { Kind, type Token } from './tokens.ts';

const sizes: Readonly<Record<string, number>> = {
  char: 1,
  bool: 1,
  _Bool: 1,
  int8_t: 1,
  uint8_t: 1,
  short: 2,
  int16_t: 2,
  uint16_t: 2,
  int: 4,
  unsigned: 4,
  float: 4,
  int32_t: 4,
  uint32_t: 4,
  long: 8,
  double: 8,
  int64_t: 8,
  uint64_t: 8,
  size_t: 8,
  ssize_t: 8,
  ptrdiff_t: 8,
  intptr_t: 8,
  uintptr_t: 8,
  off_t: 8,
};

/** `sizeof` of a type given as text on a 64-bit system; null for what is no plain type. */
export function sizeOfText(text: string): number | null {
  const t = text.replace(/\b(const|volatile|struct|signed)\b/g, '').trim();
  if (/\*\s*\)?$/.test(t)) return 8;
  const words = t.replace(/[()]/g, ' ').trim().split(/\s+/);
  if (words.length === 0 || words.length > 3) return null;
  if (words.includes('long')) return 8;
  if (words.includes('short')) return 2;
  if (words.includes('char')) return 1;
  return sizes[words[words.length - 1] ?? ''] ?? null;
}

export class Constants {
  private enumerators: Map<string, number | null> | null = null;

  constructor(
    private readonly project: Project,
    private readonly macro: (name: string) => number | undefined,
  ) {}

  /** Value of an enumerator; undefined when the name is none, or two enumerations disagree. */
  enumerator(name: string): number | undefined {
    this.enumerators ??= this.collect();
    return this.enumerators.get(name) ?? undefined;
  }

  private value(tokens: readonly Token[], known: ReadonlyMap<string, number | null>): number | null {
    return evaluate(parseCondition(tokens), {
      value: (name) => known.get(name) ?? this.macro(name) ?? null,
      defined: () => null,
    });
  }

  private collect(): Map<string, number | null> {
    const out = new Map<string, number | null>();
    for (const unit of this.project.units.values()) {
      if (!unit.source.idents.has('enum')) continue;
      const { tokens } = unit.source;
      for (let i = 0; i < tokens.length; i++) {
        if (tokens[i]?.text !== 'enum' || tokens[i]?.kind !== Kind.ident) continue;
        let at = i + 1;
        while (at < i + 8 && /^[\w:]+$/.test(tokens[at]?.text ?? '')) at++;
        if (tokens[at]?.text !== '{') continue;
        let next: number | null = 0;
        for (at++; at < tokens.length && tokens[at]?.text !== '}'; at++) {
          const t = tokens[at];
          if (t === undefined || t.kind !== Kind.ident) continue;
          if (tokens[at + 1]?.text === '=') {
            const from = at + 2;
            let open = 0;
            for (at = from; at < tokens.length; at++) {
              const text = tokens[at]?.text;
              if (text === '(') open++;
              else if (text === ')') open--;
              else if ((text === ',' && open === 0) || text === '}') break;
            }
            next = this.value(tokens.slice(from, at), out);
          }
          out.set(t.text, out.has(t.text) && out.get(t.text) !== next ? null : next);
          if (next !== null) next++;
          if (tokens[at]?.text === '}') break;
        }
        i = at;
      }
    }
    return out;
  }

  /** `static const int limit = 100;` of a class whose definition outside has no value; undefined when two disagree. */
  inClass(name: string): number | undefined {
    const found = new Set<number | undefined>();
    for (const [file, unit] of this.project.units) {
      if (!unit.source.idents.has(name)) continue;
      for (const [i, t] of unit.source.tokens.entries())
        if (
          t.text === name &&
          unit.source.tokens[i + 1]?.text === '=' &&
          /^\w+$/.test(unit.source.tokens[i - 1]?.text ?? '')
        )
          found.add(this.member(file, t.start));
    }
    return found.size === 1 ? [...found][0] : undefined;
  }

  private position(file: string, start: number): number {
    const tokens = this.project.units.get(file)?.source.tokens ?? [];
    let lo = 0;
    let hi = tokens.length - 1;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if ((tokens[mid]?.start ?? 0) < start) lo = mid + 1;
      else hi = mid;
    }
    return tokens[lo]?.start === start ? lo : -1;
  }

  /** The branches of an initialiser `name = #if ... #else ... #endif ;` with their values; null when it has none. */
  branches(file: string, start: number): { cond: Cond | null; value: number | string | undefined }[] | null {
    const tokens = this.project.units.get(file)?.source.tokens ?? [];
    const from = this.position(file, start);
    if (from < 0 || tokens[from + 1]?.text !== '=' || tokens[from + 2]?.kind !== Kind.directive) return null;
    const out: { cond: Cond | null; value: number | string | undefined }[] = [];
    let cond: Cond | null = null;
    let piece: Token[] = [];
    const close = (): void => {
      const only = piece[0];
      if (only !== undefined)
        out.push({
          cond,
          value: piece.every((t) => t.kind === Kind.string)
            ? piece.map((t) => unquote(t.text)).join('')
            : this.constant(piece),
        });
      piece = [];
    };
    for (let i = from + 2; i < tokens.length && i < from + 80; i++) {
      const t = tokens[i];
      if (t === undefined || t.text === ';' || (t.text === ',' && piece.length > 0)) break;
      if (t.kind === Kind.directive) {
        close();
        cond = t.directive?.cond ?? null;
      } else piece.push(t);
    }
    return out;
  }

  private constant(tokens: readonly Token[]): number | undefined {
    const only = tokens[0];
    if (tokens.length === 1 && only !== undefined && /^(true|false)$/.test(only.text))
      return Number(only.text === 'true');
    this.enumerators ??= this.collect();
    return this.value(tokens, this.enumerators) ?? undefined;
  }

  /** The value behind a member's name in its class. */
  member(file: string, start: number): number | undefined {
    const tokens = this.project.units.get(file)?.source.tokens;
    if (tokens === undefined) return undefined;
    const lo = this.position(file, start);
    if (lo < 0 || !/^[={]$/.test(tokens[lo + 1]?.text ?? '')) return undefined;
    const end = tokens.findIndex((t, i) => i > lo + 1 && /^[;,}]$/.test(t.text));
    const only = tokens[lo + 2];
    if (only !== undefined && end === lo + 3) {
      if (only.text === 'true' || only.text === 'false') return Number(only.text === 'true');
      const n = integer(only.text);
      if (!Number.isNaN(n)) return n;
    }
    return end < 0 ? undefined : (this.value(tokens.slice(lo + 2, end), new Map()) ?? undefined);
  }
}
