/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libtapgrant: tap interfaces for processes that may not make them.
 *
 * A managed interface (the default) is made by a privileged program, if the administrator's policy,
 * tapgrant-policy(5), allows it to the user and the groups of the calling process.  There are two
 * ways to that program: the service, by a socket; and if it cannot be reached, a setuid helper that
 * the library executes.  To the service, the user and group are the effective ones; to the helper,
 * the real ones.  An unmanaged interface (managed=no) exists already: the library opens it, asks
 * nobody, and changes nothing.
 *
 * An interface is described by the text of the command's --net option, tapgrant-interfaces(5).  A
 * comma in a value is doubled:
 *
 *     dev=u1000-vm1,bridge=br0,queues=2
 *
 * The library keeps no global state, prints nothing, never ends the process, reads no environment
 * variable, and handles no signal.  The helper is a child that neither a SIGCHLD handler nor
 * waitpid(-1, ...) can see.  Several threads may call the functions at once.  One struct
 * tapgrant_device belongs to one thread at a time.  Descriptors are close-on-exec, and not in
 * non-blocking mode.
 *
 * A thread is not cancelled while it is in a function of the library: the request to cancel it
 * waits until the function returns.  A signal handler may call only the functions that read a field
 * of a device, and tapgrant_version().  libtapgrant(3), ATTRIBUTES, has this for each function, and
 * how long each can take.
 *
 * A function that can fail returns 0 (TAPGRANT_OK) or another enum tapgrant_code, and explains it
 * in *ERROR, which may be NULL.  If it fails, nothing that it opened or made stays.
 */
#ifndef TAPGRANT_H
#define TAPGRANT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What went wrong, and the exit status that tapgrant(1) gives it. */
enum tapgrant_code {
    TAPGRANT_OK = 0,
    TAPGRANT_FAILED = 1, /* the system said no */
    TAPGRANT_USAGE = 2,  /* the description does not parse, or contradicts itself */
    TAPGRANT_DENIED = 3, /* denied by policy */
    TAPGRANT_DEVICE = 4, /* an existing device is missing, busy, of another kind, or not as asked */
    TAPGRANT_QUOTA = 5,  /* the rule's max is reached */
    TAPGRANT_BUSY = 6,   /* the service has too much to do: try again */
};

/*
 * The reason for people, as OBJECT: REASON.  The hint says what to do, if anything can be done.
 * The texts are printable ASCII and end with a NUL.
 *
 * The reason code is a word for programs, which stays the same: "failed", "usage", "denied",
 * "unfit_bridge", "bridge_full", "address_taken", "device", "missing", "in_use", "name_taken",
 * "over_quota", "busy", "no_access" (neither the service nor the setuid helper can be used),
 * "untrusted" (another program listens where the service should), "other_netns" (no rule gives a
 * tap in the service's network namespace to this one), "no_tun", "no_resources", "version",
 * "unknown_field".  libtapgrant(3) has what each means.  There will be others.
 */
struct tapgrant_error {
    int code;         /* enum tapgrant_code */
    char object[128]; /* what it is about: "bridge br0", "interface u1000-vm1", "--net", a path */
    char reason[640];
    char hint[480]; /* "": none */
    char reason_code[32];
};

/* A tap: open, or only looked at by tapgrant_find() and tapgrant_list(). */
struct tapgrant_device;

/*
 * Opens the interface that SPEC describes.  *DEVICE is for tapgrant_close(3).
 *
 * Managed: waits for the service for at most 10 seconds, or for the helper for at most 5.  The
 * device is up and on its bridge.  It disappears when its last descriptor is closed, unless
 * persist=yes was asked for.  A device of its name that exists is opened without asking if it is
 * the caller's own persistent tap, made by tapgrant, and already what is asked for.  Otherwise the
 * result is TAPGRANT_DEVICE, and the reason says what differs.  If the tap's last holder has set
 * offloads, filters or the virtio header, they become those of a new tap again, and frames that
 * waited in it are dropped.
 *
 * Unmanaged: MAC address, MTU, flags, owner, bridge and alias stay as they are.  The kernel makes
 * the device's VNET_HDR flag follow its opener, and raises its carrier.  A device that does not
 * exist is never made, whatever privilege the caller has.
 */
int tapgrant_open(const char *spec, struct tapgrant_device **device, struct tapgrant_error *error);

/*
 * Opens COUNT interfaces, all or none, with one request for all managed ones.
 * DEVICES has room for COUNT.  At most 64 managed interfaces, with 253 queues together, at once.
 */
int tapgrant_open_set(const char *const specs[],
                      size_t count,
                      struct tapgrant_device *devices[],
                      struct tapgrant_error *error);

/* Closes the descriptors that were not taken, and frees the device.  NULL is ignored. */
void tapgrant_close(struct tapgrant_device *device);

/*
 * Deletes the caller's own persistent tap DEV, without privilege.  tapgrant made it, and nobody
 * holds it.  TAPGRANT_DEVICE: there is none, it is in use, it is another user's, or tapgrant did
 * not make it.
 */
int tapgrant_delete(const char *dev, struct tapgrant_error *error);

/*
 * Looks at the existing tap DEV, whoever made it, and opens nothing.  *DEVICE is for
 * tapgrant_close(3).  TAPGRANT_DEVICE: it does not exist; or it is no tap, as a macvtap, and the
 * object of the error is "interface" and the kernel's name for it.
 */
int tapgrant_find(const char *dev, struct tapgrant_device **device, struct tapgrant_error *error);

/*
 * Lists all taps in the network namespace that tapgrant made, in the order of their indexes.
 * *DEVICES is for tapgrant_list_free(3).
 */
int tapgrant_list(struct tapgrant_device ***devices, size_t *count, struct tapgrant_error *error);
/* Lists all taps, whoever made them. */
int tapgrant_list_all(struct tapgrant_device ***devices,
                      size_t *count,
                      struct tapgrant_error *error);
void tapgrant_list_free(struct tapgrant_device **devices, size_t count);

/*
 * What is known about a device.  Strings and addresses belong to the device.
 *
 * name       the kernel's own name, also if an alternative one was asked for
 * ifindex    its index
 * queues     of an open device: its descriptors; of one that was only looked at: the queues that
 *            are attached, and 1 if it can have only one
 * fd         the descriptor of queue 0 <= QUEUE < queues; -1: there is none, or it was taken
 * take_fd    the same; the descriptor is then the caller's to close(2)
 * bridge     the bridge that it is a port of; NULL: none
 * rule       the rule of the policy that granted it; NULL: none
 * label      the label of the definition by which tapgrant-apply made it; NULL: it did not
 * slot       its number among its user's devices under that rule, 0 <= slot < max; -1: none
 * uid        the user it was granted to; if it was not granted, its owner; (uid_t)-1: nobody
 * owner      the user who may open it, as the kernel has it now; (uid_t)-1: none
 * group      the group whose members may open it; (gid_t)-1: none
 * multi_queue   1 if it takes several descriptors, 0 if one
 * host_mac   its own address, 6 bytes
 * guest_mac  the address that the guest must use, 6 bytes; of a device that was only looked at, the
 *            one that its port is locked to; NULL: not known
 * locked, isolated, guarded   1 or 0, of a bridge's port that was only looked at: it takes frames
 *            from the guest's address alone; it is kept from other isolated ports; it takes no part
 *            in the spanning tree (BPDU guard and root block)
 * mtu        bytes
 * existed    1 if it was there before it was opened, otherwise 0
 * other_netns   1 if it is in another network namespace than the process that opened it, which
 *            netns=host can give.  Its descriptors work.  Its name, index and bridge mean something
 *            else to the process, or nothing.
 * managed, vnet_hdr, persist, up   1 or 0
 */
const char *tapgrant_name(const struct tapgrant_device *device);
unsigned tapgrant_ifindex(const struct tapgrant_device *device);
unsigned tapgrant_queues(const struct tapgrant_device *device);
int tapgrant_fd(const struct tapgrant_device *device, unsigned queue);
int tapgrant_take_fd(struct tapgrant_device *device, unsigned queue);
const char *tapgrant_bridge(const struct tapgrant_device *device);
const char *tapgrant_rule(const struct tapgrant_device *device);
const char *tapgrant_label(const struct tapgrant_device *device);
int tapgrant_slot(const struct tapgrant_device *device);
uid_t tapgrant_uid(const struct tapgrant_device *device);
uid_t tapgrant_owner(const struct tapgrant_device *device);
gid_t tapgrant_group(const struct tapgrant_device *device);
int tapgrant_multi_queue(const struct tapgrant_device *device);
const uint8_t *tapgrant_host_mac(const struct tapgrant_device *device);
const uint8_t *tapgrant_guest_mac(const struct tapgrant_device *device);
int tapgrant_locked(const struct tapgrant_device *device);
int tapgrant_isolated(const struct tapgrant_device *device);
int tapgrant_guarded(const struct tapgrant_device *device);
unsigned tapgrant_mtu(const struct tapgrant_device *device);
int tapgrant_managed(const struct tapgrant_device *device);
int tapgrant_existed(const struct tapgrant_device *device);
int tapgrant_other_netns(const struct tapgrant_device *device);
int tapgrant_vnet_hdr(const struct tapgrant_device *device);
int tapgrant_persist(const struct tapgrant_device *device);
int tapgrant_up(const struct tapgrant_device *device);

/* The Nth warning, from 0, about a device that was opened.  NULL: there are no more. */
const char *tapgrant_warning(const struct tapgrant_device *device, unsigned n);

/*
 * Stores up to COUNT processes that hold a queue of the device.  Returns how many there are, which
 * may be more than COUNT.  Only processes whose /proc entries the caller may read are found, and
 * none of a device in another network namespace.  It has up to three files open at once, and leaves
 * out what it cannot open.
 */
size_t tapgrant_holders(const struct tapgrant_device *device, pid_t holders[], size_t count);

/* The ways to the privileged program. */
enum tapgrant_way {
    TAPGRANT_SERVICE = 0,
    TAPGRANT_SETUID_HELPER = 1,
};

/*
 * Can this process use WAY?  Asks by it for a bridge that does not exist, which is denied and
 * logged.  TAPGRANT_OK; or another code, and the reason why not.  Takes as long as tapgrant_open().
 */
int tapgrant_access(enum tapgrant_way way, struct tapgrant_error *error);

/* The version of the library, as "0.1.0". */
const char *tapgrant_version(void);

#ifdef __cplusplus
}
#endif

#endif
