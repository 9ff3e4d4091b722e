/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: pending EXPORTED-NAME...
 *
 * Calls each public function in a thread that has a request to cancel it pending: the first
 * cancellation point that it meets ends it.  The function has to return, and the thread's
 * cancellation state and type have to be what they were.  Where cancellation is disabled, it stays
 * so.  Prints a line for each name; a name that this program does not know is an error.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tapgrant.h>
#include <unistd.h>

/* Opened by the main thread, for the functions that take one. */
static struct tapgrant_device *device;
/* Of it, for the main thread to close: close(2) is a cancellation point itself. */
static int taken = -1;
static struct tapgrant_error error;
static char own_tap[16];

static void open_granted(void) {
    struct tapgrant_device *opened;

    if (tapgrant_open("bridge=br0", &opened, &error)) {
        fprintf(stderr, "%s: %s\n", error.object, error.reason);
        abort();
    }
    tapgrant_close(opened);
}

static void open_all_ways(void) {
    char spec[80];
    const char *const specs[] = {
        "bridge=br9", "frob=1", "managed=no,dev=nosuch", "managed=no,dev=br0",
        "managed=no,dev=mytap0", spec,
    };
    struct tapgrant_device *opened;

    snprintf(spec, sizeof(spec), "dev=%s,bridge=br0", own_tap);
    open_granted();
    for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
        if (!tapgrant_open(specs[i], &opened, &error)) {
            tapgrant_close(opened);
        }
    }
}

static void try_both_ways(void) {
    tapgrant_access(TAPGRANT_SERVICE, &error);
    tapgrant_access(TAPGRANT_SETUID_HELPER, &error);
}

static void open_set(void) {
    const char *const granted[] = {"bridge=br0", "managed=no,dev=mytap0"};
    const char *const refused[] = {"bridge=br0", "bridge=br9"};
    struct tapgrant_device *opened[2];

    if (!tapgrant_open_set(granted, 2, opened, &error)) {
        tapgrant_close(opened[0]);
        tapgrant_close(opened[1]);
    }
    if (!tapgrant_open_set(refused, 2, opened, &error)) {
        abort();
    }
    if (tapgrant_open_set(NULL, 0, NULL, &error)) {
        abort();
    }
}

static void list(void) {
    struct tapgrant_device **all;
    size_t count;

    if (!tapgrant_list(&all, &count, &error)) {
        tapgrant_list_free(all, count);
    }
    if (!tapgrant_list_all(&all, &count, &error)) {
        tapgrant_list_free(all, count);
    }
}

static void find(void) {
    struct tapgrant_device *found;

    if (!tapgrant_find("mytap0", &found, &error)) {
        tapgrant_close(found);
    }
    if (!tapgrant_find("br0", &found, &error) || !tapgrant_find("nosuch", &found, &error)) {
        abort();
    }
}

static void delete_taps(void) {
    tapgrant_delete("nosuch", &error);
    tapgrant_delete("mytap0", &error);
    if (tapgrant_delete(own_tap, &error)) {
        fprintf(stderr, "%s: %s\n", error.object, error.reason);
        abort();
    }
}

static void take(void) {
    taken = tapgrant_take_fd(device, 0);
}

static void close_all(void) {
    tapgrant_close(device);
    tapgrant_close(NULL);
    device = NULL;
}

static void holders(void) {
    pid_t some[4];

    tapgrant_holders(device, some, 4);
}

static void read_all(void) {
    (void)tapgrant_name(device);
    (void)tapgrant_ifindex(device);
    (void)tapgrant_queues(device);
    (void)tapgrant_bridge(device);
    (void)tapgrant_rule(device);
    (void)tapgrant_label(device);
    (void)tapgrant_slot(device);
    (void)tapgrant_uid(device);
    (void)tapgrant_owner(device);
    (void)tapgrant_group(device);
    (void)tapgrant_multi_queue(device);
    (void)tapgrant_host_mac(device);
    (void)tapgrant_guest_mac(device);
    (void)tapgrant_locked(device);
    (void)tapgrant_isolated(device);
    (void)tapgrant_guarded(device);
    (void)tapgrant_mtu(device);
    (void)tapgrant_managed(device);
    (void)tapgrant_existed(device);
    (void)tapgrant_other_netns(device);
    (void)tapgrant_vnet_hdr(device);
    (void)tapgrant_persist(device);
    (void)tapgrant_up(device);
    (void)tapgrant_fd(device, 0);
    (void)tapgrant_warning(device, 0);
    (void)tapgrant_version();
}

static const struct call {
    const char *name;
    void (*function)(void);
} calls[] = {
    {"tapgrant_name", read_all},
    {"tapgrant_ifindex", read_all},
    {"tapgrant_queues", read_all},
    {"tapgrant_bridge", read_all},
    {"tapgrant_rule", read_all},
    {"tapgrant_label", read_all},
    {"tapgrant_slot", read_all},
    {"tapgrant_uid", read_all},
    {"tapgrant_owner", read_all},
    {"tapgrant_group", read_all},
    {"tapgrant_multi_queue", read_all},
    {"tapgrant_host_mac", read_all},
    {"tapgrant_guest_mac", read_all},
    {"tapgrant_locked", read_all},
    {"tapgrant_isolated", read_all},
    {"tapgrant_guarded", read_all},
    {"tapgrant_mtu", read_all},
    {"tapgrant_managed", read_all},
    {"tapgrant_existed", read_all},
    {"tapgrant_other_netns", read_all},
    {"tapgrant_vnet_hdr", read_all},
    {"tapgrant_persist", read_all},
    {"tapgrant_up", read_all},
    {"tapgrant_fd", read_all},
    {"tapgrant_warning", read_all},
    {"tapgrant_version", read_all},
    {"tapgrant_access", try_both_ways},
    {"tapgrant_open", open_all_ways},
    {"tapgrant_open_set", open_set},
    {"tapgrant_find", find},
    {"tapgrant_list", list},
    {"tapgrant_list_all", list},
    {"tapgrant_list_free", list},
    {"tapgrant_holders", holders},
    {"tapgrant_delete", delete_taps},
    {"tapgrant_take_fd", take},
    {"tapgrant_close", close_all},
};

struct run {
    const struct call *call;
    int wanted_state;
    bool returned;
    int state, type;
};

static void *call_with_request_pending(void *argument) {
    struct run *run = argument;
    int ignored;

    pthread_setcancelstate(run->wanted_state, &ignored);
    pthread_cancel(pthread_self());
    run->call->function();
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &run->state);
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &run->type);
    run->returned = true;
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &ignored);
    pthread_testcancel();
    abort(); /* the request was there all the time */
}

static bool check(const struct call *call, int state) {
    struct run run = {.call = call, .wanted_state = state};
    pthread_t thread;
    void *result;

    if (tapgrant_open("bridge=br0", &device, &error)) {
        fprintf(stderr, "%s: %s\n", error.object, error.reason);
        abort();
    }
    if (pthread_create(&thread, NULL, call_with_request_pending, &run) ||
        pthread_join(thread, &result)) {
        abort();
    }
    tapgrant_close(device);
    if (taken >= 0) {
        close(taken);
    }
    taken = -1;
    return run.returned && run.state == state && run.type == PTHREAD_CANCEL_DEFERRED &&
           result == PTHREAD_CANCELED;
}

static void make_own_tap(void) {
    struct tapgrant_device *made;
    char spec[80];

    snprintf(own_tap, sizeof(own_tap), "u%u-own", getuid());
    snprintf(spec, sizeof(spec), "dev=%s,bridge=br0,persist=yes", own_tap);
    if (tapgrant_open(spec, &made, &error)) {
        fprintf(stderr, "%s: %s\n", error.object, error.reason);
        abort();
    }
    tapgrant_close(made);
}

static const struct call *find_call(const char *name) {
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (!strcmp(calls[i].name, name)) {
            return &calls[i];
        }
    }
    return NULL;
}

int main(int argc, char *argv[]) {
    static const int states[] = {PTHREAD_CANCEL_ENABLE, PTHREAD_CANCEL_DISABLE};
    bool good = true;

    for (int i = 1; i < argc; i++) {
        const struct call *call = find_call(argv[i]);

        if (!call) {
            printf("%s: not known to this test\n", argv[i]);
            return 2;
        }
        for (size_t j = 0; j < 2; j++) {
            bool is_whole;

            make_own_tap();
            is_whole = check(call, states[j]);
            tapgrant_delete(own_tap, NULL);
            printf("%s %s\n", argv[i],
                   is_whole ? "returned" : "was cancelled, or left another state");
            good &= is_whole;
        }
    }
    return good ? 0 : 1;
}
