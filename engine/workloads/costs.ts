// What one more of something costs on a hot path of WebAssembly: a module of its own, not part of the engine's. The small
// free-list allocator and the loop are those of extension/native/costs.c. WebAssembly's atomics are all sequentially
// consistent, so that there is no relaxed add to measure.
//
// Each `cost_*` does `iters` operations of random_mixed with the item 0 to 4 times in malloc and as often in free; the
// copies differ in constants only. The host allots the memory (engine/host/costs-run.ts).
import { step } from './random';

const NONE: i32 = 0;
const SEQ_CST_ADD: i32 = 1;
const ACQUIRE_LOAD: i32 = 2;
const COMPARE_AND_SWAP: i32 = 3;
const GLOBAL_READ: i32 = 4;
const GATE: i32 = 5;
const HEADER: i32 = 6;
const WRAPPER: i32 = 7;

/** Addresses. Atomics work on four lines of 128 bytes, gates on four words, lists and classes on tables. */
const LINES: usize = 0x1000;
const GATES: usize = 0x2000;
const STOP: usize = 0x2100;
const HAMMERED: usize = 0x2180;
const LISTS: usize = 0x3000;
const CLASSES: usize = 0x4000;
const SLOTS: usize = 0x5000;
const AREA: usize = 0x10000;
const UNITS: u32 = 512;

// A thread's own in an instance, as engine/allocator/tls.ts has it.
let own_0: u32 = 0;
let own_1: u32 = 0;
let own_2: u32 = 0;
let own_3: u32 = 0;
let units: u32 = 0;
let gated: u32 = 0;

/** The own words are 0, and only the host knows. */
export function costs_reset(a: u32, b: u32, c: u32, d: u32): void {
  for (let i: usize = 0; i < 4; i++) store<i32>(GATES + (i << 2), -1);
  own_0 = a;
  own_1 = b;
  own_2 = c;
  own_3 = d;
  units = 0;
  gated = 0;
}

function ask_cold(i: usize): i32 {
  store<i32>(GATES + (i << 2), 0);
  return 0;
}

function gated_cold(): void {
  gated++;
}

function header_cold(): void {
  unreachable();
}

/** The i-th of an item; `p` is the block that the operation is about. What it read, where nothing else needs it. */
@inline
function one(item: i32, i: usize, p: usize): u32 {
  if (item == SEQ_CST_ADD) atomic.add<u64>(LINES + (i << 7), 1);
  else if (item == ACQUIRE_LOAD) atomic.load<u64>(LINES + (i << 7));
  else if (item == COMPARE_AND_SWAP) {
    // The expected value comes from a plain load: an atomic one would be a second item.
    const v = load<u64>(LINES + (i << 7));
    atomic.cmpxchg<u64>(LINES + (i << 7), v, v + 1);
  } else if (item == GLOBAL_READ) {
    if (i == 0) return own_0;
    if (i == 1) return own_1;
    if (i == 2) return own_2;
    return own_3;
  } else if (item == GATE) {
    let g = load<i32>(GATES + (i << 2));
    if (g < 0) g = ask_cold(i);
    if (g) gated_cold();
  } else if (item == HEADER) {
    if ((load<u8>(p - 1 - i) & 0xf0) != 0xa0) header_cold();
  }
  return 0;
}

@inline
function items(item: i32, count: i32, p: usize): u32 {
  let read: u32 = 0;
  if (count > 0) read += one(item, 0, p);
  if (count > 1) read += one(item, 1, p);
  if (count > 2) read += one(item, 2, p);
  if (count > 3) read += one(item, 3, p);
  return read;
}

function refill_cold(c: u32): usize {
  if (units == UNITS) unreachable();
  const from = AREA + (<usize>units << 16);
  const stride: usize = (<usize>c << 4) + 16;
  store<u8>(CLASSES + units, <u8>c);
  units++;
  for (let at: usize = 0; at + stride <= 0x10000; at += stride) {
    memory.fill(from + at, 0xa0 | (<u8>c & 15), 16);
    const b = from + at + 16;
    store<u32>(b, load<u32>(LISTS + (<usize>c << 2)));
    store<u32>(LISTS + (<usize>c << 2), <u32>b);
  }
  const b: usize = load<u32>(LISTS + (<usize>c << 2));
  store<u32>(LISTS + (<usize>c << 2), load<u32>(b));
  return b;
}

@inline
function get(n: u32): usize {
  const c = (n + 15) >>> 4;
  const b: usize = load<u32>(LISTS + (<usize>c << 2));
  if (!b) return refill_cold(c);
  store<u32>(LISTS + (<usize>c << 2), load<u32>(b));
  return b;
}

@inline
function put(p: usize): void {
  const c: u32 = load<u8>(CLASSES + ((p - AREA) >>> 16));
  store<u32>(p, load<u32>(LISTS + (<usize>c << 2)));
  store<u32>(LISTS + (<usize>c << 2), <u32>p);
}

// Layers that both compilers keep as calls (compile.ts, child.ts).
function layer_get_1(n: u32): usize {
  return get(n);
}
function layer_get_2(n: u32): usize {
  return layer_get_1(n);
}
function layer_get_3(n: u32): usize {
  return layer_get_2(n);
}
function layer_get_4(n: u32): usize {
  return layer_get_3(n);
}
function layer_put_1(p: usize): void {
  put(p);
}
function layer_put_2(p: usize): void {
  layer_put_1(p);
}
function layer_put_3(p: usize): void {
  layer_put_2(p);
}
function layer_put_4(p: usize): void {
  layer_put_3(p);
}

@inline
function outer_get(count: i32, n: u32): usize {
  if (count == 1) return layer_get_1(n);
  if (count == 2) return layer_get_2(n);
  return layer_get_4(n);
}
@inline
function outer_put(count: i32, p: usize): void {
  if (count == 1) layer_put_1(p);
  else if (count == 2) layer_put_2(p);
  else layer_put_4(p);
}

/** A sum over what was done, the same for every variant on the same seed. */
@inline
function loop(item: i32, count: i32, iters: u32, ws: u32, min: u32, max: u32, seed: u32): u32 {
  const span = max - min + 1;
  let x = seed;
  let sum: u32 = 0;
  for (let left = iters; left; left--) {
    x = step(x);
    const slot = SLOTS + (<usize>(x % ws) << 2);
    const old: usize = load<u32>(slot);
    if (old) {
      if (item == WRAPPER) outer_put(count, old);
      else {
        sum += items(item, count, old);
        put(old);
      }
      store<u32>(slot, 0);
    } else {
      const n = min + ((x >>> 8) % span);
      let p: usize = 0;
      if (item == WRAPPER) p = outer_get(count, n);
      else {
        p = get(n);
        sum += items(item, count, p);
      }
      store<u8>(p, 1);
      store<u8>(p + n - 1, 1);
      store<u32>(slot, <u32>p);
      sum += n;
    }
  }
  return sum ^ x;
}

/** Untimed: frees what the slots hold. */
export function costs_drain(ws: u32): void {
  for (let i: u32 = 0; i < ws; i++) {
    const slot = SLOTS + (<usize>i << 2);
    const p: usize = load<u32>(slot);
    if (p) put(p);
    store<u32>(slot, 0);
  }
}

/** Writes to the lines of the atomics until told to stop: the other thread of the contended rows. */
export function costs_hammer(): void {
  while (!atomic.load<u32>(STOP)) {
    for (let i: usize = 0; i < 4; i++) atomic.add<u64>(LINES + (i << 7), 1);
    atomic.add<u32>(HAMMERED, 1);
  }
}

export function cost_base(iters: u32, ws: u32, min: u32, max: u32, seed: u32): u32 {
  return loop(NONE, 0, iters, ws, min, max, seed);
}
export function cost_add_1(iters: u32, ws: u32, min: u32, max: u32, seed: u32): u32 {
  return loop(SEQ_CST_ADD, 1, iters, ws, min, max, seed);
}
export function cost_add_2(iters: u32, ws: u32, min: u32, max: u32, seed: u32): u32 {
  return loop(SEQ_CST_ADD, 2, iters, ws, min, max, seed);
}
export function cost_add_4(iters: u32, ws: u32, min: u32, max: u32, seed: u32): u32 {
  return loop(SEQ_CST_ADD, 4, iters, ws, min, max, seed);
}
export function cost_load_1(iters: u32, ws: u32, min: u32, max: u32, seed: u32): u32 {
  return loop(ACQUIRE_LOAD, 1, iters, ws, min, max, seed);
}
export function cost_load_2(iters: u32, ws: u32, min: u32, max: u32, seed: u32): u32 {
  return loop(ACQUIRE_LOAD, 2, iters, ws, min, max, seed);
}
export function cost_load_4(iters: u32, ws: u32, min: u32, max: u32, seed: u32): u32 {
  return loop(ACQUIRE_LOAD, 4, iters, ws, min, max, seed);
}
export function cost_cas_1(iters: u32, ws: u32, min: u32, max: u32, seed: u32): u32 {
  return loop(COMPARE_AND_SWAP, 1, iters, ws, min, max, seed);
}
export function cost_cas_2(iters: u32, ws: u32, min: u32, max: u32, seed: u32): u32 {
  return loop(COMPARE_AND_SWAP, 2, iters, ws, min, max, seed);
}
export function cost_cas_4(iters: u32, ws: u32, min: u32, max: u32, seed: u32): u32 {
  return loop(COMPARE_AND_SWAP, 4, iters, ws, min, max, seed);
}
export function cost_own_1(iters: u32, ws: u32, min: u32, max: u32, seed: u32): u32 {
  return loop(GLOBAL_READ, 1, iters, ws, min, max, seed);
}
export function cost_own_2(iters: u32, ws: u32, min: u32, max: u32, seed: u32): u32 {
  return loop(GLOBAL_READ, 2, iters, ws, min, max, seed);
}
export function cost_own_4(iters: u32, ws: u32, min: u32, max: u32, seed: u32): u32 {
  return loop(GLOBAL_READ, 4, iters, ws, min, max, seed);
}
export function cost_gate_1(iters: u32, ws: u32, min: u32, max: u32, seed: u32): u32 {
  return loop(GATE, 1, iters, ws, min, max, seed);
}
export function cost_gate_2(iters: u32, ws: u32, min: u32, max: u32, seed: u32): u32 {
  return loop(GATE, 2, iters, ws, min, max, seed);
}
export function cost_gate_4(iters: u32, ws: u32, min: u32, max: u32, seed: u32): u32 {
  return loop(GATE, 4, iters, ws, min, max, seed);
}
export function cost_header_1(iters: u32, ws: u32, min: u32, max: u32, seed: u32): u32 {
  return loop(HEADER, 1, iters, ws, min, max, seed);
}
export function cost_header_2(iters: u32, ws: u32, min: u32, max: u32, seed: u32): u32 {
  return loop(HEADER, 2, iters, ws, min, max, seed);
}
export function cost_header_4(iters: u32, ws: u32, min: u32, max: u32, seed: u32): u32 {
  return loop(HEADER, 4, iters, ws, min, max, seed);
}
export function cost_wrapper_1(iters: u32, ws: u32, min: u32, max: u32, seed: u32): u32 {
  return loop(WRAPPER, 1, iters, ws, min, max, seed);
}
export function cost_wrapper_2(iters: u32, ws: u32, min: u32, max: u32, seed: u32): u32 {
  return loop(WRAPPER, 2, iters, ws, min, max, seed);
}
export function cost_wrapper_4(iters: u32, ws: u32, min: u32, max: u32, seed: u32): u32 {
  return loop(WRAPPER, 4, iters, ws, min, max, seed);
}
