/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within apply/links: the one conversation with rtnetlink(7) that links_connect() begins.  Its
 * socket and its two buffers are the state of netlink.c: a process has one such conversation, and
 * one message at a time.
 */
#pragma once

#include "wire/wire.h"

#include <libmnl/libmnl.h>

/* Attributes by their type; NULL: the message has none of that type. */
struct attributes {
    const struct nlattr **of_type;
    uint16_t most; /* the highest type that there is room for; higher ones are left out */
};

/* Opens the socket, and closes that of an earlier call: an answer that was not read is gone. */
CHECKED int netlink_open(void);

/*
 * A request of TYPE that begins with BODY; the caller adds attributes.  It lasts until the next
 * one.
 */
struct nlmsghdr *netlink_begin(uint16_t type, uint16_t flags, const void *body, size_t size);

/*
 * Sends MESSAGE, which has NLM_F_DUMP or NLM_F_ACK, so that there is a last answer.  Shows each
 * answer up to the last one to READ, which may be NULL.  Returns 0, or the kernel's refusal.
 */
CHECKED int netlink_exchange(const struct nlmsghdr *message, mnl_cb_t read, void *context);

/* The attributes of MESSAGE, behind its body of SIZE bytes, or of the nest, which may be NULL. */
void attributes_of_message(const struct nlmsghdr *message,
                           size_t size,
                           struct attributes *attributes);
void attributes_of_nest(const struct nlattr *nest, struct attributes *attributes);

/* The number of one or four bytes, or ABSENT. */
uint32_t attribute_number(const struct nlattr *attribute, uint32_t absent);

/* The address into MAC, which stays as it is if the attribute is none. */
void attribute_copy_mac(const struct nlattr *attribute, uint8_t mac[6]);

/* The text, which need not end with a NUL, into TO, which stays as it is after NULL. */
void attribute_copy_text(const struct nlattr *attribute, char *to, size_t size);
