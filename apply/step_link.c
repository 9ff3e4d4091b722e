// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The steps that are about the link, and the pause.
 */
#include "apply/steps.h"
#include "apply/links/forwarding.h"

#include <time.h>

#define PAUSE_ENDS 3 /* tries: nothing would be worse than to stay paused */

bool item_runs(const struct item *item) {
    return tap_is_running(&item->plan.now);
}

static unsigned long microseconds(void) {
    struct timespec now = {0};

    (void)!clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned long)now.tv_sec * 1000000 + (unsigned long)now.tv_nsec / 1000;
}

int pause_end(struct item *item) {
    int error = -EAGAIN;

    for (int tries = 0; error && tries < PAUSE_ENDS; tries++) {
        error = links_change(item->plan.now.index, &(struct link_change){.run_state = RUN_UP});
    }
    if (item->paused_at) {
        item->cut_microseconds += microseconds() - item->paused_at;
    }
    item->paused_at = 0;
    if (error) {
        item->left = LEFT_PAUSED;
    }
    return error;
}

int pause_begin(struct item *item) {
    struct link_state tap;
    int error = links_change(item->plan.now.index, &(struct link_change){.run_state = RUN_PAUSED});

    if (error) {
        return error;
    }
    item->paused_at = microseconds();
    error = links_read_one(item->plan.now.index, &tap);
    if (!error && tap_is_running(&tap)) {
        error = -ESTALE;
    }
    if (error) {
        (void)!pause_end(item);
    }
    return error;
}

int step_label(struct item *item) {
    char alias[64];

    snprintf(alias, sizeof(alias), "tapgrant declared=%s", item->definition->interface.label);
    return links_change(item->plan.now.index, &(struct link_change){.alias = alias});
}

int step_link_group(struct item *item) {
    static const uint32_t none = 0;

    return links_change(item->plan.now.index, &(struct link_change){.group = &none});
}

int item_choose_mac(const struct item *item, uint8_t mac[6]) {
    uint8_t random[6];

    memcpy(mac, item->plan.host_mac, 6);
    if (!wire_mac_absent(mac)) {
        return 0;
    }
    if (getrandom(random, sizeof(random), 0) != sizeof(random)) {
        return -EAGAIN;
    }
    random[0] = GENERATED_MAC;
    memcpy(mac, random, 6);
    return 0;
}

int check_own_mac(const struct item *item, const uint8_t mac[6]) {
    enum address_use claim;
    uint32_t index;
    int error;

    if (!item->plan.bridge->index) {
        return 0;
    }
    error = forwarding_find(item->plan.bridge, mac, &claim, &index);
    if (error) {
        return error;
    }
    /* its own guest may have sent from it */
    if (claim == ADDRESS_OF_GUEST || (claim == ADDRESS_LEARNED && index != item->plan.now.index)) {
        return -EADDRNOTAVAIL;
    }
    return 0;
}

int step_host_mac(struct item *item) {
    uint8_t mac[6];
    int error = item_choose_mac(item, mac);

    if (!error) {
        error = check_own_mac(item, mac);
    }
    if (error) {
        return error;
    }
    return links_change(item->plan.now.index, &(struct link_change){.mac = mac});
}

int check_bridge_mtu(const struct item *item) {
    const struct link *before = item->plan.bridge;
    struct link bridge;
    int error;

    if (!before->index || item->plan.mtu == before->mtu) {
        return 0;
    }
    error = link_read(before->index, NULL, &bridge);
    if (error) {
        return error;
    }
    return bridge.mtu == before->mtu ? 0 : -ESTALE;
}

bool item_brings_ipv6(const struct item *item) {
    return item->plan.now.mtu < IPV6_LEAST_MTU && item->plan.mtu >= IPV6_LEAST_MTU;
}

static int change_mtu(struct item *item) {
    const struct link_change back = {.mtu = &item->plan.now.mtu};
    int error = links_change(item->plan.now.index, &(struct link_change){.mtu = &item->plan.mtu});
    int undone;

    if (error) {
        return error;
    }
    error = check_bridge_mtu(item);
    if (!error && item_brings_ipv6(item)) {
        error = link_set_host_side(item->plan.now.name);
    }
    if (!error) {
        return 0;
    }
    undone = links_change(item->plan.now.index, &back);
    if (undone) {
        item->left = LEFT_PARTLY;
    }
    return error;
}

int step_mtu(struct item *item) {
    int error, resumed;

    if (!item_brings_ipv6(item) || !item_runs(item)) {
        return change_mtu(item);
    }
    error = pause_begin(item);
    if (error) {
        return error;
    }
    error = change_mtu(item);
    resumed = pause_end(item);
    return error ? error : resumed;
}

int step_ipv6(struct item *item) {
    if (item->plan.mtu < IPV6_LEAST_MTU) { /* the MTU, set before, has taken it away */
        return 0;
    }
    return link_set_host_side(item->plan.now.name);
}

int step_up(struct item *item) {
    struct link_state tap;
    int error = 0;

    if (item->plan.mtu >= IPV6_LEAST_MTU) {
        error = link_set_host_side(item->plan.now.name);
    }
    if (error) {
        return error;
    }
    error = links_change(item->plan.now.index, &(struct link_change){.run_state = RUN_UP});
    if (error) {
        return error;
    }
    error = links_read_one(item->plan.now.index, &tap);
    if (error) {
        return error;
    }
    return tap.is_up && !tap.is_dormant ? 0 : -ESTALE;
}
