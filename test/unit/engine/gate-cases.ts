/** For every environment gate a setting, a workload, and the box whose executed instructions tell the two apart. */
import type { EngineInstance } from '../../../engine/host/instantiate.ts';

export interface GateCase {
  readonly gate: string;
  readonly value: string;
  /** Gates that have to be set for this one to be asked. */
  readonly under?: Readonly<Record<string, string>>;
  readonly profile?: string;
  /** In the place of a pass of random_mixed. */
  readonly work?: (engine: EngineInstance) => void;
  /** The box, and which way flipping the gate moves what it executes. */
  readonly box: string;
  readonly moves: 'up' | 'down';
}

/** Zeroed objects of many sizes, from memory never used before. */
function callocs({ exports }: EngineInstance): void {
  for (let i = 0; i < 4000; i++) exports.calloc(1, 16 + ((i * 136) % 4000));
}

/** Waves that grow the heap and leave most of it free again. */
function waves({ exports }: EngineInstance): void {
  for (const size of [60, 900, 300, 5000, 40, 2000]) {
    const held = Array.from({ length: Math.ceil(6e6 / size) }, () => exports.malloc(size));
    for (const p of held) exports.free(p);
  }
}

const layered = { HAKMEM_FASTLANE_DIRECT: '0' };
const noFastmap = { ...layered, HAKMEM_TINY_ROUTE_FASTMAP: '0' };
const heapBox = { HAKMEM_TINY_HEAP_BOX: '1' };
const lean = { HAKMEM_SS_MEM_LEAN: '1' };
export const gateCases: readonly GateCase[] = [
  { gate: 'HAKMEM_ENV_SNAPSHOT', value: '0', under: layered, box: 'env_snapshot', moves: 'down' },
  { gate: 'HAKMEM_FASTLANE_DIRECT', value: '0', box: 'front_fastlane_box', moves: 'up' },
  { gate: 'HAKMEM_FRONT_FASTLANE', value: '0', under: layered, box: 'hak_alloc_api', moves: 'up' },
  {
    gate: 'HAKMEM_FRONT_FASTLANE_CLASS_MASK',
    value: '0x7f',
    under: layered,
    box: 'hak_free_api',
    moves: 'up',
  },
  { gate: 'HAKMEM_FASTLANE_ENV_CTX', value: '1', under: layered, box: 'fastlane_ctx', moves: 'up' },
  { gate: 'HAKMEM_FREE_TINY_TRUSTED', value: '0', under: layered, box: 'tiny_free_gate_box', moves: 'up' },
  {
    gate: 'HAKMEM_ALLOC_PASSDOWN_SSOT',
    value: '1',
    under: layered,
    box: 'front_fastlane_box',
    moves: 'down',
  },
  { gate: 'HAKMEM_TINY_C7_ULTRA', value: '0', box: 'tiny_c7_ultra', moves: 'down' },
  { gate: 'HAKMEM_TINY_DUALHOT', value: '1', profile: 'tiny', box: 'tiny_front_hot_box', moves: 'up' },
  { gate: 'HAKMEM_TINY_LEGACY_DIRECT', value: '1', under: layered, box: 'tiny_route', moves: 'down' },
  { gate: 'HAKMEM_TINY_ROUTE_FASTMAP', value: '0', under: layered, box: 'tiny_route', moves: 'down' },
  { gate: 'HAKMEM_TINY_STATIC_ROUTE', value: '0', under: noFastmap, box: 'tiny_route', moves: 'up' },
  { gate: 'HAKMEM_TINY_UNIFIED_LIFO', value: '0', box: 'unified_cache', moves: 'up' },
  { gate: 'HAKMEM_MID_V3_ENABLED', value: '0', profile: 'mid', box: 'pool_v1', moves: 'up' },
  { gate: 'HAKMEM_MID_V3_CLASSES', value: '0', profile: 'mid', box: 'pool_v1', moves: 'up' },
  {
    gate: 'HAKMEM_MID_V3_DEBUG',
    value: '1',
    under: { HAKMEM_MID_V3_INUSE: '1' },
    profile: 'mid',
    box: 'mid_v3',
    moves: 'up',
  },
  { gate: 'HAKMEM_MID_V3_INUSE', value: '1', profile: 'mid', box: 'mid_inuse_box', moves: 'up' },
  { gate: 'HAKMEM_POOL_V2_ENABLED', value: '1', profile: 'mid', box: 'pool_hotbox_v2_box', moves: 'up' },
  { gate: 'HAKMEM_BG_SPILL', value: '1', profile: 'tiny', box: 'tiny_bg_spill', moves: 'up' },
  {
    gate: 'HAKMEM_BG_SPILL_TARGET',
    value: '0',
    under: { HAKMEM_BG_SPILL: '1' },
    profile: 'tiny',
    box: 'tiny_free_magazine',
    moves: 'down',
  },
  { gate: 'HAKMEM_LEARN', value: '1', box: 'learner_box', moves: 'up' },
  { gate: 'HAKMEM_ALLOC_ROUTING', value: '30', profile: 'mid', box: 'pool_v1', moves: 'up' },
  { gate: 'HAKMEM_FORCE_LIBC_ALLOC', value: '1', box: 'libc_heap', moves: 'up' },
  {
    gate: 'HAKMEM_FREE_DISPATCH_SSOT',
    value: '1',
    under: layered,
    profile: 'mid',
    box: 'classify_ptr',
    moves: 'down',
  },
  { gate: 'HAKMEM_ENV_SNAPSHOT_CTOR', value: '1', box: 'env_snapshot', moves: 'up' },
  { gate: 'HAKMEM_TINY_FRONT_V3', value: '0', under: layered, box: 'tiny_front_v3', moves: 'down' },
  { gate: 'HAKMEM_TINY_HEADER_MODE', value: 'light', box: 'malloc_tiny_fast_cold', moves: 'up' },
  {
    gate: 'HAKMEM_FREE_TINY_FAST_MONO_DUALHOT',
    value: '1',
    profile: 'tiny',
    box: 'tiny_free_fast_v2',
    moves: 'up',
  },
  { gate: 'HAKMEM_FREE_TINY_FAST_MONO_LEGACY_DIRECT', value: '1', box: 'tiny_free_fast_v2', moves: 'up' },
  { gate: 'HAKMEM_TINY_FREE_FAST_V2', value: '1', box: 'tiny_free_fast_v2', moves: 'up' },
  { gate: 'HAKMEM_TINY_GUARD', value: '1', box: 'tiny_guard_box', moves: 'up' },
  { gate: 'HAKMEM_SMALL_V6_HEADERLESS_ROUTE', value: '1', box: 'small_v6_route', moves: 'up' },
  { gate: 'HAKMEM_TINY_HEAP_BOX', value: '1', box: 'tiny_heap_box', moves: 'up' },
  { gate: 'HAKMEM_TINY_HEAP_CLASS_ROUTE', value: '0x40', under: heapBox, box: 'tiny_heap_box', moves: 'up' },
  { gate: 'HAKMEM_TINY_HEAP_STATS', value: '1', under: heapBox, box: 'stats', moves: 'up' },
  { gate: 'HAKMEM_TINY_HEAP_META_ULTRA', value: '0x80', under: heapBox, box: 'tiny_heap_box', moves: 'up' },
  { gate: 'HAKMEM_TINY_C7_HOT', value: '1', box: 'tiny_c7_hot', moves: 'up' },
  { gate: 'HAKMEM_TINY_PAGE_BOX', value: '1', box: 'tiny_page_box', moves: 'up' },
  { gate: 'HAKMEM_SS_REGISTRY_SCAN', value: '0', work: waves, box: 'shared_pool_stages', moves: 'down' },
  { gate: 'HAKMEM_SS_TIER_CACHE', value: '1', work: waves, box: 'superslab_tiers', moves: 'up' },
  { gate: 'HAKMEM_SS_BATCH_ACQUIRE', value: '0', work: waves, box: 'warm_pool_prefill_box', moves: 'up' },
  { gate: 'HAKMEM_SS_RELEASE_POLICY', value: '0', work: waves, box: 'ss_release_policy_box', moves: 'down' },
  { gate: 'HAKMEM_SS_LAZY_ZERO', value: '0', work: callocs, box: 'lazy_zero_box', moves: 'down' },
  { gate: 'HAKMEM_SS_PREWARM', value: '1', box: 'ss_prewarm_box', moves: 'up' },
  { gate: 'HAKMEM_SS_MEM_LEAN', value: '1', work: waves, box: 'ss_release_policy_box', moves: 'up' },
  {
    gate: 'HAKMEM_SS_MEM_LEAN_DECOMMIT',
    value: 'FREE',
    under: lean,
    work: waves,
    box: 'madvise_guard_box',
    moves: 'up',
  },
  {
    gate: 'HAKMEM_SS_MEM_LEAN_TARGET_MB',
    value: '0',
    under: lean,
    work: waves,
    box: 'ss_release_policy_box',
    moves: 'up',
  },
];
