// hakmem_super_registry.c - the SuperSlab table: one writer at a time, lock-free readers.
#include "hakmem_super_registry.h"

_Atomic(uintptr_t) g_super_reg[SUPER_REG_SIZE];

bool super_reg_register(SuperSlab* ss) {
    uintptr_t base = (uintptr_t)ss;
    uint32_t h = super_reg_hash(base);
    for (uint32_t i = 0; i < SUPER_REG_PROBE; i++) {
        _Atomic(uintptr_t)* slot = &g_super_reg[(h + i) & (SUPER_REG_SIZE - 1)];
        uintptr_t e = atomic_load_explicit(slot, memory_order_relaxed);
        if (e == 0 || e == SUPER_REG_TOMB) {
            atomic_store_explicit(slot, base, memory_order_release);
            return true;
        }
    }
    return false;
}

void super_reg_unregister(SuperSlab* ss) {
    uintptr_t base = (uintptr_t)ss;
    uint32_t h = super_reg_hash(base);
    for (uint32_t i = 0; i < SUPER_REG_PROBE; i++) {
        _Atomic(uintptr_t)* slot = &g_super_reg[(h + i) & (SUPER_REG_SIZE - 1)];
        if (atomic_load_explicit(slot, memory_order_relaxed) == base) {
            // A tombstone keeps the probe chains of other entries intact.
            atomic_store_explicit(slot, SUPER_REG_TOMB, memory_order_release);
            return;
        }
    }
}
