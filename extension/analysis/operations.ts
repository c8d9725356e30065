/**
 * Every spelling of an atomic operation that a compiler or a standard library offers, and what its arguments mean.
 * Only languages', compilers' and systems' names stand here; a project's own are found by following them.
 */
import type { MemoryOrder, Operation } from '../model.ts';
import { type Expr, strip } from './ir.ts';

export interface OperationSpec {
  readonly operation: Operation;
  /** Argument that points to the object; -1 when it is a member call's object, null for fences. */
  readonly target: number | null;
  /** Argument of the memory order, null when it has none. */
  readonly order: number | null;
  /** Order when none is written. */
  readonly defaultOrder: MemoryOrder;
  /** Argument of the value that is written or added, null without. */
  readonly value: number | null;
  /** Arguments that receive the old value by address. */
  readonly out: number | null;
  /** The old or new value is the call's result. */
  readonly yields: boolean;
  /** Result is a success flag, not the value. */
  readonly flag: boolean;
}

const orders: Readonly<Record<string, MemoryOrder>> = {
  relaxed: 'relaxed',
  consume: 'consume',
  acquire: 'acquire',
  release: 'release',
  acq_rel: 'acq_rel',
  seq_cst: 'seq_cst',
};
const gnuOrders: readonly MemoryOrder[] = ['relaxed', 'consume', 'acquire', 'release', 'acq_rel', 'seq_cst'];

/** Memory order that an argument names, null when it is not a constant. */
export function orderOf(x: Expr | undefined): MemoryOrder | null {
  if (x === undefined) return null;
  const e = strip(x);
  if (e.k === 'id' || e.k === 'mem') {
    const name = e.k === 'id' ? e.name : e.field;
    const m = /(?:^|_)(relaxed|consume|acquire|release|acq_rel|seq_cst)$/i.exec(name);
    return m === null ? null : (orders[(m[1] ?? '').toLowerCase()] ?? null);
  }
  if (e.k === 'num') return gnuOrders[Number(e.text)] ?? null;
  return null;
}

function spec(
  operation: Operation,
  target: number | null,
  rest: Partial<Omit<OperationSpec, 'operation' | 'target'>>,
): OperationSpec {
  return {
    operation,
    target,
    order: null,
    defaultOrder: 'seq_cst',
    value: null,
    out: null,
    yields: false,
    flag: false,
    ...rest,
  };
}

const fetches: Readonly<Record<string, Operation>> = {
  add: 'fetch_add',
  sub: 'fetch_sub',
  and: 'fetch_and',
  or: 'fetch_or',
  xor: 'fetch_xor',
  nand: 'fetch_and',
  max: 'fetch_add',
  min: 'fetch_add',
};

/** C11 `<stdatomic.h>` and the free functions of C++ `<atomic>`. */
function c11(name: string): OperationSpec | null {
  const m = /^(?:__c11_)?atomic_(\w+?)(_explicit)?$/.exec(name);
  if (m === null) return null;
  const explicit = m[2] !== undefined || name.startsWith('__c11_');
  const at = (n: number): number | null => (explicit ? n : null);
  switch (m[1]) {
    case 'load':
      return spec('load', 0, { order: at(1), yields: true });
    case 'store':
      return spec('store', 0, { order: at(2), value: 1 });
    case 'exchange':
      return spec('exchange', 0, { order: at(2), value: 1, yields: true });
    case 'compare_exchange_strong':
    case 'compare_exchange_weak':
      return spec('compare_exchange', 0, { order: at(3), value: 2, out: 1, yields: true, flag: true });
    case 'flag_test_and_set':
      return spec('test_and_set', 0, { order: at(1), yields: true });
    case 'flag_clear':
      return spec('clear', 0, { order: at(1) });
    case 'flag_test':
      return spec('load', 0, { order: at(1), yields: true });
    case 'thread_fence':
    case 'signal_fence':
      return spec('fence', null, { order: 0 });
    default: {
      const f = /^fetch_(add|sub|and|or|xor)$/.exec(m[1] ?? '');
      const operation = f === null ? undefined : fetches[f[1] ?? ''];
      return operation === undefined ? null : spec(operation, 0, { order: at(2), value: 1, yields: true });
    }
  }
}

/** GNU `__atomic_*`, with or without a size suffix, and `__sync_*`. */
function gnu(name: string): OperationSpec | null {
  let m = /^__atomic_(\w+?)(_n|_1|_2|_4|_8|_16)?$/.exec(name);
  if (m !== null) {
    const n = m[2] !== undefined;
    switch (m[1]) {
      case 'load':
        return n ? spec('load', 0, { order: 1, yields: true }) : spec('load', 0, { order: 2, out: 1 });
      case 'store':
        return spec('store', 0, { order: 2, value: 1 });
      case 'exchange':
        return n
          ? spec('exchange', 0, { order: 2, value: 1, yields: true })
          : spec('exchange', 0, { order: 3, value: 1, out: 2 });
      case 'compare_exchange':
        return spec('compare_exchange', 0, { order: 4, value: 2, out: 1, yields: true, flag: true });
      case 'test_and_set':
        return spec('test_and_set', 0, { order: 1, yields: true });
      case 'clear':
        return spec('clear', 0, { order: 1 });
      case 'thread_fence':
      case 'signal_fence':
        return spec('fence', null, { order: 0 });
      default: {
        const f = /^(?:fetch_(\w+)|(\w+)_fetch)$/.exec(m[1] ?? '');
        const operation = f === null ? undefined : fetches[f[1] ?? f[2] ?? ''];
        return operation === undefined ? null : spec(operation, 0, { order: 2, value: 1, yields: true });
      }
    }
  }
  m = /^__sync_(\w+?)(_1|_2|_4|_8|_16)?$/.exec(name);
  if (m === null) return null;
  switch (m[1]) {
    case 'bool_compare_and_swap':
      return spec('compare_exchange', 0, { value: 2, yields: true, flag: true });
    case 'val_compare_and_swap':
      return spec('compare_exchange', 0, { value: 2, yields: true });
    case 'lock_test_and_set':
      return spec('exchange', 0, { value: 1, yields: true, defaultOrder: 'acquire' });
    case 'lock_release':
      return spec('store', 0, { defaultOrder: 'release' });
    case 'synchronize':
      return spec('fence', null, {});
    default: {
      const f = /^(?:fetch_and_(\w+)|(\w+)_and_fetch)$/.exec(m[1] ?? '');
      const operation = f === null ? undefined : fetches[f[1] ?? f[2] ?? ''];
      return operation === undefined ? null : spec(operation, 0, { value: 1, yields: true });
    }
  }
}

/** Microsoft's `Interlocked*` and `_Interlocked*`, with their size and order suffixes. */
function microsoft(name: string): OperationSpec | null {
  if (/^(MemoryBarrier|KeMemoryBarrier|_mm_mfence|__builtin_ia32_mfence|__faststorefence)$/.test(name))
    return spec('fence', null, {});
  if (name === '_mm_sfence' || name === '__builtin_ia32_sfence')
    return spec('fence', null, { defaultOrder: 'release' });
  if (name === '_mm_lfence' || name === '__builtin_ia32_lfence')
    return spec('fence', null, { defaultOrder: 'acquire' });
  const bit = /^_?interlockedbittestand(set|reset|complement)/i.exec(name);
  if (bit !== null)
    return spec(
      bit[1]?.toLowerCase() === 'set'
        ? 'fetch_or'
        : bit[1]?.toLowerCase() === 'reset'
          ? 'fetch_and'
          : 'fetch_xor',
      0,
      {
        yields: true,
      },
    );
  const m =
    /^_?Interlocked(Increment|Decrement|ExchangeAdd|ExchangeSubtract|ExchangePointer|Exchange|CompareExchangePointer|CompareExchange|Add|And|Or|Xor)(?:8|16|64|128)?(Acquire|Release|NoFence|_acq|_rel|_nf|_np|_HLEAcquire|_HLERelease)?(?:8|16|64|128)?$/.exec(
      name,
    );
  if (m === null) return null;
  const defaultOrder: MemoryOrder = /acq/i.test(m[2] ?? '')
    ? 'acquire'
    : /rel/i.test(m[2] ?? '')
      ? 'release'
      : /nf|NoFence/.test(m[2] ?? '')
        ? 'relaxed'
        : 'seq_cst';
  const rest = { defaultOrder, yields: true };
  switch (m[1]) {
    case 'Increment':
      return spec('fetch_add', 0, rest);
    case 'Decrement':
      return spec('fetch_sub', 0, rest);
    case 'ExchangeAdd':
    case 'Add':
      return spec('fetch_add', 0, { ...rest, value: 1 });
    case 'ExchangeSubtract':
      return spec('fetch_sub', 0, { ...rest, value: 1 });
    case 'Exchange':
    case 'ExchangePointer':
      return spec('exchange', 0, { ...rest, value: 1 });
    case 'CompareExchange':
    case 'CompareExchangePointer':
      return spec('compare_exchange', 0, { ...rest, value: 1 });
    case 'And':
      return spec('fetch_and', 0, { ...rest, value: 1 });
    case 'Or':
      return spec('fetch_or', 0, { ...rest, value: 1 });
    default:
      return spec('fetch_xor', 0, { ...rest, value: 1 });
  }
}

/** Linux-kernel style names; they count only where the project does not define them itself. */
function kernel(name: string): OperationSpec | null {
  const fence = /^(?:smp_|__smp_)?(mb|rmb|wmb)$|^smp_mb__(before|after)_atomic$/.exec(name);
  if (fence !== null && name.startsWith('smp')) return spec('fence', null, {});
  if (name === 'smp_store_release') return spec('store', 0, { defaultOrder: 'release', value: 1 });
  if (name === 'smp_store_mb') return spec('store', 0, { value: 1 });
  if (name === 'smp_load_acquire') return spec('load', 0, { defaultOrder: 'acquire', yields: true });
  const plain =
    /^(?:raw_|arch_|sync_)?(?:(try_)?(cmpxchg)(?:64|_double|_local|128)?|(xchg))(_acquire|_release|_relaxed)?$/.exec(
      name,
    );
  const m =
    plain ??
    /^(?:raw_|arch_)?atomic(?:64|_long)?_(read|set|(?:fetch_)?(?:add|sub|inc|dec|and|or|xor|andnot)(?:_return|_and_test|_negative|_unless|_not_zero|_unless_negative|_if_positive)?|xchg|(?:try_)?cmpxchg)(_acquire|_release|_relaxed)?$/.exec(
      name,
    );
  if (m === null) return null;
  const word = plain === null ? (m[1] ?? '') : (m[2] ?? m[3] ?? '');
  const order = (m[plain === null ? 2 : 4] ?? '').slice(1);
  const returns = /return|fetch|xchg|test|unless|zero|negative|positive/.test(word);
  const defaultOrder: MemoryOrder =
    order !== '' ? (orders[order] ?? 'seq_cst') : returns ? 'seq_cst' : 'relaxed';
  if (word === 'read') return spec('load', 0, { defaultOrder, yields: true });
  if (word === 'set') return spec('store', 0, { defaultOrder, value: 1 });
  if (word === 'xchg') return spec('exchange', 0, { defaultOrder, value: 1, yields: true });
  if (word.endsWith('cmpxchg')) return spec('compare_exchange', 0, { defaultOrder, value: 2, yields: true });
  if (/inc|dec/.test(word))
    return spec(word.includes('dec') ? 'fetch_sub' : 'fetch_add', 0, { defaultOrder, yields: returns });
  // Value first, object second; `add_unless(v, a, u)` is the other way round.
  const unless = /unless/.test(word);
  const operation: Operation = word.includes('andnot')
    ? 'fetch_and'
    : word.includes('xor')
      ? 'fetch_xor'
      : /(^|_)or/.test(word)
        ? 'fetch_or'
        : /(^|_)and(_(return|acquire|release|relaxed)|$)/.test(word) || word.startsWith('and')
          ? 'fetch_and'
          : word.includes('sub')
            ? 'fetch_sub'
            : 'fetch_add';
  return spec(operation, unless ? 0 : 1, { defaultOrder, value: unless ? 1 : 0, yields: returns });
}

/** Whether a name is an operation only by the Linux kernel's convention. */
export function isKernelStyle(name: string): boolean {
  return c11(name) === null && gnu(name) === null && microsoft(name) === null && kernel(name) !== null;
}

/** The operation that a plain function name means, null when it is none. */
export function operationOf(name: string): OperationSpec | null {
  if (name.length < 4) return null;
  return c11(name) ?? gnu(name) ?? microsoft(name) ?? kernel(name);
}

/** Members of `std::atomic`, `std::atomic_flag` and `std::atomic_ref`. */
export function memberOperation(name: string): OperationSpec | null {
  switch (name) {
    case 'load':
      return spec('load', -1, { order: 0, yields: true });
    case 'store':
      return spec('store', -1, { order: 1, value: 0 });
    case 'exchange':
      return spec('exchange', -1, { order: 1, value: 0, yields: true });
    case 'compare_exchange_strong':
    case 'compare_exchange_weak':
      return spec('compare_exchange', -1, { order: 2, value: 1, out: 0, yields: true, flag: true });
    case 'test_and_set':
      return spec('test_and_set', -1, { order: 0, yields: true });
    case 'clear':
      return spec('clear', -1, { order: 0 });
    case 'test':
      return spec('load', -1, { order: 0, yields: true });
    default: {
      const f = /^fetch_(add|sub|and|or|xor)$/.exec(name);
      const operation = f === null ? undefined : fetches[f[1] ?? ''];
      return operation === undefined ? null : spec(operation, -1, { order: 1, value: 0, yields: true });
    }
  }
}

/** Member names that no ordinary class has: they count without knowing the object's type. */
export function onlyAtomicMember(name: string): boolean {
  return /^(fetch_(add|sub|and|or|xor)|compare_exchange_(strong|weak)|test_and_set)$/.test(name);
}

/** What an inline assembly template does atomically to memory, null when nothing. */
export function asmOperation(template: string): Operation | null {
  const text = template.replace(/\\[nt]/g, ' ; ').toLowerCase();
  const locked = /\block\b[\s;]*(?:\d+:[\s;]*)*([a-z]+)/.exec(text);
  const word = locked?.[1] ?? '';
  if (/^cmpxchg/.test(word)) return 'compare_exchange';
  if (/^xadd|^add|^inc/.test(word)) return 'fetch_add';
  if (/^sub|^dec/.test(word)) return 'fetch_sub';
  if (/^and|^btr/.test(word)) return 'fetch_and';
  if (/^or|^bts/.test(word)) return 'fetch_or';
  if (/^xor|^btc/.test(word)) return 'fetch_xor';
  if (/^xchg/.test(word)) return 'exchange';
  if (/^(not|neg)/.test(word)) return 'fetch_xor';
  if (/\bcmpxchg(8b|16b|[bwlq])?\b/.test(text)) return 'compare_exchange';
  if (/\bxadd[bwlq]?\b/.test(text)) return 'fetch_add';
  if (/\bxchg[bwlq]?\b/.test(text)) return 'exchange';
  if (/\bmfence\b/.test(text)) return 'fence';
  return null;
}
