// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The addresses that a bridge locks its ports to: static, sticky entries of its forwarding table.
 * tapgrant-helper makes them for lock-mac.  Nobody without privilege can.
 */
#include "lib/links/links.h"
#include "lib/links/netlink.h"

#include <linux/neighbour.h>
#include <string.h>
#include <sys/socket.h>

struct visit {
    links_locked_fn *each;
    void *context;
};

static int visit_entry(const struct nlmsghdr *message, void *context) {
    const struct ndmsg *body = mnl_nlmsg_get_payload(message);
    const struct visit *visit = context;
    struct netlink_attributes attributes;
    const struct nlattr *mac;

    if (!(body->ndm_flags & NTF_STICKY) || !(body->ndm_state & NUD_NOARP)) {
        return MNL_CB_OK;
    }
    netlink_attributes(message, sizeof(*body), &attributes);
    mac = attributes.of_type[NDA_LLADDR];
    if (mac && mnl_attr_get_payload_len(mac) == 6) {
        visit->each((uint32_t)body->ndm_ifindex, mnl_attr_get_payload(mac), visit->context);
    }
    return MNL_CB_OK;
}

/* PORT 0: all ports of the bridge. */
static int ask(uint32_t master, uint32_t port, struct visit *visit) {
    const struct ifinfomsg body = {.ifi_family = AF_BRIDGE, .ifi_index = (int)port};
    struct netlink_question question;
    struct nlmsghdr *message = question_begin(&question, RTM_GETNEIGH, NLM_F_DUMP, &body);

    mnl_attr_put_u32(message, IFLA_MASTER, master);
    return question_exchange(message, visit_entry, visit);
}

int links_locked(uint32_t master, links_locked_fn *each, void *context) {
    struct visit visit = {each, context};

    return ask(master, 0, &visit);
}

struct port_mac {
    uint32_t port;
    uint8_t *mac;
};

static void copy_mac(uint32_t port, const uint8_t mac[6], void *context) {
    const struct port_mac *wanted = context;

    if (port == wanted->port) {
        memcpy(wanted->mac, mac, 6);
    }
}

int links_locked_mac(const struct link *link, uint8_t mac[6]) {
    struct port_mac wanted = {link->ifindex, mac};
    struct visit visit = {copy_mac, &wanted};
    int error;

    memset(mac, 0, 6);
    if (!link->master) {
        return 0;
    }
    error = ask(link->master, link->ifindex, &visit);
    if (error) {
        memset(mac, 0, 6);
    }
    return error;
}
