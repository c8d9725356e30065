/** Compile conditions under a configuration: one scope per set of defines, headers by the sources that include them. */
import { type FlagSet, agreement } from './commands.ts';
import type { CondScope } from './condition.ts';
import type { Project } from './project.ts';
import { configuredScope } from './scope.ts';

/** Flags of the files that a compilation database names, by path relative to the root; a file may be built twice. */
export type FileFlags = ReadonlyMap<string, readonly FlagSet[]>;

export class Configurations {
  private readonly scopes = new Map<string, CondScope>();
  private readonly files = new Map<string, CondScope>();
  /** Sets of flags that include a header, by the header. */
  private including: Map<string, Set<FlagSet>> | null = null;
  private readonly ids = new Map<FlagSet, number>();
  private readonly all: readonly FlagSet[];

  constructor(
    private readonly project: Project,
    private readonly flags: FileFlags,
    /** Given on the command line or in the settings; they win. */
    private readonly given: Readonly<Record<string, string>>,
  ) {
    this.all = this.distinct([...flags.values()].flat());
  }

  /** One flag set for each different set of defines. */
  private distinct(sets: readonly FlagSet[]): FlagSet[] {
    const seen = new Map<string, FlagSet>();
    for (const s of sets) {
      const key = JSON.stringify([...s.defines].sort(([a], [b]) => (a < b ? -1 : 1)));
      const first = seen.get(key);
      if (first === undefined) {
        seen.set(key, s);
        this.ids.set(s, seen.size);
      } else this.ids.set(s, this.ids.get(first) ?? 0);
    }
    return [...seen.values()];
  }

  private scope(cpp: boolean, sets: readonly FlagSet[]): CondScope {
    const ids = [...new Set(sets.map((s) => this.ids.get(s) ?? 0))].sort((a, b) => a - b);
    const key = `${cpp ? 'c++' : 'c'} ${ids.join(' ')}`;
    const known = this.scopes.get(key);
    if (known !== undefined) return known;
    const agreed = agreement(sets);
    const made = configuredScope({
      cpp,
      defines: { ...agreed.defines, ...this.given },
      undefined: agreed.undefined,
      unknown: agreed.unknown,
      macros: this.project.nativeMacros,
      configured: this.project.configured,
    });
    this.scopes.set(key, made);
    return made;
  }

  /** What all files together say. */
  common(cpp: boolean): CondScope {
    return this.scope(cpp, this.all);
  }

  of(file: string): CondScope {
    const known = this.files.get(file);
    if (known !== undefined) return known;
    const cpp = this.project.units.get(file)?.language === 'cpp';
    const own = this.flags.get(file);
    const sets = own ?? (this.all.length === 0 ? [] : [...(this.includers().get(file) ?? [])]);
    const made = sets.length === 0 ? this.common(cpp) : this.scope(cpp, sets);
    this.files.set(file, made);
    return made;
  }

  private includers(): Map<string, Set<FlagSet>> {
    if (this.including !== null) return this.including;
    const out = new Map<string, Set<FlagSet>>();
    for (const [file, sets] of this.flags) {
      if (!this.project.units.has(file)) continue;
      for (const header of this.project.closure(file)) {
        const list = out.get(header) ?? new Set();
        for (const s of sets) list.add(s);
        out.set(header, list);
      }
    }
    this.including = out;
    return out;
  }

  /** The defines that all files of the compilation database have in common. */
  shared(): Record<string, string> {
    const { defines } = agreement(this.all);
    return Object.fromEntries(Object.entries(defines).filter(([n]) => !n.startsWith('__')));
  }
}
