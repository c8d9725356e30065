// Misuse on purpose: a pointer that is no live block is made, given to free, realloc or usable_size, and the heap is
// looked at afterwards. Works on the fuzzer's table and bitmap (fuzz_setup comes first), so that the blocks around the
// misused one are live objects whose contents and places are known.
import { HARNESS_BASE } from '../allocator/layout';
import { engine_heap_top } from '../allocator/engine_init';
import { aligned_alloc, free, malloc, realloc, usable_size } from '../allocator/wrappers';
import { fuzz_run } from './fuzz';
import { fuzz_fill, object_holds } from './fuzz_contents';
import { FAULT_CONTENTS, FAULT_NULL, FAULT_USABLE_CHANGED, fault_set } from './fuzz_fault';
import { shadow_clear, shadow_set } from './fuzz_shadow';
import { random_next } from './fuzz_sizes';

/** Kinds of misuse. */
const NULL_POINTER: i32 = 0;
const OUTSIDE: i32 = 1;
const INTERIOR: i32 = 2;
const MISALIGNED: i32 = 3;
const DOUBLE_AT_ONCE: i32 = 4;
/** Other blocks of the class are freed between the two frees. */
const DOUBLE_DELAYED: i32 = 5;
/** free(p); q = malloc until q == p; free(p) by who still has p; the misuse is q's owner's free. */
const DOUBLE_AFTER_REUSE: i32 = 6;

/** Kinds of blocks. */
const TINY: i32 = 0;
const MID: i32 = 1;
const LARGE: i32 = 2;
const ALIGNED: i32 = 3;

const PATTERN: u32 = 0x4d495355;
/** Allocations after which a block that was freed does not come back any more. */
const REUSE_TRIES: u32 = 20000;

/** The block that the misuse is about; 0 once it is the allocator's. */
let g_victim: usize = 0;
let g_size: u32 = 0;
let g_usable: u32 = 0;
let g_group: i32 = 0;
let g_align: u32 = 0;
let g_class: u32 = 255;

function draw(below: u32): u32 {
  return (random_next() >>> 3) % below;
}

function alloc_like_victim(): usize {
  const ptr = g_align ? aligned_alloc(g_align, g_size) : malloc(g_size);
  if (!ptr) fault_set(FAULT_NULL, 0, g_size, 0);
  return ptr;
}

/** Class C0..C7 of a tiny size. */
function class_of(size: u32): u32 {
  if (size <= 8) return 0;
  return min<u32>(7, 32 - clz((size - 1) >>> 3));
}

function draw_victim(group: i32): void {
  g_group = group;
  g_align = 0;
  if (group == TINY) {
    // All classes alike.
    const cls = draw(8);
    const top: u32 = cls == 7 ? 1040 : 8 << cls;
    const low: u32 = cls == 0 ? 1 : (4 << cls) + 1;
    g_size = low + draw(top - low + 1);
    g_class = class_of(g_size);
  } else if (group == MID) {
    g_size = 1041 + draw(31728);
    g_class = 8;
  } else if (group == LARGE) {
    g_size = 32769 + draw(400000);
    g_class = 9;
  } else {
    g_align = 32 << draw(12);
    g_size = 1 + draw(5000);
    // Tiny, mid or large: whatever serves that alignment.
    g_class = 254;
  }
}

function address_outside(): usize {
  const top = <u32>engine_heap_top();
  switch (draw(6)) {
    case 0:
      return 8 + (draw(0x1000) & ~7);
    case 1:
      return draw(<u32>HARNESS_BASE) & ~7 | 8;
    case 2:
      return HARNESS_BASE + (draw(0x10000) & ~7);
    case 3:
      return top + (draw(0x100000) & ~7);
    case 4:
      // Where there is no memory.
      return 0xfff00000 + (draw(0xfffff) & ~7);
    default:
      return max<u32>(top, 0x80000000 + (draw(0x40000000) & ~15));
  }
}

/** Gives the victim back as its owner may. */
function free_victim(): void {
  const ptr = g_victim;
  shadow_clear(ptr, max<u32>(g_usable, 1));
  g_victim = 0;
  free(ptr);
}

/** Frees `count` other blocks like the victim, after it. Linked through their first bytes. */
function free_others(first: usize): void {
  while (first) {
    const next: usize = load<u32>(first);
    free(first);
    first = next;
  }
}

function alloc_others(count: u32): usize {
  let first: usize = 0;
  for (let i: u32 = 0; i < count; i++) {
    const ptr = alloc_like_victim();
    if (!ptr) break;
    store<u32>(ptr, <u32>first);
    first = ptr;
  }
  return first;
}

/** Allocates until the block at `ptr` comes back; the others are freed again. False when it does not come. */
function reuse(ptr: usize): bool {
  let others: usize = 0;
  let found = false;
  for (let i: u32 = 0; i < REUSE_TRIES && !found; i++) {
    const got = alloc_like_victim();
    if (!got) break;
    if (got == ptr) {
      found = true;
    } else {
      store<u32>(got, <u32>others);
      others = got;
    }
  }
  free_others(others);
  return found;
}

/**
 * Makes a pointer to misuse: `kind` of misuse, `group` of blocks (tiny, mid, large, aligned), after some operations on
 * other blocks. Returns it; 0 also where the kind cannot be made (misuse_expected(2) is 0 then).
 */
export function misuse_prepare(kind: i32, group: i32): usize {
  draw_victim(group);
  fuzz_run(draw(24), 55, 0, 0x1000000, 0, false);
  // An interior pointer that is aligned needs 16 bytes.
  if (kind == INTERIOR && g_size < 17) g_size += 16;
  if (kind == INTERIOR && group == TINY) g_class = class_of(g_size);
  g_victim = alloc_like_victim();
  if (!g_victim) return 0;
  g_usable = <u32>usable_size(g_victim);
  shadow_set(g_victim, max<u32>(g_usable, 1));
  fuzz_fill(g_victim, g_size, PATTERN);
  const victim = g_victim;
  switch (kind) {
    case NULL_POINTER:
      return 0;
    case OUTSIDE:
      g_class = 255;
      return address_outside();
    case INTERIOR: {
      const pages = (g_size - 1) >>> 16;
      if (group == LARGE && pages && draw(4) == 0) return victim + (<usize>(1 + draw(pages)) << 16);
      return victim + 8 + (draw(max<u32>(1, g_size - 15)) & ~7);
    }
    case MISALIGNED:
      return victim + (draw(g_size) & ~7) + 1 + draw(7);
    case DOUBLE_AT_ONCE:
      free_victim();
      return victim;
    case DOUBLE_DELAYED: {
      const others = alloc_others(1 + draw(group == LARGE ? 4 : 40));
      free_victim();
      free_others(others);
      return victim;
    }
    default: {
      free_victim();
      if (!reuse(victim)) {
        g_class = 0xffff;
        return 0;
      }
      free(victim);
      return victim;
    }
  }
}

/** Of the prepared misuse: 0 class to be reported (254: any of a block, 255: none), 1 size, 2 whether it was made. */
export function misuse_expected(field: i32): u32 {
  return field == 0 ? g_class : field == 1 ? g_size : g_class != 0xffff ? 1 : 0;
}

/** Commits it: operation 0 free, 1 realloc, 2 usable_size. Returns realloc's block. */
export function misuse_commit(operation: i32, ptr: usize): usize {
  if (operation == 0) free(ptr);
  else if (operation == 1) return realloc(ptr, g_size + 24);
  else usable_size(ptr);
  return 0;
}

/** Afterwards: the victim is as it was, further blocks like it overlap nothing, and other operations go on. */
export function misuse_settle(result: usize): void {
  if (result && shadow_set(result, g_size + 24)) {
    shadow_clear(result, g_size + 24);
    free(result);
  }
  if (g_victim) {
    if (usable_size(g_victim) != g_usable) fault_set(FAULT_USABLE_CHANGED, g_victim, g_size, 0);
    if (!object_holds(g_victim, g_size, PATTERN)) fault_set(FAULT_CONTENTS, g_victim, g_size, PATTERN);
  }
  // A block that is free twice is handed out twice here.
  let held: usize = 0;
  for (let i: u32 = 0; i < (g_group == LARGE ? 3 : 12); i++) {
    const ptr = alloc_like_victim();
    if (!ptr || !shadow_set(ptr, max<u32>(g_size, 8))) return;
    store<u32>(ptr, <u32>held);
    held = ptr;
  }
  while (held) {
    const next: usize = load<u32>(held);
    if (!shadow_clear(held, max<u32>(g_size, 8))) return;
    free(held);
    held = next;
  }
  if (g_victim) free_victim();
  fuzz_run(draw(24), 45, 0, 0x1000000, 0, false);
}
