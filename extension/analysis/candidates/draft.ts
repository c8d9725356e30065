/** What every letter's search shares: rows being made, the hot functions, and whether two places lie on one path. */
import type { Candidate, CandidateLetter } from '../../model.ts';
import { leaves } from '../branches.ts';
import { type Build, displayName, isMacroBody } from '../build.ts';
import { type Expr, type Func, type Node, type Stmt, functionOf } from '../ir.ts';

/** What a change would save per operation: negative figures are savings, null is not known. */
export interface Estimate {
  readonly instructions: number | null;
  readonly branches: number | null;
}
export const unknownGain: Estimate = { instructions: null, branches: null };

export interface Place {
  readonly file: string;
  readonly line: number;
  readonly function: string | null;
}

export interface Draft {
  readonly letter: CandidateLetter;
  readonly at: Place;
  readonly title: string;
  readonly reason: string;
  readonly risk: Candidate['risk'];
  readonly experiment: string;
  readonly estimate?: Estimate;
}

export class Collector {
  readonly rows: Candidate[] = [];
  private readonly ordinals = new Map<string, number>();
  private readonly seen = new Set<string>();

  add(d: Draft): void {
    const place = `${d.letter}:${d.at.file}:${d.at.line}:${d.title}`;
    if (this.seen.has(place)) return;
    this.seen.add(place);
    const base = `candidate:${d.letter}:${d.at.file}:${d.at.function ?? ''}:${d.title}`;
    const n = this.ordinals.get(base) ?? 0;
    this.ordinals.set(base, n + 1);
    const gain = d.estimate ?? unknownGain;
    this.rows.push({
      id: `${base}:${n}`,
      letter: d.letter,
      ...d.at,
      title: d.title,
      reason: d.reason,
      risk: d.risk,
      // Throughput is measured, never guessed.
      estimate: {
        instructionsPerOp: gain.instructions,
        branchesPerOp: gain.branches,
        throughputPercent: null,
      },
      experiment: d.experiment,
    });
  }
}

export function place(build: Build, n: Node, f: Func | null = functionOf(n)): Place {
  const file = f?.file ?? build.index.fileOf(n) ?? '';
  return {
    file,
    line: build.position(file, n.token.start).line,
    function: f === null ? null : displayName(f),
  };
}

/** `file:line`, the file only where it differs. */
export function shortPlace(build: Build, n: Node, from: string): string {
  const p = place(build, n);
  return p.file === from ? `line ${p.line}` : `${p.file}:${p.line}`;
}

export const isOurs = (build: Build, f: Func): boolean =>
  build.listed(f.file) && !isMacroBody(f) && !build.workspace.project.isForeign(f.file, f.cond);

/** Functions of the project on the hot path, for this system. */
export function hotFunctions(build: Build): Func[] {
  return build.index.functions.filter((f) => build.temperatures.ofFunction(f) === 'hot' && isOurs(build, f));
}

/** Whether a node's text is compiled under the configuration. */
export function isCompiled(build: Build, n: Node): boolean {
  return !build.guards.of(n).some((g) => g.kind === 'compile' && g.holds === false);
}

const ancestors = (n: Node): Node[] => {
  const out: Node[] = [];
  for (let p: Node | null = n; p !== null; p = p.up) out.push(p);
  return out;
};

/** Whether one call of their function can run both: not in two branches of one condition, nor behind an exit. */
export function onOnePath(a: Node, b: Node): boolean {
  const over = new Set(ancestors(b));
  let child: Node = a;
  for (let p: Node | null = a.up; p !== null; child = p, p = p.up) {
    if (over.has(p)) {
      const other = ancestors(b).find((n) => n.up === p) ?? b;
      if (other === child) return true;
      if (p.k === 'if' || p.k === 'cond') return child === p.test || other === p.test;
      if (p.k === 'variants')
        return p.options.some((o) => o.body.includes(child as Stmt) && o.body.includes(other as Stmt));
      if (p.k === 'choice') return false;
      if (p.k === 'block' && p.up?.k === 'switch') return false;
      return true;
    }
    // A branch that leaves has nothing behind it.
    if (p.k === 'if' && child !== p.test && leaves(child as Stmt)) return false;
  }
  return true;
}

export function inLoop(n: Node): boolean {
  for (let p = n.up; p !== null; p = p.up) if (p.k === 'loop') return true;
  return false;
}

/** How many machine operations an expression is, roughly: one for each load, operator, compare and call. */
export function weigh(x: Expr): number {
  switch (x.k) {
    case 'num':
    case 'str':
    case 'opaque':
      return 0;
    case 'id':
      return 0;
    case 'mem':
      return weigh(x.object) + (x.arrow ? 1 : 0);
    case 'idx':
      return weigh(x.object) + weigh(x.index) + 1;
    case 'un':
      return weigh(x.x) + (x.op === '*' || x.op === '-' || x.op === '~' ? 1 : 0);
    case 'cast':
      return weigh(x.x);
    case 'bin':
      return weigh(x.left) + weigh(x.right) + 1;
    case 'call':
      return x.args.reduce((sum, a) => sum + weigh(a), 2);
    default:
      return 1;
  }
}
