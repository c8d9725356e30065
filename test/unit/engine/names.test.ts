/** Every gate, flag, function, counter and preset that the documents name is in the engine and in docs/engine.md. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileSettings } from '../../../engine/host/flavours.ts';
import { presets } from '../../../engine/host/presets.ts';
import { envGates, flagDefaults } from '../../../engine/host/variants.ts';
import { root } from './engine.ts';

interface Names {
  readonly gates: readonly string[];
  /** Gate function -> variable. */
  readonly gateFunctions: Readonly<Record<string, string>>;
  readonly flags: readonly string[];
  readonly settings: readonly string[];
  readonly functions: readonly string[];
  readonly variables: readonly string[];
  /** Counter -> the engine's name of its first cell, address or flag. */
  readonly counters: Readonly<Record<string, string>>;
  readonly boxes: readonly string[];
  readonly presets: readonly string[];
}

const names = JSON.parse(readFileSync(path.join(root, 'test/fixtures/engine-names.json'), 'utf8')) as Names;
const folder = path.join(root, 'engine/allocator');
const sources = new Map(readdirSync(folder).map((f) => [f, readFileSync(path.join(folder, f), 'utf8')]));
const everything = [...sources.values()].join('\n');
const page = readFileSync(path.join(root, 'docs/engine.md'), 'utf8');

/** Text of a function, from its head to the brace that closes it. */
function body(name: string): string {
  const found = new RegExp(`^(?:export )?function ${name}\\([\\s\\S]*?^}`, 'm').exec(everything);
  return found?.[0] ?? '';
}

describe('names of the documents', () => {
  it.each(names.gates)('gate %s', (gate) => {
    expect(envGates).toContain(gate);
    expect(page).toContain(`\`${gate}\``);
  });

  it.each(Object.entries(names.gateFunctions))('gate function %s reads %s', (name, gate) => {
    expect(envGates).toContain(gate);
    const text = body(name);
    expect(text).not.toBe('');
    const read = /(\w+_read)\(\)/.exec(text)?.[1];
    expect(text + (read === undefined ? '' : body(read))).toContain(`'${gate}'`);
    expect(page).toContain(`\`${gate}\``);
  });

  it.each(names.flags)('flag %s is asked somewhere', (flag) => {
    expect(flagDefaults).toHaveProperty(flag);
    const asked = [...sources].filter(
      ([file, text]) =>
        file !== 'build_flags.ts' &&
        new RegExp(`[^\\w]${flag}[^\\w]`).test(text.replace(/^import [\s\S]*?;$/gm, '')),
    );
    expect(asked.length).toBeGreaterThan(0);
    expect(page).toContain(`\`${flag}\``);
  });

  it.each(names.settings)('setting %s', (setting) => {
    const value = { BUILD_FLAVOR: 'debug', EXTRA_CFLAGS: '-DBENCH_MINIMAL' }[setting] ?? '1';
    expect(Object.keys(compileSettings({ [setting]: value })).length).toBeGreaterThan(0);
  });

  it.each(names.functions)('function %s is called', (name) => {
    expect(body(name)).not.toBe('');
    const calls = everything.match(new RegExp(`(?<!function )\\b${name}\\(`, 'g')) ?? [];
    const isPublic = /^(malloc|free)$/.test(name);
    expect(calls.length > 0 || isPublic).toBe(true);
  });

  it.each(names.variables)('variable %s', (name) => {
    expect(everything).toMatch(new RegExp(`^(?:export )?let ${name}: `, 'm'));
  });

  it.each(Object.entries(names.counters))('counter %s is %s, written somewhere', (name, cell) => {
    const uses = [...sources].filter(([, text]) =>
      new RegExp(`\\b${cell}\\b`).test(
        text.replace(/^import [\s\S]*?;$/gm, '').replace(/^export const .*$/gm, ''),
      ),
    );
    expect(uses.length).toBeGreaterThan(0);
    expect(page).toContain(name.replace('*', ''));
  });

  it.each(names.boxes)('box %s has a file', (box) => {
    expect(existsSync(path.join(folder, `${box}.ts`))).toBe(true);
  });

  it.each(names.presets)('preset %s', (preset) => {
    expect(presets.map((p) => p.name)).toContain(preset);
    expect(page).toContain(`\`${preset}\``);
  });
});

describe('the table of docs/engine.md', () => {
  const rows = page.split('\n').filter((line) => /^\| (Phase|Release)/.test(line));
  const cells = rows.map((row) => row.split(' | ').map((c) => c.replace(/^\| | \|$/g, '')));

  it('has every gate and every flag of the engine', () => {
    const switches = cells.map((c) => c[3] ?? '').join('\n');
    for (const gate of envGates) expect(switches, gate).toContain(`\`${gate}\``);
    for (const flag of Object.keys(flagDefaults).filter((f) => f !== 'ENGINE_TEST_DOUBLE_HANDOUT')) {
      expect(switches, flag).toContain(`\`${flag}\``);
    }
  });

  it('names files and tests that exist', () => {
    for (const [, system, files = '', , , tests = ''] of cells) {
      for (const [, file] of files.matchAll(/`(\w+)`/g)) {
        expect(sources.has(`${file}.ts`), `${system}: ${file}`).toBe(true);
      }
      for (const [, test] of tests.matchAll(/`([\w.-]+)`/g)) {
        expect(existsSync(path.join(root, 'test/unit/engine', test ?? '')), `${system}: ${test}`).toBe(true);
      }
      expect(tests, system).not.toBe('');
    }
  });

  it('says the defaults that the sources have', () => {
    for (const [, , , gate = '', stated = ''] of cells) {
      const name = /^`(HAKMEM_\w+)`$/.exec(gate)?.[1];
      if (name === undefined) continue;
      const flag = flagDefaults[name];
      const read = new RegExp(`hak_env_\\w+\\('${name}', (\\w+)\\)`).exec(everything)?.[1];
      const actual = flag ?? read;
      if (actual !== undefined) expect(stated, name).toMatch(new RegExp(`^${actual}\\b`));
    }
  });
});
