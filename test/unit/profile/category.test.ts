import { describe, expect, it } from 'vitest';
import type { FunctionCategory } from '../../../extension/model.ts';
import { categoryOfBox } from '../../../extension/profile/category.ts';

describe('categoryOfBox', () => {
  /** Phase 19's top-10 table, and the functions that the other documents class. */
  const table: readonly (readonly [string, FunctionCategory])[] = [
    ['front_fastlane_try_free', 'wrapper'],
    ['malloc', 'wrapper'],
    ['main', 'benchmark'],
    ['free', 'wrapper'],
    ['unified_cache_push', 'core'],
    ['tiny_header_finalize_alloc', 'core'],
    ['tiny_c7_ultra_alloc', 'core'],
    ['tiny_c7_ultra_free', 'core'],
    ['hakmem_env_snapshot_enabled', 'env'],
    ['hak_super_lookup', 'core'],
    ['tiny_c7_ultra_enabled_env', 'env'],
    ['tiny_static_route_ready_fast', 'env'],
    ['tiny_unified_lifo_enabled', 'env'],
    ['mid_v3_debug_enabled', 'env'],
    ['fastlane_ctx_get', 'env'],
    ['hak_getenv', 'env'],
    ['warm_pool_record_hit', 'stats'],
    ['tiny_class_stats_hit', 'stats'],
    ['tiny_front_free_stat_inc', 'stats'],
    ['pagefault_telemetry_touch', 'stats'],
    ['classify_ptr', 'core'],
    ['superslab_refill', 'core'],
    ['free_tiny_fast', 'core'],
    ['posix_memalign', 'wrapper'],
    ['(runtime)', 'kernel'],
    ['page_fault', 'kernel'],
  ];
  for (const [name, category] of table) {
    it(`${name} is ${category}`, () => {
      expect(categoryOfBox(name)).toBe(category);
    });
  }

  it('knows no names that only look inherited', () => {
    expect(categoryOfBox('toString')).toBe('core');
    expect(categoryOfBox('constructor')).toBe('core');
  });
});
