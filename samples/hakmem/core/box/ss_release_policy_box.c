// ss_release_policy_box.c - the policy in one place, so that both pools decide alike.
#include "ss_release_policy_box.h"

#include "ss_mem_lean_env_box.h"

#define SS_EMPTY_KEEP_DEFAULT 8u

SSReleaseAction ss_release_policy_decide(uint32_t empty_count) {
    if (!ss_mem_lean_enabled()) {
        return empty_count < SS_EMPTY_KEEP_DEFAULT ? SS_RELEASE_KEEP : SS_RELEASE_UNMAP;
    }
    uint32_t keep = (uint32_t)ss_mem_lean_target_mb();  // one MiB each
    if (empty_count >= keep) return SS_RELEASE_UNMAP;
    return ss_mem_lean_decommit_enabled() ? SS_RELEASE_DECOMMIT : SS_RELEASE_KEEP;
}

bool ss_release_policy_wants_drain(const SuperSlab* ss) {
    return ss_mem_lean_enabled() && ss->active_slabs <= 2;
}
