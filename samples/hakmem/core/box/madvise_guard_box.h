// madvise_guard_box.h - the one place that calls madvise().
#ifndef MADVISE_GUARD_BOX_H
#define MADVISE_GUARD_BOX_H

#include <stddef.h>

// Gives pages back; false when the kernel refused or the range is not page-aligned.
int ss_madvise_guarded(void* p, size_t size, int advice, const char* who);

#endif
