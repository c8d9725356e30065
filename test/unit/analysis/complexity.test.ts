import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { tooComplex } from '../../../extension/analysis/complexity.ts';

const n = 100_000;

describe('the bound on nesting', () => {
  it.each([
    ['brackets', `int x = ${'('.repeat(n)}1${')'.repeat(n)};`, /brackets/],
    ['blocks', `void f(void) ${'{'.repeat(n)}${'}'.repeat(n)}`, /brackets/],
    ['conditionals', '#if A\n'.repeat(n), /#if/],
    ['a flat sum', `int x = ${'a+'.repeat(n)}a;`, /runs over/],
    ['templates', `${'a<'.repeat(n)}${'>'.repeat(n)} x;`, /runs over/],
  ])('stops %s', (_, text, reason) => {
    expect(tooComplex(text)?.reason).toMatch(reason);
  });

  it('names the line', () => {
    expect(tooComplex(`\n/* a\nb */\n"x\\\ny"\n${'('.repeat(n)}`)?.line).toBe(6);
  });

  it('lets big tables, long files, strings and comments pass', () => {
    expect(tooComplex(`int t[] = { ${'0x1f, '.repeat(n)} };`)).toBeNull();
    expect(tooComplex('#ifdef A\nf(x);\n#endif\n'.repeat(n / 10))).toBeNull();
    expect(tooComplex(`/* ${'('.repeat(n)} */ "${'{'.repeat(n)}" // ${'['.repeat(n)}`)).toBeNull();
  });

  it('lets every file of the sample pass', () => {
    const root = path.resolve('samples/hakmem');
    const files = readdirSync(root, { recursive: true })
      .map(String)
      .filter((f) => /\.(c|h|inc)$/.test(f));
    expect(files.length).toBeGreaterThan(50);
    for (const f of files) expect(tooComplex(readFileSync(path.join(root, f), 'utf8'))).toBeNull();
  });
});
