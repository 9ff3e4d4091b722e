// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * labctl: the few steps that the guest's tests need of SELinux, static and without libselinux.
 *
 *   load FILE [OFFSET MASK]   the policy FILE, with the bits of MASK cleared in the byte at each OFFSET
 *   set [PATH TEXT]...        writes TEXT to PATH
 *   label CONTEXT PATH...
 *   avc [PATTERN]             prints the denials since it was last called, whose lines do not match the extended regex
 *   run UID CONTEXT COMMAND   as UID, in CONTEXT from its execution on
 *   over FILE PATH UID CONTEXT COMMAND   the same, with FILE in the place of PATH for it alone
 *   log PATH FILE             takes datagrams at PATH, in the background, and adds each to FILE as a line
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/netlink.h>
#include <regex.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#define AUDIT_USER_AVC 1107

static int fail(const char *what) {
    fprintf(stderr, "labctl: %s: %s\n", what, strerror(errno));
    return 125;
}

static int put(const char *path, const void *bytes, size_t size) {
    int file = open(path, O_WRONLY | O_TRUNC);
    ssize_t written = file < 0 ? -1 : write(file, bytes, size);

    if (file >= 0) close(file);
    return written == (ssize_t)size ? 0 : fail(path);
}

/* The kernel wants the whole policy in one write. */
static int load(const char *path, int count, char *changes[]) {
    int file = open(path, O_RDONLY);
    struct stat stat;
    char *policy;

    if (file < 0 || fstat(file, &stat)) return fail(path);
    policy = mmap(NULL, (size_t)stat.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_POPULATE, file, 0);
    if (policy == MAP_FAILED) return fail("mmap");
    for (int i = 0; i + 1 < count; i += 2) policy[atol(changes[i])] &= (char)~strtol(changes[i + 1], NULL, 0);
    return put("/sys/fs/selinux/load", policy, (size_t)stat.st_size);
}

/*
 * Denials reach the log through kauditd, later than the call that was denied returns.  So: one record of our own behind
 * them, and all that is in the log before it.  Where the last call stopped is kept in a file.
 */
static int avc(const char *ignore) {
    struct {
        struct nlmsghdr header;
        char text[64];
    } record = {.header = {.nlmsg_type = AUDIT_USER_AVC, .nlmsg_flags = NLM_F_REQUEST}};
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    int audit = socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT), log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
    int keep = open("/tmp/labctl.sequence", O_RDWR | O_CREAT, 0600);
    long long sequence = 0, seen = 0;
    char line[9000];
    ssize_t length;
    regex_t pattern;

    if (audit < 0 || log < 0 || keep < 0) return fail("avc");
    if (ignore && regcomp(&pattern, ignore, REG_EXTENDED | REG_NOSUB)) return fail(ignore);
    if (read(keep, line, sizeof(line)) > 0) seen = atoll(line);
    snprintf(record.text, sizeof(record.text), "labctl-%d", getpid());
    record.header.nlmsg_len = (unsigned)(NLMSG_LENGTH(strlen(record.text) + 1));
    if (sendto(audit, &record, record.header.nlmsg_len, 0, (void *)&kernel, sizeof(kernel)) < 0) return fail("audit");
    for (int i = 0; i < 4000; i++) {
        while ((length = read(log, line, sizeof(line) - 1)) > 0 || (length < 0 && errno == EPIPE)) {
            if (length < 0) continue;
            line[length] = 0;
            line[strcspn(line, "\n")] = 0;
            sscanf(line, "%*d,%lld", &sequence);
            if (sequence <= seen) continue;
            if (strstr(line, record.text)) {
                length = snprintf(line, sizeof(line), "%20lld", sequence);
                return pwrite(keep, line, (size_t)length, 0) == length ? 0 : fail("keep");
            }
            if (strstr(line, "avc:  denied") && !(ignore && !regexec(&pattern, line, 0, NULL, 0)))
                puts(strstr(line, "avc:") + 5);
        }
        usleep(2500);
    }
    fputs("labctl: no answer from kauditd in 10 s\n", stderr);
    return 1;
}

static int run(char *argv[]) {
    unsigned uid = (unsigned)atoi(argv[0]);

    if (uid && (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))) return fail("setresuid");
    if (put("/proc/self/attr/exec", argv[1], strlen(argv[1]) + 1)) return 125;
    execvp(argv[2], argv + 2);
    return fail(argv[2]);
}

static int over(char *argv[]) {
    if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount(argv[0], argv[1], NULL, MS_BIND, NULL))
        return fail(argv[1]);
    return run(argv + 2);
}

static int take_log(const char *path, const char *file) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_DGRAM, 0), out = open(file, O_WRONLY | O_CREAT | O_APPEND, 0644);
    char line[4096];
    ssize_t length;

    snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
    unlink(path);
    umask(0111);
    if (listener < 0 || out < 0 || bind(listener, (void *)&name, sizeof(name))) return fail(path);
    if (daemon(0, 0)) return fail("daemon");
    while ((length = recv(listener, line, sizeof(line) - 1, 0)) >= 0) {
        line[length] = '\n';
        if (write(out, line, (size_t)length + 1) < 0) return 1;
    }
    return 1;
}

int main(int argc, char *argv[]) {
    const char *verb = argc > 1 ? argv[1] : "";

    if (!strcmp(verb, "load") && argc > 2) return load(argv[2], argc - 3, argv + 3);
    if (!strcmp(verb, "avc")) return avc(argc > 2 ? argv[2] : NULL);
    if (!strcmp(verb, "run") && argc > 4) return run(argv + 2);
    if (!strcmp(verb, "over") && argc > 6) return over(argv + 2);
    if (!strcmp(verb, "log") && argc == 4) return take_log(argv[2], argv[3]);
    for (int i = 2; !strcmp(verb, "set") && i + 1 < argc; i += 2)
        if (put(argv[i], argv[i + 1], strlen(argv[i + 1]))) return 125;
    for (int i = 3; !strcmp(verb, "label") && i < argc; i++)
        if (lsetxattr(argv[i], "security.selinux", argv[2], strlen(argv[2]) + 1, 0)) return fail(argv[i]);
    return strcmp(verb, "label") && strcmp(verb, "set") ? 2 : 0;
}
