// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Messages of programs that are older or newer than this one, whose structures end earlier or
 * later.
 * Hostile here: every byte of a request.
 * Privilege held: in the helper root, before the policy is read; to write a reply, none.
 */
#include "wire/wire.h"

#include <string.h>

#define VERSION_END (2 * sizeof(uint32_t)) /* magic and version */

static size_t smaller(size_t one, size_t other) {
    return one < other ? one : other;
}

static bool are_zeros(const uint8_t *bytes, size_t size) {
    uint8_t seen = 0;

    for (size_t i = 0; i < size; i++) {
        seen |= bytes[i];
    }
    return !seen;
}

/*
 * THEIRS bytes that the asker has into a structure of OURS bytes, which is zeros.  False: the asker
 * has something at the end that we do not know.
 */
static bool read_part(const uint8_t *bytes, size_t theirs, void *part, size_t ours) {
    size_t common = smaller(theirs, ours);

    memcpy(part, bytes, common);
    return are_zeros(bytes + common, theirs - common);
}

/* A structure of OURS bytes into the THEIRS bytes that the asker has room for. */
static void write_part(const void *part, size_t ours, uint8_t *bytes, size_t theirs) {
    size_t common = smaller(theirs, ours);

    memcpy(bytes, part, common);
    memset(bytes + common, 0, theirs - common);
}

/* Do the sizes and the count that the request tells make a message of SIZE bytes? */
static bool sizes_are_valid(const struct wire_request *request, size_t size) {
    if (request->request_size < WIRE_REQUEST_LEAST || request->request_size > WIRE_PART_MOST) {
        return false;
    }
    if (request->interface_size > WIRE_PART_MOST || request->count > WIRE_INTERFACES) {
        return false;
    }
    return size == request->request_size + request->count * (size_t)request->interface_size;
}

static bool reply_sizes_are_valid(const struct wire_request *request) {
    if (request->reply_size && request->reply_size < WIRE_REPLY_FIRST) {
        return false;
    }
    return request->reply_size <= WIRE_PART_MOST && request->device_size <= WIRE_PART_MOST;
}

static int read_parts(const uint8_t *bytes, struct wire_request *request) {
    size_t header = request->request_size;
    size_t each = request->interface_size;
    bool is_known = read_part(bytes, header, request, WIRE_REQUEST_HEADER);

    if (!reply_sizes_are_valid(request)) {
        return WIRE_MALFORMED;
    }
    for (size_t i = 0; i < request->count; i++) {
        struct wire_interface *interface = &request->interface[i];

        if (!read_part(bytes + header + i * each, each, interface, sizeof(*interface))) {
            is_known = false;
        }
    }
    return is_known ? 0 : WIRE_UNKNOWN_FIELD;
}

int wire_request_read(const void *bytes, size_t size, struct wire_request *request) {
    memset(request, 0, sizeof(*request));
    memcpy(request, bytes, smaller(size, WIRE_REQUEST_LEAST));
    if (size < VERSION_END || request->magic != WIRE_MAGIC) {
        return WIRE_MALFORMED;
    }
    if (request->version != WIRE_VERSION) {
        return WIRE_OTHER_VERSION;
    }
    if (size < WIRE_REQUEST_LEAST || !sizes_are_valid(request, size)) {
        return WIRE_MALFORMED;
    }
    return read_parts(bytes, request);
}

size_t wire_reply_write(const struct wire_reply *reply,
                        const struct wire_request *request,
                        uint8_t bytes[WIRE_MESSAGE_MOST]) {
    size_t header = request->reply_size ? request->reply_size : WIRE_REPLY_FIRST;
    size_t each = request->device_size ? request->device_size : WIRE_DEVICE_FIRST;
    size_t size = header;

    write_part(reply, WIRE_REPLY_HEADER, bytes, header);
    for (size_t i = 0; i < request->count; i++) {
        write_part(&reply->device[i], sizeof(reply->device[i]), bytes + size, each);
        size += each;
    }
    return size;
}
