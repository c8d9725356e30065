/** Workspaces that are no allocator, or no proper text: a clear answer each, never an unhandled error. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { analyze, openReport } from './driver/alloc-lens.ts';
import { sessionOn } from './driver/suite.ts';

const temporary = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-e2e-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

/** A new folder of that name, filled. */
const folder = (name: string, fill: (folder: string) => void) => (): string => {
  const at = path.join(temporary, name);
  mkdirSync(at);
  fill(at);
  return at;
};

const good = [
  '#include <stdatomic.h>',
  '#include <stdlib.h>',
  'static _Atomic(unsigned long) g_hits;',
  'void* malloc(size_t n) {',
  '  atomic_fetch_add_explicit(&g_hits, 1, memory_order_relaxed);',
  '  return calloc(1, n);',
  '}',
  '',
].join('\n');

describe('an empty folder', () => {
  const session = sessionOn(
    'empty',
    folder('empty', () => {}),
  );

  test('says that there is nothing to analyse', async () => {
    expect(await analyze(session().workbench)).toMatch(/no C or C\+\+ files/);
  });

  test('has a report that says what to do', async () => {
    const frame = await openReport(session().workbench);
    const [text = ''] = await frame.locator('#report').allInnerTexts();
    expect(text).toMatch(/run benchmark|analy[sz]e/i);
    expect(session().extensionErrors()).toEqual([]);
    expect(session().pageErrors()).toEqual([]);
  });
});

describe('a workspace without allocator code', () => {
  const session = sessionOn(
    'plain',
    folder('plain', (at) => {
      writeFileSync(
        path.join(at, 'hello.c'),
        '#include <stdio.h>\nint main(void) { return puts("hello") < 0; }\n',
      );
    }),
  );

  test('says so', async () => {
    expect(await analyze(session().workbench)).toMatch(/no allocator code in 1 file/);
  });

  test('shows nothing over an ordinary file', async () => {
    await session().workbench.openFile('hello.c');
    await session().workbench.page.waitForTimeout(3000);
    expect(await session().workbench.lenses()).toEqual([]);
    expect(session().extensionErrors()).toEqual([]);
  });
});

describe('damaged, huge and looping files beside a good one', () => {
  const session = sessionOn(
    'damaged',
    folder('damaged', (at) => {
      writeFileSync(path.join(at, 'good.c'), good);
      const bytes = Buffer.alloc(65_536);
      for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 2654435761) >>> 24;
      writeFileSync(path.join(at, 'binary.c'), bytes);
      writeFileSync(path.join(at, 'broken.c'), `${good}\nvoid free(void* p) { if (p { ((( @@ $$ \n#if 1\n"`);
      writeFileSync(path.join(at, 'nothing.c'), '');
      const row = 'static int generated_value = 0x12345678; /* filler filler filler filler */\n';
      writeFileSync(path.join(at, 'generated.c'), row.repeat(Math.ceil((10 * 1024 * 1024) / row.length)));
      mkdirSync(path.join(at, 'sub'));
      symlinkSync('..', path.join(at, 'sub/loop'));
      symlinkSync('nowhere.c', path.join(at, 'dangling.c'));
    }),
  );

  test('the analysis ends and says what has gaps', async () => {
    const message = await analyze(session().workbench);
    expect(message).toMatch(/atomic sites?/);
    expect(message).toMatch(/did not parse completely/);
  });

  test('the good file has its findings', async () => {
    await session().workbench.openFile('good.c');
    await session().workbench.lensMatching(/1 telemetry atomic/);
  });

  test('the broken file opens, keeps what was found, and can be typed in', async () => {
    const { workbench } = session();
    await workbench.openFile('broken.c');
    await workbench.lensMatching(/telemetry atomic/);
    await workbench.typeAt(1, '(((');
    // Longer than the pause after which typing is analysed.
    await workbench.page.waitForTimeout(2000);
    await workbench.lensMatching(/telemetry atomic/);
    expect(session().extensionErrors()).toEqual([]);
  });

  test('the binary file does no harm', async () => {
    await session().workbench.openFile('binary.c');
    await session().workbench.page.waitForTimeout(2000);
    expect(session().extensionErrors()).toEqual([]);
    expect(
      (await session().workbench.notifications()).filter((n) => /undefined|TypeError|RangeError/.test(n)),
    ).toEqual([]);
  });
});
