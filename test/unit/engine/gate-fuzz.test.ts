import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  attach,
  type EngineInstance,
  environmentBlock,
  instantiate,
} from '../../../engine/host/instantiate.ts';
import { envGates, startGates } from '../../../engine/host/variants.ts';
import { modulePath } from './engine.ts';
import { fuzz, generator } from './shadow.ts';

/** Values of the gates that are not a mere 0 or 1. */
const values: Readonly<Record<string, readonly string[]>> = {
  HAKMEM_FRONT_FASTLANE_CLASS_MASK: ['0xff', '0x0f', '0x81', '0'],
  HAKMEM_TINY_HEADER_MODE: ['full', 'light', 'off', 'debug'],
  HAKMEM_TINY_HEAP_CLASS_ROUTE: ['0', '0xff', '0x55'],
  HAKMEM_TINY_HEAP_META_ULTRA: ['0', '0xff'],
  HAKMEM_SS_MEM_LEAN_DECOMMIT: ['OFF', 'FREE'],
  HAKMEM_SS_MEM_LEAN_TARGET_MB: ['0', '10'],
  HAKMEM_MID_V3_CLASSES: ['0', '0x55555555', '0xffffffff'],
  HAKMEM_BG_SPILL_TARGET: ['0', '40'],
  HAKMEM_REMOTE_TARGET_LEN: ['0', '2', '8'],
  HAKMEM_ALLOC_ROUTING: ['0', '20'],
  // The baseline has no layers to disturb: alone, and once with everything else.
  HAKMEM_FORCE_LIBC_ALLOC: ['0', '0', '0', '0', '1'],
};

type Environment = Record<string, string>;

/** Settings of the gates that may change at run time, on top of those that were set at the start. */
function changed(random: (below: number) => number, start: Environment): Environment {
  const kept = Object.entries(start).filter(([gate]) => startGates.includes(gate));
  const fresh = Object.entries(randomEnvironment(random)).filter(([gate]) => !startGates.includes(gate));
  return Object.fromEntries([...kept, ...fresh]);
}

function randomEnvironment(random: (below: number) => number): Environment {
  const out: Environment = {};
  for (const gate of envGates) {
    const choices = values[gate] ?? ['0', '1'];
    if (random(2) === 0) out[gate] = choices[random(choices.length)] ?? '';
  }
  return out;
}

function setEnvironment(engine: EngineInstance, env: Environment): void {
  const block = new Uint8Array(engine.memory.buffer, 0x4000, 0x1000);
  block.fill(0);
  block.set(environmentBlock(env));
  engine.exports.fastlane_ctx_invalidate();
}

describe('the allocator against a shadow model, under random gates', () => {
  for (const variant of ['standard', 'research'] as const) {
    for (let seed = 1; seed <= 12; seed++) {
      const env = randomEnvironment(generator(seed * 7919));
      it(`${variant}, settings ${seed}`, () => {
        fuzz(variant, seed, 3000, { env });
      });
    }

    it(`${variant}, settings that change as it runs`, () => {
      const random = generator(424243);
      const env = { HAKMEM_BG_SPILL: '1', HAKMEM_LEARN: '1', HAKMEM_MID_V3_INUSE: '1' };
      fuzz(variant, 9, 12_000, { env, disturb: (engine) => setEnvironment(engine, changed(random, env)) });
    });
  }

  for (const [gate, choices] of envGates.map((g) => [g, values[g] ?? ['0', '1']] as const)) {
    it(`standard, ${gate} alone`, () => {
      for (const value of choices) fuzz('standard', 5, 1500, { env: { [gate]: value } });
    });
  }
});

describe('several instances on one heap, under random gates', () => {
  for (const variant of ['standard', 'research'] as const) {
    for (let seed = 1; seed <= 6; seed++) {
      it(`${variant}, settings ${seed}: frees from anywhere, threads that end, settings that change`, () => {
        const random = generator(seed * 104_729);
        const module = new WebAssembly.Module(new Uint8Array(readFileSync(modulePath(variant))));
        const env = randomEnvironment(random);
        const a = instantiate(module, { harnessBytes: 64, env });
        const all = [a, attach(module, a.memory), attach(module, a.memory)];
        const any = (): EngineInstance => all[random(3)] ?? a;
        const live: { ptr: number; size: number; byte: number }[] = [];
        const bytes = (): Uint8Array => new Uint8Array(a.memory.buffer);
        const release = (index: number): void => {
          const o = live[index];
          const last = live.pop();
          if (o === undefined || last === undefined) return;
          if (o !== last) live[index] = last;
          expect([bytes()[o.ptr], bytes()[o.ptr + o.size - 1]]).toEqual([o.byte, o.byte]);
          any().exports.free(o.ptr);
        };
        for (let i = 0; i < 12_000; i++) {
          if (i % 1500 === 1499) setEnvironment(any(), changed(random, env));
          if (i % 2000 === 1999) any().exports.thread_exit();
          if (live.length < 300 || (random(2) === 0 && live.length < 1500)) {
            const size = 8 + random(random(10) === 0 ? 40_000 : 1000);
            const zeroed = random(8) === 0;
            const ptr = (zeroed ? any().exports.calloc(1, size) : any().exports.malloc(size)) >>> 0;
            expect(ptr).toBeGreaterThan(0);
            const span = bytes().subarray(ptr, ptr + size);
            if (zeroed) expect(span.every((b) => b === 0)).toBe(true);
            const byte = 1 + (i % 255);
            span.fill(byte);
            live.push({ ptr, size, byte });
          } else {
            release(random(live.length));
          }
        }
        while (live.length > 0) release(live.length - 1);
        expect(a.exports.engine_invalid_frees()).toBe(0);
      });
    }
  }
});
