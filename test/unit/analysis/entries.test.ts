import { expect, it } from 'vitest';
import { findingsOfText } from './sources.ts';

async function entriesOf(source: string, file = 'a.c'): Promise<readonly string[]> {
  return (await findingsOfText({ [file]: source })).configuration.entries;
}

it.each([
  ['malloc alone', 'void *malloc(unsigned long n) { return 0; }', ['malloc']],
  ['free alone', 'void free(void *p) {}', ['free']],
  [
    'a prefix with malloc and free',
    'void *xy_malloc(int n) { return 0; } void xy_free(void *p) {}',
    ['xy_free', 'xy_malloc'],
  ],
  ['a prefix with malloc alone', 'void *xy_malloc(int n) { return 0; }', ['xy_malloc']],
  [
    'a prefix with no underscore',
    'void *rpmalloc(int n) { return 0; } void rpfree(void *p) {}',
    ['rpfree', 'rpmalloc'],
  ],
  ['no allocator', 'void release_free(void *p) {} int main(void) { return 0; }', []],
  [
    'an alias attribute',
    'void *fast_get(unsigned long n) { return 0; } void *malloc(unsigned long n) __attribute__((alias("fast_get")));',
    ['malloc'],
  ],
  [
    'an alias macro, the function first',
    '#define strong_alias(a, b) extern __typeof(a) b __attribute__((alias(#a)));\nvoid *fast_get(unsigned long n) { return 0; }\nstrong_alias(fast_get, malloc)',
    ['malloc'],
  ],
  ['a rename', '#define malloc fast_get\nvoid *fast_get(unsigned long n) { return 0; }', ['malloc']],
  [
    'a table of hooks',
    'struct zone { void *(*malloc)(int); void (*free)(void *); };\nstatic void *zget(int n) { return 0; } static void zput(void *p) {}\nstruct zone z = { .malloc = zget, .free = zput };',
    ['zget', 'zput'],
  ],
  [
    'hooks that are variables',
    'static void *get(int n) { return 0; }\nextern void *(*__malloc_hook)(int);\nvoid install(void) { __malloc_hook = get; }',
    ['get'],
  ],
  [
    'an allocator pair',
    'void *pool_alloc(int n) { return 0; } void pool_free(void *p) {}',
    ['pool_alloc', 'pool_free'],
  ],
])('entry points: %s', async (_, source, expected) => {
  expect(await entriesOf(source)).toEqual(expected);
});

it.each([
  [
    'operators',
    'void *operator new(unsigned long n) { return 0; } void operator delete(void *p) noexcept {} int operator+(struct A a, int b);',
    ['operator delete', 'operator new'],
  ],
  [
    'a class, not the one inside it',
    `struct Inner { void *allocate(int n) { return 0; } void deallocate(void *p) {} };
struct Outer { Inner in; void *allocate(int n) { return in.allocate(n); } void deallocate(void *p) { in.deallocate(p); } };`,
    ['Outer::allocate', 'Outer::deallocate'],
  ],
  [
    'a memory resource',
    'struct R : std::pmr::memory_resource { void *do_allocate(unsigned long n, unsigned long a) override { return 0; } void do_deallocate(void *p, unsigned long n, unsigned long a) override {} };',
    ['R::do_allocate', 'R::do_deallocate'],
  ],
  [
    'exported functions, not inline helpers of the same shape',
    'inline void *do_malloc(int n) { return 0; } inline void do_free(void *p) {} extern "C" void *xy_malloc(int n) { return do_malloc(n); } extern "C" void xy_free(void *p) { do_free(p); }',
    ['xy_free', 'xy_malloc'],
  ],
])('entry points of C++: %s', async (_, source, expected) => {
  expect(await entriesOf(source, 'a.cc')).toEqual(expected);
});

it("takes a test's own allocator only where there is no other", async () => {
  const mine = 'void *malloc(int n) { return 0; }';
  const both = await findingsOfText({
    'src/a.c': 'void *xy_malloc(int n) { return 0; } void xy_free(void *p) {}',
    'test/b.c': mine,
  });
  expect(both.configuration.entries).toEqual(['xy_free', 'xy_malloc']);
  expect((await findingsOfText({ 'test/b.c': mine })).configuration.entries).toEqual(['malloc']);
});

it('takes given names, methods among them, and says which it does not know', async () => {
  const f = await findingsOfText(
    {
      'a.cc':
        'struct Heap { void *get(int n) { return 0; } }; struct Other { void *get(int n) { return 0; } };',
    },
    { entries: ['Heap::get', 'nothing'] },
  );
  expect(f.functions.map((x) => [x.name, x.temperature])).toEqual([
    ['Heap::get', 'hot'],
    ['Other::get', 'unreached'],
  ]);
  expect(f.diagnostics.filter((d) => d.code === 'unknown-entry').map((d) => d.message)).toEqual([
    'No function nothing is defined in these sources: check --entry (a method is Class::method).',
  ]);
});
