// hakmem.c - start-up, fork, and the public interface.
#define _GNU_SOURCE
#include "hakmem_internal.h"

#include "box/front_fastlane_box.h"
#include "box/free_dispatch_env_box.h"
#include "box/hak_boot_box.h"
#include "box/hak_classify_box.h"
#include "box/hak_env_box.h"
#include "box/hakmem_env_snapshot_box.h"
#include "box/mid_hotbox_v3_box.h"
#include "box/tiny_front_v3_env_box.h"
#include "hakmem_large.h"
#include "hakmem_pool.h"
#include "hakmem_shared_pool.h"
#include "hakmem_tiny.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int g_initialized;
__thread uint32_t g_hak_thread_id;
__thread FastLaneCtx g_fastlane_ctx;
__thread int g_fastlane_ctx_init;

_Alignas(16) uint8_t g_boot_arena[BOOT_ARENA_BYTES];
_Atomic(size_t) g_boot_used;

static _Atomic(uint32_t) g_next_thread_id = 1;

enum { INIT_NONE = 0, INIT_RUNNING, INIT_DONE };
static _Atomic(int) g_init_state = INIT_NONE;
static __thread bool t_in_init;

static bool hak_init(void);

uint32_t hak_thread_id_assign(void) {
    g_hak_thread_id = atomic_fetch_add_explicit(&g_next_thread_id, 1, memory_order_relaxed);
    return g_hak_thread_id;
}

void hak_log_line(const char* fmt, ...) {
    char line[256];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    if (n <= 0) return;
    size_t len = (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
    if (write(STDERR_FILENO, line, len) < 0) return;
}

void fastlane_ctx_fill(void) {
    FastLaneCtx* ctx = &g_fastlane_ctx;
    const HakmemEnvSnapshot* env = hakmem_env_snapshot();
    ctx->version = atomic_load_explicit(&g_hakmem_env_snapshot_version, memory_order_acquire);
    ctx->c7_ultra_enabled = env->tiny_c7_ultra_enabled;
    ctx->dualhot_enabled = env->dualhot_enabled;
    ctx->legacy_direct_enabled = env->legacy_direct_enabled;
    for (int c = 0; c < TINY_NUM_CLASSES; c++) {
        ctx->route_kind[c] = (uint8_t)tiny_route_of(c);
    }
    g_fastlane_ctx_init = 1;
}

#include "box/hak_alloc_api.inc.h"
#include "box/hak_free_api.inc.h"
#include "box/hak_wrappers.inc.h"

// False while the environment cannot be read yet, or while this very thread is starting up.
static bool hak_init(void) {
    if (!environ || t_in_init) return false;
    int expected = INIT_NONE;
    if (atomic_compare_exchange_strong_explicit(&g_init_state, &expected, INIT_RUNNING, memory_order_acq_rel,
                                                memory_order_acquire)) {
        t_in_init = true;
        hak_force_libc_read();
        hakmem_env_snapshot_init();
        tiny_front_v3_snapshot_init();
        tiny_static_route_init();
        hak_pool_init();
        hak_large_init();
        shared_pool_init();
        hak_tiny_init();
        t_in_init = false;
        g_initialized = 1;
        atomic_store_explicit(&g_init_state, INIT_DONE, memory_order_release);
        return true;
    }
    while (atomic_load_explicit(&g_init_state, memory_order_acquire) != INIT_DONE) {
        sched_yield();
    }
    return true;
}

// ------------------------------------------------------------------------------------------------ fork

static void fork_prepare(void) {
    pthread_mutex_lock(&g_shared_pool.lock);
    hak_pool_lock_all();
    hak_large_lock_all();
}

static void fork_parent(void) {
    hak_large_unlock_all();
    hak_pool_unlock_all();
    pthread_mutex_unlock(&g_shared_pool.lock);
}

static void fork_child(void) {
    // The child has one thread and our state is consistent: locks start anew, caches of the other
    // threads are lost.
    hak_large_unlock_all();
    hak_pool_lock_reset();
    g_shared_pool.lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
}

__attribute__((constructor)) static void hak_ctor(void) {
    hak_init();
    pthread_atfork(fork_prepare, fork_parent, fork_child);
}
