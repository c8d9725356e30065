/** Reads an allocation trace (`.trace.gz`, format `alloc-trace v1`), trusting nothing in it. */
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { UserError } from '../../extension/model.ts';
import { TraceRules } from './trace-rules.ts';

/** Kinds as engine/workloads/trace.ts has them. */
export const traceKinds = { f: 0, a: 1, r: 2, c: 3, m: 4 } as const;
export const kindBits = 7;
/** The object comes from another thread, which has to be waited for. */
export const waitFlag = 8;
/** The object goes to another thread. */
export const pubFlag = 16;
/** From this bit of `meta` on: the binary logarithm of an `m`'s alignment. */
export const alignShift = 5;

/** A whole trace in the order of its file; element i of the arrays is operation i. */
export interface Trace {
  readonly program: string;
  /** Size of the id table. */
  readonly objects: number;
  readonly threads: number;
  readonly operations: number;
  /** Kind, flags, logarithm of the alignment. */
  readonly meta: Uint16Array;
  readonly ids: Uint32Array;
  /** Bytes; 0 for a free. */
  readonly sizes: Uint32Array;
  readonly tids: Uint8Array;
  /** By id: the thread of the last operation on it where it lives at the end, else -1. */
  readonly leftTo: Int16Array;
}

/** What a trace may hold, at most: everything is in memory at once. */
export const traceLimits = { operations: 50_000_000, threads: 64, lineBytes: 200 } as const;

const headerPattern = /^# alloc-trace v1 (\S{1,100}) objects=(\d{1,9}) threads=(\d{1,9}) ops=(\d{1,9})$/;
const newline = 10;
const blank = 32;

interface Header {
  readonly program: string;
  readonly objects: number;
  readonly threads: number;
  readonly operations: number;
}

function parseHeader(line: string): Header {
  const m = headerPattern.exec(line);
  if (m === null) {
    throw new UserError(
      'line 1: expected "# alloc-trace v1 PROGRAM objects=N threads=T ops=M", so this is no allocation trace',
    );
  }
  const [, program = '', objects, threads, operations] = m;
  const header = {
    program,
    objects: Number(objects),
    threads: Number(threads),
    operations: Number(operations),
  };
  const range = (name: string, value: number, high: number): void => {
    if (value < 1 || value > high) {
      throw new UserError(`line 1: ${name}=${value} has to be from 1 to ${high.toLocaleString('en-US')}`);
    }
  };
  range('ops', header.operations, traceLimits.operations);
  range('threads', header.threads, Math.min(traceLimits.threads, header.operations));
  range('objects', header.objects, header.operations);
  return header;
}

/** Arrays that grow with what really comes: a header may promise anything. */
class Operations {
  meta = new Uint16Array(1 << 12);
  ids = new Uint32Array(1 << 12);
  sizes = new Uint32Array(1 << 12);
  tids = new Uint8Array(1 << 12);
  count = 0;

  add(meta: number, id: number, size: number, tid: number): void {
    if (this.count === this.ids.length) {
      const grown = <A extends Uint8Array | Uint16Array | Uint32Array>(from: A, to: A): A => {
        to.set(from);
        return to;
      };
      const length = this.count * 2;
      this.meta = grown(this.meta, new Uint16Array(length));
      this.ids = grown(this.ids, new Uint32Array(length));
      this.sizes = grown(this.sizes, new Uint32Array(length));
      this.tids = grown(this.tids, new Uint8Array(length));
    }
    this.meta[this.count] = meta;
    this.ids[this.count] = id;
    this.sizes[this.count] = size;
    this.tids[this.count] = tid;
    this.count++;
  }
}

class Parser {
  #line = 0;
  #threadLines = 0;
  #tid = 0;
  #header: Header | null = null;
  #rules: TraceRules | null = null;
  readonly #ops = new Operations();
  readonly #fields = new Float64Array(3);

  /** One line without its end, bytes `from` to `to` of `data`. */
  line(data: Buffer, from: number, to: number): void {
    this.#line++;
    if (this.#header === null) {
      this.#header = parseHeader(data.toString('latin1', from, to));
      this.#rules = new TraceRules(this.#header.objects, this.#header.threads);
      return;
    }
    const letter = String.fromCharCode(data[from] ?? 0);
    const count = this.#split(data, from, to);
    const [x = 0, y = 0, z = 0] = this.#fields;
    const take = (fields: number): void => {
      if (count !== fields)
        this.fail(`expected '${letter}' and ${fields} numbers`.replace(' 1 numbers', ' a number'));
    };
    switch (letter) {
      case 't':
        take(1);
        this.#thread(x);
        return;
      case 'f':
        take(1);
        this.#operation(traceKinds.f, x, 0, 0);
        return;
      case 'a':
      case 'c':
        take(2);
        this.#operation(traceKinds[letter], x, y, 0);
        return;
      case 'r':
        take(2);
        if (y === 0) this.fail('a realloc needs a size above 0');
        this.#operation(traceKinds.r, x, y, 0);
        return;
      case 'm':
        take(3);
        if (z < 1 || !Number.isInteger(Math.log2(z))) this.fail(`alignment ${z} is no power of two`);
        this.#operation(traceKinds.m, x, y, Math.log2(z));
        return;
      default:
        this.fail('expected a, c, m, r, f or t at its beginning');
    }
  }

  fail(problem: string): never {
    throw new UserError(`line ${this.#line}: ${problem}`);
  }

  tooLong(): never {
    this.#line++;
    return this.fail(`longer than ${traceLimits.lineBytes} bytes`);
  }

  /** Numbers after the letter into #fields; how many there are, -1 when anything else is there. */
  #split(data: Buffer, from: number, to: number): number {
    let at = from + 1;
    let count = 0;
    while (at < to) {
      if (data[at] !== blank || count === 3) return -1;
      const start = ++at;
      let value = 0;
      for (; at < to; at++) {
        const digit = (data[at] ?? 0) - 48;
        if (digit < 0 || digit > 9) break;
        value = value * 10 + digit;
      }
      if (at === start || at - start > 10) return -1;
      if (value > 0xffff_ffff) this.fail(`${value} is not below 2^32`);
      this.#fields[count++] = value;
    }
    return count;
  }

  #thread(tid: number): void {
    const { threads = 0, operations = 0 } = this.#header ?? {};
    if (tid >= threads) this.fail(`thread ${tid}, but the header says threads=${threads}`);
    if (++this.#threadLines > operations + 1) this.fail('more thread lines than operations');
    this.#tid = tid;
  }

  #operation(kind: number, id: number, size: number, alignment: number): void {
    const header = this.#header;
    if (header === null || this.#rules === null) return;
    if (this.#ops.count === header.operations) {
      this.fail(`more operations than the header says (ops=${header.operations})`);
    }
    if (id >= header.objects) this.fail(`id ${id}, but the header says objects=${header.objects}`);
    const index = this.#ops.count;
    const allocates = kind !== traceKinds.f && kind !== traceKinds.r;
    const problem = allocates
      ? this.#rules.allocate(id, this.#tid, index)
      : this.#rules.use(id, this.#tid, index, kind === traceKinds.f);
    if (problem !== null) this.fail(problem);
    const from = this.#rules.handedOverBy;
    if (from >= 0) this.#ops.meta[from] = (this.#ops.meta[from] ?? 0) | pubFlag;
    const wait = from >= 0 ? waitFlag : 0;
    this.#ops.add(kind | wait | (alignment << alignShift), id, size, this.#tid);
  }

  /** After the last line. */
  end(): Trace {
    if (this.#header === null || this.#rules === null) throw new UserError('the file is empty');
    const { objects, threads, operations, program } = this.#header;
    const { count } = this.#ops;
    if (count !== operations) throw new UserError(`it ends after ${count} of ops=${operations} operations`);
    const problem = this.#rules.end();
    if (problem !== null) throw new UserError(problem);
    return {
      ...{ program, objects, threads, operations, leftTo: this.#rules.leftTo() },
      meta: this.#ops.meta.subarray(0, count),
      ids: this.#ops.ids.subarray(0, count),
      sizes: this.#ops.sizes.subarray(0, count),
      tids: this.#ops.tids.subarray(0, count),
    };
  }
}

async function parse(text: AsyncIterable<Buffer>): Promise<Trace> {
  const parser = new Parser();
  let rest = Buffer.alloc(0);
  for await (const chunk of text) {
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let to = data.indexOf(newline); to >= 0; to = data.indexOf(newline, from)) {
      if (to - from > traceLimits.lineBytes) parser.tooLong();
      parser.line(data, from, to);
      from = to + 1;
    }
    if (data.length - from > traceLimits.lineBytes) parser.tooLong();
    rest = Buffer.from(data.subarray(from));
  }
  if (rest.length > 0) parser.line(rest, 0, rest.length);
  return parser.end();
}

function explain(error: unknown): string {
  if (error instanceof UserError) return error.message;
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : null;
  switch (code) {
    case 'ENOENT':
      return 'no such file';
    case 'EISDIR':
      return 'is a folder';
    case 'EACCES':
      return 'may not be read';
    case 'Z_BUF_ERROR':
      return 'the gzip data is cut short';
    case 'Z_DATA_ERROR':
      return `not sound gzip data (${error instanceof Error ? error.message : ''})`;
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

/** Throws `UserError` (bad input) with the line that breaks a rule of the format. */
export async function readTrace(file: string): Promise<Trace> {
  const source = createReadStream(file);
  const text = createGunzip();
  source.on('error', (error) => text.destroy(error));
  try {
    return await parse(source.pipe(text));
  } catch (error) {
    throw new UserError(`--trace ${file}: ${explain(error)}`);
  } finally {
    source.destroy();
    text.destroy();
  }
}
