// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The elements stand in the order in which libvirt writes them.
 */
#include "cli/show/libvirt.h"

#include <stdio.h>
#include <string.h>

/* Writes TEXT within '...'.  A value of a checked definition is printable ASCII. */
static void put_value(const char *text, FILE *out) {
    for (; *text; text++) {
        if (*text == '&') {
            fputs("&amp;", out);
        } else if (*text == '<') {
            fputs("&lt;", out);
        } else if (*text == '\'') {
            fputs("&apos;", out);
        } else {
            fputc(*text, out);
        }
    }
}

/* Writes <ELEMENT ATTRIBUTE='VALUE'/>, if the key was given. */
static void put(const struct interface *interface,
                const char *element,
                const char *attribute,
                enum interface_key key,
                FILE *out) {
    char value[INTERFACE_PATH];

    if (!interface->given[key]) {
        return;
    }
    fprintf(out, "  <%s %s='", element, attribute);
    put_value(interface_value(interface, key, value), out);
    fputs("'/>\n", out);
}

/* The name and managed are attributes of one element. */
static void put_target(const struct interface *interface, FILE *out) {
    if (!interface->given[INTERFACE_KEY_DEV] && !interface->given[INTERFACE_KEY_MANAGED]) {
        return;
    }
    fputs("  <target", out);
    if (interface->given[INTERFACE_KEY_DEV]) {
        fputs(" dev='", out);
        put_value(interface->dev, out);
        fputc('\'', out);
    }
    if (interface->given[INTERFACE_KEY_MANAGED]) {
        fprintf(out, " managed='%s'", interface->managed ? "yes" : "no");
    }
    fputs("/>\n", out);
}

/* By the model libvirt decides whether the tap has vnet headers, and whether queues count. */
static void put_model(const struct interface *interface, FILE *out) {
    bool has_queues = interface->given[INTERFACE_KEY_QUEUES] && interface->queues > 1;

    if (!interface->vnet_hdr) {
        fputs("  <model type='e1000'/>\n", out);
        return;
    }
    if (interface->given[INTERFACE_KEY_VNET_HDR] || has_queues) {
        fputs("  <model type='virtio'/>\n", out);
    }
    put(interface, "driver", "queues", INTERFACE_KEY_QUEUES, out);
}

bool show_libvirt_lacks(const struct interface *interface, enum interface_key key) {
    if (!interface->given[key]) {
        return false;
    }
    if (key == INTERFACE_KEY_QUEUES) {
        return interface->queues > 1 && !interface->vnet_hdr;
    }
    if (key == INTERFACE_KEY_NETNS) {
        return interface->host_netns;
    }
    return key == INTERFACE_KEY_HOST_MAC || key == INTERFACE_KEY_PERSIST ||
           key >= INTERFACE_KEY_OWNER;
}

/* XML allows no "--" in a comment. */
static void put_label(const char *label, FILE *out) {
    fputs("  <!-- interface ", out);
    for (const char *byte = label; *byte; byte++) {
        fputc(*byte, out);
        if (byte[0] == '-' && byte[1] == '-') {
            fputc(' ', out);
        }
    }
    fputs(" -->\n", out);
}

static void put_comments(const struct interface *interface, FILE *out) {
    char value[INTERFACE_PATH];

    put_label(interface->label, out);
    for (enum interface_key key = 0; key < INTERFACE_KEYS; key++) {
        if (show_libvirt_lacks(interface, key)) {
            fprintf(out, "  <!-- not carried: %s = %s -->\n", interface_key_name(key),
                    interface_value(interface, key, value));
        }
    }
}

void show_libvirt(const struct definition *definition, FILE *out) {
    const struct interface *interface = &definition->interface;

    fprintf(out, "<interface type='%s'>\n", interface_bridged(interface) ? "bridge" : "ethernet");
    put_comments(interface, out);
    put(interface, "mac", "address", INTERFACE_KEY_GUEST_MAC, out);
    if (interface->bridge[0]) {
        put(interface, "source", "bridge", INTERFACE_KEY_BRIDGE, out);
    }
    put(interface, "script", "path", INTERFACE_KEY_SCRIPT, out);
    put(interface, "downscript", "path", INTERFACE_KEY_DOWNSCRIPT, out);
    put_target(interface, out);
    put_model(interface, out);
    put(interface, "mtu", "size", INTERFACE_KEY_MTU, out);
    fputs("</interface>\n", out);
}
