/** Finds every atomic operation in the lowered functions: calls, members, operators, inline assembly. */
import type { MemoryOrder, Operation, SiteKind } from '../model.ts';
import type { Index } from './index.ts';
import type { Call, Expr, Func, Node, Stmt, TypeRef } from './ir.ts';
import { functionOf, strip } from './ir.ts';
import {
  type OperationSpec,
  asmOperation,
  isKernelStyle,
  memberOperation,
  onlyAtomicMember,
  operationOf,
  orderOf,
} from './operations.ts';
import { type Target, objectOf, targetOf } from './targets.ts';
import type { Token } from './tokens.ts';
import type { Wrapper } from './wrappers.ts';

export interface Access {
  readonly node: Expr;
  readonly func: Func | null;
  readonly file: string;
  readonly kind: SiteKind;
  readonly operation: Operation;
  readonly order: MemoryOrder | null;
  /** Order given by the enclosing function's parameter of this index, -1 otherwise. */
  readonly orderParam: number;
  readonly targetExpr: Expr | null;
  readonly target: Target | null;
  /** Value written or added. */
  readonly value: Expr | null;
  /** Expression that receives the old value by address. */
  readonly out: Expr | null;
  readonly yields: boolean;
  readonly flag: boolean;
  /** Where it is named. */
  readonly token: Token;
  readonly end: number;
  readonly wrapper: Wrapper | null;
  /** Last name of the chain, the compiler's own. */
  readonly builtin: string;
}

const none = { value: null, out: null, yields: false, flag: false, wrapper: null, orderParam: -1 };

/** Whether an object of this type is atomic by declaration. */
export function isAtomicObject(index: Index, type: TypeRef | null): boolean {
  if (type === null || type.callable) return false;
  const r = index.resolve(type);
  return r.atomic && r.pointer === 0 && r.array === 0;
}

/** `std::memory_order_relaxed`, `std::memory_order::relaxed`. */
function namesOrder(x: Expr): boolean {
  const e = strip(x);
  if (e.k !== 'id') return false;
  return /^memory_order_/.test(e.name) || (e.scope !== null && /memory_order$/.test(e.scope));
}

function ownParam(func: Func | null, x: Expr | undefined): number {
  if (func === null || x === undefined) return -1;
  // `convert(mo)` hands the order through.
  let e = strip(x);
  if (e.k === 'call' && e.args.length === 1 && e.args[0] !== undefined) e = strip(e.args[0]);
  return e.k === 'id' ? func.params.findIndex((p) => p.name === (e as { name: string }).name) : -1;
}

function fromSpec(
  index: Index,
  call: Call,
  spec: OperationSpec,
  file: string,
  targetExpr: Expr | null,
  name: string,
): Access {
  const func = functionOf(call);
  const orderArg = spec.order === null ? undefined : call.args[spec.order];
  const order = spec.order === null || orderArg === undefined ? spec.defaultOrder : orderOf(orderArg);
  return {
    node: call,
    func,
    file,
    kind: spec.operation === 'fence' ? 'fence' : 'primitive',
    operation: spec.operation,
    order,
    orderParam: order === null ? ownParam(func, orderArg) : -1,
    targetExpr,
    target: targetExpr === null ? null : objectOf(index, targetExpr),
    value: spec.value === null ? null : (call.args[spec.value] ?? null),
    out: spec.out === null ? null : (call.args[spec.out] ?? null),
    yields: spec.yields,
    flag: spec.flag,
    token: call.token,
    end: call.end,
    wrapper: null,
    builtin: name,
  };
}

/** The atomic access that a call makes by itself, null when it makes none. */
export function callAccess(index: Index, call: Call, file: string): Access | null {
  const { callee } = call;
  if (callee.k === 'id') {
    const spec = operationOf(callee.name);
    if (spec === null) return null;
    // A short kernel-style name that the project defines itself is no operation of a compiler's.
    if (isKernelStyle(callee.name) && index.project.macros.has(callee.name)) return null;
    if (index.byName.has(callee.name) && index.callees(call).length > 0) return null;
    if (index.local(functionOf(call), callee.name, callee) !== null) return null;
    if (spec.target !== null && call.args.length <= spec.target) return null;
    const target = spec.target === null ? null : (call.args[spec.target] ?? null);
    return fromSpec(index, call, spec, file, target, callee.name);
  }
  if (callee.k === 'mem') {
    const spec = memberOperation(callee.field);
    if (spec === null) return null;
    const type = index.typeOf(callee.object);
    const resolved = type === null ? null : index.resolve(type);
    const atomic = resolved?.atomic === true;
    // A written memory order says it too, where the type is out of sight and no class of the project answers.
    const written = spec.order === null ? undefined : call.args[spec.order];
    const ordered =
      written !== undefined &&
      namesOrder(written) &&
      (resolved === null || resolved.base === '' || index.structOf(resolved) === null) &&
      index.callees(call).length === 0;
    if (
      !atomic &&
      !ordered &&
      !(
        onlyAtomicMember(callee.field) &&
        (resolved === null || resolved.base === '' || index.structOf(resolved) === null)
      )
    ) {
      return null;
    }
    return {
      ...fromSpec(index, call, spec, file, callee.object, `std::atomic::${callee.field}`),
      token: callee.token,
    };
  }
  return null;
}

function reads(x: Expr, index: Index, cpp: boolean): boolean {
  let n: Expr = x;
  let p: Node | null = x.up;
  while (p !== null && (p.k === 'choice' || (p.k === 'cond' && p.test !== n))) {
    n = p;
    p = p.up;
  }
  if (p === null) return false;
  switch (p.k) {
    case 'un':
      return p.op !== '&';
    case 'asg':
      return p.right === n && !(cpp && p.op === '=' && isAtomicObject(index, index.typeOf(p.left)) && false);
    case 'mem':
      // `_Atomic(struct node *) head; head->next`
      return p.arrow && !cpp;
    case 'upd':
    case 'expr':
    case 'func':
    case 'comma':
      return false;
    case 'cast':
      return p.type.base !== 'void' && p.type.pointer === 0 && !p.type.text.includes('&');
    case 'decl':
      return !p.type.text.includes('&') && p.type.base !== 'auto' && !isAtomicObject(index, p.type);
    case 'idx':
      // An atomic object that is indexed holds a pointer.
      return true;
    case 'call': {
      if (p.callee === n) return false;
      const i = p.args.indexOf(n);
      const f = index.callees(p)[0];
      const param = f?.params[i];
      const type = param?.type ?? (p.callee.k === 'id' ? index.prototypeParam(p.callee.name, i) : null);
      if (type !== null) return !type.text.includes('&') && !isAtomicObject(index, type);
      // A call of something unknown: in C an argument is a value, in C++ it may be a reference.
      return !cpp;
    }
    case 'return': {
      const f = functionOf(p);
      return f !== null && !f.returns.text.includes('&') && !isAtomicObject(index, f.returns);
    }
    case 'init':
    case 'asm':
    case 'label':
      return false;
    default:
      return true;
  }
}

const named = (x: Expr): boolean =>
  x.k === 'id' || x.k === 'mem' || x.k === 'idx' || (x.k === 'un' && x.op === '*');

/** Operators and plain uses of an atomic object: `x++`, `x |= 1`, `x = v`, and every read of it. */
export function implicitAccess(index: Index, node: Expr, file: string, cpp: boolean): Access | null {
  if (node.k === 'upd')
    return named(node.x) && isAtomicObject(index, index.typeOf(node.x))
      ? implicit(
          index,
          node,
          file,
          node.op === '++' ? 'fetch_add' : 'fetch_sub',
          node.x,
          null,
          `operator ${node.op}`,
        )
      : null;
  if (node.k === 'asg')
    return named(node.left) && isAtomicObject(index, index.typeOf(node.left))
      ? implicit(
          index,
          node,
          file,
          assigning[node.op] ?? 'compare_exchange',
          node.left,
          node.right,
          `operator ${node.op}`,
        )
      : null;
  if (!named(node)) return null;
  const p = node.up;
  if (p?.k === 'asg' && p.left === node) return null;
  if (!isAtomicObject(index, index.typeOf(node))) return null;
  return reads(node, index, cpp) ? implicit(index, node, file, 'load', node, null, 'implicit load') : null;
}

const assigning: Readonly<Record<string, Operation>> = {
  '=': 'store',
  '+=': 'fetch_add',
  '-=': 'fetch_sub',
  '&=': 'fetch_and',
  '|=': 'fetch_or',
  '^=': 'fetch_xor',
};

function implicit(
  index: Index,
  node: Expr,
  file: string,
  operation: Operation,
  x: Expr,
  value: Expr | null,
  how: string,
): Access {
  return {
    ...none,
    node,
    func: functionOf(node),
    file,
    kind: 'primitive',
    operation,
    order: 'seq_cst',
    targetExpr: x,
    target: targetOf(index, x),
    value,
    yields: operation !== 'store',
    token: x.token,
    end: x.token.end,
    builtin: how,
  };
}

export function asmAccess(index: Index, node: Expr, file: string): Access | null {
  if (node.k !== 'asm') return null;
  const operation = asmOperation(node.template);
  if (operation === null) return null;
  const memory = [...node.outputs, ...node.inputs];
  const pointed =
    memory.find((x) => x.k === 'un' && x.op === '*') ??
    memory.find((x) => targetOf(index, x)?.kind !== 'local') ??
    null;
  const target = pointed === null ? null : objectOf(index, pointed);
  const text = node.template.toLowerCase();
  // `xchg` between registers and cmpxchg without a memory operand touch nothing shared.
  if (operation !== 'fence' && !node.memory && !/lock/.test(text)) return null;
  if (operation === 'exchange' && !/lock/.test(text) && /xchg[bwlq]?\s+%%\w+\s*,\s*%%\w+/.test(text)) {
    if (!/\(/.test(text)) return null;
  }
  return {
    ...none,
    node,
    func: functionOf(node),
    file,
    kind: operation === 'fence' ? 'asm' : 'asm',
    operation,
    order: operation === 'fence' ? 'seq_cst' : null,
    targetExpr: operation === 'fence' ? null : pointed,
    target,
    yields: operation !== 'fence',
    token: node.token,
    end: node.end,
    builtin: 'asm',
  };
}

/**
 * Whether a node came out of a macro's definition that the configuration leaves out while another definition of the
 * same macro is left: the use is written once and does what the live one does.
 */
export function inDeadAlternative(index: Index, node: Node): boolean {
  let child: Node = node;
  for (let p = node.up; p !== null; child = p, p = p.up) {
    if (p.k !== 'choice' && p.k !== 'variants') continue;
    const options = p.options.map((o) => ({
      macro: o.macro,
      mine: 'x' in o ? o.x === child : o.body.includes(child as Stmt),
      out: index.isOut(o.file, o.cond),
    }));
    const own = options.find((o) => o.mine);
    if (own !== undefined && own.macro !== '' && own.out && options.some((o) => !o.out)) return true;
  }
  return false;
}

/** Every access that a function's own text makes, wrapper calls not included. */
export function primitiveAccesses(index: Index, f: Func, cpp: boolean): Access[] {
  const out: Access[] = [];
  const nodes = index.nodes(f);
  for (let i = 0; i < nodes.length; i++) {
    const n = nodes[i] as Node;
    let a: Access | null = null;
    if (n.k === 'call') a = callAccess(index, n, f.file);
    else if (n.k === 'asm') a = asmAccess(index, n, f.file);
    else if (n.k === 'id' || n.k === 'mem' || n.k === 'idx' || n.k === 'un') {
      if (index.mayBeAtomic(n)) a = implicitAccess(index, n, f.file, cpp);
    } else if (n.k === 'upd') {
      if (index.mayBeAtomic(n.x)) a = implicitAccess(index, n, f.file, cpp);
    } else if (n.k === 'asg' && index.mayBeAtomic(n.left)) a = implicitAccess(index, n, f.file, cpp);
    if (a !== null) out.push(a);
  }
  return out;
}
