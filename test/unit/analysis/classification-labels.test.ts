import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { cacheRoot } from '../../../scripts/cache.ts';

interface Label {
  id: string;
  allocator: string;
  name: string;
  owner: string | null;
  ownerAlias?: string;
  file: string;
  line: number;
  alsoAt?: string[];
  condition?: string;
  class: string;
  role: string;
  alsoRole?: string[];
  trap: boolean;
  trapKind: string | null;
  deciding: { file: string; line: number; text: string };
  accesses: number;
  accessedAt: string[];
  note: string;
}

const allocators = ['mimalloc', 'jemalloc', 'google-perftools', 'glibc'];
const roles: Record<string, readonly string[]> = {
  correctness: ['lock', 'lock-free', 'publication', 'flow-control', 'refcount', 'once', 'id', 'config'],
  telemetry: ['counter', 'peak', 'timing', 'diagnostic'],
};
// An undecided variable carries the role that it would have as telemetry.
const rolesOf = (kind: string): readonly string[] => roles[kind === 'unknown' ? 'telemetry' : kind] ?? [];

const folder = path.resolve(import.meta.dirname, '../../fixtures/classification');
const read = (allocator: string): Label[] =>
  JSON.parse(readFileSync(path.join(folder, `${allocator}.json`), 'utf8')) as Label[];
const labels = allocators.flatMap(read);
const traps = labels.filter((label) => label.trap);

describe('the labelled classification set', () => {
  test('holds at least 120 variables of all four allocators and both classes, at least half of them traps', () => {
    expect(labels.length).toBeGreaterThanOrEqual(120);
    for (const allocator of allocators) expect(read(allocator).length, allocator).toBeGreaterThan(0);
    for (const kind of ['telemetry', 'correctness']) {
      expect(labels.filter((label) => label.class === kind).length, kind).toBeGreaterThanOrEqual(40);
      expect(traps.filter((label) => label.class === kind).length, kind).toBeGreaterThanOrEqual(20);
    }
    expect(traps.length * 2).toBeGreaterThanOrEqual(labels.length);
    expect(labels.filter((label) => label.class === 'unknown').length * 20).toBeLessThanOrEqual(
      labels.length,
    );
  });

  test('names every variable once', () => {
    expect(new Set(labels.map((label) => label.id)).size).toBe(labels.length);
    const places = labels.map((label) => `${label.allocator} ${label.file}:${label.line} ${label.name}`);
    expect(new Set(places).size).toBe(labels.length);
  });

  test.each(allocators)('%s: every field is present and of its kind', (allocator) => {
    const place = /^[^:]+:[1-9]\d*$/;
    for (const label of read(allocator)) {
      expect(label.id.startsWith(`${allocator}/`), label.id).toBe(true);
      expect(label.allocator, label.id).toBe(allocator);
      expect(label.name, label.id).toMatch(/^\w+$/);
      expect(label.owner === null || /^\w+$/.test(label.owner), label.id).toBe(true);
      for (const at of [label, label.deciding]) {
        expect(path.posix.isAbsolute(at.file), label.id).toBe(false);
        expect(Number.isInteger(at.line) && at.line > 0, label.id).toBe(true);
      }
      expect(['telemetry', 'correctness', 'unknown'], label.id).toContain(label.class);
      for (const role of [label.role, ...(label.alsoRole ?? [])])
        expect(rolesOf(label.class), label.id).toContain(role);
      expect(label.trap, label.id).toBe(label.trapKind !== null);
      expect(label.deciding.text.length, label.id).toBeGreaterThan(0);
      expect(label.accessedAt.length, label.id).toBe(label.accesses);
      expect(new Set(label.accessedAt).size, label.id).toBe(label.accesses);
      for (const at of [...label.accessedAt, ...(label.alsoAt ?? [])]) expect(at, label.id).toMatch(place);
      expect(label.accessedAt, label.id).toContain(`${label.deciding.file}:${label.deciding.line}`);
      expect(label.note, label.id).toMatch(/\.$/);
    }
  });

  describe.each(allocators)('against the sources of %s', (allocator) => {
    const tree = path.join(cacheRoot(), 'corpus', allocator);

    test('every declaration, access and deciding line stands where the label says', (context) => {
      if (!existsSync(tree)) context.skip(`the sources of ${allocator} are not in the cache (${tree})`);
      const files = new Map<string, string[]>();
      const lineAt = (file: string, line: number): string => {
        const known = files.get(file) ?? readFileSync(path.join(tree, file), 'utf8').split('\n');
        files.set(file, known);
        return known[line - 1] ?? '';
      };
      for (const label of read(allocator)) {
        expect(lineAt(label.file, label.line), label.id).toContain(label.name);
        expect(lineAt(label.deciding.file, label.deciding.line), label.id).toContain(label.deciding.text);
        for (const at of label.accessedAt) {
          const colon = at.lastIndexOf(':');
          expect(
            lineAt(at.slice(0, colon), Number(at.slice(colon + 1))).trim(),
            `${label.id} ${at}`,
          ).not.toBe('');
        }
      }
    });
  });
});
