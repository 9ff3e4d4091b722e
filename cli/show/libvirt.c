// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A definition -> libvirt's <interface>, in the order in which libvirt writes its elements.
 */
#include "cli/definitions/read.h"

#include <stdio.h>
#include <string.h>

/* Printable ASCII, as every value of a definition that was checked is, within '...'. */
static void put_value(const char *text, FILE *out) {
    for (; *text; text++) {
        if (*text == '&')
            fputs("&amp;", out);
        else if (*text == '<')
            fputs("&lt;", out);
        else if (*text == '\'')
            fputs("&apos;", out);
        else
            fputc(*text, out);
    }
}

/* <ELEMENT ATTRIBUTE='VALUE'/>, if the key was given. */
static void put(const struct interface *interface, const char *element, const char *attribute, enum interface_key key,
                FILE *out) {
    char value[INTERFACE_PATH];

    if (!interface->given[key]) return;
    fprintf(out, "  <%s %s='", element, attribute);
    put_value(interface_value(interface, key, value), out);
    fputs("'/>\n", out);
}

/* Both of its attributes are in one element. */
static void put_target(const struct interface *interface, FILE *out) {
    if (!interface->given[INTERFACE_KEY_DEV] && !interface->given[INTERFACE_KEY_MANAGED]) return;
    fputs("  <target", out);
    if (interface->given[INTERFACE_KEY_DEV]) {
        fputs(" dev='", out);
        put_value(interface->dev, out);
        fputc('\'', out);
    }
    if (interface->given[INTERFACE_KEY_MANAGED]) fprintf(out, " managed='%s'", interface->managed ? "yes" : "no");
    fputs("/>\n", out);
}

/* The card decides whether libvirt asks for vnet headers, and whether it reads the number of queues. */
static void put_model(const struct interface *interface, FILE *out) {
    bool queues = interface->given[INTERFACE_KEY_QUEUES] && interface->queues > 1;

    if (!interface->vnet_hdr)
        fputs("  <model type='e1000'/>\n", out);
    else if (interface->given[INTERFACE_KEY_VNET_HDR] || queues)
        fputs("  <model type='virtio'/>\n", out);
    if (interface->vnet_hdr) put(interface, "driver", "queues", INTERFACE_KEY_QUEUES, out);
}

bool show_libvirt_lacks(const struct interface *interface, enum interface_key key) {
    if (!interface->given[key]) return false;
    if (key == INTERFACE_KEY_QUEUES) return interface->queues > 1 && !interface->vnet_hdr;
    return key == INTERFACE_KEY_HOST_MAC || key == INTERFACE_KEY_PERSIST || key >= INTERFACE_KEY_OWNER;
}

static void put_comments(const struct interface *interface, FILE *out) {
    char value[INTERFACE_PATH];

    fputs("  <!-- interface ", out);
    for (const char *byte = interface->label; *byte; byte++) /* no comment has two of - in a row */
        fprintf(out, "%c%s", *byte, byte[0] == '-' && byte[1] == '-' ? " " : "");
    fputs(" -->\n", out);
    for (enum interface_key key = 0; key < INTERFACE_KEYS; key++)
        if (show_libvirt_lacks(interface, key))
            fprintf(out, "  <!-- not carried: %s = %s -->\n", interface_key_name(key), interface_value(interface, key, value));
}

void show_libvirt(const struct definition *definition, FILE *out) {
    const struct interface *interface = &definition->interface;

    fprintf(out, "<interface type='%s'>\n", interface_bridged(interface) ? "bridge" : "ethernet");
    put_comments(interface, out);
    put(interface, "mac", "address", INTERFACE_KEY_GUEST_MAC, out);
    if (interface->bridge[0]) put(interface, "source", "bridge", INTERFACE_KEY_BRIDGE, out);
    put(interface, "script", "path", INTERFACE_KEY_SCRIPT, out);
    put(interface, "downscript", "path", INTERFACE_KEY_DOWNSCRIPT, out);
    put_target(interface, out);
    put_model(interface, out);
    put(interface, "mtu", "size", INTERFACE_KEY_MTU, out);
    fputs("</interface>\n", out);
}
