/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libtapgrant: tap interfaces for processes that may not make them.
 *
 * Two roads lead to an open tap.  A managed interface (the default) is made by the setuid helper, if the
 * administrator's policy, tapgrant-policy(5), allows it to the calling process's real uid, gid and groups.  An
 * unmanaged one (managed=no) exists already: the library opens it itself, executes nothing, and changes nothing.
 *
 * Interfaces are described by the text of the command's --net option, tapgrant-interfaces(5):
 *
 *     dev=u1000-vm1,bridge=br0,queues=2        a comma in a value is doubled
 *
 * The library keeps no global state, prints nothing, never ends the process, reads no environment, and handles no
 * signal; its child (the helper) is one that neither a SIGCHLD handler nor waitpid(-1, ...) can see.  Its functions
 * may be called from several threads at once; one struct tapgrant_device belongs to one thread at a time.
 * Descriptors are close-on-exec, and not in non-blocking mode.
 *
 * A thread is not cancelled while it is in a function of the library: a request waits until the
 * function returns.  A signal handler may call only the functions that read a field of a device,
 * and tapgrant_version().  libtapgrant(3), ATTRIBUTES, says it for each function, and how long they
 * can take.
 *
 * Functions that can fail return 0 (TAPGRANT_OK) or an enum tapgrant_code, and explain it in *ERROR, which may be
 * NULL.  Nothing is opened, made or left behind by a function that fails.
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
};

/* Why, for people: OBJECT: REASON, and where there is a remedy, the hint.  Printable ASCII, NUL-terminated. */
struct tapgrant_error {
    int code;         /* enum tapgrant_code */
    char object[128]; /* what it is about: "bridge br0", "interface u1000-vm1", "--net", a path */
    char reason[640];
    char hint[512]; /* "": none */
};

/* A tap, open or (from tapgrant_find() and tapgrant_list()) only seen. */
struct tapgrant_device;

/*
 * Opens the interface that SPEC describes.  *DEVICE is for tapgrant_close(3).
 *
 * Managed: waits for the helper at most 5 seconds.  The device is up, on its bridge, and disappears
 * with its last descriptor, unless persist=yes was asked.  If a device of its name exists, it is
 * opened as it is, without the helper, where it is the caller's own persistent tap, made by
 * tapgrant, and already what is asked; otherwise TAPGRANT_DEVICE, and the reason says what differs.
 * If its last holder set offloads, filters or the virtio header, they become a new tap's again, and
 * frames that waited in it are dropped.
 * Unmanaged: MAC address, MTU, flags, owner, bridge and alias stay as they are; the kernel makes the device's
 * VNET_HDR flag follow its opener and raises its carrier.  A device that does not exist is never made, whatever
 * privilege the caller has.
 */
int tapgrant_open(const char *spec, struct tapgrant_device **device, struct tapgrant_error *error);

/*
 * Opens COUNT interfaces, all or none, the managed ones by one execution of the helper.  DEVICES has room for COUNT.
 * At most 64 managed interfaces, and 253 queues of them, at once.
 */
int tapgrant_open_set(const char *const specs[], size_t count, struct tapgrant_device *devices[],
                      struct tapgrant_error *error);

/* Closes the descriptors that were not taken, and frees the device.  NULL is ignored. */
void tapgrant_close(struct tapgrant_device *device);

/*
 * Deletes the caller's own persistent tap DEV that tapgrant made and nobody holds, without privilege.
 * TAPGRANT_DEVICE: there is none, it is in use, another's, or not tapgrant's.
 */
int tapgrant_delete(const char *dev, struct tapgrant_error *error);

/*
 * Looks at the existing tap DEV, whoever made it, and opens nothing.  *DEVICE is for tapgrant_close(3).
 * TAPGRANT_DEVICE: it does not exist, or is no tap, of which the object is then "interface" and the kernel's name for it.  A
 * macvtap is none.
 */
int tapgrant_find(const char *dev, struct tapgrant_device **device, struct tapgrant_error *error);

/*
 * All taps in the network namespace that tapgrant made, in the order of their indexes.  *DEVICES is for
 * tapgrant_list_free(3).
 */
int tapgrant_list(struct tapgrant_device ***devices, size_t *count, struct tapgrant_error *error);
/* The same, and every other tap there is, whoever made it. */
int tapgrant_list_all(struct tapgrant_device ***devices, size_t *count, struct tapgrant_error *error);
void tapgrant_list_free(struct tapgrant_device **devices, size_t count);

/*
 * What is known of a device.  Strings and addresses belong to it.
 *
 * name       the kernel's own name, also where an alternative one was asked for
 * ifindex    its index
 * queues     descriptors of an opened device; of one only seen, the queues attached (1 where it has only one)
 * fd         the descriptor of queue 0 <= QUEUE < queues, or -1
 * take_fd    the same, and it is now the caller's to close(2)
 * bridge     the bridge it is a port of, NULL: none
 * rule       the rule of the policy that granted it, NULL: not granted by one
 * label      of one that tapgrant-apply made, its definition's, NULL: it made it not
 * slot       its number among its user's devices under that rule, 0 <= slot < max; -1: none
 * uid        the user it was granted to; the owner of any other; (uid_t)-1: nobody
 * owner      the user who may open it, as the kernel has it now; (uid_t)-1: none
 * group      the group whose members may open it; (gid_t)-1: none
 * multi_queue   1 if it takes several descriptors, 0 if one
 * host_mac   its own address, 6 bytes
 * guest_mac  the address that the guest is to use, 6 bytes, NULL: not known; of one only seen, that which its port is locked to
 * locked, isolated, guarded   of a port of a bridge that was only seen, 1 or 0: it takes the guest's address alone; it is kept
 *            from other isolated ports; it takes no part in the spanning tree (BPDU guard and root block)
 * mtu        bytes
 * existed    1 if it was there before it was opened
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
int tapgrant_vnet_hdr(const struct tapgrant_device *device);
int tapgrant_persist(const struct tapgrant_device *device);
int tapgrant_up(const struct tapgrant_device *device);

/* The Nth thing that its user should know of an opened device, or NULL: there are no more. */
const char *tapgrant_warning(const struct tapgrant_device *device, unsigned n);

/*
 * Up to COUNT processes that hold a queue of the device, among those whose /proc entries the caller may read.
 * Returns how many there are, which may be more than COUNT.  It opens three files at once, and
 * leaves out what it cannot open.
 */
size_t tapgrant_holders(const struct tapgrant_device *device, pid_t holders[], size_t count);

/* The version of the library, as "0.1.0". */
const char *tapgrant_version(void);

#ifdef __cplusplus
}
#endif

#endif
