import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { cacheRoot, tryLock, withLock } from '../../../scripts/cache.ts';
import { picturesOf, problemsIn, sizesByFolder } from '../../../scripts/package.ts';
import { missing, missingLine, type Need, report } from '../../../scripts/preflight.ts';
import { duration, findProgram, run, tail } from '../../../scripts/process.ts';
import { zipEntries } from '../../../scripts/zip.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-unit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('cache', () => {
  test('follows XDG_CACHE_HOME when it is absolute', () => {
    expect(cacheRoot({ XDG_CACHE_HOME: '/c' }, '/h')).toBe('/c/alloc-lens');
    expect(cacheRoot({ XDG_CACHE_HOME: 'c' }, '/h')).toBe('/h/.cache/alloc-lens');
    expect(cacheRoot({}, '/h')).toBe('/h/.cache/alloc-lens');
  });

  test('a lock is taken once and given back', async () => {
    const file = path.join(folder, 'a.lock');
    expect(tryLock(file)).toBe(true);
    expect(tryLock(file)).toBe(false);
    rmSync(file);
    const order: string[] = [];
    await Promise.all(
      ['a', 'b'].map((name) =>
        withLock(
          file,
          () => {},
          async () => {
            order.push(`${name} in`);
            await new Promise((r) => setTimeout(r, 20));
            order.push(`${name} out`);
          },
        ),
      ),
    );
    expect(order).toEqual(['a in', 'a out', 'b in', 'b out']);
    expect(tryLock(file)).toBe(true);
  });

  test('the lock of a process that is gone is taken over', async () => {
    const file = path.join(folder, 'dead.lock');
    const { output } = await run(process.execPath, ['-p', 'process.pid']);
    writeFileSync(file, output.trim());
    expect(tryLock(file)).toBe(true);
    expect(readFileSync(file, 'utf8')).toBe(String(process.pid));
  });
});

describe('preflight', () => {
  const need = (name: string, required: boolean, there: boolean): Need => ({
    package: name,
    purpose: 'testing',
    required,
    present: () => there,
  });
  const list = [need('opt', false, false), need('here', true, true), need('gone', true, false)];

  test('names what is missing and how to get it, required first', () => {
    expect(missing(undefined, list).map((n) => n.package)).toEqual(['opt', 'gone']);
    expect(missing(['here', 'gone'], list).map((n) => n.package)).toEqual(['gone']);
    expect(report(missing(undefined, list))).toEqual([
      'missing: gone, for testing (Debian: apt-get install gone)',
      'missing, optional: opt, for testing (Debian: apt-get install opt)',
    ]);
    expect(missingLine('cannot', missing(undefined, list))).toBe(
      'cannot: missing opt gone (Debian: apt-get install opt gone)',
    );
  });
});

describe('process', () => {
  test('arguments reach a program untouched', async () => {
    const hostile = ['$(touch x)', '; rm -rf /', '"', "'", '`id`', '*', ''];
    const result = await run(process.execPath, [
      '-e',
      'console.log(JSON.stringify(process.argv.slice(1)))',
      ...hostile,
    ]);
    expect(JSON.parse(result.output)).toEqual(hostile);
    expect(result.code).toBe(0);
  });

  test('a time limit ends the whole group', async () => {
    const script =
      "require('child_process').spawn('sleep',['60'],{stdio:'inherit'});setInterval(()=>{},1000)";
    const result = await run(process.execPath, ['-e', script], { timeoutMs: 300 });
    expect(result.timedOut).toBe(true);
    expect(result.code).toBeNull();
  });

  test('a program that does not exist is a rejection', async () => {
    await expect(run(path.join(folder, 'none'), [])).rejects.toThrow(/ENOENT/);
  });

  test('small words', () => {
    expect(tail('a\n\nb\nc\n', 2)).toBe('b\nc');
    expect(duration(1234)).toBe('1.2 s');
    expect(duration(185_400)).toBe('3 min 05 s');
    expect(duration(119_800)).toBe('2 min 00 s');
    expect(findProgram('no-such-program-here')).toBeNull();
    expect(findProgram('sh')).toMatch(/\/sh$/);
  });
});

/** A zip file of stored entries without contents: headers are all that is read. */
function zipOf(names: readonly string[], comment = ''): Buffer {
  const entries = names.map((n) => {
    const header = Buffer.alloc(46);
    header.writeUInt32LE(0x02014b50, 0);
    header.writeUInt32LE(7, 20);
    header.writeUInt32LE(9, 24);
    header.writeUInt16LE(Buffer.byteLength(n), 28);
    return Buffer.concat([header, Buffer.from(n)]);
  });
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(names.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([directory, end, Buffer.from(comment)]);
}

describe('package', () => {
  test('reads a zip file’s table of contents', () => {
    expect(zipEntries(zipOf(['extension/a.ts', 'ä/b'], 'a comment'))).toEqual([
      { name: 'extension/a.ts', packed: 7, size: 9 },
      { name: 'ä/b', packed: 7, size: 9 },
    ]);
  });

  test('refuses what is no zip file, or a torn one', () => {
    expect(() => zipEntries(Buffer.from('PK nothing'))).toThrow(/not a zip file/);
    const whole = zipOf(['extension/a.ts']);
    expect(() => zipEntries(whole.subarray(0, 30))).toThrow(/not a zip file/);
    whole.writeUInt32LE(0, 0);
    expect(() => zipEntries(whole)).toThrow(/damaged/);
  });

  test('names what is missing and what should not be there', () => {
    const problems = problemsIn([
      'package.json',
      'dist/extension.cjs',
      'dist/extension.cjs.map',
      'test/a.ts',
    ]);
    expect(problems.some((p) => p.includes('analysis-worker'))).toBe(true);
    expect(problems.some((p) => p.includes('^dist\\/extension\\.cjs$'))).toBe(false);
    expect(problems).toContain('should not be packed: dist/extension.cjs.map');
    expect(problems).toContain('should not be packed: test/a.ts');
  });

  test('finds the pictures that the README shows', () => {
    const text = 'a ![one](docs/a.png) [no](docs/b.png) ![far](https://x.org/c.png)\n![two: x](d.png)';
    expect(picturesOf(text)).toEqual(['docs/a.png', 'd.png']);
  });

  test('adds sizes up by folder', () => {
    const entry = (name: string, packed: number): { name: string; packed: number; size: number } => ({
      name,
      packed,
      size: 0,
    });
    expect(sizesByFolder([entry('a', 1), entry('d/e/f', 5), entry('d/e/g', 6), entry('d/h', 2)])).toEqual([
      { folder: 'd/e', packed: 11, files: 2 },
      { folder: 'd', packed: 2, files: 1 },
      { folder: '.', packed: 1, files: 1 },
    ]);
  });
});
