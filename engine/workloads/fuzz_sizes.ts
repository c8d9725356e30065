// Random numbers and sizes of the fuzzer.
import { step } from './random';

let g_x: u32 = 1;

/** Any seed; 0 would stay 0. */
export function random_seed(seed: u32): void {
  g_x = (seed * 0x9e3779b1) ^ 0x6a09e667;
  if (!g_x) g_x = 1;
  for (let i = 0; i < 8; i++) g_x = step(g_x);
}

@inline // leaf
export function random_next(): u32 {
  g_x = step(g_x);
  // The low bits of neighbours are related: a multiplication spreads them.
  return (g_x * 0x85ebca6b) >>> 7 ^ g_x;
}

/** Sizes within 2 bytes of where classes, kinds of blocks and pages end. */
function edge_size(r: u32): u32 {
  const near = (r & 3) - 1;
  const k = (r >>> 2) % 44;
  if (k < 34) {
    // Four steps a doubling, 32 .. 8192 and a little beyond.
    const doubling: u32 = 32 << (k >>> 2);
    return doubling + (doubling >>> 2) * (k & 3) + near;
  }
  if (k < 37) return 1040 + near;
  if (k < 39) return 16384 + near;
  if (k < 41) return 32768 + near;
  if (k < 43) return 65536 + near;
  return 131072 + near;
}

function tiny_size(r: u32): u32 {
  // Small sizes more often: 1 .. 16, 64, 256, 1040.
  const shift = (r & 3) << 1;
  return 1 + ((r >>> 2) % (shift == 6 ? 1040 : 16 << shift));
}

/** A size by profile: 0 everything, 1 tiny, 2 mid (1041 .. 32768), 3 large, 4 edges of classes, 5 up to 24 bytes. */
export function draw_size(profile: u32): u32 {
  const r = random_next();
  switch (profile) {
    case 1:
      return tiny_size(r);
    case 2:
      return 1041 + (r >>> 2) % 31728;
    case 3:
      return 32769 + (r >>> 2) % ((r & 3) ? 262144 : 4194304);
    case 4:
      return edge_size(r);
    case 5:
      return (r >>> 2) % 25;
    default: {
      const kind = r & 1023;
      const s = random_next();
      if (kind < 16) return 0;
      if (kind < 780) return tiny_size(s);
      if (kind < 900) return edge_size(s);
      if (kind < 1008) return 1041 + (s >>> 2) % (s & 3 ? 7000 : 31728);
      if (kind < 1022) return 32769 + (s >>> 2) % 98304;
      return 65536 + (s >>> 2) % 4194304;
    }
  }
}
