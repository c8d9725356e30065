// ss_release_policy_box.h - when does superslab memory go back?
#ifndef SS_RELEASE_POLICY_BOX_H
#define SS_RELEASE_POLICY_BOX_H

#include "../superslab/superslab_types.h"

typedef enum SSReleaseAction {
    SS_RELEASE_KEEP = 0,      // leave it mapped and resident
    SS_RELEASE_DECOMMIT = 1,  // keep the address range, give the pages back
    SS_RELEASE_UNMAP = 2,
} SSReleaseAction;

// Decision for a superslab that has just become empty; `empty_count` others are already kept.
SSReleaseAction ss_release_policy_decide(uint32_t empty_count);

// May a nearly empty superslab be set to DRAINING?
bool ss_release_policy_wants_drain(const SuperSlab* ss);

#endif
