/** The type of an expression. */
import type { Index } from './index.ts';
import { type Expr, functionOf, noType, type TypeRef } from './ir.ts';

/** What an operator on an object of the type yields: for an atomic one, its value. */
function operatorResult(index: Index, type: TypeRef | null): TypeRef | null {
  if (type === null) return null;
  const r = index.resolve(type);
  return r.atomic && r.pointer === 0 && r.array === 0 ? { ...noType, base: 'long' } : type;
}

/** The type of an expression from those of its parts, null when it cannot be seen. Ask `Index.typeOf`, which remembers. */
export function expressionType(index: Index, x: Expr): TypeRef | null {
  switch (x.k) {
    case 'id': {
      const f = functionOf(x);
      if (x.name === 'this' && f?.owner !== null && f !== null)
        return { ...noType, base: f.owner ?? '', pointer: 1 };
      const local = index.local(f, x.name, x);
      if (local !== null) {
        if (
          local.type.base === 'auto' ||
          local.type.base === '' ||
          /^_*(typeof|decltype)/.test(local.type.base)
        ) {
          return local.init === null ? null : index.typeOf(local.init);
        }
        return local.type;
      }
      if (f?.owner !== null && f !== null) {
        for (const s of index.ownStructs(f)) {
          const field = index.fieldOf(s, x.name);
          if (field !== null) return field.field.type;
        }
      }
      return index.global(x.name, index.fileOf(x))?.type ?? null;
    }
    case 'mem':
      return index.memberField(x)?.field.type ?? null;
    case 'idx': {
      const t = index.typeOf(x.object);
      if (t === null) return null;
      if (t.array > 0) return { ...t, array: t.array - 1 };
      if (t.pointer > 0) return { ...t, pointer: t.pointer - 1 };
      const r = index.resolve(t);
      if (r.array > 0) return { ...r, array: r.array - 1 };
      return r.pointer > 0 ? { ...r, pointer: r.pointer - 1 } : r;
    }
    case 'un': {
      const t = index.typeOf(x.x);
      if (t === null) return null;
      if (x.op === '&') return { ...t, pointer: t.pointer + 1 };
      if (x.op === '*') {
        if (t.pointer > 0) return { ...t, pointer: t.pointer - 1 };
        if (t.array > 0) return { ...t, array: t.array - 1 };
        const r = index.resolve(t);
        return r.pointer > 0 ? { ...r, pointer: r.pointer - 1 } : t;
      }
      return t;
    }
    case 'cast':
      return x.type;
    case 'call': {
      const f = index.callees(x)[0];
      if (f !== undefined) return f.returns;
      return x.callee.k === 'id' ? (index.returns.get(x.callee.name) ?? null) : null;
    }
    case 'cond':
      return index.typeOf(x.yes) ?? index.typeOf(x.no);
    case 'choice':
      return x.options[0] === undefined ? null : index.typeOf(x.options[0].x);
    case 'asg':
      return operatorResult(index, index.typeOf(x.left));
    case 'upd':
      return operatorResult(index, index.typeOf(x.x));
    case 'bin':
      return x.op === '.*' || x.op === '->*' ? null : index.typeOf(x.left);
    case 'comma': {
      const last = x.items[x.items.length - 1];
      return last === undefined ? null : index.typeOf(last);
    }
    case 'stmtx': {
      const last = x.body[x.body.length - 1];
      return last?.k === 'expr' ? index.typeOf(last.x) : null;
    }
    default:
      return null;
  }
}
