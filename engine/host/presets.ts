/** Bench presets (the documents' core/bench_profile.h): named sets of a variant, compile flags and gates. */
import { UserError } from '../../extension/model.ts';

export interface Preset {
  readonly name: string;
  /** One line for people. */
  readonly purpose: string;
  /** The variant unless another one is asked for. */
  readonly variant: string;
  readonly env: Readonly<Record<string, string>>;
  readonly flags: Readonly<Record<string, string>>;
}

const tinyV3C7 = {
  HAKMEM_TINY_FRONT_V3: '1',
  HAKMEM_TINY_C7_ULTRA: '1',
  HAKMEM_MID_V3_ENABLED: '1',
};
/** LEAN+OFF: lean memory without decommit, prewarm off. */
const balanced = {
  HAKMEM_SS_MEM_LEAN: '1',
  HAKMEM_SS_MEM_LEAN_DECOMMIT: 'OFF',
  HAKMEM_SS_MEM_LEAN_TARGET_MB: '10',
  HAKMEM_SS_PREWARM: '0',
};

export const presets: readonly Preset[] = [
  {
    name: 'MIXED_TINYV3_C7_SAFE',
    purpose: 'speed first: no lean mode, superslabs prepared in advance',
    variant: 'standard',
    env: { ...tinyV3C7, HAKMEM_SS_MEM_LEAN: '0', HAKMEM_SS_PREWARM: '1' },
    flags: {},
  },
  {
    name: 'MIXED_TINYV3_C7_BALANCED',
    purpose: 'the production default: lean memory, nothing prepared in advance',
    variant: 'standard',
    env: { ...tinyV3C7, ...balanced },
    flags: {},
  },
  {
    name: 'C6_HEAVY_LEGACY_POOLV1',
    purpose: 'class 6 by the legacy route, sizes above the tiny ones by pool v1',
    variant: 'standard',
    env: {
      HAKMEM_TINY_FRONT_V3: '1',
      HAKMEM_TINY_LEGACY_DIRECT: '1',
      HAKMEM_TINY_C7_ULTRA: '0',
      HAKMEM_MID_V3_ENABLED: '0',
    },
    flags: {},
  },
  {
    name: 'C7_HEAVY_ULTRA',
    purpose: 'class 7 in its own box, its last block in a slot',
    variant: 'standard',
    env: { ...tinyV3C7, HAKMEM_TINY_C7_HOT: '1' },
    flags: {},
  },
  {
    name: 'LAYERED_BASELINE',
    purpose: 'every layer in place, nothing trusted: where Phase 19 began',
    variant: 'standard',
    env: {
      HAKMEM_FASTLANE_DIRECT: '0',
      HAKMEM_FREE_TINY_TRUSTED: '0',
      HAKMEM_TINY_ROUTE_FASTMAP: '0',
    },
    flags: {},
  },
  {
    name: 'FAST_V3',
    purpose: 'every gate a constant: the baseline of Phase 42',
    variant: 'fast',
    env: {},
    flags: {},
  },
  {
    name: 'FAST_BALANCED',
    purpose: 'every gate a constant, no slabs kept in stock: the baseline of the recovery ratio',
    variant: 'fast',
    env: {},
    flags: { WARM_POOL_PREFILL_BUDGET: '1' },
  },
];

/** Throws `UserError` with the names there are for any other. */
export function presetByName(name: string): Preset {
  const found = presets.find((p) => p.name === name);
  if (found === undefined) {
    throw new UserError(`unknown preset ${name}: the engine has ${presets.map((p) => p.name).join(', ')}`);
  }
  return found;
}
