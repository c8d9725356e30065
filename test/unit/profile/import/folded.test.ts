import { describe, expect, test } from 'vitest';
import { foldedFrame } from '../../../../extension/profile/import/folded.ts';
import { cutProblems, problemWith, profileOf, read, stacksOf } from './read.ts';

const stacks = `main;work;malloc 12
main;work 3.5
main;do_syscall_64_[k];clear_page_[k] 4
main;work;mix_[i] 1e1
my prog;[libfoo.so];Interpreter_[j] 2
`;

describe('frames', () => {
  test.each([
    ['clear_page_[k]', { name: 'clear_page', object: '[kernel.kallsyms]' }],
    ['mix_[i]', { name: 'mix', inlined: true }],
    ['Interpreter_[j]', { name: 'Interpreter', object: null }],
    ['[libfoo.so]', { name: '[unknown]', object: 'libfoo.so' }],
    ['[unknown]', { name: '[unknown]', object: null }],
    ['libc.so.6`malloc+0x1f', { name: 'malloc', object: 'libc.so.6' }],
    ['main (app/x.py:10)', { name: 'main', file: 'app/x.py', line: 10 }],
    ['ns::f(int, char) const', { name: 'ns::f(int, char) const' }],
    ['f+0x12', { name: 'f' }],
    ['', { name: '[unknown]' }],
  ])('%j', (text, expected) => {
    expect(foldedFrame(text)).toMatchObject(expected);
  });
});

describe('stacks', () => {
  test('outermost frame first, decimal counts', async () => {
    const raw = await read(stacks);
    expect(raw.format).toBe('folded');
    expect(stacksOf(raw)).toEqual({
      'main;work;malloc': 12,
      'main;work': 3.5,
      'main;do_syscall_64;clear_page': 4,
      'main;work;mix': 10,
      'my prog;[unknown];Interpreter': 2,
    });
    expect(raw.event).toEqual({ name: 'samples', unit: 'samples', samples: 5, weight: 31.5 });
    const profile = profileOf(raw);
    expect(profile.functions.find((f) => f.name === 'clear_page')?.category).toBe('kernel');
    expect(profile.functions.find((f) => f.name === 'main')?.totalPercent).toBeCloseTo(
      (29.5 / 31.5) * 100,
      9,
    );
  });

  test('whole counts are samples; the last line needs no end', async () => {
    const raw = await read('a;b 2\na 3');
    expect(raw.event.samples).toBe(5);
    expect(stacksOf(raw)).toEqual({ 'a;b': 2, a: 3 });
  });

  test('lines without a count are counted', async () => {
    const raw = await read(`${stacks.repeat(10)}main;broken\nmain;no;number x\n`);
    expect(raw.skipped).toEqual({ count: 2, first: 'main;broken' });
  });

  test('says no to an event or a thread, which it does not have', async () => {
    await expect(read(stacks, { event: 'cycles' })).rejects.toThrow(/do not say which event/);
    await expect(read(stacks, { thread: 'main' })).rejects.toThrow(/do not say which thread/);
  });

  test.each([1, 3, 17])('pieces of %i bytes give the same', async (chunk) => {
    expect(await read(stacks, { chunk })).toEqual(await read(stacks));
  });

  test('the name does not matter; cut off or hostile it gives a result or one line', async () => {
    const bytes = new TextEncoder().encode(stacks.repeat(200));
    expect(await read(stacks, { name: 'x.cpuprofile' })).toEqual(await read(stacks));
    expect(await cutProblems(bytes, 'x.folded', 1000)).toEqual([]);
    expect(await problemWith(new TextEncoder().encode(`${'a;'.repeat(200_000)} 1\n`), '')).toBeNull();
    expect(await problemWith(new TextEncoder().encode('a;b 1e999\n'), '')).toBeNull();
    expect(await problemWith(new TextEncoder().encode('a;b 0\n'), '')).toBeNull();
  });
});
