import { expect, it } from 'vitest';
import { findingsOfText } from './sources.ts';

it('names the kind of work: wrapper, core, env, benchmark, kernel, stats', async () => {
  const f = await findingsOfText({
    'a.c': `#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
static _Atomic unsigned long hits;
static unsigned long bits[8];
struct block { struct block *next; };
static struct block *list;
static int on(void) { static int g = -1; if (g < 0) g = getenv("X_ON") != 0; return g; }
static void *map(unsigned long n) { return mmap(0, n, 3, 34, -1, 0); }
static void note(void) { atomic_fetch_add(&hits, 1); }
static void add(_Atomic unsigned long *p, unsigned long n) { atomic_fetch_add(p, n); }
static int popular(void) { int n = 0; for (int i = 0; i < 8; i++) n += bits[i] != 0; return n; }
static void *get(unsigned long n) { if (!on()) n++; struct block *b = list; if (b == 0) return map(n); list = b->next; bits[n & 7] = n; return b; }
void show(void) { printf("%lu\\n", atomic_load(&hits)); }
void *malloc(unsigned long n) { note(); add(&bits[0], n); if (popular() > 3) n++; return get(n); }
int main(void) { return malloc(3) == 0; }`,
  });
  expect(Object.fromEntries(f.functions.map((x) => [x.name, x.category]))).toEqual({
    on: 'env',
    map: 'kernel',
    note: 'stats',
    add: 'wrapper',
    popular: 'core',
    get: 'core',
    show: 'stats',
    malloc: 'wrapper',
    main: 'benchmark',
  });
});

it('does not take a failed check for a system call', async () => {
  const f = await findingsOfText(`#include <stdlib.h>
#include <unistd.h>
#define CHECK(x) do { if (!(x)) { write(2, "failed", 6); abort(); } } while (0)
static long walk(long n) { CHECK(n > 0); return n * 3; }
void *malloc(unsigned long n) { return (void *)walk(n); }`);
  expect(f.functions.map((x) => [x.name, x.category, x.temperature])).toEqual([
    ['walk', 'core', 'hot'],
    ['malloc', 'wrapper', 'hot'],
  ]);
});
