// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /dev/net/tun, the node that opens every tap.
 */
#include "lib/error.h"
#include "lib/existing/existing.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define TUN_NODE "/dev/net/tun"
#define GROUPS 1024 /* a caller in more groups is taken for a member of none */
#define READ_AND_WRITE 06

static bool is_in_group(gid_t group) {
    gid_t groups[GROUPS];
    int count = getgroups(GROUPS, groups);

    if (getegid() == group) {
        return true;
    }
    for (int i = 0; i < count; i++) {
        if (groups[i] == group) {
            return true;
        }
    }
    return false;
}

/* Does the node's mode let this process read and write it? */
static bool mode_allows(const struct stat *node) {
    mode_t mode = node->st_mode;

    if (geteuid() == node->st_uid) {
        mode >>= 6;
    } else if (is_in_group(node->st_gid)) {
        mode >>= 3;
    }
    return (mode & READ_AND_WRITE) == READ_AND_WRITE;
}

/* SELinux may forbid even to ask it whether it enforces its policy: then it does. */
static bool selinux_enforces(void) {
    int file = open("/sys/fs/selinux/enforce", O_RDONLY | O_CLOEXEC);
    char byte = 0;
    ssize_t size;

    if (file < 0) {
        return errno == EACCES;
    }
    size = read(file, &byte, 1);
    close(file);
    return size == 1 && byte == '1';
}

/* The node's mode is not the reason. */
static int explain_module(const struct stat *node, struct tapgrant_error *failure) {
    bool is_selinux = selinux_enforces();
    const char *module = is_selinux ? "SELinux" : "a security module or access list";

    error_set(failure, TAPGRANT_FAILED, TUN_NODE, "%s refuses what its mode (%04o) allows uid %u",
              module, node->st_mode & 07777, getuid());
    if (is_selinux) {
        error_hint(failure, "ausearch -m AVC -ts recent shows what");
    } else {
        error_hint(failure, "getfacl " TUN_NODE "; journalctl -k | grep -i denied");
    }
    return TAPGRANT_FAILED;
}

static int explain_mode(const struct stat *node, struct tapgrant_error *failure) {
    error_set(failure, TAPGRANT_FAILED, TUN_NODE,
              "uid %u may not open it (owner %u, group %u, mode %04o)", getuid(), node->st_uid,
              node->st_gid, node->st_mode & 07777);
    if ((node->st_mode & 0060) == 0060) {
        error_hint(failure, "add the user to group %u, or chmod 0666 " TUN_NODE, node->st_gid);
    } else {
        error_hint(failure, "chmod 0666 " TUN_NODE
                            " (what udev does; a tap still needs its owner or the helper)");
    }
    return TAPGRANT_FAILED;
}

/* Why the node cannot be opened, and what would help. */
static int explain_node(int error, struct tapgrant_error *failure) {
    struct stat node;

    if (stat(TUN_NODE, &node)) {
        error_set(failure, TAPGRANT_FAILED, TUN_NODE, "does not exist");
        error_hint(failure, "modprobe tun; in a container, give it the device");
        return TAPGRANT_FAILED;
    }
    if (error == -EACCES && mode_allows(&node)) {
        return explain_module(&node, failure);
    }
    if (error == -EACCES || error == -EPERM) {
        return explain_mode(&node, failure);
    }
    error_set(failure, TAPGRANT_FAILED, TUN_NODE, "%s", strerror(-error));
    if (error == -ENODEV || error == -ENXIO) {
        error_hint(failure, "modprobe tun");
    }
    return TAPGRANT_FAILED;
}

int explain_tun_node(int error, struct tapgrant_error *failure) {
    int code;

    if (error_is_lack(error)) {
        return explain_call("open(2) of " TUN_NODE, error, failure);
    }
    code = explain_node(error, failure);
    error_reason_code(failure, "no_tun");
    return code;
}

static int attach(int queue, const char name[WIRE_NAME], unsigned flags) {
    struct ifreq request = {.ifr_flags = (short)flags};
    unsigned loopback = 1;

    /* with the index of a device that exists, TUNSETIFF can attach to a tap but not make one */
    if (ioctl(queue, TUNSETIFINDEX, &loopback)) {
        return -errno;
    }
    memcpy(request.ifr_name, name, strnlen(name, WIRE_NAME - 1));
    if (ioctl(queue, TUNSETIFF, &request)) {
        return -errno;
    }
    /* the tap was renamed, and another one has the name as an alternative one */
    return strcmp(request.ifr_name, name) ? -ESTALE : 0;
}

int tun_attach(const char name[WIRE_NAME], unsigned flags, bool *node_is_open) {
    int queue = open(TUN_NODE, O_RDWR | O_CLOEXEC);
    int error;

    *node_is_open = queue >= 0;
    if (queue < 0) {
        return -errno;
    }
    error = attach(queue, name, flags);
    if (error) {
        close(queue);
        return error;
    }
    return queue;
}
