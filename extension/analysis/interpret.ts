import { Constants } from './constants.ts';
import { type Evaluator, isStore } from './evaluate.ts';
import { Frame } from './frame.ts';
import type { Index } from './index.ts';
import { type Call, type Decl, type Expr, type Func, type Init, type TypeRef, functionOf } from './ir.ts';
import { condAt } from './preprocess.ts';
import { lookedUp } from './lookup.ts';
import type { Option, Outside, Reading } from './outside.ts';
import { relevantNames } from './slice.ts';
import { targetOf } from './targets.ts';
import { Obj, type Row, type Value } from './values.ts';

const maxSteps = 50_000;
/** A run for one read's default. */
const maxLedSteps = 8_000;
/** A look at which variables an expression asks for. */
const maxAskedSteps = 3_000;

/** What a run that was led to a read left. */
export interface Led {
  readonly frame: Frame;
  readonly returned: Value;
}

export class Interpreter {
  readonly constants: Constants;
  private steps = 0;
  private guesses = 0;
  private turns = 0;
  private readonly globals = new Map<string, Value>();
  private readonly busy = new Set<string>();
  private readonly results = new Map<Func, Value>();
  /** Objects whose value was asked for while it was being worked out. */
  private readonly cycles = new Set<string>();
  /** How often that happened: an answer without it holds everywhere. */
  private hits = 0;
  private readonly objects = new Map<string, Obj>();
  private readonly rows = new Map<Expr, Row>();
  private readonly written = new Map<string, boolean>();
  private readonly optionStates = new Map<string, ReadonlyMap<string, Value>>();
  private listen: ((name: string) => void) | null = null;
  private readonly assigned = new Map<Func, ReadonlySet<string>>();
  private readonly slices = new Map<Expr, ReadonlySet<string>>();
  /** Names that reads were seen to ask for, while a recording is on. */
  private record: ((call: Call, name: string) => void) | null = null;
  private readonly reading: { readonly call: Call; readonly frame: Evaluator }[] = [];
  /** The name that a led run is about when it comes by several, and whether it was asked for. */
  private only: string | null = null;
  private seen = false;
  /** The frame of the run that a recording is about. */
  private root: Frame | null = null;

  constructor(
    private readonly index: Index,
    private readonly outside: Outside,
    /** By the place of the table's entry. */
    private readonly options: ReadonlyMap<string, Option> = new Map(),
  ) {
    this.constants = new Constants(index.project, (name) => outside.macro(name));
  }

  /** What a function returns when nothing is known of its arguments. */
  returned(f: Func): Value {
    if (this.results.has(f)) return this.results.get(f);
    const key = `f:${f.file}:${f.name}:${f.start}`;
    if (this.busy.has(key)) {
      this.hits++;
      return undefined;
    }
    this.busy.add(key);
    const before = this.hits;
    if (this.busy.size === 1) this.steps = 0;
    const frame = new Frame(this.index, this, this.outside, f, new Map(), 0);
    const v = frame.run();
    this.busy.delete(key);
    if (this.busy.size === 0 || this.hits === before) this.results.set(f, v);
    return v;
  }

  /** Runs `f` to its end; what it stores and sets is told to the outside. */
  perform(f: Func): void {
    this.steps = 0;
    this.guesses = 0;
    new Frame(this.index, this, this.outside, f, new Map(), 0).run();
  }

  /** A run of `f` that is led to `to`, with parameters bound as given. */
  lead(
    f: Func,
    to: Expr,
    bound: ReadonlyMap<Decl, Value> = new Map(),
    record: ((call: Call, name: string) => void) | null = null,
    only: string | null = null,
  ): Led {
    const outer = {
      root: this.root,
      record: this.record,
      only: this.only,
      seen: this.seen,
      guesses: this.guesses,
    };
    if (outer.root === null && this.busy.size === 0) this.steps = 0;
    this.only = only;
    this.seen = false;
    this.guesses = 0;
    const frame = new Frame(this.index, this, this.outside, f, new Map(), 0);
    for (const [d, v] of bound) frame.state.set(frame.keyOf(d), v);
    let names = this.slices.get(to);
    if (names === undefined) {
      names = relevantNames(this.index, f, to);
      this.slices.set(to, names);
    }
    frame.aim(to, names);
    this.record = record;
    this.root = frame;
    // What it asks on the way counts as its own steps.
    this.busy.add('led');
    const returned = frame.run();
    if (outer.root === null) this.busy.delete('led');
    Object.assign(this, outer);
    frame.initial = true;
    return { frame, returned };
  }

  /** Value of an expression where it stands, with what its function knows before it. */
  value(x: Expr): Value {
    if (this.busy.size === 0) this.steps = 0;
    const frame = new Frame(this.index, this, this.outside, functionOf(x), new Map(), 0);
    frame.lazy = true;
    return frame.eval(x);
  }

  /** Names of variables that evaluating an expression asks for, in order. */
  asked(x: Expr): string[] {
    const out: string[] = [];
    const outer = this.listen;
    this.listen = (name) => {
      if (!out.includes(name)) out.push(name);
    };
    this.value(x);
    this.listen = outer;
    return out;
  }

  /** The value of an option in a table: what reading the environment makes of it. */
  option(o: Obj, field: string): { value: Value } | null {
    if (o.row === null || o.fixed || this.options.size === 0) return null;
    const initial = this.frozen(o);
    const option = this.options.get(initial.place);
    if (option === undefined) return null;
    const place = `${initial.place}.${field}`;
    let state = this.optionStates.get(initial.place);
    if (state === undefined) {
      if (this.busy.has(`o:${initial.place}`)) return null;
      this.busy.add(`o:${initial.place}`);
      state = this.lead(option.func, option.call, option.bound).frame.state;
      this.busy.delete(`o:${initial.place}`);
      this.optionStates.set(initial.place, state);
    }
    this.listen?.(option.name);
    return { value: state.has(place) ? state.get(place) : this.fieldOf(initial, field) };
  }

  tick(): boolean {
    return (
      ++this.steps < (this.root !== null ? maxLedSteps : this.listen !== null ? maxAskedSteps : maxSteps)
    );
  }

  /** Copies of a state count as steps: no answer is worth more. */
  charge(entries: number): void {
    this.steps += entries;
  }

  /** Keys of what a function assigns. */
  writtenBy(f: Func): ReadonlySet<string> {
    const known = this.assigned.get(f);
    if (known !== undefined) return known;
    const out = new Set<string>();
    for (const n of this.index.nodes(f)) {
      const place = n.k === 'asg' ? n.left : n.k === 'call' && isStore(n) ? n.args[0] : undefined;
      const key = place === undefined ? undefined : targetOf(this.index, place)?.key;
      if (key !== undefined) out.add(key);
    }
    this.assigned.set(f, out);
    return out;
  }

  /** The loop has come to the name that the run is about. */
  arrived(): boolean {
    return this.seen;
  }

  /** Whether a run is only about the names that are asked for. */
  wantsName(frame: Evaluator): boolean {
    return this.record !== null && frame === this.root;
  }

  /** Whether a frame is the one that was led to a read: there, tables hold what they start with. */
  isLed(frame: Evaluator): boolean {
    return frame === this.root || frame.initial;
  }

  /** Enters or leaves a way that may not be taken. */
  guess(by: number): void {
    this.guesses += by;
  }

  /** A count that grows while loops come by new elements of tables. */
  progress(): number {
    return this.turns;
  }

  /** The value that a global, static or field settles at: what its writers agree on, else its initial value. */
  settled(key: string, decl: Decl | null, name: string, from: Func | null): Value {
    if (this.globals.has(key)) return this.globals.get(key);
    if (this.busy.has(key)) {
      this.cycles.add(key);
      this.hits++;
      return undefined;
    }
    if (this.busy.size > 24) return undefined;
    this.busy.add(key);
    const before = this.hits;
    let result: Value;
    const writers = this.writers(key, name, decl);
    if (writers.length === 0) result = decl === null ? undefined : this.initial(decl);
    else {
      const seen = new Set<Value>();
      for (const w of writers) {
        const f = functionOf(w);
        if (f === from) {
          // What the running function writes comes later; the answer is for it alone.
          this.hits++;
          continue;
        }
        if (f === null || seen.size > 1) {
          if (f !== null) seen.add(undefined);
          continue;
        }
        const frame = new Frame(this.index, this, this.outside, f, new Map(), 1);
        this.cycles.delete(key);
        frame.run();
        const v = frame.state.get(key);
        // A writer that puts back what it read says nothing of its own.
        if (v === undefined && this.cycles.has(key)) continue;
        seen.add(v);
      }
      result =
        seen.size === 1 ? [...seen][0] : seen.size === 0 && decl !== null ? this.initial(decl) : undefined;
    }
    this.busy.delete(key);
    if (this.busy.size === 0 || this.hits === before) this.globals.set(key, result);
    return result;
  }

  /** Initial value of a declaration of static duration. */
  initial(given: Decl, itself = false): Value {
    const decl = itself ? given : this.live(given);
    if (decl === null) return undefined;
    const branch = this.branch(decl);
    if (branch !== null) return branch.value;
    if (decl.init === null) {
      if (decl.isExtern) return undefined;
      const member = this.memberOf(decl);
      return member ?? 0;
    }
    if (decl.init.k === 'init') {
      const only = decl.init.items[0];
      return only !== undefined && decl.init.items.length === 1 && decl.type.array === 0
        ? this.value(only.x)
        : undefined;
    }
    return this.value(decl.init);
  }

  /** Of several definitions of one name in a file, the one that the configuration has; null when it is open. */
  private live(decl: Decl): Decl | null {
    const file = this.index.fileOfGlobal.get(decl);
    if (file === undefined) return decl;
    const same = (this.index.globals.get(decl.name) ?? []).filter(
      (d) => d.init !== null && this.index.fileOfGlobal.get(d) === file,
    );
    if (same.length < 2) return decl;
    const unit = this.index.project.units.get(file);
    if (unit === undefined) return decl;
    const state = (d: Decl): number | null => this.outside.live(condAt(unit.source, d.token.start), file);
    const sure = same.find((d) => state(d) === 1);
    if (sure !== undefined) return sure;
    const open = same.filter((d) => state(d) === null);
    return open.length === 1 ? (open[0] ?? null) : open.length === 0 ? decl : null;
  }

  /** An initialiser whose parts stand between `#if` lines: the value of the branch that the configuration has. */
  private branch(decl: Decl): { value: Value } | null {
    const file = this.index.fileOf(decl);
    const unit = file === null ? undefined : this.index.project.units.get(file);
    if (decl.init === null || decl.init.k === 'init' || unit === undefined || file === null) return null;
    const branches = this.constants.branches(file, decl.token.start);
    if (branches === null) return null;
    const values = new Set<Value>();
    for (const b of branches) {
      const holds = this.outside.live(b.cond, file);
      if (holds === 0) continue;
      if (holds === 1) return { value: b.value };
      values.add(b.value);
    }
    return { value: values.size === 1 ? [...values][0] : undefined };
  }

  /** `const int Class::limit;`: the value stands in the class. */
  private memberOf(decl: Decl): number | undefined {
    if (!decl.type.constant) return undefined;
    return this.constants.inClass(decl.name);
  }

  /** Whether anything assigns the object or field. */
  isWritten(key: string, name: string): boolean {
    const known = this.written.get(key);
    if (known !== undefined) return known;
    const found = this.writers(key, name, null).length > 0;
    this.written.set(key, found);
    return found;
  }

  private writers(key: string, name: string, decl: Decl | null): Expr[] {
    const out: Expr[] = [];
    const consider = (x: Expr): void => {
      const p = x.up;
      const written =
        (p?.k === 'asg' && p.left === x) ||
        p?.k === 'upd' ||
        (p?.k === 'un' && p.op === '&' && p.up?.k === 'call' && isStore(p.up));
      if (written && targetOf(this.index, x)?.key === key) out.push(x);
    };
    for (const id of this.index.uses.get(name) ?? []) consider(id);
    for (const mem of this.index.members.get(name) ?? []) consider(mem);
    if (decl !== null) {
      const f = functionOf(decl);
      if (f !== null) for (const id of this.index.usesOf(decl)) consider(id);
    }
    return out;
  }

  // Objects that have a place and an initialiser.

  isStruct(type: TypeRef | null): boolean {
    return type !== null && type.pointer === 0 && this.index.structOf(type) !== null;
  }

  private rowOf(key: string, type: TypeRef, init: Init, fixed: boolean): Row {
    const known = this.rows.get(init);
    if (known !== undefined) return known;
    const file = this.index.fileOf(init);
    const unit = file === null ? undefined : this.index.project.units.get(file);
    // Elements between `#if` lines are all in the list; those that the configuration leaves out go.
    const items = init.items
      .map((i) => i.x)
      .filter((x) => {
        if (unit === undefined || file === null) return true;
        return this.outside.live(condAt(unit.source, x.token.start), file) !== 0;
      });
    const row: Row = { key, items, type: { ...type, array: Math.max(0, type.array - 1) }, fixed };
    this.rows.set(init, row);
    return row;
  }

  /** The object behind a declaration with an initialiser list: a table's first element, or a constant struct. */
  aggregate(key: string, given: Decl): Obj | null {
    if (given.init !== null && given.init.k !== 'init') return null;
    const decl = given.init === null ? null : given;
    if (decl?.init?.k !== 'init') return null;
    if (decl.type.array > 0) {
      if (decl.type.base === 'char' && decl.type.pointer === 0) return null;
      return this.array(key, decl.type, decl.init, decl.type.constant);
    }
    if (!decl.type.constant || !this.isStruct(decl.type)) return null;
    if (this.index.byName.get(decl.type.base)?.some((f) => f.owner === decl.type.base) === true) return null;
    return this.part(key, decl.type, decl.init, true);
  }

  array(key: string, type: TypeRef, init: Init, fixed: boolean): Obj {
    return this.element(this.rowOf(key, type, init, fixed), 0);
  }

  part(place: string, type: TypeRef | null, init: Init, fixed: boolean): Obj {
    return this.memo(place, () => new Obj(place, type, init, null, 0, null, fixed, null));
  }

  element(row: Row, at: number): Obj {
    if (at < row.items.length && at >= 0) this.turns++;
    const place = `${row.key}[${at}]${row.fixed ? '' : '~'}`;
    return this.memo(
      place,
      () => new Obj(place, row.type, row.items[at] ?? null, row, at, null, row.fixed, null),
    );
  }

  /** The same table as it stands in the source, whatever writes it at run time. */
  frozen(o: Obj): Obj {
    return o.row === null || o.fixed ? o : this.element({ ...o.row, fixed: true }, o.at);
  }

  reference(key: string, to: Expr): Obj {
    return new Obj(key, null, null, null, 0, to, false, null);
  }

  functionObject(f: Func): Obj {
    const place = `function ${f.file}:${f.owner ?? ''}:${f.name}:${f.start}`;
    return this.memo(place, () => new Obj(place, null, null, null, 0, null, true, f));
  }

  private memo(place: string, make: () => Obj): Obj {
    const known = this.objects.get(place);
    if (known !== undefined) return known;
    const made = make();
    this.objects.set(place, made);
    return made;
  }

  overran(): undefined {
    return undefined;
  }

  /** A field of an element as the source has it. */
  fieldOf(o: Obj, name: string): Value {
    return new Frame(this.index, this, this.outside, null, new Map(), 0).field(this.frozen(o), name, null);
  }

  /** Number of elements of a table, null when it has no list of them. */
  count(key: string, decl: Decl): number | null {
    if (decl.init?.k !== 'init') return null;
    return this.rowOf(key, decl.type, decl.init, decl.type.constant).items.length;
  }

  // The environment.

  /** What a call that reads the environment gives; null when the function's own body says it. */
  environment(frame: Evaluator, x: Call, read: Reading): { value: Value } | null {
    if (read.matches) return null;
    const arg = x.args[read.at];
    if (read.via !== null && !read.walker) {
      // Its body composes and parses; only what the body cannot say is filled in.
      if (this.reading.some((r) => r.call === x) || this.reading.length > 6) return { value: undefined };
      this.reading.push({ call: x, frame });
      const v = frame.body(x, read.via);
      this.reading.pop();
      if (v !== undefined) return { value: v };
      if (read.name === null) return { value: undefined };
      return { value: lookedUp(frame, x, read, this.outside.env(read.name, read.caseless)) };
    }
    const asked = arg === undefined ? undefined : frame.eval(arg);
    const name = typeof asked === 'string' ? asked : read.via === null || read.walker ? read.name : null;
    if (name === null) return { value: undefined };
    // Only what the run's own function asks for: what it calls may ask for other variables.
    if (frame === this.root) this.record?.(x, name);
    for (const outer of this.reading) if (outer.frame === this.root) this.record?.(outer.call, name);
    if (name === this.only) this.seen = true;
    this.listen?.(name);
    const set = this.outside.env(name, read.caseless);
    return { value: lookedUp(frame, x, read, set) };
  }

  setEnvironment(name: string, args: readonly Value[]): Value {
    let [variable, value] = args;
    let overwrite = true;
    if (name.startsWith('putenv') && typeof variable === 'string' && args.length === 1) {
      const eq = variable.indexOf('=');
      value = eq < 0 ? undefined : variable.slice(eq + 1);
      variable = eq < 0 ? undefined : variable.slice(0, eq);
    } else if (name === 'setenv') overwrite = args[2] !== 0;
    if (typeof variable === 'string' && typeof value === 'string')
      this.outside.set?.(variable, value, overwrite, this.guesses === 0);
    return 0;
  }
}
