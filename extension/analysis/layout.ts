/**
 * Sizes and offsets of declared types on a 64-bit machine with natural alignment, as far as the sources tell. What
 * cannot be known is null, and offsets behind it are unknown.
 */
import { holds } from './condition.ts';
import type { Index } from './index.ts';
import type { Field, Struct, TypeRef } from './ir.ts';
import type { CondScope } from './condition.ts';
import type { Token } from './tokens.ts';

export const lineBytes = 64;

const bySize: readonly (readonly [number, RegExp])[] = [
  [1, /^(char|bool|_Bool|u?int8_t|u?int_(least|fast)8_t|byte|atomic_(bool|char|u?char|schar|flag)|char8_t|u8|i8|s8|uint8|int8)$/],
  [2, /^(short|u?int16_t|u?int_least16_t|char16_t|atomic_u?short|u16|s16|i16|uint16|int16)$/],
  [4, /^(int|unsigned|signed|float|wchar_t|char32_t|u?int32_t|u?int_least32_t|pid_t|pthread_spinlock_t|atomic_u?int|pthread_once_t|u32|s32|i32|uint32|int32|uint)$/],
  [8, /^(long|double|size_t|ssize_t|ptrdiff_t|u?intptr_t|u?int64_t|u?int_(least|fast)(16|32|64)_t|u?intmax_t|off_t|off64_t|time_t|pthread_t|uint64|int64|u64|s64|i64|ulong|atomic_(u?long|u?llong|size_t|ptrdiff_t|u?intptr_t))$/],
  [40, /^(pthread_mutex_t|mutex)$/],
  [48, /^pthread_cond_t$/],
  [56, /^pthread_rwlock_t$/],
]; // biome-ignore format: a table

export interface Sized {
  readonly size: number;
  readonly align: number;
}

export interface Slot {
  readonly field: Field;
  /** From the start of the struct; null behind what is not known. */
  readonly offset: number | null;
  readonly size: number | null;
}

const asksAlignment =
  /alignas|_Alignas|aligned\s*\(|cache_?line|cacheline|CACHE_ALIGN|__declspec\s*\(\s*align/i;

export class Layout {
  private readonly known = new Map<Struct, { slots: readonly Slot[]; whole: Sized | null }>();

  constructor(
    private readonly index: Index,
    private readonly scope: CondScope,
  ) {}

  /** Size of an object of a type; `token` is its name, where an array's length stands. */
  sizeOf(type: TypeRef, token: Token | null, file: string, depth = 0): Sized | null {
    const r = this.index.resolve(type);
    const dims = type.array;
    let one: Sized | null;
    if (r.pointer > 0 || r.callable) one = { size: 8, align: 8 };
    else one = this.base(r, depth);
    if (one === null || dims === 0) return one;
    const length = token === null ? null : this.lengthAfter(token, file);
    return length === null ? null : { size: one.size * length, align: one.align };
  }

  /** Size of one element, whatever the number of them. */
  element(type: TypeRef): Sized | null {
    const r = this.index.resolve({ ...type, array: 0 });
    return r.pointer > 0 || r.callable ? { size: 8, align: 8 } : this.base({ ...r, array: 0 }, 0);
  }

  private base(r: TypeRef, depth: number): Sized | null {
    if (depth > 8) return null;
    let name = r.base;
    if (/^(atomic|Atomic|_Atomic)$/.test(name) && r.args !== '') {
      const inner = r.args.replace(/^<|>$/g, '').trim();
      if (inner.endsWith('*')) return { size: 8, align: 8 };
      name = inner.split(/\s+/).pop() ?? '';
      if (/\blong\b/.test(inner)) name = 'long';
      const to = this.index.resolve({ ...r, base: name.replace(/^.*::/, ''), args: '', pointer: 0 });
      return this.base({ ...to, args: '' }, depth + 1);
    }
    if (/\blong\b/.test(r.text) && /^(int|unsigned|signed|long)$/.test(name)) name = 'long';
    if (/\bshort\b/.test(r.text) && /^(int|unsigned|signed|short)$/.test(name)) name = 'short';
    if (/\bchar\b/.test(r.text) && /^(unsigned|signed|char)$/.test(name)) name = 'char';
    for (const [size, names] of bySize) if (names.test(name)) return { size, align: Math.min(size, 8) };
    const struct = this.index.structOf(r);
    if (struct === null) return null;
    if (struct.kind === 'enum') return { size: 4, align: 4 };
    return this.of(struct, depth + 1).whole;
  }

  /** Fields of a struct with their offsets. */
  of(struct: Struct, depth = 0): { slots: readonly Slot[]; whole: Sized | null } {
    const found = this.known.get(struct);
    if (found !== undefined) return found;
    this.known.set(struct, { slots: [], whole: null });
    const text = this.index.project.units.get(struct.file)?.source.text ?? '';
    const slots: Slot[] = [];
    let offset: number | null = struct.bases.length > 0 ? null : 0;
    let align = 1;
    let complete = struct.bases.length === 0;
    let last = struct.token.end;
    let end = 0;
    for (const field of struct.fields) {
      const cond = this.index.condOf(struct, field);
      if (cond !== null && holds(cond, this.scope) === 0) continue;
      const before = text.slice(Math.max(last, field.token.start - 200), field.token.start);
      const after = /^[^;{]{0,80}/.exec(text.slice(field.token.end, field.token.end + 80))?.[0] ?? '';
      const aligned =
        asksAlignment.test(before.slice(before.lastIndexOf(';') + 1)) || asksAlignment.test(after);
      last = field.token.end;
      const sized = this.sizeOf(field.type, field.token, struct.file, depth + 1);
      const bits = /^\s*:\s*\d/.test(text.slice(field.token.end, field.token.end + 6));
      if (struct.kind === 'union') {
        slots.push({ field, offset: 0, size: sized?.size ?? null });
        if (sized === null) complete = false;
        else {
          end = Math.max(end, sized.size);
          align = Math.max(align, sized.align);
        }
        continue;
      }
      if (aligned && offset !== null) {
        offset = Math.ceil(offset / lineBytes) * lineBytes;
        align = lineBytes;
      }
      if (sized === null || offset === null || bits) {
        slots.push({ field, offset: bits ? null : offset, size: sized?.size ?? null });
        offset = null;
        complete = false;
        continue;
      }
      offset = Math.ceil(offset / sized.align) * sized.align;
      slots.push({ field, offset, size: sized.size });
      offset += sized.size;
      end = offset;
      align = Math.max(align, sized.align);
    }
    const whole = complete && slots.length > 0 ? { size: Math.ceil(end / align) * align, align } : null;
    const result = { slots, whole };
    this.known.set(struct, result);
    return result;
  }

  /** Whether a declaration asks for an alignment of its own. */
  isAligned(token: Token, file: string): boolean {
    const text = this.index.project.units.get(file)?.source.text ?? '';
    const before = text.slice(Math.max(0, token.start - 160), token.start);
    const after = /^[^;{=]{0,120}/.exec(text.slice(token.end, token.end + 120))?.[0] ?? '';
    return (
      asksAlignment.test(before.slice(Math.max(before.lastIndexOf(';'), before.lastIndexOf('}')) + 1)) ||
      asksAlignment.test(after)
    );
  }

  /** `[N]` behind a name, multiplied out; null when a length is not a plain constant. */
  private lengthAfter(token: Token, file: string): number | null {
    const text = this.index.project.units.get(file)?.source.text.slice(token.end, token.end + 200) ?? '';
    const dims = /^\s*((\[[^\]]*\]\s*)+)/.exec(text)?.[1];
    if (dims === undefined) return null;
    let product = 1;
    for (const m of dims.matchAll(/\[([^\]]*)\]/g)) {
      const n = this.constant((m[1] ?? '').trim());
      if (n === null || n <= 0) return null;
      product *= n;
    }
    return product;
  }

  private constant(text: string): number | null {
    if (/^(0[xX][0-9a-fA-F]+|\d+)[uUlL]*$/.test(text))
      return Number.parseInt(text, /^0x/i.test(text) ? 16 : 10);
    const sum = /^(\w+)\s*([-+*])\s*(\w+)$/.exec(text);
    if (sum !== null) {
      const a = this.constant(sum[1] ?? '');
      const b = this.constant(sum[3] ?? '');
      if (a === null || b === null) return null;
      return sum[2] === '+' ? a + b : sum[2] === '-' ? a - b : a * b;
    }
    return /^[A-Za-z_]\w*$/.test(text) ? this.scope.value(text) : null;
  }
}
