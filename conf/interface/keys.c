// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The keys of an interface: their names, and how their values are read.
 * Hostile here: key and value, which may be anybody's.  Privilege held: none, or root's in
 * tapgrant-apply.
 */
#include "conf/interface/fault.h"
#include "conf/interface/interface.h"
#include "wire/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 160 /* bytes of a value in a fault */

static const struct {
    const char *name;
    const char *values; /* what is allowed, for the one line that a fault has */
} keys[INTERFACE_KEYS] = {
    [INTERFACE_KEY_DEV] =
        {"dev", "1-15 of A-Z a-z 0-9 _ -, a letter first; not all, default, none, nor tg and "
                "digits, which are generated"},
    [INTERFACE_KEY_TYPE] = {"type", "ethernet or bridge"},
    [INTERFACE_KEY_MANAGED] = {"managed", "yes or no"},
    [INTERFACE_KEY_BRIDGE] = {"bridge",
                              "a bridge's name of 1-15 printable characters without '/', or none"},
    [INTERFACE_KEY_GUEST_MAC] = {"guest-mac", "a unicast address as 52:54:00:12:34:56"},
    [INTERFACE_KEY_HOST_MAC] = {"host-mac", "a unicast address as fe:54:00:12:34:56"},
    [INTERFACE_KEY_MTU] = {"mtu", "68-65521"},
    [INTERFACE_KEY_QUEUES] = {"queues", "1-253"},
    [INTERFACE_KEY_NETNS] = {"netns", "own or host"},
    [INTERFACE_KEY_VNET_HDR] = {"vnet-hdr", "yes or no"},
    [INTERFACE_KEY_PERSIST] = {"persist", "yes or no"},
    [INTERFACE_KEY_SCRIPT] = {"script", "a path"},
    [INTERFACE_KEY_DOWNSCRIPT] = {"downscript", "a path"},
    [INTERFACE_KEY_OWNER] = {"owner", "a user's name or id"},
    [INTERFACE_KEY_ISOLATE] = {"isolate", "yes or no"},
    [INTERFACE_KEY_LOCK_MAC] = {"lock-mac", "yes or no"},
};

const char *interface_key_name(enum interface_key key) {
    return keys[key].name;
}

const char *interface_printable(const char *text, char *out, size_t size) {
    return text_printable(text, out, size);
}

int fault_refuse(struct interface_fault *fault, const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(fault->reason, sizeof(fault->reason), format, arguments);
    va_end(arguments);
    return -EINVAL;
}

int fault_refuse_value(struct interface_fault *fault, const char *value) {
    char shown[SHOWN];

    return fault_refuse(fault, "invalid '%s' value '%s' (%s)", keys[fault->key].name,
                        text_printable(value, shown, sizeof(shown)), keys[fault->key].values);
}

/* Decimal, without sign, blanks or leading zeros: strtoul(3) would take them all. */
static bool read_number(const char *text, uint32_t min, uint32_t max, uint32_t *number) {
    size_t digits = strspn(text, "0123456789");

    if (!digits || digits > 9 || text[digits]) {
        return false;
    }
    if (text[0] == '0' && digits > 1) {
        return false;
    }
    *number = (uint32_t)strtoul(text, NULL, 10);
    return *number >= min && *number <= max;
}

static bool read_queues(const char *text, uint16_t *queues) {
    uint32_t number;

    if (!read_number(text, 1, WIRE_QUEUES, &number)) {
        return false;
    }
    *queues = (uint16_t)number;
    return true;
}

static bool read_yes(const char *text, bool *yes) {
    *yes = !strcmp(text, "yes");
    return *yes || !strcmp(text, "no");
}

static bool read_netns(const char *text, bool *is_hosts) {
    *is_hosts = !strcmp(text, "host");
    return *is_hosts || !strcmp(text, "own");
}

static bool read_text(const char *text, char *to, size_t size) {
    size_t length = strlen(text);

    if (!length || length >= size) {
        return false;
    }
    memcpy(to, text, length + 1);
    return true;
}

/* No dash first, as options have, and no byte with a meaning in passwd(5) or in definitions. */
static bool read_owner(const char *text, char owner[INTERFACE_OWNER]) {
    for (const char *byte = text; *byte; byte++) {
        if (*byte <= ' ' || *byte > '~' || strchr(":/,;#", *byte)) {
            return false;
        }
    }
    return *text != '-' && read_text(text, owner, INTERFACE_OWNER);
}

static bool read_octet(const char *text, uint8_t *octet) {
    if (strspn(text, "0123456789abcdefABCDEF") != 2) {
        return false;
    }
    *octet = (uint8_t)strtoul(text, NULL, 16);
    return true;
}

/* Six octets of two digits.  Not multicast, and not zeros, which mean that there is none. */
static bool read_mac(const char *text, uint8_t mac[6]) {
    if (strlen(text) != WIRE_MAC_TEXT - 1) {
        return false;
    }
    for (int i = 0; i < 6; i++) {
        const char *octet = text + i * 3;

        if (!read_octet(octet, &mac[i]) || octet[2] != (i < 5 ? ':' : 0)) {
            return false;
        }
    }
    return !(mac[0] & 1) && !wire_mac_absent(mac);
}

static bool read_type(const char *text, enum interface_type *type) {
    *type = !strcmp(text, "bridge") ? INTERFACE_BRIDGE : INTERFACE_ETHERNET;
    return *type == INTERFACE_BRIDGE || !strcmp(text, "ethernet");
}

static bool read_bridge(const char *text, char bridge[WIRE_NAME]) {
    if (!strcmp(text, "none")) {
        return true;
    }
    return wire_bridge_valid(text) && read_text(text, bridge, WIRE_NAME);
}

/* Is VALUE one for KEY?  The rules for dev depend on managed: interface_check() has them. */
static bool read_value(struct interface *to, enum interface_key key, const char *value) {
    switch (key) {
    case INTERFACE_KEY_DEV:
        return read_text(value, to->dev, sizeof(to->dev));
    case INTERFACE_KEY_TYPE:
        return read_type(value, &to->type);
    case INTERFACE_KEY_MANAGED:
        return read_yes(value, &to->managed);
    case INTERFACE_KEY_BRIDGE:
        return read_bridge(value, to->bridge);
    case INTERFACE_KEY_GUEST_MAC:
        return read_mac(value, to->guest_mac);
    case INTERFACE_KEY_HOST_MAC:
        return read_mac(value, to->host_mac);
    case INTERFACE_KEY_MTU:
        return read_number(value, WIRE_MTU_MIN, WIRE_MTU_MAX, &to->mtu);
    case INTERFACE_KEY_QUEUES:
        return read_queues(value, &to->queues);
    case INTERFACE_KEY_NETNS:
        return read_netns(value, &to->host_netns);
    case INTERFACE_KEY_VNET_HDR:
        return read_yes(value, &to->vnet_hdr);
    case INTERFACE_KEY_PERSIST:
        return read_yes(value, &to->persist);
    case INTERFACE_KEY_SCRIPT:
        return read_text(value, to->script, sizeof(to->script));
    case INTERFACE_KEY_DOWNSCRIPT:
        return read_text(value, to->downscript, sizeof(to->downscript));
    case INTERFACE_KEY_OWNER:
        return read_owner(value, to->owner);
    case INTERFACE_KEY_ISOLATE:
        return read_yes(value, &to->isolate);
    case INTERFACE_KEY_LOCK_MAC:
        return read_yes(value, &to->lock_mac);
    case INTERFACE_KEYS:
        break;
    }
    return false;
}

bool interface_bridged(const struct interface *interface) {
    return interface->type == INTERFACE_BRIDGE || interface->bridge[0];
}

void interface_init(struct interface *interface) {
    *interface = (struct interface){.managed = true, .queues = 1, .vnet_hdr = true};
}

static bool is_libvirts(const char *dev) {
    return !strncmp(dev, "vnet", 4) || !strncmp(dev, "macvtap", 7) || !strncmp(dev, "macvlan", 7);
}

void interface_drop_generated(struct interface *interface, bool libvirts) {
    const char *dev = interface->dev;

    if (!interface->managed) {
        return;
    }
    if (wire_dev_generated(dev) || (libvirts && is_libvirts(dev))) {
        interface->dev[0] = 0;
        interface->given[INTERFACE_KEY_DEV] = false;
    }
}

/* The names of all keys that PURPOSE has, as A, B, C. */
static void list_keys(enum interface_purpose purpose, char *list, size_t size) {
    enum interface_key end = purpose == INTERFACE_APPLY ? INTERFACE_KEYS : INTERFACE_KEY_OWNER;
    size_t used = 0;

    for (enum interface_key key = 0; key < end; key++) {
        const char *separator = key > 0 ? ", " : "";

        used += (size_t)snprintf(list + used, size - used, "%s%s", separator, keys[key].name);
    }
}

static int refuse_unknown(const struct interface *interface,
                          const char *key,
                          struct interface_fault *fault) {
    char shown[80];
    char list[200];

    if (!strcmp(key, "mac")) {
        return fault_refuse(
            fault, "'mac' could be either end's: guest-mac is the address the guest uses (mac in "
                   "QEMU and libvirt), host-mac the tap's own");
    }
    list_keys(interface->purpose, list, sizeof(list));
    return fault_refuse(fault, "unknown key '%s' (%s)", text_printable(key, shown, sizeof(shown)),
                        list);
}

/* Is the key one of the other purpose's? */
static int check_purpose(const struct interface *interface, struct interface_fault *fault) {
    const char *name = keys[fault->key].name;

    if (interface->purpose == INTERFACE_USER) {
        if (fault->key < INTERFACE_KEY_OWNER) {
            return 0;
        }
        return fault_refuse(fault, "'%s' is for tapgrant-apply's definitions only", name);
    }
    if (fault->key == INTERFACE_KEY_PERSIST) {
        return fault_refuse(fault,
                            "'persist' has no meaning for tapgrant-apply: all that it makes stays");
    }
    if (fault->key == INTERFACE_KEY_NETNS) {
        return fault_refuse(fault, "'netns' has no meaning for tapgrant-apply: all that it makes "
                                   "is in its own network namespace");
    }
    if (fault->key == INTERFACE_KEY_SCRIPT || fault->key == INTERFACE_KEY_DOWNSCRIPT) {
        return fault_refuse(fault, "'%s' has no meaning for tapgrant-apply, which runs no scripts",
                            name);
    }
    return 0;
}

/* libvirt's words, without the list of values: its users know this message. */
static int refuse_managed(const char *value, struct interface_fault *fault) {
    char shown[SHOWN];

    snprintf(fault->hint, sizeof(fault->hint), "managed is yes or no");
    return fault_refuse(fault, "invalid 'managed' value '%s'",
                        text_printable(value, shown, sizeof(shown)));
}

static enum interface_key find_key(const char *name) {
    enum interface_key key = 0;

    while (key < INTERFACE_KEYS && strcmp(name, keys[key].name)) {
        key++;
    }
    return key;
}

int interface_set(struct interface *interface,
                  const char *key,
                  const char *value,
                  struct interface_fault *fault) {
    enum interface_key found = find_key(key);

    *fault = (struct interface_fault){.object = "--net", .key = found};
    if (found == INTERFACE_KEYS) {
        return refuse_unknown(interface, key, fault);
    }
    if (check_purpose(interface, fault)) {
        return -EINVAL;
    }
    if (interface->given[found]) {
        return fault_refuse(fault, "'%s' is given twice", key);
    }
    interface->given[found] = true;
    if (!*value && found != INTERFACE_KEY_MANAGED) {
        return fault_refuse(fault, "'%s' has no value (%s)", key, keys[found].values);
    }
    if (read_value(interface, found, value)) {
        return 0;
    }
    if (found == INTERFACE_KEY_MANAGED) {
        return refuse_managed(value, fault);
    }
    return fault_refuse_value(fault, value);
}
