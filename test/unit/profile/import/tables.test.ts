import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteTable } from '../../../../extension/profile/import/byte-table.ts';
import { StackTable } from '../../../../extension/profile/import/stack-table.ts';
import { StackTree } from '../../../../extension/profile/import/stack-tree.ts';
import { headLines, Skipped, textLines } from '../../../../extension/profile/import/text-lines.ts';
import { chunked } from './read.ts';

describe('stacks in typed arrays', () => {
  test('are those of a map, however many', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(5000), fc.nat(40)), { maxLength: 4000 }), (steps) => {
        const tree = new StackTree();
        const known = new Map<string, number>();
        for (const [from, frame] of steps) {
          const parent = from % tree.count;
          const node = tree.child(parent, frame);
          const key = `${parent} ${frame}`;
          expect(known.get(key) ?? node).toBe(node);
          known.set(key, node);
          expect([tree.parentOf(node), tree.frameOf(node)]).toEqual([parent, frame]);
        }
        expect(tree.count).toBe(known.size + 1);
      }),
      { numRuns: 30 },
    );
  });

  test('keep their weights when they grow', () => {
    const tree = new StackTree();
    for (let i = 0; i < 10_000; i++) tree.add(tree.child(0, i), i);
    for (let i = 0; i < 10_000; i += 17) expect(tree.selfOf(tree.child(0, i))).toBe(i);
    expect(tree.columns().self).toHaveLength(10_001);
  });

  test('frames that are equal stand once', () => {
    const table = new StackTable();
    const frame = { name: 'f', file: null, line: null, object: null, address: 1, inlined: false };
    const first = table.frame(frame);
    expect(table.frame({ ...frame })).toBe(first);
    expect(table.frame({ ...frame, instruction: 'nop' })).not.toBe(first);
    expect(table.frame({ ...frame, inlined: true })).not.toBe(first);
  });
});

describe('byte strings', () => {
  test('have one number each, and come back', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 12 }), { maxLength: 3000 }), (strings) => {
        const table = new ByteTable();
        const known = new Map<string, number>();
        for (const bytes of strings) {
          const entry = table.intern(bytes, 0, bytes.length);
          const key = bytes.join(' ');
          expect(known.get(key) ?? entry).toBe(entry);
          known.set(key, entry);
          expect(table.lengthOf(entry)).toBe(bytes.length);
          expect(table.standsAt(entry, bytes, 0)).toBe(true);
        }
        expect(table.count).toBe(known.size);
      }),
      { numRuns: 30 },
    );
  });

  test('are found at any place, and not beyond the end', () => {
    const table = new ByteTable();
    const bytes = new TextEncoder().encode('xxäbc');
    const entry = table.intern(bytes, 2, bytes.length);
    expect(table.text(entry)).toBe('äbc');
    expect(table.standsAt(entry, bytes, 2)).toBe(true);
    expect(table.standsAt(entry, bytes, 3)).toBe(false);
    expect(table.standsAt(entry, bytes.subarray(0, 5), 2)).toBe(false);
  });
});

describe('lines', () => {
  const linesOf = async (text: string, chunk: number): Promise<string[]> => {
    const out: string[] = [];
    for await (const line of textLines(chunked(text, chunk))) out.push(line);
    return out;
  };

  test.each([1, 2, 3, 100])('in pieces of %i bytes', async (chunk) => {
    expect(await linesOf('a\r\nb ä\n\nlast', chunk)).toEqual(['a', 'b ä', '', 'last']);
  });

  test('are cut off where they never end', async () => {
    const lines = await linesOf(`${'x'.repeat(5 << 20)}\nnext`, 1 << 18);
    expect(lines[0]?.length).toBeLessThanOrEqual(2 << 20);
    expect(lines.at(-1)).toBe('next');
  });

  test('of a head that is cut off, without the last', () => {
    expect(headLines(new TextEncoder().encode('a\nb'), 10)).toEqual(['a', 'b']);
    const head = new TextEncoder().encode('abcd\n'.repeat(20_000)).subarray(0, 64 * 1024);
    expect(headLines(head, 1e6).every((l) => l === 'abcd')).toBe(true);
  });

  test('that were skipped are words', () => {
    const skipped = new Skipped();
    expect([skipped.words, skipped.done()]).toEqual(['', null]);
    skipped.add('first\u0000\u001b[31m line');
    skipped.add('second');
    expect(skipped.done()).toEqual({ count: 2, first: 'first [31m line' });
    expect(skipped.words).toBe('; 2 lines were not understood, the first one: first [31m line');
  });
});
