/**
 * The normalised tree that the analysis works on: C and C++ after macro expansion, every node holding the token it
 * was written at. Nodes know their parent (`up`), which is what following a value needs.
 */
import type { Cond } from './condition.ts';
import type { Token } from './tokens.ts';

export interface TypeRef {
  /** Last name of the specifiers: a struct tag, a typedef, a class, or a builtin such as `int`. */
  readonly base: string;
  readonly pointer: number;
  readonly array: number;
  readonly atomic: boolean;
  readonly volatile: boolean;
  readonly constant: boolean;
  /** Template arguments as text, '' without. */
  readonly args: string;
  /** A pointer to function. */
  readonly callable: boolean;
  readonly text: string;
}

interface Base {
  readonly token: Token;
  up: Node | null;
}

export interface Id extends Base {
  readonly k: 'id';
  readonly name: string;
  readonly scope: string | null;
  /**
   * The declaration inside its function that it means, null when there is none; set by the index. Always there, so that
   * a quarter of a million nodes need no second object for it.
   */
  decl: Decl | null | undefined;
}
export interface Num extends Base {
  readonly k: 'num';
  readonly text: string;
}
export interface Str extends Base {
  readonly k: 'str';
  readonly text: string;
}
export interface Mem extends Base {
  readonly k: 'mem';
  readonly object: Expr;
  readonly field: string;
  readonly arrow: boolean;
}
export interface Idx extends Base {
  readonly k: 'idx';
  readonly object: Expr;
  readonly index: Expr;
}
/** `end` is the offset behind the closing parenthesis as written. */
export interface Call extends Base {
  readonly k: 'call';
  readonly callee: Expr;
  readonly args: readonly Expr[];
  readonly end: number;
}
export interface Un extends Base {
  readonly k: 'un';
  readonly op: string;
  readonly x: Expr;
}
export interface Upd extends Base {
  readonly k: 'upd';
  readonly op: '++' | '--';
  readonly post: boolean;
  readonly x: Expr;
}
export interface Asg extends Base {
  readonly k: 'asg';
  readonly op: string;
  readonly left: Expr;
  readonly right: Expr;
}
export interface Bin extends Base {
  readonly k: 'bin';
  readonly op: string;
  readonly left: Expr;
  readonly right: Expr;
}
export interface CondX extends Base {
  readonly k: 'cond';
  readonly test: Expr;
  readonly yes: Expr;
  readonly no: Expr;
}
export interface Cast extends Base {
  readonly k: 'cast';
  readonly type: TypeRef;
  readonly x: Expr;
}
export interface Comma extends Base {
  readonly k: 'comma';
  readonly items: readonly Expr[];
}
export interface Init extends Base {
  readonly k: 'init';
  readonly items: readonly { readonly field: string | null; readonly x: Expr }[];
  /** The member or the base that it initialises, in a constructor's list or in the class itself. */
  readonly member?: string;
}
export interface Block extends Base {
  readonly k: 'stmtx';
  readonly body: readonly Stmt[];
}
export interface Choice extends Base {
  readonly k: 'choice';
  /** `macro` is the macro whose definition an option is. */
  readonly options: readonly {
    readonly cond: Cond | null;
    readonly file: string;
    readonly macro: string;
    readonly x: Expr;
  }[];
}
export interface Lambda extends Base {
  readonly k: 'lambda';
  readonly params: readonly Decl[];
  readonly body: readonly Stmt[];
}
export interface Asm extends Base {
  readonly k: 'asm';
  readonly template: string;
  readonly outputs: readonly Expr[];
  readonly inputs: readonly Expr[];
  readonly clobbers: string;
  /** A memory operand in the constraints or in the template. */
  readonly memory: boolean;
  readonly end: number;
}
/** `sizeof`, `alignof`, a type name, or what could not be parsed: no value to follow. */
export interface Opaque extends Base {
  readonly k: 'opaque';
  readonly type: TypeRef | null;
}

export type Expr = Id | Num | Str | Mem | Idx | Call | Un | Upd | Asg | Bin | CondX | Cast | Comma | Init | Block | Choice | Lambda | Asm | Opaque; // biome-ignore format: a list

export interface Decl {
  readonly k: 'decl';
  readonly token: Token;
  up: Node | null;
  readonly name: string;
  readonly type: TypeRef;
  readonly init: Expr | null;
  readonly isStatic: boolean;
  readonly isThread: boolean;
  readonly isExtern: boolean;
}

/** A use of a declaration at its own place. */
export function idOf(d: Decl): Id {
  return { k: 'id', token: d.token, up: d, name: d.name, scope: null, decl: undefined };
}

export interface ExprStmt extends Base {
  readonly k: 'expr';
  readonly x: Expr;
}
export interface DeclStmt extends Base {
  readonly k: 'decls';
  readonly decls: readonly Decl[];
}
export interface If extends Base {
  readonly k: 'if';
  readonly test: Expr;
  readonly yes: Stmt;
  readonly no: Stmt | null;
}
export interface Loop extends Base {
  readonly k: 'loop';
  readonly kind: 'while' | 'do' | 'for';
  readonly init: Stmt | null;
  readonly test: Expr | null;
  readonly step: Expr | null;
  readonly body: Stmt;
}
export interface Switch extends Base {
  readonly k: 'switch';
  readonly test: Expr;
  readonly body: Stmt;
}
export interface Return extends Base {
  readonly k: 'return';
  readonly x: Expr | null;
}
export interface Blk extends Base {
  readonly k: 'block';
  readonly body: readonly Stmt[];
}
/** Branches of `#if`, or the expansions of a macro with several definitions. */
export interface Variants extends Base {
  readonly k: 'variants';
  readonly options: readonly {
    readonly cond: Cond | null;
    readonly file: string;
    /** The macro whose definition it is, '' for a branch of `#if`. */
    readonly macro: string;
    readonly body: readonly Stmt[];
  }[];
}
export interface Jump extends Base {
  readonly k: 'jump';
  readonly kind: 'break' | 'continue' | 'goto';
  readonly label: string | null;
}
export interface Label extends Base {
  readonly k: 'label';
  readonly name: string | null;
  readonly x: Expr | null;
}

export type Stmt = ExprStmt | DeclStmt | If | Loop | Switch | Return | Blk | Variants | Jump | Label;
export type Node = Expr | Stmt | Decl | Func;

export interface Func {
  readonly k: 'func';
  readonly token: Token;
  up: null;
  readonly file: string;
  readonly name: string;
  /** Class or struct that it belongs to. */
  readonly owner: string | null;
  readonly params: readonly Decl[];
  readonly returns: TypeRef;
  readonly body: readonly Stmt[];
  /** Pieces of branches that could not be put in their place: their sites count, their flow does not. */
  readonly strays: readonly (readonly Stmt[])[];
  /** Extent as written, from the first specifier to behind the closing brace. */
  readonly start: number;
  readonly end: number;
  readonly bodyStart: number;
  readonly isStatic: boolean;
  readonly isInline: boolean;
  readonly attributes: ReadonlySet<string>;
  readonly cond: Cond | null;
  /** The whole tree in order, parents first; set by `link`. */
  nodes?: readonly Node[];
}

export interface Field {
  readonly name: string;
  readonly type: TypeRef;
  readonly token: Token;
}

export interface Struct {
  readonly name: string;
  readonly kind: 'struct' | 'union' | 'class' | 'enum';
  readonly file: string;
  readonly token: Token;
  readonly fields: readonly Field[];
  readonly bases: readonly string[];
}

/** What one file's text means once its macros are expanded. */
export interface Lowered {
  readonly file: string;
  readonly functions: readonly Func[];
  readonly globals: readonly Decl[];
  readonly structs: readonly Struct[];
  /** `typedef` and `using`: name to type. */
  readonly typedefs: readonly { readonly name: string; readonly type: TypeRef; readonly token: Token }[];
  readonly prototypes: readonly {
    readonly name: string;
    readonly returns: TypeRef;
    readonly attributes: ReadonlySet<string>;
    /** Only where an atomic object may be handed over by value: in C++. */
    readonly params?: readonly TypeRef[];
  }[];
  /** True when a bound cut the expansion short. */
  readonly bounded: boolean;
}

export const noType: TypeRef = {
  base: '',
  pointer: 0,
  array: 0,
  atomic: false,
  volatile: false,
  constant: false,
  args: '',
  callable: false,
  text: '',
};

const nothing: readonly never[] = [];

/** A list that is finished: one that grew by `push` keeps room for many more. */
export function exact<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? nothing : list.slice();
}

/** Calls `visit` with each direct child. */
export function eachChild(node: Node, visit: (child: Expr | Stmt | Decl) => void): void {
  switch (node.k) {
    case 'id':
    case 'num':
    case 'str':
    case 'opaque':
    case 'jump':
      return;
    case 'mem':
      visit(node.object);
      return;
    case 'idx':
      visit(node.object);
      visit(node.index);
      return;
    case 'call':
      visit(node.callee);
      for (const a of node.args) visit(a);
      return;
    case 'un':
    case 'upd':
    case 'cast':
      visit(node.x);
      return;
    case 'asg':
    case 'bin':
      visit(node.left);
      visit(node.right);
      return;
    case 'cond':
      visit(node.test);
      visit(node.yes);
      visit(node.no);
      return;
    case 'comma':
      for (const x of node.items) visit(x);
      return;
    case 'init':
      for (const i of node.items) visit(i.x);
      return;
    case 'stmtx':
    case 'block':
      for (const s of node.body) visit(s);
      return;
    case 'lambda':
      for (const p of node.params) visit(p);
      for (const s of node.body) visit(s);
      return;
    case 'choice':
      for (const o of node.options) visit(o.x);
      return;
    case 'asm':
      for (const x of node.outputs) visit(x);
      for (const x of node.inputs) visit(x);
      return;
    case 'decl':
      if (node.init !== null) visit(node.init);
      return;
    case 'expr':
      visit(node.x);
      return;
    case 'decls':
      for (const d of node.decls) visit(d);
      return;
    case 'if':
      visit(node.test);
      visit(node.yes);
      if (node.no !== null) visit(node.no);
      return;
    case 'loop':
      if (node.init !== null) visit(node.init);
      if (node.test !== null) visit(node.test);
      visit(node.body);
      if (node.step !== null) visit(node.step);
      return;
    case 'switch':
      visit(node.test);
      visit(node.body);
      return;
    case 'return':
    case 'label':
      if (node.x !== null) visit(node.x);
      return;
    case 'variants':
      for (const o of node.options) for (const s of o.body) visit(s);
      return;
    case 'func':
      for (const p of node.params) visit(p);
      for (const s of node.body) visit(s);
      for (const s of node.strays) for (const x of s) visit(x);
  }
}

/** Visits a subtree, parents first. */
export function walk(node: Node, visit: (node: Node) => void): void {
  const go = (child: Expr | Stmt | Decl): void => {
    visit(child);
    eachChild(child, go);
  };
  visit(node);
  eachChild(node, go);
}

/** Sets `up` in a whole function or declaration, and lists a function's nodes, parents first. */
export function link(root: Func | Decl): void {
  const nodes: Node[] = [root];
  let parent: Node = root;
  const go = (child: Expr | Stmt | Decl): void => {
    child.up = parent;
    nodes.push(child);
    const outer = parent;
    parent = child;
    eachChild(child, go);
    parent = outer;
  };
  eachChild(root, go);
  if (root.k === 'func') root.nodes = nodes.slice();
}

/** The function around a node, null at file scope. */
export function functionOf(node: Node): Func | null {
  let n: Node | null = node;
  while (n !== null && n.k !== 'func') n = n.up;
  return n;
}

/** Without casts, `__builtin_expect` and the address of what is dereferenced. */
export function strip(x: Expr): Expr {
  let e = x;
  for (;;) {
    if (e.k === 'cast') e = e.x;
    else if (e.k === 'un' && e.op === '&' && e.x.k === 'un' && e.x.op === '*') e = e.x.x;
    else if (
      e.k === 'call' &&
      e.callee.k === 'id' &&
      e.callee.name === '__builtin_expect' &&
      e.args[0] !== undefined
    )
      e = e.args[0];
    else if (e.k === 'comma' && e.items.length > 0) e = e.items[e.items.length - 1] as Expr;
    else return e;
  }
}

/** An expression as C text, for targets and messages. */
export function print(x: Expr): string {
  switch (x.k) {
    case 'id':
      return x.scope === null ? x.name : `${x.scope}::${x.name}`;
    case 'num':
    case 'str':
      return x.text;
    case 'mem':
      return `${print(x.object)}${x.arrow ? '->' : '.'}${x.field}`;
    case 'idx':
      return `${print(x.object)}[${print(x.index)}]`;
    case 'call':
      return `${print(x.callee)}(${x.args.map(print).join(', ')})`;
    case 'un':
      return `${x.op}${x.x.k === 'bin' || x.x.k === 'cond' ? `(${print(x.x)})` : print(x.x)}`;
    case 'upd':
      return x.post ? `${print(x.x)}${x.op}` : `${x.op}${print(x.x)}`;
    case 'asg':
    case 'bin':
      return `${print(x.left)} ${x.op} ${print(x.right)}`;
    case 'cond':
      return `${print(x.test)} ? ${print(x.yes)} : ${print(x.no)}`;
    case 'cast':
      return x.x.k === 'id' || x.x.k === 'mem' || x.x.k === 'call' ? print(x.x) : `(${print(x.x)})`;
    case 'comma':
      return x.items.map(print).join(', ');
    case 'init':
      return '{…}';
    case 'stmtx':
      return '({…})';
    case 'choice':
      return x.options[0] === undefined ? '' : print(x.options[0].x);
    case 'lambda':
      return '[…]';
    case 'asm':
      return 'asm';
    case 'opaque':
      return x.token.text;
  }
}
