/**
 * The line above a sample in `perf script`: `comm pid/tid [cpu] flags time: period event: rest`, any of it left out.
 * Works on bytes; nothing is allocated for a line.
 */

const word = 0;
const digits = 1;
/** `123/124`. */
const pair = 2;
/** `[003]`. */
const cpu = 3;
/** `123.456789:`. */
const time = 4;
/** Something that ends with a colon. */
const colon = 5;

const mostTokens = 64;

export class HeaderLine {
  /** Bytes of `comm pid/tid`; empty when there is no thread. */
  threadStart = 0;
  threadEnd = 0;
  /** Whether the thread's bytes end with its number. */
  numbered = false;
  /** Bytes of the event's name without its colon; empty when there is none. */
  eventStart = 0;
  eventEnd = 0;
  /** Null-like -1 when there is no period. */
  period = -1;
  /** First byte after the event that is no blank; the line's end when nothing follows. */
  rest = 0;
  /** A name and a number alone: a header only where frames follow. */
  weak = false;
  /** A `PERF_RECORD_...` line, which is no sample. */
  record = false;

  readonly #starts = new Int32Array(mostTokens);
  readonly #ends = new Int32Array(mostTokens);
  readonly #kinds = new Uint8Array(mostTokens);
  #bytes: Uint8Array = new Uint8Array(0);
  #end = 0;
  /** Where the next token is looked for. */
  #at = 0;
  #count = 0;

  /** Reads the line from `start` to before `end`. False when it is no header. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    this.#bytes = bytes;
    this.#end = end;
    this.#at = start;
    this.#count = 0;
    this.period = -1;
    this.record = false;
    this.weak = false;
    this.eventStart = end;
    this.eventEnd = end;
    while (this.#token()) {
      if (this.#kinds[this.#count - 1] === time) return this.#timed();
    }
    return this.#untimed();
  }

  /** What stands behind the time. */
  #timed(): boolean {
    this.#thread(this.#count - 2);
    let first = this.#count;
    if (!this.#token()) {
      this.rest = this.#end;
      return true;
    }
    if (this.#isRecord(first)) {
      this.record = true;
      return true;
    }
    if (this.#kinds[first] === digits) {
      const more = this.#token();
      if (more && this.#kinds[first + 1] === colon) {
        this.period = this.#number(first);
        first++;
      } else if (more && this.#isHex(first + 1)) {
        // A period and an address, no event.
        this.period = this.#number(first);
        this.rest = this.#starts[first + 1] as number;
        return true;
      }
    }
    if (this.#kinds[first] !== colon) {
      this.rest = this.#starts[first] as number;
      return true;
    }
    this.#event(first);
    return true;
  }

  /** Without a time the event's colon tells where things are; without that too, only a number and what follows it. */
  #untimed(): boolean {
    const kinds = this.#kinds;
    const isNumber = (i: number): boolean => i >= 0 && (kinds[i] === digits || kinds[i] === pair);
    for (let i = 1; i < this.#count; i++) {
      if (kinds[i] !== colon || !(isNumber(i - 1) || kinds[i - 1] === cpu)) continue;
      let last = i - 1;
      if (kinds[last] === digits && (isNumber(last - 1) || kinds[last - 1] === cpu)) {
        this.period = this.#number(last);
        last--;
      }
      this.#thread(last);
      if (this.#isRecord(i)) this.record = true;
      this.#event(i);
      return true;
    }
    for (let i = 1; i < this.#count; i++) {
      // Columns of numbers and `totals: 12 34` are no threads.
      if (!isNumber(i) || kinds[i - 1] !== word) continue;
      const next = kinds[i + 1] === cpu && i + 1 < this.#count ? i + 2 : i + 1;
      if (next < this.#count && !this.#isHex(next)) continue;
      this.#thread(i);
      this.weak = true;
      this.rest = next < this.#count ? (this.#starts[next] as number) : this.#end;
      return true;
    }
    return false;
  }

  /** Sets the thread: all up to the last number among the tokens up to `last`, else all of them. */
  #thread(last: number): void {
    let i = last;
    while (i >= 0 && this.#kinds[i] !== digits && this.#kinds[i] !== pair) i--;
    this.numbered = i >= 0;
    const end = i >= 0 ? i : last;
    this.threadStart = end < 0 ? 0 : (this.#starts[0] as number);
    this.threadEnd = end < 0 ? 0 : (this.#ends[end] as number);
  }

  #event(token: number): void {
    this.eventStart = this.#starts[token] as number;
    this.eventEnd = (this.#ends[token] as number) - 1;
    let at = this.#ends[token] as number;
    while (at < this.#end && (this.#bytes[at] as number) <= 32) at++;
    this.rest = at;
  }

  #number(token: number): number {
    let value = 0;
    const end = this.#ends[token] as number;
    for (let i = this.#starts[token] as number; i < end; i++)
      value = value * 10 + (this.#bytes[i] as number) - 48;
    return value;
  }

  #isRecord(token: number): boolean {
    const mark = 'PERF_RECORD_';
    const start = this.#starts[token] as number;
    for (let i = 0; i < mark.length; i++) if (this.#bytes[start + i] !== mark.charCodeAt(i)) return false;
    return true;
  }

  #isHex(token: number): boolean {
    return isHexRun(this.#bytes, this.#starts[token] as number, this.#ends[token] as number);
  }

  /** Reads one more token; false at the end of the line. */
  #token(): boolean {
    const bytes = this.#bytes;
    const end = this.#end;
    let i = this.#at;
    while (i < end && (bytes[i] as number) <= 32) i++;
    if (i >= end || this.#count === mostTokens) return false;
    const start = i;
    let numbers = 0;
    let dots = 0;
    let slashes = 0;
    for (; i < end; i++) {
      const c = bytes[i] as number;
      if (c <= 32) break;
      if (c >= 48 && c <= 57) numbers++;
      else if (c === 46) dots++;
      else if (c === 47) slashes++;
    }
    this.#at = i;
    const length = i - start;
    const first = bytes[start];
    const last = bytes[i - 1];
    // A thread may be -1.
    const minus = first === 45 ? 1 : 0;
    let kind = word;
    if (numbers > 0 && numbers + minus === length) kind = digits;
    else if (last === 58) kind = dots === 1 && numbers >= 2 && numbers + 2 === length ? time : colon;
    else if (slashes === 1 && numbers > 1 && numbers + 1 + minus >= length && last !== 47 && first !== 47)
      kind = pair;
    else if (first === 91 && last === 93 && numbers > 0 && numbers + 2 === length) kind = cpu;
    const at = this.#count++;
    this.#starts[at] = start;
    this.#ends[at] = i;
    this.#kinds[at] = kind;
    return true;
  }
}

/** Whether the bytes are a number in hexadecimal, at most 16 digits, `0x` allowed. */
export function isHexRun(bytes: Uint8Array, start: number, end: number): boolean {
  let i = start;
  if (bytes[i] === 48 && bytes[i + 1] === 120 && end - start > 2) i += 2;
  if (i >= end || end - i > 16) return false;
  for (; i < end; i++) {
    const c = bytes[i] as number;
    if (!((c >= 48 && c <= 57) || (c >= 97 && c <= 102) || (c >= 65 && c <= 70))) return false;
  }
  return true;
}
