// hak_spinlock_box.h - short critical sections that must survive fork() and need no initialiser call.
#ifndef HAK_SPINLOCK_BOX_H
#define HAK_SPINLOCK_BOX_H

#include <sched.h>

typedef struct HakSpinlock {
    int held;
} HakSpinlock;

static inline int hak_spin_trylock(HakSpinlock* l) {
    return __sync_lock_test_and_set(&l->held, 1) == 0;
}

static inline void hak_spin_lock(HakSpinlock* l) {
    int spins = 0;
    while (!hak_spin_trylock(l)) {
        while (__atomic_load_n(&l->held, __ATOMIC_RELAXED)) {
            if (++spins < 64) {
                __builtin_ia32_pause();
            } else {
                sched_yield();
            }
        }
    }
}

static inline void hak_spin_unlock(HakSpinlock* l) {
    __sync_lock_release(&l->held);
}

#endif
