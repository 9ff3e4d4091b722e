// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libvirt's <interface> -> a definition.  What libvirt does was read in domain_conf.c and
 * domain_interface.c of 11.3.0, and tried with 9.0.0.  If an element is there twice, the first
 * counts.  Text that is empty and a number that is 0 count as absent.  A fault is one here only if
 * it is one there, or if no tap of that kind can be made.
 */
#include "cli/import/libvirt/interface.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r\n"
#define HEXADECIMAL "0123456789abcdefABCDEF"
#define CANONICAL 24 /* bytes of an address or a number in canonical form */
#define TYPE 16
#define CHILDREN 256 /* elements in an <interface> */

/* virDomainNetIsVirtioModel(); virDomainNetDefSetModelString() compares without regard to case. */
static bool is_virtio(const char *model) {
    return !strcasecmp(model, "virtio") || !strcasecmp(model, "virtio-transitional") ||
           !strcasecmp(model, "virtio-non-transitional");
}

/* virDomainInterfaceIsVnetCompatModel() */
static bool has_vnet_hdr(const char *model) {
    return is_virtio(model) || !strcasecmp(model, "e1000e") || !strcasecmp(model, "igb") ||
           !strcasecmp(model, "vmxnet3");
}

static void set(struct source *source,
                enum interface_key key,
                const xmlNode *node,
                const char *value) {
    struct interface_fault fault;
    struct definition *definition = source->definition;
    unsigned line = import_xml_line(node);

    definition->key_line[key] = line;
    if (interface_set(&definition->interface, interface_key_name(key), value, &fault)) {
        import_fault(source->import, line, "%s", fault.reason);
        definition->faulty = true;
        definition->unclear = true;
    }
}

/*
 * As virMacAddrParse() reads it: an octet may be one digit, and blanks may follow.  ether_aton_r(3)
 * would also take an address with anything behind it.  TEXT itself if it is no address: the fault
 * shows it as it is written.
 */
static const char *canonical_mac(const char *text, char canonical[CANONICAL]) {
    const char *rest = text;
    uint8_t mac[6];

    for (size_t i = 0; i < sizeof(mac); i++) {
        size_t length = strspn(rest, HEXADECIMAL);

        if (length < 1 || length > 2) {
            return text;
        }
        mac[i] = (uint8_t)strtoul(rest, NULL, 16);
        rest += length;
        if (i == sizeof(mac) - 1) {
            break;
        }
        if (*rest != ':') {
            return text;
        }
        rest++;
    }
    return rest[strspn(rest, BLANKS)] ? text : wire_mac_text(mac, canonical);
}

/*
 * As virStrToLong_uip() reads it: blanks before a number are passed over.  "": 0, which stands for
 * no number.  TEXT without these blanks if it is no number: the fault shows it.
 */
static const char *canonical_number(const char *text, char canonical[CANONICAL]) {
    const char *number = text + strspn(text, BLANKS);
    const char *digits = number + strspn(number, "0");

    if (!*number || number[strspn(number, "0123456789")]) {
        return number;
    }
    if (strlen(digits) >= CANONICAL) {
        return digits;
    }
    snprintf(canonical, CANONICAL, "%s", digits);
    return canonical;
}

/* Does the key go into the definition? */
static bool is_wanted(const struct source *source, enum interface_key key, const char *value) {
    bool for_apply = source->import->purpose == DEFINITIONS_APPLY;

    if (key == INTERFACE_KEY_MANAGED) {
        return !for_apply;
    }
    if (key == INTERFACE_KEY_BRIDGE) {
        return source->kind == BRIDGE;
    }
    if (key == INTERFACE_KEY_GUEST_MAC) {
        return true; /* to libvirt, an empty address is a fault, too */
    }
    if (!*value) {
        return false;
    }
    if (key == INTERFACE_KEY_MTU) {
        return for_apply ||
               !source->is_unmanaged; /* of an unmanaged one, libvirt tells only the guest */
    }
    if (key == INTERFACE_KEY_QUEUES) {
        return source->is_virtio; /* libvirt reads it for virtio only */
    }
    if (key == INTERFACE_KEY_SCRIPT || key == INTERFACE_KEY_DOWNSCRIPT) {
        return !for_apply;
    }
    return true;
}

static void take(struct source *source,
                 enum interface_key key,
                 const xmlNode *node,
                 const char *value) {
    char canonical[CANONICAL];

    if (key == INTERFACE_KEY_MTU || key == INTERFACE_KEY_QUEUES) {
        value = canonical_number(value, canonical);
    }
    if (!is_wanted(source, key, value)) {
        source->is_taken[key] = key == INTERFACE_KEY_MANAGED || !*value;
        return;
    }
    source->is_taken[key] = true;
    if (key == INTERFACE_KEY_VNET_HDR) {
        /* show --libvirt writes these two; of any other model, more is lost than vnet-hdr says */
        source->is_taken[key] = !strcmp(value, "virtio") || !strcmp(value, "e1000");
        value = has_vnet_hdr(value) ? "yes" : "no";
    }
    if (key == INTERFACE_KEY_GUEST_MAC) {
        value = canonical_mac(value, canonical);
    }
    set(source, key, node, value);
}

/* One of libvirt's enum virDomainNetType. */
static bool is_type(const char *type) {
    static const char *const types[] = {"user",   "ethernet", "bridge",    "network", "internal",
                                        "direct", "hostdev",  "server",    "client",  "mcast",
                                        "udp",    "vdpa",     "vhostuser", "null",    "vds"};

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (!strcmp(type, types[i])) {
            return true;
        }
    }
    return false;
}

static enum kind kind_of(const char *type) {
    if (!strcmp(type, "ethernet")) {
        return ETHERNET;
    }
    return !strcmp(type, "bridge") ? BRIDGE : OTHER;
}

/* False: a fault was told. */
static bool read_type(struct source *source, char type[TYPE]) {
    char *value = import_xml_attribute(source->node, "type");
    const char *written = value ? value : "user"; /* libvirt's default */
    bool is_known = is_type(written);

    if (is_known) {
        snprintf(type, TYPE, "%s", written);
        source->kind = kind_of(written);
    } else {
        import_fault(source->import, import_xml_line(source->node),
                     "invalid 'type' value '%.100s' of an interface", written);
    }
    free(value);
    return is_known;
}

/* libvirt's rules on <target> that hold for every type.  False: a fault was told. */
static bool check_target(struct source *source, const char *type) {
    const xmlNode *target = import_xml_first(source->node, "target");
    char *managed = import_xml_attribute(target, "managed");
    bool is_valid = !managed || !strcmp(managed, "yes") || !strcmp(managed, "no");

    source->is_unmanaged = managed && !strcmp(managed, "no");
    if (!is_valid) {
        import_fault(source->import, import_xml_line(target), "invalid 'managed' value '%.100s'",
                     managed);
    } else if (source->is_unmanaged && source->kind != ETHERNET) {
        import_fault(source->import, import_xml_line(target),
                     "unmanaged target dev is not supported on interfaces of type '%s'", type);
        is_valid = false;
    }
    free(managed);
    return is_valid;
}

/*
 * Adds what tapgrant-apply(8) needs.  libvirt reads no bridge of an unmanaged interface: the
 * document's author, who may be anybody, must not choose one for the administrator.
 */
static void declare(struct source *source, const char *label) {
    char *bridge = import_xml_attribute(import_xml_first(source->node, "source"), "bridge");
    const char *why =
        bridge ? "its source bridge is nothing to libvirt" : "the document names no bridge";

    set(source, INTERFACE_KEY_OWNER, source->node, source->import->owner);
    import_note(source->import, import_xml_line(source->node),
                "%s: %s: add bridge = NAME, isolate and lock-mac, or leave it without", label, why);
    free(bridge);
}

static void complete(struct source *source, const char *label) {
    struct definition *definition = source->definition;

    if (!source->is_unmanaged) {
        interface_drop_generated(&definition->interface, true);
    }
    if (source->kind == BRIDGE && !definition->interface.bridge[0]) {
        import_fault(source->import, import_xml_line(source->node),
                     "interface type='bridge' requires a 'source' with a bridge");
        definition->faulty = true;
        definition->unclear = true;
    }
    if (source->import->purpose == DEFINITIONS_APPLY) {
        declare(source, label);
    }
}

/* By this, whether the number of queues counts. */
static void read_model(struct source *source) {
    char *model = import_xml_attribute(import_xml_first(source->node, "model"), "type");

    source->is_virtio = model && is_virtio(model);
    free(model);
}

static int define(struct source *source, const char *label) {
    struct import *import = source->import;

    source->definition = definitions_add(&import->definitions, import->purpose);
    if (!source->definition) {
        return -ENOMEM;
    }
    source->definition->line = import_xml_line(source->node);
    snprintf(source->definition->interface.label, INTERFACE_LABEL, "%s", label);
    read_model(source);
    for (size_t i = 0; i < CARRIED; i++) {
        const struct carried *carried = &import_carried[i];
        const xmlNode *node = import_xml_first(source->node, carried->element);
        char *value = import_xml_attribute(node, carried->attribute);

        if (value) {
            take(source, carried->key, node, value);
        }
        free(value);
    }
    complete(source, label);
    import_note_rest(source, label);
    source->definition->comment = import_comment(import);
    return 0;
}

int import_interface(struct import *import, const xmlNode *node, const char *label) {
    struct source source = {.import = import, .node = node};
    unsigned line = import_xml_line(node);
    char type[TYPE];

    if (xmlChildElementCount((xmlNode *)node) > CHILDREN) {
        import_fault(import, line, "more than 256 elements in one interface");
        return 0;
    }
    if (import->definitions.count == DEFINITIONS_MAX) {
        import_fault(import, line, "more than 4096 interfaces in one file");
        return 0;
    }
    if (!read_type(&source, type) || !check_target(&source, type)) {
        return 0;
    }
    if (source.kind == OTHER) {
        import_note(import, line, "%s: not carried: type '%s' (only ethernet and bridge are)",
                    label, type);
        return 0;
    }
    if (import->purpose == DEFINITIONS_APPLY && !source.is_unmanaged) {
        import_note(import, line, "%s: not carried: it is managed, and made when its guest starts",
                    label);
        return 0;
    }
    return define(&source, label);
}
