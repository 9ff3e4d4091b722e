// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Access: the service and the setuid helper, as this process can use them.  Each is asked for what
 * it must deny.  A denial shows that it is there, privileged, and of this version.  Anything else
 * is the library's own explanation.
 */
#include "cli/doctor/checks.h"

#include <string.h>

struct way {
    struct tapgrant_error error;
    bool is_open;
};

static struct way try_way(enum tapgrant_way which) {
    struct way way;

    way.is_open = !tapgrant_access(which, &way.error);
    return way;
}

/* Does the library go to the helper instead?  Not if the service answers with another error. */
static bool is_passed_by(const struct way *service) {
    return !strcmp(service->error.reason_code, "no_access");
}

/* Somebody else listens where the service should.  The library does not ask there. */
static bool is_untrusted(const struct way *service) {
    return !strcmp(service->error.reason_code, "untrusted");
}

static void report_service(struct findings *findings,
                           const struct way *service,
                           const struct way *helper) {
    const struct tapgrant_error *error = &service->error;
    const char *hint = error->hint;

    if (service->is_open) {
        findings_good(findings, "service", "service", "reachable at " SOCKET_PATH ", and answers");
        return;
    }
    if (is_untrusted(service) && helper->is_open) {
        findings_warn(findings, "service", "service", hint, "%s; the setuid helper is used",
                      error->reason);
        return;
    }
    if (is_passed_by(service) && helper->is_open) {
        findings_good(findings, "service", "service", "%s; the setuid helper is used",
                      error->reason);
        return;
    }
    if (is_passed_by(service) && !hint[0]) {
        /* nothing here would open this way; the helper's finding has a hint */
        findings_good(findings, "service", "service", "%s", error->reason);
        return;
    }
    if (!hint[0]) {
        hint = "systemctl status tapgrant.service shows what it is";
    }
    findings_bad(findings, "service", "service", hint, "%s", error->reason);
}

static void report_helper(struct findings *findings,
                          const struct way *helper,
                          const struct way *service) {
    const struct tapgrant_error *error = &helper->error;

    if (helper->is_open) {
        findings_good(findings, "helper", HELPER_PATH, "privileged, and answers");
    } else if (service->is_open) {
        findings_good(findings, "helper", error->object, "%s; the service is used", error->reason);
    } else {
        findings_bad(findings, "helper", error->object, error->hint, "%s", error->reason);
    }
}

void check_access(struct findings *findings) {
    struct way service = try_way(TAPGRANT_SERVICE);
    struct way helper = try_way(TAPGRANT_SETUID_HELPER);

    report_service(findings, &service, &helper);
    report_helper(findings, &helper, &service);
}
