// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * {fd} and the other placeholders in the words of a command of tapgrant run.  The library is not
 * linked: this file makes its devices.
 */
#include "cli/run/placeholders.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct tapgrant_device {
    const char *name;
    unsigned queues;
    int fd[4];
    uint8_t host_mac[6];
    const uint8_t *guest_mac;
    int other_netns;
};

const char *tapgrant_name(const struct tapgrant_device *device) { return device->name; }
int tapgrant_other_netns(const struct tapgrant_device *device) { return device->other_netns; }
unsigned tapgrant_queues(const struct tapgrant_device *device) { return device->queues; }
const uint8_t *tapgrant_host_mac(const struct tapgrant_device *device) { return device->host_mac; }
const uint8_t *tapgrant_guest_mac(const struct tapgrant_device *device) { return device->guest_mac; }

int tapgrant_fd(const struct tapgrant_device *device, unsigned queue) {
    assert_in_range(queue, 0, device->queues - 1);
    return device->fd[queue];
}

static const uint8_t guest_mac[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};
static struct tapgrant_device web = {"u1000-web", 1, {7}, {0xfe, 0x54, 0, 0x12, 0x34, 0x56}, guest_mac, 0};
static struct tapgrant_device db = {"u1000-db", 3, {10, 11, 12}, {0xfe, 0, 0, 0, 0, 1}, NULL, 0};
static struct tapgrant_device *const devices[] = {&web, &db};
static const char *const *labels; /* of the running case */

/* WORD becomes TEXT with the first COUNT devices OF.  TEXT NULL: it is a fault that has SAYS. */
static void expect(struct tapgrant_device *const *of, size_t count, const char *word, const char *text,
                   const char *says) {
    const struct placeholders placeholders = {of, labels, count};
    char fault[256] = "", *got = placeholders_expand(&placeholders, word, fault, sizeof(fault));

    if (text && (!got || strcmp(got, text))) fail_msg("'%s' became '%s' (%s)", word, got ? got : "nothing", fault);
    if (!text && (got || !strstr(fault, says))) fail_msg("'%s' became '%s' (%s)", word, got ? got : "nothing", fault);
    free(got);
}

static void becomes(const char *word, const char *text) { expect(devices, 1, word, text, NULL); }

static void both_become(const char *word, const char *text) { expect(devices, 2, word, text, NULL); }

static void both_are_refused(const char *word, const char *says) { expect(devices, 2, word, NULL, says); }

static void each_placeholder_becomes_its_value(void **state) {
    becomes("{fd}", "7");
    becomes("{fds}", "7");
    becomes("{dev}", "u1000-web");
    becomes("{host-mac}", "fe:54:00:12:34:56");
    becomes("{guest-mac}", "52:54:00:12:34:56");
}

static void the_rest_of_the_word_is_unchanged(void **state) {
    becomes("", "");
    becomes("no braces", "no braces");
    becomes("tap,id=n0,fd={fd}", "tap,id=n0,fd=7");
    becomes("{fd}{fd}-{dev}.", "77-u1000-web.");
    becomes("\xc3\xa9={fd}\n", "\xc3\xa9=7\n");
}

static void other_braces_are_unchanged(void **state) {
    static const char *const words[] = {
        "{", "}", "{}", "{{}}", "{fd", "fd}", "{ fd}", "{fd }", "{FD}", "{fd,}", "{fdx}", "{mac}", "{x.fd}", "{.fd}",
        "{0.}", "{0}", "{0.0.fd}", "{-1.fd}", "{+0.fd}", "{0 .fd}", "{0fd}", "{0000.fd}", "{18446744073709551616.fd}",
        "{'driver':'tap'}", "{\"fd\":{\"x\":1}}"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        becomes(words[i], words[i]);
        both_become(words[i], words[i]);
    }
}

static void a_placeholder_within_other_braces_is_replaced(void **state) {
    becomes("{\"driver\":\"tap\",\"fd\":\"{fd}\"}", "{\"driver\":\"tap\",\"fd\":\"7\"}");
    becomes("{{fd}}", "{7}");
    becomes("{fd{fd}", "{fd7");
}

static void a_value_is_not_expanded_again(void **state) {
    static struct tapgrant_device odd = {"{fd}", 1, {7}, {2}, NULL, 0};
    struct tapgrant_device *const one[] = {&odd};

    expect(one, 1, "{dev}", "{fd}", NULL);
}

static void the_name_of_a_tap_in_another_network_namespace_stands_for_nothing(void **state) {
    static struct tapgrant_device far = {"tg0", 1, {7}, {2}, guest_mac, 1};
    struct tapgrant_device *const one[] = {&far};

    expect(one, 1, "{fd} {fds} {host-mac} {guest-mac}", "7 7 02:00:00:00:00:00 52:54:00:12:34:56", NULL);
    expect(one, 1, "ifname={dev}", NULL, "{dev} stands for nothing: tg0 is in another network namespace: use {fd} or {fds}");
}

static void a_single_interface_may_be_numbered(void **state) {
    becomes("{0.fd}", "7");
    becomes("{00.dev}", "u1000-web");
    expect(devices, 1, "{1.fd}", NULL, "'{1.fd}' stands for nothing: there are 1 interfaces");
}

static void a_number_selects_one_of_several_interfaces(void **state) {
    both_become("{0.fd}", "7");
    both_become("{1.fds}", "10:11:12");
    both_become("{0.dev} {1.dev}", "u1000-web u1000-db");
    both_become("{0.guest-mac},{1.host-mac}", "52:54:00:12:34:56,fe:00:00:00:00:01");
}

static void numbers_are_decimal(void **state) {
    static struct tapgrant_device last = {"u1000-last", 1, {99}, {2}, NULL, 0};
    struct tapgrant_device *many[12];
    char word[16];

    for (size_t at = 0; at < 12; at++) {
        for (size_t i = 0; i < 12; i++) many[i] = i == at ? &last : &web;
        snprintf(word, sizeof(word), "{%zu.fd}", at);
        expect(many, 12, word, "99", NULL);
    }
}

static void several_interfaces_need_a_number_in_each_placeholder(void **state) {
    both_are_refused("{fd}", "'{fd}' stands for which of the 2 interfaces? number them from 0, as {0.fd}");
    both_are_refused("x={dev}", "'{dev}' stands for which of the 2");
    both_are_refused("{0.fd} {guest-mac}", "'{guest-mac}' stands for which of the 2");
}

static void a_number_that_no_interface_has_is_refused(void **state) {
    both_are_refused("{2.fd}", "'{2.fd}' stands for nothing: there are 2 interfaces, numbered from 0");
    both_are_refused("{999.dev}", "'{999.dev}' stands for nothing");
    both_are_refused("{0.fd}{2.fd}{1.dev}", "'{2.fd}'");
}

static void all_queues_are_joined_by_colons(void **state) {
    struct tapgrant_device *const one[] = {&db};

    expect(one, 1, "fds={fds}", "fds=10:11:12", NULL);
}

static void fd_is_refused_for_an_interface_with_several_queues(void **state) {
    both_are_refused("{1.fd}", "{fd} is one descriptor, and u1000-db has 3 queues: use {fds}");
}

static void an_unknown_guest_address_is_refused(void **state) {
    both_are_refused("{1.guest-mac}", "{guest-mac} is not known for u1000-db: ask for one with guest-mac=");
}

static void a_label_selects_an_interface_of_a_file(void **state) {
    static const char *const of_file[] = {"web", "db-2"};

    labels = of_file;
    both_become("{web.fd},{db-2.fds},{0.fd},{web.dev}", "7,10:11:12,7,u1000-web");
    becomes("{fd}{web.fd}", "77");
    both_are_refused("{we.fd}", "'{we.fd}' stands for nothing: no interface has the label we");
    both_are_refused("{fd}", "or name them by their labels");
    both_become("{web.colour}{web}{.fd}{\"x.fd\"}{1234.fd}{w b.fd}", "{web.colour}{web}{.fd}{\"x.fd\"}{1234.fd}{w b.fd}");
    labels = NULL;
    both_become("{web.fd}", "{web.fd}");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_label_selects_an_interface_of_a_file),
    cmocka_unit_test(each_placeholder_becomes_its_value),
    cmocka_unit_test(the_rest_of_the_word_is_unchanged),
    cmocka_unit_test(other_braces_are_unchanged),
    cmocka_unit_test(a_placeholder_within_other_braces_is_replaced),
    cmocka_unit_test(a_value_is_not_expanded_again),
    cmocka_unit_test(the_name_of_a_tap_in_another_network_namespace_stands_for_nothing),
    cmocka_unit_test(a_single_interface_may_be_numbered),
    cmocka_unit_test(a_number_selects_one_of_several_interfaces),
    cmocka_unit_test(numbers_are_decimal),
    cmocka_unit_test(several_interfaces_need_a_number_in_each_placeholder),
    cmocka_unit_test(a_number_that_no_interface_has_is_refused),
    cmocka_unit_test(all_queues_are_joined_by_colons),
    cmocka_unit_test(fd_is_refused_for_an_interface_with_several_queues),
    cmocka_unit_test(an_unknown_guest_address_is_refused),
};

int main(void) { return cmocka_run_group_tests(tests, NULL, NULL); }
