// ss_allocation_box.h - making and unmaking SuperSlabs. All calls under the shared pool's lock.
#ifndef SS_ALLOCATION_BOX_H
#define SS_ALLOCATION_BOX_H

#include "../superslab/superslab_types.h"

// List of all SuperSlabs: those with free slabs towards the front, full ones towards the back, so that
// Stage 0.5 can stop early.
extern SuperSlab* g_ss_all;

void superslab_move_front(SuperSlab* ss);
void superslab_move_back(SuperSlab* ss);

SuperSlab* superslab_allocate(void);

// Called when active_slabs has reached 0.
void superslab_retire(SuperSlab* ss);

// Turns a FREE slab into an empty slab of the class; the caller counts active_slabs.
void superslab_init_slab(SuperSlab* ss, int slab_idx, int class_idx);

#endif
