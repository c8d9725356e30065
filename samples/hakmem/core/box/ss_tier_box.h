// ss_tier_box.h - the heat of a SuperSlab.
//
// Tiers change while other threads look: the load stays atomic (it decides who gets new slabs).
#ifndef SS_TIER_BOX_H
#define SS_TIER_BOX_H

#include "../superslab/superslab_types.h"

static inline bool ss_tier_is_hot(SuperSlab* ss) {
    return atomic_load_explicit(&ss->tier, memory_order_acquire) == SS_TIER_HOT;
}

static inline void ss_tier_set(SuperSlab* ss, SSTier tier) {
    atomic_store_explicit(&ss->tier, (int)tier, memory_order_release);
}

#endif
