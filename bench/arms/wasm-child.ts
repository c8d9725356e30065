/**
 * One fresh process of a WebAssembly heap that is not the engine's: times its passes and prints one line of JSON. The
 * tables lie below `tables`, where the module's own memory begins.   wasm-child.ts JOB.json's text as its argument
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { readResident } from '../../engine/host/resident.ts';

export interface ChildJob {
  readonly module: string;
  readonly tables: number;
  readonly shared: boolean;
  readonly passes: number | null;
  readonly work:
    | {
        readonly kind: 'random_mixed' | 'floor';
        readonly iterations: number;
        readonly workingSet: number;
        readonly min: number;
        readonly max: number;
        readonly seed: number;
      }
    | { readonly kind: 'trace'; readonly file: string };
}

export interface ChildResult {
  readonly passesNs: readonly number[];
  readonly operations: number;
  readonly peakBytes: number | null;
}

type Call = (...args: number[]) => number;

const pageBytes = 65536;
/** HARNESS_BASE of engine/allocator/layout.ts: the table of pointers. */
const first = 0x120000;
const kinds: Readonly<Record<string, number>> = { f: 0, a: 1, r: 2, c: 3, m: 4 };

/** A trace in file order as the words of engine/workloads/trace.ts, and the ids alive at its end, ascending. */
export function encodeFlat(text: string): {
  words: Uint32Array;
  live: Uint32Array;
  objects: number;
  ops: number;
} {
  const lines = text.split('\n');
  const header = /^# alloc-trace v1 \S+ objects=(\d+) threads=\d+ ops=(\d+)$/.exec(lines[0] ?? '');
  if (header === null) throw new Error('the file does not begin as a trace does');
  const objects = Number(header[1]);
  const ops = Number(header[2]);
  const words = new Uint32Array(ops * 3);
  const alive = new Uint8Array(objects);
  let at = 0;
  for (let i = 1; i < lines.length; i++) {
    const [name = '', id = '', size, align] = (lines[i] ?? '').split(' ');
    if (name === 't' || name === '') continue;
    const kind = kinds[name];
    if (kind === undefined || !(Number(id) < objects)) throw new Error(`line ${i + 1} is no op`);
    words[at++] = (Number(id) << 5) | kind;
    if (kind !== 0) words[at++] = Number(size);
    if (kind === 4) words[at++] = Math.max(8, Number(align));
    alive[Number(id)] = kind === 0 ? 0 : 1;
  }
  const live = Uint32Array.from([...alive.keys()].filter((id) => alive[id] === 1));
  return { words: words.slice(0, at), live, objects, ops };
}

interface Instance {
  readonly call: (name: string) => Call;
  readonly memory: WebAssembly.Memory;
}

function load(job: ChildJob): Instance {
  const pages = job.tables / pageBytes + 16;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: 65536, shared: job.shared });
  const instance = new WebAssembly.Instance(
    new WebAssembly.Module(new Uint8Array(readFileSync(job.module))),
    {
      env: {
        memory,
        now: () => performance.now() * 1e6,
        abort: () => {
          throw new Error('the module aborted');
        },
      },
    },
  );
  const constructors = instance.exports.__wasm_call_ctors;
  if (typeof constructors === 'function') constructors();
  return {
    memory,
    call: (name) => {
      const found = instance.exports[name];
      if (typeof found !== 'function') throw new Error(`the module has no ${name}`);
      return found as Call;
    },
  };
}

interface Passes {
  readonly operations: number;
  readonly passes: number;
  /** The timed part; true when all of it was done. */
  readonly pass: () => boolean;
  readonly drain: () => void;
}

function room(job: ChildJob, end: number): void {
  if (end > job.tables) throw new Error('the tables do not fit below the heap');
}

function loopPasses(job: ChildJob, { call, memory }: Instance): Passes {
  const { work } = job;
  if (work.kind === 'trace') throw new Error('not a loop');
  const { iterations, workingSet, min, max, seed } = work;
  const slots = first;
  const area = slots + Math.ceil((workingSet * 4) / 64) * 64;
  const stride = Math.ceil(max / 16) * 16 + 16;
  const parameters = [iterations, workingSet, min, max, seed | 0] as const;
  if (work.kind === 'floor') {
    room(job, area + workingSet * stride);
    new Uint8Array(memory.buffer, area, workingSet * stride).fill(1);
    // A C compiler takes `floor` for the library's.
    const floor = loopOf(call, 'floor', 'floor_loop');
    return {
      ...{ operations: iterations, passes: job.passes ?? 5 },
      pass: () => floor(...parameters, area) >>> 0 === iterations,
      drain: () => void new Uint8Array(memory.buffer, slots, workingSet * 4).fill(0),
    };
  }
  room(job, area);
  const loop = call('random_mixed');
  const drain = call('random_mixed_drain');
  return {
    ...{ operations: iterations, passes: job.passes ?? 5 },
    pass: () => loop(...parameters) >>> 0 === iterations,
    drain: () => void drain(workingSet),
  };
}

function loopOf(call: Instance['call'], ...names: readonly [string, string]): Call {
  try {
    return call(names[0]);
  } catch {
    return call(names[1]);
  }
}

function tracePasses(job: ChildJob, { call, memory }: Instance): Passes {
  const { work } = job;
  if (work.kind !== 'trace') throw new Error('not a trace');
  const { words, live, objects, ops } = encodeFlat(gunzipSync(readFileSync(work.file)).toString('latin1'));
  const own = first;
  const ids = own + objects * 4;
  const code = ids + live.byteLength;
  const end = code + words.byteLength;
  room(job, end);
  new Uint32Array(memory.buffer, ids, live.length).set(live);
  new Uint32Array(memory.buffer, code, words.length).set(words);
  const replay = call('trace_replay');
  const drain = call('trace_drain');
  return {
    ...{ operations: ops, passes: job.passes ?? Math.min(1000, Math.max(5, Math.ceil(20e6 / ops))) },
    pass: () => replay(code, end) >>> 0 === end,
    drain: () => void drain(ids, code),
  };
}

function run(job: ChildJob): ChildResult {
  const instance = load(job);
  const work = job.work.kind === 'trace' ? tracePasses(job, instance) : loopPasses(job, instance);
  const before = readResident(instance.memory);
  const passesNs: number[] = [];
  for (let i = 0; i < work.passes; i++) {
    const start = process.hrtime.bigint();
    const whole = work.pass();
    passesNs.push(Number(process.hrtime.bigint() - start));
    if (!whole) throw new Error('an allocation failed');
    work.drain();
  }
  const after = readResident(instance.memory);
  return {
    passesNs,
    operations: work.operations,
    peakBytes: before === null || after === null ? null : after - before,
  };
}

const text = process.argv[2];
if (text !== undefined && import.meta.filename === process.argv[1]) {
  console.log(JSON.stringify(run(JSON.parse(text) as ChildJob)));
}
