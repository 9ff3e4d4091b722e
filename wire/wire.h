/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The contract between libtapgrant and the privileged step: one request and one reply, each one
 * message on an AF_UNIX SOCK_SEQPACKET socket.  The far end is tapgrant-helper's descriptor 0, or
 * the service.  Numbers have the host's byte order.  Each side checks every byte that it receives.
 * tapgrant-protocol(7) says the same for people who write another client.
 *
 * A request is its header and COUNT interfaces; a reply is its header and as many devices.  Both
 * are the structures below up to the last entry in use.  The structures grow at their ends alone,
 * so programs of different ages understand each other:
 *
 * - A request says how long its header and each of its interfaces are.  What a shorter one lacks
 *   reads as zeros, and zeros ask for nothing.  A longer one is understood if all that the reader
 *   does not know is zeros, and is WIRE_UNKNOWN_FIELD otherwise.
 * - A request says how long the header and each device of its reply are to be.  The reply to a
 *   request that was understood has these sizes.  Any other reply is WIRE_REPLY_FIRST bytes, which
 *   every asker has room for.
 *
 * magic and version, and in a reply status, keep their place in every version.  The version changes
 * only with what is not an addition.
 *
 * To the helper, the request waits on the descriptor before it starts.  A request carries no
 * descriptor and no identity: the caller is who the kernel says.  The reply to a granted request
 * carries the descriptors of the queues, in the order of its devices, all in the same message.  The
 * reply to any other request carries none.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a function that can fail: the compiler warns where its result is not looked at. */
#define CHECKED __attribute__((warn_unused_result))

#define WIRE_MAGIC 0x74617067u
#define WIRE_VERSION 2u
#define WIRE_INTERFACES 64  /* interfaces in one request: a guest's whole set */
#define WIRE_QUEUES 253     /* queues in one request: SCM_MAX_FD, include/net/scm.h */
#define WIRE_NAME 16        /* IFNAMSIZ, the terminating NUL included */
#define WIRE_RULE 36        /* a rule's name of 1-32 bytes, and NULs */
#define WIRE_WORD 33        /* a rule's name or an interface's label: 32 bytes and a NUL */
#define WIRE_STACK (256u << 10) /* bytes: with a lower limit of its stack the helper refuses */
#define WIRE_MTU_MIN 68u    /* ETH_MIN_MTU */
#define WIRE_MTU_MAX 65521u /* 65535 less the Ethernet header: drivers/net/tun.c */
/*
 * IPV6_MIN_MTU, include/uapi/linux/ipv6.h.  A tap with a lower MTU has no IPv6 and no settings of
 * it.  When somebody raises its MTU later, the kernel gives it the host's defaults
 * (net/ipv6/addrconf.c, addrconf_notify): an address, and router advertisements taken.  So no tap
 * gets a lower MTU.
 */
#define WIRE_MTU_IPV6 1280u

/* The helper's stages in their order.  Its sources, its log and its manual page use these words. */
enum wire_stage {
    WIRE_START,
    WIRE_REQUEST,
    WIRE_POLICY,
    WIRE_DECIDE,
    WIRE_DEVICE,
    WIRE_QUOTA,
    WIRE_LINK,
    WIRE_REPLY
};

enum wire_status {
    WIRE_GRANTED,       /* descriptors follow */
    WIRE_OTHER_VERSION, /* the request has another version; reply.version is the helper's */
    WIRE_MALFORMED,     /* the request breaks this contract */
    WIRE_UNPRIVILEGED,  /* the helper could not become privileged, or is in a user namespace */
    WIRE_DENIED,        /* no rule, no such bridge, no policy: one answer that hides the cause */
    WIRE_UNFIT_BRIDGE,  /* granted, but the bridge is not fit: reply.faults */
    WIRE_OVER_QUOTA,    /* reply.device[reply.interface] has the rule, and its max as the slot */
    WIRE_NAME_TAKEN,    /* a device has the name that the request asks for */
    WIRE_FAILED,        /* the kernel said no: reply.stage, reply.error */
    WIRE_BUSY,          /* the service has too much to do: the same request may be granted later */
    WIRE_OTHER_NETNS,   /* the caller is in another network namespace; from the helper: may be */
    WIRE_UNKNOWN_FIELD  /* the request has more than reply.request_size and .interface_size tell */
};

enum wire_fault {
    WIRE_FAULT_UNPINNED = 1, /* the bridge's address changes with its ports */
    WIRE_FAULT_RA = 2,       /* the host takes router advertisements on the bridge */
    WIRE_FAULT_MTU = 4,      /* the MTU asked for could lower the bridge's */
    WIRE_FAULT_MTU_RAISED = 8, /* the MTU asked for could raise the bridge's */
    WIRE_FAULT_MTU_IPV6 = 16   /* the MTUs of the bridge and of the port are below WIRE_MTU_IPV6 */
};

/* In whose network namespace is the tap to be?  The service makes taps in its own alone. */
enum wire_netns {
    WIRE_NETNS_OWN, /* the caller's */
    WIRE_NETNS_HOST /* the service's, whichever the caller's is */
};

struct wire_interface {
    char dev[WIRE_NAME];    /* empty: generated */
    char bridge[WIRE_NAME]; /* empty: none */
    uint8_t guest_mac[6];   /* zeros: not asked for, as the next one */
    uint8_t host_mac[6];
    uint32_t mtu; /* bytes; 0: not asked for */
    uint16_t queues;
    uint16_t vnet_hdr; /* 0 or 1 */
    uint32_t netns;    /* enum wire_netns */
};

struct wire_request {
    uint32_t magic;
    uint32_t version;
    uint32_t request_size;   /* bytes before the first interface, as the asker has it */
    uint32_t interface_size; /* bytes of each interface, as the asker has it */
    uint32_t count;          /* interfaces */
    uint32_t reply_size;     /* bytes of the reply before its first device; 0: WIRE_REPLY_FIRST */
    uint32_t device_size;    /* bytes of each of its devices; 0: WIRE_DEVICE_FIRST */
    struct wire_interface interface[WIRE_INTERFACES];
};

struct wire_device {
    char dev[WIRE_NAME];    /* the kernel's name of it */
    char bridge[WIRE_NAME]; /* the kernel's name of it; empty: none */
    char rule[WIRE_RULE];   /* the rule that granted it */
    uint8_t guest_mac[6];   /* zeros: not known */
    uint8_t host_mac[6];
    uint32_t ifindex;
    uint32_t mtu; /* bytes */
    uint16_t queues;
    uint16_t slot; /* its number among the caller's devices under this rule */
};

struct wire_reply {
    uint32_t magic;
    uint32_t version;
    uint32_t status;         /* enum wire_status */
    uint32_t stage;          /* enum wire_stage */
    uint32_t error;          /* errno or 0 */
    uint32_t interface;      /* the index of the interface that failed */
    uint32_t faults;         /* of enum wire_fault */
    uint32_t count;          /* devices that were made; of a refusal none */
    uint32_t request_size;   /* what the answering program knows of a request's header, in bytes */
    uint32_t interface_size; /* the same of each interface */
    uint32_t is_elsewhere;   /* 1: the caller is in another network namespace than the service */
    struct wire_device device[WIRE_INTERFACES];
};

/* Bytes before the first interface, and before the first device. */
#define WIRE_REQUEST_HEADER offsetof(struct wire_request, interface)
#define WIRE_REPLY_HEADER offsetof(struct wire_reply, device)

/* Bytes that the first program of this version had, which the sizes in a request can leave out. */
#define WIRE_REQUEST_LEAST 20u /* up to the count */
#define WIRE_REPLY_FIRST 40u
#define WIRE_DEVICE_FIRST 92u

/* No header, interface or device has more bytes than this, and no message more than all of them. */
#define WIRE_PART_MOST 1024u
#define WIRE_MESSAGE_MOST ((1 + WIRE_INTERFACES) * WIRE_PART_MOST)

_Static_assert(WIRE_REQUEST_HEADER == 28 && sizeof(struct wire_interface) == 56, "no padding");
_Static_assert(WIRE_REPLY_HEADER == 44 && sizeof(struct wire_device) == 92, "no padding");
_Static_assert(offsetof(struct wire_request, reply_size) == WIRE_REQUEST_LEAST, "LEAST");

/*
 * A request's SIZE BYTES into *REQUEST, whose unused rest becomes zeros.  The four sizes are what
 * the asker wrote.  Only the form is checked, no value of an interface.
 * 0; WIRE_MALFORMED, WIRE_OTHER_VERSION or WIRE_UNKNOWN_FIELD.
 */
CHECKED int wire_request_read(const void *bytes, size_t size, struct wire_request *request);

/*
 * REPLY, as the asker of REQUEST has it, into BYTES, with as many devices as the request has
 * interfaces.  Returns its size.  A request of zeros is one that was not understood.
 */
size_t wire_reply_write(const struct wire_reply *reply,
                        const struct wire_request *request,
                        uint8_t bytes[WIRE_MESSAGE_MOST]);

/* A managed device's name as tapgrant-interfaces(5) has it, or "". */
bool wire_dev_valid(const char *text);

/* tg and digits: a name that only the helper gives. */
bool wire_dev_generated(const char *text);

/* 1-15 printable ASCII bytes without '/' and ' ', and not none; or "". */
bool wire_bridge_valid(const char *text);

/* A rule's name or an interface's label: 1-32 of A-Z a-z 0-9 _ -. */
bool wire_word_valid(const char *text);

/* All that this contract says of one interface of a request. */
bool wire_interface_valid(const struct wire_interface *interface);

bool wire_mac_absent(const uint8_t mac[6]);

/*
 * The tap's own address into TAP: HOST if it is not absent, else GUEST with fe as its first byte,
 * as libvirt makes it, or with fa where GUEST has fe itself.  Zeros if both are absent: any one.
 */
void wire_mac_for_tap(const uint8_t guest[6], const uint8_t host[6], uint8_t tap[6]);

/* MAC in lower case, into TEXT, which it returns. */
#define WIRE_MAC_TEXT sizeof("00:00:00:00:00:00")
const char *wire_mac_text(const uint8_t mac[6], char text[WIRE_MAC_TEXT]);
