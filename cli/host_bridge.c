// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/host_bridge.h"

#include <dirent.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINKS "/sys/class/net"
#define IPV6 "/proc/sys/net/ipv6/conf"
#define SET_BY_SOMEBODY 3 /* NET_ADDR_SET, include/uapi/linux/netdevice.h */

bool host_number(const char *folder, const char *name, const char *setting, long *number) {
    char path[128];
    bool is_read;
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s/%s", folder, name, setting);
    file = fopen(path, "re");
    if (!file) {
        return false;
    }
    is_read = fscanf(file, "%ld", number) == 1;
    fclose(file);
    return is_read;
}

/* *LOWEST: the lowest MTU of the ports so far that are no taps; 0: there was none. */
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

/*
 * With accept_ra 1 a host takes router advertisements unless it forwards, with 2 always:
 * Documentation/networking/ip-sysctl.rst.
 */
bool host_takes_ra(const char *name) {
    long accept_ra = 0;
    long forwarding = 0;
    long disable_ipv6 = 0;

    if (!host_number(IPV6, name, "accept_ra", &accept_ra)) {
        return false;
    }
    host_number(IPV6, name, "forwarding", &forwarding);
    host_number(IPV6, name, "disable_ipv6", &disable_ipv6);
    if (disable_ipv6) {
        return false;
    }
    return accept_ra == 2 || (accept_ra && !forwarding);
}

static bool is_bridge(const char *name) {
    char path[64];

    snprintf(path, sizeof(path), LINKS "/%s/bridge", name);
    return !access(path, F_OK);
}

static void look_at_settings(struct policy_bridge *bridge) {
    long address_type = 0;
    long mtu = 0;

    host_number(LINKS, bridge->name, "addr_assign_type", &address_type);
    host_number(LINKS, bridge->name, "mtu", &mtu);
    bridge->mtu = (uint32_t)mtu;
    bridge->pinned = address_type == SET_BY_SOMEBODY;
    bridge->takes_ra = host_takes_ra(bridge->name);
}

struct host_bridge host_bridge_look(const char *name) {
    struct host_bridge bridge = {.facts = {.mtu = POLICY_MTU_ALONE}};
    unsigned index = if_nametoindex(name);
    char real_name[IF_NAMESIZE] = "";

    if (!index || !if_indextoname(index, real_name)) {
        return bridge;
    }
    bridge.is_link = true;
    snprintf(bridge.facts.name, sizeof(bridge.facts.name), "%s", real_name);
    if (is_bridge(real_name) && wire_bridge_valid(real_name)) {
        bridge.facts.exists = true;
        look_at_settings(&bridge.facts);
        look_at_ports(&bridge);
    }
    return bridge;
}

const char *host_command_to_pin(const char *bridge, char text[HOST_COMMAND]) {
    snprintf(text, HOST_COMMAND, "ip link set %s address $(cat " LINKS "/%s/address)", bridge,
             bridge);
    return text;
}

/* Between slashes, a dot in the name separates nothing: sysctl(8). */
const char *host_command_to_refuse_ra(const char *link, char text[HOST_COMMAND]) {
    snprintf(text, HOST_COMMAND, "sysctl -w net/ipv6/conf/%s/accept_ra=0", link);
    return text;
}

const char *host_command_to_raise_mtu(const char *bridge, char text[HOST_COMMAND]) {
    snprintf(text, HOST_COMMAND, "ip link set %s mtu %u", bridge, WIRE_MTU_IPV6);
    return text;
}
