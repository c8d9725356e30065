// hakmem_super_registry.h - which aligned megabytes are SuperSlabs.
//
// Lookup is mask-based (Phase 12): mask the address, probe the table, compare. The candidate is
// never dereferenced before it compares equal, so any address may be asked about.
#ifndef HAKMEM_SUPER_REGISTRY_H
#define HAKMEM_SUPER_REGISTRY_H

#include "superslab/superslab_types.h"

#define SUPER_REG_SIZE  32768u
#define SUPER_REG_PROBE 64u
#define SUPER_REG_TOMB  ((uintptr_t)1)

extern _Atomic(uintptr_t) g_super_reg[SUPER_REG_SIZE];

static inline uint32_t super_reg_hash(uintptr_t base) {
    return (uint32_t)(((base >> 20) * 0x9E3779B97F4A7C15ull) >> 49) & (SUPER_REG_SIZE - 1);
}

// SuperSlab that contains `p`, or NULL.
static inline SuperSlab* hak_super_lookup(const void* p) {
    uintptr_t base = (uintptr_t)p & ~SS_MASK;
    uint32_t h = super_reg_hash(base);
    for (uint32_t i = 0; i < SUPER_REG_PROBE; i++) {
        uintptr_t e = atomic_load_explicit(&g_super_reg[(h + i) & (SUPER_REG_SIZE - 1)], memory_order_acquire);
        if (e == base) return (SuperSlab*)base;
        if (e == 0) return NULL;
    }
    return NULL;
}

// Both under the shared pool's lock. Register fails when the table is crowded.
bool super_reg_register(SuperSlab* ss);
void super_reg_unregister(SuperSlab* ss);

#endif
