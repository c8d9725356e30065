/** Where values start: every access and every plain use of an object. */
import type { Access } from './access.ts';
import type { Flow } from './flow.ts';
import type { Index } from './index.ts';
import { type Call, type Expr, type Node, print, walk } from './ir.ts';
import { isTestFile } from './known.ts';
import { type Target, targetOf } from './targets.ts';
import { type Hint, type Level, Mode, type Sinks, ValueNode } from './value-graph.ts';

export interface Uses {
  readonly index: Index;
  /** Operations on the object, and on what holds it when it is the one member of a struct. */
  operationsOn(t: Target): readonly Access[];
  plainUses(t: Target): readonly Expr[];
  /** A call that hands a whole struct of this name to a function outside the project. */
  handedOut(struct: string): Call | undefined;
}

/** All that is read from an object goes on from its node, each access through a node of its own. */
export function originate(uses: Uses, flow: Flow, graph: Sinks, node: ValueNode, t: Target): void {
  const { index } = uses;
  const sink = (level: Level, hint: Hint, at: Node | null, reason: string): void => {
    const token = at?.token ?? t.token;
    if (token !== null)
      graph.sink(node, { level, hint, token, file: at === null ? t.file : (index.fileOf(at) ?? ''), reason });
  };
  const read = (at: Node, then: (n: ValueNode) => void): void => {
    graph.edge(node, { kind: 'value', to: new ValueNode(false, then, true), at, text: 'access' });
  };
  if (t.key.startsWith('?.') || (t.kind === 'local' && /\batomic_ref\b/.test(t.type.text))) {
    sink('unknown', 'none', null, 'The object could not be named, so its uses were not followed.');
    return;
  }
  const out = t.kind === 'field' && t.owner !== null ? uses.handedOut(t.owner) : undefined;
  if (out !== undefined)
    sink(
      'unknown',
      'none',
      out,
      `A whole ${t.owner} is handed to ${print(out.callee)}, which is not in the project.`,
    );
  const own = isTestFile(t.file);
  const mode = own ? Mode.tests : 0;
  const outside = (n: Node): boolean => !own && isTestFile(index.fileOf(n) ?? '');
  const never = (n: Node): boolean => index.compiled(index.fileOf(n) ?? '', n.token.start) === 'never';
  const inAtomic = new Set<Node>();
  for (const a of uses.operationsOn(t)) {
    if (a.targetExpr !== null) walk(a.targetExpr, (n) => inAtomic.add(n));
    if (a.node.k === 'asm')
      for (const o of [...a.node.outputs, ...a.node.inputs])
        if (targetOf(index, o)?.key === t.key) walk(o, (n) => inAtomic.add(n));
    const where = outside(a.node) ? 'a test' : never(a.node) ? 'code that is never compiled' : null;
    if (where !== null) {
      if (a.operation !== 'fence' && a.yields) sink('observe', 'none', a.node, `Read in ${where} only.`);
      else sink('observe', 'discarded', a.node, `Written in ${where}.`);
      continue;
    }
    read(a.node, (n) => flow.operation(n, a, mode | Mode.object));
    if (a.operation === 'compare_exchange' && t.type.pointer > 0)
      sink('decide', 'address', a.node, 'This compare-exchange swings a pointer.');
  }
  const plain = Mode.object | (t.type.array > 0 ? mode | Mode.content : mode);
  for (const u of uses.plainUses(t)) {
    if (inAtomic.has(u) || outside(u) || never(u)) continue;
    read(u, (n) => flow.follow(n, u, plain));
  }
}
