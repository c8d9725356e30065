// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of targets, which are put in by name
/** What is found in a folder where nothing is configured, without executing any of it. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { definedSymbols, definesMalloc, loadedHash } from '../../../extension/native/elf.ts';
import { flagsRefusal } from '../../../extension/native/substitute.ts';
import { detectTargets, readCmake, readMakefile } from '../../../extension/native/targets-detect.ts';

const here = import.meta.dirname;
const hakmem = path.resolve(here, '../../../samples/hakmem');
const able = process.platform === 'linux' && spawnSync('cc', ['--version'], { stdio: 'ignore' }).status === 0;
if (!able) console.log('skipped: ELF files are made by a C compiler named cc on Linux, which is not here');

let dir = '';
let keep = '';
beforeAll(() => {
  if (!able) return;
  keep = mkdtempSync(path.join(tmpdir(), 'alloc-lens-elf-'));
  const toy = path.join(here, 'toy-allocator.c');
  execFileSync('cc', ['-O1', '-fPIC', '-shared', '-fno-builtin', '-o', path.join(keep, 'libtoy.so'), toy]);
  writeFileSync(path.join(keep, 'other.c'), 'int other(void) { return 1; }\n');
  execFileSync('cc', ['-fPIC', '-shared', '-o', path.join(keep, 'libother.so'), path.join(keep, 'other.c')]);
  return () => rmSync(keep, { recursive: true, force: true });
});
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'alloc-lens-detect-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('Makefiles', () => {
  it('the sample builds elsewhere, and takes compile flags', async () => {
    const targets = await detectTargets(hakmem);
    expect(targets[0]).toMatchObject({
      origin: 'detected',
      folder: hakmem,
      notes: [],
      config: {
        name: 'hakmem',
        build: { command: ['make', 'OUT=${out}', 'EXTRA_CFLAGS=${cflags}'], cwd: null },
        preload: '${out}/libhakmem.so',
        run: null,
      },
    });
    expect(targets[0] === undefined ? '' : flagsRefusal(targets[0])).toBeNull();
    // Opened one folder above it is found just as well.
    const above = await detectTargets(path.dirname(hakmem));
    expect(above[0]?.config).toMatchObject({ name: 'hakmem', build: { cwd: 'hakmem' } });
  });

  it.each<[string, string, string[] | null, string | null]>([
    ['no variable', 'libx.so: a.o\n\tcc\n', ['make'], 'libx.so'],
    ['a folder', 'build/libx.so: a.o\n', ['make'], 'build/libx.so'],
    ['no EXTRA_CFLAGS', 'B = build\n$(B)/libx.so: a.o\n', ['make', 'B=${out}'], '${out}/libx.so'],
    [
      'another name for both',
      'BUILD_DIR := o\nCFLAGS += $(XCFLAGS)\n${BUILD_DIR}/lib/libx.so: a.o\n',
      ['make', 'BUILD_DIR=${out}', 'XCFLAGS=${cflags}'],
      '${out}/lib/libx.so',
    ],
    [
      'flags that are taken by others',
      'O ?= o\nEXTRA_CFLAGS = -O2\nCFLAGS += $(EXTRA_CFLAGS)\n$(O)/libx.so:\n',
      ['make', 'O=${out}'],
      '${out}/libx.so',
    ],
    ['a computed folder', 'O := $(shell pwd)/o\n$(O)/libx.so: a.o\n', null, null],
    ['a variable that is never set', '$(O)/libx.so: a.o\n', null, null],
    ['continued lines', 'O ?= \\\n  o\n$(O)/libx.so \\\n : a.o\n', ['make', 'O=${out}'], '${out}/libx.so'],
    ['a comment', '# libx.so: a.o\nall: a.o\n', null, null],
    ['a recipe', 'all:\n\tlibx.so: nothing\n', null, null],
    ['an assignment', 'libx.so := y\n', null, null],
    ['a program', 'bench: a.o\n', null, null],
    ['nothing', '', null, null],
  ])('%s', (_, text, command, file) => {
    const found = readMakefile(text);
    expect([found?.command ?? null, found?.file ?? null]).toEqual([command, file]);
    if (found !== null && !found.command.some((c) => c.includes('${cflags}'))) {
      expect(found.notes).toEqual([expect.stringMatching(/compile flags cannot be compared/)]);
    }
  });

  it('make looks for GNUmakefile first; a hostile name of a folder is a name', async () => {
    writeFileSync(path.join(dir, 'Makefile'), 'libold.so: x\n');
    writeFileSync(path.join(dir, 'GNUmakefile'), 'libnew.so: x\n');
    mkdirSync(path.join(dir, '$(touch canary)'));
    writeFileSync(path.join(dir, '$(touch canary)', 'Makefile'), 'libnew.so: x\n');
    const names = (await detectTargets(dir)).map((t) => [t.config.name, t.config.build?.cwd]);
    expect(names).toEqual([
      ['new', null],
      ['new-__touch_canary_', '$(touch canary)'],
    ]);
  });

  it('a name with a meaning of its own becomes another one', async () => {
    writeFileSync(path.join(dir, 'Makefile'), 'libmimalloc.so: x\n');
    expect((await detectTargets(dir)).map((t) => t.config.name)).toEqual(['mimalloc-local']);
  });
});

describe('CMakeLists.txt', () => {
  it.each([
    ['add_library(mimalloc SHARED ${mi_sources})', 'mimalloc'],
    ['project(rpmalloc C)\nadd_library(${PROJECT_NAME} SHARED a.c)', 'rpmalloc'],
    ['# add_library(a SHARED x)\nadd_library( "b" shared x.c )', 'b'],
    ['add_library(a STATIC x.c)', null],
    ['add_library(${COMPUTED} SHARED x.c)', null],
  ])('%j', (text, name) => {
    const found = readCmake(text);
    expect(found?.name ?? null).toBe(name);
    if (found === null) return;
    expect(found.file).toBe(`\${out}/lib${name}.so`);
    expect(found.command.slice(0, 5)).toEqual(['cmake', '-S', '.', '-B', '${out}']);
    expect(found.next).toEqual([['cmake', '--build', '${out}', '--target', name]]);
  });
});

describe.skipIf(!able)('built libraries', () => {
  it('that define malloc are targets; others, broken ones and copies under a second name are none', async () => {
    mkdirSync(path.join(dir, 'build'));
    copyFileSync(path.join(keep, 'libtoy.so'), path.join(dir, 'build/libtoy.so.2'));
    symlinkSync('libtoy.so.2', path.join(dir, 'build/libtoy.so'));
    copyFileSync(path.join(keep, 'libother.so'), path.join(dir, 'build/libother.so'));
    writeFileSync(path.join(dir, 'libtext.so'), 'INPUT(libc.so)\n');
    writeFileSync(path.join(dir, 'libempty.so'), '');
    execFileSync('mkfifo', [path.join(dir, 'libpipe.so'), path.join(dir, 'Makefile')]);
    const targets = await detectTargets(dir);
    expect(targets.map((t) => t.config)).toMatchObject([
      { name: 'toy', build: null, preload: expect.stringMatching(/^build\/libtoy\.so/), run: null },
    ]);
    expect(targets.map((t) => flagsRefusal(t))).toEqual(['it is not built here']);
  });

  it('are no second target where a Makefile builds them', async () => {
    writeFileSync(path.join(dir, 'Makefile'), 'OUT ?= build\n$(OUT)/libtoy.so: x\n');
    mkdirSync(path.join(dir, 'build'));
    copyFileSync(path.join(keep, 'libtoy.so'), path.join(dir, 'build/libtoy.so'));
    expect((await detectTargets(dir)).map((t) => [t.config.name, t.config.build !== null])).toEqual([
      ['toy', true],
    ]);
  });

  it('are read and never executed', async () => {
    const canary = path.join(dir, 'canary');
    const source = path.join(dir, 'c.c');
    writeFileSync(
      source,
      `#include <fcntl.h>\n__attribute__((constructor)) static void run(void) { open("${canary}", O_CREAT | O_WRONLY, 0600); }\n` +
        'void* malloc(unsigned long n) { (void)n; return 0; }\nvoid free(void* p) { (void)p; }\n',
    );
    execFileSync('cc', ['-fPIC', '-shared', '-fno-builtin', '-o', path.join(dir, 'libcanary.so'), source]);
    expect((await detectTargets(dir)).map((t) => t.config.name)).toEqual(['canary']);
    expect(existsSync(canary)).toBe(false);
  });
});

describe.skipIf(!able)('ELF files', () => {
  it('tell what they define as nm does', async () => {
    const symbols = await definedSymbols(path.join(keep, 'libtoy.so'));
    const nm = execFileSync('nm', ['-D', '--defined-only', path.join(keep, 'libtoy.so')], {
      encoding: 'utf8',
    });
    const expected = [...nm.matchAll(/^\S+ \S (\S+?)(?:@.*)?$/gm)].map((m) => m[1] ?? '');
    expect([...(symbols ?? [])].filter((s) => s !== '').sort()).toEqual(expected.sort());
    expect(await definesMalloc(path.join(keep, 'libother.so'))).toBe(false);
  });

  it('cut or mangled anywhere give nothing and no failure', async () => {
    const whole = readFileSync(path.join(keep, 'libtoy.so'));
    const file = path.join(dir, 'libcut.so');
    for (const size of [0, 3, 4, 51, 63, 64, 1000, whole.length >> 1, whole.length - 1]) {
      writeFileSync(file, whole.subarray(0, size));
      expect(await definesMalloc(file), `${size} bytes`).toBe(false);
      expect(await loadedHash(file)).toBeNull();
    }
    for (let at = 0; at < 64; at++) {
      const odd = Buffer.from(whole);
      odd[at] = 0xff;
      writeFileSync(file, odd);
      await definedSymbols(file);
      await loadedHash(file);
    }
    expect(await definedSymbols(path.join(dir, 'nowhere'))).toBeNull();
    expect(await definedSymbols(dir)).toBeNull();
  });

  it('hash what is loaded: not the debug information, and every constant', async () => {
    const build = async (name: string, text: string, flags: string[] = []): Promise<string | null> => {
      const source = path.join(dir, 'h.c');
      writeFileSync(source, text);
      const out = path.join(dir, name);
      execFileSync('cc', ['-O2', '-fPIC', '-shared', ...flags, '-o', out, source]);
      return loadedHash(out);
    };
    const text = 'const int table[2] = {1, 2};\nint f(int i) { return table[i] + X; }\n';
    const plain = await build('a.so', text, ['-DX=1']);
    expect(plain).toMatch(/^[0-9a-f]{64}$/);
    expect(await build('b.so', `\n\n${text}`, ['-DX=1', '-g', `-Wl,--build-id=0x${'ab'.repeat(20)}`])).toBe(
      plain,
    );
    expect(await build('c.so', text, ['-DX=2'])).not.toBe(plain);
    expect(await build('d.so', text.replace('{1, 2}', '{1, 3}'), ['-DX=1'])).not.toBe(plain);
  });
});
