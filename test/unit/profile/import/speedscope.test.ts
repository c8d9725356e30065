import { describe, expect, it } from 'vitest';
import { linesOf, profileOf } from '../fixtures.ts';
import { formatOf, read, refusal, stacksOf } from './reading.ts';

const $schema = 'https://www.speedscope.app/file-format-schema.json';
const frames = [
  { name: 'main', file: '/s/main.c', line: 3 },
  { name: 'malloc', file: '/s/alloc.c', line: 10 },
  { name: 'free' },
];
const evented = {
  type: 'evented',
  name: 'worker',
  unit: 'milliseconds',
  startValue: 10,
  endValue: 100,
  events: [
    { type: 'O', at: 10, frame: 0 },
    { type: 'O', at: 20, frame: 1 },
    { type: 'C', at: 50, frame: 1 },
    { type: 'O', at: 60, frame: 2 },
    { type: 'C', at: 65, frame: 2 },
    { type: 'C', at: 80, frame: 0 },
  ],
};
const sampled = {
  type: 'sampled',
  name: 'main',
  unit: 'microseconds',
  startValue: 0,
  endValue: 9,
  samples: [[0, 1], [0], [0, 1]],
  weights: [5000, 3000, 1000],
};
const file = (...profiles: object[]): string => JSON.stringify({ $schema, shared: { frames }, profiles });

describe('speedscope', () => {
  it('is known by its content', () => {
    for (const name of ['', 'a.json', 'b.cpuprofile']) {
      expect(formatOf(file(sampled), name)).toBe('speedscope');
      expect(formatOf(JSON.stringify({ shared: { frames }, profiles: [sampled] }), name)).toBe('speedscope');
    }
  });

  it('weighs frames that open and close with the time until the next event', async () => {
    const raw = await read(file(evented));
    expect(stacksOf(raw)).toEqual({ main: 35e6, 'main;malloc': 30e6, 'main;free': 5e6 });
    expect(raw.event).toMatchObject({ name: 'time', unit: 'nanoseconds', weight: 70e6 });
    expect(profileOf(raw).functions.find((f) => f.name === 'main')).toMatchObject({
      line: 3,
      totalPercent: 100,
    });
  });

  it('takes profiles of one unit for threads', async () => {
    const raw = await read(file(evented, sampled));
    expect(stacksOf(raw)).toEqual({ main: 38e6, 'main;malloc': 36e6, 'main;free': 5e6 });
    expect(raw.threads.map((t) => t.name)).toEqual(['worker', 'main']);
    const one = await read(file(evented, sampled), '', { thread: 'main' });
    expect(stacksOf(one)).toEqual({ 'main;malloc': 6e6, main: 3e6 });
    expect(one.event).toMatchObject({ samples: 3, weight: 9e6 });
    expect(await refusal(file(evented), { thread: 'x' })).toMatch(/no thread 'x'.*worker/);
  });

  it('keeps other units apart as events', async () => {
    const bytes = { ...sampled, name: 'heap', unit: 'bytes' };
    const text = file(evented, bytes);
    const raw = await read(text);
    expect(raw.events).toEqual([
      { name: 'time', unit: 'nanoseconds', samples: 5, weight: 70e6 },
      { name: 'bytes', unit: 'bytes', samples: 3, weight: 9000 },
    ]);
    expect(raw.event.name).toBe('time');
    expect(stacksOf(await read(text, '', { event: 'bytes' }))).toEqual({ 'main;malloc': 6000, main: 3000 });
    expect(await refusal(text, { event: 'cycles' })).toMatch(/no event 'cycles'.*time, bytes/);
  });

  it('takes lines for those executed where one function has several, else for its definition', async () => {
    const lines = [...frames, { name: 'malloc', file: '/s/alloc.c', line: 12 }];
    const raw = await read(
      JSON.stringify({
        $schema,
        shared: { frames: lines },
        profiles: [{ ...sampled, samples: [[0, 1], [0], [0, 3]] }],
      }),
    );
    expect(linesOf(profileOf(raw))).toEqual({ '/s/alloc.c:10': 55.555556, '/s/alloc.c:12': 11.111111 });
  });

  it('counts what cannot be right', async () => {
    const odd = {
      ...evented,
      events: [
        { type: 'O', at: 10, frame: 0 },
        { type: 'O', at: 5, frame: 1 },
        { type: 'C', at: 20, frame: 2 },
        { type: 'O', at: 'x', frame: 1 },
        { type: 'O', at: 30, frame: 99 },
        null,
      ],
    };
    const raw = await read(file(odd, { ...sampled, samples: [[0], [7], 'x'], weights: [1, 2, -1] }));
    expect(stacksOf(raw)).toEqual({ main: 90e6 + 1000 });
    expect(raw.skipped?.count).toBe(7);
  });

  it.each([
    ['no profiles', JSON.stringify({ $schema, shared: { frames } })],
    ['no frames', JSON.stringify({ $schema, profiles: [sampled] })],
    ['profiles without samples', file({ ...sampled, samples: [], weights: [] })],
    ['profiles of another kind', file({}, { type: 'x' })],
  ])('refuses %s', async (_, text) => {
    expect(await refusal(text)).toMatch(/^file: This speedscope file cannot be read: /);
  });

  it('is refused with one line when it was cut off', async () => {
    const text = file(evented, sampled);
    for (const share of [0.4, 0.7, 0.98])
      expect(await refusal(text.slice(0, Math.floor(text.length * share)))).toMatch(/ends too early/);
  });
});
