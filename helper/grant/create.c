// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Stages device, quota, link, and the last step before the reply.
 * Hostile here: every local user, until the tap is root's; the caller, once the tap is the
 * caller's.
 * Privilege held: CAP_NET_ADMIN, as the caller.
 */
#include <errno.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>

#include "helper/grant/grant.h"
#include "wire/names.h"

#define ALTNAME_SIZE 128 /* ALTIFNAMSIZ, include/uapi/linux/if.h */

/* -EAGAIN: it was interrupted.  Without GRND_INSECURE it waits on a host that has just booted. */
static int make_random(struct grant_random *random) {
    if (getrandom(random, sizeof(*random), GRND_INSECURE) != (ssize_t)sizeof(*random)) {
        return -EAGAIN;
    }
    /* unicast, locally administered, and not fe: that is the first byte of the tap's own */
    random->mac[0] = (uint8_t)((random->mac[0] & 0x7c) | 2);
    return 0;
}

int grant_make_tap(struct grant *grant, uint32_t index) {
    const struct wire_interface *wanted = &grant->request.interface[index];
    struct tap *tap = &grant->tap[index];
    struct wire_device *told = &grant->reply.device[index];
    int result = tap_create(wanted, tap);

    told->ifindex = tap->link.index;
    told->queues = wanted->queues;
    memcpy(told->dev, tap->link.name, sizeof(told->dev));
    return result ? result : make_random(&grant->random[index]);
}

/*
 * A slot is an alternative name of the tap.  Names are unique in a network namespace, go with their
 * link, and only CAP_NET_ADMIN can add or remove one: the kernel's table of names is ledger and
 * lock at once.  A slot's name has at least 16 bytes, so that no link can have it as its own.
 *
 * The search begins at a random slot, so that callers that ask at once rarely meet.
 */
int grant_claim_slot(struct grant *grant, uint32_t index) {
    const struct policy_rule *rule = grant->verdict[index].rule;
    struct wire_device *told = &grant->reply.device[index];
    uint32_t uid = grant->caller->uid;
    uint32_t max = policy_number(rule, POLICY_MAX);
    uint32_t first = max ? grant->random[index].first_slot % max : 0;

    for (uint32_t i = 0; i < max; i++) {
        char name[ALTNAME_SIZE];
        int error;

        told->slot = (uint16_t)((first + i) % max);
        snprintf(name, sizeof(name), NAMES_SLOT_FORMAT, uid, rule->name, told->slot);
        error = link_add_altname(told->ifindex, name);
        if (error != -EEXIST) {
            return error;
        }
    }
    told->slot = (uint16_t)max;
    return WIRE_OVER_QUOTA;
}

/*
 * The addresses that the interface asks for.  RANDOM is the guest's if its port is locked to one
 * and it asks for none; or the tap's own, if nothing else decides it.
 */
static void choose_addresses(const struct wire_interface *wanted,
                             bool lock_mac,
                             const uint8_t random[6],
                             struct wire_device *told) {
    memcpy(told->guest_mac, wanted->guest_mac, sizeof(told->guest_mac));
    if (wire_mac_absent(told->guest_mac) && lock_mac) {
        memcpy(told->guest_mac, random, sizeof(told->guest_mac));
    }
    wire_mac_for_tap(told->guest_mac, wanted->host_mac, told->host_mac);
    if (wire_mac_absent(told->host_mac)) {
        wire_mac_for_tap(random, wanted->host_mac, told->host_mac);
    }
}

/*
 * The tap's first address is not kept: a process that attached before the tap was root's could have
 * chosen it.
 */
int grant_configure(struct grant *grant, uint32_t index) {
    const struct policy_verdict *verdict = &grant->verdict[index];
    const struct wire_interface *wanted = &grant->request.interface[index];
    struct wire_device *told = &grant->reply.device[index];
    uint32_t uid = grant->caller->uid;
    char alias[ALTNAME_SIZE];

    choose_addresses(wanted, verdict->lock_mac, grant->random[index].mac, told);
    snprintf(alias, sizeof(alias), NAMES_GRANTED_FORMAT, uid, verdict->rule->name);
    return link_configure(told, &grant->bridge[index].link, alias, verdict->lock_mac,
                          verdict->isolate);
}

/*
 * Log first: after TUNSETOWNER the caller can change the tap's address, owner and persistence, or
 * kill this process and keep a multi-queue tap.
 */
int grant_give(struct grant *grant, uint32_t index) {
    int queue = grant->tap[index].queue[0];
    unsigned long uid = grant->caller->uid;

    log_decision(grant, 0, index);
    return ioctl(queue, TUNSETOWNER, uid) ? -errno : 0;
}
