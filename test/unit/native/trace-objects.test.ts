/** Recorded events -> trace operations: the rules of the format, whatever was recorded. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TraceRules } from '../../../engine/host/trace-rules.ts';
import { eventKinds, type RecordedEvents } from '../../../extension/native/trace-events.ts';
import { threadsOfTrace, traceOperations } from '../../../extension/native/trace-objects.ts';
import { traceLines } from '../../../extension/native/trace-writer.ts';

type Event = readonly [kind: keyof typeof eventKinds, thread: number, address: number, size?: number];

function events(rows: readonly Event[], stopped: RecordedEvents['stopped'] = null): RecordedEvents {
  return {
    ...{ program: 'a program', process: 1, count: rows.length, stopped },
    kinds: Uint8Array.from(rows, ([kind]) => eventKinds[kind]),
    aligns: Uint8Array.from(rows, ([kind]) => (kind === 'aligned' ? 6 : 0)),
    threads: Uint32Array.from(rows, ([, thread]) => thread),
    addresses: Float64Array.from(rows, ([, , address]) => address),
    sizes: Float64Array.from(rows, ([, , , size]) => size ?? 0),
  };
}

const textOf = (rows: readonly Event[]): string[] =>
  [...traceLines('a program', traceOperations(events(rows)))].join('').trimEnd().split('\n');

describe('traceOperations', () => {
  it('one thread uses ids again, last in first out', () => {
    expect(
      textOf([
        ['malloc', 1, 0x10, 5],
        ['malloc', 1, 0x20, 6],
        ['free', 1, 0x20],
        ['calloc', 1, 0x30, 7],
        ['aligned', 1, 0x40, 8],
      ]),
    ).toEqual([
      '# alloc-trace v1 a_program objects=3 threads=1 ops=5',
      'a 0 5',
      'a 1 6',
      'f 1',
      'c 1 7',
      'm 2 8 64',
    ]);
  });

  it('a realloc keeps its object while another thread gets the old address', () => {
    expect(
      textOf([
        ['malloc', 1, 0x10, 5],
        ['reallocFrom', 1, 0x10],
        ['malloc', 2, 0x10, 9],
        ['reallocTo', 1, 0x50, 50],
        ['free', 1, 0x50],
      ]).slice(1),
    ).toEqual(['a 0 5', 't 1', 'a 1 9', 't 0', 'r 0 50', 'f 0']);
  });

  it('a realloc that fails leaves the object, one to nothing frees it', () => {
    expect(
      textOf([
        ['malloc', 1, 0x10, 5],
        ['reallocFrom', 1, 0x10],
        ['reallocFailed', 1, 0x10],
        ['reallocFrom', 1, 0x10],
        ['reallocTo', 1, 0, 0],
      ]).slice(1),
    ).toEqual(['a 0 5', 'f 0']);
  });

  it('says what the format cannot hold', () => {
    const ops = traceOperations(
      events(
        [
          ['free', 1, 0x99],
          ['malloc', 1, 0x10, 2 ** 32],
          ['malloc', 1, 0x20, 1],
          ['malloc', 1, 0x20, 2],
        ],
        'limit',
      ),
    );
    expect(ops.count).toBe(2);
    expect(ops.notes).toEqual([
      '1 block from before the recording, or of another process, left out when freed',
      '1 request of 4 GiB or more left out: the format ends below',
      '1 block given back unseen, live to the end of the trace',
      'the recording ended at its limit of operations',
    ]);
    expect(ops.peakBytes).toBe(3);
  });

  it('threads after one another share a number only when all are in use', () => {
    const order = Uint32Array.from([1, 1, 2, 2, 3, 3]);
    expect([...threadsOfTrace(order, 8).of.values()]).toEqual([0, 1, 2]);
    expect([...threadsOfTrace(order, 2).of.values()]).toEqual([0, 1, 0]);
    expect(threadsOfTrace(Uint32Array.from([1, 2, 3, 1, 2, 3]), 2).doubled).toBe(1);
  });

  it('whatever happened, the rules of the format hold', () => {
    const event = fc.tuple(
      fc.constantFrom<keyof typeof eventKinds>(...(Object.keys(eventKinds) as (keyof typeof eventKinds)[])),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 0, max: 40 }),
    );
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 120 }), (rows) => {
        const ops = traceOperations(events(rows));
        if (ops.count === 0) return;
        const rules = new TraceRules(ops.objectCount, ops.threadCount);
        for (let i = 0; i < ops.count; i++) {
          const letter = String.fromCharCode(ops.letters[i] ?? 0);
          const [id, thread] = [ops.objects[i] ?? 0, ops.threads[i] ?? 0];
          const problem =
            letter === 'r' || letter === 'f'
              ? rules.use(id, thread, i, letter === 'f')
              : rules.allocate(id, thread, i);
          expect(problem).toBeNull();
        }
        expect(rules.end()).toBeNull();
      }),
      { numRuns: 500 },
    );
  });
});
