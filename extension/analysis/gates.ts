/** Rows of `gates[]`: reads of the environment with their default and how they are read, and compile flags. */
import type { Gate } from '../model.ts';
import { type CondScope, namesIn } from './condition.ts';
import type { Defaults } from './defaults.ts';
import type { Composed, EnvReads } from './env.ts';
import type { Modes } from './modes.ts';
import type { Project } from './project.ts';
import { lineOf } from './tokens.ts';

export type GateRow = Omit<Gate, 'guards'>;

export class Gates {
  constructor(
    private readonly project: Project,
    private readonly env: EnvReads,
    private readonly defaults: Defaults,
    private readonly modes: Modes,
  ) {}

  rows(scope: CondScope, used: ReadonlySet<string>): GateRow[] {
    return [...this.environment(), ...this.flags(scope, used)];
  }

  private environment(): GateRow[] {
    const ordinals = new Map<string, number>();
    const out: GateRow[] = [];
    const seen = new Set<string>();
    for (const read of this.env.reads) {
      const unit = this.project.units.get(read.file);
      if (unit === undefined || !unit.listed) continue;
      const { token } = read.call;
      const place = `${read.file}:${token.start}`;
      if (seen.has(place)) continue;
      seen.add(place);
      const line = lineOf(unit.source.lines, token.start);
      const { mode, hot } = this.modes.of(read);
      const row = (name: string | null, unset: string | null): void => {
        const base = `gate:env:${name ?? '?'}:${read.file}:${read.func?.name ?? ''}`;
        const n = ordinals.get(base) ?? 0;
        ordinals.set(base, n + 1);
        out.push({
          id: `${base}:${n}`,
          kind: 'env',
          name,
          file: read.file,
          line: line + 1,
          column: token.start - (unit.source.lines[line] ?? 0) + 1,
          function: read.func?.name ?? null,
          default: unset,
          read: mode,
          hot,
        });
      };
      const names: readonly (Composed | null)[] = read.names.length > 0 ? read.names : [null];
      for (const composed of names) {
        const name = composed?.name ?? read.name;
        row(name, name === null ? null : this.defaults.of(read, composed));
        // The keys that a variable's text is parsed for stand where the variable is read.
        if (name !== null) for (const k of this.defaults.keys(read)) row(`${name}:${k.key}`, k.unset);
      }
    }
    return out;
  }

  /** Compile flags: names with a default of their own in the project, and undefined names that guard findings. */
  private flags(scope: CondScope, used: ReadonlySet<string>): GateRow[] {
    const out: GateRow[] = [];
    for (const [name, defs] of this.project.macros) {
      const own = defs.filter(
        (d) => d.params === null && d.cond !== null && this.project.units.get(d.file)?.listed === true,
      );
      const first =
        own.find((d) => d.cond !== null && namesIn(chainTop(d.cond)).includes(name)) ??
        own.find((d) => {
          for (let c = d.cond; c !== null; c = c.outer) if (namesIn(c.expr).includes(name)) return true;
          return false;
        });
      if (first === undefined) continue;
      if (
        first.body.length === 0 ||
        !first.body.every((t) => t.kind === 2 || t.kind === 1 || /^[()\-+!&|<>=*]+$/.test(t.text))
      )
        continue;
      if (first.body.some((t) => t.kind === 1 && !this.project.macros.has(t.text) && !used.has(name)))
        continue;
      if (!used.has(name) && !first.body.some((t) => t.kind === 2)) continue;
      const value = scope.value(name);
      const unit = this.project.units.get(first.file);
      if (unit === undefined) continue;
      out.push(
        row(name, first.file, first.line, first.start - (unit.source.lines[first.line - 1] ?? 0) + 1, value),
      );
    }
    const listed = new Set(out.map((g) => g.name));
    for (const name of used) {
      if (listed.has(name)) continue;
      const place = this.firstUse(name);
      if (place !== null)
        out.push(
          row(name, place.file, place.line, 1, scope.defined(name) === null ? null : scope.value(name)),
        );
    }
    return out.sort((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1));
  }

  private firstUse(name: string): { file: string; line: number } | null {
    for (const [file, unit] of this.project.units) {
      if (!unit.listed) continue;
      for (const t of unit.source.tokens) {
        const d = t.directive;
        if (d?.rest.some((r) => r.text === name))
          return { file, line: lineOf(unit.source.lines, t.start) + 1 };
      }
    }
    return null;
  }
}

function chainTop(c: {
  readonly expr: import('./condition.ts').CondExpr;
}): import('./condition.ts').CondExpr {
  return c.expr;
}

function row(name: string, file: string, line: number, column: number, value: number | null): GateRow {
  return {
    id: `gate:compile:${name}`,
    kind: 'compile',
    name,
    file,
    line,
    column: Math.max(1, column),
    function: null,
    default: value === null ? null : value === 0 ? 'off' : value === 1 ? 'on' : String(value),
    read: null,
    hot: false,
  };
}
