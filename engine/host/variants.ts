/**
 * What can be built of the engine: compile flags with their defaults, environment gates, and the variants, each a
 * choice of flag values and of functions that stay calls.
 */

/** Compile flag -> value in `standard`, in the order of build_flags.ts. */
export const flagDefaults: Readonly<Record<string, number>> = {
  BENCH_MINIMAL: 0,
  FAST_PROFILE_FIXED: 0,
  HAKMEM_BUILD_RELEASE: 1,
  HAKMEM_BUILD_DEBUG: 0,
  HAKMEM_DEBUG_COUNTERS: 0,
  HAKMEM_TINY_HEADER: 1,
  HAKMEM_FRONT_FASTLANE_COMPILED: 1,
  HAKMEM_FASTLANE_DIRECT_DEFAULT: 1,
  HAKMEM_FREE_TINY_TRUSTED_DEFAULT: 1,
  HAKMEM_TINY_HEADER_DUP_CHECK: 0,
  TINY_SELF_U32_LOCAL_DEFINED: 1,
  HAKMEM_SS_MUNMAP_GUARD_COMPILED: 0,
  HAKMEM_FRONT_CONFIG_DEBUG_COMPILED: 0,
  HAKMEM_SS_OS_STATS_COMPILED: 0,
  HAKMEM_REL_C7_LOG_COMPILED: 0,
  HAKMEM_DBG_C7_LOG_COMPILED: 0,
  HAKMEM_FAST_PROFILE_PRUNE_BACKENDS: 0,
  WARM_POOL_PREFILL_BUDGET: 2,
  HAKMEM_TINY_CLASS_STATS_COMPILED: 0,
  HAKMEM_TINY_FREE_STATS_COMPILED: 0,
  HAKMEM_C7_FREE_COUNT_COMPILED: 0,
  HAKMEM_HDR_MISMATCH_LOG_COMPILED: 0,
  HAKMEM_HDR_META_MISMATCH_COMPILED: 0,
  HAKMEM_METRIC_BAD_CLASS_COMPILED: 0,
  HAKMEM_HDR_META_FAST_COMPILED: 0,
  HAKMEM_TINY_UNIFIED_CACHE_MEASURE_COMPILED: 0,
  HAKMEM_POOL_HOTBOX_V2_STATS_COMPILED: 0,
  HAKMEM_FRONT_STATS_COMPILED: 0,
  HAKMEM_FRONT_STATS_SAMPLED: 0,
  ENGINE_TEST_DOUBLE_HANDOUT: 0,
};

/**
 * Gates that say which backend serves: a thread reads them once, and an invalidation leaves them as they are. The others
 * may change while the engine runs.
 */
export const startGates: readonly string[] = [
  'HAKMEM_MID_V3_ENABLED',
  'HAKMEM_MID_V3_CLASSES',
  'HAKMEM_MID_V3_DEBUG',
  'HAKMEM_MID_V3_INUSE',
  'HAKMEM_POOL_V2_ENABLED',
  'HAKMEM_BG_SPILL',
  'HAKMEM_BG_SPILL_TARGET',
  'HAKMEM_REMOTE_TARGET_LEN',
  'HAKMEM_LEARN',
  'HAKMEM_ALLOC_ROUTING',
  'HAKMEM_FORCE_LIBC_ALLOC',
];

/** Environment gates that modules with run-time gates read. */
export const envGates: readonly string[] = [
  'HAKMEM_ENV_SNAPSHOT',
  'HAKMEM_FRONT_FASTLANE',
  'HAKMEM_FRONT_FASTLANE_CLASS_MASK',
  'HAKMEM_FASTLANE_DIRECT',
  'HAKMEM_FASTLANE_ENV_CTX',
  'HAKMEM_TINY_C7_ULTRA',
  'HAKMEM_TINY_DUALHOT',
  'HAKMEM_TINY_LEGACY_DIRECT',
  'HAKMEM_TINY_STATIC_ROUTE',
  'HAKMEM_TINY_ROUTE_FASTMAP',
  'HAKMEM_TINY_UNIFIED_LIFO',
  'HAKMEM_FREE_TINY_TRUSTED',
  ...startGates,
  'HAKMEM_ALLOC_PASSDOWN_SSOT',
  'HAKMEM_FREE_DISPATCH_SSOT',
  'HAKMEM_ENV_SNAPSHOT_CTOR',
  'HAKMEM_TINY_FRONT_V3',
  'HAKMEM_TINY_HEADER_MODE',
  'HAKMEM_FREE_TINY_FAST_MONO_DUALHOT',
  'HAKMEM_FREE_TINY_FAST_MONO_LEGACY_DIRECT',
  'HAKMEM_TINY_FREE_FAST_V2',
  'HAKMEM_TINY_GUARD',
  'HAKMEM_SMALL_V6_HEADERLESS_ROUTE',
  'HAKMEM_TINY_HEAP_BOX',
  'HAKMEM_TINY_HEAP_CLASS_ROUTE',
  'HAKMEM_TINY_HEAP_STATS',
  'HAKMEM_TINY_HEAP_META_ULTRA',
  'HAKMEM_TINY_C7_HOT',
  'HAKMEM_TINY_PAGE_BOX',
  'HAKMEM_SS_REGISTRY_SCAN',
  'HAKMEM_SS_TIER_CACHE',
  'HAKMEM_SS_BATCH_ACQUIRE',
  'HAKMEM_SS_RELEASE_POLICY',
  'HAKMEM_SS_LAZY_ZERO',
  'HAKMEM_SS_PREWARM',
  'HAKMEM_SS_MEM_LEAN',
  'HAKMEM_SS_MEM_LEAN_DECOMMIT',
  'HAKMEM_SS_MEM_LEAN_TARGET_MB',
];

/** The public functions, which `fast-calls` keeps as calls. */
const publicFunctions = ['malloc', 'free', 'calloc', 'realloc', 'aligned_alloc', 'usable_size'];

export interface Variant {
  readonly name: string;
  /** Differences from `flagDefaults`. */
  readonly flags: Readonly<Record<string, number>>;
  /** Box functions that stay calls: names, or all. */
  readonly keepCalls: readonly string[] | 'all';
}

const minimal: Readonly<Record<string, number>> = {
  BENCH_MINIMAL: 1,
  FAST_PROFILE_FIXED: 1,
  HAKMEM_TINY_HEADER: 0,
  HAKMEM_FRONT_FASTLANE_COMPILED: 0,
};

export const variants: readonly Variant[] = [
  { name: 'fast', flags: minimal, keepCalls: [] },
  { name: 'fast-calls', flags: minimal, keepCalls: publicFunctions },
  {
    // The documents' starting point, every layer in place: what a profile is taken of before anything is removed.
    name: 'sampled',
    flags: { HAKMEM_FASTLANE_DIRECT_DEFAULT: 0, HAKMEM_FREE_TINY_TRUSTED_DEFAULT: 0 },
    keepCalls: 'all',
  },
  { name: 'standard', flags: {}, keepCalls: publicFunctions },
  {
    name: 'research',
    flags: {
      HAKMEM_BUILD_RELEASE: 0,
      HAKMEM_BUILD_DEBUG: 1,
      HAKMEM_DEBUG_COUNTERS: 1,
      HAKMEM_TINY_HEADER_DUP_CHECK: 1,
      HAKMEM_FRONT_CONFIG_DEBUG_COMPILED: 1,
      HAKMEM_SS_OS_STATS_COMPILED: 1,
      HAKMEM_REL_C7_LOG_COMPILED: 1,
      HAKMEM_DBG_C7_LOG_COMPILED: 1,
      HAKMEM_TINY_CLASS_STATS_COMPILED: 1,
      HAKMEM_TINY_FREE_STATS_COMPILED: 1,
      HAKMEM_C7_FREE_COUNT_COMPILED: 1,
      HAKMEM_HDR_MISMATCH_LOG_COMPILED: 1,
      HAKMEM_HDR_META_MISMATCH_COMPILED: 1,
      HAKMEM_METRIC_BAD_CLASS_COMPILED: 1,
      HAKMEM_HDR_META_FAST_COMPILED: 1,
      HAKMEM_TINY_UNIFIED_CACHE_MEASURE_COMPILED: 1,
      HAKMEM_POOL_HOTBOX_V2_STATS_COMPILED: 1,
      HAKMEM_FRONT_STATS_COMPILED: 1,
    },
    keepCalls: publicFunctions,
  },
];

/** Flags of a variant with `overrides` on top, complete. */
export function flagsOf(
  variant: Variant,
  overrides: Readonly<Record<string, number>>,
): Record<string, number> {
  return { ...flagDefaults, ...variant.flags, ...overrides };
}

/** Whether the module reads its environment gates at run time. */
export function readsEnvironment(flags: Readonly<Record<string, number>>): boolean {
  return flags.BENCH_MINIMAL === 0;
}
