import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { attach, instantiate } from '../../../engine/host/instantiate.ts';
import { backendGates, builtVariants, modulePath } from './engine.ts';

function load(variant: string): WebAssembly.Module {
  return new WebAssembly.Module(new Uint8Array(readFileSync(modulePath(variant))));
}

const unset: Readonly<Record<string, string>> = {};
const configurations = [
  ...builtVariants.map((variant) => ({ variant, name: 'as built', env: unset })),
  ...Object.entries(backendGates).map(([name, env]) => ({ variant: 'standard', name, env })),
];

describe('several instances on one heap', () => {
  for (const { variant, name, env } of configurations) {
    it(`${variant}, ${name}: blocks freed by another instance come back to their owner, none twice`, () => {
      const module = load(variant);
      const a = instantiate(module, { harnessBytes: 64, env });
      const b = attach(module, a.memory);
      const c = attach(module, a.memory);
      const all = [a, b, c];
      const live: { ptr: number; id: number }[] = [];
      const known = new Set<number>();
      let x = 99;
      const random = (below: number): number => {
        x = (Math.imul(x, 1103515245) + 12345) >>> 0;
        return (x >>> 8) % below;
      };
      const bytes = (): Uint8Array => new Uint8Array(a.memory.buffer);
      for (let i = 0; i < 30_000; i++) {
        const engine = all[random(3)] ?? a;
        if (live.length < 500 || (random(2) === 0 && live.length < 2000)) {
          const size = 8 + random(random(10) === 0 ? 40_000 : 1000);
          const ptr = engine.exports.malloc(size) >>> 0;
          expect(ptr).toBeGreaterThan(0);
          expect(known.has(ptr)).toBe(false);
          known.add(ptr);
          bytes().fill(1 + (i % 255), ptr, ptr + size);
          live.push({ ptr, id: i });
        } else {
          const last = live.pop() ?? { ptr: 0, id: 0 };
          const at = random(live.length + 1);
          const { ptr, id } = live[at] ?? last;
          if (at < live.length) live[at] = last;
          known.delete(ptr);
          expect(bytes()[ptr]).toBe(1 + (id % 255));
          expect(bytes()[ptr + 7]).toBe(1 + (id % 255));
          engine.exports.free(ptr);
        }
      }
      for (const { ptr } of live) (all[random(3)] ?? a).exports.free(ptr);
      const top = a.exports.engine_heap_top() >>> 0;
      const again = Array.from({ length: 2000 }, () => b.exports.malloc(500) >>> 0);
      expect(new Set(again).size).toBe(2000);
      expect((a.exports.engine_heap_top() >>> 0) - top).toBeLessThan(4 * 2 ** 20);
      expect(a.exports.engine_invalid_frees()).toBe(0);
    });
  }
});

/** A worker runs the verifying pass on its own part of the harness area and answers with hash and faults. */
const workerSource = `
const { parentPort, workerData: { module, memory, records, waste, ws } } = require('node:worker_threads');
const env = { memory, now: () => 0, abort: () => { throw new Error('abort'); } };
const { exports: e } = new WebAssembly.Instance(module, { env });
if (!e.engine_init(0x200000)) throw new Error('init');
const hash = e.random_mixed_checked(300000, ws, 8, 3000, 12345, records, waste, 1);
parentPort.postMessage([hash, e.checked_faults(0), e.checked_faults(1), e.checked_faults(2), e.checked_faults(3)]);
`;

describe('several threads on one heap', () => {
  for (const { variant, name, env } of configurations.filter((c) => /fast$|standard/.test(c.variant))) {
    it(`${variant}, ${name}: each finds its objects as it left them`, async () => {
      const module = load(variant);
      const span = 0x10000;
      const main = instantiate(module, { harnessBytes: 4 * span, env });
      const answers = await Promise.all(
        [0, 1, 2].map(
          (i) =>
            new Promise<unknown[]>((resolve, reject) => {
              const records = main.harness + i * span;
              const worker = new Worker(workerSource, {
                eval: true,
                workerData: { module, memory: main.memory, records, waste: records + 0x8000, ws: 1000 },
              });
              worker.once('message', resolve);
              worker.once('error', reject);
            }),
        ),
      );
      expect(new Set(answers.map((a) => a[0])).size).toBe(1);
      for (const [, ...rest] of answers) expect(rest).toEqual([0, 0, 0, 300_000]);
      expect(main.exports.engine_invalid_frees()).toBe(0);
    });
  }
});
