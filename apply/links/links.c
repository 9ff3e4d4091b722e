// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel's links in one dump.  A question for each of a thousand links would take longer than
 * all that is changed.
 */
#include "apply/links/links.h"
#include "apply/links/netlink.h"
#include "apply/links/parse.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DUMPS 500   /* tries to get a dump during which no link came or went */
#define PAUSE_MS 20 /* at most between two tries: a run beside this one may take seconds */

int links_connect(void) {
    return netlink_open();
}

/* ARRAY, or a larger one in its place if there is no room for one more element of SIZE bytes. */
static void *make_room(void *array, size_t count, size_t *room, size_t size) {
    if (count < *room) {
        return array;
    }
    *room = *room * 2 + 64;
    return reallocarray(array, *room, size);
}

static int take_link(const struct nlmsghdr *message, void *context) {
    struct links *links = context;
    void *more = make_room(links->link, links->count, &links->room, sizeof(*links->link));

    if (!more) {
        return MNL_CB_ERROR;
    }
    links->link = more;
    parse_link(message, &links->link[links->count]);
    links->count++;
    return MNL_CB_OK;
}

static int take_entry(const struct nlmsghdr *message, void *context) {
    struct links *links = context;
    struct locked_address locked;
    void *more;

    if (!parse_locked_address(message, &locked)) {
        return MNL_CB_OK;
    }
    more =
        make_room(links->locked, links->locked_count, &links->locked_room, sizeof(*links->locked));
    if (!more) {
        return MNL_CB_ERROR;
    }
    links->locked = more;
    links->locked[links->locked_count] = locked;
    links->locked_count++;
    return MNL_CB_OK;
}

static int by_name(const void *a, const void *b) {
    const struct link_state *left = a;
    const struct link_state *right = b;

    return strcmp(left->name, right->name);
}

static int by_port(const void *a, const void *b) {
    const struct locked_address *left = a;
    const struct locked_address *right = b;

    return (left->port > right->port) - (left->port < right->port);
}

void links_free(struct links *links) {
    free(links->link);
    free(links->locked);
    memset(links, 0, sizeof(*links));
}

static int dump(struct links *links) {
    const struct ifinfomsg any_link = {0};
    const struct ndmsg any_entry = {.ndm_family = AF_BRIDGE};
    struct nlmsghdr *message = netlink_begin(RTM_GETLINK, NLM_F_DUMP, &any_link, sizeof(any_link));
    int error;

    mnl_attr_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    error = netlink_exchange(message, take_link, links);
    if (error) {
        return error;
    }
    message = netlink_begin(RTM_GETNEIGH, NLM_F_DUMP, &any_entry, sizeof(any_entry));
    return netlink_exchange(message, take_entry, links);
}

/* The Nth try, after an interrupted one: the rest of its dump would be the next answer. */
static int dump_again(struct links *links, int n) {
    int error = netlink_open();

    if (error) {
        return error;
    }
    usleep((useconds_t)(n < PAUSE_MS ? n : PAUSE_MS) * 1000);
    return dump(links);
}

int links_read(struct links *links) {
    int error;

    links_free(links);
    error = dump(links);
    /* EINTR: links came or went meanwhile, and one may be missing (NLM_F_DUMP_INTR) */
    for (int n = 1; error == -EINTR && n < DUMPS; n++) {
        links_free(links);
        error = dump_again(links, n);
    }
    if (links->count) {
        qsort(links->link, links->count, sizeof(*links->link), by_name);
    }
    if (links->locked_count) {
        qsort(links->locked, links->locked_count, sizeof(*links->locked), by_port);
    }
    return error;
}

int links_read_one(uint32_t index, struct link_state *link) {
    const struct ifinfomsg body = {.ifi_index = (int)index};
    struct nlmsghdr *message = netlink_begin(RTM_GETLINK, NLM_F_ACK, &body, sizeof(body));
    struct links one = {0};
    int error;

    mnl_attr_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    error = netlink_exchange(message, take_link, &one);
    if (!error && one.count != 1) {
        error = -ENODEV;
    }
    if (!error) {
        *link = one.link[0];
    }
    links_free(&one);
    return error;
}

const struct link_state *links_find(const struct links *links, const char *name) {
    struct link_state wanted = {0};

    if (!links->count || strlen(name) >= sizeof(wanted.name)) {
        return NULL;
    }
    memcpy(wanted.name, name, strlen(name));
    return bsearch(&wanted, links->link, links->count, sizeof(wanted), by_name);
}

const struct link_state *links_with_index(const struct links *links, uint32_t index) {
    for (size_t i = 0; i < links->count; i++) {
        if (links->link[i].index == index) {
            return &links->link[i];
        }
    }
    return NULL;
}

size_t links_count_ports(const struct links *links, uint32_t bridge) {
    size_t ports = 0;

    for (size_t i = 0; i < links->count; i++) {
        if (links->link[i].master == bridge) {
            ports++;
        }
    }
    return ports;
}

/* The place of the first entry of the port, or of a higher port, or behind the last one. */
static size_t first_locked(const struct links *links, uint32_t port) {
    size_t low = 0;
    size_t high = links->locked_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (links->locked[middle].port < port) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const uint8_t *links_locked_address(const struct links *links, uint32_t port) {
    size_t first = first_locked(links, port);

    if (first == links->locked_count || links->locked[first].port != port) {
        return NULL;
    }
    return links->locked[first].mac;
}

bool links_is_locked_to(const struct links *links,
                        uint32_t port,
                        const uint8_t mac[6],
                        uint16_t vlan) {
    bool is_in_none = false;
    bool is_in_vlan = !vlan;

    for (size_t i = first_locked(links, port); i < links->locked_count; i++) {
        const struct locked_address *locked = &links->locked[i];

        if (locked->port != port) {
            break;
        }
        if (memcmp(locked->mac, mac, 6)) {
            return false;
        }
        is_in_none |= !locked->vlan;
        is_in_vlan |= locked->vlan == vlan;
    }
    return is_in_none && is_in_vlan;
}
