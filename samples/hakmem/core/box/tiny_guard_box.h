// tiny_guard_box.h - checks of blocks on slow paths, for hunting corruption.
#ifndef TINY_GUARD_BOX_H
#define TINY_GUARD_BOX_H

#include "../hakmem_super_registry.h"
#include "../superslab/superslab_inline.h"
#include "hak_env_box.h"

static inline int tiny_guard_enabled_runtime(void) {
    static int g = -1;
    if (HAK_UNLIKELY(g == -1)) {
        g = hak_env_flag("HAKMEM_TINY_GUARD", 0);
    }
    return g;
}

// Says on stderr when `base` is not a block of the class.
static inline void tiny_guard_check_block(void* base, int class_idx, const char* where) {
    SuperSlab* ss = hak_super_lookup(base);
    if (!ss) {
        hak_log_line("[hakmem] guard(%s): %p lies in no superslab\n", where, base);
        return;
    }
    TinySlabMeta* meta = ss_slab_of(ss, base);
    if (meta->class_idx != class_idx || !slab_owns_block(meta, base)) {
        hak_log_line("[hakmem] guard(%s): %p is no block of C%d\n", where, base, class_idx);
    }
}

#endif
