// hakmem_tiny_remote_target.h - slabs that nobody owns and that have just received a remote free.
//
// A detached slab is on no list. The thread whose free finds it detached puts it here without a lock;
// the shared pool moves the queue to its partial list when it next looks for a slab.
#ifndef HAKMEM_TINY_REMOTE_TARGET_H
#define HAKMEM_TINY_REMOTE_TARGET_H

#include "superslab/superslab_types.h"

void remote_target_init(void);

// True for the one push in REMOTE_TARGET_BACKLOG that should make the shared pool look at the queue.
bool remote_target_push(TinySlabMeta* meta);

// Enough slabs queued for the class that taking them is worth the shared pool's time?
bool remote_target_should_drain(int class_idx, bool desperate);

// Takes the whole queue of the class, chained through `next`.
TinySlabMeta* remote_target_drain(int class_idx);

#endif
