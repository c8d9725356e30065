// madvise_guard_box.c - madvise() with its failures counted, and an off switch after ENOMEM.
#include "madvise_guard_box.h"

#include "../hakmem_internal.h"
#include "hak_env_box.h"
#include "ss_os_acquire_box.h"

#include <errno.h>

_Atomic(uint64_t) g_ss_os_madvise_calls;
static _Atomic(uint64_t) g_ss_os_madvise_fail_other;

// Once the kernel said ENOMEM, asking again only costs system calls. Read before every call, so this
// one is not a statistic.
static _Atomic(bool) g_madvise_disabled;

int ss_madvise_guarded(void* p, size_t size, int advice, const char* who) {
    if (((uintptr_t)p & 4095u) != 0 || (size & 4095u) != 0) return 0;
    if (atomic_load_explicit(&g_madvise_disabled, memory_order_relaxed)) return 0;

    int saved = errno;
    atomic_fetch_add_explicit(&g_ss_os_madvise_calls, 1, memory_order_relaxed);
    int ok = madvise(p, size, advice) == 0;
    if (!ok) {
        if (errno == ENOMEM) {
            atomic_store_explicit(&g_madvise_disabled, true, memory_order_relaxed);
            // Read where it is needed: this path runs at most once.
            if (hak_env_flag("HAKMEM_SS_MADVISE_STRICT", 0)) {
                hak_log_line("[hakmem] madvise refused by the kernel (%s, %zu bytes), switched off\n", who, size);
            }
        } else {
            uint64_t n = atomic_fetch_add_explicit(&g_ss_os_madvise_fail_other, 1, memory_order_relaxed);
            if (n < 4) hak_log_line("[hakmem] madvise failed (%s, errno %d)\n", who, errno);
        }
    }
    errno = saved;
    return ok;
}
