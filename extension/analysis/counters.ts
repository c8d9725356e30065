/** Rows of `counters[]`: plain (non-atomic) telemetry updates on hot and warm paths. */
import type { Counter } from '../model.ts';
import { isAtomicObject } from './access.ts';
import { type Build, displayName, isMacroBody } from './build.ts';
import { type Guard, activityOf } from './guards.ts';
import { type Expr, type Node, print } from './ir.ts';
import { targetOf } from './targets.ts';

/** An update that only adds: `x++`, `x += n`, `x = x + n`, `x |= bits`. */
function updated(n: Node): Expr | null {
  if (n.k === 'upd') return n.x;
  if (n.k !== 'asg') return null;
  if (n.op === '+=' || n.op === '-=' || n.op === '|=') return n.left;
  if (n.op !== '=' || n.right.k !== 'bin' || (n.right.op !== '+' && n.right.op !== '|')) return null;
  return print(n.right.left) === print(n.left) ? n.left : null;
}

export function counters(build: Build, onGuards: (guards: readonly Guard[]) => void): Counter[] {
  const { index, temperatures, classifier } = build;
  const out: Counter[] = [];
  const ordinals = new Map<string, number>();
  const seen = new Set<string>();
  for (const f of index.functions) {
    if (!build.listed(f.file) || isMacroBody(f)) continue;
    const base = temperatures.ofFunction(f);
    if (base !== 'hot' && base !== 'warm') continue;
    for (const n of index.nodes(f)) {
      const x = updated(n);
      if (x === null) continue;
      const t = targetOf(index, x);
      if (
        t === null ||
        t.kind === 'param' ||
        (t.kind === 'local' && t.decl?.isStatic !== true && t.decl?.isThread !== true)
      )
        continue;
      if (isAtomicObject(index, index.typeOf(x)) || t.type.pointer > 0) continue;
      const temperature = temperatures.at(n);
      if (temperature !== 'hot' && temperature !== 'warm') continue;
      const place = `${f.file}:${n.token.start}:${t.key}`;
      if (seen.has(place)) continue;
      seen.add(place);
      if (classifier.accessesOf(t.key).length > 0 || classifier.verdict(t).class !== 'telemetry') continue;
      const guards = build.guards.of(n);
      onGuards(guards);
      const target = print(x);
      const name = displayName(f);
      const id = `counter:${f.file}:${name}:${target}`;
      const ordinal = ordinals.get(id) ?? 0;
      ordinals.set(id, ordinal + 1);
      out.push({
        id: `${id}:${ordinal}`,
        file: f.file,
        line: build.position(f.file, x.token.start).line,
        function: name,
        target,
        temperature,
        activity: activityOf(guards, build.environment),
      });
    }
  }
  return out.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
}
