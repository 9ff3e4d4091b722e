// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * SELinux asks for one permission where a further queue attaches to its own tap and where a
 * forgotten IFF_TUN_EXCL would attach to another's (security/selinux/hooks.c,
 * selinux_tun_dev_open()).  So the domain that makes taps does not have it, and the one that has it
 * makes none.
 *
 * A process in any other domain, or without SELinux, is left as it is.  Where the change fails the
 * kernel refuses what comes next.
 * Hostile here: nothing.
 * Privilege held: CAP_NET_ADMIN, as the caller.
 */
#include "helper/link/selinux.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAKING ":tapgrant_t"
#define ATTACHING ":tapgrant_attach_t"

/*
 * Of a label that is longer, and of what is written, the kernel cuts off all behind a page
 * (fs/proc/base.c, proc_pid_attr_write()).
 */
#define LABEL_SIZE 4000

/* Where FROM is a whole type in the label; NULL: it is not there. */
static const char *find_type(const char *label, const char *from) {
    const char *type = strstr(label, from);

    if (!type) {
        return NULL;
    }
    /* a policy without levels has nothing behind the type */
    return strchr(":\n", type[strlen(from)]) ? type : NULL;
}

static void change_label(int file, const char *from, const char *to) {
    char now[LABEL_SIZE] = "";
    char next[LABEL_SIZE + sizeof(ATTACHING)];
    ssize_t length = pread(file, now, sizeof(now), 0);
    const char *type;

    if (length < 0 || (size_t)length >= sizeof(now)) {
        return;
    }
    type = find_type(now, from);
    if (!type) {
        return;
    }
    snprintf(next, sizeof(next), "%.*s%s%s", (int)(type - now), now, to, type + strlen(from));
    length = write(file, next, strlen(next));
    (void)length; /* the kernel refuses what comes next */
}

/*
 * The descriptor that it returns, or -1, cannot write again: the kernel wants its opener's
 * credentials, and the label is part of them.
 */
static int change_domain(const char *from, const char *to) {
    int file = open("/proc/self/attr/current", O_RDWR | O_CLOEXEC);

    if (file >= 0) {
        change_label(file, from, to);
    }
    return file;
}

int selinux_enter_attaching(void) {
    return change_domain(MAKING, ATTACHING);
}

void selinux_leave_attaching(int place) {
    int file;

    if (place >= 0) {
        close(place);
    }
    file = change_domain(ATTACHING, MAKING);
    if (file >= 0) {
        close(file);
    }
}
