// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Text -> struct interface.  The rules and their texts are libvirt's where libvirt has them (domain_conf.c,
 * domain_validate.c, domain_interface.c of 11.3.0), so that who knows one knows the other.
 */
#include "conf/interface/interface.h"
#include "wire/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const key_name[INTERFACE_KEYS] = {"dev", "type",   "managed",  "bridge",  "guest-mac", "host-mac",
                                                     "mtu", "queues", "vnet-hdr", "persist", "script",    "downscript",
                                                     "owner", "isolate", "lock-mac"};

/* What is allowed, for the one line that an error has. */
static const char *const key_values[INTERFACE_KEYS] = {
    "1-15 of A-Z a-z 0-9 _ -, a letter first; not all, default, none, nor tg and digits, which are generated",
    "ethernet or bridge",
    "yes or no",
    "a bridge's name of 1-15 printable characters without '/', or none",
    "a unicast address as 52:54:00:12:34:56",
    "a unicast address as fe:54:00:12:34:56",
    "68-65521",
    "1-253",
    "yes or no",
    "yes or no",
    "a path",
    "a path",
    "a user's name or id",
    "yes or no",
    "yes or no"};

const char *interface_key_name(enum interface_key key) { return key_name[key]; }

const char *interface_printable(const char *text, char *out, size_t size) {
    return text_printable(text, out, size);
}

__attribute__((format(printf, 2, 3))) static int refuse(struct interface_fault *fault, const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(fault->reason, sizeof(fault->reason), format, arguments);
    va_end(arguments);
    return -EINVAL;
}

static int refuse_value(struct interface_fault *fault, enum interface_key key, const char *value) {
    char shown[160];

    return refuse(fault, "invalid '%s' value '%s' (%s)", key_name[key], interface_printable(value, shown, sizeof(shown)),
                  key_values[key]);
}

static bool read_number(const char *text, uint32_t min, uint32_t max, uint32_t *number) {
    unsigned long value;

    if (!*text || strlen(text) > 9 || text[strspn(text, "0123456789")] || (text[0] == '0' && text[1])) return false;
    value = strtoul(text, NULL, 10);
    *number = (uint32_t)value;
    return value >= min && value <= max;
}

static bool read_yes(const char *text, bool *yes) {
    *yes = !strcmp(text, "yes");
    return *yes || !strcmp(text, "no");
}

static bool read_owner(const char *text, char owner[INTERFACE_OWNER]) {
    for (const char *byte = text; *byte; byte++)
        if (*byte <= ' ' || *byte > '~' || strchr(":/,;#", *byte)) return false;
    return *text != '-' && snprintf(owner, INTERFACE_OWNER, "%s", text) < INTERFACE_OWNER;
}

static bool read_mac(const char *text, uint8_t mac[6]) {
    unsigned octet;

    if (strlen(text) != 17) return false;
    for (int i = 0; i < 6; i++, text += 3) {
        if (strspn(text, "0123456789abcdefABCDEF") != 2 || (text[2] != (i < 5 ? ':' : 0))) return false;
        octet = (unsigned)strtoul(text, NULL, 16);
        mac[i] = (uint8_t)octet;
    }
    return !(mac[0] & 1) && !wire_mac_absent(mac);
}

static bool read_text(const char *text, char *to, size_t size) { return *text && snprintf(to, size, "%s", text) < (int)size; }

static bool read_bridge(const char *text, char bridge[WIRE_NAME]) {
    if (!strcmp(text, "none")) return true;
    return wire_bridge_valid(text) && read_text(text, bridge, WIRE_NAME);
}

/* The value's own rules; those on a managed device's name wait for interface_check(). */
static bool read_value(struct interface *interface, enum interface_key key, const char *value) {
    uint32_t queues;

    switch (key) {
    case INTERFACE_KEY_DEV: return read_text(value, interface->dev, sizeof(interface->dev));
    case INTERFACE_KEY_TYPE:
        interface->type = !strcmp(value, "bridge") ? INTERFACE_BRIDGE : INTERFACE_ETHERNET;
        return interface->type == INTERFACE_BRIDGE || !strcmp(value, "ethernet");
    case INTERFACE_KEY_MANAGED: return read_yes(value, &interface->managed);
    case INTERFACE_KEY_BRIDGE: return read_bridge(value, interface->bridge);
    case INTERFACE_KEY_GUEST_MAC: return read_mac(value, interface->guest_mac);
    case INTERFACE_KEY_HOST_MAC: return read_mac(value, interface->host_mac);
    case INTERFACE_KEY_MTU: return read_number(value, WIRE_MTU_MIN, WIRE_MTU_MAX, &interface->mtu);
    case INTERFACE_KEY_QUEUES:
        if (!read_number(value, 1, WIRE_QUEUES, &queues)) return false;
        interface->queues = (uint16_t)queues;
        return true;
    case INTERFACE_KEY_VNET_HDR: return read_yes(value, &interface->vnet_hdr);
    case INTERFACE_KEY_PERSIST: return read_yes(value, &interface->persist);
    case INTERFACE_KEY_SCRIPT: return read_text(value, interface->script, sizeof(interface->script));
    case INTERFACE_KEY_DOWNSCRIPT: return read_text(value, interface->downscript, sizeof(interface->downscript));
    case INTERFACE_KEY_OWNER: return read_owner(value, interface->owner);
    case INTERFACE_KEY_ISOLATE: return read_yes(value, &interface->isolate);
    case INTERFACE_KEY_LOCK_MAC: return read_yes(value, &interface->lock_mac);
    case INTERFACE_KEYS: break;
    }
    return false;
}

bool interface_bridged(const struct interface *interface) { return interface->type == INTERFACE_BRIDGE || interface->bridge[0]; }

void interface_init(struct interface *interface) {
    *interface = (struct interface){.managed = true, .queues = 1, .vnet_hdr = true};
}

bool interface_generated(const char *dev, bool libvirts) {
    if (!strncmp(dev, "tg", 2) && dev[2] && !dev[2 + strspn(dev + 2, "0123456789")]) return true;
    return libvirts && (!strncmp(dev, "vnet", 4) || !strncmp(dev, "macvtap", 7) || !strncmp(dev, "macvlan", 7));
}

void interface_drop_generated(struct interface *interface, bool libvirts) {
    if (!interface->managed || !interface_generated(interface->dev, libvirts)) return;
    interface->dev[0] = 0;
    interface->given[INTERFACE_KEY_DEV] = false;
}

static int refuse_key(const struct interface *interface, const char *key, struct interface_fault *fault) {
    char shown[80], keys[200] = "";
    size_t used = 0;

    if (!strcmp(key, "mac"))
        return refuse(fault, "'mac' could be either end's: guest-mac is the address the guest uses (mac in QEMU and "
                             "libvirt), host-mac the tap's own");
    for (enum interface_key k = 0; k < (interface->purpose == INTERFACE_APPLY ? INTERFACE_KEYS : INTERFACE_KEY_OWNER); k++)
        used += (size_t)snprintf(keys + used, sizeof(keys) - used, "%s%s", used ? ", " : "", key_name[k]);
    return refuse(fault, "unknown key '%s' (%s)", interface_printable(key, shown, sizeof(shown)), keys);
}

/* Is the key one of the other purpose's? */
static int check_purpose(const struct interface *interface, enum interface_key key, struct interface_fault *fault) {
    bool apply = interface->purpose == INTERFACE_APPLY;

    if (!apply && key >= INTERFACE_KEY_OWNER)
        return refuse(fault, "'%s' is for tapgrant-apply's definitions only", key_name[key]);
    if (apply && key == INTERFACE_KEY_PERSIST)
        return refuse(fault, "'persist' has no meaning for tapgrant-apply: all that it makes stays");
    if (apply && (key == INTERFACE_KEY_SCRIPT || key == INTERFACE_KEY_DOWNSCRIPT))
        return refuse(fault, "'%s' has no meaning for tapgrant-apply, which runs no scripts", key_name[key]);
    return 0;
}

int interface_set(struct interface *interface, const char *key, const char *value, struct interface_fault *fault) {
    enum interface_key k = 0;
    char shown[160];

    *fault = (struct interface_fault){.object = "--net"};
    while (k < INTERFACE_KEYS && strcmp(key, key_name[k])) k++;
    fault->key = k;
    if (k == INTERFACE_KEYS) return refuse_key(interface, key, fault);
    if (check_purpose(interface, k, fault)) return -EINVAL;
    if (interface->given[k]) return refuse(fault, "'%s' is given twice", key);
    interface->given[k] = true;
    if (!*value && k != INTERFACE_KEY_MANAGED) return refuse(fault, "'%s' has no value (%s)", key, key_values[k]);
    if (read_value(interface, k, value)) return 0;
    if (k != INTERFACE_KEY_MANAGED) return refuse_value(fault, k, value);
    snprintf(fault->hint, sizeof(fault->hint), "managed is yes or no");
    return refuse(fault, "invalid 'managed' value '%s'", interface_printable(value, shown, sizeof(shown)));
}

static int check_unmanaged_type(const struct interface *interface, enum interface_key key, struct interface_fault *fault) {
    (void)key;
    if (interface->managed || !interface_bridged(interface)) return 0;
    return refuse(fault, "unmanaged target dev is not supported on interfaces of type 'bridge'");
}

static int check_named(const struct interface *interface, enum interface_key key, struct interface_fault *fault) {
    if (interface->dev[0]) return 0;
    if (!interface->managed) return refuse(fault, "target dev must be supplied when managed='no'");
    if (interface->purpose == INTERFACE_USER) return 0;
    return refuse(fault, "'%s' is required in tapgrant-apply's definitions", key_name[key]);
}

static int check_owned(const struct interface *interface, enum interface_key key, struct interface_fault *fault) {
    if (interface->purpose == INTERFACE_USER || !interface->managed || interface->given[key]) return 0;
    return refuse(fault, "'%s' is required in tapgrant-apply's definitions", key_name[key]);
}

static int check_ignored(const struct interface *interface, enum interface_key key, struct interface_fault *fault) {
    if (interface->managed || !interface->given[key]) return 0;
    return refuse(fault, "'%s' has no meaning with managed=no: nothing about the device is changed", key_name[key]);
}

static int check_dev(const struct interface *interface, enum interface_key key, struct interface_fault *fault) {
    if (!interface->managed || (strlen(interface->dev) < WIRE_NAME && wire_dev_valid(interface->dev))) return 0;
    return refuse_value(fault, key, interface->dev);
}

static int check_type(const struct interface *interface, enum interface_key key, struct interface_fault *fault) {
    (void)key;
    if (!interface->managed) return 0;
    if (interface->type == INTERFACE_BRIDGE && !interface->bridge[0]) return refuse(fault, "type=bridge needs a bridge=");
    if (interface->type == INTERFACE_ETHERNET && interface->bridge[0]) return refuse(fault, "type=ethernet has no bridge");
    return 0;
}

static int check_macs(const struct interface *interface, enum interface_key key, struct interface_fault *fault) {
    (void)key;
    if (wire_mac_absent(interface->guest_mac) || memcmp(interface->guest_mac, interface->host_mac, 6)) return 0;
    return refuse(fault, "host-mac is the same as guest-mac: a bridge would deliver nothing to the guest");
}

static int check_port(const struct interface *interface, enum interface_key key, struct interface_fault *fault) {
    if (!(key == INTERFACE_KEY_ISOLATE ? interface->isolate : interface->lock_mac)) return 0;
    if (!interface->bridge[0]) return refuse(fault, "'%s' needs a bridge: it is of the bridge's port", key_name[key]);
    if (key == INTERFACE_KEY_ISOLATE || !wire_mac_absent(interface->guest_mac)) return 0;
    return refuse(fault, "'%s' needs a guest-mac: only frames from it enter", key_name[key]);
}

int interface_check_next(const struct interface *interface, unsigned *rule, struct interface_fault *fault) {
    static const struct {
        int (*check)(const struct interface *interface, enum interface_key key, struct interface_fault *fault);
        enum interface_key key;
    } rules[] = {{check_unmanaged_type, INTERFACE_KEY_MANAGED}, {check_named, INTERFACE_KEY_DEV},
                 {check_owned, INTERFACE_KEY_OWNER}, {check_ignored, INTERFACE_KEY_HOST_MAC},
                 {check_ignored, INTERFACE_KEY_MTU}, {check_ignored, INTERFACE_KEY_PERSIST}, {check_dev, INTERFACE_KEY_DEV},
                 {check_type, INTERFACE_KEY_TYPE}, {check_macs, INTERFACE_KEY_HOST_MAC},
                 {check_port, INTERFACE_KEY_ISOLATE}, {check_port, INTERFACE_KEY_LOCK_MAC}};

    *fault = (struct interface_fault){.object = "--net", .key = INTERFACE_KEYS};
    for (unsigned i = *rule; i < sizeof(rules) / sizeof(rules[0]); i++) {
        *rule = i + 1;
        fault->key = rules[i].key;
        if (rules[i].check(interface, rules[i].key, fault)) return -EINVAL;
    }
    return 0;
}

int interface_check(const struct interface *interface, struct interface_fault *fault) {
    unsigned rule = 0;

    return interface_check_next(interface, &rule, fault);
}

/* Copies up to the next single comma, which something must follow; a doubled one is a comma of the value. */
static const char *read_piece(const char *spec, char *piece, size_t size) {
    size_t used = 0;

    while (*spec) {
        if (spec[0] == ',' && spec[1] != ',') return spec[1] ? spec + 1 : NULL;
        if (used + 1 >= size) return NULL;
        spec += spec[0] == ',';
        piece[used++] = *spec++;
        piece[used] = 0;
    }
    return spec;
}

int interface_parse(struct interface *interface, const char *spec, struct interface_fault *fault) {
    char piece[1024], shown[160], *equals;
    const char *next = spec;

    interface_init(interface);
    *fault = (struct interface_fault){.object = "--net"};
    while (next && *next) {
        piece[0] = 0;
        next = read_piece(next, piece, sizeof(piece));
        if (!next) return refuse(fault, "a comma at the end, or a key and value of over 1023 bytes");
        equals = strchr(piece, '=');
        if (!equals)
            return refuse(fault, "'%s' is not key=value (a comma in a value is doubled)",
                          interface_printable(piece, shown, sizeof(shown)));
        *equals = 0;
        if (interface_set(interface, piece, equals + 1, fault)) return -EINVAL;
    }
    return interface_check(interface, fault);
}
