/** Which object an expression names: a global, a field of a struct, a local, or a parameter of its function. */
import type { Index } from './index.ts';
import {
  type Decl,
  type Expr,
  type Field,
  type Func,
  type Struct,
  type TypeRef,
  functionOf,
  noType,
} from './ir.ts';
import type { Token } from './tokens.ts';

export interface Target {
  /** The same for every expression that names the same object; fields count once for all instances. */
  readonly key: string;
  readonly kind: 'global' | 'field' | 'local' | 'param';
  readonly name: string;
  readonly owner: string | null;
  readonly file: string;
  readonly token: Token | null;
  readonly type: TypeRef;
  /** Parameter or local's function. */
  readonly func: Func | null;
  readonly param: number;
  /** The object is reached through a value of the parameter, not the parameter itself. */
  readonly decl: Decl | null;
}

/**
 * A struct around a single member: naming the member means naming what holds the struct. Members in different
 * branches of a condition count once, since only one of them exists at a time.
 */
export function isCell(index: Index, struct: Struct | null, depth = 0): boolean {
  if (struct === null || struct.fields.length === 0 || struct.fields.length > 4 || depth > 4) return false;
  if (struct.kind === 'union' && struct.fields.length > 1) return false;
  const plain = (f: Field): boolean => {
    if (f.type.callable) return false;
    const inner = index.structOf(f.type);
    return inner === null || f.type.pointer > 0 || isCell(index, inner, depth + 1);
  };
  const only = struct.fields[0];
  if (only !== undefined && struct.fields.length === 1) return plain(only);
  const branches = struct.fields.map((f) => index.condOf(struct, f));
  const deepest = Math.max(...branches.map((c) => c?.depth ?? 0));
  const always = branches.filter((c) => (c?.depth ?? 0) < deepest).length;
  if (deepest === 0 || always > 1 || (always === 1 && new Set(branches).size > 1)) return false;
  return struct.fields.every(plain) && branches.some((c) => branches.filter((d) => d === c).length === 1);
}

export function fieldTarget(index: Index, struct: Struct, field: Field): Target {
  return {
    key: `${index.title(struct)}${struct.name.includes('@') ? struct.name : index.isPrivate(struct) ? `@${struct.file}` : ''}.${field.name}`,
    kind: 'field',
    name: field.name,
    owner: index.title(struct),
    file: struct.file,
    token: field.token,
    type: field.type,
    func: null,
    param: -1,
    decl: null,
  };
}

export function globalTarget(index: Index, d: Decl): Target {
  const file = index.fileOfGlobal.get(d) ?? '';
  return {
    key: d.isStatic ? `${file}:${d.name}` : d.name,
    kind: 'global',
    name: d.name,
    owner: null,
    file,
    token: d.token,
    type: d.type,
    func: null,
    param: -1,
    decl: d,
  };
}

function localTarget(f: Func, d: Decl): Target {
  const param = f.params.indexOf(d);
  return {
    key: `${f.file}:${f.owner ?? ''}:${f.name}:${d.name}:${d.token.start}`,
    kind: param >= 0 ? 'param' : 'local',
    name: d.name,
    owner: null,
    file: f.file,
    token: d.token,
    type: d.type,
    func: f,
    param,
    decl: d,
  };
}

/** Resolves the object of an access; null when it cannot be named. */
export function targetOf(index: Index, x: Expr, depth = 0): Target | null {
  if (depth > 24) return null;
  switch (x.k) {
    case 'un':
      return x.op === '&' || x.op === '*' || x.op === '+' ? targetOf(index, x.x, depth + 1) : null;
    case 'cast':
      return targetOf(index, x.x, depth + 1);
    case 'idx':
      return targetOf(index, x.object, depth + 1);
    case 'bin': {
      if (x.op !== '+' && x.op !== '-') return null;
      return targetOf(index, x.left, depth + 1) ?? targetOf(index, x.right, depth + 1);
    }
    case 'upd':
      return targetOf(index, x.x, depth + 1);
    case 'asg':
      return targetOf(index, x.left, depth + 1);
    case 'comma': {
      const last = x.items[x.items.length - 1];
      return last === undefined ? null : targetOf(index, last, depth + 1);
    }
    case 'cond':
      return targetOf(index, x.yes, depth + 1) ?? targetOf(index, x.no, depth + 1);
    case 'choice': {
      for (const o of x.options) {
        const t = targetOf(index, o.x, depth + 1);
        if (t !== null) return t;
      }
      return null;
    }
    case 'stmtx': {
      const last = x.body[x.body.length - 1];
      return last?.k === 'expr' ? targetOf(index, last.x, depth + 1) : null;
    }
    case 'call': {
      // An accessor that returns the address of a field or a global.
      for (const f of index.callees(x)) {
        if (f.returns.pointer === 0 && !f.returns.text.includes('&')) continue;
        const found = returned(index, f, depth + 1);
        if (found !== null && found.kind !== 'param' && found.kind !== 'local') return found;
        if (found?.kind === 'param') {
          const arg = x.args[found.param];
          if (arg !== undefined) return targetOf(index, arg, depth + 1);
        }
      }
      return null;
    }
    case 'mem': {
      const found = index.memberField(x);
      if (found === null) {
        // A template's parameter stands for one of the structs that have such a member: cells, all of them.
        const holders = index.fields.get(x.field) ?? [];
        if (holders.length > 1 && holders.every((h) => isCell(index, h.struct))) {
          const outer = targetOf(index, x.object, depth + 1);
          if (outer?.kind === 'param') return outer;
        }
        return {
          key: `?.${x.field}`,
          kind: 'field',
          name: x.field,
          owner: null,
          file: index.fileOf(x) ?? '',
          token: x.token,
          type: noType,
          func: null,
          param: -1,
          decl: null,
        };
      }
      if (isCell(index, found.struct)) {
        // `counter->value` of a one-member struct that came in is what came in.
        const outer = targetOf(index, x.object, depth + 1);
        // A field of a wrapper type, too: it is the field that counts, not the wrapper's one member.
        if (outer?.kind === 'param' || (outer?.kind === 'field' && !outer.key.startsWith('?.'))) return outer;
      }
      return fieldTarget(index, found.struct, found.field);
    }
    case 'id': {
      const f = functionOf(x);
      const local = index.local(f, x.name, x);
      if (local !== null && f !== null) {
        const isParam = f.params.includes(local);
        if (
          !isParam &&
          !local.isStatic &&
          local.init !== null &&
          (local.type.pointer > 0 || /&|\batomic_ref\b/.test(local.type.text))
        ) {
          const { init } = local;
          const only = init.k === 'init' && init.items.length === 1 ? init.items[0]?.x : undefined;
          const through = targetOf(index, only ?? init, depth + 1);
          if (through !== null) return through;
        }
        if (!isParam && !local.isStatic && local.init === null && local.type.pointer > 0) {
          for (const use of index.usesOf(local)) {
            if (use.up?.k === 'asg' && use.up.left === use && use.up.op === '=' && use !== x) {
              const through = targetOf(index, use.up.right, depth + 6);
              if (through !== null) return through;
            }
          }
        }
        return localTarget(f, local);
      }
      if (f?.owner !== null && f !== null) {
        for (const s of index.ownStructs(f)) {
          const found = index.fieldOf(s, x.name);
          if (found !== null) return fieldTarget(index, found.struct, found.field);
        }
      }
      const g = index.global(x.name, index.fileOf(x));
      return g === null ? null : globalTarget(index, g);
    }
    default:
      return null;
  }
}

/** What an assignment to `left` changes: a local pointer itself, not what it points to. */
export function assignedOf(index: Index, left: Expr): Target | null {
  let e = left;
  while (e.k === 'cast') e = e.x;
  if (e.k === 'id') {
    const f = functionOf(e);
    const local = index.local(f, e.name, e);
    if (local !== null && f !== null && !local.type.text.includes('&')) return localTarget(f, local);
  }
  return targetOf(index, left);
}

/** The object whose address a small accessor returns. */
function returned(index: Index, f: Func, depth: number): Target | null {
  if (depth > 20) return null;
  for (const n of index.nodes(f)) {
    if (n.k === 'return' && n.x !== null) {
      const t = targetOf(index, n.x, depth + 1);
      if (t !== null) return t;
    }
  }
  return null;
}

/** The declared field behind an expression that stands for its parameter: `&lock->held` of a one-member struct. */
export function cellField(index: Index, x: Expr): Target | null {
  let e = x;
  while (e.k === 'cast' || (e.k === 'un' && (e.op === '&' || e.op === '*'))) e = e.x;
  if (e.k !== 'mem') return null;
  const found = index.memberField(e);
  return found === null ? null : fieldTarget(index, found.struct, found.field);
}

/**
 * The object that an operation works on. A local pointer whose origin is out of sight is not that object: what it
 * points to is, which has a name only when its type has a single member.
 */
export function objectOf(index: Index, x: Expr): Target | null {
  const t = targetOf(index, x);
  if (t === null || t.kind !== 'local' || t.type.pointer === 0 || t.decl === null) return t;
  if (t.decl.isStatic || t.decl.isThread || takesAddress(x)) return t;
  const struct = index.structOf(t.type);
  const only = struct?.fields[0];
  return struct !== null && only !== undefined && isCell(index, struct)
    ? fieldTarget(index, struct, only)
    : null;
}

/** `&p` itself, and not `&p->f` or `&p[i]`. */
function takesAddress(x: Expr): boolean {
  let e = x;
  while (e.k === 'cast') e = e.x;
  if (e.k !== 'un' || e.op !== '&') return false;
  let inner = e.x;
  while (inner.k === 'cast') inner = inner.x;
  return inner.k === 'id';
}
