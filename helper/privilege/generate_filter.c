// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Runs while tapgrant is built, never with privilege.  Writes to stdout a seccomp filter, as
 * initialisers of struct sock_filter.  Argument 1: the machine's CPU family, as meson names it.
 * Argument 2: "setuid" or "service".
 *
 * tapgrant-helper loads its filter once it is its caller (helper/privilege/privilege.c).  Its list
 * is what the stages decide, device, quota, link and reply call, and nothing else.  A child of
 * tapgrantd loads its own before it has a connection (helper/privilege/service.c).  Its list has
 * besides what the child calls until it is its caller.
 *
 * A call that is not on the list kills the process (SECCOMP_RET_KILL_PROCESS), and the kernel takes
 * its devices with it.  Where a call's power is in an argument that is a number, the argument is on
 * the list too.  No filter can see what a pointer points to, as names of files: for those the
 * process has only the rights of its caller.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Of arrays of any type. */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * libc uses different calls on different machines.  A name that a machine does not have is left
 * out.
 */
static const char *const any_arguments[] = {
    "sendto", "recvfrom",                /* to the kernel's rtnetlink and back; the log */
    "access", "faccessat", "faccessat2", /* is there IPv6? */
    "pread64", "write", "close",         /* settings below /sys and /proc */
    "getrandom",                         /* slots, addresses */
    "getresuid", "getresgid", "getresuid32", "getresgid32", /* privilege goes */
    "setresuid", "setresgid", "setresuid32", "setresgid32",
    "capget", "capset",
    "sendmsg", /* the reply */
    "restart_syscall", "exit", "exit_group",
};

/* Of the setuid helper: its line in the log. */
static const char *const setuid_arguments[] = {"getpid"};

/* Of a child of the service, from the connection on. */
static const char *const service_arguments[] = {
    "recvmsg", "getsockopt",            /* the connection, its maker, the request */
    "shutdown",                         /* the end, for the caller */
    "setitimer",                        /* the deadline */
    "clock_gettime", "clock_gettime64", /* is a file of the policy young? */
    "newfstatat", "fstatat64", "fstat", "fstat64", "statx",
    "read", "brk", "munmap", /* the policy is read again */
    "getgroups", "getgroups32", "setgroups", "setgroups32", /* privilege goes */
};

/* Those of prctl(2) that seal a process, and ask whether it is sealed. */
static const unsigned long sealing[] = {
    PR_SET_NO_NEW_PRIVS,
    PR_GET_NO_NEW_PRIVS,
    PR_SET_DUMPABLE,
    PR_GET_DUMPABLE,
};

/* drivers/net/tun.c: make, own, attach further queues, undo what a stranger may have set. */
static const unsigned long requests[] = {
    TUNSETIFF,       TUNSETOWNER,        TUNSETIFINDEX,      TUNGETIFF,
    TUNDETACHFILTER, TUNSETSTEERINGEBPF, TUNSETFILTEREBPF,   TUNSETOFFLOAD,
    TUNSETTXFILTER,  TUNSETVNETHDRSZ,    TUNSETSNDBUF,       TUNSETLINK,
    TUNSETVNETLE,    TUNSETCARRIER,
};

/* FAILED: 0 or a negative errno. */
static void require(int failed, const char *what) {
    if (failed) {
        fprintf(stderr, "seccomp filter: %s: %s\n", what, strerror(-failed));
        exit(1);
    }
}

/* ARGUMENT: a condition, or NULL. */
static void allow(scmp_filter_ctx filter, const char *name, const struct scmp_arg_cmp *argument) {
    int call = seccomp_syscall_resolve_name(name);
    int failed;

    require(call == __NR_SCMP_ERROR ? -ENOSYS : 0, name);
    /* exact: never a broader rule than was asked for */
    failed = seccomp_rule_add_exact_array(filter, SCMP_ACT_ALLOW, call, argument ? 1 : 0, argument);
    if (failed != -EDOM) { /* this machine does not have the name */
        require(failed, name);
    }
}

/*
 * Opens what exists already, with FLAGS at most.  They are the call's argument of that number.
 * None of the flags that are given here makes a file.
 */
static void allow_open(scmp_filter_ctx filter,
                       const char *name,
                       unsigned flags_argument,
                       unsigned flags) {
    const unsigned others = ~(O_ACCMODE | O_CLOEXEC | O_LARGEFILE | flags);
    const struct scmp_arg_cmp condition = SCMP_CMP(flags_argument, SCMP_CMP_MASKED_EQ, others, 0);

    allow(filter, name, &condition);
}

/* Memory that is never executed.  The protection is the call's third argument. */
static void allow_memory(scmp_filter_ctx filter, const char *name) {
    const struct scmp_arg_cmp not_executed = SCMP_CMP(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);

    allow(filter, name, &not_executed);
}

static void allow_setuid_helper(scmp_filter_ctx filter) {
    for (size_t i = 0; i < COUNT(setuid_arguments); i++) {
        allow(filter, setuid_arguments[i], NULL);
    }
    allow_open(filter, "openat", 2, 0);
    allow_open(filter, "open", 1, 0);
}

static void allow_service(scmp_filter_ctx filter) {
    const unsigned to_read = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

    for (size_t i = 0; i < COUNT(service_arguments); i++) {
        allow(filter, service_arguments[i], NULL);
    }
    for (size_t i = 0; i < COUNT(sealing); i++) {
        const struct scmp_arg_cmp option = SCMP_CMP(0, SCMP_CMP_EQ, sealing[i]);

        allow(filter, "prctl", &option);
    }
    allow_memory(filter, "mmap");
    allow_memory(filter, "mmap2");
    allow_open(filter, "openat", 2, to_read);
    allow_open(filter, "open", 1, to_read);
}

static void allow_all(scmp_filter_ctx filter) {
    for (size_t i = 0; i < COUNT(any_arguments); i++) {
        allow(filter, any_arguments[i], NULL);
    }
    for (size_t i = 0; i < COUNT(requests); i++) {
        const struct scmp_arg_cmp request = SCMP_CMP(1, SCMP_CMP_EQ, requests[i]);

        allow(filter, "ioctl", &request);
    }
}

/*
 * First the number -1 is allowed.  It is no system call on any machine: the kernel answers ENOSYS.
 * strace(1) writes it in the place of a call whose failure it injects, and the tests inject
 * failures.
 *
 * Then an argument is loaded and not used.  When a filter is loaded the kernel runs it for each of
 * some 460 system calls, twice, to find those that it always allows; it stops at the first load of
 * an argument (kernel/seccomp.c, seccomp_is_const_allow()).  Without this load that search takes
 * longer than all the calls that the helper makes under the filter.
 */
static void print_beginning(void) {
    printf("{0x20, 0, 0, 0x00000000},\n");
    printf("{0x15, 0, 1, 0xffffffff},\n");
    printf("{0x06, 0, 0, 0x%08x},\n", SCMP_ACT_ALLOW);
    printf("{0x20, 0, 0, 0x%08x},\n", (unsigned)offsetof(struct seccomp_data, args));
}

/* libseccomp writes the filter to a file only. */
static void print(scmp_filter_ctx filter) {
    struct sock_filter one;
    FILE *file = tmpfile();

    require(file ? 0 : -ENOMEM, "temporary file");
    require(seccomp_export_bpf(filter, fileno(file)), "export");
    rewind(file);
    print_beginning();
    while (fread(&one, sizeof(one), 1, file) == 1) {
        printf("{0x%02x, %u, %u, 0x%08x},\n", one.code, one.jt, one.jf, one.k);
    }
    fclose(file);
}

int main(int argc, char *argv[]) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    uint32_t machine = argc == 3 ? seccomp_arch_resolve_name(argv[1]) : 0;

    require(filter && machine ? 0 : -EINVAL, argc == 3 ? argv[1] : "not a machine and a program");
    if (machine != seccomp_arch_native()) {
        require(seccomp_arch_remove(filter, seccomp_arch_native()), "native machine");
        require(seccomp_arch_add(filter, machine), argv[1]);
    }
    allow_all(filter);
    if (!strcmp(argv[2], "service")) {
        allow_service(filter);
    } else {
        allow_setuid_helper(filter);
    }
    print(filter);
    seccomp_release(filter);
    return 0;
}
