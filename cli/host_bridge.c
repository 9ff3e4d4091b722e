// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/host_bridge.h"

#include <dirent.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINKS "/sys/class/net"
#define IPV6 "/proc/sys/net/ipv6/conf"

bool host_number(const char *folder, const char *name, const char *setting, long *number) {
    char path[128];
    FILE *file;
    bool good;

    snprintf(path, sizeof(path), "%s/%s/%s", folder, name, setting);
    file = fopen(path, "re");
    good = file && fscanf(file, "%ld", number) == 1;
    if (file) fclose(file);
    return good;
}

/* Takes a port's MTU as the lowest of those that are no taps, if it is. */
static void look_at_port(const char *port, uint32_t *lowest) {
    char path[64];
    long mtu = 0;

    snprintf(path, sizeof(path), LINKS "/%.15s/tun_flags", port);
    if (!access(path, F_OK) || !host_number(LINKS, port, "mtu", &mtu)) {
        return;
    }
    if (!*lowest || mtu < *lowest) {
        *lowest = (uint32_t)mtu;
    }
}

static void look_at_ports(struct host_bridge *bridge) {
    struct dirent *entry;
    char path[64];
    DIR *folder;

    snprintf(path, sizeof(path), LINKS "/%s/brif", bridge->facts.name);
    folder = opendir(path);
    if (!folder) {
        return;
    }
    for (entry = readdir(folder); entry; entry = readdir(folder)) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        bridge->ports++;
        look_at_port(entry->d_name, &bridge->facts.port_mtu);
    }
    closedir(folder);
}

/* Documentation/networking/ip-sysctl.rst, accept_ra: 1 where the host does not forward, 2 always. */
bool host_takes_ra(const char *name) {
    long accept = 0, forwarding = 0, disabled = 0;

    if (!host_number(IPV6, name, "accept_ra", &accept)) return false;
    host_number(IPV6, name, "forwarding", &forwarding);
    host_number(IPV6, name, "disable_ipv6", &disabled);
    return !disabled && (accept == 2 || (accept && !forwarding));
}

struct host_bridge host_bridge_look(const char *name) {
    struct host_bridge bridge = {.facts = {.mtu = POLICY_MTU_ALONE}};
    unsigned index = if_nametoindex(name);
    char real[IF_NAMESIZE] = "", path[64];
    long type = 0, mtu = 0;

    if (!index || !if_indextoname(index, real)) return bridge;
    bridge.is_link = true;
    snprintf(bridge.facts.name, sizeof(bridge.facts.name), "%s", real);
    snprintf(path, sizeof(path), LINKS "/%s/bridge", real);
    if (access(path, F_OK) || !wire_bridge_valid(real)) return bridge;
    host_number(LINKS, real, "addr_assign_type", &type);
    host_number(LINKS, real, "mtu", &mtu);
    bridge.facts.exists = true;
    bridge.facts.mtu = (uint32_t)mtu;
    bridge.facts.pinned = type == 3; /* NET_ADDR_SET, include/uapi/linux/netdevice.h */
    bridge.facts.takes_ra = host_takes_ra(real);
    look_at_ports(&bridge);
    return bridge;
}
