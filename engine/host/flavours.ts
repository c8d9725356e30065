/**
 * Compile settings as people write them (`--flag NAME=VALUE`) to compile flags: build flavours, NDEBUG, EXTRA_CFLAGS,
 * and the other spellings that the documents use.
 */
import { UserError } from '../../extension/model.ts';
import { flagDefaults } from './variants.ts';

type Flags = Readonly<Record<string, number>>;

/** BUILD_FLAVOR -> what it sets. */
export const flavours: Readonly<Record<string, Flags>> = {
  release: {
    HAKMEM_BUILD_RELEASE: 1,
    HAKMEM_BUILD_DEBUG: 0,
    HAKMEM_DEBUG_COUNTERS: 0,
    HAKMEM_TINY_HEADER_DUP_CHECK: 0,
    HAKMEM_FREE_TINY_TRUSTED_DEFAULT: 1,
    HAKMEM_FRONT_STATS_COMPILED: 0,
  },
  debug: {
    HAKMEM_BUILD_RELEASE: 0,
    HAKMEM_BUILD_DEBUG: 1,
    HAKMEM_DEBUG_COUNTERS: 1,
    HAKMEM_TINY_HEADER_DUP_CHECK: 1,
    HAKMEM_FREE_TINY_TRUSTED_DEFAULT: 0,
    HAKMEM_FRONT_STATS_COMPILED: 1,
  },
};

/** Other spellings of flags. */
export const flagAliases: Readonly<Record<string, string>> = {
  HAKMEM_BENCH_MINIMAL: 'BENCH_MINIMAL',
  HAKMEM_FAST_PROFILE_FIXED: 'FAST_PROFILE_FIXED',
  FAST_PROFILE_PRUNE_BACKENDS: 'HAKMEM_FAST_PROFILE_PRUNE_BACKENDS',
  PREFILL_BUDGET: 'WARM_POOL_PREFILL_BUDGET',
};

const settings = ['BUILD_FLAVOR', 'NDEBUG', 'EXTRA_CFLAGS'];

function flagValue(name: string, text: string): number {
  // `--flag NAME` without a value arrives as an empty text and means 1, as -D does in C.
  const value = text === '' ? 1 : Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 255) {
    throw new UserError(`compile flag ${name} takes a whole number from 0 to 255, not ${text}`);
  }
  return value;
}

function oneFlag(name: string, text: string): Record<string, number> {
  const flag = flagAliases[name] ?? name;
  if (!Object.hasOwn(flagDefaults, flag)) {
    const known = [...settings, ...Object.keys(flagDefaults)].join(', ');
    throw new UserError(`unknown compile flag ${name}: the engine has ${known}`);
  }
  return { [flag]: flagValue(name, text) };
}

/** `-DNAME=VALUE -DNAME ...` */
function extraFlags(text: string): Record<string, number> {
  const out: Record<string, number> = {};
  for (const word of text.split(/\s+/).filter((w) => w !== '')) {
    const m = /^-D(\w+)(?:=(.*))?$/.exec(word);
    if (m?.[1] === undefined) {
      throw new UserError(`EXTRA_CFLAGS takes -DNAME or -DNAME=VALUE, not ${word}`);
    }
    Object.assign(out, oneFlag(m[1], m[2] ?? ''));
  }
  return out;
}

/**
 * Compile flags that `texts` asks for. A flavour is weakest, NDEBUG decides HAKMEM_DEBUG_COUNTERS (1 -> 0, 0 -> 1), single
 * flags win over both and EXTRA_CFLAGS over all. Throws `UserError` for names and values that mean nothing.
 */
export function compileSettings(texts: Readonly<Record<string, string>>): Record<string, number> {
  const out: Record<string, number> = {};
  const { BUILD_FLAVOR: flavour, NDEBUG: ndebug, EXTRA_CFLAGS: extra, ...single } = texts;
  if (flavour !== undefined) {
    const set = Object.hasOwn(flavours, flavour) ? flavours[flavour] : undefined;
    if (set === undefined) {
      throw new UserError(`BUILD_FLAVOR is ${Object.keys(flavours).join(' or ')}, not ${flavour}`);
    }
    Object.assign(out, set);
  }
  if (ndebug !== undefined) out.HAKMEM_DEBUG_COUNTERS = flagValue('NDEBUG', ndebug) === 0 ? 1 : 0;
  for (const [name, text] of Object.entries(single)) Object.assign(out, oneFlag(name, text));
  return extra === undefined ? out : { ...out, ...extraFlags(extra) };
}
