// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libvirt's <interface> -> a definition.  What libvirt does was read in domain_conf.c and domain_interface.c of 11.3.0, and
 * tried with 9.0.0: of elements that are there twice the first counts, text that is empty or a number that is 0 is none, and
 * a fault is one here only if it is one there, or if no tap of that kind can be made.
 */
#include "cli/import/libvirt/xml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r\n"

enum kind { ETHERNET, BRIDGE, OTHER };

struct source {
    struct import *import;
    struct definition *definition;
    const xmlNode *node;
    enum kind kind;
    bool unmanaged, virtio;
    bool taken[INTERFACE_KEYS];
};

static const struct {
    const char *element, *attribute;
    enum interface_key key;
} carried[] = {{"target", "managed", INTERFACE_KEY_MANAGED}, {"target", "dev", INTERFACE_KEY_DEV},
               {"source", "bridge", INTERFACE_KEY_BRIDGE},   {"mac", "address", INTERFACE_KEY_GUEST_MAC},
               {"mtu", "size", INTERFACE_KEY_MTU},           {"driver", "queues", INTERFACE_KEY_QUEUES},
               {"model", "type", INTERFACE_KEY_VNET_HDR},    {"script", "path", INTERFACE_KEY_SCRIPT},
               {"downscript", "path", INTERFACE_KEY_DOWNSCRIPT}};

/* The guest's side of the interface: its domain keeps it. */
static const char *const guests[] = {"model", "driver", "address", "alias", "boot", "rom", "acpi", "guest", "link", "teaming"};

static bool is_one_of(const char *name, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!strcmp(name, names[i])) return true;
    return false;
}

/* virDomainNetIsVirtioModel(); the models are compared without regard to case, virDomainNetDefSetModelString(). */
static bool is_virtio(const char *model) {
    return !strcasecmp(model, "virtio") || !strcasecmp(model, "virtio-transitional") ||
           !strcasecmp(model, "virtio-non-transitional");
}

/* virDomainInterfaceIsVnetCompatModel() */
static bool has_vnet_hdr(const char *model) {
    return is_virtio(model) || !strcasecmp(model, "e1000e") || !strcasecmp(model, "igb") || !strcasecmp(model, "vmxnet3");
}

static void set(struct source *source, enum interface_key key, const xmlNode *node, const char *value) {
    struct interface_fault fault;
    unsigned line = import_xml_line(node);

    source->definition->key_line[key] = line;
    if (!interface_set(&source->definition->interface, interface_key_name(key), value, &fault)) return;
    import_fault(source->import, line, "%s", fault.reason);
    source->definition->faulty = source->definition->unclear = true;
}

/* virMacAddrParse(): an octet may be one digit, and blanks may follow.  NULL: none of its addresses. */
static const char *canonical_mac(const char *text, char mac[18]) {
    static const char digits[] = "0123456789abcdefABCDEF";
    size_t used = 0, length;

    for (int i = 0; i < 6; i++, text += length + (*(text + length) == ':')) {
        length = strspn(text, digits);
        if (length < 1 || length > 2 || (i < 5 ? text[length] != ':' : text[length + strspn(text + length, BLANKS)])) return NULL;
        used += (size_t)snprintf(mac + used, 18 - used, "%s%s%.*s", i ? ":" : "", length == 1 ? "0" : "", (int)length, text);
    }
    return mac;
}

/* virStrToLong_uip(): blanks before it are passed over.  0, which stands for no number, is "". */
static const char *canonical_number(const char *text, char number[24]) {
    text += strspn(text, BLANKS);
    if (!*text || text[strspn(text, "0123456789")]) return text;
    text += strspn(text, "0");
    if (strlen(text) >= 24) return text;
    strcpy(number, text);
    return number;
}

/* Does the key go into the definition? */
static bool wanted(const struct source *source, enum interface_key key, const char *value) {
    bool apply = source->import->purpose == DEFINITIONS_APPLY;

    if (key == INTERFACE_KEY_MANAGED) return !apply;
    if (key == INTERFACE_KEY_BRIDGE) return source->kind == BRIDGE;
    if (key == INTERFACE_KEY_MTU) return *value && (apply || !source->unmanaged); /* libvirt tells the guest only */
    if (key == INTERFACE_KEY_QUEUES) return *value && source->virtio;              /* libvirt reads it for virtio only */
    if (key == INTERFACE_KEY_SCRIPT || key == INTERFACE_KEY_DOWNSCRIPT) return *value && !apply;
    return *value || key == INTERFACE_KEY_GUEST_MAC; /* to libvirt an empty address is a fault, too */
}

static void take(struct source *source, enum interface_key key, const xmlNode *node, const char *value) {
    char buffer[24];

    if (key == INTERFACE_KEY_MTU || key == INTERFACE_KEY_QUEUES) value = canonical_number(value, buffer);
    if (!wanted(source, key, value)) {
        source->taken[key] = key == INTERFACE_KEY_MANAGED || !*value;
        return;
    }
    source->taken[key] = true;
    if (key == INTERFACE_KEY_VNET_HDR) {
        source->taken[key] = !strcmp(value, "virtio") || !strcmp(value, "e1000");
        value = has_vnet_hdr(value) ? "yes" : "no";
    }
    if (key == INTERFACE_KEY_GUEST_MAC && canonical_mac(value, buffer)) value = buffer;
    set(source, key, node, value);
}

static bool is_taken(const struct source *source, const xmlNode *node, const xmlAttr *attribute) {
    const char *element = (const char *)node->name, *name = (const char *)attribute->name;

    if (attribute->ns || import_xml_first(source->node, element) != node) return false;
    for (size_t i = 0; i < sizeof(carried) / sizeof(carried[0]); i++)
        if (!strcmp(element, carried[i].element) && !strcmp(name, carried[i].attribute))
            return source->taken[carried[i].key];
    return false;
}

static bool is_carried(const xmlNode *node) {
    for (size_t i = 0; i < sizeof(carried) / sizeof(carried[0]); i++)
        if (import_xml_is(node, carried[i].element)) return true;
    return false;
}

/* "vlan", "target again", "model type 'rtl8139'": all of NODE that did not become a key, into LIST. */
static void list_rest(const struct source *source, const xmlNode *node, FILE *list) {
    const char *name = (const char *)node->name;

    if (!is_carried(node)) {
        fprintf(list, "%s%s", ftell(list) ? ", " : "", name);
        return;
    }
    for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next) {
        char *value = (char *)xmlNodeGetContent((const xmlNode *)attribute);

        if (!is_taken(source, node, attribute))
            fprintf(list, "%s%s %s '%.100s'", ftell(list) ? ", " : "", name, attribute->name, value ? value : "");
        free(value);
    }
    for (const xmlNode *child = node->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE) fprintf(list, "%s%s %s", ftell(list) ? ", " : "", name, child->name);
}

/* What did not become a key: of the guest's device, or of the interface. */
static void note_rest(struct source *source, const char *label) {
    char *text[2] = {NULL, NULL};
    size_t size[2];
    FILE *list[2] = {open_memstream(&text[0], &size[0]), open_memstream(&text[1], &size[1])};
    unsigned line = import_xml_line(source->node);

    for (const xmlAttr *one = source->node->properties; list[1] && one; one = one->next)
        if (one->ns || strcmp((const char *)one->name, "type")) fprintf(list[1], "%s%s", ftell(list[1]) ? ", " : "", one->name);
    for (const xmlNode *node = source->node->children; list[0] && list[1] && node; node = node->next) {
        bool guest = is_one_of((const char *)node->name, guests, sizeof(guests) / sizeof(guests[0]));

        if (node->type == XML_ELEMENT_NODE) list_rest(source, node, list[guest ? 0 : 1]);
    }
    for (int i = 1; i >= 0; i--) {
        if (list[i]) fclose(list[i]);
        if (text[i] && *text[i])
            import_note(source->import, line, "%s: %s: %s", label, i ? "not carried" : "left to the guest's device", text[i]);
        free(text[i]);
    }
}

/* The values of libvirt's enum virDomainNetType.  false: a fault was told. */
static bool read_type(struct import *import, const xmlNode *node, char type[16], enum kind *kind) {
    static const char *const types[] = {"user",   "ethernet", "bridge", "network", "internal", "direct",    "hostdev",
                                        "server", "client",   "mcast",  "udp",     "vdpa",     "vhostuser", "null", "vds"};
    char *value = import_xml_attribute(node, "type");
    bool known = !value || is_one_of(value, types, sizeof(types) / sizeof(types[0]));

    if (!known) import_fault(import, import_xml_line(node), "invalid 'type' value '%.100s' of an interface", value);
    if (known) snprintf(type, 16, "%s", value ? value : "user"); /* as libvirt has it where there is none */
    *kind = known && !strcmp(type, "ethernet") ? ETHERNET : known && !strcmp(type, "bridge") ? BRIDGE : OTHER;
    free(value);
    return known;
}

/* Those of libvirt's rules that hold of every type. */
static bool check_target(struct source *source, const char *type) {
    const xmlNode *target = import_xml_first(source->node, "target");
    char *managed = import_xml_attribute(target, "managed");
    bool right = !managed || !strcmp(managed, "yes") || !strcmp(managed, "no");

    source->unmanaged = managed && !strcmp(managed, "no");
    if (!right) import_fault(source->import, import_xml_line(target), "invalid 'managed' value '%.100s'", managed);
    free(managed);
    if (!right || !source->unmanaged || source->kind == ETHERNET) return right;
    import_fault(source->import, import_xml_line(target), "unmanaged target dev is not supported on interfaces of type '%s'",
                 type);
    return false;
}

/* As tapgrant-apply(8) is to make it. */
static void declare(struct source *source, const char *label) {
    char *bridge = import_xml_attribute(import_xml_first(source->node, "source"), "bridge");

    set(source, INTERFACE_KEY_OWNER, source->node, source->import->owner);
    /* libvirt reads no bridge of an unmanaged interface: who wrote one there shall not choose it for the administrator */
    import_note(source->import, import_xml_line(source->node),
                "%s: %s: add bridge = NAME, isolate and lock-mac, or leave it without", label,
                bridge ? "its source bridge is nothing to libvirt" : "the document names no bridge");
    free(bridge);
}

static void complete(struct source *source, const char *label) {
    struct interface *interface = &source->definition->interface;

    if (!source->unmanaged) interface_drop_generated(interface, true);
    if (source->kind == BRIDGE && !interface->bridge[0]) {
        import_fault(source->import, import_xml_line(source->node), "interface type='bridge' requires a 'source' with a bridge");
        source->definition->faulty = source->definition->unclear = true;
    }
    if (source->import->purpose == DEFINITIONS_APPLY) declare(source, label);
}

static int define(struct source *source, const char *label) {
    struct import *import = source->import;
    const xmlNode *model = import_xml_first(source->node, "model");
    char *value = import_xml_attribute(model, "type");

    source->virtio = value && is_virtio(value);
    free(value);
    source->definition = definitions_add(&import->definitions, import->purpose);
    if (!source->definition) return -ENOMEM;
    source->definition->line = import_xml_line(source->node);
    snprintf(source->definition->interface.label, INTERFACE_LABEL, "%s", label);
    for (size_t i = 0; i < sizeof(carried) / sizeof(carried[0]); i++) {
        const xmlNode *node = import_xml_first(source->node, carried[i].element);

        value = import_xml_attribute(node, carried[i].attribute);
        if (value) take(source, carried[i].key, node, value);
        free(value);
    }
    complete(source, label);
    note_rest(source, label);
    source->definition->comment = import_comment(import);
    return 0;
}

int import_interface(struct import *import, const xmlNode *node, const char *label) {
    struct source source = {.import = import, .node = node};
    unsigned line = import_xml_line(node);
    char type[16];

    if (xmlChildElementCount((xmlNode *)node) > IMPORT_CHILDREN)
        return import_fault(import, line, "more than 256 elements in one interface"), 0;
    if (import->definitions.count == DEFINITIONS_MAX)
        return import_fault(import, line, "more than 4096 interfaces in one file"), 0;
    if (!read_type(import, node, type, &source.kind) || !check_target(&source, type)) return 0;
    if (source.kind == OTHER)
        return import_note(import, line, "%s: not carried: type '%s' (only ethernet and bridge are)", label, type), 0;
    if (import->purpose == DEFINITIONS_APPLY && !source.unmanaged)
        return import_note(import, line, "%s: not carried: it is managed, and made when its guest starts", label), 0;
    return define(&source, label);
}
