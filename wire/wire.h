/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The contract between libtapgrant and tapgrant-helper: one request, one reply, each one message on an
 * AF_UNIX SOCK_SEQPACKET pair whose far end is the helper's descriptor 0.  Both structures are of fixed size,
 * in the host's byte order, without padding; whoever receives one checks every byte of it.
 *
 * The request waits on the descriptor before the helper starts.  It carries no descriptor and no identity: who
 * asks is the helper's own real uid, gid and groups.  The reply to a grant carries the queues' descriptors in
 * the order of its devices, all in the same message; a refusal carries none.
 *
 * magic, version, and in a reply status, keep their place in every version, so that two versions that meet
 * after an upgrade can say so.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHECKED __attribute__((warn_unused_result)) /* a function that can fail, and must be asked */
#define WIRE_MAGIC 0x74617067u
#define WIRE_VERSION 1u
#define WIRE_INTERFACES 64  /* interfaces in one request: a guest's whole set */
#define WIRE_QUEUES 253     /* queues in one request: SCM_MAX_FD, include/net/scm.h */
#define WIRE_NAME 16        /* IFNAMSIZ, the terminating NUL included */
#define WIRE_RULE 36        /* a rule's name, 1-32 bytes, and NULs */
#define WIRE_STACK (256u << 10) /* bytes: with a lower limit of its stack the helper refuses */
#define WIRE_MTU_MIN 68u    /* ETH_MIN_MTU */
#define WIRE_MTU_MAX 65521u /* 65535 less the Ethernet header: drivers/net/tun.c */
/*
 * IPV6_MIN_MTU, include/uapi/linux/ipv6.h.  A tap with a lower MTU has no IPv6 and no settings of it, and when somebody raises
 * its MTU later the kernel gives it the host's defaults (net/ipv6/addrconf.c, addrconf_notify): an address, and router
 * advertisements taken.  So no tap gets a lower one.
 */
#define WIRE_MTU_IPV6 1280u

/* The stages of the helper, in their order: the words of its source files, its log and its manual page. */
enum wire_stage { WIRE_START, WIRE_REQUEST, WIRE_POLICY, WIRE_DECIDE, WIRE_DEVICE, WIRE_QUOTA, WIRE_LINK, WIRE_REPLY };

/*
 * GRANTED       descriptors follow
 * OTHER_VERSION the request is of another version; reply.version is the helper's
 * MALFORMED     the request breaks this contract
 * UNPRIVILEGED  the helper could not become privileged, or runs in a user namespace
 * DENIED        no rule, no such bridge, not a bridge, void or missing policy: one answer, and nothing else is told
 * UNFIT_BRIDGE  granted, but the bridge is not fit: reply.faults
 * OVER_QUOTA    the rule's max is reached: reply.device[reply.interface] has the rule, its slot is the max
 * NAME_TAKEN    the name asked for exists
 * FAILED        the kernel said no: reply.stage, reply.error
 */
enum wire_status { WIRE_GRANTED, WIRE_OTHER_VERSION, WIRE_MALFORMED, WIRE_UNPRIVILEGED, WIRE_DENIED, WIRE_UNFIT_BRIDGE,
                   WIRE_OVER_QUOTA, WIRE_NAME_TAKEN, WIRE_FAILED, WIRE_STATUSES };

/*
 * Its address follows its ports'; the host takes router advertisements on it; the MTU asked for could lower its own; the MTU
 * asked for could raise its own; its own and that of the port are below WIRE_MTU_IPV6.
 */
enum wire_fault { WIRE_FAULT_UNPINNED = 1, WIRE_FAULT_RA = 2, WIRE_FAULT_MTU = 4, WIRE_FAULT_MTU_RAISED = 8,
                  WIRE_FAULT_MTU_IPV6 = 16 };

struct wire_interface {
    char dev[WIRE_NAME], bridge[WIRE_NAME]; /* empty: generated; none */
    uint8_t guest_mac[6], host_mac[6];      /* zeros: not asked */
    uint32_t mtu;                           /* bytes; 0: not asked */
    uint16_t queues, vnet_hdr;              /* 1-253; 0 or 1 */
};

struct wire_request {
    uint32_t magic, version;
    uint32_t count; /* interfaces in use; the others are zeros */
    struct wire_interface interface[WIRE_INTERFACES];
};

struct wire_device {
    char dev[WIRE_NAME], bridge[WIRE_NAME]; /* as the kernel calls them; bridge empty: none */
    char rule[WIRE_RULE];                   /* the rule that granted it */
    uint8_t guest_mac[6], host_mac[6];      /* guest_mac zeros: not known */
    uint32_t ifindex, mtu;
    uint16_t queues, slot; /* slot: its number among the caller's devices under this rule */
};

struct wire_reply {
    uint32_t magic, version, status;   /* enum wire_status */
    uint32_t stage, error;             /* enum wire_stage; errno or 0 */
    uint32_t interface, faults, count; /* index of the one that failed; enum wire_fault, or-ed; devices in use */
    struct wire_device device[WIRE_INTERFACES];
};

_Static_assert(sizeof(struct wire_request) == 12 + 52 * 64 && sizeof(struct wire_reply) == 32 + 92 * 64, "no padding");

bool wire_dev_valid(const char *text);     /* a managed device's name, tapgrant-interfaces(5), or "" */
bool wire_bridge_valid(const char *text);  /* 1-15 printable ASCII bytes without '/' and ' ', not none; or "" */
bool wire_mac_absent(const uint8_t mac[6]);
#define WIRE_MAC_TEXT sizeof("00:00:00:00:00:00")
const char *wire_mac_text(const uint8_t mac[6], char text[WIRE_MAC_TEXT]); /* TEXT, in lower case */
bool wire_interface_valid(const struct wire_interface *interface);
