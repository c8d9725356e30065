/**
 * Source lines, inlined functions and the text of hot instructions for a recording that knows objects and addresses.
 * A frame becomes as many frames as the compiler made one of; a sample's line is that of the innermost.
 */
import path from 'node:path';
import type { RawFrame, RawProfile } from '../model-profile.ts';
import { StackTable } from '../profile/import/stack-table.ts';
import { type DisassembleOptions, instructionsAt } from './disassemble.ts';
import { type ObjectFile, type ObjectSymbol, readFunctions, readObject } from './object-file.ts';
import {
  hasLines,
  type SourceFrame,
  type SymbolCache,
  type SymbolTool,
  symbolize,
  symbolTool,
} from './symbolize.ts';

export interface SourceOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  readonly cache?: SymbolCache;
}

/** Lines with less than this share of all samples, percent, get no instructions, and each at most so many. */
const leastPercent = 0.5;
const mostInstructions = 8;

/** Objects of the recording that are here and are what was recorded. */
async function objectsOf(raw: RawProfile, notes: string[]): Promise<Map<string, ObjectFile>> {
  const found = new Map<string, ObjectFile>();
  const names = new Set(
    raw.frames.flatMap((f) => (f.object === null || f.address === null ? [] : [f.object])),
  );
  for (const name of names) {
    if (!path.isAbsolute(name)) continue;
    const object = await readObject(name);
    if (object === null) continue;
    const recorded = Object.hasOwn(raw.buildIds, name) ? raw.buildIds[name] : undefined;
    if (recorded !== undefined && object.buildId !== null && !sameBuild(recorded, object.buildId)) {
      notes.push(`${name} was built anew since it was recorded: its lines are not shown.`);
      continue;
    }
    found.set(name, object);
  }
  return found;
}

/** Some versions of perf pad short build ids with zeros. */
function sameBuild(recorded: string, own: string): boolean {
  return recorded === own || (recorded.startsWith(own) && /^0*$/.test(recorded.slice(own.length)));
}

const plainName = /^[A-Za-z_]\w*$/;
/** Names that many functions have beside their own. */
const borrowedName = /^operator |^__(libc|posix)_/;
const sharedNames =
  /^(c?free|malloc|calloc|realloc|reallocarray|(posix_)?memalign|aligned_alloc|p?valloc|_init|_fini)$/;

/**
 * Names where perf chooses badly: of several names of one function it may take `operator delete[]`, and the jumps to
 * other objects it calls by whatever symbol stands before them.
 */
async function renamed(raw: RawProfile, objects: ReadonlyMap<string, ObjectFile>): Promise<RawProfile> {
  const functions = new Map<string, readonly ObjectSymbol[]>();
  const frames: RawFrame[] = [];
  for (const frame of raw.frames) {
    const { object, address, name } = frame;
    const file = object === null ? undefined : objects.get(object);
    if (file === undefined || address === null) {
      frames.push(frame);
      continue;
    }
    if (
      !name.endsWith('@plt') &&
      file.stubs.some((s) => address >= s.address && address < s.address + s.size)
    ) {
      frames.push({ ...frame, name: '[plt]' });
      continue;
    }
    if (!borrowedName.test(name)) {
      frames.push(frame);
      continue;
    }
    let known = functions.get(file.path);
    if (known === undefined) {
      known = await readFunctions(file.path);
      functions.set(file.path, known);
    }
    const names = known
      .filter((f) => address >= f.address && address < f.address + f.size && plainName.test(f.name))
      .map((f) => f.name)
      .filter((n) => !n.startsWith('_Z'));
    const own = names.find((n) => !sharedNames.test(n) && !borrowedName.test(n));
    const better = own ?? (name.startsWith('operator ') ? names[0] : undefined);
    frames.push(better === undefined ? frame : { ...frame, name: better });
  }
  return { ...raw, frames };
}

type Answers = ReadonlyMap<string, ReadonlyMap<number, readonly SourceFrame[]>>;

async function answersOf(
  raw: RawProfile,
  objects: ReadonlyMap<string, ObjectFile>,
  notes: string[],
  options: SourceOptions,
): Promise<Answers> {
  const answers = new Map<string, ReadonlyMap<number, readonly SourceFrame[]>>();
  const withLines: ObjectFile[] = [];
  for (const object of objects.values()) if (await hasLines(object)) withLines.push(object);
  if (withLines.length === 0) return answers;
  const tool = await symbolTool(options);
  if (tool === null) {
    notes.push('Source lines need `llvm-symbolizer` or `addr2line`: install llvm or binutils.');
    return answers;
  }
  const addresses = new Map<string, number[]>();
  for (const { object, address } of raw.frames) {
    if (object === null || address === null) continue;
    const list = addresses.get(object);
    if (list === undefined) addresses.set(object, [address]);
    else list.push(address);
  }
  for (const object of withLines) {
    const found = await symbolize(tool, object, addresses.get(object.path) ?? [], options);
    answers.set(object.path, await withDefinitions(found, tool, object, options));
  }
  return answers;
}

/**
 * Where functions are defined that the tool said nothing of (or only that a header declares them): the line at which
 * their symbol's code begins.
 */
async function withDefinitions(
  found: ReadonlyMap<number, readonly SourceFrame[]>,
  tool: SymbolTool,
  object: ObjectFile,
  options: SourceOptions,
): Promise<ReadonlyMap<number, readonly SourceFrame[]>> {
  const functions = (await readFunctions(object.path)).filter((f) => f.size > 0 && !f.name.includes('.cold'));
  const entryOf = (address: number): number | null =>
    functions[lastAtOrBelow(functions, address)]?.address ?? null;
  const entries = new Set<number>();
  for (const [address, frames] of found) {
    const entry = frames.at(-1)?.definedAt === null ? entryOf(address) : null;
    if (entry !== null) entries.add(entry);
  }
  if (entries.size === 0) return found;
  const begins = await symbolize(tool, object, entries, options);
  return new Map(
    [...found].map(([address, frames]) => {
      const outermost = frames.at(-1);
      const begin = begins.get(entryOf(address) ?? -1)?.at(-1);
      const known =
        outermost?.definedAt === null &&
        begin?.function === outermost.function &&
        begin?.file === outermost.file;
      return [
        address,
        known ? [...frames.slice(0, -1), { ...outermost, definedAt: begin.line }] : frames,
      ] as const;
    }),
  );
}

/** Index of the last symbol that begins at or before `address`, -1 for none. */
function lastAtOrBelow(functions: readonly ObjectSymbol[], address: number): number {
  let low = 0;
  let high = functions.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((functions[middle]?.address ?? 0) <= address) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The frames that one recorded frame stands for, outermost first. */
function expand(frame: RawFrame, answers: Answers): readonly RawFrame[] {
  const { object, address } = frame;
  if (object === null || address === null) return [frame];
  const frames = answers.get(object)?.get(address);
  if (frames === undefined) return [frame];
  return frames
    .map((f, i): RawFrame => {
      const outermost = i === frames.length - 1;
      return {
        name: f.function ?? (outermost ? frame.name : '[unknown]'),
        file: f.file,
        line: f.line,
        ...{ object, address },
        inlined: !outermost,
        ...(f.definedAt === null ? {} : { definedAt: f.definedAt }),
      };
    })
    .reverse();
}

function expanded(raw: RawProfile, answers: Answers): RawProfile {
  const stacks = new StackTable();
  const chains = raw.frames.map((frame) => expand(frame, answers).map((f) => stacks.frame(f)));
  const at = new Float64Array(raw.nodes.parent.length);
  for (let node = 1; node < at.length; node++) {
    let place = at[raw.nodes.parent[node] ?? 0] ?? 0;
    for (const frame of chains[raw.nodes.frame[node] ?? 0] ?? []) place = stacks.child(place, frame);
    at[node] = place;
    const self = raw.nodes.self[node] ?? 0;
    if (self !== 0) stacks.add(place, self);
  }
  const { frames, nodes } = stacks.done();
  if (raw.totals === undefined) return { ...raw, frames, nodes };
  // The recording has none for inlined functions; with stacks, all can be had from those.
  if (raw.stacks && chains.some((chain) => chain.length > 1)) {
    const { totals: _, ...rest } = raw;
    return { ...rest, frames, nodes };
  }
  const totals = new Float64Array(frames.length);
  chains.forEach((chain, i) => {
    const outermost = chain[0];
    if (outermost !== undefined) totals[outermost] = (totals[outermost] ?? 0) + (raw.totals?.[i] ?? 0);
  });
  return { ...raw, frames, nodes, totals };
}

/** Addresses whose instructions are to be shown, by object: the hottest of each line that is hot enough. */
function hotAddresses(raw: RawProfile): Map<string, Set<number>> {
  const self = new Float64Array(raw.frames.length);
  let all = 0;
  for (let node = 1; node < raw.nodes.parent.length; node++) {
    const weight = raw.nodes.self[node] ?? 0;
    all += weight;
    const frame = raw.nodes.frame[node] ?? 0;
    self[frame] = (self[frame] ?? 0) + weight;
  }
  const lines = new Map<string, { weight: number; frames: number[] }>();
  raw.frames.forEach(({ file, line, object, address }, i) => {
    const weight = self[i] ?? 0;
    if (file === null || line === null || object === null || address === null || weight === 0) return;
    const key = `${file}\0${line}`;
    const row = lines.get(key) ?? { weight: 0, frames: [] };
    row.weight += weight;
    row.frames.push(i);
    lines.set(key, row);
  });
  const hot = new Map<string, Set<number>>();
  for (const { weight, frames } of lines.values()) {
    if ((100 * weight) / all < leastPercent) continue;
    frames.sort((a, b) => (self[b] ?? 0) - (self[a] ?? 0));
    for (const i of frames.slice(0, mostInstructions)) {
      const { object, address } = raw.frames[i] ?? {};
      if (object == null || address == null) continue;
      const addresses = hot.get(object) ?? new Set();
      addresses.add(address);
      hot.set(object, addresses);
    }
  }
  return hot;
}

async function withInstructions(
  raw: RawProfile,
  objects: ReadonlyMap<string, ObjectFile>,
  notes: string[],
  options: DisassembleOptions,
): Promise<RawProfile> {
  const texts = new Map<string, ReadonlyMap<number, string>>();
  for (const [object, addresses] of hotAddresses(raw)) {
    if (!objects.has(object)) continue;
    try {
      texts.set(object, await instructionsAt(object, addresses, options));
    } catch (error) {
      if (options.signal?.aborted) throw error;
      notes.push(`${error instanceof Error ? error.message : String(error)}.`);
      break;
    }
  }
  const frames = raw.frames.map((frame) => {
    const { object, address } = frame;
    const instruction = object === null || address === null ? undefined : texts.get(object)?.get(address);
    return instruction === undefined ? frame : { ...frame, instruction };
  });
  return { ...raw, frames };
}

/**
 * The recording with what this machine's files say about its addresses. Objects that are not here, or are another build
 * than the recorded one, stay by symbol.
 *
 * @param raw frames with virtual addresses inside their objects' files (of callers: inside the call)
 */
export async function withSources(raw: RawProfile, options: SourceOptions): Promise<RawProfile> {
  const notes = [...raw.notes];
  const objects = await objectsOf(raw, notes);
  const answers = await answersOf(raw, objects, notes, options);
  const read = await withInstructions(
    expanded(await renamed(raw, objects), answers),
    objects,
    notes,
    options,
  );
  const buildIds = { ...raw.buildIds };
  for (const [name, { buildId }] of objects) {
    if (buildId !== null && !Object.hasOwn(buildIds, name)) buildIds[name] = buildId;
  }
  return { ...read, buildIds, notes };
}
