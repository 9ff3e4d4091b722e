// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The order of the stages.
 * Hostile here: the caller, who sent the request, may stop or kill the process at any instruction,
 * and watches everything that it does to the network.
 * Privilege held: CAP_NET_ADMIN, as the caller.
 */
#include "helper/grant/grant.h"

typedef int step_fn(struct grant *grant, uint32_t index);

static int run_step(struct grant *grant, enum wire_stage stage, step_fn *step, uint32_t index) {
    grant->stage = stage;
    grant->index = index;
    return step(grant, index);
}

static int decide_all(struct grant *grant) {
    for (uint32_t i = 0; i < grant->request.count; i++) {
        int result = run_step(grant, WIRE_DECIDE, grant_decide, i);

        if (result) {
            return result;
        }
    }
    return 0;
}

static int make(struct grant *grant, uint32_t index) {
    int result = run_step(grant, WIRE_DEVICE, grant_make_tap, index);

    if (result) {
        return result;
    }
    result = run_step(grant, WIRE_QUOTA, grant_claim_slot, index);
    if (result) {
        return result;
    }
    return run_step(grant, WIRE_LINK, grant_configure, index);
}

static int make_all(struct grant *grant) {
    for (uint32_t i = 0; i < grant->request.count; i++) {
        int result = make(grant, i);

        if (result) {
            return result;
        }
    }
    return 0;
}

static int give_all(struct grant *grant) {
    for (uint32_t i = 0; i < grant->request.count; i++) {
        int result = run_step(grant, WIRE_REPLY, grant_give, i);

        if (result) {
            return result;
        }
    }
    return 0;
}

int grant_run(struct grant *grant) {
    int result = decide_all(grant);

    if (result) {
        return result;
    }
    result = make_all(grant);
    if (result) {
        return result;
    }
    return give_all(grant);
}
